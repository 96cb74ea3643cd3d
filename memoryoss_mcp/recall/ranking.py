# SPDX-License-Identifier: AGPL-3.0-only
"""From candidates to an order: scoring, currency, diversity, the confidence gate, and why."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from memoryoss_mcp.config import Recall
from memoryoss_mcp.model import from_datetime
from memoryoss_mcp.model.clock import MAX_TIMESTAMP, MIN_TIMESTAMP
from memoryoss_mcp.recall.gate import judge
from memoryoss_mcp.recall.order import answering, current, diversified, preceded
from memoryoss_mcp.recall.plan import Plan
from memoryoss_mcp.recall.query import Weights
from memoryoss_mcp.recall.restatements import VALUED, on_the_subject, restated
from memoryoss_mcp.recall.result import Gate
from memoryoss_mcp.recall.score import Scores, Wishes, calibrated, score
from memoryoss_mcp.store.search import Candidates, Probe
from memoryoss_mcp.text.cues import (
    asks_for_present_state,
    asks_for_the_past,
    asks_for_what_came,
    speaks_in_first_person,
)
from memoryoss_mcp.text.tokens import index_terms
from memoryoss_mcp.text.values import asked_value

if TYPE_CHECKING:
    from numpy.typing import NDArray

K1: Final = 1.2
B: Final = 0.3
"""BM25's constants for finding candidates; what they score is decided in ``score``."""

VECTOR_DEPTH: Final = 512
REFINED_DEPTH: Final = 160
"""Candidates that sign distances find, and how many of them the query's product with the signs
keeps: more of the true best 20 than the same number by distance alone."""

LEXICAL_DEPTH: Final = 120


def probe(
    plan: Plan,
    vector: NDArray[np.float32] | None,
    model: int,
) -> Probe:
    """What the store has to look for; ``vector`` was made by the store's ``model``."""
    return Probe(
        terms=plan.terms,
        vector=vector,
        model=model,
        filters=plan.query.filters,
        vector_depth=VECTOR_DEPTH,
        refined_depth=REFINED_DEPTH,
        lexical_depth=LEXICAL_DEPTH,
        k1=K1,
        b=B,
    )


Replacements = Callable[[Sequence[int]], Sequence[tuple[int, int]]]
"""Pairs (newer, older) of row keys among some: the newer says anew what the older says."""

Contents = Callable[[Sequence[int]], Mapping[int, str]]
"""The texts of some memories, by row key."""

TIED: Final = 64
"""Places in which newer statements are put before older ones that they are tied to."""


class Described(NamedTuple):
    """Score, its parts and the reasons in words."""

    score: float
    parts: Mapping[str, float]
    provenance: tuple[str, ...]


BEYOND: Final = Described(0.0, {}, ("beyond_candidates",))
"""What there is to say of a memory that paging reached behind the last candidate."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """Candidates in their final order with everything that led to it."""

    candidates: Candidates
    scores: Scores
    currency: NDArray[np.float32]
    """What each candidate gains or loses against older or newer statements, in deviations."""
    total: NDArray[np.float32]
    order: NDArray[np.intp]
    gate: Gate
    plan: Plan
    replaced: Mapping[int, int]
    """Row keys of memories that a newer one among the candidates says anew, and that one's."""
    revalued: Mapping[int, int]
    """The same of memories for which a newer one has another value of what the question asks."""

    @property
    def terms(self) -> tuple[str, ...]:
        """The analysed terms of the query."""
        return self.plan.terms

    def describe(self, numbers: Sequence[int]) -> dict[int, Described]:
        """What there is to say of some memories, by row key. Those that paging reached behind the
        last candidate are left out."""
        if not len(self.candidates.numbers):
            return {}
        places = np.searchsorted(self.candidates.numbers, numbers)
        places = np.minimum(places, len(self.candidates.numbers) - 1)
        known = self.candidates.numbers[places] == numbers
        places = places[known]
        parts = dict(self.scores.parts) | {
            "currency": self.currency,
            "similarity": self.candidates.similarity,
            "bm25": self.candidates.bm25,
        }
        values = np.array([part[places] for part in parts.values()], np.float64).round(4).T
        present = (self.candidates.frequencies[places] > 0).tolist()
        totals: list[float] = self.total[places].tolist()
        found = {}
        for number, total, row, there in zip(
            self.candidates.numbers[places].tolist(), totals, values.tolist(), present, strict=True
        ):
            own = dict(zip(parts, row, strict=True))
            words = list(itertools.compress(self.candidates.terms, there))
            found[number] = Described(total, own, self._reasons(number, own, words))
        return found

    def _reasons(
        self, number: int, parts: Mapping[str, float], words: Sequence[str]
    ) -> tuple[str, ...]:
        reasons = []
        if parts["vector"] > 1.0:
            reasons.append("vector")
        if words:
            reasons.append("bm25:" + ",".join(words[:6]))
        if parts["exact"] > 0:
            named = [t for t in words if t in self.plan.identifier_terms]
            reasons += [f"identifier_match:{term[:48]}" for term in named]
        if parts["session"] > 0.5:
            reasons.append("session")
        if parts["recency"] > 0:
            reasons.append("recency")
        if parts["currency"] < 0 or number in self.replaced:
            reasons.append("newer_exists")
        elif parts["currency"] > 0 or number in self.replaced.values():
            reasons.append("newest_statement")
        if number in self.revalued:
            reasons.append("newer_value_exists")
        elif number in self.revalued.values():
            reasons.append("newest_value")
        return tuple(reasons)


def rank(
    candidates: Candidates,
    plan: Plan,
    vector: NDArray[np.float32] | None,
    weights: Weights,
    settings: Recall,
    replacements: Replacements,
    contents: Contents,
) -> Ranking:
    """Score the candidates, put newer statements before older ones of the same thing and near
    copies behind what is new, and decide whether the best answer the question. ``replacements``
    tells which of them are tied as newer and older."""
    wishes = _wishes(plan)
    scores = score(candidates, vector, weights, wishes)
    currency = current(candidates, scores, wishes)
    evidence = scores.evidence + currency
    total = calibrated(evidence)
    # Ties: the newer first, then the later stored, so that the order is always the same.
    order = np.lexsort((-candidates.numbers, -candidates.created, -evidence))
    order = order[_strongest(candidates, scores)[order] >= floor(vector, settings)]
    order = diversified(order, candidates, total, settings.diversity_factor)
    head = candidates.numbers[order[:TIED]]
    pairs = replacements(head.tolist())
    came = asks_for_what_came(plan.query.text)
    if pairs and (came or not asks_for_the_past(plan.query.text)):
        wanted = pairs if came or wishes.latest else answering(candidates, pairs)
        order = preceded(order, head, wanted)
    valued: Sequence[tuple[int, int]] = ()
    asked = asked_value(plan.query.text) if wishes.present_state or wishes.latest else None
    if asked is not None:
        told = on_the_subject(candidates, order[:VALUED], asked)
        if len(told) > 1:
            valued = restated(candidates, contents(told.tolist()), asked)
            order = preceded(order, candidates.numbers[order[:VALUED]], valued)
    gate = judge(candidates, scores, order, _literal(plan), settings)
    replaced = {older: newer for newer, older in pairs}
    revalued = {older: newer for newer, older in valued}
    return Ranking(candidates, scores, currency, total, order, gate, plan, replaced, revalued)


def floor(vector: NDArray[np.float32] | None, settings: Recall) -> float:
    """What a memory's strongest channel must reach. Searching by words only, any word will do."""
    return settings.min_channel_score if vector is not None else 1e-3


def _strongest(candidates: Candidates, scores: Scores) -> NDArray[np.float32]:
    """The strongest channel of each candidate, in 0 to 1: what the precision gate looks at. A
    neighbour of something relevant counts with its session."""
    strongest = candidates.similarity.copy()
    if len(candidates.terms):
        present = (candidates.frequencies > 0).mean(axis=1, dtype=np.float32)
        np.maximum(strongest, present, out=strongest)
    for name in ("exact", "session"):
        np.maximum(strongest, scores.parts[name], out=strongest)
    return strongest


def _wishes(plan: Plan) -> Wishes:
    recency = plan.time
    return Wishes(
        identifier_terms=frozenset(plan.identifier_terms),
        routed=plan.routed,
        latest=recency is not None and recency.kind == "latest",
        periods=tuple(
            (_bound(days.start, MIN_TIMESTAMP), _bound(days.end, MAX_TIMESTAMP))
            for days in (recency.ranges if recency else ())
        ),
        first_person=speaks_in_first_person(plan.query.text),
        present_state=asks_for_present_state(plan.query.text),
    )


def _literal(plan: Plan) -> frozenset[str]:
    """The terms of the identifiers that a question names; any word can stand in quotes."""
    named = (index_terms(i.text) for i in plan.identifiers if i.kind != "quoted")
    return frozenset(terms[0] for terms in named if terms)


def _bound(day: date | None, otherwise: int) -> int:
    return otherwise if day is None else from_datetime(day)
