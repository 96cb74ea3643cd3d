# SPDX-License-Identifier: AGPL-3.0-only
"""``memoryoss import``: memories of other programs into a namespace, or a look at them first."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from memoryoss_mcp.cli.documents import document
from memoryoss_mcp.cli.interrupt import Interrupt
from memoryoss_mcp.cli.parser import Commands, choice, whole_number
from memoryoss_mcp.cli.session import CLIENT, INTERRUPTED, Reply, Session
from memoryoss_mcp.cli.views import counted, namespace_text, preview
from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.exchange.sources import KINDS, beside, detect, find_source
from memoryoss_mcp.model import Status

if TYPE_CHECKING:
    from memoryoss_mcp.cli.console import Cell, Console
    from memoryoss_mcp.exchange.importing import Outcome, Report
    from memoryoss_mcp.exchange.planning import Decision
    from memoryoss_mcp.exchange.provenance import Provenance
    from memoryoss_mcp.exchange.record import Found, Skipped, Source
    from memoryoss_mcp.namespaces import NamespaceChoice

SHOWN = 20
"""Records of each decision that are told of one by one."""

_QUIET = ("create", "existing")
"""Decisions whose records people are shown only in a dry run, or never."""

_VERBS = (
    ("create", "created", "create", ""),
    ("update", "updated", "update", ""),
    ("merge", "merged", "merge", ""),
    ("conflict", "left", "leave", " for review ('memoryoss review')"),
)
"""What is done after a decision: as it was done, as it would be."""

ODDS = 60
"""Characters of a memory that a record is at odds with."""

_STYLES = {"create": "good", "conflict": "warn", "skipped": "bad"}


def register(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add(
        "import",
        run,
        "PATH [--from KIND] [OPTIONS]",
        "Bring in the memories of another program.",
        description="PATH is its file or folder; what kind it is shows itself, or is said with "
        "--from:\n"
        f"{', '.join(KINDS[:6])},\n{', '.join(KINDS[6:])}.\n\n"
        "What comes in is labelled as imported and gets into no prompt unasked until somebody\n"
        "confirms it. Secrets are redacted. The same import again goes on where it was ended: what "
        "is\nthere stays, what has changed there is updated here, unless somebody has changed or\n"
        "confirmed it here: then the new words wait in the inbox ('memoryoss review').\n\n"
        "--dry-run decides all of that and keeps nothing. --audit tells what is in PATH:\n"
        "repeated, outdated and worthless records, secrets, orders to whoever reads them.",
        kept="Nothing was imported.",
    )
    parser.add_argument("path", type=Path, metavar="PATH", help="the file or folder")
    parser.add_argument("--from", dest="kind", metavar="KIND", help="what kind it is")
    parser.add_argument("--dry-run", action="store_true", help="decide everything, keep nothing")
    parser.add_argument("--audit", action="store_true", help="look at it only")
    parser.add_argument(
        "--status",
        type=choice(Status, "status"),
        metavar="STATUS",
        help=f"{', '.join(Status)} (default: what the record says)",
    )
    parser.add_argument(
        "--tag", action="append", default=[], metavar="TAG", help="a tag for all; repeat for more"
    )
    parser.add_argument(
        "--map",
        action="append",
        default=[],
        metavar="FIELD=COLUMN",
        help="for csv and jsonl: which column a field is in (content=body); repeat for more",
    )
    parser.add_argument(
        "--limit", type=whole_number("limit"), metavar="N", help="only the first N records"
    )


def run(session: Session) -> Reply:
    """Import, or audit."""
    from memoryoss_mcp.exchange.provenance import Provenance  # start-up time

    options = session.options
    check_limit(options.limit)
    columns = dict(map(_mapped, options.map))
    path: Path = options.path
    source = find_source(options.kind, columns) if options.kind else detect(path, columns)
    if not path.exists():
        raise InvalidInputError(f"There is no {path}.", field="path")
    others = () if options.kind else beside(path, source)
    records = islice(source.read(path), options.limit)
    total = _total(session, source, path)
    if options.audit:
        from memoryoss_mcp.cli.import_audit import audited  # start-up time

        return audited(session, source, records, total, others)
    provenance = Provenance(source.kind, path.resolve().as_posix())
    return import_records(
        session, records, provenance, total=total, title=source.title, others=others
    )


def check_limit(limit: int | None) -> None:
    """Refuse a limit that lets nothing through.

    Raises:
        InvalidInputError: it is below 1.
    """
    if limit is not None and limit < 1:
        raise InvalidInputError("limit must be at least 1.", field="limit")


def import_records(
    session: Session,
    records: Iterable[Found | Skipped],
    provenance: Provenance,
    *,
    title: str,
    total: int = 0,
    others: Sequence[Source] = (),
) -> Reply:
    """Import into the namespace of the session, with its ``--tag``, ``--status`` and
    ``--dry-run``. ``others`` are the kinds that lie beside and are not read.

    Raises:
        InvalidInputError: not even the first record can be read.
    """
    from memoryoss_mcp.exchange.importing import Importer  # start-up time
    from memoryoss_mcp.exchange.shaping import Wishes
    from memoryoss_mcp.screen import screen_draft

    options, config = session.options, session.config
    # What cannot be read at all is an error before the memory is opened.
    each = iter(records)
    begun = list(islice(each, 1))
    told: dict[Decision, list[Outcome]] = {}

    def observe(outcome: Outcome) -> None:
        kept = told.setdefault(outcome.decision, [])
        if len(kept) < SHOWN:
            kept.append(outcome)

    start = time.perf_counter()
    with (
        session.runtime() as runtime,
        session.progress("importing") as progress,
        Interrupt() as interrupt,
    ):
        chosen = session.namespace(runtime)
        importer = Importer(
            runtime.rehearsal() if options.dry_run else runtime,
            partial(screen_draft, limits=config.limits, secrets=config.screen.secrets),
            config.limits,
            chosen.name,
            provenance,
            Wishes(tuple(options.tag), options.status, CLIENT),
        )
        report = importer.run(
            chain(begun, each),
            total=total,
            progress=progress,
            observe=observe,
            undisturbed=interrupt.deferred,
        )
        seconds = time.perf_counter() - start
        outcomes = [outcome for kept in told.values() for outcome in kept]
        odds = list(dict.fromkeys(other for outcome in outcomes for other in outcome.others))
        words = {memory.id: memory.content for memory in importer.target.known(odds, chosen.name)}
    fields = _document(report, outcomes, chosen, provenance, dry_run=options.dry_run)
    fields["beside"] = [source.kind for source in others]

    def show(console: Console) -> None:
        _show_decisions(console, report, outcomes, words, dry_run=options.dry_run)
        console.blank()
        rate = report.records / seconds if seconds else 0.0
        records = counted(report.records, "record", "records")
        console.line(
            console.styled(_done(report, options.dry_run), "bad" if report.stopped else "good"),
            f" · {records} of {title} in {seconds:.1f} s ({rate:,.0f}/s)",
            console.styled(f" · namespace {namespace_text(chosen)}", "dim"),
        )
        _show_notes(console, report)
        show_beside(console, others)
        if report.written and not options.dry_run:
            console.command(_undo(session, provenance, chosen), "to take it back: ")

    return Reply(fields, show, _code(report))


def _total(session: Session, source: Source, path: Path) -> int:
    """How many records there will be, where somebody watches the bar; 0 if that is not known."""
    limit: int | None = session.options.limit
    if session.as_json or not sys.stderr.isatty():
        return limit or 0
    total = source.count(path)
    return total if limit is None else min(limit, total)


def _mapped(text: str) -> tuple[str, str]:
    field, separator, column = text.partition("=")
    if not separator or not column:
        raise InvalidInputError(
            f"{text[:60]!r} names no column.", field="map", hint="Write it as content=body."
        )
    return field.strip(), column.strip()


def _code(report: Report) -> int:
    if report.stopped is None:
        return 0
    return INTERRUPTED if report.stopped.code == "interrupted" else 1


def _document(
    report: Report,
    outcomes: list[Outcome],
    chosen: NamespaceChoice,
    provenance: Provenance,
    *,
    dry_run: bool,
) -> dict[str, Any]:
    from memoryoss_mcp.exchange.planning import Decision  # start-up time

    stopped = report.stopped
    return {
        "dry_run": dry_run,
        "namespace": chosen.name,
        "namespace_source": chosen.source,
        "kind": provenance.kind,
        "source": provenance.label,
        "source_key": provenance.source_key,
        "records": report.records,
        "decisions": {decision.value: report.counts[decision] for decision in Decision},
        "skipped": dict(report.reasons.most_common()),
        "redacted": dict(report.redacted),
        "left_out": dict(report.left_out),
        "pending": report.pending,
        "outcomes": [document(outcome) for outcome in outcomes],
        "stopped": stopped and {"code": stopped.code, "message": str(stopped)},
    }


def _undo(session: Session, provenance: Provenance, chosen: NamespaceChoice) -> str:
    """The command that takes back all that came from a source, wherever it is typed."""
    options = session.options
    given = (
        ("--config", options.config and options.config.absolute()),
        ("--data-dir", options.data_dir and options.data_dir.absolute()),
        ("--source-key", provenance.source_key),
        ("--namespace", chosen.name),
    )
    parts = [part for name, value in given if value for part in (name, str(value))]
    return shlex.join(("memoryoss", "undo", *parts))


def _done(report: Report, dry_run: bool) -> str:
    """What happened to memories here, in words."""
    counts = {decision.value: count for decision, count in report.counts.items()}
    done = [
        f"{verbs[dry_run]} {counts[decision]:,}{more}"
        for decision, *verbs, more in _VERBS
        if counts.get(decision)
    ]
    if not done:
        return "nothing would change" if dry_run else "nothing changed"
    return ("would " if dry_run else "") + ", ".join(done)


def _show_decisions(
    console: Console,
    report: Report,
    outcomes: list[Outcome],
    words: Mapping[UUID, str],
    *,
    dry_run: bool,
) -> None:
    """The numbers, and the records that somebody may want to look at. ``words`` are those of the
    memories that they are at odds with."""
    counts: list[tuple[Cell, ...]] = [
        (console.styled(decision.value, _STYLES.get(decision.value, "key")), f"{count:,}")
        for decision, count in sorted(report.counts.items(), key=lambda pair: -pair[1])
    ]
    if counts:
        console.table(("decision", "records"), counts, right=("records",))
    hidden = _QUIET[1:] if dry_run else _QUIET
    rows: list[tuple[Cell, ...]] = [
        (
            console.styled(outcome.decision.value, _STYLES.get(outcome.decision.value, "key")),
            preview(outcome.place, 40),
            _told(outcome, words, dry_run=dry_run),
        )
        for outcome in outcomes
        if outcome.decision.value not in hidden
    ]
    if rows:
        console.blank()
        console.table(("decision", "where", "what"), rows, wrap=("what",))


def _told(outcome: Outcome, words: Mapping[UUID, str], *, dry_run: bool) -> str:
    """A record, and what became of it where its decision does not say so."""
    parts = [preview(outcome.preview)]
    if outcome.decision.value == "conflict":
        named = [
            f'{other} "{preview(words[other], ODDS)}"' for other in outcome.others if other in words
        ]
        waits = "would wait in review" if dry_run else "waits in review"
        kept = f", which stays as it is: {outcome.reason}" if outcome.reason else ""
        parts.append(f"{waits} beside {', '.join(named) or 'another memory'}{kept}")
    elif outcome.reason:
        parts.append(outcome.reason)
    return " · ".join(filter(None, parts))


def show_beside(console: Console, others: Sequence[Source]) -> None:
    """The kinds that a folder holds too, and how each is read."""
    for source in others:
        console.line(
            console.styled("note: ", "warn"),
            f"not read, though it is here as well: {source.title}; add --from {source.kind}",
        )


def _show_notes(console: Console, report: Report) -> None:
    from memoryoss_mcp.screen.secrets import in_words  # start-up time

    notes = [f"{count:,} skipped: {reason}" for reason, count in report.reasons.most_common(SHOWN)]
    if len(report.reasons) > SHOWN:
        more = counted(len(report.reasons) - SHOWN, "more reason", "more reasons")
        notes.append(f"{more} to skip; --json has all")
    if report.redacted:
        notes.append(in_words(report.redacted.elements()))
    notes += [f"{count:,} × {part} left out" for part, count in report.left_out.items()]
    if report.pending:
        notes.append(counted(report.pending, "has no vector yet", "have no vector yet"))
    for note in notes:
        console.line(console.styled("note: ", "warn"), note)
    if report.stopped is not None:
        console.line(console.styled("stopped: ", "bad"), str(report.stopped))
        console.line(
            f"{counted(report.records, 'record is', 'records are')} decided, and what came of "
            "that is kept. The same command goes on from there."
        )
