# SPDX-License-Identifier: AGPL-3.0-only
"""The trust score: recency, reputation of the source, coherence with the namespace, access and
outcomes, each with its interval. Weights and formulas are the product's published ones.

Everything it needs is in the memory's record, in one row of its source and in the centroid of its
namespace, all in the file: a score is the same before and after a restart.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from memoryoss_mcp.model import Memory
from memoryoss_mcp.model.trust import Estimate, Trust
from memoryoss_mcp.store.store import Store
from memoryoss_mcp.store.trust import Reputation, Standing

WEIGHTS: Final[Mapping[str, float]] = {
    "recency": 0.22,
    "source": 0.22,
    "coherence": 0.18,
    "access": 0.13,
    "outcome": 0.25,
}
THRESHOLD: Final = 0.3

DECAY: Final = 0.693
HALF_LIFE_H: Final = 168.0
"""Hours after which recency has halved: a week."""

PRIOR: Final = (2.0, 1.0)
"""The Beta prior of a source of which any outcome is known."""
UNSEEN: Final = Estimate(0.5, 0.2, 0.8)
"""A source of which none is known."""
UNPLACED: Final = Estimate(0.5, 0.0, 1.0)
"""The coherence of a memory without a vector."""
FULL_ACCESS: Final = 100
"""Uses from which access counts fully."""
CONFIRM_WEIGHT: Final = 1.5
SUPERSEDE_WEIGHT: Final = 1.5
REJECT_WEIGHT: Final = 2.0

_NO_STANDING: Final = Standing(None, None)
_NS_PER_HOUR: Final = 3_600_000_000_000
_Z: Final = 1.96


def assess(
    store: Store,
    namespace: str,
    memories: Sequence[Memory],
    now: int,
    threshold: float = THRESHOLD,
) -> dict[UUID, Trust]:
    """The trust in some memories of a namespace at a moment (nanoseconds)."""
    standings = store.standings(namespace, memories)
    return {m.id: trust(m, standings.get(m.id, _NO_STANDING), now, threshold) for m in memories}


def trust(memory: Memory, standing: Standing, now: int, threshold: float = THRESHOLD) -> Trust:
    """The trust in one memory: the weighted sum of its signals. The interval takes their errors as
    independent (root of the sum of squares)."""
    signals = {
        "recency": _exact(recency(memory, now)),
        "source": reputation(standing.reputation),
        "coherence": coherence(standing.coherence),
        "access": _exact(access(memory)),
        "outcome": outcome(memory),
    }
    score = sum(WEIGHTS[name] * signal.value for name, signal in signals.items())
    below = math.hypot(*(WEIGHTS[n] * (s.value - s.low) for n, s in signals.items()))
    above = math.hypot(*(WEIGHTS[n] * (s.high - s.value) for n, s in signals.items()))
    low, high = max(0.0, score - below), min(1.0, score + above)
    return Trust(score, low, high, score < threshold, signals)


def anchor(memory: Memory) -> int:
    """When a memory was last alive: stored, changed, verified, injected, put to use or judged."""
    outcomes = memory.outcomes
    moments = (
        memory.created_at,
        memory.updated_at,
        memory.last_verified_at,
        outcomes.last_injected_at,
        outcomes.last_reused_at,
        outcomes.last_outcome_at,
    )
    return max(moment for moment in moments if moment is not None)


def recency(memory: Memory, now: int) -> float:
    """1 now, halved every week since the memory was last alive."""
    hours = max(0, now - anchor(memory)) / _NS_PER_HOUR
    return math.exp(-DECAY * hours / HALF_LIFE_H)


def reputation(known: Reputation | None) -> Estimate:
    """The mean of the Beta distribution of a source's outcomes."""
    if known is None:
        return UNSEEN
    return _beta(PRIOR[0] + known.positive, PRIOR[1] + known.negative)


def coherence(cosine: float | None) -> Estimate:
    """How near a memory lies to the middle of its namespace: the cosine, moved into 0 to 1."""
    return UNPLACED if cosine is None else _exact(min(1.0, max(0.0, (cosine + 1.0) / 2.0)))


def access(memory: Memory) -> float:
    """How often a memory was stored or handed out, on a logarithmic scale up to 100 times."""
    count = 1 + memory.outcomes.injection_count
    return min(1.0, math.log1p(count) / math.log1p(FULL_ACCESS))


def outcome(memory: Memory) -> Estimate:
    """What became of the memory: the mean of Beta(p + 1, n + 1), p for uses, confirmations and
    further evidence, n for rejections and replacements."""
    outcomes = memory.outcomes
    good = (
        outcomes.reuse_count
        + CONFIRM_WEIGHT * outcomes.confirm_count
        + max(memory.evidence_count - 1, 0)
    )
    bad = REJECT_WEIGHT * outcomes.reject_count + SUPERSEDE_WEIGHT * outcomes.supersede_count
    return _beta(good + 1.0, bad + 1.0)


def _beta(alpha: float, beta: float) -> Estimate:
    """Mean and 95 % interval of a Beta distribution, by the normal approximation."""
    total = alpha + beta
    mean = alpha / total
    half = _Z * math.sqrt(mean * (1.0 - mean) / (total + 1.0))
    return Estimate(mean, max(0.0, mean - half), min(1.0, mean + half))


def _exact(value: float) -> Estimate:
    return Estimate(value, value, value)
