# SPDX-License-Identifier: AGPL-3.0-only
"""Reading an artifact of any size: its memories go by one after the other, everything else is small
and kept.

The scanner knows the shape of the lines and no more: an object whose ``memories`` are a list, or an
envelope with such an object as its ``payload``. Whether every byte is as this program would print
it is noted on the way, because a signature of ours covers the bytes and not only what they mean.
"""

from __future__ import annotations

import codecs
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, Literal

from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.portable.canonical import DECODER, MalformedError, as_written, check, compact
from memoryoss_mcp.portable.spool import Spool

Shape = Literal["bundle", "passport", "history", "runtime_contract", "trust_catalog", "sidecar"]
LARGEST_VALUE: Final = 64 << 20
"""Characters of one value that is read as a whole."""

_BLOCK: Final = 1 << 20
_SPACE: Final = re.compile(r"[ \t\n\r]*")
_BETWEEN: Final = re.compile(r'("(?:[^"\\]|\\.)*")|[ \t\n\r]+')


@dataclass(frozen=True, slots=True)
class Artifact:
    """A document as it was received. ``header`` is all of it but the memories: their place holds an
    empty list. ``memories`` are compact JSON, keys in their order. ``printed`` says that the bytes
    are exactly those that this program prints, white space between values aside."""

    shape: Shape
    header: dict[str, Any]
    memories: Spool
    printed: bool

    @property
    def document(self) -> dict[str, Any]:
        """The passport or the history, without its memories: the payload of an envelope."""
        payload: dict[str, Any] = self.header["payload"] if self.shape == "bundle" else self.header
        return payload

    @property
    def payload_shape(self) -> Shape:
        """What the document is."""
        return _shape(self.document) if self.shape == "bundle" else self.shape

    def close(self) -> None:
        """Give the room of the memories back."""
        self.memories.close()


def open_artifact(source: Path | bytes) -> Artifact:
    """Read an artifact from a file, or from bytes.

    Raises:
        InvalidInputError: the file cannot be read.
        MalformedError: it is no JSON that may be exchanged, or no artifact of a published line.
    """
    if isinstance(source, bytes):
        return _read(io.BytesIO(source))
    try:
        with source.open("rb") as file:
            return _read(file)
    except OSError as error:
        raise InvalidInputError(
            f"{source} cannot be read ({error.strerror}).", field="file"
        ) from error


def values(memories: Spool) -> Iterator[dict[str, Any]]:
    """The memories of an artifact as they were received, one by one."""
    for line in memories:
        yield DECODER.decode(line.decode())


def _read(file: IO[bytes]) -> Artifact:
    memories = Spool()
    try:
        scanner = _Scanner(file, memories)
        header = scanner.document()
        return Artifact(_shape(header), header, memories, scanner.printed)
    except BaseException:
        memories.close()
        raise


def _shape(header: dict[str, Any]) -> Shape:
    for shape, names in _MARKS.items():
        if names <= header.keys():
            if shape == "bundle" and not isinstance(header["payload"], dict):
                raise MalformedError("The payload of the envelope is no object.", field="file")
            return shape
    raise MalformedError(
        "It is no artifact of a line that this program knows.",
        field="file",
        hint="Send a passport, a history, a bundle, a runtime contract or a trust catalog.",
    )


_MARKS: Final[dict[Shape, frozenset[str]]] = {
    "bundle": frozenset({"bundle_id", "payload"}),
    "passport": frozenset({"passport_id", "memories"}),
    "history": frozenset({"history_id", "memories"}),
    "runtime_contract": frozenset({"contract_id", "stable_semantics"}),
    "trust_catalog": frozenset({"catalog_id", "identities"}),
    "sidecar": frozenset({"scheme", "identity", "value"}),
}


class _Scanner:
    """Reads the one object of a stream."""

    def __init__(self, file: IO[bytes], memories: Spool) -> None:
        self._file = file
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._memories = memories
        self._text = ""
        self._place = 0
        self._ended = False
        self._listed = False
        self.printed = True

    def document(self) -> dict[str, Any]:
        """The object, and nothing behind it."""
        if self._peek() != "{":
            raise MalformedError("It is no JSON object.")
        found = self._object(0)
        if self._peek():
            raise MalformedError("There is something behind its end.")
        return found

    def _object(self, depth: int) -> dict[str, Any]:
        self._place += 1
        found: dict[str, Any] = {}
        if self._peek() == "}":
            self._place += 1
            return found
        while True:
            if self._peek() != '"':
                raise MalformedError("It is not JSON: a key is missing.")
            key = self._value(0)
            if key in found:
                raise MalformedError("A key is there twice.")
            if self._peek() != ":":
                raise MalformedError("It is not JSON: ':' is missing.")
            self._place += 1
            found[key] = self._member(key, depth)
            following = self._peek()
            self._place += 1
            if following == "}":
                return found
            if following != ",":
                raise MalformedError("It is not JSON: ',' is missing, or it ends too early.")

    def _member(self, key: str, depth: int) -> Any:
        first = self._peek()
        if key == "memories" and first == "[":
            self._elements(depth)
            return []
        if key == "payload" and first == "{" and depth == 0:
            return self._object(1)
        return self._value(depth + 1)

    def _elements(self, depth: int) -> None:
        if self._listed:
            raise MalformedError("There are two lists of memories.")
        self._listed = True
        self._place += 1
        if self._peek() == "]":
            self._place += 1
            return
        while True:
            self._peek()
            value = self._value(depth + 2)
            self._memories.append(compact(value) if self.printed else as_written(value))
            following = self._peek()
            self._place += 1
            if following == "]":
                return
            if following != ",":
                raise MalformedError("It is not JSON: ',' is missing, or it ends too early.")

    def _value(self, depth: int) -> Any:
        """One whole value. Its last character may go on behind what was read so far: that of a
        number always, so that there is one more character or the end."""
        while True:
            try:
                value, end = DECODER.raw_decode(self._text, self._place)
                if end < len(self._text) or self._ended:
                    break
            except json.JSONDecodeError as error:
                if self._ended:
                    raise MalformedError(f"It is not JSON: {error.msg}.") from None
            except RecursionError:
                raise MalformedError("It is nested too deeply.") from None
            if len(self._text) - self._place > LARGEST_VALUE:
                raise MalformedError("A value in it is too large, or it is not JSON.")
            self._more()
        check(value, depth)
        if self.printed:
            raw, shown = self._text[self._place : end], compact(value).decode()
            self.printed = raw == shown or _BETWEEN.sub(r"\1", raw) == shown
        self._place = end
        return value

    def _peek(self) -> str:
        """The next character that is no white space, at the present place; empty at the end."""
        while True:
            match = _SPACE.match(self._text, self._place)
            self._place = match.end() if match else self._place
            if self._place < len(self._text):
                return self._text[self._place]
            if self._ended:
                return ""
            self._more()

    def _more(self) -> None:
        """Read at least as much again as there is: a long value is decoded a few times only."""
        kept = self._text[self._place :]
        block = self._file.read(max(_BLOCK, len(kept)))
        self._ended = not block
        try:
            self._text = kept + self._decoder.decode(block, self._ended)
        except UnicodeDecodeError:
            raise MalformedError("It is not UTF-8.") from None
        self._place = 0
