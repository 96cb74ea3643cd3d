# SPDX-License-Identifier: AGPL-3.0-only
"""The knowledge graph of the official MCP memory server: a file with an entity or a relation on
each line, as JSON. Every observation and every relation becomes one memory; the graph knows no
times."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final

from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.exchange.record import Found, Skipped
from memoryoss_mcp.exchange.values import document, phrase

FILES: Final = ("memory.jsonl", "memory.json")
"""Names that the server gives its file: now, and before it was renamed."""

_LOOKED_AT: Final = 20
"""Lines that are read to tell what a file is; the first ones may be damaged."""


class KnowledgeGraph:
    """Reads the file, or the folder that holds it.

    The content of an observation is its text, with the name of its entity before it where the text
    does not have it; that of a relation is a sentence of its three parts.
    """

    kind = "mcp-memory"
    title = "MCP memory server (knowledge graph)"

    def recognises(self, path: Path) -> bool:
        """Whether one of the first lines is an entity or a relation."""
        try:
            return any(map(_is_graph, islice(_lines(path), _LOOKED_AT)))
        except InvalidInputError:
            return False

    def count(self, path: Path) -> int:
        """Observations, relations and what is skipped."""
        return sum(1 for _ in self.read(path))

    def read(self, path: Path) -> Iterator[Found | Skipped]:
        """In the order of the file. What says the same about the same a second time is skipped."""
        lines = _lines(path)
        first = list(islice(lines, _LOOKED_AT))
        if first and not any(map(_is_graph, first)):
            raise InvalidInputError(f"{path} holds no knowledge graph.", field="path")
        seen: set[bytes] = set()
        for number, item in chain(first, lines):
            for record in _records(f"line {number}", item):
                if isinstance(record, Found):
                    key = record.key.encode()
                    if key in seen:
                        record = Skipped(record.place, "is in the file already, further up")
                    seen.add(key)
                yield record


def _lines(path: Path) -> Iterator[tuple[int, Any]]:
    """The lines that are not blank, each with its number and its value, ``None`` if it has none."""
    file = path
    if path.is_dir():
        names = (path / name for name in FILES)
        file = next((name for name in names if name.is_file()), path / FILES[0])
    try:
        with file.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                if text := line.removeprefix(b"\xef\xbb\xbf").strip():
                    yield number, document(text)
    except FileNotFoundError as error:
        raise InvalidInputError(f"There is no file {file}.", field="path") from error
    except OSError as error:
        raise InvalidInputError(
            f"{file} cannot be read ({error.strerror or error}).", field="path"
        ) from error


def _is_graph(line: tuple[int, Any]) -> bool:
    return _is_entity(line[1]) or _is_relation(line[1])


def _records(place: str, item: Any) -> Iterator[Found | Skipped]:
    if _is_relation(item):
        yield _relation(place, item)
    elif not _is_entity(item):
        damaged = not isinstance(item, dict)
        yield Skipped(place, "is not a JSON object" if damaged else "is no entity or relation")
    elif not item["observations"]:
        yield Skipped(place, "is an entity without observations")
    else:
        for number, text in enumerate(item["observations"], 1):
            yield _observation(f"{place}, observation {number}", item, text)


def _is_entity(item: Any) -> bool:
    return (
        isinstance(item, dict)
        and item.get("type") == "entity"
        and bool(phrase(item.get("name")))
        and isinstance(item.get("observations"), list)
    )


def _is_relation(item: Any) -> bool:
    return (
        isinstance(item, dict)
        and item.get("type") == "relation"
        and all(phrase(item.get(part)) for part in ("from", "to", "relationType"))
    )


def _observation(place: str, entity: dict[str, Any], text: object) -> Found | Skipped:
    if not (said := phrase(text)):
        return Skipped(place, "is an observation without text")
    name = phrase(entity["name"])
    named = _names(said, name)
    return Found(
        content=said if named else f"{name}: {said}",
        key=_key("observation", name, said),
        place=place,
        tags=tuple(filter(None, (phrase(entity.get("entityType")), name))),
        said=None if named else said,
    )


def _relation(place: str, item: dict[str, Any]) -> Found:
    source, target, kind = (phrase(item[part]) for part in ("from", "to", "relationType"))
    return Found(
        content=f"{source} {_spoken(kind)} {target}.",
        key=_key("relation", source, kind, target),
        place=place,
        tags=(kind, source, target),
    )


def _names(text: str, name: str) -> bool:
    """Whether a text has a name as words of their own, also with spaces for its underscores."""
    forms = "|".join(re.escape(form) for form in {name, name.replace("_", " ")})
    return re.search(rf"(?<!\w)(?:{forms})(?!\w)", text, re.IGNORECASE) is not None


def _spoken(kind: str) -> str:
    """The words of an identifier (``worksAt``, ``WORKS_AT``, ``works-at``); a phrase stays."""
    if any(char.isspace() for char in kind):
        return kind
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", kind)
    return " ".join(re.split(r"[\s_-]+", words)).strip().lower() or kind


def _key(sort: str, *parts: str) -> str:
    """A key that stays when lines and observations are added or removed around it."""
    return f"{sort}:{hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]}"
