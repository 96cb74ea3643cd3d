# SPDX-License-Identifier: AGPL-3.0-only
"""What relevance alone does not order: newer before older, and the same thing only once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from memoryoss_mcp.recall.score import Scores
    from memoryoss_mcp.store.search import Candidates

COMPARED: Final = 20
"""Candidates that are compared with one another for "the same thing, newly said"."""
SAME_THING: Final = 0.55
SAME_SPAN: Final = 0.3
"""Centred cosine from which two candidates may state the same thing, and up to full belief."""
NEWER_GAIN: Final = 3.0
CLOSE: Final = 3.0
"""Deviations by which the older may lead before the newer no longer counts against it."""

WINDOW: Final = 50
NEAR_COPY: Final = 0.9
"""Cosine from which a memory repeats another; different memories of one topic stay below."""


def superseded(candidates: Candidates, scores: Scores) -> NDArray[np.float32]:
    """How much each candidate loses, in deviations, because a newer one states the same thing.

    Only candidates of different sessions or distant turns count: an answer does not supersede its
    question.
    """
    penalty = np.zeros(len(candidates.numbers), np.float32)
    top = np.argsort(-scores.evidence, kind="stable")[:COMPARED]
    if len(top) < 2:
        return penalty
    created = candidates.created[top]
    newer = created[None, :] > created[:, None]
    if not newer.any():
        return penalty
    vectors, evidence = scores.centred[top], scores.evidence[top]
    same = np.clip((vectors @ vectors.T - SAME_THING) / SAME_SPAN, 0.0, 1.0)
    numbers, session = candidates.numbers[top], candidates.session[top]
    near = np.abs(numbers[:, None] - numbers[None, :]) <= 2
    turns = near & (session[:, None] == session[None, :]) & (session != 0)[:, None]
    lead = evidence[:, None] - evidence[None, :]
    belief = same * newer * ~turns * np.clip(1.0 - lead / CLOSE, 0.0, 1.0)
    penalty[top] = NEWER_GAIN * belief.max(axis=1)
    return penalty


def diversified(
    order: NDArray[np.intp],
    vectors: NDArray[np.float32],
    total: NDArray[np.float32],
    factor: float,
) -> NDArray[np.intp]:
    """Maximal marginal relevance (Carbonell & Goldstein 1998) over the first ``WINDOW`` places.

    Only near copies of what stands before are moved back, by up to ``factor`` of their score: two
    good memories that say different things both keep their place.
    """
    head = order[:WINDOW]
    if factor <= 0 or len(head) < 3:
        return order
    rows = vectors[head]
    copies = np.clip((rows @ rows.T - NEAR_COPY) / (1.0 - NEAR_COPY), 0.0, 1.0)
    np.fill_diagonal(copies, 0.0)
    if not copies.any():
        return order
    left = total[head].astype(np.float64)
    repeated = np.zeros(len(head))
    chosen = []
    for _ in range(len(head)):
        best = int(np.argmax(left - factor * repeated * np.maximum(left, 0.0)))
        chosen.append(best)
        left[best] = -np.inf
        np.maximum(repeated, copies[best], out=repeated)
    return np.concatenate((head[chosen], order[WINDOW:]))
