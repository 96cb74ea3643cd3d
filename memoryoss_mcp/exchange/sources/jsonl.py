# SPDX-License-Identifier: AGPL-3.0-only
"""Lines of JSON, or a JSON array: each object a memory."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, Final

from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.exchange.elements import elements
from memoryoss_mcp.exchange.record import Found, Skipped
from memoryoss_mcp.exchange.sources.columns import Columns, described_in

LONGEST_LINE: Final = 1 << 24
"""Bytes of a line at the most (16 MiB)."""
LOOKED_AT: Final = 20
"""Values that are looked at to recognise a file."""
LISTS: Final = ("memories", "results", "records", "items", "data", "notes", "facts")
"""Where an object that is not a memory itself has its memories."""
SUFFIXES: Final = (".jsonl", ".ndjson", ".json")


class Jsonl:
    """Reads lines one by one, and an array (also one in an object, as ``memories``) element by
    element."""

    kind = "jsonl"
    title = "Lines of JSON"

    def __init__(self, columns: Mapping[str, str] | None = None) -> None:
        self._columns = Columns(columns or {})

    def recognises(self, path: Path) -> bool:
        """Whether the first objects have a content."""
        return any(isinstance(self._columns.read(value, ""), Found) for value in _first(path))

    def refusal(self, path: Path) -> InvalidInputError | None:
        """Why a file of objects cannot be read: the first ones have no content, or not where it was
        said to be. ``None`` if they have, or if it is no such file."""
        names = [name for value in _first(path) for name in described_in(value)]
        return self._columns.refusal(path.name, names, complete=False) if names else None

    def count(self, path: Path) -> int:
        """How many values there are."""
        if _is_array(path):
            return sum(1 for _ in _values(path))
        with _open(path) as file:
            return sum(1 for line in file if line.strip())

    def read(self, path: Path) -> Iterator[Found | Skipped]:
        """The memories in their order.

        Raises:
            InvalidInputError: none of the first objects has the column that was said to be that of
                the content.
        """
        if "content" in self._columns.mapping and (refusal := self.refusal(path)) is not None:
            raise refusal
        for place, value in _values(path):
            if isinstance(value, Skipped):
                yield value
            elif isinstance(value, dict):
                yield self._columns.read(value, place)
            elif isinstance(value, str):
                yield self._columns.read({"content": value}, place)
            else:
                yield Skipped(place, "not a JSON object")


def _first(path: Path) -> list[dict[str, Any]]:
    """The objects among the first values of a file with the name of one of objects; what cannot be
    read has none."""
    found: list[dict[str, Any]] = []
    if path.suffix.lower() not in SUFFIXES or not path.is_file():
        return found
    try:
        for _, value in islice(_values(path), LOOKED_AT):
            if isinstance(value, dict):
                found.append(value)
    except InvalidInputError:
        pass
    return found


def _values(path: Path) -> Iterator[tuple[str, Any]]:
    """Every value with its place; a line that is not JSON as what is to be said of it."""
    if not _is_array(path):
        yield from _lines(path)
        return
    for number, value in enumerate(elements(path, LISTS), 1):
        yield f"record {number}", value


def _lines(path: Path) -> Iterator[tuple[str, Any]]:
    with _open(path) as file:
        number = 0
        while line := file.readline(LONGEST_LINE + 1):
            number += 1
            place = f"line {number}"
            if len(line) > LONGEST_LINE:
                while line and not line.endswith(b"\n"):
                    line = file.readline(LONGEST_LINE)
                yield place, Skipped(place, "the line is far too long")
                continue
            if not line.strip():
                continue
            try:
                yield place, json.loads(line.decode("utf-8-sig"))
            except UnicodeDecodeError:
                yield place, Skipped(place, "not UTF-8")
            except (json.JSONDecodeError, RecursionError):
                yield place, Skipped(place, "not JSON")


def _is_array(path: Path) -> bool:
    """Whether a file is one array, or an object around it, rather than lines of values."""
    with _open(path) as file:
        start = file.readline(LONGEST_LINE).removeprefix(b"\xef\xbb\xbf").strip()
        while not start and (line := file.readline(LONGEST_LINE)):
            start = line.strip()
    if start.startswith(b"["):
        return True
    if path.suffix.lower() != ".json":
        return False
    try:
        value = json.loads(start)
    except (ValueError, RecursionError):
        return True
    return isinstance(value, dict) and any(isinstance(value.get(name), list) for name in LISTS)


def _open(path: Path) -> Any:
    try:
        return path.open("rb")
    except OSError as error:
        raise InvalidInputError(
            f"{path} cannot be read: {error.strerror}.", field="path"
        ) from error
