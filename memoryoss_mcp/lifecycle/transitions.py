# SPDX-License-Identifier: AGPL-3.0-only
"""What a decision makes of a memory. Pure: a memory in, the memory after it out.

Version, time of update and place in the sequence belong to whoever writes the result.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final
from uuid import UUID

from memoryoss_mcp.model import (
    Lineage,
    Memory,
    QueueKind,
    ReviewAction,
    ReviewEvent,
    Status,
)

CONFIRM_GAIN: Final = 0.25
REJECT_FACTOR: Final = 0.5
REJECTED_BASE: Final = 0.6
"""The confidence from which a rejected memory falls that had none of its own."""

MOST_EVENTS: Final = 20
"""Review events that a record keeps, the newest; the ledger has all of them."""


def confirmed(memory: Memory, at: int) -> Memory:
    """Active, verified now, at odds with nothing any more; an archived one is back."""
    confidence = memory.confidence
    return replace(
        memory,
        status=Status.ACTIVE,
        archived=False,
        evidence_count=memory.evidence_count + 1,
        last_verified_at=at,
        confidence=None if confidence is None else min(1.0, confidence + CONFIRM_GAIN),
        lineage=Lineage(derived_from=memory.lineage.derived_from),
        outcomes=replace(
            memory.outcomes, confirm_count=memory.outcomes.confirm_count + 1, last_outcome_at=at
        ),
    )


def rejected(memory: Memory, at: int) -> Memory:
    """Contested, with half of its confidence."""
    confidence = REJECTED_BASE if memory.confidence is None else memory.confidence
    return replace(
        memory,
        status=Status.CONTESTED,
        confidence=confidence * REJECT_FACTOR,
        lineage=replace(memory.lineage, superseded_by=None),
        outcomes=replace(
            memory.outcomes, reject_count=memory.outcomes.reject_count + 1, last_outcome_at=at
        ),
    )


def superseded(memory: Memory, replacement: UUID, at: int) -> Memory:
    """Stale, with a pointer to what is true instead."""
    return replace(
        memory,
        status=Status.STALE,
        lineage=Lineage(replacement, memory.lineage.derived_from),
        outcomes=replace(
            memory.outcomes,
            supersede_count=memory.outcomes.supersede_count + 1,
            last_outcome_at=at,
        ),
    )


def reconciled(memory: Memory, other: UUID) -> Memory:
    """No longer at odds with another memory, about which was decided. Its status stays: a person
    decides about it too."""
    kept = tuple(key for key in memory.lineage.contradicts_with if key != other)
    return replace(memory, lineage=replace(memory.lineage, contradicts_with=kept))


def noted(memory: Memory, event: ReviewEvent) -> Memory:
    """With one more event, and the newest of the earlier ones."""
    return replace(memory, review_events=(*memory.review_events, event)[-MOST_EVENTS:])


def queue_kind(memory: Memory) -> QueueKind | None:
    """The queue in which a memory waits for a decision, ``None`` if in none."""
    if memory.archived or memory.status is Status.ACTIVE:
        return None
    if memory.lineage.superseded_by is not None:
        return None  # that was decided
    if memory.outcomes.reject_count > 0:
        return QueueKind.REJECTED
    return {Status.CANDIDATE: QueueKind.CANDIDATE, Status.CONTESTED: QueueKind.CONTESTED}.get(
        memory.status
    )


def suggested(memory: Memory) -> ReviewAction:
    """What a reviewer will most likely want: a candidate is confirmed; what is in doubt gives way
    to what stands against it, if anything does."""
    if memory.status is Status.CANDIDATE and memory.outcomes.reject_count == 0:
        return ReviewAction.CONFIRM
    return ReviewAction.SUPERSEDE if memory.lineage.contradicts_with else ReviewAction.REJECT
