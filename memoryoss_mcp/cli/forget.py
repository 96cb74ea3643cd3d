# SPDX-License-Identifier: AGPL-3.0-only
"""``memoryoss forget``: delete memories for good, with a receipt."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from memoryoss_mcp.cli.documents import document
from memoryoss_mcp.cli.files import new_file
from memoryoss_mcp.cli.parser import Commands, memory_id, moment
from memoryoss_mcp.cli.session import Reply, Session
from memoryoss_mcp.cli.views import namespace_text, preview
from memoryoss_mcp.errors import InvalidInputError, MemoryOSSError
from memoryoss_mcp.store.types import ForgetReceipt, ForgetRequest

if TYPE_CHECKING:
    from memoryoss_mcp.cli.console import Console
    from memoryoss_mcp.namespaces import NamespaceChoice
    from memoryoss_mcp.runtime import Runtime

SHOWN = 20
"""Memories that a listing of what goes shows; the JSON document has them all."""


class UnconfirmedError(InvalidInputError):
    """Nobody was there to confirm a deletion by selector."""

    code = "unconfirmed"


class DeclinedError(MemoryOSSError):
    """A person was asked and did not say yes."""

    code = "declined"


def register(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add(
        "forget",
        run,
        "ID… | --tag TAG … [OPTIONS]",
        "Delete memories for good and prove that their bytes are gone.",
        description="Takes ids, or exact selectors that must all hold. It asks on a terminal; "
        "elsewhere\nselectors need --yes. Afterwards every file that memoryOSS owns is searched "
        "for the\nbytes of what was deleted. Exit code 1: an id was not found, or bytes may be "
        "left.",
        kept="Nothing was forgotten.",
    )
    parser.add_argument("ids", nargs="*", type=memory_id, metavar="ID", help="memories to delete")
    parser.add_argument("--agent", metavar="NAME", help="those stored by this agent")
    parser.add_argument("--session", metavar="NAME", help="those stored in this session")
    parser.add_argument(
        "--tag", action="append", default=[], metavar="TAG", help="with this tag; repeat for any of"
    )
    parser.add_argument(
        "--before", type=moment("before"), metavar="TIME", help="those created before this time"
    )
    parser.add_argument(
        "--certificate",
        type=Path,
        metavar="FILE",
        help="write a signed certificate of the deletion to a new file",
    )
    parser.add_argument("--dry-run", action="store_true", help="only list what would be deleted")
    parser.add_argument("-y", "--yes", action="store_true", help="do not ask")


def run(session: Session) -> Reply:
    """Delete, or list what would be deleted."""
    options = session.options
    with session.runtime() as runtime:
        chosen = session.namespace(runtime)
        request = ForgetRequest(
            namespace=chosen.name,
            ids=tuple(options.ids),
            agent=options.agent,
            session=options.session,
            tags=tuple(options.tag),
            before=options.before,
            dry_run=options.dry_run,
        )
        if not options.dry_run and not options.yes:
            request = _confirmed(runtime, request)
        if options.certificate is None or options.dry_run:
            receipt = runtime.forget(request)
        else:
            receipt = _certified(runtime, request, options.certificate)
    complete = receipt.clean and not receipt.missing
    return Reply(
        receipt_document(receipt) | {"namespace_source": chosen.source},
        lambda console: show_receipt(console, receipt, chosen),
        0 if complete else 1,
    )


def _certified(runtime: Runtime, request: ForgetRequest, target: Path) -> ForgetReceipt:
    """Forget, and write the certificate into a file that was opened before anything went."""
    with new_file(target) as out:
        receipt, certificate = runtime.forget_certified(request)
        json.dump(certificate.document(), out, ensure_ascii=False, indent=1)
        out.write("\n")
    return receipt


def receipt_document(receipt: ForgetReceipt) -> dict[str, object]:
    """The receipt as a JSON document."""
    fields = document(receipt)
    del fields["leaves"]  # the certificate has them
    fields["previews"] = [
        {"id": str(memory_id), "preview": text} for memory_id, text in receipt.previews
    ]
    return fields


def _confirmed(runtime: Runtime, request: ForgetRequest) -> ForgetRequest:
    """The request as a person confirmed it: exactly the memories that were shown."""
    if not sys.stdin.isatty():
        if request.ids:
            return request
        runtime.forget(replace(request, dry_run=True))  # refuses what selects nothing
        raise UnconfirmedError(
            "Deleting by selector needs a confirmation and nobody can be asked here. "
            "Nothing was forgotten.",
            field="yes",
            hint="See what would go with --dry-run, then add --yes.",
        )
    planned = runtime.forget(replace(request, dry_run=True))
    if not planned.deleted:
        return request
    from memoryoss_mcp.cli.console import Console  # start-up time: imports rich

    console = Console(sys.stderr)
    _show_previews(console, planned)
    count = len(planned.deleted)
    noun = "this memory" if count == 1 else f"these {count} memories"
    if not console.ask(f"Forget {noun} of namespace {request.namespace} for good?"):
        raise DeclinedError("Nothing was forgotten.")
    return ForgetRequest(namespace=request.namespace, ids=(*planned.deleted, *planned.missing))


def show_receipt(console: Console, receipt: ForgetReceipt, chosen: NamespaceChoice) -> None:
    """What was deleted, where its bytes were searched for, and what was found."""
    count = len(receipt.deleted)
    noun = "memory" if count == 1 else "memories"
    if receipt.dry_run:
        _show_previews(console, receipt)
        verdict = console.styled(f"would forget {count} {noun}", "warn")
    else:
        verdict = console.styled(f"forgot {count} {noun}", "good" if count else "warn")
    console.line(verdict, console.styled(f" · namespace {namespace_text(chosen)}", "dim"))
    for missing in receipt.missing:
        console.line(console.styled("not found: ", "bad"), str(missing))
    if receipt.scanned:
        rows = [
            (
                str(scanned.path),
                f"{scanned.bytes:,}",
                console.styled(str(scanned.residues), "bad" if scanned.residues else "good"),
            )
            for scanned in receipt.scanned
        ]
        console.table(
            ("file searched", "bytes", "pieces left"),
            rows,
            wrap=("file searched",),
            right=("bytes", "pieces left"),
        )
    if count and not receipt.dry_run:
        if receipt.clean:
            console.line(console.styled("clean: no byte of the content is left", "good"))
        else:
            console.line(console.styled("not clean: bytes of the content may be left", "bad"))
    for note in receipt.notes:
        console.line(console.styled("note: ", "warn"), note)


def _show_previews(console: Console, receipt: ForgetReceipt) -> None:
    rows = [(str(memory_id), preview(text)) for memory_id, text in receipt.previews[:SHOWN]]
    if rows:
        console.table(("id", "memory"), rows, wrap=("memory",))
    if len(receipt.deleted) > SHOWN:
        console.line(console.styled(f"and {len(receipt.deleted) - SHOWN} more", "dim"))
