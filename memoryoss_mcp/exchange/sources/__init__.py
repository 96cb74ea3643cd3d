# SPDX-License-Identifier: AGPL-3.0-only
"""The foreign memories that can be read, found by kind or by what is in a file."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Final, Protocol, cast

from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.exchange.record import Source

_SOURCES: Final[Mapping[str, tuple[str, str]]] = {
    "mcp-memory-service": ("memory_service", "MemoryService"),
    "claude-mem": ("claude_mem", "ClaudeMem"),
    "mem0": ("mem0", "Mem0"),
    "claude-export": ("claude_export", "ClaudeExport"),
    "chatgpt-export": ("chatgpt_export", "ChatGPTExport"),
    "mcp-memory": ("knowledge_graph", "KnowledgeGraph"),
    "csv": ("csv_file", "CsvFile"),
    "jsonl": ("jsonl", "Jsonl"),
    "basic-memory": ("basic_memory", "BasicMemory"),
    "agent-files": ("agent_files", "AgentFiles"),
    "markdown": ("markdown_folder", "MarkdownFolder"),
}
"""Module and class of each kind, the most particular first: the order in which they are tried."""

KINDS: Final = tuple(sorted(_SOURCES))
"""What ``--from`` may be."""

MAPPED: Final = ("csv", "jsonl")
"""The kinds whose columns can be named."""


class Table(Source, Protocol):
    """A source of :data:`MAPPED`."""

    def refusal(self, path: Path) -> InvalidInputError | None:
        """Why a file that seems to be of the kind cannot be read as it is, with the columns that it
        has; ``None`` for other files."""


def find_source(kind: str, columns: Mapping[str, str] | None = None) -> Source:
    """The source of a kind. ``columns`` tells which column a field is in, for :data:`MAPPED`.

    Raises:
        InvalidInputError: there is no such kind, or it has no columns.
    """
    wanted = kind.strip().lower().replace("_", "-")
    if wanted not in _SOURCES:
        raise InvalidInputError(
            f"{kind[:40]!r} is not a kind of memory that can be read.",
            field="from",
            hint=f"Use one of: {', '.join(KINDS)}.",
        )
    module, name = _SOURCES[wanted]
    # Start-up time: some read databases, others need a Markdown parser.
    made = getattr(import_module(f"{__name__}.{module}"), name)
    if not columns:
        return cast("Source", made())
    if wanted not in MAPPED:
        raise InvalidInputError(
            f"{wanted} has no columns to name.",
            field="map",
            hint=f"Leave --map out; it is for {' and '.join(MAPPED)}.",
        )
    return cast("Source", made(columns))


def detect(path: Path, columns: Mapping[str, str] | None = None) -> Source:
    """The source that a file or folder is of, by what is in it.

    Raises:
        InvalidInputError: there is no such path, or it is of no kind that is known.
    """
    if not path.exists():
        raise InvalidInputError(f"There is no {path}.", field="path")
    for kind in _SOURCES:
        source = find_source(kind, columns if kind in MAPPED else None)
        if source.recognises(path):
            return source
    for kind in MAPPED:
        refusal = cast("Table", find_source(kind, columns)).refusal(path)
        if refusal is not None:
            raise refusal
    raise InvalidInputError(
        f"It is not clear what kind of memory {path} is.",
        field="path",
        hint=f"Name it with --from, one of: {', '.join(KINDS)}.",
    )


def beside(path: Path, chosen: Source) -> tuple[Source, ...]:
    """The kinds that a folder holds beside the one that was detected there. Markdown is none of its
    own where all of it is read as another kind."""
    if not path.is_dir():
        return ()
    kinds = list(_SOURCES)
    following = kinds[kinds.index(chosen.kind) + 1 :]
    found = {kind: source for kind in following if (source := find_source(kind)).recognises(path)}
    read = {chosen.kind, *found}
    if "basic-memory" in read or ("agent-files" in read and not _has_other_notes(path)):
        found.pop("markdown", None)
    return tuple(found.values())


def _has_other_notes(path: Path) -> bool:
    # Start-up time: they need a Markdown parser.
    from memoryoss_mcp.exchange.sources.agent_files import AgentFiles
    from memoryoss_mcp.exchange.textfiles import TextFile, find_files, is_markdown

    return any(
        isinstance(file, TextFile) and not AgentFiles.takes(file)
        for file in find_files(path, is_markdown)
    )
