# SPDX-License-Identifier: AGPL-3.0-only
"""The verdict on an artifact, and its normalised form: what a typed reader of the published line
makes of it, printed in one way. The conformance kit compares both with those of other readers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.portable import lines
from memoryoss_mcp.portable.artifact import Artifact, Shape, open_artifact, values
from memoryoss_mcp.portable.canonical import MalformedError, compact, loads, ordered
from memoryoss_mcp.portable.integrity import (
    Problem,
    content_digest,
    entries,
    envelope,
    read_line,
    typed,
    typed_digest,
    verify,
)
from memoryoss_mcp.portable.trust import catalog, peers, signature
from memoryoss_mcp.portable.trust.identity import belongs, is_keyed
from memoryoss_mcp.portable.trust.signature import Signature, SignatureError
from memoryoss_mcp.portable.trust_lines import CatalogIdentity, TrustCatalog

Kind = Shape
Form = Literal["typed", "received", "none"]
SignatureState = Literal["valid", "unverified", "unsigned", "invalid"]

KINDS: Final[tuple[Kind, ...]] = (
    "runtime_contract",
    "passport",
    "history",
    "bundle",
    "trust_catalog",
    "sidecar",
)


@dataclass(frozen=True, slots=True)
class Normalized:
    """``form`` is that in which the digests hold, ``none`` if there are none or they do not.
    ``text`` is the normalised form, empty if there are problems; ``signature`` is ``unverified``
    where only the owner of a secret, or of the document beside it, can tell."""

    problems: tuple[Problem, ...]
    form: Form = "none"
    signature: SignatureState = "unsigned"
    text: str = ""

    @property
    def valid(self) -> bool:
        """Whether the artifact is what it says."""
        return not self.problems


def normalize(kind: Kind, source: Path | bytes, beside: Path | bytes | None = None) -> Normalized:
    """Read an artifact of some kind; ``beside`` is what a sidecar is for.

    Raises:
        InvalidInputError: a file cannot be read.
    """
    try:
        if kind in _WHOLE:
            return _WHOLE[kind](loads(_read(source, "input")))
        if kind == "sidecar":
            return _sidecar(loads(_read(source, "input")), beside)
        artifact = open_artifact(source)
        with closing(artifact):
            if artifact.shape != kind:
                raise MalformedError(f"It is a {artifact.shape.replace('_', ' ')}.")
            return _bundle(artifact) if kind == "bundle" else _document(artifact)
    except MalformedError as error:
        return Normalized((Problem(error.code, error.message),))


def pretty(value: Any, indent: str = "\n") -> str:
    """A value with two spaces a level; what is empty stays on its line."""
    deeper = indent + "  "
    if isinstance(value, Mapping) and value:
        fields = (f"{compact(k).decode()}: {pretty(v, deeper)}" for k, v in value.items())
        return "{" + deeper + f",{deeper}".join(fields) + indent + "}"
    if isinstance(value, list) and value:
        return "[" + deeper + f",{deeper}".join(pretty(v, deeper) for v in value) + indent + "]"
    return compact(value).decode()


def _document(artifact: Artifact) -> Normalized:
    verdict = verify(artifact)
    written = typed(artifact).written() | {"memories": [e.written() for e in entries(artifact)]}
    return _result(verdict.problems, verdict.form or "none", "unsigned", written)


def _bundle(artifact: Artifact) -> Normalized:
    verdict = verify(artifact)
    head = envelope(artifact)
    stated = head.integrity.payload_sha256
    forms: set[Form] = {verdict.form or "none"}
    forms.add("none" if not verdict.outer_valid else _outer_form(stated, verdict.outer))
    weakest: Form = "none" if "none" in forms else "received" if "received" in forms else "typed"
    # A signature of ours is for the bytes, and so for the one way to write the digest.
    whole = {"algorithm": lines.SHA256, "payload_sha256": verdict.outer}
    exact = artifact.printed and artifact.header["integrity"] == whole
    subject = f"bundle:{verdict.outer}"
    state = _state(artifact.header["signature"], (subject, content_digest(artifact)), exact=exact)
    memories = list(values(artifact.memories))
    payload = loads(ordered({**artifact.document, "memories": memories}))
    written = head.written() | {"payload": payload}
    return _result(verdict.problems, weakest, state, written)


def _outer_form(stated: str, outer: str | None) -> Form:
    return "typed" if stated == outer else "received"


def _sidecar(document: Any, beside: Path | bytes | None) -> Normalized:
    written = read_line(lines.Sidecar, document).written()
    if beside is None:
        return _result((), "none", _state(document, None), written)
    data = _read(beside, "artifact")
    try:
        artifact = open_artifact(data)
    except MalformedError:
        signed = peers.digests(_peer(loads(data)))
        return _result((), "none", _state(document, signed), written)
    with closing(artifact):
        verdict = verify(artifact)
        signed = f"{artifact.shape}:{typed_digest(artifact)}", content_digest(artifact)
        state = _state(document, signed, exact=artifact.printed)
    return _result(verdict.problems, verdict.form or "none", state, written)


def _peer(document: Any) -> dict[str, Any]:
    try:
        return peers.descriptor(document)
    except InvalidInputError as error:
        raise MalformedError(error.message) from error


def _read(source: Path | bytes, field: str) -> bytes:
    if isinstance(source, bytes):
        return source
    try:
        return source.read_bytes()
    except OSError as error:
        message = f"{source} cannot be read ({error.strerror})."
        raise InvalidInputError(message, field=field) from error


def _contract(document: Any) -> Normalized:
    contract = read_line(lines.RuntimeContract, document)
    problems: tuple[Problem, ...] = ()
    if contract.contract_id != lines.RUNTIME:
        message = f"{contract.contract_id!r} is not a known contract."
        problems = (Problem("unsupported_contract", message),)
    return _result(problems, "none", "unsigned", contract.written())


def _catalog(document: Any) -> Normalized:
    found = read_line(TrustCatalog, document)
    problems = tuple(
        Problem("invalid_identity", f"The id {row.id[:80]} does not belong to its key.")
        for row in found.identities
        if not _owned(row)
    )
    state: SignatureState = "unsigned"
    if found.signature is not None:
        signed = catalog.subject(found.catalog_id), catalog.content(document)
        state = _state(document["signature"], signed, domain=signature.CATALOG)
    return _result(problems[:1], "none", state, found.written())


def _owned(row: CatalogIdentity) -> bool:
    if row.public_key is None:
        return True
    try:
        key = bytes.fromhex(row.public_key)
    except ValueError:
        return False
    return row.public_key == key.hex() and belongs(row.id, row.kind, key)


def _state(
    document: Any,
    signed: tuple[str, str] | None,
    *,
    exact: bool = True,
    domain: str = signature.ARTIFACT,
) -> SignatureState:
    """How a signature stands; ``signed`` are the subject and the digest of the content."""
    try:
        found = signature.read(document)
        if found is None:
            return "unsigned"
        if found.scheme == signature.HMAC:
            return "invalid" if is_keyed(found.identity) else "unverified"
        if signed is None:
            return "unverified" if _owners(found) else "invalid"
        signature.check(found, *signed, domain)
    except SignatureError:
        return "invalid"
    return "valid" if exact else "invalid"


def _owners(found: Signature) -> bool:
    return all(
        belongs(link.identity, link.kind, bytes.fromhex(link.public_key or ""))
        for link in found.chain
    )


def _result(
    problems: tuple[Problem, ...], form: Form, state: SignatureState, written: dict[str, Any]
) -> Normalized:
    if state == "invalid":
        message = "The signature does not hold, or contradicts itself."
        problems += (Problem("invalid_signature", message),)
    return Normalized(problems, form, state, "" if problems else pretty(written) + "\n")


_WHOLE: Final[dict[Kind, Callable[[Any], Normalized]]] = {
    "runtime_contract": _contract,
    "trust_catalog": _catalog,
}
