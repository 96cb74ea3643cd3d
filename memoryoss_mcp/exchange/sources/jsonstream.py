# SPDX-License-Identifier: AGPL-3.0-only
"""The elements of a JSON array one after another, without holding the whole of it."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from typing import IO, Any, Final

from memoryoss_mcp.errors import InvalidInputError

CHUNK: Final = 1 << 16
"""Bytes that are read at once, at the least."""
LONGEST: Final = 1 << 28
"""Characters of one element at the most (256 Mi)."""


def elements(stream: IO[bytes], name: str) -> Iterator[Any]:
    """The elements of the array in a stream of UTF-8; another value is the only element.

    Raises:
        InvalidInputError: it is not UTF-8 or not JSON, or an element is too large.
    """
    try:
        yield from _Reader(stream, name).elements()
    except UnicodeDecodeError:
        raise InvalidInputError(f"{name} is not UTF-8.", field="path") from None


class _Reader:
    def __init__(self, stream: IO[bytes], name: str) -> None:
        self._stream = stream
        self._name = name
        self._decode = codecs.getincrementaldecoder("utf-8-sig")().decode
        self._value = json.JSONDecoder().raw_decode
        self._text = ""
        self._at = 0
        self._ended = False

    def elements(self) -> Iterator[Any]:
        if self._next() != "[":
            yield self._element()
            return
        self._at += 1
        while (char := self._next()) != "]":
            if char == ",":
                self._at += 1
                continue
            yield self._element()

    def _next(self) -> str:
        """The next character that is no white space."""
        while True:
            while self._at < len(self._text):
                if not self._text[self._at].isspace():
                    return self._text[self._at]
                self._at += 1
            if self._ended:
                raise self._wrong("it ends in the middle")
            self._read()

    def _element(self) -> Any:
        while True:
            try:
                value, end = self._value(self._text, self._at)
            except json.JSONDecodeError as error:
                if self._ended:
                    raise self._wrong(error.msg) from None
            except RecursionError:
                raise self._wrong("it is nested too deeply") from None
            else:
                # A number may go on behind what has been read.
                if end < len(self._text) or self._ended:
                    self._at = end
                    return value
            if len(self._text) - self._at > LONGEST:
                raise self._wrong("an element of it is too large")
            self._read()

    def _read(self) -> None:
        """Read on: as much again as is waiting, so that a long element is not tried too often."""
        waiting = self._text[self._at :]
        data = self._stream.read(max(CHUNK, len(waiting)))
        self._ended = not data
        self._text = waiting + self._decode(data, self._ended)
        self._at = 0

    def _wrong(self, reason: str) -> InvalidInputError:
        return InvalidInputError(f"{self._name} is not JSON: {reason}.", field="path")
