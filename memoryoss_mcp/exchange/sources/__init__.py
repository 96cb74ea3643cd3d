# SPDX-License-Identifier: AGPL-3.0-only
"""The foreign memories that can be read, found by kind or by what is in a file."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Final, cast

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
    raise InvalidInputError(
        f"It is not clear what kind of memory {path} is.",
        field="path",
        hint=f"Name it with --from, one of: {', '.join(KINDS)}.",
    )
