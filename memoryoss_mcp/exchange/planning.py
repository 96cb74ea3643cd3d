# SPDX-License-Identifier: AGPL-3.0-only
"""What shall become of each record of a source, by what the namespace has.

A record never changes what did not come from its own source, nor what a person has confirmed or
changed since: it is stored beside that, as a candidate, and a reviewer sees both. Otherwise a file
from elsewhere could put its words under the trust of others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from memoryoss_mcp.errors import NotAnOwnerError
from memoryoss_mcp.exchange.provenance import Provenance, is_universal
from memoryoss_mcp.exchange.record import Found
from memoryoss_mcp.lifecycle.governance import check_change
from memoryoss_mcp.lifecycle.history import History
from memoryoss_mcp.model import Change, Draft, Limits, Memory, Origin, Status, hash_content
from memoryoss_mcp.screen.injectable import confirmed_by_person
from memoryoss_mcp.screen.injection import attacks
from memoryoss_mcp.screen.secrets import redact
from memoryoss_mcp.store.types import Stored, Updated


class Decision(StrEnum):
    """What becomes of a record."""

    CREATE = "create"
    """A new memory."""
    UPDATE = "update"
    """Its memory gets the new words; the old ones stay in its history."""
    MERGE = "merge"
    """A memory says the same; it gets the tags that it has not."""
    CONFLICT = "conflict"
    """A new memory that is at odds with another one, or waits beside one that must not be
    changed."""
    EXISTING = "existing"
    """It was imported before."""
    DUPLICATE = "duplicate"
    """Another memory says the same in the same words."""
    SKIPPED = "skipped"
    """It cannot be stored."""


class Target(Protocol):
    """What an import needs of the memory that it goes to."""

    def known(self, ids: Sequence[UUID], namespace: str) -> Sequence[Memory]:
        """Those of some memories that a namespace has."""

    def same_words(
        self, namespace: str, content_hashes: Sequence[str]
    ) -> Mapping[str, Sequence[Memory]]:
        """The memories of a namespace whose words have one of some hashes, by hash."""

    def history(self, memory_id: UUID, namespace: str) -> History:
        """What was recorded about a memory."""

    def store_many(self, drafts: Sequence[Draft]) -> Sequence[Stored]:
        """Store new memories; up to 64 are kept all or not."""

    def update(self, change: Change) -> Updated:
        """Change a memory."""


@dataclass(slots=True)
class Plan:
    """What shall be done about one record: a new memory (``draft``), a ``change`` of ``memory``,
    or nothing.
    Where several records of a batch change the same memory, the first of them carries the whole
    change. ``rescue`` stores the words that a change takes away, where another record of the source
    was found to say them."""

    record: Found
    decision: Decision
    content: str
    id: UUID | None = None
    draft: Draft | None = None
    memory: Memory | None = None
    change: Change | None = None
    rescue: Plan | None = None
    reason: str | None = None
    others: tuple[UUID, ...] = ()


class Planner:
    """Plans the batches of one run, which are written in between."""

    def __init__(
        self, target: Target, namespace: str, provenance: Provenance, limits: Limits
    ) -> None:
        self._target = target
        self._namespace = namespace
        self._provenance = provenance
        self._limits = limits
        self._taken: set[UUID] = set()
        self._leaning: dict[UUID, Plan] = {}

    def plan(self, records: Sequence[tuple[Found, Draft]]) -> list[Plan]:
        """The plans of a batch: records and their admitted drafts, which have no ids yet."""
        batch = _Batch(self._target, self._namespace, self._provenance, self._limits, records)
        return batch.plans(self._taken, self._leaning)


class _Batch:
    """One batch, with all that the namespace has about it read at once."""

    def __init__(
        self,
        target: Target,
        namespace: str,
        provenance: Provenance,
        limits: Limits,
        records: Sequence[tuple[Found, Draft]],
    ) -> None:
        self._target = target
        self._namespace = namespace
        self._source = provenance
        self._limits = limits
        self._records = records
        ids = [id_ for found, draft in records for id_ in self._ids(found, draft)]
        self._known = {memory.id: memory for memory in target.known(ids, namespace)}
        hashes = list(dict.fromkeys(hash_content(draft.content) for _, draft in records))
        said = target.same_words(namespace, hashes) if hashes else {}
        self._said = {digest: list(memories) for digest, memories in said.items()}
        self._new: dict[str, Plan] = {}
        self._changed: dict[UUID, Plan] = {}

    def plans(self, taken: set[UUID], leaning: dict[UUID, Plan]) -> list[Plan]:
        """The plans. ``taken`` are the ids that records of the run have, ``leaning`` the records
        that were not stored because a memory of the same source says the same."""
        self._taken, self._leaning = taken, leaning
        return [self._plan(found, draft) for found, draft in self._records]

    def _ids(self, found: Found, draft: Draft) -> tuple[UUID, UUID, UUID]:
        """The ids that the memory of a record may have, the usual one first."""
        return (
            found.id or self._source.id_of(found.key),
            self._source.own_id_of(found.key),
            self._source.worded_id_of(found.key, draft.content),
        )

    def _plan(self, found: Found, draft: Draft) -> Plan:
        memory_id, memory = self._identified(found, draft)
        self._taken.add(memory_id)
        draft = replace(draft, id=memory_id)
        if memory is None:
            return self._first_seen(found, draft)
        if memory.content == draft.content or _is_redacted(found, draft, memory):
            return self._same(found, draft, memory, Decision.EXISTING)
        reason = self._protected(found, draft, memory)
        if reason is None:
            return self._reworded(found, draft, memory)
        if reason == _OLDER:
            return Plan(found, Decision.EXISTING, draft.content, memory.id, reason=reason)
        beside = self._ids(found, draft)[2]
        if beside in self._known or beside in self._taken:
            return Plan(found, Decision.EXISTING, draft.content, beside, reason=reason)
        self._taken.add(beside)
        plan = self._first_seen(found, replace(draft, id=beside, status=Status.CANDIDATE))
        if plan.decision is Decision.CREATE:
            plan.decision, plan.reason, plan.others = Decision.CONFLICT, reason, (memory.id,)
        return plan

    def _identified(self, found: Found, draft: Draft) -> tuple[UUID, Memory | None]:
        """The id of a record and the memory that has it. Keys are unique in a source only: a memory
        of another source with the same key is another record, unless the key is one of a kind."""
        usual, own, worded = self._ids(found, draft)
        for memory_id in (usual, own):
            memory = self._known.get(memory_id)
            if memory_id in self._taken:
                continue
            if memory is None or memory.content == draft.content or self._is_ours(memory, found):
                return memory_id, memory
        return worded, self._known.get(worded)

    def _is_ours(self, memory: Memory, found: Found) -> bool:
        return (
            found.id is not None
            or memory.source_key == self._source.source_key
            or is_universal(found.key)
        )

    def _first_seen(self, found: Found, draft: Draft) -> Plan:
        """A record whose memory is not there."""
        content_hash = hash_content(draft.content)
        if said := self._said.get(content_hash):
            return self._same(found, draft, min(said, key=_given_up), Decision.DUPLICATE)
        if (earlier := self._new.get(content_hash)) is not None and earlier.draft is not None:
            tags = self._united(earlier.draft.tags, draft.tags)
            decision = Decision.DUPLICATE if tags == earlier.draft.tags else Decision.MERGE
            earlier.draft = replace(earlier.draft, tags=tags)
            return Plan(found, decision, draft.content, earlier.id)
        plan = Plan(found, Decision.CREATE, draft.content, draft.id, draft=draft)
        self._new[content_hash] = plan
        return plan

    def _same(self, found: Found, draft: Draft, memory: Memory, otherwise: Decision) -> Plan:
        """A record whose words a memory has already."""
        plan = Plan(found, otherwise, draft.content, memory.id)
        if otherwise is Decision.DUPLICATE and memory.source_key == self._source.source_key:
            self._leaning.setdefault(memory.id, replace(plan, draft=draft))
        known = self._tags_of(memory)
        # A tag that gives orders would keep the memory of somebody else out of every prompt.
        tags = self._united(known, (tag for tag in draft.tags if not attacks(tag)))
        if tags == known or _is_governed(memory):
            return plan
        plan.decision = Decision.MERGE
        self._amend(plan, memory, tags=tags)
        return plan

    def _reworded(self, found: Found, draft: Draft, memory: Memory) -> Plan:
        plan = Plan(found, Decision.UPDATE, draft.content, memory.id)
        tags = self._united(self._tags_of(memory), draft.tags)
        self._amend(plan, memory, content=draft.content, tags=tags)
        for said in self._said.values():
            said[:] = [other for other in said if other.id != memory.id]
        self._said.setdefault(hash_content(draft.content), []).append(memory)
        leaning = self._leaning.pop(memory.id, None)
        if leaning is not None and leaning.content == memory.content:
            self._rescue(plan, leaning)
        return plan

    def _rescue(self, plan: Plan, leaning: Plan) -> None:
        """Store a record after all, unless yet another memory says the same."""
        content_hash = hash_content(leaning.content)
        said = self._target.same_words(self._namespace, [content_hash]).get(content_hash, ())
        others = (memory for memory in said if memory.id not in self._changed)
        if content_hash not in self._new and not any(others):
            plan.rescue = self._new[content_hash] = leaning

    def _amend(
        self, plan: Plan, memory: Memory, *, tags: tuple[str, ...], content: str | None = None
    ) -> None:
        """Change a memory, in one change however many records of the batch ask for it."""
        carrier = self._changed.setdefault(memory.id, plan)
        carrier.memory = memory
        change = carrier.change or Change(
            memory.id, self._namespace, source_key=self._source.source_key
        )
        carrier.change = replace(
            change, tags=tags, content=change.content if content is None else content
        )

    def _tags_of(self, memory: Memory) -> tuple[str, ...]:
        carrier = self._changed.get(memory.id)
        change = carrier.change if carrier is not None else None
        return memory.tags if change is None or change.tags is None else change.tags

    def _united(self, tags: Iterable[str], more: Iterable[str]) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*tags, *more)))[: self._limits.max_tags]

    def _protected(self, found: Found, draft: Draft, memory: Memory) -> str | None:
        """Why a record must not change its memory; ``None`` if it may."""
        if memory.origin is not Origin.IMPORTED or memory.source_key is None:
            return "that memory did not come from here"
        lane = self._source.source_key.partition(":")[0]
        if memory.source_key != self._source.source_key and (
            found.id is not None or memory.source_key.partition(":")[0] != lane
        ):
            return "that memory came from elsewhere"
        if confirmed_by_person(memory):
            return "a person has confirmed that memory"
        if _is_governed(memory):
            return "a team governs that memory"
        return self._changed_here(draft, memory)

    def _changed_here(self, draft: Draft, memory: Memory) -> str | None:
        """Whether somebody has changed the words of a memory since its import."""
        if memory.version == 1:
            return None
        versions = self._target.history(memory.id, self._namespace).versions
        following = [*(version.memory.content for version in versions[1:]), memory.content]
        changes = [
            version.author.source_key
            for version, after in zip(versions, following, strict=True)
            if version.memory.content != after
        ]
        if all(key is not None and key.startswith(_LANES) for key in changes):
            return None
        if any(version.memory.content == draft.content for version in versions):
            return _OLDER
        return "that memory was changed here"


_OLDER = "that memory was changed here since"
_LANES = ("import:", "adapter:")


def _is_redacted(found: Found, draft: Draft, memory: Memory) -> bool:
    """Whether a record of our own says what its memory says but for secrets, which were taken out
    when it was exported."""
    return found.id is not None and redact(memory.content).text == draft.content


def _is_governed(memory: Memory) -> bool:
    try:
        check_change(memory, None)
    except NotAnOwnerError:
        return True
    return False


def _given_up(memory: Memory) -> bool:
    """Whether a memory counts less among those of the same words."""
    return memory.archived or memory.lineage.superseded_by is not None
