# SPDX-License-Identifier: AGPL-3.0-only
"""The measures: pure functions over rankings and scores.

A ranking is a sequence of document ids, best first. Gold is a mapping from document id to its
relevance (above 0). All measures lie in 0 to 1.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

Ranking = Sequence[str]
Gold = Mapping[str, int]


def recall_at(ranking: Ranking, gold: Gold, k: int) -> float:
    """Share of the gold among the first ``k``."""
    return len(set(ranking[:k]) & gold.keys()) / len(gold)


def hit_at(ranking: Ranking, gold: Gold, k: int) -> float:
    """1 if any gold is among the first ``k``, else 0."""
    return float(not gold.keys().isdisjoint(ranking[:k]))


def all_at(ranking: Ranking, gold: Gold, k: int) -> float:
    """1 if all gold is among the first ``k``, else 0."""
    return float(gold.keys() <= set(ranking[:k]))


def ndcg_at(ranking: Ranking, gold: Gold, k: int) -> float:
    """Normalised discounted cumulative gain with gain ``2^relevance - 1`` and discount
    ``log2(rank + 1)`` (Burges et al. 2005)."""
    ideal = _discounted(sorted(gold.values(), reverse=True)[:k])
    return _discounted(gold.get(document, 0) for document in ranking[:k]) / ideal


def _discounted(relevances: Iterable[int]) -> float:
    return math.fsum(
        (2.0**r - 1) / math.log2(rank + 1) for rank, r in enumerate(relevances, start=1)
    )


def reciprocal_rank_at(ranking: Ranking, gold: Gold, k: int) -> float:
    """One over the rank of the first gold among the first ``k``, else 0."""
    for rank, document in enumerate(ranking[:k], start=1):
        if document in gold:
            return 1 / rank
    return 0.0


def roc_auc(positive: Sequence[float], negative: Sequence[float]) -> float:
    """Probability that a random positive scores above a random negative, ties counting half: the
    area under the ROC curve (Mann-Whitney). Not a number if either side is empty."""
    if not positive or not negative:
        return math.nan
    ranked = sorted([(score, 1) for score in positive] + [(score, 0) for score in negative])
    wins, below, i = 0.0, 0, 0
    while i < len(ranked):
        j = i
        while j < len(ranked) and ranked[j][0] == ranked[i][0]:
            j += 1
        ups = sum(kind for _, kind in ranked[i:j])
        downs = j - i - ups
        wins += ups * (below + downs / 2)
        below += downs
        i = j
    return wins / (len(positive) * len(negative))


@dataclass(frozen=True, slots=True)
class Detection:
    """How well "there is no answer" was told: precision (not a number if it was never said),
    recall, and the counts behind them."""

    precision: float
    recall: float
    said: int
    right: int
    actual: int


def detection(said: Sequence[bool], actual: Sequence[bool]) -> Detection:
    """``said[i]``: the system abstained on question i; ``actual[i]``: it has no answer."""
    right = sum(s and a for s, a in zip(said, actual, strict=True))
    return Detection(
        precision=right / sum(said) if any(said) else math.nan,
        recall=right / sum(actual) if any(actual) else math.nan,
        said=sum(said),
        right=right,
        actual=sum(actual),
    )


def won_pairs(ranking: Ranking, newer: Iterable[str], outdated: Iterable[str]) -> tuple[int, int]:
    """Of the pairs (newer, outdated): in how many the newer stands above, and how many there are.

    A document that is missing from the ranking stands below all that are in it; a pair with both
    missing is lost.
    """
    place = {document: rank for rank, document in enumerate(ranking)}
    last = len(ranking)
    newer, outdated = list(newer), list(outdated)
    won = sum(place.get(new, last) < place.get(old, last) for new in newer for old in outdated)
    return won, len(newer) * len(outdated)


def mean(values: Iterable[float]) -> float:
    """Arithmetic mean, not a number for none."""
    values = list(values)
    return math.fsum(values) / len(values) if values else math.nan


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which ``share`` (0 to 1) of the values lie, interpolated linearly; not a
    number for none."""
    if not values:
        return math.nan
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)
