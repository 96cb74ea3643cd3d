# SPDX-License-Identifier: AGPL-3.0-only
"""The one scorer: every candidate's relevance, in parts that add up.

The unit is a deviation: how far a memory stands out from the memories of its namespace. Each
channel is absolute: its value for one memory does not depend on which others were found.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from memoryoss_mcp.model import Status
from memoryoss_mcp.recall.query import Weights
from memoryoss_mcp.store.vectors import FIRST_PERSON, STATUS_SHIFT, STATUSES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from memoryoss_mcp.store.search import Candidates

DEFAULT: Final = Weights()

# Chosen on the development halves of all sets together; each optimum is flat.
LEXICAL_GAIN: Final = 7.0
"""Deviations that a memory earns which has all terms of a long, rare-worded query."""
LEXICAL_PRIOR: Final = 10.0
"""Sum of inverse document frequencies at which the words of a query are half believed: few or
common words say less than many rare ones."""
SATURATION: Final = 0.25
LENGTH_POWER: Final = 0.6
DEVIATION_PRIOR: Final = 0.11
DEVIATION_STRENGTH: Final = 20.0
EXACT_GAIN: Final = 2.0
RECENCY_GAIN: Final = 1.0
SPEAKER_GAIN: Final = 1.0
"""For what is said in the first person, if the question is; half of it otherwise."""
SESSION_HALF: Final = 40.0
"""Memories in a session at which its context counts half: dialogues of a few dozen turns hang
together, a namespace-long session says nothing."""
SESSION_GAIN: Final = 0.4
SESSION_BEST: Final = 3
PREVIOUS_GAIN: Final = 0.25
FOLLOWING_GAIN: Final = 0.15
ROUTED: Final = (0.68, 1.2, 1.55)
"""Factors of vector, words and exact when identifiers lead (before the sum is kept)."""

STATUS_WEIGHTS: Final = {
    Status.ACTIVE: 1.0,
    Status.CANDIDATE: 0.75,
    Status.STALE: 0.7,
    Status.CONTESTED: 0.55,
}
"""Share of its own evidence that a memory keeps in each state. The product's published weights."""

_LOSSES: Final = np.array([STATUS_WEIGHTS[status] - 1.0 for status in STATUSES], np.float32)

HALFWAY: Final = 4.25
SPREAD: Final = 1.15
"""Score in deviations that reads as 0.5, and how fast it goes to 0 and 1.

A logistic regression of "the first result is the answer" on its evidence, over stores of 12 to 120
memories drawn from all development sets, as many questions with as without an answer in the store
(area under the ROC curve .86)."""


@dataclass(frozen=True, slots=True)
class Scores:
    """Parallel to the candidates: ``evidence`` in deviations, ``total`` the same in 0 to 1, and
    ``parts`` of ``evidence`` by name (they add up to it)."""

    evidence: NDArray[np.float32]
    total: NDArray[np.float32]
    parts: Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the query asks for beside its words: terms that stand for whole identifiers, whether
    they lead, whether it seeks the newest, periods (first and last nanosecond) it names, whether it
    speaks in the first person and whether it asks for the present state of things."""

    identifier_terms: frozenset[str] = frozenset()
    routed: bool = False
    latest: bool = False
    periods: tuple[tuple[int, int], ...] = ()
    first_person: bool = False
    present_state: bool = False


def score(
    candidates: Candidates, query: NDArray[np.float32] | None, weights: Weights, wishes: Wishes
) -> Scores:
    """Score all candidates. ``query`` is the query's vector, ``None`` for words only."""
    share = np.array(
        [
            weights.vector / DEFAULT.vector,
            weights.fts / DEFAULT.fts,
            weights.exact / DEFAULT.exact,
        ],
        np.float32,
    )
    if wishes.routed:
        routed = share * np.array(ROUTED, np.float32)
        share = routed * (share.sum() / max(float(routed.sum()), 1e-6))
    parts = {
        "vector": share[0] * _vector(candidates, query),
        "words": share[1] * _words(candidates),
        "exact": share[2] * _exact(candidates, wishes),
    }
    own = parts["vector"] + parts["words"] + parts["exact"]
    speaker = SPEAKER_GAIN if wishes.first_person else SPEAKER_GAIN / 2
    told = (candidates.flags & FIRST_PERSON) != 0
    parts["speaker"] = np.where(told & (own > 0), np.float32(speaker), np.float32(0.0))
    parts["session"] = _session(candidates, own)
    parts["recency"] = np.float32(weights.recency / DEFAULT.recency) * _recency(candidates, wishes)
    parts["status"] = _status(candidates, own)
    evidence = own + parts["speaker"] + parts["session"] + parts["recency"] + parts["status"]
    return Scores(evidence, calibrated(evidence), parts)


def calibrated(evidence: NDArray[np.float32]) -> NDArray[np.float32]:
    """Evidence in deviations as a score in 0 to 1 (logistic)."""
    steps = np.clip((evidence - HALFWAY) / SPREAD, -30, 30)
    share: NDArray[np.float32] = (1.0 / (1.0 + np.exp(-steps))).astype(np.float32)
    return share


def _vector(candidates: Candidates, query: NDArray[np.float32] | None) -> NDArray[np.float32]:
    """The cosine without what all memories of the namespace share ("all-but-the-top", Mu &
    Viswanath 2018, reduced to the mean m), in deviations of the namespace.

    With unit vectors v and d the direction of q - m, (v - m) d = (v q - v m - m q + m m) / |q - m|
    and |v - m|² = 1 - 2 v m + m m: no vector has to be centred for it.
    """
    if query is None:
        return np.zeros(len(candidates.numbers), np.float32)
    mean, shared = candidates.mean, candidates.mean_similarity
    square = float(mean @ mean)
    length = max(float(np.linalg.norm(query - mean)), 1e-6)
    along = (candidates.similarity - shared - float(mean @ query) + square) / length
    centred = along / np.sqrt(np.maximum(1 - 2 * shared + square, 1e-12))
    count, deviation = candidates.allowed, candidates.typical_similarity[1]
    variance = (count * deviation**2 + DEVIATION_STRENGTH * DEVIATION_PRIOR**2) / (
        count + DEVIATION_STRENGTH
    )
    standing = np.where(candidates.embedded, centred / np.sqrt(variance), 0.0)
    return standing.astype(np.float32)


def _words(candidates: Candidates) -> NDArray[np.float32]:
    """How surprising it is that a memory of this length has these terms by chance.

    A term of document frequency share p occurs in a memory of average length with rate
    ``-ln(1-p)``; its information is ``-ln`` of the chance to occur in one of this length
    (Poisson; the divergence-from-randomness family of Amati & van Rijsbergen 2002).
    """
    if not len(candidates.idf):
        return np.zeros(len(candidates.numbers), np.float32)
    idf = candidates.idf
    rate = -np.log1p(-np.minimum(np.exp(-idf), 0.999))
    relative = np.maximum(candidates.lengths / candidates.state.average_length, 1e-3)
    chance = -np.expm1(-rate[None, :] * (relative**LENGTH_POWER)[:, None])
    frequencies = candidates.frequencies.astype(np.float32)
    weight = frequencies * (1 + SATURATION) / (frequencies + SATURATION)
    information = (-np.log(chance) * weight).sum(axis=1)
    total: NDArray[np.float32] = information * np.float32(
        LEXICAL_GAIN / (float(idf.sum()) + LEXICAL_PRIOR)
    )
    return total.astype(np.float32)


def _exact(candidates: Candidates, wishes: Wishes) -> NDArray[np.float32]:
    """The share of the query's identifiers that a memory names literally."""
    places = [i for i, term in enumerate(candidates.terms) if term in wishes.identifier_terms]
    if not places:
        return np.zeros(len(candidates.numbers), np.float32)
    named = (candidates.frequencies[:, places] > 0).mean(axis=1)
    gain: NDArray[np.float32] = (EXACT_GAIN * named).astype(np.float32)
    return gain


def _session(candidates: Candidates, own: NDArray[np.float32]) -> NDArray[np.float32]:
    """What the neighbours in the session and its best memories add."""
    sizes = candidates.session_sizes.astype(np.float32)
    trust = np.where(sizes > 1, 1.0 / (1.0 + (sizes / SESSION_HALF) ** 2), 0.0)
    if not trust.any():
        return np.zeros_like(own)
    padded = np.append(own, np.float32(0.0))  # index -1: no neighbour
    around = PREVIOUS_GAIN * padded[candidates.previous]
    around = around + FOLLOWING_GAIN * padded[candidates.following]
    support = _support(candidates.session, np.maximum(own, 0.0))
    return (trust * (around + SESSION_GAIN * support)).astype(np.float32)


def _support(session: NDArray[np.int64], own: NDArray[np.float32]) -> NDArray[np.float32]:
    """For each memory the mean of the best ``SESSION_BEST`` others of its session."""
    order = np.lexsort((-own, session))
    ordered, values = session[order], own[order]
    first = np.append(True, ordered[1:] != ordered[:-1])
    starts = np.flatnonzero(first)
    group = np.cumsum(first) - 1
    rank = np.arange(len(order)) - starts[group]
    best = np.zeros((SESSION_BEST + 1, len(starts)), np.float32)
    for place in range(SESSION_BEST + 1):
        at = rank == place
        best[place, group[at]] = values[at]
    total = best[:SESSION_BEST].sum(axis=0)
    inside = rank < SESSION_BEST
    others = total[group] + np.where(inside, best[SESSION_BEST][group] - values, 0.0)
    result = np.zeros_like(own)
    result[order] = np.where(ordered != 0, others / SESSION_BEST, 0.0).astype(np.float32)
    return result


def _status(candidates: Candidates, own: NDArray[np.float32]) -> NDArray[np.float32]:
    """What a memory loses that is not (or no longer) taken for true."""
    loss: NDArray[np.float32] = _LOSSES[(candidates.flags >> STATUS_SHIFT) & 7]
    return loss * np.maximum(own, np.float32(0))


def _recency(candidates: Candidates, wishes: Wishes) -> NDArray[np.float32]:
    """Newer first where the query seeks the newest; inside a period that it names."""
    gain = np.zeros(len(candidates.numbers), np.float32)
    if wishes.latest and len(gain) > 1:
        ranks = np.searchsorted(np.unique(candidates.created), candidates.created)
        gain += (ranks / max(int(ranks.max()), 1)).astype(np.float32)
    for first, last in wishes.periods:
        gain += ((candidates.created >= first) & (candidates.created <= last)).astype(np.float32)
    return np.float32(RECENCY_GAIN) * gain
