# SPDX-License-Identifier: AGPL-3.0-only
"""``memoryoss undo``: take back what one session, client or source wrote."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from memoryoss_mcp.cli.documents import document
from memoryoss_mcp.cli.forget import DeclinedError, UnconfirmedError
from memoryoss_mcp.cli.parser import Commands, moment
from memoryoss_mcp.cli.session import Reply, Session
from memoryoss_mcp.cli.views import namespace_text, preview
from memoryoss_mcp.store.types import UndoReceipt, UndoRequest

if TYPE_CHECKING:
    from memoryoss_mcp.cli.console import Cell, Console
    from memoryoss_mcp.namespaces import NamespaceChoice
    from memoryoss_mcp.runtime import Runtime

SHOWN = 20
"""Memories that a listing shows of each kind; the JSON document has them all."""

_REASONS = {
    "changed_later": "somebody else changed it later",
    "replacement_deleted": "it was given up for a memory that goes",
    "protected": "its team has to agree",
}


def register(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add(
        "undo",
        run,
        "--session X | --client Y | --since T | --source-key K [OPTIONS]",
        "Take back everything that one origin wrote.",
        description="What it stored is deleted for good; what it changed of other memories goes "
        "back to how\nit was; what somebody else changed since is left alone and named. All of it "
        "in one\ntransaction. Selectors must all hold. It asks on a terminal; elsewhere it needs "
        "--yes.",
        kept="Nothing was undone.",
    )
    parser.add_argument("--session", metavar="X", help="what was written in this session")
    parser.add_argument("--client", metavar="Y", help="what this program wrote")
    parser.add_argument(
        "--since",
        type=moment("since"),
        metavar="T",
        help="what was written at this time or later, whatever time a memory claims",
    )
    parser.add_argument("--source-key", metavar="K", help="what came from this source")
    parser.add_argument("--dry-run", action="store_true", help="only show what would be undone")
    parser.add_argument("-y", "--yes", action="store_true", help="do not ask")


def run(session: Session) -> Reply:
    """Undo, or show what would be undone."""
    options = session.options
    with session.runtime() as runtime:
        chosen = session.namespace(runtime)
        request = UndoRequest(
            namespace=chosen.name,
            session=options.session,
            client=options.client,
            source_key=options.source_key,
            since=options.since,
            dry_run=options.dry_run,
        )
        if not options.dry_run and not options.yes:
            _confirm(runtime, request)
        receipt = runtime.undo(request)
    return Reply(
        document(receipt) | {"namespace_source": chosen.source},
        lambda console: _show(console, receipt, chosen),
        0 if receipt.clean else 1,
    )


def _confirm(runtime: Runtime, request: UndoRequest) -> None:
    planned = runtime.undo(replace(request, dry_run=True))
    if not planned.deleted and not planned.reverted:
        return
    if not sys.stdin.isatty():
        raise UnconfirmedError(
            "Undoing needs a confirmation and nobody can be asked here. Nothing was undone.",
            field="yes",
            hint="See what would be undone with --dry-run, then add --yes.",
        )
    from memoryoss_mcp.cli.console import Console  # start-up time: imports rich

    console = Console(sys.stderr)
    _show_plan(console, planned)
    if not console.ask(f"Undo this in namespace {request.namespace}?"):
        raise DeclinedError("Nothing was undone.")


def _show(console: Console, receipt: UndoReceipt, chosen: NamespaceChoice) -> None:
    _show_plan(console, receipt)
    did = "would delete" if receipt.dry_run else "deleted"
    took = "take" if receipt.dry_run else "took"
    verdict = f"{did} {len(receipt.deleted)} and {took} back {len(receipt.reverted)} memories"
    console.line(
        console.styled(verdict, "warn" if receipt.dry_run else "good"),
        console.styled(f" · namespace {namespace_text(chosen)}", "dim"),
    )
    if receipt.deleted and not receipt.dry_run:
        if receipt.clean:
            console.line(console.styled("clean: no byte of what was deleted is left", "good"))
        else:
            console.line(console.styled("not clean: bytes of it may be left", "bad"))
    for note in receipt.notes:
        console.line(console.styled("note: ", "warn"), note)


def _show_plan(console: Console, receipt: UndoReceipt) -> None:
    rows: list[tuple[Cell, ...]] = []
    for one in receipt.deleted[:SHOWN]:
        rows.append((str(one.id), console.styled("delete", "bad"), preview(one.preview)))
    for one in receipt.reverted[:SHOWN]:
        what = f"version {one.version} back to {one.restores}"
        rows.append((str(one.id), console.styled(what, "warn"), preview(one.preview)))
    for one in receipt.kept[:SHOWN]:
        why = _REASONS.get(one.reason or "", one.reason or "")
        rows.append((str(one.id), console.styled(f"stays: {why}", "dim"), preview(one.preview)))
    if rows:
        console.table(("id", "", "memory"), rows, wrap=("memory",))
    lists = (receipt.deleted, receipt.reverted, receipt.kept)
    if hidden := sum(max(0, len(found) - SHOWN) for found in lists):
        console.line(console.styled(f"and {hidden} more", "dim"))
