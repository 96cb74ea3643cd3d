# SPDX-License-Identifier: AGPL-3.0-only
"""From candidates to an order: scoring, the confidence gate, diversity, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from memoryoss_mcp.config import Recall
from memoryoss_mcp.recall.plan import Plan
from memoryoss_mcp.recall.query import Weights
from memoryoss_mcp.recall.result import Decision, Gate
from memoryoss_mcp.store.search import Candidates, Probe

if TYPE_CHECKING:
    from numpy.typing import NDArray

K1, B = 1.2, 0.3


def probe(
    plan: Plan,
    vector: NDArray[np.float32] | None,
    model: int,
    vector_depth: int,
    lexical_depth: int,
) -> Probe:
    """What the store has to look for."""
    return Probe(plan.terms, vector, model, plan.query.filters, vector_depth, lexical_depth, K1, B)


@dataclass
class Ranking:
    candidates: Candidates
    order: NDArray[np.int64]
    total: NDArray[np.float32]
    gate: Gate
    terms: tuple[str, ...]

    def describe(self, number: int) -> tuple[float, Mapping[str, float], tuple[str, ...]]:
        i = int(np.searchsorted(self.candidates.numbers, number))
        if i >= len(self.total) or self.candidates.numbers[i] != number:
            return 0.0, {}, ("remaining",)
        return (
            float(self.total[i]),
            {
                "vector": float(self.candidates.similarity[i]),
                "bm25": float(self.candidates.bm25[i]),
            },
            ("vector",),
        )


def rank(candidates: Candidates, plan: Plan, weights: Weights, settings: Recall) -> Ranking:
    attainable = float(candidates.idf.sum() * (K1 + 1)) or 1.0
    total = 0.6 * candidates.similarity + 0.4 * candidates.bm25 / attainable
    order = np.argsort(-total, kind="stable")
    return Ranking(candidates, order, total, Gate(Decision.INJECT, 0.5), plan.terms)
