# SPDX-License-Identifier: AGPL-3.0-only
"""``memoryoss passport``: selected memories as a file for another memory, and such a file into this
one."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from memoryoss_mcp.cli.arrivals import (
    imported_document,
    read_sidecar,
    show_imported,
    target_namespace,
)
from memoryoss_mcp.cli.files import new_binary_file, stamp
from memoryoss_mcp.cli.parser import Commands
from memoryoss_mcp.cli.session import Reply, Session
from memoryoss_mcp.cli.views import counted, namespace_text
from memoryoss_mcp.errors import InvalidInputError

if TYPE_CHECKING:
    from memoryoss_mcp.cli.console import Console
    from memoryoss_mcp.namespaces import NamespaceChoice
    from memoryoss_mcp.portable.artifact import Artifact
    from memoryoss_mcp.portable.selection import Report

EXPORT, IMPORT = "export", "import"

REASONS = {
    "archived": "archived",
    "not_personal": "not personal",
    "not_team": "not of a team",
    "team": "of a team, without a tag of the project",
    "personal_tag": "personal by a tag",
    "has_agent_or_session": "personal, because an agent or a session stored it",
}


def register(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add(
        "passport",
        run,
        "export | import FILE [OPTIONS]",
        "Selected memories as a file for another memory, and such a file into this one.",
        description="export: memoryoss.passport.v1alpha1, and a report of what was left out and "
        "why. The same\nmemories always give the same bytes. 'memoryoss bundle export' signs it.\n"
        "import: a passport or the bundle of one, as a whole or not at all, into --namespace or "
        "the one that\nit is of. Unless somebody trusted signed it, its memories wait in the "
        "inbox.",
        kept="Nothing was imported or written.",
    )
    parser.add_argument("action", choices=(EXPORT, IMPORT), metavar="ACTION", help="see above")
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE", help="what to import")
    add_selection(parser)
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="where to write")
    parser.add_argument(
        "--signature", type=Path, metavar="FILE", help="a signature that stands beside FILE"
    )
    parser.add_argument("--dry-run", action="store_true", help="only show what would be done")


def add_selection(parser: object) -> None:
    """Add the options that say what leaves."""
    add = parser.add_argument  # type: ignore[attr-defined]
    add(
        "--scope",
        metavar="SCOPE",
        help="all, personal, project (default) or team",
    )
    add(
        "--redact",
        action="append",
        metavar="WHAT",
        help="take out secrets, paths (home folders), labels (agents, sessions, sources), people; "
        "or all; repeat for more",
    )


def run(session: Session) -> Reply:
    """Export or import."""
    if session.options.action == EXPORT:
        if session.options.file is not None:
            raise InvalidInputError("export takes no FILE; use -o FILE.", field="file")
        return _export(session)
    return _import(session)


def redactions(named: list[str] | None) -> tuple[str, ...]:
    """The kinds of redaction that were asked for.

    Raises:
        InvalidInputError: one of them is not known.
    """
    from memoryoss_mcp.portable.selection import REDACTIONS  # start-up time

    wanted = [part.strip().lower() for text in named or () for part in text.split(",")]
    if "all" in wanted:
        return REDACTIONS
    for name in wanted:
        if name not in REDACTIONS:
            raise InvalidInputError(
                f"{name[:40]!r} is nothing that can be taken out.",
                field="redact",
                hint=f"Use {', '.join(REDACTIONS)} or all.",
            )
    return tuple(dict.fromkeys(wanted))


def _export(session: Session) -> Reply:
    from memoryoss_mcp.portable.document import write  # start-up time
    from memoryoss_mcp.portable.selection import parse_scope

    options = session.options
    scope = parse_scope(options.scope or "project")
    wanted = redactions(options.redact)
    with session.runtime() as runtime, session.progress("exporting") as progress:
        chosen = session.namespace(runtime)
        sealed = runtime.is_sealed(chosen.name)
        artifact, report = runtime.export_passport(
            chosen.name, scope, redactions=wanted, progress=progress
        )
    with closing(artifact):
        target = options.output or Path(f"memoryoss-passport-{chosen.name}-{scope}-{stamp()}.json")
        if not options.dry_run:
            with new_binary_file(target) as out:
                write(artifact, out)
    fields = {
        "dry_run": options.dry_run,
        "file": None if options.dry_run else str(target),
        "namespace": chosen.name,
        "namespace_source": chosen.source,
        "from_sealed": sealed,
        **export_fields(artifact, report),
    }
    written = None if options.dry_run else target
    return Reply(
        fields,
        lambda console: show_export(console, artifact, report, chosen, written, sealed=sealed),
    )


def export_fields(artifact: Artifact, report: Report) -> dict[str, object]:
    """What there is to say of an exported passport."""
    document = artifact.document
    return {
        "passport_id": document["passport_id"],
        "scope": document["scope"],
        "exported_at": document["exported_at"],
        "payload_sha256": document["integrity"]["payload_sha256"],
        "memories": report.selected,
        "left_out": dict(sorted(report.left_out.items())),
        "left_out_examples": {
            reason: [str(key) for key in keys] for reason, keys in sorted(report.examples.items())
        },
        "redacted": dict(sorted(report.redacted.items())),
        "dangling_links": report.dangling,
    }


def show_export(
    console: Console,
    artifact: Artifact,
    report: Report,
    chosen: NamespaceChoice,
    target: Path | None,
    *,
    sealed: bool,
) -> None:
    """An exported passport for people."""
    if report.left_out:
        rows = [
            (REASONS.get(reason, reason), f"{number:,}")
            for reason, number in report.left_out.most_common()
        ]
        console.table(("left out because it is", "memories"), rows, right=("memories",))
        console.blank()
    for kind, number in sorted(report.redacted.items()):
        console.line(console.styled("taken out: ", "warn"), f"{number:,} {kind.replace('_', ' ')}")
    if report.dangling:
        text = f"{report.dangling:,} links lead to memories that stay here."
        console.line(console.styled("note: ", "warn"), text)
    console.line(
        console.styled("exported " if target else "would export ", "good" if target else "strong"),
        counted(report.selected, "memory", "memories") + (f" to {target}" if target else ""),
        console.styled(
            f" · scope {artifact.document['scope']} · namespace {namespace_text(chosen)}", "dim"
        ),
    )
    note_sealed(console, sealed=sealed)
    if report.left_out.get("has_agent_or_session"):
        console.line("For those that an agent or a session stored too: --scope all.")


def note_sealed(console: Console, *, sealed: bool) -> None:
    """That what was sealed is in clear now."""
    if sealed:
        text = "the namespace is sealed, and the file is in clear; keep it as you keep the key."
        console.line(console.styled("note: ", "warn"), text)


def _import(session: Session) -> Reply:
    from memoryoss_mcp.portable.artifact import open_artifact  # start-up time

    options = session.options
    if options.file is None:
        raise InvalidInputError("Name the file to import.", field="file")
    sidecar = read_sidecar(options.signature)
    with (
        closing(open_artifact(options.file)) as artifact,
        session.runtime() as runtime,
        session.progress("looking through") as progress,
    ):
        chosen = target_namespace(session, artifact)
        imported = runtime.import_artifact(
            artifact, chosen.name, sidecar=sidecar, dry_run=options.dry_run, progress=progress
        )
    return Reply(
        imported_document(imported, chosen.source),
        lambda console: show_imported(console, imported),
    )
