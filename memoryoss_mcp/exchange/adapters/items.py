# SPDX-License-Identifier: AGPL-3.0-only
"""Memories as list items that keep who they are: a comment above each holds id, status, type, tags.

The words stand below the comment, so that a person can change them and the item stays the same
memory. Words that a list item cannot show exactly (blanks at the end of a line, control characters)
are in the comment too, and count as long as the item shows the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from uuid import UUID

from memoryoss_mcp.errors import InvalidIdError
from memoryoss_mcp.exchange.markdown import unify_line_ends
from memoryoss_mcp.model import Memory, MemoryType, Status, parse_id

REMARK: Final = "<!-- memoryoss export"
"""Begins a comment of ours that is about the file as a whole."""


@dataclass(frozen=True, slots=True)
class Item:
    """A list item below a comment of ours; without ``text`` if somebody has deleted that. What the
    comment does not say is ``None``."""

    line: int
    id: UUID
    text: str | None
    tags: tuple[str, ...] = ()
    status: Status | None = None
    memory_type: MemoryType | None = None


def render_item(memory: Memory) -> str:
    """A memory as a comment and a list item, without a line end after it."""
    attributes = [
        f"id={memory.id}",
        f"status={memory.status.value}",
        f"type={memory.memory_type.value}",
    ]
    if memory.tags:
        attributes.append(f"tags={_json(list(memory.tags))}")
    shown = _shown(memory.content)
    if _tidy(shown) != memory.content:
        attributes.append(f"text={_json(memory.content)}")
    first, *others = shown.split("\n")
    lines = [f"- {first}", *(f"  {line}" if line else "" for line in others)]
    return "\n".join([f"<!-- memoryoss {' '.join(attributes)} -->", *lines])


def split_items(text: str) -> tuple[list[Item], str]:
    """The items of ours in a text, and the text with blank lines in their place. A comment that
    cannot be read is taken away, and its item stays in the text like any other."""
    lines = unify_line_ends(text).split("\n")
    items: list[Item] = []
    number = 0
    fence: str | None = None
    while number < len(lines):
        line = lines[number]
        if fence is not None or (match := _MARK.fullmatch(line)) is None:
            fence = _fence(line, fence)
            number += 1
            continue
        lines[number] = ""
        attributes = {} if line.startswith(REMARK) else _attributes(match[1])
        start, end = number + 1, number + 1
        if (memory_id := _id(attributes.get("id"))) is not None:
            start, end = _extent(lines, number + 1)
            items.append(_item(number + 1, memory_id, attributes, lines[start:end]))
            lines[start:end] = [""] * (end - start)
        number = end
    return items, "\n".join(lines)


_Kind = TypeVar("_Kind", Status, MemoryType)

_MARK = re.compile(r"<!-- memoryoss (.*) -->[ \t]*")
_ATTRIBUTE = re.compile(r"\s*([a-z]+)=")
_BARE = re.compile(r"\S+")
_BULLET = re.compile(r"[-*+](?: |\t|$)")
_BLOCK = re.compile(r"#{1,6}\s|[-*+]\s|\d{1,9}[.)]\s|```|~~~|[<>|]|(?:-{3,}|={3,})\s*$")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")
_UNSHOWN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
"""Characters that end lines or turn their direction for some programs, or are no text."""
_TO_ESCAPE = re.compile("[<>\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


def _json(value: object) -> str:
    """JSON that can stand in a comment: neither its end nor anything unseen is in it."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    text = _TO_ESCAPE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
    return text.replace("--", "-\\u002d")


def _shown(content: str) -> str:
    return _UNSHOWN.sub("\N{REPLACEMENT CHARACTER}", content)


def _tidy(text: str) -> str:
    """What is left of a text when editors have taken away the blanks that nobody sees."""
    return "\n".join(line.rstrip() for line in text.split("\n")).strip("\n")


def _fence(line: str, fence: str | None) -> str | None:
    """The code fence that is open after a line."""
    match = _FENCE.fullmatch(line)
    if match is None:
        return fence
    if fence is None:
        return None if match[1][0] == "`" and "`" in match[2] else match[1]
    return None if match[1].startswith(fence) and not match[2].strip() else fence


def _attributes(text: str) -> Mapping[str, Any]:
    """The values of a comment; empty if any of it cannot be read."""
    values: dict[str, Any] = {}
    decoder = json.JSONDecoder()
    position = 0
    while match := _ATTRIBUTE.match(text, position):
        position = match.end()
        if text[position : position + 1] in ('"', "["):
            try:
                values[match[1]], position = decoder.raw_decode(text, position)
            except (json.JSONDecodeError, RecursionError):
                return {}
        elif bare := _BARE.match(text, position):
            values[match[1]], position = bare[0], bare.end()
    return {} if text[position:].strip() else values


def _id(value: object) -> UUID | None:
    try:
        return parse_id(value) if isinstance(value, str) else None
    except InvalidIdError:
        return None


def _item(line: int, memory_id: UUID, attributes: Mapping[str, Any], body: list[str]) -> Item:
    text: str | None = _text(body)
    exact = attributes.get("text")
    if isinstance(exact, str) and _tidy(_shown(exact)) == text:
        text = exact
    tags = attributes.get("tags")
    return Item(
        line,
        memory_id,
        text or None,
        tuple(tag for tag in tags if isinstance(tag, str)) if isinstance(tags, list) else (),
        _member(Status, attributes.get("status")),
        _member(MemoryType, attributes.get("type")),
    )


def _member(kind: type[_Kind], value: object) -> _Kind | None:
    return next((member for member in kind if member.value == value), None)


def _text(body: list[str]) -> str:
    if not body:
        return ""
    if not _BULLET.match(body[0]):
        return _tidy("\n".join(body))
    lines = [body[0][2:], *(_outdented(line) for line in body[1:])]
    return _tidy("\n".join(lines))


def _outdented(line: str) -> str:
    if line.startswith("\t"):
        return line[1:]
    return line[2:] if line.startswith("  ") else line.lstrip(" ")


def _extent(lines: list[str], start: int) -> tuple[int, int]:
    """Where the item below a comment begins and ends."""
    while start < len(lines) and not lines[start].strip():
        start += 1
    if start == len(lines) or _MARK.fullmatch(lines[start]):
        return start, start
    is_item = _BULLET.match(lines[start]) is not None
    if not is_item and _BLOCK.match(lines[start]):
        return start, start
    end = start + 1
    while end < len(lines) and _goes_on(lines[end], lines[end - 1], is_item):
        end += 1
    while end > start + 1 and not lines[end - 1].strip():
        end -= 1
    return start, end


def _goes_on(line: str, before: str, is_item: bool) -> bool:
    if not line.strip():
        return is_item
    if is_item and line.startswith(("  ", "\t")):
        return True
    return bool(before.strip()) and not _BLOCK.match(line)
