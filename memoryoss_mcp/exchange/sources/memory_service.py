# SPDX-License-Identifier: AGPL-3.0-only
"""The database of mcp-memory-service: a memory per row of its table ``memories``. Its vectors are
not read; they are of another model."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.exchange.record import Found, Skipped
from memoryoss_mcp.exchange.values import labels, mapping, moment, phrase
from memoryoss_mcp.model import MemoryType, Status
from memoryoss_mcp.store.foreign import ForeignFile, Row, has_tables

FILE: Final = "sqlite_vec.db"

_TABLE: Final = "memories"
_REQUIRED: Final = ("content_hash", "content")
_COLUMNS: Final = (
    *_REQUIRED,
    "id",
    "tags",
    "memory_type",
    "metadata",
    "created_at",
    "updated_at",
    "created_at_iso",
    "updated_at_iso",
    "deleted_at",
    "store",
    "superseded_by",
)
_UNTAGGED: Final = "untagged"
"""The tag that the service gives to what has none."""

_DEFAULT_STORE: Final = "default"
_TYPES: Final = {
    "workflow": MemoryType.PROCEDURAL,
    "best_practice": MemoryType.PROCEDURAL,
    "command": MemoryType.PROCEDURAL,
    "conversation": MemoryType.EPISODIC,
    "conversation_turn": MemoryType.EPISODIC,
    "session": MemoryType.EPISODIC,
    "meeting": MemoryType.EPISODIC,
    "tool_outcome": MemoryType.EPISODIC,
}
"""The types of the service that are not plain knowledge; all are kept as tags."""


class MemoryService:
    """Reads the database, or the folder that holds it. Deleted memories are skipped; those that a
    newer version has replaced are stale."""

    kind = "mcp-memory-service"
    title = "mcp-memory-service"

    def default_path(self) -> Path:
        """Where the service keeps its database unless it is told otherwise."""
        for variable in ("MCP_MEMORY_SQLITE_PATH", "MCP_MEMORY_SQLITEVEC_PATH"):
            if chosen := os.environ.get(variable):
                return Path(chosen)
        if folder := os.environ.get("MCP_MEMORY_BASE_DIR"):
            return Path(folder) / FILE
        if sys.platform == "darwin":
            base = Path.home() / "Library" / "Application Support"
        elif sys.platform == "win32":
            base = Path(os.environ.get("LOCALAPPDATA", ""))
        else:
            base = Path.home() / ".local" / "share"
        return base / "mcp-memory" / FILE

    def recognises(self, path: Path) -> bool:
        """Whether it is a database with the table of the service."""
        try:
            return has_tables(_file(path), {_TABLE: _REQUIRED})
        except InvalidInputError:
            return False

    def count(self, path: Path) -> int:
        """Rows, deleted ones too."""
        with ForeignFile(_file(path)) as file:
            file.require(_TABLE, _REQUIRED)
            return file.count(_TABLE)

    def read(self, path: Path) -> Iterator[Found | Skipped]:
        """In the order in which the service took them up."""
        with ForeignFile(_file(path)) as file:
            file.require(_TABLE, _REQUIRED)
            for row in file.rows(_TABLE, _COLUMNS):
                yield _record(row)


def _file(path: Path) -> Path:
    if not path.is_dir():
        return path
    if not (path / FILE).is_file():
        raise InvalidInputError(f"{path} holds no {FILE}.", field="path")
    return path / FILE


def _record(row: Row) -> Found | Skipped:
    digest, content = phrase(row["content_hash"]), row["content"]
    place = f"memory {digest[:12] or repr(row['id'])}"
    if row["deleted_at"]:
        return Skipped(place, "was deleted in its program")
    if not isinstance(content, str) or not content.strip():
        return Skipped(place, "has no text")
    if not digest:
        return Skipped(place, "has no content hash, by which its program knows it")
    metadata = mapping(row["metadata"])
    kind, store = phrase(row["memory_type"]), phrase(row["store"])
    tags = [tag for tag in labels(row["tags"]) if tag != _UNTAGGED]
    if kind:
        tags.append(kind)
    if store not in ("", _DEFAULT_STORE):
        tags.append(f"store:{store}")
    return Found(
        content=content,
        key=digest,
        place=place,
        tags=tuple(dict.fromkeys(tags)),
        created_at=moment(row["created_at"]) or moment(row["created_at_iso"]),
        updated_at=moment(row["updated_at"]) or moment(row["updated_at_iso"]),
        memory_type=_TYPES.get(kind, MemoryType.SEMANTIC),
        status=Status.STALE if row["superseded_by"] else Status.ACTIVE,
        agent=phrase(metadata.get("agent_id")) or None,
    )
