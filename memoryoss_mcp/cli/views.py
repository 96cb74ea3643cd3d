# SPDX-License-Identifier: AGPL-3.0-only
"""How memories are told to people: one line, one paragraph, or the whole record."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from memoryoss_mcp.cli.documents import memory_document
from memoryoss_mcp.cli.streams import one_line
from memoryoss_mcp.model import EmbeddingState, Memory, Origin, Status, to_datetime

if TYPE_CHECKING:
    from memoryoss_mcp.cli.console import Cell, Console
    from memoryoss_mcp.model.trust import Trust
    from memoryoss_mcp.namespaces import NamespaceChoice

_SOURCES = {
    "argument": "as asked",
    "configuration": "from the configuration",
    "project": "of this project",
    "default": "no project here",
    "document": "that of the document",
}


def brief_time(timestamp: int) -> str:
    """Date and time in UTC to the minute; today only the time."""
    moment = to_datetime(timestamp)
    if moment.date() == datetime.now(UTC).date():
        return f"today {moment:%H:%M}Z"
    return f"{moment:%Y-%m-%d %H:%M}Z"


def preview(text: str, size: int = 100) -> str:
    """The beginning of a text on one line, safe to print."""
    line = one_line(text)
    return line if len(line) <= size else line[: size - 1].rstrip() + "…"


def particulars(memory: Memory) -> str:
    """What is worth knowing of a memory beside its content, in one line; the id last."""
    parts = [memory.memory_type.value, brief_time(memory.created_at)]
    if memory.tags:
        parts.append(" ".join(f"#{tag}" for tag in memory.tags))
    if memory.agent is not None:
        parts.append(f"agent {memory.agent}")
    if memory.session is not None:
        parts.append(f"session {memory.session}")
    if memory.status is not Status.ACTIVE:
        parts.append(memory.status.value)
    if memory.archived:
        parts.append("archived")
    if memory.origin not in (Origin.USER, Origin.AGENT):
        parts.append(f"origin {memory.origin.value}")
    if memory.embedding is EmbeddingState.PENDING:
        parts.append("no vector yet")
    parts.append(str(memory.id))
    return one_line(" · ".join(parts))


def counted(number: int, one: str, many: str) -> str:
    """A number and what it counts."""
    return f"{number:,} {one if number == 1 else many}"


def size_text(size: int) -> str:
    """A number of bytes in the unit that fits."""
    value, unit = float(size), "bytes"
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if value < 1024 or unit == "GiB":
            break
        value /= 1024
    return f"{value:.0f} {unit}" if unit == "bytes" else f"{value:.1f} {unit}"


def namespace_text(choice: NamespaceChoice) -> str:
    """The namespace and why it."""
    return f"{choice.name} ({_SOURCES.get(choice.source, choice.source)})"


def show_memory(console: Console, memory: Memory) -> None:
    """The whole record: content, then every field that says something."""
    console.block(memory.content, indent=0)
    console.blank()
    fields = memory_document(memory)
    del fields["content"]
    rows = []
    for name, value in fields.items():
        if value in (None, [], False, 0):
            continue
        text = ", ".join(map(_field_text, value)) if isinstance(value, list) else _field_text(value)
        rows.append((name.replace("_", " "), text))
    console.pairs(rows)


def show_trust(console: Console, trust: Trust, *, indent: int = 0) -> None:
    """The trust in a memory and its signals, with their intervals, as bars."""
    rows = [
        ("trust", _estimate(console, trust.score, trust.low, trust.high)),
        *((f"  {name}", _estimate(console, *signal)) for name, signal in trust.signals.items()),
    ]
    console.pairs(rows, indent=indent)
    if trust.low_trust:
        console.line(console.styled("low trust", "warn"), indent=indent)


def _estimate(console: Console, value: float, low: float, high: float) -> Cell:
    bar = console.bar(value)
    return bar if low == high else bar.append(f"  {low:.2f} to {high:.2f}")


def _field_text(value: object) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{name} {part}" for name, part in value.items() if part is not None)
    return str(value)
