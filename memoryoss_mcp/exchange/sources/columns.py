# SPDX-License-Identifier: AGPL-3.0-only
"""Records of named values, as people and programs write them: which name means what."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.exchange import values
from memoryoss_mcp.exchange.record import Found, Skipped
from memoryoss_mcp.model import MemoryType, Status, from_datetime, parse_id
from memoryoss_mcp.model.clock import MAX_TIMESTAMP

NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "content": (
        "content", "text", "memory", "note", "fact", "statement", "body", "observation", "value",
        "message", "summary", "description", "inhalt", "notiz", "contenu", "contenido",
        "contenuto", "conteudo",
    ),
    "tags": ("tags", "tag", "labels", "label", "categories", "category", "topics", "keywords"),
    "created_at": (
        "created_at", "created", "create_time", "created_time", "creation_date", "timestamp",
        "datetime", "date", "time", "added_at", "datum",
    ),
    "updated_at": ("updated_at", "updated", "update_time", "modified", "modified_at"),
    "id": ("id", "uuid", "memory_id", "key", "hash", "content_hash"),
    "memory_type": ("memory_type", "type", "kind"),
    "agent": ("agent", "agent_id", "author", "user"),
    "session": ("session", "session_id", "conversation_id", "thread_id", "run_id"),
    "status": ("status", "state"),
}  # fmt: skip
"""The names that are known for each field, the likest first. Case, blanks, hyphens and underscores
do not matter."""

LONGEST_TYPE: Final = 40
"""Characters of the name of a foreign type, which becomes a tag."""


LONGEST_LIST: Final = 200
"""Characters of the names of columns that a message shows."""


@dataclass(frozen=True, slots=True)
class Columns:
    """``mapping`` names the column of a field where it is none of :data:`NAMES`.

    Raises:
        InvalidInputError: the mapping names an unknown field.
    """

    mapping: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check the names of the fields."""
        for name in self.mapping:
            if name not in NAMES:
                raise InvalidInputError(
                    f"{name[:40]!r} is not a field.",
                    field="map",
                    hint=f"Map one of {', '.join(NAMES)}, as in content=body.",
                )

    def refusal(
        self, table: str, names: Iterable[str], *, complete: bool = True
    ) -> InvalidInputError | None:
        """Why columns of some names cannot be read: one that was mapped is not among them, or none
        is known to be that of the content. ``None`` if they can. Where the names are not
        ``complete``, only the content has to be there."""
        known = {_plain(name): name for name in names if name.strip()}
        columns = ", ".join(known.values())[:LONGEST_LIST] or "none"
        for wanted, column in self.mapping.items():
            if _plain(column) not in known and (complete or wanted == "content"):
                return InvalidInputError(
                    f"{table} has no column {column[:40]!r}. Its columns: {columns}.",
                    field="map",
                    hint=f"Name one of these with --map {wanted}=COLUMN.",
                )
        if self._name("content", known) is None:
            return InvalidInputError(
                f"{table} has no column that is known to hold the content. Its columns: {columns}.",
                field="path",
                hint="Name the one that does with --map content=COLUMN.",
            )
        return None

    def read(self, record: Mapping[str, Any], place: str) -> Found | Skipped:
        """The memory that a record describes."""
        described = described_in(record)
        return self._read(described, place, own=described is not record)

    def _read(self, record: Mapping[str, Any], place: str, *, own: bool) -> Found | Skipped:
        names = {_plain(name): name for name in record if isinstance(name, str)}

        def get(wanted: str) -> Any:
            name = self._name(wanted, names)
            return None if name is None else record[name]

        content = get("content")
        if isinstance(content, Mapping):
            content = content.get("text") or content.get("content")
        if content is None or content == "":
            return Skipped(place, "no content")
        if not isinstance(content, str):
            return Skipped(place, "the content is not a text")
        if not content.strip():
            return Skipped(place, "no content")
        identity = _label(get("id"))
        memory_type, more = _memory_type(get("memory_type"))
        return Found(
            content=content,
            key=identity or hashlib.sha256(content.encode("utf-8", "replace")).hexdigest(),
            place=place,
            tags=tuple(dict.fromkeys((*tags(get("tags")), *more))),
            created_at=moment(get("created_at")),
            updated_at=moment(get("updated_at")),
            memory_type=memory_type,
            status=_status(get("status")),
            agent=_label(get("agent")),
            session=_label(get("session")),
            id=parse_id(identity) if own and identity and _UUID.fullmatch(identity) else None,
        )

    def _name(self, wanted: str, names: Mapping[str, str]) -> str | None:
        """The name that a record has for a field."""
        mapped = self.mapping.get(wanted)
        if mapped is not None:
            return names.get(_plain(mapped))
        return next((names[plain] for plain in _PLAIN[wanted] if plain in names), None)


def described_in(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """The part of a record that describes a memory: all of it, but for lines of our own export."""
    ours = record.get("memory")
    return ours if isinstance(ours, Mapping) and isinstance(ours.get("content"), str) else record


def moment(value: Any) -> int | None:
    """A time as it is commonly written: Unix seconds down to nanoseconds, ISO 8601, RFC 2822;
    ``None`` for what is none."""
    found = values.moment(value)
    if found is not None or not isinstance(value, str):
        return found
    text = value.strip().removesuffix(" UTC").replace("/", "-")
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            timestamp = from_datetime(read(text))
        except (ValueError, TypeError, OverflowError):
            continue
        return timestamp if abs(timestamp) <= MAX_TIMESTAMP else None
    return None


def tags(value: Any) -> tuple[str, ...]:
    """Tags: a list, a JSON list as text, or words between commas, semicolons or bars."""
    if isinstance(value, str):
        text = value.strip()
        if text.startswith("["):
            try:
                return tags(json.loads(text))
            except (json.JSONDecodeError, RecursionError):
                text = text.strip("[]")
        value = re.split(r"[,;|\n]", text)
    if isinstance(value, Mapping):
        value = list(value)
    if not isinstance(value, list | tuple):
        return ()
    words = (str(tag).strip().strip("'\"").lstrip("#") for tag in value if _is_plain(tag))
    return tuple(dict.fromkeys(word for word in words if word))


_UUID: Final = re.compile(r"(?i)[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]+", "", name.strip().lower())


_PLAIN: Final = {name: tuple(map(_plain, names)) for name, names in NAMES.items()}


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def _label(value: Any) -> str | None:
    text = str(value).strip() if _is_plain(value) else ""
    return text or None


def _memory_type(value: Any) -> tuple[MemoryType, tuple[str, ...]]:
    """The type, and the name of a foreign one as a tag."""
    name = (_label(value) or "").lower()
    if name in set(MemoryType):
        return MemoryType(name), ()
    return MemoryType.SEMANTIC, (name,) if 0 < len(name) <= LONGEST_TYPE else ()


def _status(value: Any) -> Status:
    name = (_label(value) or "").lower()
    return Status(name) if name in set(Status) else Status.ACTIVE
