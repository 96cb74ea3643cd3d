# SPDX-License-Identifier: AGPL-3.0-only
"""The elements of one long JSON array, read one after another instead of all at once."""

from __future__ import annotations

import io
import json
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import IO, Any, Final, TextIO

from memoryoss_mcp.errors import InvalidInputError

CHUNK: Final = 1 << 16
"""Characters read at once at least."""

LONGEST: Final = 1 << 28
"""Characters of one element at the most."""

_SPACE: Final = " \t\n\r"
_ENDS: Final = frozenset(_SPACE + ",]}:")


def elements(path: Path, members: Collection[str] = ()) -> Iterator[Any]:
    """The elements of the array that a file is, or of the arrays that are the named ``members`` of
    the object that it is, one of which has to be there. Memory is needed for the largest of them.

    Raises:
        InvalidInputError: the file cannot be read or is not such JSON. What was given before is
            what stands before the fault.
    """
    try:
        with path.open(encoding="utf-8-sig") as file:
            yield from _sound(_Reader(file).elements(members), str(path))
    except FileNotFoundError as error:
        raise InvalidInputError(f"There is no file {path}.", field="path") from error
    except OSError as error:
        raise InvalidInputError(
            f"{path} cannot be read ({error.strerror or error}).", field="path"
        ) from error


def elements_in(stream: IO[bytes], name: str) -> Iterator[Any]:
    """The elements of the array in a stream of UTF-8; another value is the only element. The
    stream stays open.

    Raises:
        InvalidInputError: it is not such JSON; ``name`` is what it is called.
    """
    text = io.TextIOWrapper(stream, encoding="utf-8-sig")
    try:
        yield from _sound(_Reader(text).parts(), name)
    finally:
        text.detach()


def _sound(found: Iterator[Any], name: str) -> Iterator[Any]:
    """What is read, with every fault of it as an error that names the file."""
    try:
        yield from found
    except (ValueError, RecursionError) as error:
        raise InvalidInputError(
            f"{name} is not sound JSON, or not of the expected kind ({error}).",
            field="path",
            hint="Export it again.",
        ) from error


class _Reader:
    """Reads JSON from a file piece by piece; raises ValueError for what is not JSON."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._text = ""
        self._at = 0
        self._decoder = json.JSONDecoder()

    def elements(self, members: Collection[str]) -> Iterator[Any]:
        if self._peek() == "[":
            yield from self._array()
        else:
            yield from self._object(members)
        if self._peek():
            raise ValueError("something follows its end")

    def parts(self) -> Iterator[Any]:
        if self._peek() == "[":
            yield from self._array()
        else:
            yield self._value()
        if self._peek():
            raise ValueError("something follows its end")

    def _array(self) -> Iterator[Any]:
        self._expect("[")
        if self._peek() == "]":
            self._at += 1
            return
        while True:
            yield self._value()
            if self._expect(",]") == "]":
                return

    def _object(self, members: Collection[str]) -> Iterator[Any]:
        found = False
        self._expect("{")
        ended = self._peek() == "}"
        self._at += ended
        while not ended:
            name = self._value()
            self._expect(":")
            if name in members and self._peek() == "[":
                found = True
                yield from self._array()
            else:
                self._value()
            ended = self._expect(",}") == "}"
        if not found:
            wanted = " or ".join(map(repr, members))
            raise ValueError(f"it has no list {wanted}" if members else "it is no list")

    def _value(self) -> Any:
        """One whole value. A part of it is decoded in vain at most once per doubling of what is
        read."""
        self._peek()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._at)
            except ValueError:
                if len(self._text) - self._at > LONGEST or not self._more():
                    raise
                continue
            after = self._text[end : end + 1]
            if after not in _ENDS and self._more():
                continue  # with the rest of a number
            if after and after not in _ENDS:
                raise ValueError(f"{after!r} after a value")
            self._at = end
            return value

    def _expect(self, allowed: str) -> str:
        found = self._peek()
        if not found or found not in allowed:
            raise ValueError(f"{found!r} where one of {allowed!r} has to be")
        self._at += 1
        return found

    def _peek(self) -> str:
        """The next character that is not space, empty at the end."""
        while True:
            while self._at < len(self._text):
                if (char := self._text[self._at]) not in _SPACE:
                    return char
                self._at += 1
            if not self._more():
                return ""

    def _more(self) -> bool:
        """Read on, as much again as is waiting; false at the end of the file."""
        waiting = self._text[self._at :]
        piece = self._file.read(max(CHUNK, len(waiting)))
        if piece:
            self._text, self._at = waiting + piece, 0
        return bool(piece)
