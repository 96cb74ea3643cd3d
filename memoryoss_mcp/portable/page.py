# SPDX-License-Identifier: AGPL-3.0-only
"""What is shown of an artifact, or of the difference between two, as one page for a browser: no
script, nothing from anywhere else, nothing of the artifact that is not escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from memoryoss_mcp.model import format_time
from memoryoss_mcp.portable import lines
from memoryoss_mcp.portable.canonical import compact
from memoryoss_mcp.portable.diff import Difference, FieldChange, MemoryChange
from memoryoss_mcp.portable.drawing import STATUSES, bars, shares, ties, timeline
from memoryoss_mcp.portable.integrity import Problem
from memoryoss_mcp.portable.markup import Child, Markup, joined, plain, tag
from memoryoss_mcp.portable.sheet import SHEET
from memoryoss_mcp.portable.tally import Listed, Tally
from memoryoss_mcp.portable.view import View

POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
"""What a browser may load and run for a page: its own style sheet."""
MOST_EVENTS: Final = 200
MOST_TAGS: Final = 12
SHORT_TEXT: Final = 700
"""Characters of a memory that are shown without being asked for."""

_MARKS: Final = {"good": "✓", "bad": "✗", "warn": "!", "none": "–"}
_STATUS_CLASSES: Final = {name: name for name in STATUSES}
_CHANGE_CLASSES: Final = {
    "unchanged": "kept",
    "changed": "edited",
    "added": "come",
    "removed": "gone",
}
_TRUST_WORDS: Final = {
    "trusted": ("good", "signed and trusted"),
    "invalid_signature": ("bad", "signature does not hold"),
    "revoked": ("bad", "signer is revoked"),
    "unknown_identity": ("warn", "signer is not known here"),
    "verification_unavailable": ("warn", "signed, not verified"),
}


def page(view: View) -> str:
    """The page of one artifact."""
    title = f"{view.kind} of {view.document.namespace}"
    anchors = frozenset(str(one.entry.id) for one in view.tally.listed)
    return _page(
        title,
        tag("header", tag("p", _line(view), class_="faint"), tag("h1", _title(view))),
        _verdict(view),
        _findings("Problems", "bad", view.problems),
        _findings("Worth knowing", "warn", view.warnings),
        _numbers(view),
        _pictures(view.tally),
        _section("How they are tied", ties(view.tally.tied, view.tally.ties))
        if view.tally.ties
        else None,
        _events(view.document),
        _memories("Memories", view.tally.listed, view.tally.memories, anchors),
        _particulars(view),
    )


def diff_page(difference: Difference) -> str:
    """The page of a difference."""
    counts = {
        "unchanged": difference.unchanged_count,
        "changed": difference.changed_count,
        "added": difference.added_count,
        "removed": difference.removed_count,
    }
    fields = difference.field_counts.most_common()
    sides = [
        tag(
            "section",
            tag("p", side, class_="faint"),
            tag("h2", _title(view)),
            tag("p", tag("bdi", view.source), class_="faint path"),
            _verdict(view),
            _findings("Problems", "bad", view.problems),
            _findings("Worth knowing", "warn", view.warnings),
        )
        for side, view in (("left, before", difference.left), ("right, after", difference.right))
    ]
    left, right = difference.duplicates
    return _page(
        "Difference of two artifacts",
        tag("header", tag("h1", "What differs" if difference.differs else "Nothing differs")),
        tag("div", *sides, class_="two"),
        _section("Memories", shares(counts, _CHANGE_CLASSES)),
        tag("p", f"Said twice or more: {left} left, {right} right.") if left or right else None,
        _section("Changed fields of memories", bars(fields)) if fields else None,
        _listed(
            "Changed",
            [_changed(change) for change in difference.changed],
            difference.changed_count,
        ),
        _memories("Added", difference.added, difference.added_count),
        _memories("Removed", difference.removed, difference.removed_count),
        _parts("Edges", difference.added_edges, difference.removed_edges),
        _parts("Events", difference.added_events, difference.removed_events),
        _artifact_changes(difference.artifact_changes),
    )


def _page(title: str, *body: Child) -> str:
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=POLICY),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("meta", name="format-detection", content="telephone=no"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", plain(title)),
        tag("style", Markup(SHEET)),
    )
    main = tag("main", *body)
    return f"<!doctype html>\n{tag('html', head, tag('body', main), lang='en')}\n"


def _section(title: str, *body: Child) -> Markup:
    return tag("section", tag("h2", title), *body)


def _title(view: View) -> Markup:
    words = view.kind.capitalize()
    scope = f" · {view.scope}" if view.scope else ""
    return joined([f"{words} of ", tag("bdi", view.document.namespace), scope])


def _line(view: View) -> str:
    published = view.published
    return f"{published['artifact_line']} · exported {_moment(view.document.exported_at)}"


def _verdict(view: View) -> Markup:
    form = view.verdict.form
    digest = ("good", f"digest holds ({form})") if form else ("bad", "digest does not hold")
    rows = [digest]
    if view.head is not None:
        valid = view.published["integrity"]["envelope_valid"]
        rows.append(("good", "envelope holds") if valid else ("bad", "envelope does not hold"))
    status = None if view.trust is None else str(view.trust.get("status"))
    rows.append(
        ("none", "unsigned") if status is None else _TRUST_WORDS.get(status, ("warn", status))
    )
    if not view.valid:
        rows.insert(0, ("bad", "not valid"))
    items = [tag("li", tag("b", _MARKS[style]), words, class_=style) for style, words in rows]
    return tag("ul", *items, class_="verdict")


def _findings(title: str, style: str, found: Sequence[Problem]) -> Markup | None:
    if not found:
        return None
    items = [
        tag("li", tag("b", problem.code.replace("_", " "), class_=style), ". ", problem.message)
        for problem in found
    ]
    return _section(title, tag("ul", *items, class_=f"findings {style}"))


def _numbers(view: View) -> Markup:
    counts = view.tally
    rows = {
        "memories": counts.memories,
        "archived": counts.archived,
        "with decisions of reviewers": counts.reviewed,
        "tied to others": counts.linked,
        "named and not in here": counts.outside,
        "governed by a team": counts.governed,
    }
    shown = [
        tag("div", tag("b", str(count)), tag("span", name, class_="faint"))
        for name, count in rows.items()
        if count or name == "memories"
    ]
    return tag("section", tag("div", *shown, class_="numbers"))


def _pictures(counts: Tally) -> Markup | None:
    if not counts.memories:
        return None
    span = timeline(counts.months)
    made = f"All were made in {next(iter(counts.months))}."
    tags = counts.tags.most_common(MOST_TAGS)
    left = len(counts.tags) - len(tags)
    more = tag("p", f"and {left} more", class_="faint") if left else None
    return joined(
        [
            _section("When they were made", span or tag("p", made)),
            _section("How they stand", shares(counts.statuses, _STATUS_CLASSES)),
            tag(
                "div",
                _section("What they are", bars(counts.types.most_common())),
                _section("Tags", bars(tags), more) if tags else None,
                class_="two",
            ),
        ]
    )


def _events(document: lines.Passport | lines.History) -> Markup | None:
    if not isinstance(document, lines.History) or not document.timeline:
        return None
    items = []
    for event in document.timeline[:MOST_EVENTS]:
        states = [state.value for state in (event.from_status, event.to_status) if state]
        by = " · ".join(filter(None, (event.actor, event.via)))
        items.append(
            tag(
                "li",
                tag(
                    "div",
                    tag("b", event.kind.replace("_", " ")),
                    tag("span", _moment(event.at)),
                    tag("span", " → ".join(states)) if states else None,
                    tag("bdi", by) if by else None,
                    class_="tops",
                ),
                tag("bdi", event.summary, class_="text"),
                class_="card",
            )
        )
    return _listed("What happened", items, len(document.timeline))


def _listed(title: str, items: Sequence[Markup], count: int) -> Markup | None:
    if not count:
        return None
    left = count - len(items)
    more = tag("p", f"{left} more are not shown.", class_="faint") if left else None
    return _section(f"{title} ({count})", tag("ul", *items), more)


def _memories(
    title: str, listed: Sequence[Listed], count: int, anchors: frozenset[str] = frozenset()
) -> Markup | None:
    return _listed(title, [_memory(one, anchors) for one in listed], count)


def _memory(one: Listed, anchors: frozenset[str]) -> Markup:
    entry, key = one.entry, str(one.entry.id)
    about = {
        "agent": entry.agent,
        "session": entry.session,
        "confidence": entry.confidence,
        "evidence": entry.evidence_count or None,
        "checked": entry.last_verified_at and _moment(entry.last_verified_at),
    }
    ties_of = {
        "superseded by": [entry.superseded_by] if entry.superseded_by else [],
        "made of": list(entry.derived_from),
        "contradicts": list(entry.contradicts_with),
    }
    decisions = [
        tag("div", tag("bdi", f"{_moment(event.at)} {event.action.value} by {event.actor}"))
        for event in entry.review_events
    ]
    notes: list[Child] = [
        tag("span", f"{name} ", tag("bdi", str(value)))
        for name, value in about.items()
        if value is not None
    ]
    notes += [
        tag("span", f"{name} ", *(_link(str(other), anchors) for other in others))
        for name, others in ties_of.items()
        if others
    ]
    return tag(
        "li",
        _tops(one),
        _text(one),
        tag("div", *notes, class_="tops"),
        tag("div", *decisions, class_="faint") if decisions else None,
        tag("code", key, class_="faint"),
        class_="card",
        id=f"m-{key}" if anchors else None,
    )


def _tops(one: Listed) -> Markup:
    entry = one.entry
    return tag(
        "div",
        tag("span", tag("span", class_=f"swatch {entry.status.value}"), entry.status.value),
        tag("b", "archived") if entry.archived else None,
        tag("span", entry.memory_type.value),
        tag("span", _moment(entry.created_at)),
        *(tag("bdi", name, class_="tag") for name in entry.tags),
        class_="tops",
    )


def _text(one: Listed) -> Markup:
    whole = one.text
    if one.length > len(whole):
        whole += f"… ({one.length} characters)"
    if len(whole) <= SHORT_TEXT:
        return tag("bdi", whole, class_="text")
    return joined(
        [
            tag("bdi", f"{whole[:SHORT_TEXT]}…", class_="text"),
            tag("details", tag("summary", "all of it"), tag("bdi", whole, class_="text")),
        ]
    )


def _link(key: str, anchors: frozenset[str]) -> Markup:
    if key in anchors:
        return joined([tag("a", key, href=f"#m-{key}"), " "])
    return joined([tag("code", key), " "])


def _particulars(view: View) -> Markup:
    published = view.published
    skipped = ("preview", "trust", "integrity", "signature", "provenance")
    rows = {name: value for name, value in published.items() if name not in skipped}
    for name in ("integrity", "signature", "trust", "provenance"):
        part = published[name] or {}
        rows |= {f"{name} {key}": value for key, value in part.items()}
    return _section("Particulars", _table(rows.items()))


def _table(rows: Iterable[tuple[str, Any]]) -> Markup:
    shown = [
        tag("tr", tag("th", name.replace("_", " ")), tag("td", tag("bdi", _value(value))))
        for name, value in rows
        if value not in (None, [])
    ]
    return tag("table", *shown)


def _artifact_changes(changes: Sequence[FieldChange]) -> Markup | None:
    if not changes:
        return None
    rows = [
        tag("tr", tag("th", change.name.replace("_", " ")), tag("td", *_from_to(change)))
        for change in changes
    ]
    return _section("The artifacts themselves", tag("table", *rows))


def _changed(change: MemoryChange) -> Markup:
    wording = [field for field in change.fields if field.wording]
    rows = [
        tag("tr", tag("th", field.name.replace("_", " ")), tag("td", *_from_to(field)))
        for field in change.fields
        if not field.wording
    ]
    return tag(
        "li",
        _tops(change.after),
        *(_wording(field) for field in wording),
        None if wording else _text(change.after),
        tag("table", *rows) if rows else None,
        tag("code", str(change.after.entry.id), class_="faint"),
        class_="card",
    )


def _wording(change: FieldChange) -> Markup:
    kinds = {"same": "span", "removed": "del", "added": "ins"}
    return tag("bdi", *(tag(kinds[run.kind], run.text) for run in change.wording), class_="text")


def _from_to(change: FieldChange) -> list[Child]:
    if change.reordered:
        return ["the same in another order"]
    gone: list[Any] = list(change.removed)
    come: list[Any] = list(change.added)
    if not gone and not come:
        gone, come = [change.before], [change.after]
    parts = [tag("del", tag("bdi", _value(value))) for value in gone]
    parts += [tag("ins", tag("bdi", _value(value))) for value in come]
    return [joined([part, " "]) for part in parts]


def _parts(
    title: str, added: Sequence[dict[str, Any]], removed: Sequence[dict[str, Any]]
) -> Markup | None:
    both = [tag("li", tag("ins", tag("bdi", _value(part)))) for part in added]
    both += [tag("li", tag("del", tag("bdi", _value(part)))) for part in removed]
    return _listed(title, both[:MOST_EVENTS], len(both))


def _value(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return "; ".join(f"{name} {_value(part)}" for name, part in value.items())
    if isinstance(value, list):
        return ", ".join(map(_value, value))
    return value if isinstance(value, str) else compact(value).decode()


def _moment(timestamp: int) -> str:
    """Date and time to the minute, in UTC."""
    return f"{format_time(timestamp)[:16].replace('T', ' ')}Z"
