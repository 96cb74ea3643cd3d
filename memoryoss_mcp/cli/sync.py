# SPDX-License-Identifier: AGPL-3.0-only
"""``memoryoss sync``: exchange memories with other machines through a folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memoryoss_mcp.cli.documents import document
from memoryoss_mcp.cli.forget import receipt_document
from memoryoss_mcp.cli.parser import Commands
from memoryoss_mcp.cli.session import Reply, Session
from memoryoss_mcp.cli.streams import new_passphrase, passphrase
from memoryoss_mcp.cli.views import brief_time, counted

if TYPE_CHECKING:
    from memoryoss_mcp.cli.console import Cell, Console
    from memoryoss_mcp.portable.sync.exporting import Exported
    from memoryoss_mcp.portable.sync.folder import Problem
    from memoryoss_mcp.portable.sync.sync import Imported, SyncStatus

EXPORT, IMPORT, STATUS = "export", "import", "status"
PASSPHRASE_VARIABLE = "MEMORYOSS_SYNC_PASSPHRASE"
PROMPT = "Passphrase of the folder: "
SHOWN = 20
"""Memories that are named one by one; the JSON document has them all."""


def register(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add(
        "sync",
        run,
        "export | import | status FOLDER [OPTIONS]",
        "Exchange memories with other machines through a folder.",
        description="FOLDER is any folder that the machines share or copy: a git checkout, a "
        "network drive, a\nstick. Below it each machine only ever adds signed files of its own, "
        "in memoryoss-sync/.\n"
        "export: write what was changed or forgotten here and is not in the folder yet.\n"
        "import: take over what other machines wrote. Order and number of times do not matter.\n"
        "What was changed on two machines is merged; where the text itself was, both texts are\n"
        "kept and wait in the review inbox.\n"
        "status: what was changed here since, and what of the folder was not read yet.\n\n"
        "Only machines that are known here are believed: see 'memoryoss trust'. What is forgotten\n"
        "on one is forgotten on all, and taken out of the files of each when it next exports.\n"
        "Sealed namespaces are encrypted (AES-256-GCM, the key by scrypt) with a passphrase that\n"
        "is the same on all machines; it is asked for, or taken from "
        f"{PASSPHRASE_VARIABLE}.\n"
        "Exit code 1: something in the folder could not be read or believed; the rest was.",
        kept="Nothing was exchanged.",
    )
    parser.add_argument(
        "action", choices=(EXPORT, IMPORT, STATUS), metavar="ACTION", help="see above"
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="what the machines share")
    parser.add_argument(
        "--passphrase", action="store_true", help="export: encrypt, also what is not sealed"
    )
    parser.add_argument("--dry-run", action="store_true", help="tell what would be done")


def run(session: Session) -> Reply:
    """Export, import, or tell how things stand."""
    return {EXPORT: _export, IMPORT: _import, STATUS: _status}[session.options.action](session)


def _export(session: Session) -> Reply:
    options = session.options
    with session.runtime() as runtime, session.progress("exporting") as progress:
        chosen = session.namespace(runtime)
        done = runtime.sync.export(
            options.folder,
            chosen.name,
            encrypt=options.passphrase,
            ask=_new_passphrase(),
            dry_run=options.dry_run,
            progress=progress,
        )
    fields = document(done) | {"namespace_source": chosen.source}
    return Reply(fields, lambda console: _show_export(console, done), _code(done.problems))


def _import(session: Session) -> Reply:
    options = session.options
    with session.runtime() as runtime, session.progress("importing") as progress:
        chosen = session.namespace(runtime)
        done = runtime.sync.import_(
            options.folder,
            chosen.name,
            ask=passphrase(PASSPHRASE_VARIABLE, PROMPT),
            dry_run=options.dry_run,
            progress=progress,
        )
    fields = _import_document(done) | {"namespace_source": chosen.source}
    clean = done.receipt is None or done.receipt.clean
    code = _code(done.problems) if clean else 1
    return Reply(fields, lambda console: _show_import(console, done), code)


def _status(session: Session) -> Reply:
    with session.runtime() as runtime, session.progress("comparing") as progress:
        chosen = session.namespace(runtime)
        found = runtime.sync.status(session.options.folder, chosen.name, progress=progress)
    fields = document(found) | {"namespace_source": chosen.source}
    return Reply(fields, lambda console: _show_status(console, found), _code(found.problems))


def _new_passphrase() -> Any:
    """Gives the passphrase of an export, typed twice; ``None`` where there is nobody to ask."""
    if passphrase(PASSPHRASE_VARIABLE, PROMPT) is None:
        return None
    return lambda: new_passphrase(PASSPHRASE_VARIABLE)


def _code(problems: Sequence[Problem]) -> int:
    return 1 if problems else 0


def _import_document(done: Imported) -> dict[str, Any]:
    fields = document(done)
    for name in ("created", "replaced", "merged", "forgotten", "withdrawn"):
        fields[name] = [str(key) for key in getattr(done, name)]
    fields["conflicts"] = {
        str(key): [str(other) for other in others] for key, others in done.conflicts.items()
    }
    fields["receipt"] = None if done.receipt is None else receipt_document(done.receipt)
    return fields


def _show_export(console: Console, done: Exported) -> None:
    verb = "would export " if done.dry_run else "exported "
    told = counted(done.records, "memory", "memories")
    if done.forgotten:
        told += f", {done.forgotten} forgotten"
    kind = " · encrypted" if done.encrypted else ""
    console.line(
        console.styled(verb, "good"),
        told,
        console.styled(f" · {done.folder}{kind} · namespace {done.namespace}", "dim"),
    )
    if done.rewritten:
        files = counted(len(done.rewritten), "earlier file", "earlier files")
        verb = "to be written anew" if done.dry_run else "written anew"
        console.line(f"{files} {verb}: without what is forgotten, and encrypted where that is due")
    for device, count in done.held_by.items():
        files = counted(count, "file", "files")
        console.line(
            console.styled("note: ", "warn"),
            f"{device} still has what is forgotten in {files}, until it exports",
        )
    if done.came_back:
        console.line(
            console.styled("note: ", "warn"),
            counted(
                done.came_back,
                "forgotten memory is here again; the next import forgets it",
                "forgotten memories are here again; the next import forgets them",
            ),
        )
    for note in done.notes:
        console.line(console.styled("note: ", "warn"), note)
    _show_problems(console, done.problems)


def _show_import(console: Console, done: Imported) -> None:
    counts = {
        "new": len(done.created),
        "replaced": len(done.replaced),
        "merged": len(done.merged),
        "in conflict": len(done.conflicts),
        "forgotten": len(done.forgotten),
        "withdrawn": len(done.withdrawn),
    }
    told = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    verb = "would import " if done.dry_run else "imported "
    console.line(
        console.styled(verb, "good"),
        told or "nothing new",
        console.styled(f" · {done.folder} · namespace {done.namespace}", "dim"),
    )
    for key, others in list(done.conflicts.items())[:SHOWN]:
        console.line(
            console.styled("conflict ", "warn"),
            f"{key} · other texts: {', '.join(map(str, others))}",
        )
    if len(done.conflicts) > SHOWN:
        console.line(console.styled(f"and {len(done.conflicts) - SHOWN} more", "dim"))
    if done.conflicts:
        console.line("Decide about them with 'memoryoss review'.")
    if done.receipt is not None:
        if not done.receipt.clean:
            console.line(console.styled("not clean: bytes of what is forgotten may be left", "bad"))
        for note in done.receipt.notes:
            console.line(console.styled("note: ", "warn"), note)
    _show_problems(console, done.problems)


def _show_status(console: Console, found: SyncStatus) -> None:
    rows: list[tuple[Cell, ...]] = [
        (
            device.device,
            f"{device.label} (this installation)" if device.own else device.label,
            str(device.chunks),
            console.styled(str(device.unread), "warn" if device.unread else "dim"),
            brief_time(device.last_at),
            "" if device.trusted else console.styled("not known here", "bad"),
        )
        for device in found.devices
    ]
    if rows:
        columns = ("machine", "label", "files", "not read", "last", "")
        console.table(columns, rows, wrap=("label",), right=("files", "not read"))
    changes: Mapping[str, int] = {"changed": found.changed, "forgotten": found.forgotten}
    told = ", ".join(f"{count} {name}" for name, count in changes.items() if count)
    console.line(
        console.styled("here since the last export or import: ", "key"), told or "nothing changed"
    )
    if found.conflicts:
        told = counted(found.conflicts, "other text waits", "other texts wait")
        console.line(console.styled("conflicts: ", "warn"), f"{told} for a review")
    _show_problems(console, found.problems)


def _show_problems(console: Console, problems: Sequence[Problem]) -> None:
    for problem in problems:
        place = problem.file or problem.device
        console.line(
            console.styled(f"{problem.kind.value.replace('_', ' ')}: ", "bad"),
            f"{place}: {problem.message}",
        )
        if problem.command is not None:
            console.command(problem.command)
