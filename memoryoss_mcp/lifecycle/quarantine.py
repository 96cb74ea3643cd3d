# SPDX-License-Identifier: AGPL-3.0-only
"""Quarantine: what nobody said in so many words starts as a candidate, and stays one until a person
or another conversation says the same.

A conversation is read again with every turn. That it says what it said before is no evidence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from memoryoss_mcp.model import Draft, Memory, Origin, Status, now
from memoryoss_mcp.store.past import Author

STARTING: Final[Mapping[Origin, float]] = {Origin.EXTRACTED: 0.2, Origin.CONNECTOR: 0.15}
"""The confidence with which memories of a lane begin."""
MOST: Final = 0.35
"""The confidence that such a memory may claim for itself."""
REUSE_GAIN: Final = 0.35
"""What an independent conversation adds to it."""


def quarantined(draft: Draft) -> Draft:
    """A draft as it may enter: of a lane in :data:`STARTING` as a candidate, whatever it claims."""
    start = STARTING.get(draft.origin)
    if start is None:
        return draft
    confidence = start if draft.confidence is None else min(draft.confidence, MOST)
    status = Status.CANDIDATE if draft.status is Status.ACTIVE else draft.status
    return replace(draft, status=status, confidence=confidence, evidence_count=0)


def said_again(new: Memory, known: Memory, authors: Sequence[Author]) -> Memory:
    """What a known memory becomes when a new one says the same in the same words. ``authors`` made
    its earlier changes.

    Only a candidate changes, and only when the new one comes from a conversation that is known and
    has not said it before: it is active then, unless something stands against it.
    """
    if known.status is not Status.CANDIDATE or not _is_independent(new, known, authors):
        return known
    at = now()
    outcomes = known.outcomes
    return replace(
        known,
        status=Status.CANDIDATE if known.lineage.contradicts_with else Status.ACTIVE,
        evidence_count=known.evidence_count + 1,
        last_verified_at=at,
        confidence=min(1.0, (known.confidence or 0.0) + REUSE_GAIN),
        outcomes=replace(
            outcomes,
            reuse_count=outcomes.reuse_count + 1,
            last_reused_at=at,
            last_outcome_at=at,
        ),
    )


def _is_independent(new: Memory, known: Memory, authors: Sequence[Author]) -> bool:
    """Whether a memory is from another conversation than all that said it before. Who does not say
    from which it is, is taken for the same."""
    if new.session is None or known.session is None:
        return False
    return new.session not in {known.session, *(author.session for author in authors)}
