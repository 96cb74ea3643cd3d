# SPDX-License-Identifier: AGPL-3.0-only
"""What may be put into a prompt without being asked for. Everything else is still recalled on
request, with its label."""

from __future__ import annotations

from typing import Final

from memoryoss_mcp.model import Memory, Origin, ReviewAction, Status
from memoryoss_mcp.screen.injection import attacks, orders

LEAST_CONFIDENCE: Final = 0.3

_PERSONAL: Final = frozenset({Origin.USER})
_PLAIN: Final = frozenset({Origin.AGENT})


def withheld(memory: Memory) -> str | None:
    """Why a memory is not injected unasked, in stable words; ``None`` if it may be.

    What a person confirmed may be, whatever it says. Of the rest, what the user said may be unless
    it is an attack; what an agent noted only if it is a plain statement; and what came out of a
    tool, an extraction, an import or a connector never.
    """
    if memory.archived:
        return "archived"
    if memory.lineage.superseded_by is not None:
        return "superseded"
    if memory.status is not Status.ACTIVE:
        return memory.status.value
    if memory.confidence is not None and memory.confidence < LEAST_CONFIDENCE:
        return "low_confidence"
    if confirmed_by_person(memory):
        return None
    if memory.origin in _PERSONAL:
        return _first(attacks(memory.content), memory.tags)
    if memory.origin in _PLAIN:
        return _first(orders(memory.content), memory.tags)
    return "unconfirmed"


def confirmed_by_person(memory: Memory) -> bool:
    """Whether the last decision of a person about a memory was that it is true."""
    decisions = [event.action for event in memory.review_events]
    return bool(decisions) and decisions[-1] is ReviewAction.CONFIRM


def _first(reasons: tuple[str, ...], tags: tuple[str, ...]) -> str | None:
    """The first reason against a text, or against a tag: they get into a prompt as well."""
    if reasons:
        return reasons[0]
    return next((reason for tag in tags for reason in attacks(tag)), None)
