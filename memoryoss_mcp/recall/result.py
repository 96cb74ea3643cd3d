# SPDX-License-Identifier: AGPL-3.0-only
"""What recall answers with. The same objects serve recall and explain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from memoryoss_mcp.model import Memory
from memoryoss_mcp.model.trust import Trust


class Decision(StrEnum):
    """What the confidence gate says of a whole result."""

    INJECT = "inject"
    ABSTAIN = "abstain"
    NEED_MORE_EVIDENCE = "need_more_evidence"


class Mode(StrEnum):
    """Which channels searched: both, or only words because the model was not there (yet)."""

    HYBRID = "hybrid"
    LEXICAL = "lexical"


@dataclass(frozen=True, slots=True)
class Gate:
    """The confidence gate: ``confidence`` is the estimated probability (0 to 1) that the results
    answer the question, where not quite half of the questions have an answer in memory; searching
    by words only, it is the best score. ``reasons`` are stable snake_case words. ``features`` are
    the numbers that the estimate was made of, by name; empty where words alone decide."""

    decision: Decision
    confidence: float
    reasons: tuple[str, ...] = ()
    features: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RecalledMemory:
    """One result. ``score`` is absolute, in 0 to 1; ``parts`` are the numbers it was made of, by
    name (``vector``, ``bm25``, ``exact``, ``recency`` …). ``provenance`` says in stable words why
    it was found. ``summary`` and ``evidence`` are pieces of the content, verbatim. ``trust`` is how
    far it is to be believed at this moment; it has no part in the score, nor in comparisons."""

    memory: Memory
    score: float
    parts: Mapping[str, float]
    provenance: tuple[str, ...]
    summary: str
    evidence: tuple[str, ...]
    trust: Trust | None = field(default=None, compare=False)

    @property
    def low_trust(self) -> bool:
        """Whether the trust is below the threshold."""
        return self.trust is not None and self.trust.low_trust


@dataclass(frozen=True, slots=True)
class RecallResult:
    """The answer to one query, best first.

    ``considered`` counts the memories that were scored. ``pending`` counts memories of the
    namespace that have no vector yet and were found by words only. ``next_cursor`` leads to the
    next page, ``None`` after the last.
    """

    namespace: str
    memories: tuple[RecalledMemory, ...]
    gate: Gate
    mode: Mode
    considered: int
    pending: int = 0
    next_cursor: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """A recall with its working: the plan made of the query, the time each step took (in
    milliseconds) and, per result, the parts of its score."""

    result: RecallResult
    terms: tuple[tuple[str, float], ...]
    """Query terms with their inverse document frequency in the namespace."""
    identifiers: tuple[str, ...]
    kinds: tuple[str, ...]
    task: str | None
    time: str | None
    weights: Mapping[str, float]
    timings: Mapping[str, float]
    policy_firewall: Mapping[str, Any] | None = None
    """What the policy firewall says of the query, as JSON has it."""
    task_state: Mapping[str, Any] | None = None
    """The state of the task that the query is about, as JSON has it."""
