# SPDX-License-Identifier: AGPL-3.0-only
"""Whether an artifact is what its digests say: those of a passport or a history, those of an
envelope, and whether an envelope says of its payload what is true.

A digest is accepted in two forms. *Typed*: over the fields that this program knows, printed in the
declared order as it would print them; so the original verifies. *Received*: over the values as they
stand in the document, unknown ones included; so its reference readers do.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from secrets import token_hex
from typing import Any, Final, Literal, TypeVar
from urllib.parse import quote, unquote

from pydantic import ValidationError

from memoryoss_mcp.portable import lines
from memoryoss_mcp.portable.artifact import Artifact, values
from memoryoss_mcp.portable.canonical import DECODER, MalformedError, as_written, compact, ordered

Form = Literal["typed", "received"]
L = TypeVar("L", bound=lines.Line)

LONGEST_SHOWN: Final = 200
"""Characters of a value that a message shows."""
ENVELOPE_FIELDS: Final = (
    "bundle_version",
    "bundle_id",
    "kind",
    "namespace",
    "scope",
    "runtime_contract_id",
    "exported_at",
)
ENVELOPE_SIGNATURE: Final = ("scheme", "signer", "signable", "identity_kind", "signed_at")
"""The fields of a signature that the digest of an envelope covers."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong with an artifact; ``code`` is stable."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check found. ``form`` is that in which the digest of the passport or history holds,
    ``None`` if it holds in neither; ``outer`` the digest of the envelope, if it is one."""

    form: Form | None
    payload_sha256: str
    problems: tuple[Problem, ...]
    outer: str | None = None
    outer_valid: bool = True
    memories: int = 0
    archived: int = 0

    @property
    def valid(self) -> bool:
        """Whether all holds."""
        return not self.problems

    @property
    def nested_valid(self) -> bool:
        """Whether the passport or history holds."""
        return self.form is not None


def typed(artifact: Artifact) -> lines.Passport | lines.History:
    """The passport or the history of an artifact without its memories.

    Raises:
        MalformedError: a field is missing or of a wrong type.
    """
    shape = artifact.payload_shape
    if shape == "passport":
        return read_line(lines.Passport, artifact.document)
    if shape == "history":
        return read_line(lines.History, artifact.document)
    raise MalformedError("It holds no memories.", field="file", hint="Send a passport or history.")


def entries(artifact: Artifact) -> Iterator[lines.Entry]:
    """The memories of an artifact, typed.

    Raises:
        MalformedError: a field of one is missing or of a wrong type.
    """
    for number, value in enumerate(values(artifact.memories)):
        yield read_line(lines.Entry, value, f"memories[{number}]")


def envelope(artifact: Artifact) -> lines.Envelope:
    """The envelope of an artifact, its payload without memories.

    Raises:
        MalformedError: a field is missing or of a wrong type.
    """
    return read_line(lines.Envelope, artifact.header)


def read_line(kind: type[L], value: object, place: str = "") -> L:
    """A part of a line, typed.

    Raises:
        MalformedError: a field is missing or of a wrong type.
    """
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in (place, *first["loc"]) if part != "")
        message = first["msg"].removeprefix("Value error, ")
        raise MalformedError(f"{where or 'It'}: {message}.", field="file") from None


def verify(artifact: Artifact) -> Verdict:
    """Check everything but the signature.

    Raises:
        MalformedError: a field is missing or of a wrong type.
    """
    document = typed(artifact)
    head = envelope(artifact) if artifact.shape == "bundle" else None
    digests = _Digests(artifact, document, head)
    memories = archived = 0
    for entry in digests.walk():
        memories += 1
        archived += entry.archived
    integrity = document.integrity
    form: Form | None = None
    problems = list(_constants(document))
    if integrity.algorithm.lower() != lines.SHA256:
        problems.append(Problem("unsupported_algorithm", "The digest is of an unknown algorithm."))
    else:
        form = digests.form(integrity.payload_sha256)
        if form is None:
            kind = artifact.payload_shape
            problems.append(
                Problem("integrity_mismatch", f"The {kind} is not what its digest says.")
            )
    outer, outer_valid = None, True
    if head is not None:
        outer, *_ = found = digests.outer()
        outer_valid = (
            head.integrity.algorithm.lower() == lines.SHA256
            and head.integrity.payload_sha256 in found
        )
        problems += _envelope_problems(head, document, outer_valid=outer_valid)
    return Verdict(
        form,
        integrity.payload_sha256,
        tuple(problems),
        outer,
        outer_valid,
        memories,
        archived,
    )


@dataclass(frozen=True, slots=True)
class Frame:
    """A printed document without its memories: what stands before the first and behind the last."""

    before: bytes
    behind: bytes

    def parts(self, memories: Iterable[bytes]) -> Iterator[bytes]:
        """The whole document with printed memories, piece by piece."""
        yield self.before
        for place, memory in enumerate(memories):
            yield b"," + memory if place else memory
        yield self.behind

    def sha256(self, memories: Iterable[bytes]) -> str:
        """The digest of the whole document with printed memories."""
        digest = hashlib.sha256()
        for part in self.parts(memories):
            digest.update(part)
        return digest.hexdigest()


Print = Callable[[Any], bytes]


def declared_frame(
    document: Mapping[str, Any], names: Iterable[str], print_value: Print = compact
) -> Frame:
    """Some fields of a passport or history in a given order."""
    return _split(print_value({name: document[name] for name in names} | {"memories": _HERE}))


def outer_frame(
    head: Mapping[str, Any], payload: Mapping[str, Any], print_value: Print = ordered
) -> Frame:
    """What the digest of an envelope covers, with sorted keys."""
    signature, called = head["signature"], head["reference"]
    fields: dict[str, Any] = {name: head.get(name) for name in ENVELOPE_FIELDS}
    fields["reference"] = {name: called.get(name) for name in ("uri", "attachment_name")}
    fields["signature"] = {name: signature.get(name) for name in ENVELOPE_SIGNATURE}
    return sorted_frame(fields, payload, print_value)


def sorted_frame(
    fields: Mapping[str, Any], payload: Mapping[str, Any], print_value: Print = ordered
) -> Frame:
    """Some fields and a payload, with sorted keys."""
    return _split(print_value({**fields, "payload": {**payload, "memories": _HERE}}))


def split_document(print_value: Callable[[Any], bytes], document: Mapping[str, Any]) -> Frame:
    """A whole passport or history, printed."""
    return _split(print_value({**document, "memories": _HERE}))


def content_digest(artifact: Artifact) -> str:
    """The digest of a document as it was received, with sorted keys: of an envelope all but its
    signature and its digest, of other artifacts everything. What a signature of ours is for."""
    memories = (ordered(value) for value in values(artifact.memories))
    if artifact.shape != "bundle":
        return split_document(ordered, artifact.header).sha256(memories)
    left = {"signature", "integrity", "payload"}
    fields = {name: value for name, value in artifact.header.items() if name not in left}
    return sorted_frame(fields, artifact.document).sha256(memories)


def typed_digest(artifact: Artifact) -> str:
    """The digest of a whole passport or history as it is written, its own digest included: what
    signatures beside it are for."""
    document = typed(artifact).written()
    memories = (compact(entry.written()) for entry in entries(artifact))
    return declared_frame(document, document).sha256(memories)


def reference(kind: str, key: str, namespace: str, scope: str | None) -> dict[str, str]:
    """How an envelope is called: its URI and the name of its file."""
    space = quote(namespace, safe="")
    query = f"kind={kind}&namespace={space}" + (f"&scope={scope}" if scope else "")
    part = f"-{scope}" if scope else ""
    return {
        "uri": f"memoryoss://bundle/{key}?{query}",
        "attachment_name": f"memoryoss-{kind}-{namespace}{part}-{key}.membundle.json",
    }


class _Digests:
    """All digests of an artifact, in one walk over its memories."""

    def __init__(
        self,
        artifact: Artifact,
        document: lines.Passport | lines.History,
        head: lines.Envelope | None,
    ) -> None:
        self._memories = artifact.memories
        # Where every byte is as it is printed here, so is every number.
        self._as_received = ordered if artifact.printed else partial(as_written, sort=True)
        received, hashed = artifact.document, document.hashed
        self._typed = _Running(declared_frame(document.written(), hashed))
        self._received = (
            _Running(declared_frame(received, hashed, as_written))
            if set(hashed) <= received.keys()
            else None
        )
        self._outer: list[_Running] = []
        if head is not None:
            self._outer = [
                _Running(outer_frame(head.written(), received)),
                _Running(outer_frame(artifact.header, received, self._as_received)),
            ]

    def walk(self) -> Iterator[lines.Entry]:
        """The memories of the artifact, while they are hashed."""
        for number, line in enumerate(self._memories):
            value = DECODER.decode(line.decode())
            entry = read_line(lines.Entry, value, f"memories[{number}]")
            self._typed.add(compact(entry.written()))
            if self._received is not None:
                self._received.add(line)
            if self._outer:
                for running, print_value in zip(
                    self._outer, (ordered, self._as_received), strict=True
                ):
                    running.add(print_value(value))
            yield entry

    def form(self, expected: str) -> Form | None:
        """The form in which the digest of the document is ``expected``."""
        if self._typed.end() == expected:
            return "typed"
        if self._received is not None and self._received.end() == expected:
            return "received"
        return None

    def outer(self) -> list[str]:
        """The digests of the envelope: over its fields typed, and as they were received."""
        return [running.end() for running in self._outer]


class _Running:
    """The digest of a document whose memories come one by one."""

    def __init__(self, frame: Frame) -> None:
        self._digest = hashlib.sha256(frame.before)
        self._behind = frame.behind
        self._comma = b""

    def add(self, memory: bytes) -> None:
        self._digest.update(self._comma)
        self._digest.update(memory)
        self._comma = b","

    def end(self) -> str:
        digest = self._digest.copy()
        digest.update(self._behind)
        return digest.hexdigest()


def _constants(document: lines.Passport | lines.History) -> Iterator[Problem]:
    passport = isinstance(document, lines.Passport)
    if document.bundle_version != (lines.PASSPORT if passport else lines.HISTORY):
        yield Problem("unsupported_version", _unknown(document.bundle_version, "version"))
    if document.runtime_contract.contract_id != lines.RUNTIME:
        contract = document.runtime_contract.contract_id
        yield Problem("unsupported_contract", _unknown(contract, "contract"))


def _envelope_problems(
    head: lines.Envelope, document: lines.Passport | lines.History, *, outer_valid: bool
) -> Iterator[Problem]:
    if head.bundle_version != lines.BUNDLE:
        yield Problem("unsupported_version", _unknown(head.bundle_version, "version"))
    if head.integrity.algorithm.lower() != lines.SHA256:
        yield Problem("unsupported_algorithm", "The digest is of an unknown algorithm.")
    elif not outer_valid:
        yield Problem("envelope_mismatch", "The envelope is not what its digest says.")
    passport = isinstance(document, lines.Passport)
    kind = "passport" if passport else "history"
    key = document.passport_id if isinstance(document, lines.Passport) else document.history_id
    scope = document.scope if isinstance(document, lines.Passport) else None
    says = {
        "kind": (head.kind, kind),
        "bundle_id": (head.bundle_id, key),
        "namespace": (head.namespace, document.namespace),
        "scope": (head.scope or None, scope),
        "exported_at": (head.exported_at, document.exported_at),
        "runtime_contract_id": (
            head.runtime_contract_id,
            document.runtime_contract.contract_id,
        ),
    }
    names = reference(kind, str(key), document.namespace, scope)
    said = head.reference.written()
    # The original does not escape: the same where a namespace is plain.
    plain = unquote(names["uri"])
    says["reference.uri"] = (said["uri"] if said["uri"] != plain else names["uri"], names["uri"])
    says["reference.attachment_name"] = (said["attachment_name"], names["attachment_name"])
    for field, (one, other) in says.items():
        if one != other:
            yield Problem(
                "metadata_mismatch",
                f"The envelope's {field} is {_cut(one)}, its payload's {_cut(other)}.",
            )


def _unknown(text: str, what: str) -> str:
    return f"{_cut(text)!r} is not a known {what}."


def _cut(value: object) -> str:
    """What a document says, short enough for a message."""
    text = str(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"


def _split(printed: bytes) -> Frame:
    before, _, behind = printed.partition(b'"' + _HERE.encode() + b'"')
    return Frame(before + b"[", b"]" + behind)


_HERE: Final = token_hex(16)
"""Stands for the memories while a document is printed without them; nobody can know it."""
