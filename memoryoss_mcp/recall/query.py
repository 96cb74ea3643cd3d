# SPDX-License-Identifier: AGPL-3.0-only
"""A question to the memory."""

from __future__ import annotations

from dataclasses import dataclass, field

from memoryoss_mcp.store.types import Filters

__all__ = ["Filters", "RecallQuery", "Weights"]


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each channel counts, each in 0 to 1. Only their proportions matter."""

    vector: float = 0.30
    fts: float = 0.30
    exact: float = 0.25
    recency: float = 0.15


@dataclass(frozen=True, slots=True)
class RecallQuery:
    """A question: its words, the namespace it may see, and what to return.

    ``budget_tokens`` bounds the summaries and evidence of all results together; ``None`` leaves
    only the bound per memory. ``weights`` of ``None`` takes the configured ones. With
    ``confident_only`` nothing is read and returned unless the gate says inject.
    """

    text: str
    namespace: str
    limit: int = 10
    filters: Filters = field(default_factory=Filters)
    weights: Weights | None = None
    cursor: str | None = None
    budget_tokens: int | None = None
    confident_only: bool = False
