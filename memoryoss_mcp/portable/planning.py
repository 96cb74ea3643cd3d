# SPDX-License-Identifier: AGPL-3.0-only
"""What becomes of each memory that arrives: new, there already, more of what is there, at odds with
it. Nothing is dropped without being told, and nobody's words are changed.

What nobody trusted vouches for changes nothing that is there but plain tags, unless that waits for
a reviewer too: tags get into prompts, and whoever forgets a memory forgets what it was made of.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final
from uuid import UUID

from memoryoss_mcp.lifecycle.relations import LEAST, NEAREST, tied
from memoryoss_mcp.lifecycle.transitions import MOST_EVENTS
from memoryoss_mcp.model import Lineage, Memory, Origin, Status
from memoryoss_mcp.portable.document import content_id
from memoryoss_mcp.portable.selection import scoped
from memoryoss_mcp.screen.injection import attacks
from memoryoss_mcp.store.changes import Entry
from memoryoss_mcp.store.store import Store
from memoryoss_mcp.text.statements import Comparison, Relation, compare

LEAST_WORDS: Final = 5
"""Words that a text has at least to count as contained in another."""
MOST_TAGS: Final = 50

_SENTENCE_END: Final = re.compile(r"(?<=[.!?…])\s+|(?<=[。！？])|\n")
_AROUND: Final = "\"'“”‘’„«»()[]{},;:"
_BEHIND: Final = f".!?…。！？{_AROUND}"
_BULLETS: Final = frozenset("-*•–—")


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
    in a collision. ``existing`` is the known memory that it has to do with. ``home`` is where links
    to it lead from now on, ``None`` where they may not."""

    decision: Decision
    reason: str
    entry: Entry
    existing: UUID | None = None
    comparison: Comparison | None = None
    home: UUID | None = None


Prepare = Callable[[Sequence[Memory]], Sequence[Entry]]
"""Analyses memories and, if the model is there, embeds them."""


class Planner:
    """Decides about batches of memories for one namespace. ``is_empty`` says that the namespace
    holds nothing, so that there is nothing to compare with, ``trusted`` that somebody trusted
    vouches for what arrives. Only what is not settled by its id or its words is prepared."""

    def __init__(
        self, store: Store, namespace: str, prepare: Prepare, *, is_empty: bool, trusted: bool
    ) -> None:
        self._store = store
        self._namespace = namespace
        self._prepare = prepare
        self._is_empty = is_empty
        self._trusted = trusted

    def plan(self, memories: Sequence[Memory]) -> list[Planned]:
        """The decision about each of some memories, against what the store holds."""
        if self._is_empty:
            entries = self._prepare(memories)
            return [_stored(Decision.CREATE, "new here", entry) for entry in entries]
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
            return self._same(memory, known, "the same memory is there")
        standing = [t for t in twins if not t.archived and t.lineage.superseded_by is None]
        if standing:
            best = min(standing, key=lambda twin: twin.status is not Status.ACTIVE)
            return self._same(memory, best, "the same words are there")
        if known is None:
            return memory
        if self._said(known, memory.content):
            return self._settle(memory, known, "a newer version of it is there")
        moved = _moved(memory, known.id)
        while other := self._store.get_many(self._namespace, [moved.id]).get(moved.id):
            if other.content == memory.content or self._said(other, memory.content):
                reason = "it is there already, under the id that it got when another had its own"
                return self._settle(memory, other, reason)
            moved = _moved(moved, other.id)
        return moved

    def _said(self, known: Memory, content: str) -> bool:
        """Whether an earlier version of a known memory had a content."""
        versions = self._store.versions(self._namespace, known.id)
        return any(version.memory.content == content for version in versions)

    def _same(self, memory: Memory, known: Memory, reason: str) -> Planned:
        """The decision about a memory that a known one makes needless."""
        if same_state(known, memory):
            return self._settle(memory, known, reason)
        if not (self._trusted or waits(known)):
            memory = _unvouched(memory, known)
            if same_state(known, memory):
                reason = (
                    f"{reason}; what else it claims stays out, as nobody trusted vouches for it"
                )
                return self._settle(memory, known, reason)
            reason = f"{reason}; it gets the tags that are new, and nothing else that is claimed"
            return self._settle(memory, known, reason, Decision.MERGE)
        more = f"{reason}; it gets what is new: tags, evidence, links or its standing"
        return self._settle(memory, known, more, Decision.MERGE)

    def _settle(
        self,
        memory: Memory,
        known: Memory,
        reason: str,
        decision: Decision = Decision.DUPLICATE,
    ) -> Planned:
        home = known.id if self._trusted or waits(known) else None
        return Planned(decision, reason, Entry(memory, (), None), known.id, home=home)

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
            return _stored(Decision.ID_COLLISION, reason, entry, by_id[memory.id].id)
        found = self._near(entry)
        if found is not None:
            return found
        if twins := by_words.get(memory.content_hash or ""):
            reason = "the same words are archived or replaced here"
            return _stored(Decision.CREATE, reason, entry, twins[0].id)
        return _stored(Decision.CREATE, "new here", entry)

    def _near(self, entry: Entry) -> Planned | None:
        """What the nearest memories have to say of a new one."""
        if entry.vector is None:
            return None
        from memoryoss_mcp.store.vectors import decode  # start-up time: imports numpy

        memory = entry.memory
        [vector] = decode([entry.vector], self._store.model.dimension)
        sentences = _sentences(memory.content)
        conflict = None
        for other, cosine in self._store.nearest(self._namespace, vector, NEAREST, LEAST):
            if other.archived or other.lineage.superseded_by is not None:
                continue
            others = _sentences(other.content)
            # What counts less, or was given up, is no answer to what arrives.
            if other.status in {Status.ACTIVE, memory.status}:
                if sentences and sentences == others:
                    return self._same(memory, other, "the same but for marks and capitals is there")
                if _contains(others, sentences):
                    return self._same(memory, other, "a memory that says this and more is there")
            if _contains(sentences, others):
                comparison = Comparison(Relation.UPDATE, 1.0)
                reason = "it says more than a memory that is there"
                return _stored(Decision.SUPERSET, reason, entry, other.id, comparison)
            newer, older = _in_order(memory, other)
            comparison = compare(older.content, newer.content, cosine)
            if comparison.relation is Relation.CONTRADICTION and conflict is None:
                reason = "it is at odds with a memory that is there; both are kept, for review"
                conflict = _stored(Decision.CONFLICT, reason, entry, other.id, comparison)
            if comparison.relation is Relation.UPDATE and conflict is None:
                reason = "one says anew what the other says; both are kept"
                conflict = _stored(Decision.CREATE, reason, entry, other.id, comparison)
        return conflict


def merged(known: Memory, arriving: Memory) -> Memory:
    """A known memory with what another record of the same words knows beside: tags, evidence,
    lineage, decisions. A candidate that nothing stands against becomes what the other one is, if
    that is active. Merging it again changes nothing."""
    if _is_settled_by(known, arriving):
        known = replace(
            known,
            status=arriving.status,
            origin=arriving.origin,
            agent=arriving.agent,
            session=arriving.session,
            client=arriving.client,
            source_key=arriving.source_key,
            confidence=arriving.confidence,
            last_verified_at=arriving.last_verified_at,
        )
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
        )[-MOST_EVENTS:],
    )


def with_tie(memory: Memory, other: Memory, planned: Planned) -> tuple[Memory, Memory]:
    """A new memory and the known one that it has to do with, tied as it was planned."""
    if planned.decision is Decision.ID_COLLISION:
        return _at_odds(memory, other), _at_odds(other, memory)
    if planned.comparison is None:
        return memory, other
    if planned.decision is Decision.SUPERSET:
        return _saying_more(memory, other, planned.comparison)
    return tied(memory, other, planned.comparison)


def waits(memory: Memory) -> bool:
    """Whether a memory came from elsewhere and nobody has decided about it."""
    return (
        memory.origin is Origin.IMPORTED
        and memory.status is Status.CANDIDATE
        and memory.outcomes.reject_count == 0
    )


def same_state(known: Memory, arriving: Memory) -> bool:
    """Whether merging would change nothing."""
    return merged(known, arriving) == known


def _unvouched(memory: Memory, known: Memory) -> Memory:
    """What may be merged into a known memory of what nobody trusted vouches for: tags that say
    nothing but what it is about. None that acts: that is an attack, that decides in which passports
    the memory leaves, or that says where it is from."""
    tags = tuple(
        tag
        for tag in memory.tags
        if not (":" in tag or scoped(tag) or attacks(tag)) and len(known.tags) < MOST_TAGS
    )
    return replace(memory, tags=tags, lineage=Lineage(), evidence_count=0, review_events=())


def _stored(
    decision: Decision,
    reason: str,
    entry: Entry,
    existing: UUID | None = None,
    comparison: Comparison | None = None,
) -> Planned:
    return Planned(decision, reason, entry, existing, comparison, entry.memory.id)


def _is_settled_by(known: Memory, arriving: Memory) -> bool:
    """Whether a known memory waits, with nothing against it, and another one of its words does
    not."""
    return (
        known.status is Status.CANDIDATE
        and not known.lineage.contradicts_with
        and known.outcomes.reject_count == 0
        and arriving.status is Status.ACTIVE
        and not arriving.archived
        and arriving.content == known.content
    )


def _saying_more(memory: Memory, other: Memory, comparison: Comparison) -> tuple[Memory, Memory]:
    """A new memory that says what a known one says and more takes its place in answers, whichever
    is older; unless the known one counts more, which makes them no contradiction."""
    later = replace(memory, created_at=max(memory.created_at, other.created_at))
    after, _ = tied(later, other, comparison)
    if after.lineage.contradicts_with != memory.lineage.contradicts_with:
        return memory, other
    return replace(memory, lineage=after.lineage), other


def _moved(memory: Memory, taken: UUID) -> Memory:
    """A memory under an id of its own, as ``taken`` is that of another, and as a candidate. The
    same text gets the same id again."""
    digest = hashlib.sha256(taken.bytes + memory.content.encode()).digest()
    return replace(
        memory,
        id=content_id(digest),
        status=Status.CANDIDATE if memory.status is Status.ACTIVE else memory.status,
        lineage=replace(memory.lineage, superseded_by=None),
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


def _sentences(text: str) -> tuple[str, ...]:
    """The sentences of a text without capitals and marks at the ends of words. Signs that may mean
    something stay: C is not C++, and >= not <=."""
    found = []
    for sentence in _SENTENCE_END.split(text.lower()):
        parts = sentence.split()
        if parts and parts[0] in _BULLETS:
            del parts[0]
        words = [word.lstrip(_AROUND).rstrip(_BEHIND) for word in parts]
        if told := " ".join(filter(None, words)):
            found.append(told)
    return tuple(found)


def _contains(longer: Sequence[str], shorter: Sequence[str]) -> bool:
    """Whether a text has all sentences of another. A part of a sentence may say the opposite."""
    words = sum(sentence.count(" ") + 1 for sentence in shorter)
    return words >= LEAST_WORDS and set(shorter) <= set(longer)
