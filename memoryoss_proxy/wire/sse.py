# SPDX-License-Identifier: AGPL-3.0-only
"""Server-Sent Events out of bytes that arrive in pieces, by the rules of the HTML standard
(WHATWG, 9.2.6), within bounded memory.

The decoder reads a copy. What is forwarded to a client are the bytes as they came.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

LARGEST_EVENT: Final = 1_048_576
"""Bytes of data in one event; a larger one is dropped."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event. ``event`` is its type, ``id`` the last id that the stream gave."""

    event: str
    data: str = field(repr=False)
    id: str = ""


class Decoder:
    """Decodes one stream.

    ``dropped`` counts events that were larger than ``limit`` bytes of data; decoding goes on with
    the next one. ``retry`` is the reconnection time in milliseconds, if the stream gave one. As the
    standard says, an event without the empty line behind it is none.
    """

    def __init__(self, limit: int = LARGEST_EVENT) -> None:
        self.dropped = 0
        self.retry: int | None = None
        self._limit = limit
        self._longest_line = limit + len(b"data: ")
        self._line = bytearray()
        self._skips_line = False
        self._skips_newline = False
        self._at_start = True
        self._id = ""
        self._type = ""
        self._data: list[bytes] = []
        self._size = 0
        self._too_large = False

    def feed(self, chunk: bytes) -> list[Event]:
        """The events that are complete with this piece of the stream."""
        if self._skips_newline and chunk:
            self._skips_newline = False
            chunk = chunk.removeprefix(b"\n")
        events: list[Event] = []
        for line in chunk.splitlines(keepends=True):
            content = line.rstrip(b"\r\n")
            self._add(content)
            if len(content) == len(line):
                break  # the rest of the line is still to come
            event = self._end_line()
            if event is not None:
                events.append(event)
        # A lone carriage return ends a line, but it may be half of a pair.
        self._skips_newline |= chunk.endswith(b"\r")
        return events

    def _add(self, content: bytes) -> None:
        if self._skips_line:
            return
        self._line += content
        if len(self._line) > self._longest_line:
            self._skips_line = True
            if not self._line.startswith(b":"):
                self._too_large = True
            self._line.clear()

    def _end_line(self) -> Event | None:
        line = bytes(self._line)
        self._line.clear()
        skipped, self._skips_line = self._skips_line, False
        if self._at_start:
            self._at_start = False
            line = line.removeprefix(b"\xef\xbb\xbf")
        if skipped:
            return None
        if not line:
            return self._dispatch()
        name, _, value = line.partition(b":")
        self._take(name, value.removeprefix(b" "))
        return None

    def _take(self, name: bytes, value: bytes) -> None:
        if name == b"data":
            self._size += len(value) + bool(self._data)
            if self._size > self._limit:
                self._too_large = True
                self._data.clear()
            elif not self._too_large:
                self._data.append(value)
        elif name == b"event":
            self._type = value.decode("utf-8", "replace")
        elif name == b"id" and b"\0" not in value:
            self._id = value.decode("utf-8", "replace")
        elif name == b"retry" and value.isdigit() and len(value) <= _MOST_DIGITS:
            self.retry = int(value)

    def _dispatch(self) -> Event | None:
        kind, data, too_large = self._type, self._data, self._too_large
        self._type, self._data, self._size, self._too_large = "", [], 0, False
        if too_large:
            self.dropped += 1
            return None
        if not data:
            return None
        return Event(kind or "message", b"\n".join(data).decode("utf-8", "replace"), self._id)


_MOST_DIGITS: Final = 12
