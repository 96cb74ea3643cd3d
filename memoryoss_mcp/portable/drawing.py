# SPDX-License-Identifier: AGPL-3.0-only
"""Pictures of an artifact for a page: memories over time, shares, and how memories are tied."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from memoryoss_mcp.model import Status
from memoryoss_mcp.portable.markup import Markup, joined, tag
from memoryoss_mcp.portable.tally import Listed, Tie

STATUSES: Final = tuple(
    status.value for status in (Status.ACTIVE, Status.CANDIDATE, Status.CONTESTED, Status.STALE)
)
"""The order in which statuses are stacked; each has a colour of its own."""

_MOST_BARS: Final = 60
_STEPS: Final = (1, 3, 12, 60, 120)
"""Months that a bar may stand for."""
_TALL: Final = 100
_ROW: Final = 40
"""Pixels of a row of tied memories."""
_WIDE: Final = 96
"""Pixels of the lines beside them."""
_TIES: Final = {
    "superseded_by": "superseded by",
    "derived_from": "went into",
    "contradicts_with": "contradicts",
}


def timeline(months: Mapping[str, Counter[str]]) -> Markup | None:
    """Memories by the time when they were made, stacked by status; nothing when that is one bar.
    ``months`` as :class:`~memoryoss_mcp.portable.tally.Tally` has them."""
    bins, step = _bins(months)
    if len(bins) < 2:
        return None
    highest = max(counts.total() for _, counts in bins)
    bars = []
    for number, (label, counts) in enumerate(bins):
        words = ", ".join(f"{counts[name]} {name}" for name in STATUSES if counts[name])
        bars.append(_column(number, counts, highest, f"{label}: {words or 'none'}"))
    first, last, width = bins[0][0], bins[-1][0], 10 * len(bins)
    words = f"Memories made from {first} to {last}; at most {highest} in one bar."
    picture = tag(
        "svg",
        *bars,
        viewBox=f"0 0 {width} {_TALL}",
        preserveAspectRatio="none",
        class_="columns",
        role="img",
        aria_label=words,
    )
    unit = {1: "a month", 3: "a quarter", 12: "a year"}.get(step, f"{step // 12} years")
    return tag(
        "figure",
        tag("p", f"at most {highest} in a bar, which is {unit}", class_="faint"),
        picture,
        tag("div", tag("span", first), tag("span", last), class_="axis"),
        style=f"max-width:{max(240, 56 * len(bins))}px",
    )


def shares(counts: Mapping[str, int], classes: Mapping[str, str]) -> Markup:
    """One bar in which everything has its share, and what each part is. ``classes`` are the style
    classes of the parts, which are drawn in that order."""
    total = sum(counts.values())
    parts, legend, start = [], [], 0.0
    for name, style in classes.items():
        if not (count := counts.get(name, 0)):
            continue
        width = 100 * count / total
        parts.append(
            tag("rect", x=f"{start:.3f}", y=0, width=f"{width:.3f}", height=10, class_=style)
        )
        start += width
        legend.append(
            tag(
                "li",
                tag("span", class_=f"swatch {style}"),
                f"{name} ",
                tag("b", str(count)),
                tag("span", f" {width:.0f} %" if width >= 0.5 else " < 1 %", class_="faint"),
            )
        )
    picture = tag(
        "svg",
        *parts,
        viewBox="0 0 100 10",
        preserveAspectRatio="none",
        class_="share",
        aria_hidden="true",
    )
    return joined([picture, tag("ul", *legend, class_="legend")])


def bars(rows: Sequence[tuple[str, int]]) -> Markup:
    """Named numbers, the bars compared with the largest."""
    largest = max((count for _, count in rows), default=0)
    return tag(
        "ul",
        *(
            tag(
                "li",
                tag("bdi", name, class_="name"),
                tag("span", tag("i", style=f"width:{100 * count / largest:.1f}%"), class_="bar"),
                tag("b", str(count)),
            )
            for name, count in rows
        ),
        class_="bars",
    )


def ties(tied: Sequence[Listed], lines: Sequence[Tie]) -> Markup:
    """Memories from the oldest to the newest and the lines between them. Those that are named and
    are not there stand last."""
    rows = {one.entry.id: place for place, one in enumerate(tied)}
    for tie in lines:
        for end in (tie.source, tie.target):
            rows.setdefault(end, len(rows))
    height = _ROW * len(rows)
    picture = tag(
        "svg",
        *(_arc(rows, tie) for tie in lines),
        width=_WIDE,
        height=height,
        viewBox=f"0 0 {_WIDE} {height}",
        role="img",
        aria_label=f"{len(lines)} ties between {len(rows)} memories",
    )
    names = [_row(one) for one in tied]
    names += [
        tag("li", tag("span", class_="swatch absent"), f"{end} is not in here", class_="faint")
        for end, place in rows.items()
        if place >= len(tied)
    ]
    kinds = [kind for kind in _TIES if any(tie.kind == kind for tie in lines)]
    legend = [tag("li", tag("span", class_=f"stroke {kind}"), _TIES[kind]) for kind in kinds]
    return joined(
        [
            tag("ul", *legend, class_="legend"),
            tag("div", picture, tag("ol", *names), class_="ties"),
        ]
    )


def _bins(months: Mapping[str, Counter[str]]) -> tuple[list[tuple[str, Counter[str]]], int]:
    """The bars from the first to the last, empty ones too, and the months that each stands for."""
    numbers = {int(month[:-3]) * 12 + int(month[-2:]) - 1: month for month in months}
    if not numbers:
        return [], 1
    first, last = min(numbers), max(numbers)
    step = next((s for s in _STEPS if last // s - first // s < _MOST_BARS), _STEPS[-1])
    found = {place: Counter[str]() for place in range(first // step, last // step + 1)}
    for number, month in numbers.items():
        found[number // step].update(months[month])
    return [(_label(place * step, step), counts) for place, counts in found.items()], step


def _label(number: int, step: int) -> str:
    year, month = divmod(number, 12)
    if step == 1:
        return f"{year}-{month + 1:02d}"
    if step == 3:
        return f"{year} Q{month // 3 + 1}"
    return f"{year}" if step == 12 else f"{year} to {year + step // 12 - 1}"


def _column(number: int, counts: Counter[str], highest: int, words: str) -> Markup:
    parts, top = [], float(_TALL)
    for name in STATUSES:
        if not counts[name]:
            continue
        height = _TALL * counts[name] / highest
        top -= height
        parts.append(
            tag(
                "rect",
                x=10 * number + 1,
                y=f"{top:.2f}",
                width=8,
                height=f"{height:.2f}",
                class_=name,
            )
        )
    whole = tag("rect", x=10 * number, y=0, width=10, height=_TALL, class_="clear")
    return tag("g", tag("title", words), *parts, whole)


def _row(one: Listed) -> Markup:
    style = f"swatch {one.entry.status.value}"
    label = one.text[:120]
    return tag(
        "li",
        tag("span", class_=style, title=one.entry.status.value),
        tag("bdi", label, class_="name"),
        title=label,
    )


def _arc(rows: Mapping[UUID, int], tie: Tie) -> Markup:
    start, end = (rows[side] * _ROW + _ROW / 2 for side in (tie.source, tie.target))
    right = _WIDE - 8
    left = max(-24, right - 26 - 16 * abs(rows[tie.source] - rows[tie.target]))
    curve = tag("path", d=f"M{right} {start:g}C{left} {start:g} {left} {end:g} {right} {end:g}")
    points = f"M{right + 7} {end:g}l-8 -4v8z"
    head = None if tie.kind == "contradicts_with" else tag("path", d=points, class_="head")
    words = f"{tie.source} {_TIES[tie.kind]} {tie.target}"
    return tag("g", tag("title", words), curve, head, class_=tie.kind)
