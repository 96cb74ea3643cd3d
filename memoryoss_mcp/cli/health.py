# SPDX-License-Identifier: AGPL-3.0-only
"""``memoryoss status``, ``doctor`` and ``migrate``: is the memory well, and make it so."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from memoryoss_mcp.cli.documents import document
from memoryoss_mcp.cli.parser import Commands
from memoryoss_mcp.cli.session import CLIENT, Reply, Session
from memoryoss_mcp.cli.views import brief_time, namespace_text, size_text
from memoryoss_mcp.store.types import DoctorReport, Finding, MigrationPlan, StoreStatus, UpkeepRun

if TYPE_CHECKING:
    from memoryoss_mcp.cli.console import Cell, Console
    from memoryoss_mcp.namespaces import NamespaceChoice

_HEALTH_STYLES = {"healthy": "good", "empty": "dim"}


def register(commands: Commands) -> None:
    """Add the commands."""
    commands.add("status", run_status, "[OPTIONS]", "Show counts, sizes and versions.")
    doctor = commands.add(
        "doctor",
        run_doctor,
        "[--repair] [OPTIONS]",
        "Check the memory file, the model, and that memories can be stored and recalled.",
        description="A trial memory is stored in a namespace of its own, recalled and forgotten;\n"
        "two entries of the audit chain tell of it. Exit code 1: something is wrong (and was\n"
        "not repaired).",
    )
    doctor.add_argument(
        "--repair",
        action="store_true",
        help="rebuild what is derived, make missing vectors, finish what forgetting had to leave; "
        "salvage a damaged file into a new one beside it",
    )
    migrate = commands.add(
        "migrate",
        run_migrate,
        "[--dry-run] [OPTIONS]",
        "Bring the memory file to the present schema, after a snapshot.",
    )
    migrate.add_argument("--dry-run", action="store_true", help="only list the steps")
    embeddings = commands.add(
        "migrate-embeddings",
        run_migrate_embeddings,
        "[--model NAME] [--dry-run] [OPTIONS]",
        "Give all memories vectors of the configured model, or of another.",
        description="Recall goes on meanwhile, by words for what has no vector yet. Ended in the "
        "middle it\ngoes on where it was: with the next call, or in the next server that starts.\n"
        "With --model, set the same model in [embeddings] afterwards: whoever opens the memory\n"
        "with another one changes it back.",
        kept="What was embedded before the error is kept.",
    )
    embeddings.add_argument("--model", metavar="NAME", help="the model ('memoryoss models' lists)")
    embeddings.add_argument("--dry-run", action="store_true", help="only say how many")


def run_status(session: Session) -> Reply:
    """Counts, sizes and versions."""
    with session.runtime() as runtime:
        chosen = session.namespace(runtime)
        status = runtime.status()
    config = session.config
    fields = document(status) | {
        "data_dir": str(config.data_dir),
        "config": None if config.path is None else str(config.path),
        "namespace": chosen.name,
        "namespace_source": chosen.source,
        "background": {
            name: {"enabled": table.enabled, "interval_minutes": table.interval_minutes}
            for name, table in (("decay", config.decay), ("consolidation", config.consolidation))
        },
    }
    file = None if config.path is None else str(config.path)
    return Reply(fields, lambda console: _show_status(console, status, file, chosen))


def _show_status(
    console: Console, status: StoreStatus, config: str | None, chosen: NamespaceChoice
) -> None:
    model = f"{status.embedding_model} ({status.embedding_dimension} dimensions)"
    console.pairs(
        [
            ("file", str(status.path)),
            ("size", f"{size_text(status.file_bytes)} and {size_text(status.wal_bytes)} of log"),
            ("configuration", config or "none, defaults"),
            ("namespace here", namespace_text(chosen)),
            ("model", f"{model}, revision {status.embedding_revision[:12]}"),
            ("schema", f"version {status.schema_version}"),
            ("SQLite", f"{status.sqlite_version}, sqlite-vec {status.sqlite_vec_version}"),
            ("audit chain", f"{status.ledger_entries:,} entries"),
            ("snapshots", ", ".join(path.name for path in status.snapshots) or "none"),
            *((f"last {run.kind}", _upkeep_text(run)) for run in status.upkeep),
        ]
    )
    numbers = ("total", "active", "candidate", "contested", "stale", "archived", "pending")
    rows: list[tuple[Cell, ...]] = [
        (
            f"{namespace.name} (sealed)" if namespace.sealed else namespace.name,
            console.styled(namespace.health, _HEALTH_STYLES.get(namespace.health, "warn")),
            *(f"{getattr(namespace, name):,}" for name in numbers),
        )
        for namespace in status.namespaces
    ]
    console.blank()
    if rows:
        console.table(("namespace", "health", *numbers), rows, right=numbers, wrap=("namespace",))
    else:
        console.line(console.styled("Nothing is stored yet.", "dim"))


def _upkeep_text(run: UpkeepRun) -> str:
    if run.finished_at is None:
        return f"begun at {brief_time(run.started_at)}, under way"
    ended = f" {run.error}" if run.error else ""
    return f"{run.changed:,} memories changed at {brief_time(run.finished_at)}.{ended}"


def run_doctor(session: Session) -> Reply:
    """All checks, and repairs if they are wished for."""
    from memoryoss_mcp.maintenance import check_up  # start-up time: --help needs no database

    with session.progress("checking") as progress:
        report = check_up(session.config, repair=session.options.repair, progress=progress)
    fields = {"healthy": report.healthy} | document(report)
    return Reply(
        fields,
        lambda console: _show_report(console, report, repair=session.options.repair),
        0 if report.healthy else 1,
    )


def _show_report(console: Console, report: DoctorReport, *, repair: bool) -> None:
    rows: list[tuple[Cell, ...]] = [
        (_mark(console, finding), finding.check, finding.message) for finding in report.findings
    ]
    console.table(("", "check", "finding"), rows, wrap=("finding",))
    console.blank()
    if report.salvaged:
        console.line(console.styled("The memory was salvaged; the copy is not in use yet.", "warn"))
    elif report.healthy:
        console.line(console.styled("The memory is well.", "good"))
    else:
        console.line(console.styled("Something is wrong.", "bad"))
    if not repair and any(finding.repairable for finding in report.findings):
        console.line("Nothing was repaired. 'memoryoss doctor --repair' does it.")


def _mark(console: Console, finding: Finding) -> Cell:
    if finding.repaired:
        return console.styled("repaired", "warn")
    style = {"ok": "good", "warning": "warn"}.get(finding.level, "bad")
    return console.styled(finding.level, style)


def run_migrate(session: Session) -> Reply:
    """The steps to the present schema, taken or listed."""
    from memoryoss_mcp.maintenance import migrate  # start-up time: --help needs no database

    if not session.config.store_path.exists():
        message = f"There is no memory file {session.config.store_path} yet; nothing to migrate."
        return Reply(
            {"current": None, "target": None, "steps": [], "applied": False, "snapshot": None},
            lambda console: console.line(message),
        )
    plan = migrate(session.config, dry_run=session.options.dry_run)
    return Reply(document(plan), lambda console: _show_plan(console, plan))


def run_migrate_embeddings(session: Session) -> Reply:
    """Embed whatever has no vector of the model."""
    from memoryoss_mcp.runtime import Runtime  # start-up time: --help needs no database

    options, config = session.options, session.config
    wanted = options.model or config.embeddings.model
    if options.dry_run:
        with session.runtime() as runtime:
            status = runtime.status()
        spaces = status.namespaces
        same = status.embedding_model == wanted
        count = sum(space.pending if same else space.total for space in spaces)
        done = 0
    else:
        changed = replace(config, embeddings=replace(config.embeddings, model=wanted))
        with (
            Runtime.open(changed, client=CLIENT, ask=session.ask()) as runtime,
            session.progress("embedding") as progress,
        ):
            done = runtime.embed_pending(progress)
            count = sum(space.pending for space in runtime.status().namespaces)
    fields = {
        "model": wanted,
        "embedded": done,
        "pending": count,
        "dry_run": options.dry_run,
        "configured": config.embeddings.model == wanted,
    }

    def show(console: Console) -> None:
        if options.dry_run:
            console.line(console.styled("would embed ", "warn"), f"{count:,} memories by {wanted}")
            return
        console.line(console.styled("embedded ", "good"), f"{done:,} memories by {wanted}")
        if count:
            console.line(f"{count:,} could not be: their namespaces are sealed and locked.")
        if config.embeddings.model != wanted:
            console.line(f'Now set in [embeddings]: model = "{wanted}"')

    return Reply(fields, show)


def _show_plan(console: Console, plan: MigrationPlan) -> None:
    if not plan.steps:
        console.line(f"The file has the present schema, version {plan.current}.")
        return
    verb = "migrated" if plan.applied else "would migrate"
    console.line(
        console.styled(verb, "good" if plan.applied else "warn"),
        f" from schema version {plan.current} to {plan.target}:",
    )
    for step in plan.steps:
        console.line(f"- {step}", indent=2)
    if plan.snapshot is not None:
        console.line(f"The file as it was: {plan.snapshot}")
