# SPDX-License-Identifier: AGPL-3.0-only
"""The statements of a document as records: keys that stay, places, headings as tags."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.exchange.frontmatter import FrontMatter, text_of, texts_of
from memoryoss_mcp.exchange.markdown import Document, Left, Statement
from memoryoss_mcp.exchange.record import Found, Skipped
from memoryoss_mcp.model import parse_time

MAX_SLUG: Final = 200
"""Bytes of a tag that is made of somebody's words."""

_DIGITS: Final = 16
_CODE = re.compile(r"(`{3,}|~{3,})[\s\S]*?(?:\1|\Z)|`[^`\n]*`")
_HASHTAG = re.compile(r"(?:(?<=\s)|(?<=\()|^)#(?=[\w/-]*[^\W\d])([\w/-]+)", re.MULTILINE)
_OTHERS = re.compile(r"[\W_]+")


def records(
    document: Document, name: str, pattern: Found, *, sections: bool = True
) -> Iterator[Found | Skipped]:
    """The parts of a document in their order, each like ``pattern`` but for content, key, place and
    the tags of its headings. ``name`` is that of the file within its source."""
    keys = Keys(name)
    title = title_of(document)
    for part in document.parts:
        place = f"{name}:{part.line}"
        if isinstance(part, Left):
            yield Skipped(place, part.reason)
            continue
        below = part.headings[1:] if title is not None else part.headings
        tags = section_tags(below) if sections else ()
        yield replace(
            pattern,
            content=part.text,
            key=keys.key(part),
            place=place,
            tags=tuple(dict.fromkeys((*pattern.tags, *tags))),
        )


class Keys:
    """The keys of the records of one file: they stay while its path, the headings above a statement
    and its text do, wherever it moves within the file."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._given: Counter[str] = Counter()

    def key(self, statement: Statement) -> str:
        """The key of a statement; the same one a second time has another key."""
        said = "\0".join((*statement.headings, statement.text))
        digest = hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]
        self._given[digest] += 1
        number = self._given[digest]
        return f"{self._name}#{digest}" + (f"-{number}" if number > 1 else "")


def title_of(document: Document) -> str | None:
    """The heading above everything that the document says, if there is one."""
    tops = {statement.headings[:1] for statement in document.statements}
    return next(iter(top[0] for top in tops if top), None) if len(tops) == 1 else None


def section_tags(headings: Iterable[str]) -> tuple[str, ...]:
    """A tag for each heading."""
    return tuple(f"section:{slug}" for slug in map(slug_of, headings) if slug)


def slug_of(text: str) -> str:
    """Lower-case letters and digits of any script, each run of others as one ``-``."""
    slug = _OTHERS.sub("-", text.lower()).encode("utf-8", "ignore")[:MAX_SLUG]
    return slug.decode("utf-8", "ignore").strip("-")


def hashtags(text: str) -> tuple[str, ...]:
    """The words with ``#`` before them, outside code, without it."""
    return tuple(dict.fromkeys(_HASHTAG.findall(without_code(text))))


def without_code(text: str) -> str:
    """The text with a blank for each code span and block in it."""
    return _CODE.sub(" ", text)


def front_tags(front: FrontMatter) -> tuple[str, ...]:
    """The tags that a front matter gives, without ``#``."""
    tags = (tag.lstrip("#").strip() for key in ("tags", "tag") for tag in texts_of(front, key))
    return tuple(dict.fromkeys(tag for tag in tags if tag))


def front_time(front: FrontMatter, *keys: str) -> int | None:
    """The first of some fields that is a time, in nanoseconds since the epoch."""
    for key in keys:
        if (text := text_of(front, key)) is not None:
            try:
                return parse_time(text, field=key)
            except InvalidInputError:
                continue
    return None
