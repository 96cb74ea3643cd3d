# SPDX-License-Identifier: AGPL-3.0-only
"""``memoryoss list`` and ``memoryoss inspect``: look at what is stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from memoryoss_mcp.cli.documents import memory_document, trust_document
from memoryoss_mcp.cli.filters import add_filters, read_filters
from memoryoss_mcp.cli.parser import Commands, memory_id, whole_number
from memoryoss_mcp.cli.session import Reply, Session
from memoryoss_mcp.cli.views import brief_time, namespace_text, preview, show_memory, show_trust
from memoryoss_mcp.store.types import ListQuery

if TYPE_CHECKING:
    from memoryoss_mcp.cli.console import Console

DEFAULT_LIMIT = 50

PREVIEW = 200
"""Characters of a memory in a listing."""


def register(commands: Commands) -> None:
    """Add the commands."""
    listing = commands.add(
        "list", run_list, "[OPTIONS]", "List the memories of a namespace, newest first."
    )
    listing.add_argument(
        "-n",
        "--limit",
        type=whole_number("limit"),
        default=DEFAULT_LIMIT,
        metavar="N",
        help=f"memories of one page (default {DEFAULT_LIMIT})",
    )
    listing.add_argument("--cursor", metavar="CURSOR", help="the page after this one")
    add_filters(listing)
    inspect = commands.add(
        "inspect", run_inspect, "ID", "Show one memory with everything that is known of it."
    )
    inspect.add_argument("id", type=memory_id, metavar="ID", help="the memory")


def run_list(session: Session) -> Reply:
    """One page of the listing."""
    options = session.options
    with session.runtime() as runtime:
        chosen = session.namespace(runtime)
        page = runtime.list(
            ListQuery(chosen.name, options.limit, options.cursor, read_filters(options))
        )

    def show(console: Console) -> None:
        if page.memories:
            rows = [
                (
                    str(memory.id),
                    brief_time(memory.created_at),
                    console.styled(memory.memory_type.value, "key"),
                    preview(memory.content, PREVIEW)
                    + (f" #{' #'.join(memory.tags)}" if memory.tags else ""),
                )
                for memory in page.memories
            ]
            console.table(("id", "created", "type", "memory"), rows, wrap=("memory",))
            console.blank()
        console.line(
            console.styled(
                f"{len(page.memories)} of {page.total} · namespace {namespace_text(chosen)}", "dim"
            )
        )
        if page.next_cursor is not None:
            console.line(console.styled(f"more: repeat with --cursor {page.next_cursor}", "dim"))

    document = {
        "namespace": page.namespace,
        "namespace_source": chosen.source,
        "total": page.total,
        "next_cursor": page.next_cursor,
        "memories": [memory_document(memory) for memory in page.memories],
    }
    return Reply(document, show)


def run_inspect(session: Session) -> Reply:
    """One memory, whole."""
    from memoryoss_mcp.screen.injectable import withheld  # start-up time: many patterns

    with session.runtime() as runtime:
        chosen = session.namespace(runtime)
        memory = runtime.inspect(session.options.id, chosen.name)
        trust = runtime.trust(chosen.name, [memory])[memory.id]
    reason = withheld(memory)

    def show(console: Console) -> None:
        show_memory(console, memory)
        console.blank()
        show_trust(console, trust)
        if reason is not None:
            words = f"not injected unasked: {reason.replace('_', ' ')}"
            console.line(console.styled(words, "warn"))

    fields = {"trust": trust_document(trust), "withheld": reason}
    return Reply(memory_document(memory) | fields, show)
