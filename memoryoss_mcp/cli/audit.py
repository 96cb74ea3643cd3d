# SPDX-License-Identifier: AGPL-3.0-only
"""``memoryoss audit``: who changed what and when, and whether the record of it holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memoryoss_mcp.cli.files import new_file
from memoryoss_mcp.cli.parser import Commands, memory_id, whole_number
from memoryoss_mcp.cli.session import Reply, Session
from memoryoss_mcp.cli.streams import one_line
from memoryoss_mcp.cli.views import brief_time
from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.model import format_time

if TYPE_CHECKING:
    from memoryoss_mcp.cli.console import Cell, Console
    from memoryoss_mcp.store.ledger import LedgerEntry

DEFAULT_LIMIT = 50


def register(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add(
        "audit",
        run,
        "verify | show | export FILE | sign [OPTIONS]",
        "Check, show or export the ledger of all changes.",
        description="verify: walk the chain of hashes; exit code 1 if an entry was altered or is "
        "missing,\nalso at the end: the last entry is signed with a key outside the data folder.\n"
        "show: the newest entries of the namespace, or of all with --all.\n"
        "export: write every entry to FILE, one JSON document per line. FILE must not exist.\n"
        "sign: accept the ledger as it is, after you put back a copy of the file by hand.\n\n"
        "The ledger says which memory changed, never what it says.",
        kept="Nothing was written.",
    )
    parser.add_argument("action", choices=tuple(_ACTIONS), metavar="ACTION", help="see above")
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE", help="where to export to")
    parser.add_argument("--all", action="store_true", help="show the entries of all namespaces")
    parser.add_argument("--memory", type=memory_id, metavar="ID", help="show those of one memory")
    parser.add_argument("--before", type=whole_number("before"), metavar="N",
                        help="show those before entry N")  # fmt: skip
    parser.add_argument(
        "-n",
        "--limit",
        type=whole_number("limit"),
        default=DEFAULT_LIMIT,
        metavar="N",
        help=f"entries to show (default {DEFAULT_LIMIT})",
    )


def run(session: Session) -> Reply:
    """Do what the action says."""
    if (session.options.action == "export") != (session.options.file is not None):
        raise InvalidInputError("Only export takes a FILE, and it needs one.", field="file")
    return _ACTIONS[session.options.action](session)


def _verify(session: Session) -> Reply:
    with session.runtime() as runtime:
        report = runtime.audit()
    document = {
        "holds": report.problem is None,
        "entries": report.entries,
        "head": report.head.hex(),
        "signed": report.signed,
        "problem": report.problem,
    }

    def show(console: Console) -> None:
        if report.problem is None:
            console.line(
                console.styled("the chain holds ", "good"),
                f"{report.entries} entries · head {report.head.hex()}",
            )
            console.line(
                f"signed up to entry {report.signed}" if report.signed else "not signed yet"
            )
        else:
            console.line(console.styled("the chain is broken: ", "bad"), report.problem)

    return Reply(document, show, 0 if report.problem is None else 1)


def _sign(session: Session) -> Reply:
    with session.runtime() as runtime:
        entry = runtime.sign_ledger()
    return Reply(
        {"signed": entry},
        lambda console: console.line(console.styled("signed ", "good"), f"up to entry {entry}"),
    )


def _show(session: Session) -> Reply:
    from memoryoss_mcp.store.ledger import LedgerQuery  # start-up time: --help needs no database

    options = session.options
    with session.runtime() as runtime:
        chosen = session.namespace(runtime)
        entries = runtime.ledger(
            LedgerQuery(
                limit=options.limit,
                namespace=None if options.all else chosen.name,
                memory=options.memory,
                before=options.before,
            )
        )

    def show(console: Console) -> None:
        rows: list[tuple[Cell, ...]] = [
            (
                str(entry.entry),
                brief_time(entry.at),
                console.styled(f"{entry.action} v{entry.version}", "key"),
                str(entry.memory or ""),
                one_line(entry.subject) + (f" in {entry.namespace}" if options.all else ""),
            )
            for entry in entries
        ]
        if rows:
            columns = ("", "at", "change", "memory", "by")
            console.table(columns, rows, right=("",), wrap=("by",))
            console.blank()
        console.line(console.styled(f"{len(rows)} entries, newest first", "dim"))

    return Reply({"entries": [entry_document(entry) for entry in entries]}, show)


def _export(session: Session) -> Reply:
    target: Path = session.options.file
    count = 0
    with session.runtime() as runtime, session.progress("exporting") as progress:
        total = runtime.status().ledger_entries
        with new_file(target) as out:
            for entry in runtime.ledger_entries():
                out.write(json.dumps(entry_document(entry), ensure_ascii=False) + "\n")
                count += 1
                if count % 1_000 == 0:
                    progress("exporting", count, max(total, count))
    return Reply(
        {"file": str(target), "entries": count},
        lambda console: console.line(
            console.styled("exported ", "good"), f"{count} entries to {target}"
        ),
    )


def entry_document(entry: LedgerEntry) -> dict[str, Any]:
    """A ledger entry; hashes in hexadecimal."""
    return {
        "entry": entry.entry,
        "at": format_time(entry.at),
        "action": entry.action,
        "namespace": entry.namespace,
        "subject": entry.subject,
        "memory": None if entry.memory is None else str(entry.memory),
        "version": entry.version,
        "previous": entry.previous.hex(),
        "hash": entry.hash.hex(),
    }


_ACTIONS = {"verify": _verify, "show": _show, "export": _export, "sign": _sign}
