# SPDX-License-Identifier: AGPL-3.0-only
"""``memoryoss backup`` and ``memoryoss restore``: a copy of everything, and the way back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from memoryoss_mcp.cli.documents import document
from memoryoss_mcp.cli.parser import Commands
from memoryoss_mcp.cli.session import Reply, Session
from memoryoss_mcp.cli.streams import new_passphrase, passphrase
from memoryoss_mcp.cli.views import size_text
from memoryoss_mcp.errors import InvalidInputError

if TYPE_CHECKING:
    from memoryoss_mcp.cli.console import Console
    from memoryoss_mcp.store.backup import Backup

VERIFY = "verify"
PASSPHRASE_VARIABLE = "MEMORYOSS_BACKUP_PASSPHRASE"
PROMPT = "Passphrase of the backup: "


def register(commands: Commands) -> None:
    """Add the commands."""
    parser = commands.add(
        "backup",
        run_backup,
        "FILE [--passphrase [--include-key]] | verify FILE",
        "Write all memories into one compressed file, or check such a file.",
        description="FILE must not exist; in a folder a new name is chosen. Servers may go on "
        "writing\nmeanwhile. What was written is read back and compared before it gets its name.\n"
        "verify unpacks a backup into a temporary folder and checks everything in it; exit\n"
        "code 1 if it is not sound.\n\n"
        "A backup is a Zstandard-compressed SQLite database. It also keeps what is forgotten\n"
        "after it was made: delete old backups yourself. With --passphrase it is encrypted\n"
        "(AES-256-GCM, the key by scrypt); the passphrase is asked for, or taken from\n"
        "MEMORYOSS_BACKUP_PASSPHRASE. Sealed namespaces are sealed in a backup too, and cannot be\n"
        "opened without their key: keep a copy of it, or give --include-key.",
        kept="No backup was written.",
    )
    parser.add_argument("words", nargs="+", metavar="FILE", help="the backup")
    parser.add_argument("--passphrase", action="store_true", help="encrypt the backup")
    parser.add_argument(
        "--include-key",
        action="store_true",
        help="put the local key of sealed namespaces into the encrypted backup",
    )
    back = commands.add(
        "restore",
        run_restore,
        "FILE [OPTIONS]",
        "Put a backup in the place of the memory file.",
        description="The backup is checked first and put in place in one step. Memories that are "
        "there are\nnever merged with it.",
        kept="Nothing was changed.",
    )
    back.add_argument("file", type=Path, metavar="FILE", help="the backup")
    back.add_argument(
        "--force",
        action="store_true",
        help="replace the memories that are there; their file is kept under another name",
    )
    back.add_argument("--dry-run", action="store_true", help="check everything, change nothing")


def run_backup(session: Session) -> Reply:
    """Write a backup, or check one."""
    options = session.options
    words: list[str] = options.words
    if len(words) == 2 and words[0] == VERIFY:
        return _verify(session, Path(words[1]))
    if len(words) != 1 or words[0] == VERIFY:
        raise InvalidInputError("Name one file, or 'verify' and one file.", field="file")
    from memoryoss_mcp.maintenance import back_up  # start-up time: --help needs no database

    with session.progress("backing up", in_bytes=True) as progress:
        made = back_up(
            session.config,
            Path(words[0]),
            progress=progress,
            passphrase=new_passphrase(PASSPHRASE_VARIABLE) if options.passphrase else None,
            include_key=options.include_key,
        )

    def show(console: Console) -> None:
        console.line(console.styled("backed up ", "good"), _told(made), f" to {made.path}")

    return Reply(document(made), show)


def _verify(session: Session, source: Path) -> Reply:
    from memoryoss_mcp.maintenance import verify_backup  # start-up time: --help needs no database

    with session.progress("checking", in_bytes=True) as progress:
        described, report = verify_backup(
            session.config,
            source,
            progress=progress,
            ask=passphrase(PASSPHRASE_VARIABLE, PROMPT),
        )

    def show(console: Console) -> None:
        if report.healthy:
            console.line(console.styled("sound ", "good"), _told(described))
            return
        console.line(console.styled("not sound ", "bad"), _told(described))
        for finding in report.findings:
            if finding.level != "ok":
                console.line(f"{finding.check}: {finding.message}")

    fields = {"sound": report.healthy} | document(described) | document(report)
    return Reply(fields, show, 0 if report.healthy else 1)


def run_restore(session: Session) -> Reply:
    """Put a backup in place."""
    from memoryoss_mcp.maintenance import restore  # start-up time: --help needs no database

    options = session.options
    with session.progress("restoring", in_bytes=True) as progress:
        done = restore(
            session.config,
            options.file,
            force=options.force,
            dry_run=options.dry_run,
            progress=progress,
            ask=passphrase(PASSPHRASE_VARIABLE, PROMPT),
        )

    def show(console: Console) -> None:
        verb = "would restore " if done.dry_run else "restored "
        console.line(console.styled(verb, "good"), _told(done.backup), f" to {done.path}")
        if done.replaced is not None:
            kept = "would be kept" if done.dry_run else "is kept"
            console.line(f"the file that was there {kept} as {done.replaced.name}")

    return Reply(document(done), show)


def _told(backup: Backup) -> str:
    kind = ", encrypted" if backup.encrypted else ""
    kind += " with the key" if backup.key_included else ""
    return (
        f"{backup.memories:,} memories, {backup.ledger_entries:,} ledger entries "
        f"({size_text(backup.bytes)}, {size_text(backup.database_bytes)} unpacked{kind})"
    )
