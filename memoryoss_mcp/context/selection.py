# SPDX-License-Identifier: AGPL-3.0-only
"""Which of the recalled memories may and should stand in a prompt, in the order of recall."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from uuid import UUID

from memoryoss_mcp.recall.result import RecalledMemory
from memoryoss_mcp.screen.injectable import withheld
from memoryoss_mcp.text.cues import asks_for_the_past

RELEVANT_SHARE: Final = 0.4
"""Share of the best score that a memory must reach: what falls far behind is not what was asked
for."""


@dataclass(frozen=True, slots=True)
class Selection:
    """``memories`` go in if there is room, best first. ``withheld`` counts, by reason, what was
    relevant and may not be injected unasked."""

    memories: tuple[RecalledMemory, ...]
    withheld: Mapping[str, int]


def select(question: str, found: Sequence[RecalledMemory], least_score: float) -> Selection:
    """Select from ``found`` (in recall's order) what is safe, believed, current and relevant.

    What may not be injected has no say in the rest: neither does it replace an older statement, nor
    does its score set the standard.
    """
    reasons: Counter[str] = Counter()
    standing = _standing(found)
    allowed = []
    for entry in found:
        if standing[entry.memory.id] < least_score:
            continue
        reason = "low_trust" if entry.low_trust else _withheld(entry.memory)
        if reason is None:
            allowed.append(entry)
        elif entry.score >= least_score:
            reasons[reason] += 1
    current = allowed if asks_for_the_past(question) else _current(allowed)
    standing = _standing(allowed)
    best = max((standing[entry.memory.id] for entry in current), default=0.0)
    least = max(least_score, RELEVANT_SHARE * best)
    return Selection(
        tuple(entry for entry in current if standing[entry.memory.id] >= least), dict(reasons)
    )


# The same memories are recalled again and again in one conversation, and to look for attacks takes
# half a millisecond each.
_withheld = lru_cache(maxsize=512)(withheld)


def _current(entries: Sequence[RecalledMemory]) -> list[RecalledMemory]:
    """Without those that one before them says anew. Where recall left the older statement in front,
    the newer one does not answer the question."""
    said_anew: set[UUID] = set()
    kept = []
    for entry in entries:
        if entry.memory.id not in said_anew:
            kept.append(entry)
        said_anew.update(entry.memory.lineage.updates)
    return kept


def _standing(entries: Sequence[RecalledMemory]) -> dict[UUID, float]:
    """The score of each memory; a newer statement is as relevant as the one that it replaces."""
    standing = {entry.memory.id: entry.score for entry in entries}
    for entry in reversed(entries):
        older = [standing.get(name, 0.0) for name in entry.memory.lineage.updates]
        standing[entry.memory.id] = max(entry.score, *older) if older else entry.score
    return standing
