# SPDX-License-Identifier: AGPL-3.0-only
"""What becomes of each memory that arrives: new, there already, more of what is there, at odds with
it. Nothing is dropped without being told, and nobody's words are changed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final
from uuid import UUID

from memoryoss_mcp.lifecycle.relations import LEAST, NEAREST, tied
from memoryoss_mcp.model import Lineage, Memory, Status
from memoryoss_mcp.portable.document import content_id
from memoryoss_mcp.store.changes import Entry
from memoryoss_mcp.store.store import Store
from memoryoss_mcp.text.statements import Comparison, Relation, compare

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


Prepare = Callable[[Sequence[Memory]], Sequence[Entry]]
"""Analyses memories and, if the model is there, embeds them."""


class Planner:
    """Decides about batches of memories for one namespace. ``is_empty`` says that the namespace
    holds nothing, so that there is nothing to compare with. Only what is not settled by its id or
    its words is prepared."""

    def __init__(self, store: Store, namespace: str, prepare: Prepare, *, is_empty: bool) -> None:
        self._store = store
        self._namespace = namespace
        self._prepare = prepare
        self._is_empty = is_empty

    def plan(self, memories: Sequence[Memory]) -> list[Planned]:
        """The decision about each of some memories, against what the store holds."""
        if self._is_empty:
            entries = self._prepare(memories)
            return [Planned(Decision.CREATE, "new here", entry) for entry in entries]
        by_id = self._store.get_many(self._namespace, [memory.id for memory in memories])
        hashes = [memory.content_hash for memory in memories if memory.content_hash]
        by_words = self._store.same_words(self._namespace, hashes)
        settled = [
            self._settled(memory, by_id.get(memory.id), by_words.get(memory.content_hash or "", ()))
            for memory in memories
        ]
        new = iter(self._prepare([one for one in settled if not isinstance(one, Planned)]))
        return [
            one if isinstance(one, Planned) else self._new(next(new), memory, by_id, by_words)
            for memory, one in zip(memories, settled, strict=True)
        ]

    def _settled(
        self, memory: Memory, known: Memory | None, twins: Sequence[Memory]
    ) -> Planned | Memory:
        """The decision that needs no comparing; else the memory as it would be stored."""
        if known is not None and known.content == memory.content:
            return _same(memory, known, "the same memory is there")
        for twin in twins:
            if not twin.archived and twin.lineage.superseded_by is None:
                return _same(memory, twin, "the same words are there")
        if known is None:
            return memory
        moved = _moved(memory, known)
        if self._store.get_many(self._namespace, [moved.id]):
            reason = "it is there already, under the id that it got when another had its own"
            return Planned(Decision.DUPLICATE, reason, _bare(memory), moved.id)
        return moved

    def _new(
        self,
        entry: Entry,
        memory: Memory,
        by_id: Mapping[UUID, Memory],
        by_words: Mapping[str, tuple[Memory, ...]],
    ) -> Planned:
        """The decision about an entry that is stored; ``memory`` is it as it arrived."""
        if entry.memory.id != memory.id:
            reason = "another text is there under its id; it is kept under a new one, for review"
            return Planned(Decision.ID_COLLISION, reason, entry, by_id[memory.id].id)
        found = self._near(entry)
        if found is not None:
            return found
        if twins := by_words.get(memory.content_hash or ""):
            reason = "the same words are archived or replaced here"
            return Planned(Decision.CREATE, reason, entry, twins[0].id)
        return Planned(Decision.CREATE, "new here", entry)

    def _near(self, entry: Entry) -> Planned | None:
        """What the nearest memories have to say of a new one."""
        if entry.vector is None:
            return None
        from memoryoss_mcp.store.vectors import decode  # start-up time: imports numpy

        memory = entry.memory
        [vector] = decode([entry.vector], self._store.model.dimension)
        words = _words(memory.content)
        conflict = None
        for other, cosine in self._store.nearest(self._namespace, vector, NEAREST, LEAST):
            if other.archived or other.lineage.superseded_by is not None:
                continue
            others = _words(other.content)
            if words == others:
                return _same(memory, other, "the same but for marks and letters is there")
            if _contains(others, words):
                return _same(memory, other, "a memory that says this and more is there")
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


def _same(memory: Memory, known: Memory, reason: str) -> Planned:
    if same_state(known, memory):
        return Planned(Decision.DUPLICATE, reason, _bare(memory), known.id)
    more = f"{reason}; it gets the tags, evidence and links that are new"
    return Planned(Decision.MERGE, more, _bare(memory), known.id)


def _bare(memory: Memory) -> Entry:
    """An entry of which nothing but the memory is needed."""
    return Entry(memory, (), None)


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
