# SPDX-License-Identifier: AGPL-3.0-only
"""The confidence gate: whether what was found answers the question.

Something is always nearest. That it answers shows in three things together: how far the best stands
out from the memories of the namespace, whether its cosine to the question exceeds what the best
have among themselves (memories of one subject are alike without any of them being an answer), and
how far the best of so many would stand out by chance.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Final

import numpy as np

from memoryoss_mcp.recall.result import Decision, Gate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from memoryoss_mcp.config import Recall
    from memoryoss_mcp.recall.score import Scores
    from memoryoss_mcp.store.search import Candidates

NEAR_MISS: Final = 0.15
"""Below the threshold by less than this asks for more evidence instead of abstaining."""

COMPARED: Final = 5
"""Memories whose cosines among themselves are taken."""
USUAL_COHESION: Final = 0.25
"""Cosine that stands for a pair that is not there: the mean over all stores of the fit."""
MOST_COHESION: Final = 0.4
"""What is closer together than this may say the same in other words: then all of it answers."""

WEIGHTS: Final[Mapping[str, float]] = {"top": 0.521, "margin": 6.593, "chance": -0.608}
BIAS: Final = -2.035
"""A logistic regression of "the store holds the answer" on the features, reproducible with
``benchmarks.confidence``.

Fitted on stores of 1 to 1,100 memories drawn from LoCoMo, BEAM, PrefEval, SciFact, CoSQA and a
developer's project, every source and kind of store weighing the same. Where the default threshold
stands on that scale is a choice: of 100 questions 45 are taken to have their answer in the store,
and of the others more are about something else altogether the less the store holds."""


def judge(
    candidates: Candidates,
    scores: Scores,
    order: NDArray[np.intp],
    identifiers: Collection[str],
    settings: Recall,
) -> Gate:
    """What the gate says of candidates in their final order; ``identifiers`` are the terms that
    stand for the identifiers which the question names literally.

    Where the best has no vector (the model is not there, or has not read it yet), its score alone
    decides."""
    if not len(order):
        return Gate(Decision.ABSTAIN, 0.0, ("no_candidates",))
    best = int(order[scores.evidence[order].argmax()])
    if not candidates.embedded[best]:
        return _decided(float(scores.total[best]), {}, settings)
    similarity = float(candidates.similarity.max(where=candidates.embedded, initial=-1.0))
    cohesion = min(_cohesion(candidates, scores), MOST_COHESION)
    features = {
        "top": float(scores.evidence[best]),
        "margin": similarity - cohesion,
        "chance": chance(candidates.allowed),
        "similarity": similarity,
        "cohesion": cohesion,
    }
    if _named(candidates, best, identifiers):
        # Nothing names an identifier by chance, whatever else is said around it.
        features |= {"margin": max(features["margin"], 0.0), "chance": 0.0}
    return _decided(confidence(features), features, settings)


def confidence(features: Mapping[str, float]) -> float:
    """The probability (0 to 1) that the store holds the answer, where 45 of 100 questions have one.

    ``top`` is the evidence of the best memory and ``chance`` what it would be by chance, both in
    deviations; ``margin`` is the best cosine to the question less the mean cosine among the best.
    """
    return 1.0 / (1.0 + math.exp(-BIAS - sum(WEIGHTS[name] * features[name] for name in WEIGHTS)))


def chance(count: int) -> float:
    """How far the best of ``count`` memories stands out, in deviations, if none has to do with the
    question: about the expected maximum of so many normal deviates (0 for one)."""
    return math.sqrt(2.0 * math.log(max(count, 1)))


def _named(candidates: Candidates, place: int, identifiers: Collection[str]) -> bool:
    """Whether a memory names every identifier of the question."""
    columns = [i for i, term in enumerate(candidates.terms) if term in identifiers]
    return bool(columns) and bool((candidates.frequencies[place, columns] > 0).all())


def _cohesion(candidates: Candidates, scores: Scores) -> float:
    """Mean cosine over the pairs of the ``COMPARED`` best, pairs that are not there with the usual
    cosine: each of the first memories of a store moves it a little, none by a jump."""
    evidence = np.where(candidates.embedded, scores.evidence, -np.inf)
    count = min(COMPARED, int(candidates.embedded.sum()))
    rows = candidates.vectors(evidence.argpartition(-count)[-count:])
    total = rows.sum(axis=0)
    # |Σv|² is every v·v once and every pair twice.
    together = float(total @ total - np.einsum("ij,ij->", rows, rows)) / 2
    pairs = math.comb(COMPARED, 2)
    return (together + (pairs - math.comb(count, 2)) * USUAL_COHESION) / pairs


def _decided(confidence: float, features: Mapping[str, float], settings: Recall) -> Gate:
    threshold = settings.min_recall_score
    if confidence >= threshold or not settings.confidence_gate:
        return Gate(Decision.INJECT, confidence, ("strong_top_candidate",), features)
    if confidence >= threshold - NEAR_MISS:
        reasons = ("top_candidate_near_threshold",)
        return Gate(Decision.NEED_MORE_EVIDENCE, confidence, reasons, features)
    return Gate(Decision.ABSTAIN, confidence, ("no_plausible_candidate",), features)
