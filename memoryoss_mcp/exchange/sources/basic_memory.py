# SPDX-License-Identifier: AGPL-3.0-only
"""``basic-memory``: the notes of basic-memory, whose list items are observations and relations.

Its grammar, as of 0.24: ``- [category] text #tag (context)`` is an observation about the note's
subject, ``- relation_type [[Other note]] (context)`` ties the subject to another one (a type of
several words stands in quotes). A clock time or a task's mark in brackets is no category.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Final

from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.exchange.frontmatter import FrontMatter, split_front_matter, text_of
from memoryoss_mcp.exchange.markdown import Left, Statement, read_markdown, unify_line_ends
from memoryoss_mcp.exchange.record import Found, Skipped
from memoryoss_mcp.exchange.statements import (
    Keys,
    front_tags,
    front_time,
    hashtags,
    section_tags,
    slug_of,
)
from memoryoss_mcp.exchange.textfiles import TextFile, find_files, is_markdown, read_files


class BasicMemory:
    """Observations and relations with their subject before them; prose as it stands."""

    kind = "basic-memory"
    title = "basic-memory"

    def recognises(self, path: Path) -> bool:
        """Whether a note has the permalink that basic-memory gives to each."""
        if not path.exists():
            return False
        for file in find_files(path, is_markdown):
            if isinstance(file, TextFile) and is_markdown(file.name):
                try:
                    front, _ = split_front_matter(unify_line_ends(file.text()))
                except InvalidInputError:
                    continue
                if text_of(front, "permalink") and text_of(front, "title"):
                    return True
        return False

    def count(self, path: Path) -> int:
        """How many records :meth:`read` gives."""
        return sum(1 for _ in self.read(path))

    def read(self, path: Path) -> Iterator[Found | Skipped]:
        """The notes in the order of their paths, each from its top down."""
        for file in read_files(path, is_markdown):
            if isinstance(file, Skipped):
                yield file
            else:
                yield from _note(*file)


_CATEGORY = re.compile(r"\[([^\[\]()]+)\][ \t]+(\S[\s\S]*)")
_ITEM_CATEGORY = re.compile(r"^[ \t]*[-*+][ \t]+\[([^\[\]()]+)\][ \t]+\S", re.MULTILINE)
_CLOCK = re.compile(r"\d{1,3}:\d{2}(?::\d{2})?(?:[.,]\d{1,3})?(?:\s+-\s+[\d:.,]+)?")
_RELATION = re.compile(
    r"""(?:"(?P<double>[^"\n]+)"|'(?P<single>[^'\n]+)'|(?P<bare>[^\s\[\]"']\S*))"""
    r"""[ \t]*(?P<target>\[\[[^\n]+?\]\])[ \t]*(?P<context>\([^\n]*\))?"""
)
_COMMON: Final = frozenset({"observations", "relations"})
"""Headings that every note has and that say nothing of what stands below."""
_OWN_FIELDS: Final = frozenset(
    {"title", "type", "permalink", "tags", "tag", "created", "modified", "updated", "date"}
)
_MAX_RELATION: Final = 1_000
"""Characters; a longer line is prose with a link in it."""
_MAX_VALUE: Final = 64
"""Characters of a field of the front matter that is kept as a tag."""


def _note(file: TextFile, text: str) -> Iterator[Found | Skipped]:
    document = read_markdown(text)
    front = document.front
    subject = text_of(front, "title") or PurePosixPath(file.name).stem
    keys = Keys(text_of(front, "permalink") or file.name)
    pattern = Found(
        content="",
        key="",
        place="",
        tags=(*front_tags(front), f"note:{slug_of(subject)}", *_field_tags(front)),
        created_at=front_time(front, "created", "date"),
        updated_at=front_time(front, "modified", "updated"),
    )
    for part in document.parts:
        place = f"{file.name}:{part.line}"
        if isinstance(part, Left):
            yield Skipped(place, part.reason)
            continue
        content, tags, said = _said(part, subject)
        headings = [name for name in part.headings if name != subject]
        sections = section_tags(name for name in headings if name.lower() not in _COMMON)
        yield replace(
            pattern,
            content=content,
            key=keys.key(part),
            place=place,
            tags=tuple(dict.fromkeys((*pattern.tags, *tags, *sections))),
            said=said,
        )
    if not document.parts:
        yield Skipped(file.name, "nothing is said in it")


def _said(part: Statement, subject: str) -> tuple[str, tuple[str, ...], str | None]:
    """What a statement says of the note's subject, its tags, and its own words, if the subject was
    put before them."""
    text = part.text
    if part.kind not in ("item", "paragraph"):
        return text, (), None
    is_short = part.kind == "item" and len(text) <= _MAX_RELATION
    if is_short and (relation := _RELATION.fullmatch(text)):
        name = relation["double"] or relation["single"] or relation["bare"]
        words = (subject, name, relation["target"], relation["context"])
        return " ".join(word for word in words if word), (f"relation:{slug_of(name)}",), None
    tags = (*_categories(_ITEM_CATEGORY.findall(text)), *hashtags(text))
    observation = _CATEGORY.fullmatch(text)
    if observation is not None and (category := _categories([observation[1]])):
        return f"{subject}: {observation[2]}", (*category, *tags), observation[2]
    return text, tags, None


def _categories(names: list[str]) -> tuple[str, ...]:
    return tuple(
        f"category:{slug_of(name)}"
        for name in map(str.strip, names)
        if slug_of(name) and not _CLOCK.fullmatch(name) and name not in ("x", "X")
    )


def _field_tags(front: FrontMatter) -> Iterator[str]:
    if (kind := text_of(front, "type")) not in (None, "note"):
        yield f"type:{kind}"
    for key in front:
        value = text_of(front, key)
        if key not in _OWN_FIELDS and value is not None and len(value) <= _MAX_VALUE:
            yield f"{key}:{value}"
