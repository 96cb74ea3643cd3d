# SPDX-License-Identifier: AGPL-3.0-only
"""The memories of mem0: from an export, from its local vector store, or from its history.

All three know a memory by the same id, so that the same one is recognised whichever is read. The
history knows neither users nor metadata, but it is always there, whatever store holds the vectors.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final

from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.exchange.elements import elements
from memoryoss_mcp.exchange.record import Found, Skipped
from memoryoss_mcp.exchange.sources import qdrant
from memoryoss_mcp.exchange.values import labels, mapping, moment, phrase
from memoryoss_mcp.model import MemoryType, Status, now
from memoryoss_mcp.store.foreign import ForeignFile, Row, has_tables, is_sqlite

FILE: Final = "history.db"

_HISTORY: Final = "history"
_REQUIRED: Final = ("memory_id", "new_memory", "event")
_COLUMNS: Final = (*_REQUIRED, "created_at", "updated_at", "is_deleted")
_MEMBERS: Final = ("results", "memories")
"""Members of an export that hold its memories."""

_TOPICS: Final = ("category", "categories", "tags")
"""Metadata that says what a memory is about: these become tags."""

_LOOKED_AT: Final = 20


class Mem0:
    """Reads an export (the answer of ``get_all`` as JSON), ``history.db``, the file of a local
    Qdrant collection, or a folder: its vector store if it has one, else its history.

    Deleted memories are skipped, expired ones are stale. Users and what the metadata calls
    categories or tags become tags; other metadata is not taken over.
    """

    kind = "mem0"
    title = "mem0"

    def default_path(self) -> Path:
        """Where mem0 keeps its history unless it is told otherwise."""
        folder = os.environ.get("MEM0_DIR")
        return (Path(folder) if folder else Path.home() / ".mem0") / FILE

    def recognises(self, path: Path) -> bool:
        """Whether it is one of these, by its tables or its first memories."""
        try:
            if path.is_dir():
                return any(map(self.recognises, _files(path)))
            if is_sqlite(path):
                return has_tables(path, {_HISTORY: _REQUIRED}) or _holds_memories(path)
            return any(map(_is_memory, islice(elements(path, _MEMBERS), _LOOKED_AT)))
        except InvalidInputError:
            return False

    def count(self, path: Path) -> int:
        """Memories, deleted ones of a history too."""
        return sum(map(_count, _files(path)))

    def read(self, path: Path) -> Iterator[Found | Skipped]:
        """In the order of the file; from a vector store, the newest first."""
        for file in _files(path):
            if not is_sqlite(file):
                yield from _exported(file)
            elif qdrant.is_collection(file):
                yield from _stored(file)
            else:
                yield from _remembered(file)


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    if stores := [file for file in qdrant.collections(path) if _holds_memories(file)]:
        return stores
    if not (path / FILE).is_file():
        raise InvalidInputError(
            f"{path} holds neither {FILE} nor a vector store.",
            field="path",
            hint="Name the file, or export the memories as JSON (get_all).",
        )
    return [path / FILE]


def _count(file: Path) -> int:
    if not is_sqlite(file):
        return sum(1 for _ in _exported(file))
    if qdrant.is_collection(file):
        return qdrant.count_points(file)
    with ForeignFile(file) as database:
        database.require(_HISTORY, _REQUIRED)
        return database.count(_HISTORY, per="memory_id")


def _holds_memories(file: Path) -> bool:
    """Whether the points of a collection are memories; mem0 keeps other collections beside."""
    if not qdrant.is_collection(file):
        return False
    looked_at = islice(qdrant.points(file), _LOOKED_AT)
    return any(
        point is not None and "hash" in point[1] and "data" in point[1] for point in looked_at
    )


def _is_memory(item: object) -> bool:
    return isinstance(item, dict) and bool(phrase(item.get("id")) and phrase(item.get("memory")))


def _exported(file: Path) -> Iterator[Found | Skipped]:
    items = elements(file, _MEMBERS)
    first = list(islice(items, _LOOKED_AT))
    if first and not any(map(_is_memory, first)):
        raise InvalidInputError(f"{file} is no export of mem0.", field="path")
    seen: set[str] = set()
    for number, item in enumerate(chain(first, items), 1):
        place = f"entry {number}"
        key = phrase(item.get("id")) if isinstance(item, dict) else ""
        if not isinstance(item, dict):
            yield Skipped(place, "is not a JSON object")
        elif key and key in seen:
            yield Skipped(place, "is in the file already, further up")
        else:
            seen.add(key)
            metadata = {**item, **mapping(item.get("metadata"))}
            yield _record(place, key, item.get("memory"), item, metadata)


def _stored(file: Path) -> Iterator[Found | Skipped]:
    seen: set[str] = set()
    for number, point in enumerate(qdrant.points(file), 1):
        if point is None:
            yield Skipped(f"point {number}", "cannot be read")
        elif point[0] in seen:
            yield Skipped(f"point {number}", "is an outdated copy")
        else:
            seen.add(point[0])
            yield _record(f"memory {point[0]}", point[0], point[1].get("data"), point[1], point[1])


def _remembered(file: Path) -> Iterator[Found | Skipped]:
    with ForeignFile(file) as database:
        database.require(_HISTORY, _REQUIRED)
        for row in database.rows(_HISTORY, _COLUMNS, last_per="memory_id"):
            yield _final(row)


def _final(row: Row) -> Found | Skipped:
    """The state in which the last event left a memory."""
    key = phrase(row["memory_id"])
    place = f"memory {key}"
    if row["is_deleted"] or row["event"] == "DELETE":
        return Skipped(place, "was deleted in its program")
    return _record(place, key, row["new_memory"], row, {})


def _record(
    place: str, key: str, content: object, fields: Mapping[str, Any], metadata: Mapping[str, Any]
) -> Found | Skipped:
    if not key:
        return Skipped(place, "has no id")
    if not isinstance(content, str) or not content.strip():
        return Skipped(place, "has no text")
    tags = [tag for name in _TOPICS for tag in labels(metadata.get(name))]
    if user := phrase(fields.get("user_id")):
        tags.append(f"user:{user}")
    procedural = phrase(metadata.get("memory_type")).startswith("procedural")
    expires = moment(fields.get("expiration_date"))
    return Found(
        content=content,
        key=key,
        place=place,
        tags=tuple(dict.fromkeys(tags)),
        created_at=moment(fields.get("created_at")),
        updated_at=moment(fields.get("updated_at")),
        memory_type=MemoryType.PROCEDURAL if procedural else MemoryType.SEMANTIC,
        status=Status.STALE if expires is not None and expires < now() else Status.ACTIVE,
        agent=phrase(fields.get("agent_id")) or None,
        session=phrase(fields.get("run_id")) or None,
    )
