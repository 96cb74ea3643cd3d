# SPDX-License-Identifier: AGPL-3.0-only
"""``memoryoss import --audit``: what a foreign memory holds, told before anything is imported."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from memoryoss_mcp.cli.documents import document
from memoryoss_mcp.cli.importing import show_beside
from memoryoss_mcp.cli.session import Reply, Session
from memoryoss_mcp.cli.views import brief_time
from memoryoss_mcp.exchange.auditing import Audit, audit

if TYPE_CHECKING:
    from memoryoss_mcp.cli.console import Cell, Console
    from memoryoss_mcp.exchange.record import Found, Skipped, Source

GOOD = 90
"""Score from which a memory counts as sound."""


def audited(
    session: Session,
    source: Source,
    records: Iterable[Found | Skipped],
    total: int,
    others: Sequence[Source] = (),
) -> Reply:
    """Read the records, and tell what they are like. ``others`` are the kinds that lie beside and
    are not read."""
    with session.progress("reading") as progress:
        found = audit(records, session.config.limits, total=total, progress=progress)
    fields = {
        "kind": source.kind,
        "path": str(session.options.path),
        "beside": [other.kind for other in others],
        **document(found),
        "examples": {
            name: [document(example) for example in kept] for name, kept in found.examples.items()
        },
        "score": found.score,
        "summary": found.summary,
    }
    return Reply(fields, lambda console: _show(console, found, source, others))


def _show(console: Console, found: Audit, source: Source, others: Sequence[Source]) -> None:
    rows: list[tuple[Cell, ...]] = [
        (
            console.styled(name.replace("_", " "), "warn" if count else "dim"),
            f"{count:,}",
            ", ".join(f"{kind} {number:,}" for kind, number in found.kinds.get(name, {}).items()),
        )
        for name, count in found.findings.items()
    ]
    rows += [("unreadable", f"{count:,}", reason) for reason, count in found.unreadable.items()]
    console.table(("finding", "records", "kinds"), rows, wrap=("kinds",), right=("records",))
    for name, examples in found.examples.items():
        console.title(name.replace("_", " "))
        shown = [(example.place, example.preview, example.detail) for example in examples]
        console.table(("where", "what", "why"), shown, wrap=("what", "why"))
    console.blank()
    if found.oldest_at is not None and found.newest_at is not None:
        console.line(
            console.styled(
                f"from {brief_time(found.oldest_at)} to {brief_time(found.newest_at)}", "dim"
            )
        )
    style = "good" if found.score >= GOOD else "warn"
    console.line(console.styled(f"{source.title}: ", "key"), console.styled(found.summary, style))
    show_beside(console, others)
