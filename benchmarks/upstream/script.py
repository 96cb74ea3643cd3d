# SPDX-License-Identifier: AGPL-3.0-only
"""What the provider is to do with one request, other than answering it well, and how an answer
becomes bytes on the wire."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus
from itertools import pairwise
from typing import Final, TypeAlias

Fields: TypeAlias = tuple[tuple[str, str], ...]


class Framing(StrEnum):
    """How the end of a body is told."""

    CHUNKED = "chunked"
    LENGTH = "length"
    CLOSE = "close"
    """Only by the end of the connection."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A response. Each piece of its body is sent by itself."""

    status: int
    headers: Fields
    pieces: Sequence[bytes] = field(repr=False)
    framing: Framing = Framing.LENGTH


@dataclass(frozen=True, slots=True)
class Script:
    """How one request is answered; what is left out is done as the providers do it.

    ``die_after`` and ``hang_after`` count bytes on the wire from the first one of the status line:
    0 is before anything was sent.
    """

    status: int | None = None
    """With a status of 400 or more and no body: the provider's error of that status. With a body
    and no status: 200."""
    headers: Fields = ()
    """Take the place of fields with the same name."""
    body: bytes | None = field(default=None, repr=False)
    splits: Sequence[int] = ()
    """Offsets in the body where it is cut into pieces, instead of where the events end."""
    every: int | None = None
    """Cut it after every so many bytes."""
    framing: Framing | None = None
    gzip: bool = False
    """Encode the body, with a flush after each piece."""
    delay: float = 0.0
    """Seconds before the status line."""
    pause: float = 0.0
    """Seconds between two pieces."""
    die_after: int | None = None
    """Bytes after which the connection is closed."""
    reset: bool = False
    """Close it with a reset (RST), as a crashed process does, instead of an end (FIN)."""
    hang_after: int | None = None
    """Bytes after which nothing more is sent until the client goes away."""
    reads_body: bool = True
    """Whether the request's body is read before the answer. If not, it is thrown away after it, and
    never read where no answer is completed."""
    interim: Sequence[int] = ()
    """Interim responses (1xx) before the answer."""
    keeps_alive: bool = True
    """Whether the connection is kept for further requests."""

    def applied_to(self, answer: Answer) -> Answer:
        """The answer that is sent in the place of ``answer``."""
        pieces = answer.pieces if self.body is None else [self.body]
        if self.every is not None or self.splits:
            whole = b"".join(pieces)
            cuts = range(self.every, len(whole), self.every) if self.every else self.splits
            pieces = list(_cut(whole, cuts))
        headers = answer.headers
        if self.gzip:
            pieces = list(_gzipped(pieces))
            headers = (*headers, ("content-encoding", "gzip"))
        replaced = {name.lower() for name, _ in self.headers}
        kept = tuple(pair for pair in headers if pair[0].lower() not in replaced)
        status = self.status or (answer.status if self.body is None else 200)
        return Answer(status, kept + self.headers, pieces, self.framing or answer.framing)


def head(answer: Answer, *, keeps_alive: bool) -> bytes:
    """The status line and the header section."""
    lines = [_status_line(answer.status)]
    lines += [f"{name}: {value}" for name, value in answer.headers]
    if answer.framing is Framing.CHUNKED:
        lines.append("transfer-encoding: chunked")
    elif answer.framing is Framing.LENGTH:
        lines.append(f"content-length: {sum(map(len, answer.pieces))}")
    if not keeps_alive:
        lines.append("connection: close")
    return _section(lines)


def interim(status: int) -> bytes:
    """An interim response."""
    fields = ["link: </style.css>; rel=preload"] if status == HTTPStatus.EARLY_HINTS else []
    return _section([_status_line(status), *fields])


def framed(answer: Answer) -> Iterator[bytes]:
    """The pieces of the body as they go over the wire."""
    if answer.framing is not Framing.CHUNKED:
        yield from answer.pieces
        return
    for piece in answer.pieces:
        if piece:
            yield b"%x\r\n%b\r\n" % (len(piece), piece)
    yield b"0\r\n\r\n"


def _status_line(status: int) -> str:
    return f"HTTP/1.1 {status} {_PHRASES.get(status, 'Unknown')}"


def _section(lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\r\n" for line in lines).encode("latin-1") + b"\r\n"


def _cut(whole: bytes, cuts: Iterable[int]) -> Iterator[bytes]:
    for start, end in pairwise([0, *cuts, len(whole)]):
        yield whole[start:end]


def _gzipped(pieces: Sequence[bytes]) -> Iterator[bytes]:
    encoder = zlib.compressobj(wbits=16 + zlib.MAX_WBITS)
    for piece in pieces:
        yield encoder.compress(piece) + encoder.flush(zlib.Z_SYNC_FLUSH)
    yield encoder.flush()


_PHRASES: Final = {status.value: status.phrase for status in HTTPStatus} | {529: "Site Overloaded"}
