# SPDX-License-Identifier: AGPL-3.0-only
"""Lines of JSON as drafts of memories: strict about names and types, exact about what is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from memoryoss_mcp.cli.parser import choice
from memoryoss_mcp.cli.streams import decode
from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.model import Draft, MemoryType, Origin, Status, parse_id, parse_time


def read_draft(line: bytes, defaults: Draft) -> Draft:
    """The memory that one line describes; what it leaves out is taken from ``defaults``.

    Raises:
        InvalidInputError: not UTF-8, not a JSON object, an unknown key, a value of a wrong type.
    """
    text = decode(line, "line", "The line")
    try:
        record = json.loads(text, object_pairs_hook=_unique)
    except (json.JSONDecodeError, RecursionError) as error:
        reason = getattr(error, "msg", "nested too deeply")
        raise InvalidInputError(f"Not JSON: {reason}.", field="line") from None
    if not isinstance(record, dict):
        raise InvalidInputError("A line is a JSON object.", field="line")
    values: dict[str, Any] = {}
    for key, value in record.items():
        if key not in _READERS:
            raise InvalidInputError(
                f"Unknown key {key[:40]!r}.", field="line", hint=f"Known: {', '.join(_READERS)}."
            )
        if value is not None:
            values[key] = _READERS[key](key, value)
    if "content" not in values:
        raise InvalidInputError("There is no 'content'.", field="content")
    return replace(defaults, **values)


def _unique(pairs: list[tuple[str, Any]]) -> Mapping[str, Any]:
    record = dict(pairs)
    if len(record) != len(pairs):
        raise InvalidInputError("A key is there twice.", field="line")
    return record


def _text(key: str, value: Any) -> str:
    if not isinstance(value, str):
        raise InvalidInputError(f"{key} is not a text.", field=key)
    return value


def _tags(key: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(tag, str) for tag in value):
        raise InvalidInputError(f"{key} is not a list of texts.", field=key)
    return tuple(value)


def _count(key: str, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**31:
        raise InvalidInputError(f"{key} is not a whole number from 0 on.", field=key)
    return value


def _share(key: str, value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise InvalidInputError(f"{key} is not a number.", field=key)
    return float(value)


_READERS: Final[Mapping[str, Callable[[str, Any], Any]]] = {
    "content": _text,
    "tags": _tags,
    "agent": _text,
    "session": _text,
    "memory_type": lambda key, value: choice(MemoryType, key)(_text(key, value)),
    "origin": lambda key, value: choice(Origin, key)(_text(key, value)),
    "created_at": lambda key, value: parse_time(_text(key, value), field=key),
    "namespace": _text,
    "source_key": _text,
    "status": lambda key, value: choice(Status, key)(_text(key, value)),
    "confidence": _share,
    "evidence_count": _count,
    "id": lambda key, value: parse_id(_text(key, value)),
}
