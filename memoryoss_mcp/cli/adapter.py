# SPDX-License-Identifier: AGPL-3.0-only
"""``memoryoss adapter``: project instructions, editor rules and git histories, in and out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from memoryoss_mcp.cli.files import new_file
from memoryoss_mcp.cli.importing import check_limit, import_records
from memoryoss_mcp.cli.parser import Commands, UsageError, choice, whole_number
from memoryoss_mcp.cli.session import Reply, Session
from memoryoss_mcp.cli.views import counted, namespace_text, preview
from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.exchange.adapters import ADAPTER_KINDS
from memoryoss_mcp.model import Status
from memoryoss_mcp.store.types import ListQuery

if TYPE_CHECKING:
    from memoryoss_mcp.cli.console import Console
    from memoryoss_mcp.exchange.adapters import Adapter
    from memoryoss_mcp.model import Memory
    from memoryoss_mcp.runtime import Runtime

IMPORT, EXPORT = "import", "export"
USAGE = "import --kind K PATH [OPTIONS] | export --kind K [-o FILE] [OPTIONS]"

COMMITS = 24
"""Commits of a history that are taken, the newest, if no other number is asked for."""

UNCONFIRMED = (
    "Confirm what is true ('memoryoss review confirm ID'), or add --unconfirmed and read the file "
    "before a client does."
)

SHOWN = 10
"""Memories that a dry run of an export shows."""


def register(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add(
        "adapter",
        run,
        USAGE,
        "Exchange memories with the files of other clients.",
        description="import: a CLAUDE.md or another Markdown file of instructions "
        "(claude_project), rules of\nthe Cursor editor (cursor_rules), or the newest commits of a "
        f"repository (git_history,\n{COMMITS} unless --limit says otherwise). What was exported "
        "from here keeps its ids; words that\nwere changed in the file wait in the inbox.\n"
        "export: a file for that client, which follows it as instructions: with the memories that\n"
        "may be put into a prompt unasked, without secrets. --unconfirmed adds candidates, stale\n"
        "memories, what was imported, extracted or captured, and what gives orders. Archived,\n"
        "replaced and contested memories stay out.",
        kept="Nothing was written.",
    )
    # Of PATH behind an option argparse says that it is not known, before Python 3.13.
    parser.hands_over = True
    parser.add_argument("action", choices=(IMPORT, EXPORT), metavar="ACTION", help="see above")
    parser.add_argument("path", nargs="?", type=Path, metavar="PATH", help="what is imported")
    parser.add_argument("--kind", metavar="K", help=", ".join(ADAPTER_KINDS))
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FILE",
        help="where an export goes (default memoryoss-KIND-NAMESPACE-TIME.EXT here)",
    )
    parser.add_argument("--dry-run", action="store_true", help="show what would be done")
    parser.add_argument(
        "--unconfirmed",
        action="store_true",
        help="export what nobody has confirmed too",
    )
    parser.add_argument("--label", metavar="NAME", help="what the source is called (its name)")
    parser.add_argument(
        "--status",
        type=choice(Status, "status"),
        metavar="STATUS",
        help=f"for an import: {', '.join(Status)} (default: what the file says)",
    )
    parser.add_argument(
        "--tag", action="append", default=[], metavar="TAG", help="a tag for all; repeat for more"
    )
    parser.add_argument(
        "--limit", type=whole_number("limit"), metavar="N", help="at most N memories of an import"
    )


def run(session: Session) -> Reply:
    """Import or export."""
    from memoryoss_mcp.exchange.adapters import find_adapter  # start-up time: Markdown parser

    options = session.options
    options.path = _path(options.path, options.rest)
    if not options.kind:
        raise InvalidInputError(
            "No kind was named.", field="kind", hint=f"Use --kind {' or '.join(ADAPTER_KINDS)}."
        )
    check_limit(options.limit)
    adapter = find_adapter(options.kind)
    if options.action == EXPORT:
        if options.path is not None:
            raise InvalidInputError(
                "An export takes no PATH.", field="path", hint="Name the file with -o."
            )
        return _export(session, adapter)
    if options.path is None:
        raise InvalidInputError("No path was named.", field="path")
    if not options.path.exists():
        raise InvalidInputError(f"There is no {options.path}.", field="path")
    return _import(session, adapter)


def _path(path: Path | None, rest: list[str]) -> Path | None:
    """PATH, wherever it stands among the options.

    Raises:
        UsageError: there are other words.
    """
    words = list(rest)
    if path is None and words and not words[0].startswith("-"):
        path = Path(words.pop(0))
    if words:
        message = f"unrecognized arguments: {' '.join(words)}"
        raise UsageError(message, f"memoryoss adapter {USAGE}", "memoryoss adapter")
    return path


def _import(session: Session, adapter: Adapter) -> Reply:
    from memoryoss_mcp.exchange.provenance import Provenance  # start-up time

    options = session.options
    label = options.label or options.path.resolve().name
    limit = options.limit
    if limit is None and not adapter.exports:
        limit = COMMITS
    records = adapter.read(options.path, label, limit=limit)
    provenance = Provenance(adapter.kind, label, "adapter")
    return import_records(session, records, provenance, title=adapter.kind)


def _export(session: Session, adapter: Adapter) -> Reply:
    from memoryoss_mcp.exchange.adapters import left_out, without_secrets  # start-up time
    from memoryoss_mcp.screen.secrets import in_words

    options = session.options
    memories: list[Memory] = []
    without: Counter[str] = Counter()
    redacted: Counter[str] = Counter()
    addable = False
    with session.runtime() as runtime:
        chosen = session.namespace(runtime)
        from_sealed = runtime.is_sealed(chosen.name)
        for memory in _memories(runtime, chosen.name, session.config.limits.max_batch):
            why = left_out(memory, unconfirmed=options.unconfirmed)
            if why is None:
                memories.append(without_secrets(memory, redacted))
            else:
                without[why] += 1
                addable |= left_out(memory, unconfirmed=True) is None
    if without and not memories and adapter.exports:
        raise InvalidInputError(
            f"There is nothing to export from the namespace {chosen.name!r}: "
            f"{_left_out_text(without)}.",
            field="namespace",
            hint=UNCONFIRMED if addable and not options.unconfirmed else None,
        )
    text = adapter.render(memories, chosen.name)
    target = options.output or Path(_file_name(adapter, chosen.name))
    if not options.dry_run:
        with new_file(target) as out:
            out.write(text)
    fields = {
        "dry_run": options.dry_run,
        "kind": adapter.kind,
        "namespace": chosen.name,
        "namespace_source": chosen.source,
        "file": str(target),
        "content_type": adapter.content_type,
        "exported": len(memories),
        "left_out": dict(without.most_common()),
        "redacted": dict(redacted.most_common()),
        "from_sealed": from_sealed,
        "bytes": len(text.encode()),
    }

    def show(console: Console) -> None:
        if options.dry_run:
            for memory in sorted(memories, key=lambda memory: memory.created_at)[:SHOWN]:
                console.line(f"{memory.id} · {memory.status.value} · {preview(memory.content)}")
        words = "would be exported to" if options.dry_run else "exported to"
        console.line(
            console.styled(f"{counted(len(memories), 'memory', 'memories')} {words} ", "good"),
            str(target),
            console.styled(f" · namespace {namespace_text(chosen)}", "dim"),
        )
        if without:
            more = f". {UNCONFIRMED}" if addable and not options.unconfirmed else ""
            console.line(console.styled("note: ", "warn"), _left_out_text(without) + more)
        if redacted:
            console.line(console.styled("note: ", "warn"), in_words(redacted.elements()))
        if from_sealed:
            console.line(
                console.styled("note: ", "warn"),
                "the namespace is sealed, this file is not: it holds the memories in clear text",
            )

    return Reply(fields, show)


def _left_out_text(without: Counter[str]) -> str:
    reasons = (f"{why.replace('_', ' ')} {without[why]:,}" for why in sorted(without))
    return f"{without.total():,} left out: {', '.join(reasons)}"


def _memories(runtime: Runtime, namespace: str, size: int) -> Iterator[Memory]:
    """The memories of a namespace that are not archived, in pages."""
    cursor: str | None = None
    while True:
        page = runtime.list(ListQuery(namespace, limit=size, cursor=cursor))
        yield from page.memories
        cursor = page.next_cursor
        if cursor is None:
            return


def _file_name(adapter: Adapter, namespace: str) -> str:
    moment = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    return f"memoryoss-{adapter.kind}-{namespace}-{moment}.{adapter.extension}"
