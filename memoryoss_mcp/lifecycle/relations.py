# SPDX-License-Identifier: AGPL-3.0-only
"""Ties between a new memory and the few that are nearest to it: what it says anew, and what it is
at odds with. Nothing is refused and no text is changed.

A statement never weakens one from a lane that is trusted more: it is contested itself then, and a
reviewer sees both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Protocol
from uuid import UUID

from memoryoss_mcp.model import Memory, Origin, Status
from memoryoss_mcp.store.changes import Entry, Find
from memoryoss_mcp.store.store import Store
from memoryoss_mcp.store.vectors import EmbeddingModel
from memoryoss_mcp.text.statements import Comparison, Relation, compare, is_statement

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NEAREST: Final = 8
"""Memories that a new one is compared with."""
LEAST: Final = 0.35
"""Cosine below which two memories are not compared: another name alone can bring it below .5."""
CONTESTED_FACTOR: Final = 0.6
"""What is left of the confidence of a memory when it becomes contested."""

RANKS: Final = {
    Origin.USER: 2,
    Origin.AGENT: 2,
    Origin.IMPORTED: 1,
    Origin.CONNECTOR: 1,
    Origin.TOOL: 0,
    Origin.EXTRACTED: 0,
}
"""How much each lane is trusted when statements from several meet."""


@dataclass(frozen=True, slots=True)
class _Tie:
    other: UUID
    content_hash: str | None
    comparison: Comparison


class Neighbourhood(Protocol):
    """What comparing needs of a store."""

    @property
    def model(self) -> EmbeddingModel:
        """The model of the vectors."""

    def nearest(
        self, namespace: str, vector: NDArray[np.float32], count: int, least: float
    ) -> list[tuple[Memory, float]]:
        """The memories nearest to a vector, with their cosines; the nearest first."""


class Relations:
    """The ties of a batch of new memories. Made before they are written, carried out by
    :meth:`link` in the transaction that writes them."""

    def __init__(
        self, store: Neighbourhood, entries: Sequence[Entry], before: Sequence[Entry]
    ) -> None:
        """``before`` are entries that may not be written yet: the batch before this one."""
        self._ties: dict[UUID, tuple[_Tie, ...]] = {}
        usable = [e for e in entries if e.vector is not None and is_statement(e.memory.content)]
        if usable:
            self._compare(store, usable, before)

    def _compare(
        self, store: Neighbourhood, entries: Sequence[Entry], before: Sequence[Entry]
    ) -> None:
        from memoryoss_mcp.store.vectors import decode  # start-up time: imports numpy

        rows = decode([e.vector or b"" for e in entries], store.model.dimension)
        mates = [e for e in before if e.vector is not None and is_statement(e.memory.content)]
        mates += entries
        mate_rows = decode([e.vector or b"" for e in mates], store.model.dimension)
        for place, entry in enumerate(entries):
            found = store.nearest(entry.memory.namespace, rows[place], NEAREST, LEAST)
            known = {memory.id: (memory, cosine) for memory, cosine in found}
            end = len(mates) - len(entries) + place
            for mate, cosine in _near(mates[:end], mate_rows[:end], rows[place], entry):
                known.setdefault(mate.id, (mate, cosine))
            ties = [_tie(entry.memory, memory, cosine) for memory, cosine in known.values()]
            if kept := tuple(tie for tie in ties if tie is not None):
                self._ties[entry.memory.id] = kept

    def link(self, memory: Memory, find: Find) -> Sequence[Memory]:
        """The new memory with its ties, then the known ones that change with it."""
        changed: dict[UUID, Memory] = {}
        for tie in self._ties.get(memory.id, ()):
            other = find([tie.other]).get(tie.other)
            if (
                other is None
                or other.content_hash != tie.content_hash
                or other.archived
                or other.lineage.superseded_by is not None
            ):
                continue
            memory, after = tied(memory, other, tie.comparison)
            if after != other:
                changed[other.id] = after
        return memory, *changed.values()


def tie(store: Store, entry: Entry) -> None:
    """Tie a memory that is stored already, in a transaction of its own. If its content changed
    since, nothing is done."""
    known = entry.memory
    relations = Relations(store, [entry], ())

    def rule(find: Find) -> Sequence[Memory]:
        memory = find([known.id]).get(known.id)
        if memory is None or memory.content_hash != known.content_hash:
            return ()
        after, *others = relations.link(memory, find)
        return [after, *others] if others or after != memory else ()

    store.amend(known.namespace, rule, "link")


def tied(memory: Memory, other: Memory, comparison: Comparison) -> tuple[Memory, Memory]:
    """A new memory and a known one with the tie between them."""
    newer, older = (memory, other) if memory.created_at >= other.created_at else (other, memory)
    if comparison.relation is Relation.UPDATE and _rank(newer) >= _rank(older):
        newer = _updating(newer, older.id)
    else:
        newer, older = _at_odds(newer, older)
    return (newer, older) if newer.id == memory.id else (older, newer)


def _updating(newer: Memory, older: UUID) -> Memory:
    updates = tuple(sorted({*newer.lineage.updates, older}))
    return replace(newer, lineage=replace(newer.lineage, updates=updates))


def _at_odds(newer: Memory, older: Memory) -> tuple[Memory, Memory]:
    ranks = _rank(newer), _rank(older)
    first = _contradicting(newer, older.id, contested=ranks[0] <= ranks[1])
    second = _contradicting(older, newer.id, contested=ranks[1] <= ranks[0])
    return first, second


def _contradicting(memory: Memory, other: UUID, *, contested: bool) -> Memory:
    contradicts = tuple(sorted({*memory.lineage.contradicts_with, other}))
    memory = replace(memory, lineage=replace(memory.lineage, contradicts_with=contradicts))
    if not contested or memory.status is not Status.ACTIVE:
        return memory
    confidence = memory.confidence
    return replace(
        memory,
        status=Status.CONTESTED,
        confidence=None if confidence is None else confidence * CONTESTED_FACTOR,
    )


def _rank(memory: Memory) -> int:
    """The rank of a memory's lane; what a person confirmed counts most, what only might be true
    least."""
    if memory.outcomes.confirm_count > 0 and memory.status is Status.ACTIVE:
        return max(RANKS.values())
    return -1 if memory.status is not Status.ACTIVE else RANKS[memory.origin]


def _tie(memory: Memory, other: Memory, cosine: float) -> _Tie | None:
    if other.id == memory.id or other.lineage.superseded_by is not None:
        return None
    newer, older = (memory, other) if memory.created_at >= other.created_at else (other, memory)
    comparison = compare(older.content, newer.content, cosine)
    if comparison.relation not in {Relation.UPDATE, Relation.CONTRADICTION}:
        return None
    return _Tie(other.id, other.content_hash, comparison)


def _near(
    mates: Sequence[Entry], rows: NDArray[np.float32], row: NDArray[np.float32], entry: Entry
) -> list[tuple[Memory, float]]:
    """The nearest of some entries of the same namespace, with their cosines."""
    if not mates:
        return []
    cosines: list[float] = (rows @ row).tolist()
    found = [
        (mate.memory, cosine)
        for mate, cosine in zip(mates, cosines, strict=True)
        if cosine >= LEAST and mate.memory.namespace == entry.memory.namespace
    ]
    return sorted(found, key=lambda pair: -pair[1])[:NEAREST]
