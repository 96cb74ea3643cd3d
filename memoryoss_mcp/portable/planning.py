# SPDX-License-Identifier: AGPL-3.0-only
"""What becomes of each memory that arrives: new, there already, more of what is there, at odds with
it. Nothing is dropped without being told, and nobody's words are changed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final
from uuid import UUID

from memoryoss_mcp.lifecycle.relations import LEAST, NEAREST, tied
from memoryoss_mcp.model import Lineage, Memory, Status
from memoryoss_mcp.portable.document import content_id
from memoryoss_mcp.store.changes import Entry
from memoryoss_mcp.store.store import Store
from memoryoss_mcp.text.statements import Comparison, Relation, compare

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LEAST_WORDS: Final = 5
"""Words that a text has at least to count as contained in another."""
MOST_TAGS: Final = 50

_WORD: Final = re.compile(r"\w+")


class Decision(StrEnum):
    """What is done with a memory that arrives."""

    CREATE = "create"
    DUPLICATE = "duplicate"
    MERGE = "merge"
    SUPERSET = "superset"
    ID_COLLISION = "id_collision"
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class Planned:
    """The decision about one memory. ``entry`` is what is stored, if anything is: under a new id
    in a collision. ``existing`` is the known memory that it has to do with."""

    decision: Decision
    reason: str
    entry: Entry
    existing: UUID | None = None
    comparison: Comparison | None = None

    @property
    def is_stored(self) -> bool:
        """Whether a new memory is made of it."""
        return self.decision not in {Decision.DUPLICATE, Decision.MERGE}


class Planner:
    """Decides about batches of memories for one namespace. ``is_empty`` says that the namespace
    holds nothing, so that there is nothing to compare with."""

    def __init__(self, store: Store, namespace: str, *, is_empty: bool) -> None:
        self._store = store
        self._namespace = namespace
        self._is_empty = is_empty

    def plan(self, entries: Sequence[Entry]) -> list[Planned]:
        """The decision about each of some memories, against what the store holds."""
        if self._is_empty:
            return [Planned(Decision.CREATE, "new here", entry) for entry in entries]
        memories = [entry.memory for entry in entries]
        by_id = self._store.get_many(self._namespace, [memory.id for memory in memories])
        hashes = [memory.content_hash for memory in memories if memory.content_hash]
        by_words = self._store.same_words(self._namespace, hashes)
        vectors = self._vectors(entries)
        return [
            self._decide(entry, by_id, by_words, None if vectors is None else vectors[place])
            for place, entry in enumerate(entries)
        ]

    def _decide(
        self,
        entry: Entry,
        by_id: Mapping[UUID, Memory],
        by_words: Mapping[str, tuple[Memory, ...]],
        vector: NDArray[np.float32] | None,
    ) -> Planned:
        memory = entry.memory
        known = by_id.get(memory.id)
        if known is not None and known.content == memory.content:
            return _same(entry, known, "the same memory is there")
        twins = by_words.get(memory.content_hash or "", ())
        for twin in twins:
            if not twin.archived and twin.lineage.superseded_by is None:
                return _same(entry, twin, "the same words are there")
        if known is not None:
            return self._collision(entry, known)
        found = self._near(entry, vector)
        if found is not None:
            return found
        if twins:
            return Planned(
                Decision.CREATE, "the same words are archived or replaced here", entry, twins[0].id
            )
        return Planned(Decision.CREATE, "new here", entry)

    def _collision(self, entry: Entry, known: Memory) -> Planned:
        moved = _moved(entry.memory, known)
        if self._store.get_many(self._namespace, [moved.id]):
            reason = "it is there already, under the id that it got when another had its own"
            return Planned(Decision.DUPLICATE, reason, entry, moved.id)
        reason = "another text is there under its id; it is kept under a new one, for review"
        return Planned(Decision.ID_COLLISION, reason, replace(entry, memory=moved), known.id)

    def _near(self, entry: Entry, vector: NDArray[np.float32] | None) -> Planned | None:
        """What the nearest memories have to say of a new one."""
        if vector is None:
            return None
        memory = entry.memory
        words = _words(memory.content)
        conflict = None
        for other, cosine in self._store.nearest(self._namespace, vector, NEAREST, LEAST):
            if other.archived or other.lineage.superseded_by is not None:
                continue
            others = _words(other.content)
            if words == others:
                return _same(entry, other, "the same but for marks and letters is there")
            if _contains(others, words):
                return _same(entry, other, "a memory that says this and more is there")
            comparison = None
            if _contains(words, others):
                comparison = Comparison(Relation.UPDATE, 1.0)
                reason = "it says more than a memory that is there"
                return Planned(Decision.SUPERSET, reason, entry, other.id, comparison)
            newer, older = _in_order(memory, other)
            comparison = compare(older.content, newer.content, cosine)
            if comparison.relation is Relation.CONTRADICTION and conflict is None:
                reason = "it is at odds with a memory that is there; both are kept, for review"
                conflict = Planned(Decision.CONFLICT, reason, entry, other.id, comparison)
            if comparison.relation is Relation.UPDATE and conflict is None:
                reason = "one says anew what the other says; both are kept"
                conflict = Planned(Decision.CREATE, reason, entry, other.id, comparison)
        return conflict

    def _vectors(self, entries: Sequence[Entry]) -> NDArray[np.float32] | None:
        if any(entry.vector is None for entry in entries):
            return None
        from memoryoss_mcp.store.vectors import decode  # start-up time: imports numpy

        return decode([entry.vector or b"" for entry in entries], self._store.model.dimension)


def merged(known: Memory, arriving: Memory) -> Memory:
    """A known memory with what another record of the same words knows beside: tags, evidence,
    lineage, decisions. Merging it again changes nothing."""
    lineage, more = known.lineage, arriving.lineage
    itself = {known.id}
    return replace(
        known,
        tags=tuple(dict.fromkeys((*known.tags, *arriving.tags)))[:MOST_TAGS],
        evidence_count=max(known.evidence_count, arriving.evidence_count),
        lineage=replace(
            lineage,
            derived_from=_union(lineage.derived_from, more.derived_from, itself),
            contradicts_with=_union(lineage.contradicts_with, more.contradicts_with, itself),
            updates=_union(lineage.updates, more.updates, itself),
        ),
        review_events=tuple(
            sorted(
                {*known.review_events, *arriving.review_events},
                key=lambda event: (event.at, event.actor, event.action.value, event.via),
            )
        )[-20:],
    )


def with_tie(memory: Memory, other: Memory, planned: Planned) -> tuple[Memory, Memory]:
    """A new memory and the known one that it has to do with, tied as it was planned."""
    if planned.decision is Decision.ID_COLLISION:
        return _at_odds(memory, other), _at_odds(other, memory)
    if planned.comparison is None:
        return memory, other
    return tied(memory, other, planned.comparison)


def same_state(known: Memory, arriving: Memory) -> bool:
    """Whether merging would change nothing."""
    return merged(known, arriving) == known


def _same(entry: Entry, known: Memory, reason: str) -> Planned:
    if same_state(known, entry.memory):
        return Planned(Decision.DUPLICATE, reason, entry, known.id)
    more = f"{reason}; it gets the tags, evidence and links that are new"
    return Planned(Decision.MERGE, more, entry, known.id)


def _moved(memory: Memory, known: Memory) -> Memory:
    """A memory under an id of its own, as a candidate. The same text gets the same id again."""
    key = content_id(memory.id.bytes + bytes.fromhex(memory.content_hash or ""))
    return replace(
        memory,
        id=key,
        status=Status.CANDIDATE if memory.status is Status.ACTIVE else memory.status,
        lineage=Lineage(contradicts_with=(known.id,)),
    )


def _at_odds(memory: Memory, other: Memory) -> Memory:
    lineage = memory.lineage
    return replace(
        memory,
        lineage=replace(
            lineage, contradicts_with=_union(lineage.contradicts_with, (other.id,), {memory.id})
        ),
    )


def _union(one: Sequence[UUID], other: Sequence[UUID], without: set[UUID]) -> tuple[UUID, ...]:
    return tuple(sorted({*one, *other} - without))


def _in_order(memory: Memory, other: Memory) -> tuple[Memory, Memory]:
    return (memory, other) if memory.created_at >= other.created_at else (other, memory)


def _words(text: str) -> str:
    """The words of a text, each between spaces."""
    return f" {' '.join(_WORD.findall(text.lower()))} "


def _contains(longer: str, shorter: str) -> bool:
    return shorter.count(" ") > LEAST_WORDS and shorter in longer
