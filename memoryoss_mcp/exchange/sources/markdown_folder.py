# SPDX-License-Identifier: AGPL-3.0-only
"""``markdown``: a Markdown file, or a folder of notes as Obsidian and its like keep them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath

from memoryoss_mcp.exchange.frontmatter import text_of
from memoryoss_mcp.exchange.markdown import read_markdown
from memoryoss_mcp.exchange.record import Found, Skipped
from memoryoss_mcp.exchange.statements import front_tags, front_time, hashtags, records, slug_of
from memoryoss_mcp.exchange.textfiles import TextFile, find_files, is_markdown, read_files


class MarkdownFolder:
    """Each statement of each note, with the tags of the note, its name and its headings."""

    kind = "markdown"
    title = "Markdown notes"

    def recognises(self, path: Path) -> bool:
        """Whether it is a Markdown file, or a folder with one somewhere below it."""
        if path.is_dir():
            return any(isinstance(file, TextFile) for file in find_files(path, is_markdown))
        return path.is_file() and is_markdown(path.name)

    def count(self, path: Path) -> int:
        """How many records :meth:`read` gives."""
        return sum(1 for _ in self.read(path))

    def read(self, path: Path) -> Iterator[Found | Skipped]:
        """The statements file by file, in the order of their names."""
        for file in read_files(path, is_markdown):
            if isinstance(file, Skipped):
                yield file
            else:
                yield from _note(*file)


def _note(file: TextFile, text: str) -> Iterator[Found | Skipped]:
    document = read_markdown(text)
    front = document.front
    name = slug_of(text_of(front, "title") or PurePosixPath(file.name).stem)
    pattern = Found(
        content="",
        key="",
        place="",
        tags=(*front_tags(front), *([f"note:{name}"] if name else [])),
        created_at=front_time(front, "created", "date"),
        updated_at=front_time(front, "updated", "modified"),
    )
    empty = True
    for record in records(document, file.name, pattern):
        empty = False
        if isinstance(record, Found):
            tags = dict.fromkeys((*record.tags, *hashtags(record.content)))
            record = replace(record, tags=tuple(tags))
        yield record
    if empty:
        yield Skipped(file.name, "nothing is said in it")
