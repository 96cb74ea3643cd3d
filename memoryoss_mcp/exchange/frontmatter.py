# SPDX-License-Identifier: AGPL-3.0-only
"""The block of ``key: value`` lines between two ``---`` at the top of a Markdown file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import yaml  # type: ignore[import-untyped]

FrontMatter = Mapping[str, Any]
"""Texts, and lists and mappings of them: nothing is read as a number, a date or a truth value."""

_KEY = re.compile(r"([A-Za-z_][\w.-]*(?: [\w.-]+)*)[ \t]*:(?:[ \t]+(.*))?")
_ITEM = re.compile(r"[ \t]*-[ \t]+(.*)")
_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_LONGEST: Final = 65_536
"""Characters; a longer block is no front matter, and YAML is slow."""


def split_front_matter(text: str) -> tuple[FrontMatter, int]:
    """The front matter of a text whose lines end in ``\\n``, and the number of lines it takes.

    YAML, or where it is not (``globs: *.ts``) lines of ``key: value``. What is neither is body:
    an empty mapping and 0 lines.
    """
    if not text.startswith("---"):
        return {}, 0
    lines = text[:_LONGEST].split("\n")
    if lines[0].rstrip() != "---":
        return {}, 0
    for number, line in enumerate(lines[1:], 1):
        if line.rstrip() in ("---", "..."):
            front = _read(lines[1:number])
            return ({}, 0) if front is None else (front, number + 1)
    return {}, 0


def text_of(front: FrontMatter, key: str) -> str | None:
    """The value of a key if it is a text that is not blank."""
    value = front.get(key)
    return value.strip() or None if isinstance(value, str) else None


def texts_of(front: FrontMatter, key: str, separator: str = ",") -> tuple[str, ...]:
    """The values of a key: a list, or a text with separators."""
    value = front.get(key)
    parts = value.split(separator) if isinstance(value, str) else value
    if not isinstance(parts, list):
        return ()
    texts = (part.strip() for part in parts if isinstance(part, str))
    return tuple(dict.fromkeys(text for text in texts if text))


def _read(lines: list[str]) -> FrontMatter | None:
    try:
        front = yaml.load("\n".join(lines), Loader=_LOADER)
    except (yaml.YAMLError, RecursionError, ValueError):
        return _read_lines(lines)
    if front is None or front == "":
        return {}
    return front if isinstance(front, dict) else None


def _read_lines(lines: list[str]) -> FrontMatter | None:
    front: dict[str, Any] = {}
    key = None
    for line in lines:
        if not line.strip() or line.startswith("#"):
            continue
        if match := _KEY.fullmatch(line.rstrip()):
            key, value = match[1], (match[2] or "").strip()
            front[key] = _unquoted(value)
        elif key is None:
            return None
        elif match := _ITEM.fullmatch(line):
            items = front[key] if isinstance(front[key], list) else []
            front[key] = [*items, _unquoted(match[1].strip())]
        elif line[0] in " \t" and isinstance(front[key], str):
            front[key] = f"{front[key]} {line.strip()}".strip()
        else:
            return None
    return front


def _unquoted(value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1]
    return value
