# SPDX-License-Identifier: AGPL-3.0-only
"""``agent-files``: what coding agents are told in a project, and what they noted down themselves.

Instructions (CLAUDE.md, AGENTS.md, editor rules) are taken statement by statement, with the files
that a line ``@path`` brings in. A note of Claude Code's memory folder is one memory: its front
matter has a name, a description and a type.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any, Final

from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.exchange.adapters.cursor_rules import is_rules, shape_rules
from memoryoss_mcp.exchange.frontmatter import FrontMatter, split_front_matter, text_of
from memoryoss_mcp.exchange.markdown import read_markdown, unify_line_ends
from memoryoss_mcp.exchange.record import Found, Skipped
from memoryoss_mcp.exchange.statements import front_tags, records, slug_of, without_code
from memoryoss_mcp.exchange.textfiles import TextFile, find_files, is_markdown, read_files
from memoryoss_mcp.model import MemoryType

NAMES: Final = frozenset(
    {"agents.md", "claude.md", "claude.local.md", "gemini.md", "memory.md", ".windsurfrules"}
)
"""Files of instructions, wherever they lie, in lower case."""

MAX_DEPTH: Final = 5
"""How many files deep one may bring in another; Claude Code follows as many."""

WHOLE_NOTE: Final = 4_000
"""Characters up to which a note of the memory folder is one memory."""


class AgentFiles:
    """Everything below a folder that is written for agents, or one such file."""

    kind = "agent-files"
    title = "CLAUDE.md, AGENTS.md, MEMORY.md, editor rules"

    def recognises(self, path: Path) -> bool:
        """Whether a file has the name of one of these, or a folder holds one."""
        if path.is_file():
            return is_instructions(path.name) or _is_note(_front_of(TextFile(path, path.name)))
        if not path.is_dir():
            return False
        return any(
            isinstance(file, TextFile) and self.takes(file)
            for file in find_files(path, lambda name: _is_wanted(path, name))
        )

    @staticmethod
    def takes(file: TextFile) -> bool:
        """Whether a file of a folder is written for agents, or by one."""
        return is_instructions(file.name) or _is_note(_front_of(file))

    def count(self, path: Path) -> int:
        """How many records :meth:`read` gives."""
        return sum(1 for _ in self.read(path))

    def read(self, path: Path) -> Iterator[Found | Skipped]:
        """The files in the order of their names; what one brings in follows the line that does.
        No file is read twice."""
        tree = _Tree(path if path.is_dir() else path.parent)
        for file in read_files(path, lambda name: _is_wanted(path, name)):
            if isinstance(file, Skipped):
                yield file
                continue
            there, text = file
            front, _ = split_front_matter(unify_line_ends(text))
            if path.is_file() or is_instructions(there.name) or _is_note(front):
                yield from tree.read(there, text, 0)


def is_instructions(name: str) -> bool:
    """Whether a file is written for agents, by its name within a folder."""
    name = name.lower()
    folder, _, last = name.rpartition("/")
    if last in NAMES or is_rules(name):
        return True
    if folder.endswith(".github") or not folder:
        return last == "copilot-instructions.md"
    if "/.github/instructions/" in f"/{folder}/":
        return last.endswith(".instructions.md")
    return is_markdown(last) and any(
        f"/{place}/" in f"/{folder}/" for place in (".claude/rules", ".cursor/rules")
    )


class _Tree:
    """The files of one run and what was read of them."""

    def __init__(self, root: Path) -> None:
        self._root = Path(os.path.realpath(root))
        self._seen: set[str] = set()

    def read(self, file: TextFile, text: str, depth: int) -> Iterator[Found | Skipped]:
        real = os.path.realpath(file.path)
        if real in self._seen:
            return
        self._seen.add(real)
        front, _ = split_front_matter(unify_line_ends(text))
        found = _note(file, text) if _is_note(front) else self._instructions(file, text, depth)
        empty = True
        for record in found:
            empty = False
            yield record
        if empty:
            yield Skipped(file.name, "nothing is said in it")

    def _instructions(self, file: TextFile, text: str, depth: int) -> Iterator[Found | Skipped]:
        document = read_markdown(text)
        pattern = _pattern(file, document.front)
        if is_rules(file.name):
            document, pattern = shape_rules(document, pattern)
        last = PurePosixPath(file.name).name.lower()
        brings_in = depth > 0 or last.startswith("claude")
        for record in records(document, file.name, pattern):
            if isinstance(record, Skipped):
                yield record
            elif last == "memory.md" and (link := _POINTER.match(record.content)):
                yield from self._pointed(file, record, link[1], depth)
            elif brings_in and (names := _IMPORT.findall(without_code(record.content))):
                yield from self._imported(file, record, names, depth)
            else:
                yield record

    def _pointed(
        self, file: TextFile, record: Found, name: str, depth: int
    ) -> Iterator[Found | Skipped]:
        """A line of an index: what it points to says the same at length."""
        target = self._inside(file, name)
        if target is None or not target.path.is_file():
            yield record
            return
        yield Skipped(record.place, f"points to {target.name}, which is read itself")
        yield from self._follow(target, record.place, depth)

    def _imported(
        self, file: TextFile, record: Found, names: list[str], depth: int
    ) -> Iterator[Found | Skipped]:
        alone = all(_IMPORT_LINE.fullmatch(line) for line in record.content.split("\n"))
        if not alone:
            yield record
        for name in names:
            name = name.rstrip(".,;:!?)")
            target = self._inside(file, name)
            if target is None:
                if alone or name.startswith(("~", "/", "..")):
                    yield Skipped(record.place, f"@{name} leads out of the folder")
            elif not target.path.is_file():
                if alone:
                    yield Skipped(record.place, f"@{name} is not there")
            elif target.path.suffix.lower() in _TEXTS:
                yield from self._follow(target, record.place, depth)
            elif alone:
                yield Skipped(record.place, f"@{name} is no Markdown")

    def _follow(self, target: TextFile, place: str, depth: int) -> Iterator[Found | Skipped]:
        if depth >= MAX_DEPTH:
            yield Skipped(place, f"{target.name} is more than {MAX_DEPTH} files deep")
            return
        try:
            text = target.text()
        except InvalidInputError as error:
            yield Skipped(target.name, str(error))
            return
        yield from self.read(target, text, depth + 1)

    def _inside(self, file: TextFile, name: str) -> TextFile | None:
        """The file that another one names, if it lies in the tree."""
        path = Path(os.path.realpath(file.path.parent / name))
        if name.startswith("~") or not path.is_relative_to(self._root):
            return None
        return TextFile(path, path.relative_to(self._root).as_posix())


_IMPORT = re.compile(r"(?<!\S)@([\w~./\\-][^\s`]*)")
_IMPORT_LINE = re.compile(r"\s*(?:[-*+]\s+)?@\S+\s*")
_POINTER = re.compile(r"\[[^\]\n]*\]\(<?([^()<>\s]+\.(?:md|markdown))>?\)", re.IGNORECASE)
_TEXTS: Final = ("", ".md", ".markdown", ".mdc", ".txt")


def _is_wanted(path: Path, name: str) -> bool:
    if is_instructions(name):
        return True
    folder = (path / name).parent
    return is_markdown(name) and (
        folder.resolve().name == "memory" or (folder / "MEMORY.md").is_file()
    )


def _front_of(file: TextFile) -> FrontMatter:
    try:
        return split_front_matter(unify_line_ends(file.text()))[0]
    except InvalidInputError:
        return {}


def _is_note(front: FrontMatter) -> bool:
    return bool(text_of(front, "name") and text_of(front, "description") and _type_of(front))


def _type_of(front: FrontMatter) -> str | None:
    details: Any = front.get("metadata")
    return text_of(front, "type") or (
        text_of(details, "type") if isinstance(details, dict) else None
    )


def _pattern(file: TextFile, front: FrontMatter) -> Found:
    rules = is_rules(file.name)
    tags = (f"file:{file.name}", *(("rule",) if rules else ()), *front_tags(front))
    return Found(
        content="",
        key="",
        place="",
        tags=tags,
        memory_type=MemoryType.PROCEDURAL if rules else MemoryType.SEMANTIC,
    )


def _note(file: TextFile, text: str) -> Iterator[Found | Skipped]:
    """A note of the memory folder, with its description above what it says."""
    text = unify_line_ends(text)
    front, first = split_front_matter(text)
    body = "\n".join(text.split("\n")[first:]).strip()
    description = text_of(front, "description") or ""
    kind = _type_of(front) or ""
    pattern = replace(
        _pattern(file, front),
        tags=(
            f"file:{file.name}",
            f"memory:{slug_of(kind)}",
            f"note:{slug_of(text_of(front, 'name') or '')}",
            *front_tags(front),
        ),
        memory_type=MemoryType.PROCEDURAL if kind == "feedback" else MemoryType.SEMANTIC,
    )
    described = description.casefold() in body.casefold()
    if len(body) <= WHOLE_NOTE:
        content = body if described else f"{description}\n\n{body}".strip()
        yield replace(pattern, content=content, key=file.name, place=f"{file.name}:{first + 1}")
        return
    if not described:
        yield replace(pattern, content=description, key=file.name, place=f"{file.name}:1")
    yield from records(read_markdown(text), file.name, pattern)
