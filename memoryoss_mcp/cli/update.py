# SPDX-License-Identifier: AGPL-3.0-only
"""``memoryoss update``: change what a memory says, its tags or its type."""

from __future__ import annotations

from typing import TYPE_CHECKING

from memoryoss_mcp.cli.documents import document
from memoryoss_mcp.cli.parser import Commands, choice, memory_id, whole_number
from memoryoss_mcp.cli.review import user_name
from memoryoss_mcp.cli.session import Reply, Session
from memoryoss_mcp.cli.streams import read_input
from memoryoss_mcp.cli.views import namespace_text
from memoryoss_mcp.model import Change, EmbeddingState, MemoryType
from memoryoss_mcp.screen.secrets import in_words

if TYPE_CHECKING:
    from memoryoss_mcp.cli.console import Console


def register(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add(
        "update",
        run,
        "ID [TEXT…|-] [OPTIONS]",
        "Change what a memory says, its tags or its type.",
        description="What is not named stays as it is. The words of TEXT are joined by blanks; '-' "
        "reads the\nnew content from standard input.",
        kept="The memory is unchanged.",
    )
    parser.add_argument("id", type=memory_id, metavar="ID", help="the memory")
    parser.add_argument("text", nargs="*", metavar="TEXT", help="its new content")
    tags = parser.add_mutually_exclusive_group()
    tags.add_argument(
        "--tag", action="append", metavar="TAG", help="its new tags, instead of all old; repeat"
    )
    tags.add_argument("--clear-tags", action="store_true", help="take all tags away")
    parser.add_argument(
        "--type",
        type=choice(MemoryType, "type"),
        metavar="TYPE",
        help=f"its new type: {', '.join(MemoryType)}",
    )
    parser.add_argument(
        "--expect-version",
        type=whole_number("expect_version"),
        metavar="N",
        help="refuse if it is not at this version any more",
    )
    parser.add_argument("--actor", metavar="NAME", help="who changes it (default: the user's name)")


def run(session: Session) -> Reply:
    """Change the memory."""
    options = session.options
    text = " ".join(options.text) if options.text else None
    if text == "-":
        text = read_input(session.config.limits.max_content_bytes, "content")
    tags = () if options.clear_tags else options.tag
    with session.runtime() as runtime:
        chosen = session.namespace(runtime)
        updated = runtime.update(
            Change(
                id=options.id,
                namespace=chosen.name,
                content=text,
                tags=None if tags is None else tuple(tags),
                memory_type=options.type,
                expected_version=options.expect_version,
                actor=options.actor or user_name(),
            )
        )

    def show(console: Console) -> None:
        console.line(
            console.styled("updated ", "good"),
            str(updated.id),
            console.styled(
                f" · version {updated.version} · namespace {namespace_text(chosen)}", "dim"
            ),
        )
        if updated.redacted:
            console.line(console.styled("note: ", "warn"), in_words(updated.redacted))
        if updated.embedding is EmbeddingState.PENDING:
            console.line(console.styled("note: ", "warn"), "no vector yet; found by words only")

    return Reply(document(updated) | {"namespace_source": chosen.source}, show)
