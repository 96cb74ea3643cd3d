# SPDX-License-Identifier: AGPL-3.0-only
"""``memoryoss history``: what happened to one memory, and to which others it is tied."""

from __future__ import annotations

from typing import TYPE_CHECKING

from memoryoss_mcp.cli.audit import entry_document
from memoryoss_mcp.cli.documents import document, memory_document
from memoryoss_mcp.cli.parser import Commands, memory_id
from memoryoss_mcp.cli.session import Reply, Session
from memoryoss_mcp.cli.streams import one_line
from memoryoss_mcp.cli.views import brief_time, preview

if TYPE_CHECKING:
    from memoryoss_mcp.cli.console import Cell, Console
    from memoryoss_mcp.lifecycle.history import History
    from memoryoss_mcp.model import Memory

_TIES = {
    "replaces": "replaces",
    "replaced_by": "replaced by",
    "made_of": "made of",
    "made_into": "made into",
    "contradicts": "contradicts",
    "updates": "says anew",
}


def register(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add(
        "history",
        run,
        "ID",
        "Show what happened to a memory, and to which others it is tied.",
        description="From what was recorded: the ledger, the decisions of reviewers, the links "
        "between\nmemories.",
    )
    parser.add_argument("id", type=memory_id, metavar="ID", help="the memory")


def run(session: Session) -> Reply:
    """Everything that was recorded about the memory."""
    with session.runtime() as runtime:
        chosen = session.namespace(runtime)
        history = runtime.history(session.options.id, chosen.name)
    fields = {
        "memory": memory_document(history.memory),
        "changes": [entry_document(entry) for entry in history.changes],
        "versions": [
            memory_document(version.memory) | {"ended_by_entry": version.entry}
            for version in history.versions
        ],
        "decisions": [document(event) for event in history.decisions],
        "replaced_by": history.replaced_by and memory_document(history.replaced_by),
    }
    for tie in ("replaces", "made_of", "made_into", "contradicts", "updates"):
        fields[tie] = [memory_document(memory) for memory in getattr(history, tie)]
    return Reply(fields, lambda console: _show(console, history))


def _show(console: Console, history: History) -> None:
    console.block(history.memory.content, indent=0)
    console.blank()
    rows: list[tuple[Cell, ...]] = [
        (
            brief_time(entry.at),
            console.styled(entry.action, "key"),
            f"version {entry.version}",
            one_line(entry.subject),
        )
        for entry in history.changes
    ]
    console.table(("at", "change", "", "by"), rows, wrap=("by",))
    wordings = [v.memory for v in history.versions]
    following = [*wordings[1:], history.memory]
    for before, after in zip(wordings, following, strict=False):
        if before.content != after.content:
            console.line(
                console.styled(f"version {before.version} said ", "key"), preview(before.content)
            )
    for event in history.decisions:
        console.line(
            console.styled(f"{event.action.value} ", "key"),
            f"by {one_line(event.actor)} · {brief_time(event.at)} · {event.via}",
        )
    for tie, words in _TIES.items():
        found = getattr(history, tie)
        for memory in found if isinstance(found, tuple) else (found,):
            if memory is not None:
                console.line(console.styled(f"{words} ", "key"), _tied(memory))


def _tied(memory: Memory) -> str:
    return f"{memory.id} · {memory.status.value} · {preview(memory.content)}"
