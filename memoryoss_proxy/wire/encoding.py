# SPDX-License-Identifier: AGPL-3.0-only
"""Encoded bodies (``Content-Encoding``): requests that are read, and a copy of replies.

A small body may stand for a huge one, so nothing is expanded beyond a limit that the caller gives.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import IO, Final, Protocol, cast

import zstandard

from memoryoss_proxy.wire.errors import BodyTooLargeError, MalformedRequestError

ENCODINGS: Final = ("gzip", "deflate", "zstd")
"""Encodings that are decoded, by their names in HTTP."""

MOST_ENCODINGS: Final = 3
"""How many may lie one upon the other."""


def decode_body(raw: bytes, content_encoding: str | None, limit: int) -> bytes:
    """The plain bytes of a request body; ``raw`` itself if it is not encoded.

    ``content_encoding`` is the header's value. Some clients send zstd without saying so; that is
    known by its first bytes.

    Raises:
        BodyTooLargeError: there are more than ``limit`` bytes.
        MalformedRequestError: the encoding is unknown, or the body is damaged.
    """
    names = _names(content_encoding)
    if not names and raw.startswith(_ZSTD_MAGIC):
        names = ["zstd"]
    if (unknown := set(names) - _CODECS.keys()) or len(names) > MOST_ENCODINGS:
        raise MalformedRequestError(
            f"The request body is encoded as {', '.join(sorted(unknown) or names)[:100]!r}.",
            field="content-encoding",
            hint=f"Send it plain or as one of {', '.join(ENCODINGS)}.",
        )
    body = raw
    for name in reversed(names):
        body = _decode(body, name, limit)
    if len(body) > limit:
        raise _too_large(limit)
    return body


class ReplyDecoder:
    """Decodes a copy of a reply as it comes.

    ``failed`` says that no more can be read: the encoding is unknown, the bytes are damaged, or
    there were more than ``limit`` decoded ones. What was decoded before that was given.
    """

    def __init__(self, content_encoding: str | None, limit: int) -> None:
        names = _names(content_encoding)
        self.failed = len(names) > 1 or not _CODECS.keys() >= set(names)
        self._plain = _Sink(limit)
        self._codec = _CODECS[names[0]](self._plain) if names and not self.failed else self._plain

    def feed(self, chunk: bytes) -> bytes:
        """The decoded bytes that this piece gives; nothing once it has failed."""
        if self.failed:
            return b""
        try:
            self._codec.write(chunk)
        except (zlib.error, zstandard.ZstdError, _FullError):
            self.failed = True
        return self._plain.take()


def _decode(body: bytes, name: str, limit: int) -> bytes:
    plain = _Sink(limit)
    codec = _CODECS[name](plain)
    try:
        codec.write(body)
    except _FullError:
        raise _too_large(limit) from None
    except (zlib.error, zstandard.ZstdError) as error:
        raise MalformedRequestError(
            f"The request body is no valid {name} ({error}).", field="content-encoding"
        ) from None
    if not codec.complete:
        raise MalformedRequestError(
            f"The request body is {name} that was cut off.", field="content-encoding"
        )
    return plain.take()


class _FullError(Exception):
    """There are more decoded bytes than allowed."""


class _Codec(Protocol):
    def write(self, data: bytes, /) -> object:
        """Decode the next bytes."""

    @property
    def complete(self) -> bool:
        """Whether the data ended where it should, as far as the codec can tell."""


class _Sink:
    """Takes decoded pieces up to a limit in all."""

    complete = True

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._room = limit
        self._bytes = bytearray()

    def write(self, data: bytes, /) -> int:
        self._bytes += data[: self._room]
        if len(data) > self._room:
            self._room = 0
            raise _FullError
        self._room -= len(data)
        return len(data)

    def take(self) -> bytes:
        taken = bytes(self._bytes)
        self._bytes.clear()
        return taken


class _Gzip:
    """gzip with any number of members."""

    def __init__(self, plain: _Sink) -> None:
        self._plain = plain
        self._member = zlib.decompressobj(_GZIP_BITS)

    def write(self, data: bytes, /) -> None:
        while data:
            if self._member.eof:
                self._member = zlib.decompressobj(_GZIP_BITS)
            data = _inflate(self._member, data, self._plain)

    @property
    def complete(self) -> bool:
        return self._member.eof


class _Deflate:
    """deflate with a zlib header, as the standard says, or without it, as some servers send it."""

    def __init__(self, plain: _Sink) -> None:
        self._plain = plain
        self._first = b""
        self._stream: zlib._Decompress | None = None

    def write(self, data: bytes, /) -> None:
        if self._stream is None:
            self._first += data
            if len(self._first) < _ZLIB_HEADER:
                return
            data = self._first
            bits = zlib.MAX_WBITS if _has_zlib_header(data) else -zlib.MAX_WBITS
            self._stream = zlib.decompressobj(bits)
        if _inflate(self._stream, data, self._plain):
            raise zlib.error("data after its end")

    @property
    def complete(self) -> bool:
        return self._stream is not None and self._stream.eof


class _Zstd:
    """zstd with any number of frames. The library does not say whether the last one is whole."""

    complete = True

    def __init__(self, plain: _Sink) -> None:
        frames = zstandard.ZstdDecompressor(max_window_size=max(_ZSTD_WINDOW, plain.limit))
        # It writes piece by piece, so that a full sink stops it.
        self._stream = frames.stream_writer(cast("IO[bytes]", plain), closefd=False)

    def write(self, data: bytes, /) -> None:
        self._stream.write(data)


def _inflate(stream: zlib._Decompress, data: bytes, plain: _Sink) -> bytes:
    """Decode into ``plain``, piece by piece; gives what comes after the end."""
    while data:
        plain.write(stream.decompress(data, _PIECE))
        if stream.eof:
            return stream.unused_data
        data = stream.unconsumed_tail
    while piece := stream.decompress(b"", _PIECE):  # what the last full piece left inside
        plain.write(piece)
    return b""


def _has_zlib_header(data: bytes) -> bool:
    # RFC 1950, 2.2: the method is 8 (deflate), and the check bits make a multiple of 31.
    return data[0] & 0x0F == 8 and int.from_bytes(data[:2], "big") % 31 == 0


def _names(content_encoding: str | None) -> list[str]:
    """The encodings in the order in which they were applied."""
    names = (name.strip().lower() for name in (content_encoding or "").split(","))
    return [_ALIASES.get(name, name) for name in names if name not in ("", "identity")]


def _too_large(limit: int) -> BodyTooLargeError:
    return BodyTooLargeError(
        f"The decoded request body has more than the {limit} bytes that are allowed.",
        hint="Send less.",
    )


_CODECS: Final[dict[str, Callable[[_Sink], _Codec]]] = {
    "gzip": _Gzip,
    "deflate": _Deflate,
    "zstd": _Zstd,
}
_ALIASES: Final = {"x-gzip": "gzip"}
_ZSTD_MAGIC: Final = b"\x28\xb5\x2f\xfd"
_ZSTD_WINDOW: Final = 1 << 23
"""Bytes that a frame may look back at the least, as RFC 8878 (3.1.1.1.2) recommends."""
_GZIP_BITS: Final = 16 + zlib.MAX_WBITS
_ZLIB_HEADER: Final = 2
_PIECE: Final = 131_072
