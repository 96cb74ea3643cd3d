# SPDX-License-Identifier: AGPL-3.0-only
"""Markdown artifacts: what is ours in them keeps its id, the rest is taken by statements."""

from __future__ import annotations

import sys
from bisect import bisect
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID

from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.exchange.adapters.items import REMARK, Item, render_item, split_items
from memoryoss_mcp.exchange.markdown import HEADING_ALONE, Document, Left, Statement, read_markdown
from memoryoss_mcp.exchange.record import Found, Skipped
from memoryoss_mcp.exchange.statements import Keys, records
from memoryoss_mcp.exchange.textfiles import read_files
from memoryoss_mcp.model import Limits, Memory

Shape = Callable[[Document, Found], tuple[Document, Found]]
"""Fits a document, and the pattern of its records, to a kind of artifact."""


def read_artifact(
    path: Path, wanted: Callable[[str], bool], pattern: Found, shape: Shape, limit: int | None
) -> Iterator[Found | Skipped]:
    """The records of a file, or of the wanted files of a folder.

    Raises:
        InvalidInputError: there is nothing of the kind, or a file that was named cannot be read.
    """
    return limited(_read(path, wanted, pattern, shape), limit)


def parse_artifact(text: str, name: str, pattern: Found, shape: Shape) -> Iterator[Found | Skipped]:
    """The records of a text in the order of its lines. The first of two items with
    one id has it."""
    items, rest = split_items(text)
    document, pattern_here = shape(read_markdown(rest), pattern)
    document = _without_headings_of(items, document)
    lines = (part.line for part in document.parts)
    others = zip(lines, records(document, name, pattern_here), strict=True)
    ordered = sorted([*_from_items(items, name, pattern), *others], key=lambda pair: pair[0])
    yield from (record for _, record in ordered)


def render_artifact(
    memories: Iterable[Memory], namespace: str, kind: str, head: str, title: str
) -> str:
    """The artifact with all memories, oldest first.

    Raises:
        InvalidInputError: there are no memories.
    """
    ordered = sorted(memories, key=lambda memory: (memory.created_at, memory.id))
    if not ordered:
        raise InvalidInputError(
            f"There is nothing to export from the namespace {namespace!r}.", field="namespace"
        )
    remark = (
        f"{REMARK} kind={kind} namespace={namespace} count={len(ordered)}: written by memoryOSS. "
        "Change the words of an item as you like: new words wait for review beside the old. -->"
    )
    return "\n\n".join([f"{head}# {title}", remark, *map(render_item, ordered)]) + "\n"


def limited(found: Iterable[Found | Skipped], limit: int | None) -> Iterator[Found | Skipped]:
    """The records up to ``limit`` memories; how many more there are is reported at the end."""
    taken = more = 0
    last = ""
    for record in found:
        if limit is None or taken < limit or (isinstance(record, Skipped) and not more):
            taken += isinstance(record, Found)
            yield record
        else:
            last = last or record.place
            more += isinstance(record, Found)
    if more:
        records = "1 record from here on is" if more == 1 else f"{more:,} records from here on are"
        yield Skipped(last, f"{records} above the limit of {limit:,}")


def _read(
    path: Path, wanted: Callable[[str], bool], pattern: Found, shape: Shape
) -> Iterator[Found | Skipped]:
    for file in read_files(path, wanted):
        if isinstance(file, Skipped):
            yield file
        else:
            yield from parse_artifact(file[1], file[0].name, pattern, shape)


def _from_items(
    items: Iterable[Item], name: str, pattern: Found
) -> Iterator[tuple[int, Found | Skipped]]:
    limit = Limits().max_content_bytes
    seen: dict[UUID, Item] = {}
    copies = Keys(f"{name}:copy")
    for item in items:
        place = f"{name}:{item.line}"
        first = seen.setdefault(item.id, item)
        if item.text is None:
            reason = f"no words below the comment of {item.id}; that memory stays as it is"
            yield item.line, Skipped(place, reason)
        elif (size := len(item.text.encode("utf-8", "surrogatepass"))) > limit:
            reason = f"{size:,} bytes in one item; a memory has at most {limit:,}"
            yield item.line, Skipped(place, reason)
        elif first is not item and first.text == item.text:
            yield item.line, Skipped(place, f"the same item as in line {first.line}")
        else:
            again = first is not item
            yield (
                item.line,
                replace(
                    pattern,
                    content=item.text,
                    key=copies.key(Statement(item.text, item.line)) if again else str(item.id),
                    place=place,
                    tags=item.tags,
                    status=item.status or pattern.status,
                    memory_type=item.memory_type or pattern.memory_type,
                    id=None if again else item.id,
                ),
            )


def _without_headings_of(items: Iterable[Item], document: Document) -> Document:
    """The document without the headings that only items of ours stand below."""
    lines = sorted(item.line for item in items)
    kept: list[Statement | Left] = []
    after = sys.maxsize
    for part in reversed(document.parts):
        if not (isinstance(part, Left) and part.reason == HEADING_ALONE):
            after = part.line
        elif bisect(lines, part.line) < bisect(lines, after):
            continue
        kept.append(part)
    return Document(document.front, tuple(reversed(kept)))
