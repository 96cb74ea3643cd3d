# SPDX-License-Identifier: AGPL-3.0-only
"""How artifacts and their differences are told to people on a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from memoryoss_mcp.cli.streams import one_line
from memoryoss_mcp.cli.views import preview
from memoryoss_mcp.model import format_time

if TYPE_CHECKING:
    from memoryoss_mcp.cli.console import Cell, Console
    from memoryoss_mcp.portable.diff import Difference, FieldChange
    from memoryoss_mcp.portable.integrity import Problem
    from memoryoss_mcp.portable.tally import Listed
    from memoryoss_mcp.portable.view import View

_MOST_TAGS = 10
_BAR = 24
"""Columns of the longest bar."""
_TRUST_STYLES = {"trusted": "good", "invalid_signature": "bad", "revoked": "bad"}


def show_view(console: Console, view: View) -> None:
    """One artifact: whether it holds, what is in it, how its first memories begin."""
    counts, published = view.tally, view.published
    scope = f" · {view.scope}" if view.scope else ""
    console.title(f"{view.kind.capitalize()} of {one_line(view.document.namespace)}{scope}")
    _show_state(console, view)
    provenance = published["provenance"] or {}
    origin = provenance.get("exported_from_namespace")
    rows: list[tuple[str, Cell]] = [
        ("file", one_line(view.source)),
        ("line", one_line(published["artifact_line"])),
        ("exported", published["exported_at"]),
        ("memories", f"{counts.memories}, {counts.visible} visible, {counts.archived} archived"),
    ]
    optional = {
        "made": _span(counts.first_created, counts.last_created),
        "exported from": origin if origin != view.document.namespace else None,
        "keys": ", ".join(provenance.get("source_key_ids", ())),
        "root": published["root_id"],
        "called": published["reference_uri"],
        "reviewed": counts.reviewed and f"{counts.reviewed}, {counts.review_events} decisions",
        "tied": counts.linked and f"{counts.linked}; named and not in here {counts.outside}",
        "of a team": counts.governed,
    }
    rows += [(name, one_line(str(value))) for name, value in optional.items() if value]
    console.pairs(rows)
    for title, numbers in (
        ("By status", counts.statuses.most_common()),
        ("By type", counts.types.most_common()),
        ("By tag", counts.tags.most_common(_MOST_TAGS)),
    ):
        if numbers:
            console.title(title)
            _bars(console, numbers)
    if counts.listed:
        console.title("Memories")
        _show_memories(console, counts.listed, counts.memories)
    elif counts.previews:
        console.title("First memories")
        for text in counts.previews:
            console.line(f"- {one_line(text)}", indent=2)


def _show_state(console: Console, view: View) -> None:
    form, valid = view.verdict.form, view.published["integrity"]["envelope_valid"]
    console.line(
        console.styled("valid", "good") if view.valid else console.styled("not valid", "bad"),
        f" · digest {'holds (' + form + ')' if form else 'does not hold'}",
        f" · envelope {'holds' if valid else 'does not hold'}" if view.head else "",
        " · ",
        *_trust(console, view),
    )
    for problem in view.problems:
        _show_finding(console, problem, "bad")
    for warning in view.warnings:
        _show_finding(console, warning, "warn")


def _trust(console: Console, view: View) -> tuple[Cell, ...]:
    if view.trust is None:
        return ("unsigned",)
    status = str(view.trust.get("status"))
    signer = view.signature["signer"]
    return (
        console.styled(status.replace("_", " "), _TRUST_STYLES.get(status, "warn")),
        f" · {'signed by' if status == 'trusted' else 'says it is signed by'} {one_line(signer)}"
        if signer
        else "",
        f" · {one_line(str(view.trust.get('reason') or ''))}",
    )


def _show_finding(console: Console, problem: Problem, style: str) -> None:
    console.line(
        console.styled(f"{problem.code.replace('_', ' ')}: ", style),
        one_line(problem.message),
        indent=2,
    )


def _bars(console: Console, numbers: Sequence[tuple[str, int]]) -> None:
    largest = max(count for _, count in numbers)
    rows: list[tuple[str, Cell]] = []
    for name, count in numbers:
        bar = console.styled("█" * max(1, round(_BAR * count / largest)), "key")
        rows.append((preview(name, 40), bar.append(f" {count}", style="default")))
    console.pairs(rows, indent=2)


def _show_memories(console: Console, listed: Sequence[Listed], count: int) -> None:
    for one in listed:
        entry = one.entry
        parts = [
            entry.status.value,
            "archived" if entry.archived else "",
            entry.memory_type.value,
            format_time(entry.created_at)[:10],
            " ".join(f"#{tag}" for tag in entry.tags),
            f"superseded by {entry.superseded_by}" if entry.superseded_by else "",
            f"made of {len(entry.derived_from)}" if entry.derived_from else "",
            f"contradicts {len(entry.contradicts_with)}" if entry.contradicts_with else "",
        ]
        console.line(f"- {preview(one.text)}", indent=2)
        words = " · ".join(filter(None, (*parts, str(entry.id))))
        console.line(console.styled(one_line(words), "dim"), indent=4)
    if count > len(listed):
        console.line(console.styled(f"and {count - len(listed)} more", "dim"), indent=2)


def show_difference(console: Console, found: Difference) -> None:
    """Both artifacts in short, then memories that differ, then what else does."""
    for side, view in (("left", found.left), ("right", found.right)):
        kind = f"{view.kind} of {one_line(view.document.namespace)}"
        console.title(f"{side}: {one_line(view.source)} · {kind}")
        _show_state(console, view)
    console.title("Memories" if found.differs else "Nothing differs")
    left, right = found.duplicates
    console.line(
        console.styled(f"{found.added_count} added", "good" if found.added_count else "dim"),
        " · ",
        console.styled(f"{found.removed_count} removed", "bad" if found.removed_count else "dim"),
        " · ",
        console.styled(f"{found.changed_count} changed", "warn" if found.changed_count else "dim"),
        f" · {found.unchanged_count} unchanged",
        f" · said twice or more: {left} left, {right} right" if left or right else "",
    )
    if found.field_counts:
        _bars(console, found.field_counts.most_common())
    if found.changed:
        console.title("Changed")
        for change in found.changed:
            console.line(f"~ {preview(change.after.text)}", indent=2)
            for field in change.fields:
                console.line(*_field(console, field), indent=4)
            console.line(console.styled(str(change.after.entry.id), "dim"), indent=4)
        _rest(console, found.changed_count - len(found.changed))
    for title, listed, count in (
        ("Added", found.added, found.added_count),
        ("Removed", found.removed, found.removed_count),
    ):
        if listed:
            console.title(title)
            _show_memories(console, listed, count)
    for title, added, removed in (
        ("Edges", found.added_edges, found.removed_edges),
        ("Events", found.added_events, found.removed_events),
    ):
        if added or removed:
            console.title(title)
            console.line(f"{len(added)} added, {len(removed)} removed", indent=2)
    if found.artifact_changes:
        console.title("The artifacts themselves")
        for field in found.artifact_changes:
            console.line(*_field(console, field), indent=2)


def _rest(console: Console, count: int) -> None:
    if count > 0:
        console.line(console.styled(f"and {count} more", "dim"), indent=2)


def _field(console: Console, change: FieldChange) -> tuple[Cell, ...]:
    name = console.styled(f"{change.name.replace('_', ' ')} ", "key")
    if change.wording:
        styles = {"same": "plain", "removed": "bad", "added": "good"}
        marks = {"same": "{}", "removed": "[-{}-]", "added": "{{+{}+}}"}
        return name, *(
            console.styled(marks[run.kind].format(_inline(run.text)), styles[run.kind])
            for run in change.wording
        )
    if change.reordered:
        return name, "in another order"
    if change.added or change.removed:
        gone = [console.styled(f" -{_value(value)}", "bad") for value in change.removed]
        return (
            name,
            *gone,
            *(console.styled(f" +{_value(value)}", "good") for value in change.added),
        )
    return (
        name,
        console.styled(_value(change.before), "bad"),
        " → ",
        console.styled(_value(change.after), "good"),
    )


def _inline(text: str) -> str:
    """A piece of a text on one line, its blanks at the ends kept."""
    return text.replace("\r\n", "\n").replace("\n", "⏎").replace("\t", " ")


def _value(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        return "; ".join(f"{name} {_value(part)}" for name, part in value.items())
    if isinstance(value, list):
        return ", ".join(map(_value, value))
    return one_line(str(value))


def _span(first: int | None, last: int | None) -> str | None:
    if first is None or last is None:
        return None
    return f"{format_time(first)[:10]} to {format_time(last)[:10]}"
