# SPDX-License-Identifier: AGPL-3.0-only
"""What is shown of a memory: all of it if it is short, else its beginning and the sentences that
answer, whole and verbatim."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import log
from typing import Final

from memoryoss_mcp.context.markup import cost, element
from memoryoss_mcp.context.passage import Passage, passage, whole_cost
from memoryoss_mcp.text.preview import fit_tokens

BEGINNING: Final = 64
"""Tokens of a long memory's beginning that are its summary, as far as sentences go."""

LEAST: Final = 16
"""Tokens below which a piece of a memory says nothing."""

GAP: Final = " \u2026 "
"""Between two pieces that do not follow each other in the memory."""

_SUMMARY_TAGS: Final = cost(element("summary", ""))
_EVIDENCE_TAGS: Final = cost(element("evidence", ""))
_GAP_COST: Final = cost(GAP)


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A view of one memory, cleaned but not escaped, and at most how many tokens its lines of the
    block have."""

    summary: str
    evidence: str
    cost: int

    @property
    def lines(self) -> tuple[str, ...]:
        """Its lines of the block."""
        summary = element("summary", self.summary)
        return (summary, element("evidence", self.evidence)) if self.evidence else (summary,)


def excerpt(text: str, terms: Sequence[str], room: int) -> Excerpt | None:
    """A view of ``text`` (cleaned) in at most ``room`` tokens, ``None`` if that is too little.
    ``terms`` are the analysed terms of the question."""
    price = _SUMMARY_TAGS + whole_cost(text)
    if price <= room:
        return Excerpt(text, "", price)
    if room < _SUMMARY_TAGS + LEAST:
        return None
    read = passage(text)
    head, spent = _beginning(read, min(BEGINNING, room) - _SUMMARY_TAGS)
    if head == 0:
        # Not even the first sentence fits into a summary: what answers best, cut if it must be.
        left = room - _SUMMARY_TAGS
        piece, spent = _best(read, range(len(read.spans)), terms, left)
        if not piece:
            piece, spent = _cut(read, terms, left)
        return Excerpt(piece, "", _SUMMARY_TAGS + spent) if piece else None
    summary = text[: read.spans[head - 1][1]]
    spent += _SUMMARY_TAGS
    rest = range(head, len(read.spans))
    piece, more = _best(read, rest, terms, room - spent - _EVIDENCE_TAGS)
    return Excerpt(summary, piece, spent + more + (_EVIDENCE_TAGS if piece else 0))


def _beginning(read: Passage, room: int) -> tuple[int, int]:
    """How many leading sentences fit, and their cost."""
    count = spent = 0
    while count < len(read.spans) and spent + read.costs[count] <= room:
        spent += read.costs[count]
        count += 1
    return count, spent


def _best(read: Passage, places: range, terms: Sequence[str], room: int) -> tuple[str, int]:
    """The sentences among some that match the terms best, in their order, and their cost."""
    chosen: list[int] = []
    spent = 0
    for place in _ranked(read, places, terms):
        price = read.costs[place] + _GAP_COST
        if spent + price <= room:
            chosen.append(place)
            spent += price
    return _joined(read, sorted(chosen)), spent


def _ranked(read: Passage, places: range, terms: Sequence[str]) -> list[int]:
    """Places of sentences, those with most of the terms first, a term counting more the fewer
    sentences have it. Sentences without any come last, in their order."""
    size = len(read.spans)
    weights = {}
    for term in terms:
        having = sum(term in own for own in read.terms)
        if having:
            weights[term] = log(1 + size / having)
    # Long sentences have more words of any kind.
    values = {
        place: sum(weight for term, weight in weights.items() if term in read.terms[place])
        / (1 + log(1 + len(read.terms[place])))
        for place in places
    }
    return sorted(places, key=lambda place: (-values[place], place))


def _joined(read: Passage, places: Iterable[int]) -> str:
    """Sentences in their order, neighbours with what stands between them."""
    pieces: list[tuple[int, int]] = []
    previous = -2
    for place in places:
        start, end = read.spans[place]
        if previous == place - 1:
            start = pieces.pop()[0]
        pieces.append((start, end))
        previous = place
    return GAP.join(read.text[start:end] for start, end in pieces)


def _cut(read: Passage, terms: Sequence[str], room: int) -> tuple[str, int]:
    """The beginning of the best sentence, marked as cut: it is longer than all the room."""
    best = read.sentence(_ranked(read, range(len(read.spans)), terms)[0])
    # Escaped text costs more than the text itself.
    for budget in (room, room // 2, room // 4):
        piece = fit_tokens(best, budget)
        spent = whole_cost(piece)
        if spent <= room:
            return piece, spent
    return "", 0
