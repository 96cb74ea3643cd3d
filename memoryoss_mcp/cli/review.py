# SPDX-License-Identifier: AGPL-3.0-only
"""``memoryoss review``: what waits for a person's decision, and the decision."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING
from uuid import UUID

from memoryoss_mcp.cli.documents import document, memory_document
from memoryoss_mcp.cli.parser import Commands, whole_number
from memoryoss_mcp.cli.session import Reply, Session
from memoryoss_mcp.cli.views import brief_time, namespace_text, preview
from memoryoss_mcp.errors import InvalidInputError, NotFoundError
from memoryoss_mcp.model import QueueKind, ReviewAction

if TYPE_CHECKING:
    from memoryoss_mcp.cli.console import Cell, Console
    from memoryoss_mcp.lifecycle.review import Decided, Inbox, ReviewItem
    from memoryoss_mcp.namespaces import NamespaceChoice
    from memoryoss_mcp.runtime import Runtime

DEFAULT_LIMIT = 20
PREVIEW = 120
KEY_LENGTH = 8
"""Hexadecimal digits of a key."""
MOST_LOOKED_AT = 1_000
"""Memories of the inbox among which a key is looked for."""
VIA = "review_cli"
LIST = "list"

_STYLES = {QueueKind.CONTESTED: "bad", QueueKind.REJECTED: "warn", QueueKind.CANDIDATE: "key"}


def register(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add(
        "review",
        run,
        "[list | confirm KEY | reject KEY | supersede KEY --by KEY] [OPTIONS]",
        "See what waits for your decision, and decide.",
        description="list: contested memories, then rejected ones, then candidates, newest first.\n"
        "confirm: it is true; it counts as active again.\n"
        "reject: it is wrong; it stays in the inbox, contested, until it is forgotten or\n"
        "superseded.\n"
        "supersede: the memory named with --by is true instead, and is confirmed.\n\n"
        "KEY is a key as the list shows it, the id of any memory, or the number of a place in the\n"
        "inbox. Places move when something new waits; keys do not.",
        kept="Nothing was decided.",
    )
    parser.add_argument(
        "action",
        nargs="?",
        choices=(LIST, *ReviewAction),
        default=LIST,
        metavar="ACTION",
        help="see above (default list)",
    )
    parser.add_argument("key", nargs="?", metavar="KEY", help="what is decided about")
    parser.add_argument("--by", metavar="KEY", help="what is true instead")
    parser.add_argument("--actor", metavar="NAME", help="who decides (default: the user's name)")
    parser.add_argument(
        "-n",
        "--limit",
        type=whole_number("limit"),
        default=DEFAULT_LIMIT,
        metavar="N",
        help=f"items of the inbox (default {DEFAULT_LIMIT})",
    )


def run(session: Session) -> Reply:
    """Show the inbox, or decide."""
    options = session.options
    if options.action == LIST:
        if options.key is not None or options.by is not None:
            raise InvalidInputError("list takes no key.", field="key")
        return _list(session)
    if options.key is None:
        raise InvalidInputError(
            f"Say what to {options.action}.",
            field="key",
            hint="Send a review key, an id or a place in the inbox, as 'memoryoss review' shows.",
        )
    return _decide(session)


def _list(session: Session) -> Reply:
    with session.runtime() as runtime:
        chosen = session.namespace(runtime)
        inbox = runtime.inbox(chosen.name, session.options.limit)
    summary = {
        "pending": inbox.pending,
        **{kind.value: inbox.counts.get(kind, 0) for kind in QueueKind},
    }
    return Reply(
        {
            "namespace": inbox.namespace,
            "namespace_source": chosen.source,
            "summary": summary,
            "items": [_item(item) for item in inbox.items],
        },
        lambda console: _show(console, inbox, chosen),
    )


def _item(item: ReviewItem) -> dict[str, object]:
    return {
        "review_key": item.key,
        "queue_kind": item.queue_kind.value,
        "suggested_action": item.suggested_action.value,
        "available_actions": [action.value for action in item.available_actions],
        "memory": memory_document(item.memory),
        "replacement_options": [memory_document(option) for option in item.options],
    }


def _show(console: Console, inbox: Inbox, chosen: NamespaceChoice) -> None:
    if inbox.items:
        rows: list[tuple[Cell, ...]] = [
            (
                str(place),
                short_key(item.memory.id),
                console.styled(item.queue_kind.value, _STYLES[item.queue_kind]),
                brief_time(item.memory.created_at),
                item.suggested_action.value,
                preview(item.memory.content, PREVIEW),
            )
            for place, item in enumerate(inbox.items, 1)
        ]
        console.table(
            ("", "key", "queue", "created", "suggested", "memory"), rows, wrap=("memory",)
        )
        console.blank()
    shown = f"{len(inbox.items)} of {inbox.pending} waiting · namespace {namespace_text(chosen)}"
    console.line(console.styled(shown, "dim"))


def _decide(session: Session) -> Reply:
    from memoryoss_mcp.lifecycle.review import Decision  # start-up time: --help needs no store

    options = session.options
    with session.runtime() as runtime:
        chosen = session.namespace(runtime)
        by = None if options.by is None else _named(runtime, chosen.name, options.by)
        decided = runtime.review(
            Decision(
                id=_named(runtime, chosen.name, options.key),
                namespace=chosen.name,
                action=ReviewAction(options.action),
                actor=options.actor or user_name(),
                via=VIA,
                superseded_by=by,
            )
        )
    fields = document(decided) | {"namespace_source": chosen.source}
    fields["memory"] = memory_document(decided.memory)
    if decided.replacement is not None:
        fields["replacement"] = memory_document(decided.replacement)
    return Reply(
        fields | {"namespace_source": chosen.source},
        lambda console: _show_decided(console, decided),
    )


def _show_decided(console: Console, decided: Decided) -> None:
    memory = decided.memory
    console.line(
        console.styled(f"{_DONE[decided.action]} ", "good"),
        f"{memory.id} · now {memory.status.value} · {preview(memory.content, PREVIEW)}",
    )
    if decided.replacement is not None:
        other = decided.replacement
        console.line("true instead: ", f"{other.id} · {preview(other.content, PREVIEW)}")


_DONE = {
    ReviewAction.CONFIRM: "confirmed",
    ReviewAction.REJECT: "rejected",
    ReviewAction.SUPERSEDE: "superseded",
}


def _named(runtime: Runtime, namespace: str, key: str) -> UUID:
    """The memory that a key, an id or a place in the inbox names."""
    from memoryoss_mcp.lifecycle.review import parse_key  # start-up time: --help needs no store

    if len(key) == KEY_LENGTH and not set(key.lower()) - set("0123456789abcdef"):
        waiting = runtime.inbox(namespace, MOST_LOOKED_AT).items
        named = [item.memory.id for item in waiting if short_key(item.memory.id) == key.lower()]
        if len(named) != 1:
            raise NotFoundError(
                f"{'Nothing' if not named else 'More than one memory'} waits in namespace "
                f"{namespace!r} with the key {key}.",
                hint="Look with 'memoryoss review', or send the whole id.",
            )
        return named[0]
    if not (key.isascii() and key.isdigit() and len(key) < 6):
        return parse_key(key)
    place = int(key)
    items = runtime.inbox(namespace, place).items if place else ()
    if len(items) < place or not place:
        raise NotFoundError(
            f"The inbox of namespace {namespace!r} has no place {place}.",
            hint="Look with 'memoryoss review'.",
        )
    return items[place - 1].memory.id


def short_key(memory_id: UUID) -> str:
    """The end of an id, which is random and so tells the memories of an inbox apart."""
    return memory_id.hex[-KEY_LENGTH:]


def user_name() -> str:
    """The name of whoever runs the program; empty if there is none."""
    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError):
        return ""  # this user has no name; the event says "unknown"
