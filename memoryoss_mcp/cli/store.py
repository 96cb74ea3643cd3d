# SPDX-License-Identifier: AGPL-3.0-only
"""``memoryoss store``: keep one memory, or a file of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from memoryoss_mcp.cli.documents import document
from memoryoss_mcp.cli.parser import Commands, choice, moment, whole_number
from memoryoss_mcp.cli.session import CLIENT, Reply, Session
from memoryoss_mcp.cli.streams import read_input
from memoryoss_mcp.cli.views import namespace_text
from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.model import Draft, EmbeddingState, MemoryType, Origin
from memoryoss_mcp.screen import screen_draft
from memoryoss_mcp.screen.secrets import in_words

if TYPE_CHECKING:
    from memoryoss_mcp.cli.console import Console
    from memoryoss_mcp.namespaces import NamespaceChoice


def register(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add(
        "store",
        run,
        "TEXT…|- [OPTIONS]  |  memoryoss store --file FILE.jsonl [OPTIONS]",
        "Keep a memory; it is durable when the command returns.",
        description="The words of TEXT are joined by blanks; '-' reads the text from standard "
        "input, without\nthe line ends behind it.\n\n"
        "With --file every line is one memory: a JSON object with 'content' and, if wanted,\n"
        "'tags', 'agent', 'session', 'memory_type', 'origin', 'created_at', 'namespace',\n"
        "'source_key', 'status', 'confidence', 'evidence_count' or 'id'. The options are the\n"
        "values of lines that do not have them. A wrong line is reported and skipped, all others\n"
        "are stored; exit code 1 if there was one.",
        kept="Nothing was stored.",
    )
    parser.add_argument("text", nargs="*", metavar="TEXT", help="what to remember")
    parser.add_argument(
        "--tag", action="append", default=[], metavar="TAG", help="a tag; repeat for more"
    )
    parser.add_argument("--agent", metavar="NAME", help="who stores it")
    parser.add_argument("--session", metavar="NAME", help="the session it comes from")
    parser.add_argument(
        "--type",
        type=choice(MemoryType, "type"),
        default=MemoryType.SEMANTIC,
        metavar="TYPE",
        help=f"{', '.join(MemoryType)} (default {MemoryType.SEMANTIC})",
    )
    parser.add_argument(
        "--origin",
        type=choice(Origin, "origin"),
        default=Origin.USER,
        metavar="ORIGIN",
        help=f"{', '.join(Origin)} (default {Origin.USER})",
    )
    parser.add_argument(
        "--created-at",
        type=moment("created_at"),
        metavar="TIME",
        help="when the fact was stated, if not now (2026-03-31, RFC 3339)",
    )
    parser.add_argument("--dry-run", action="store_true", help="check everything, store nothing")
    lines = parser.add_argument_group("many at once")
    lines.add_argument(
        "--file", type=Path, metavar="FILE", help="lines of JSON; '-' is standard input"
    )
    lines.add_argument(
        "--from-line",
        type=whole_number("from_line"),
        default=1,
        metavar="N",
        help="begin at this line, to resume after an interruption",
    )


def run(session: Session) -> Reply:
    """Store one memory or a file."""
    options = session.options
    if bool(options.text) == (options.file is not None):
        raise InvalidInputError(
            "Both TEXT and --file were given." if options.text else "No text was given.",
            field="content",
            hint="Give the text as an argument, '-' for standard input, or --file.",
        )
    text = " ".join(options.text)
    if text == "-":
        text = read_input(session.config.limits.max_content_bytes, "content")
    with session.runtime() as runtime:
        chosen = session.namespace(runtime)
        draft = Draft(
            content=text,
            namespace=chosen.name,
            tags=tuple(options.tag),
            agent=options.agent,
            session=options.session,
            memory_type=options.type,
            origin=options.origin,
            client=CLIENT,
            created_at=options.created_at,
        )
        if options.file is not None:
            from memoryoss_mcp.cli.load import load_file  # start-up time: one memory needs none

            return load_file(session, runtime, chosen, draft)
        if options.dry_run:
            policy = session.config.screen.secrets
            admitted = screen_draft(draft, session.config.limits, policy)
            return _checked(chosen, admitted.redacted)
        stored = runtime.store(draft)

    def show(console: Console) -> None:
        console.line(
            console.styled("there already " if stored.duplicate else "stored ", "good"),
            str(stored.id),
            console.styled(f" · namespace {namespace_text(chosen)}", "dim"),
        )
        if stored.redacted:
            console.line(console.styled("note: ", "warn"), in_words(stored.redacted))
        if stored.embedding is EmbeddingState.PENDING:
            console.line(console.styled("note: ", "warn"), "no vector yet; found by words only")
        for words, tied in (("says anew", stored.updates), ("at odds with", stored.contradicts)):
            for other in tied:
                console.line(console.styled(f"{words}: ", "warn"), str(other))

    fields = {"stored": True, "dry_run": False, "namespace_source": chosen.source}
    return Reply(fields | document(stored), show)


def _checked(chosen: NamespaceChoice, redacted: tuple[str, ...]) -> Reply:
    """The reply to a dry run in which nothing was wrong."""

    def show(console: Console) -> None:
        console.line(
            console.styled("would be stored", "warn"),
            console.styled(f" · namespace {namespace_text(chosen)}", "dim"),
        )
        if redacted:
            console.line(console.styled("note: ", "warn"), in_words(redacted))

    fields = {"stored": False, "dry_run": True, "namespace_source": chosen.source}
    return Reply(fields | {"namespace": chosen.name, "redacted": list(redacted)}, show)
