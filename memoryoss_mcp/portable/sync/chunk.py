# SPDX-License-Identifier: AGPL-3.0-only
"""Chunks: what an installation adds to a folder at once, ``memoryoss.sync.v1alpha1``.

A chunk is a file of three parts, each with a line feed behind it:

- the header, one line of JSON: whose chunk of which namespace it is, its number, the chunk before;
- the body: a record a line, or the same encrypted (:mod:`memoryoss_mcp.portable.sync.cipher`);
- the signature, one line of JSON, in the domain ``sync-chunk`` over the digest of all before it.

A record is {id, clock, digest, state}, or {id, clock, forgotten} for a memory that is forgotten.

A chunk never changes, with one exception: when a memory is forgotten, its installation writes those
of its chunks that still hold it anew without it, under the same number, as a later ``edition``,
which names the digest of the first one as its ``original``.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.model import format_time, parse_time
from memoryoss_mcp.portable.canonical import DECODER, MalformedError, compact, loads, ordered
from memoryoss_mcp.portable.sync import clock as clocks
from memoryoss_mcp.portable.sync.cipher import Cipher
from memoryoss_mcp.portable.sync.clock import Clock
from memoryoss_mcp.portable.sync.state import state_digest, text_digest
from memoryoss_mcp.portable.trust.decision import TrustDecision
from memoryoss_mcp.portable.trust.fabric import Fabric
from memoryoss_mcp.portable.trust.identity import Kind, belongs

LINE: Final = "memoryoss.sync.v1alpha1"
DOMAIN: Final = "sync-chunk"
LARGEST: Final = 64 << 20
"""Bytes of a file that is read."""
LONGEST_HEADER: Final = 1 << 16
GONE: Final = "0" * 64
"""What a chunk says of the one before it when that is gone: nothing before it is missed."""

_NAME: Final = re.compile(r"(\d{8})-([0-9a-f]{12})\.chunk")
_HASH: Final = re.compile("[0-9a-f]{64}")
_PLAIN: Final = re.compile(
    rb'{"id":"([0-9a-f-]{36})","clock":({[^{}]*}),"digest":"([0-9a-f]{96})","state":({.*})}'
)
"""A record as this program writes it."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a chunk says of itself. ``previous`` is the digest of the first edition of the chunk
    before, ``original`` that of the first edition of this one, if it is a later one. ``cipher``
    says how the body is encrypted, if it is."""

    namespace: str
    device: str
    public_key: str
    number: int
    edition: int
    original: str | None
    previous: str | None
    at: int
    records: int
    redacted: int
    cipher: Mapping[str, Any] | None

    def line(self) -> bytes:
        """The header as it is written, without a line feed."""
        return compact(
            {
                "line": LINE,
                "namespace": self.namespace,
                "device": self.device,
                "public_key": self.public_key,
                "number": self.number,
                "edition": self.edition,
                "original": self.original,
                "previous": self.previous,
                "at": format_time(self.at),
                "records": self.records,
                "redacted": self.redacted,
                "cipher": None if self.cipher is None else dict(self.cipher),
            }
        )


@dataclass(frozen=True, slots=True)
class Record:
    """One record: the state of a memory with its digest, or ``None`` for one that is forgotten."""

    id: UUID
    clock: Clock
    digest: bytes
    state: dict[str, Any] | None

    def line(self) -> bytes:
        """The record as it is written, without a line feed."""
        if self.state is None:
            clock = dict(sorted(self.clock.items()))
            return compact({"id": str(self.id), "clock": clock, "forgotten": True})
        return record_line(self.id, self.clock, self.digest, ordered(self.state))


@dataclass(frozen=True, slots=True)
class Outline:
    """A record without its state. ``digest`` is ``None`` for a memory that is forgotten."""

    id: UUID
    clock: Clock
    digest: bytes | None


@dataclass(frozen=True, slots=True)
class Chunk:
    """A chunk as it was read. ``data`` is the whole file."""

    header: Header
    data: bytes
    body: bytes
    signature: dict[str, Any]

    @property
    def content(self) -> str:
        """The digest that is signed."""
        return _content(self.header.line() + b"\n" + self.body + b"\n")

    def records(self, cipher: Cipher | None) -> Iterator[Record]:
        """The records, one by one.

        Raises:
            WrongPassphraseError: the chunk was encrypted with another passphrase.
            MalformedError: it holds something else than records.
        """
        return map(read_record, self.lines(cipher))

    def outlines(self, cipher: Cipher | None) -> Iterator[Outline]:
        """The records without their states, which are taken to be what their digests say until
        somebody reads them; see :meth:`records`."""
        return map(read_outline, self.lines(cipher))

    def lines(self, cipher: Cipher | None) -> list[bytes]:
        """The records as they are written; see :meth:`records`."""
        lines = self.plain(cipher).split(b"\n")
        if len(lines) != self.header.records:
            raise MalformedError("It has records too many or too few.")
        return lines

    def plain(self, cipher: Cipher | None) -> bytes:
        """The body in clear; see :meth:`records`."""
        settings = self.header.cipher
        if settings is None:
            return self.body
        if cipher is None:
            raise MalformedError("It is encrypted.")
        return cipher.open(self.body, settings, self.header.line())


def written(
    header: Header, records: Sequence[bytes], fabric: Fabric, cipher: Cipher | None
) -> bytes:
    """The file of a chunk, encrypted if its header says so and signed by this installation.

    Raises:
        TrustError: this installation is revoked.
        VaultError: its key cannot be used.
    """
    line, body = header.line(), b"\n".join(records)
    if header.cipher is not None and cipher is not None:
        body = cipher.close(body, header.cipher, line)
    message = line + b"\n" + body + b"\n"
    content = _content(message)
    signed = fabric.sign(header.device, subject=_subject(content), content=content, domain=DOMAIN)
    return message + compact(signed.sidecar()) + b"\n"


def name_of(number: int, data: bytes) -> str:
    """The name of the file of a chunk."""
    return f"{number:08d}-{hashlib.sha256(data).hexdigest()[:12]}.chunk"


def parse_name(name: str) -> tuple[int, str] | None:
    """Number and start of the digest in the name of a file, ``None`` if it is no chunk's."""
    match = _NAME.fullmatch(name)
    return (int(match[1]), match[2]) if match else None


def decide(chunk: Chunk, fabric: Fabric) -> TrustDecision:
    """What is to be thought of the signature of a chunk."""
    content = chunk.content
    return fabric.decide(chunk.signature, subject=_subject(content), content=content, domain=DOMAIN)


def read(data: bytes) -> Chunk:
    """A chunk out of its file.

    Raises:
        MalformedError: it is none.
    """
    end = data.find(b"\n", 0, LONGEST_HEADER)
    start = data.rfind(b"\n", 0, len(data) - 1)
    if end < 0 or start <= end or not data.endswith(b"\n"):
        raise MalformedError("It is not all there.")
    header = read_header(data[:end])
    signature = loads(data[start + 1 : -1])
    if not isinstance(signature, dict) or compact(signature) != data[start + 1 : -1]:
        raise MalformedError("It has no signature.")
    if signature.get("identity") != header.device:
        raise MalformedError("It is signed by another than it says.")
    return Chunk(header, data, data[end + 1 : start], signature)


def read_header(line: bytes) -> Header:
    """A header out of its line.

    Raises:
        MalformedError: it is none.
    """
    fields = loads(line)
    if not isinstance(fields, dict) or fields.pop("line", None) != LINE:
        raise MalformedError(f"It is not of the line {LINE}.")
    try:
        header = Header(**fields | {"at": parse_time(fields["at"])})
        key = bytes.fromhex(header.public_key)
        sound = (
            _is_text(header.namespace)
            and belongs(header.device, Kind.DEVICE, key)
            and all(_is_count(part) for part in (header.number, header.edition, header.records))
            and type(header.redacted) is int
            and 0 <= header.redacted <= header.records
            and _is_hash(header.previous)
            and _is_hash(header.original)
            and (header.original is None) == (header.edition == 1)
            and (header.cipher is None or isinstance(header.cipher, dict))
        )
    except (AttributeError, InvalidInputError, KeyError, TypeError, ValueError):
        sound = False
    if not sound or header.line() != line:
        raise MalformedError("Its header is not as this program writes it.")
    return header


def read_record(line: bytes) -> Record:
    """A record out of its line.

    Raises:
        MalformedError: it is none.
    """
    try:
        fields = DECODER.decode(line.decode())
        key, clock = UUID(fields["id"]), clocks.read(fields["clock"])
        if fields.keys() == {"id", "clock", "forgotten"} and fields["forgotten"] is True:
            return Record(key, clock, b"", None)
        if fields.keys() != {"id", "clock", "digest", "state"}:
            raise ValueError
        state = fields["state"]
        digest = state_digest(state)
        if state["memory"]["id"] != str(key) or digest.hex() != fields["digest"]:
            raise ValueError
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError, json.JSONDecodeError):
        raise MalformedError("It holds something else than a record.") from None
    return Record(key, clock, digest, state)


def read_outline(line: bytes) -> Outline:
    """A record out of its line, without its state. A line in another form than this program's is
    read as a whole.

    Raises:
        MalformedError: it is none.
    """
    match = _PLAIN.fullmatch(line)
    if match is None:
        record = read_record(line)
        return Outline(record.id, record.clock, None if record.state is None else record.digest)
    key, clock, digits, text = match.groups()
    digest = bytes.fromhex(digits.decode())
    try:
        if not digest.startswith(text_digest(text)):
            raise ValueError
        return Outline(UUID(key.decode()), clocks.read(DECODER.decode(clock.decode())), digest)
    except (RecursionError, ValueError):
        raise MalformedError("It holds something else than a record.") from None


def record_line(key: UUID, clock: Clock, digest: bytes, text: bytes) -> bytes:
    """A record as it is written, without a line feed; ``text`` is its state as it is written."""
    before = f'{{"id":"{key}","clock":{clocks.text_of(clock)},"digest":"{digest.hex()}","state":'
    return b"%b%b}" % (before.encode(), text)


def device_folder(device: str) -> str:
    """The name of the folder of an installation: the fingerprint in its id."""
    return device.partition(":")[2]


def device_of(folder: str) -> str:
    """The id of the installation whose folder has such a name."""
    return f"{Kind.DEVICE}:{folder}"


def _content(message: bytes) -> str:
    return hashlib.sha256(message).hexdigest()


def _subject(content: str) -> str:
    return f"{LINE}:{content}"


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 < value < 10**8


def _is_hash(value: Any) -> bool:
    return value is None or (isinstance(value, str) and _HASH.fullmatch(value) is not None)
