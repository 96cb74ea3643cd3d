# SPDX-License-Identifier: AGPL-3.0-only
"""Import: what the chunks of a folder make of the memories here.

For every memory of which the folder knows something new, the versions there and, if it was changed
here and not exported yet, the one here make together what it is from now on. Everything is planned
first and then written in one transaction, or not at all.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Protocol
from uuid import UUID

from memoryoss_mcp.model import Memory
from memoryoss_mcp.portable.sync import clock as clocks
from memoryoss_mcp.portable.sync import knowledge
from memoryoss_mcp.portable.sync.folder import SyncError
from memoryoss_mcp.portable.sync.knowledge import Knowledge
from memoryoss_mcp.portable.sync.merge import Resolved, Version, resolve
from memoryoss_mcp.portable.sync.scan import Scan
from memoryoss_mcp.portable.sync.state import digest_of, same_content
from memoryoss_mcp.store.changes import Entry, Find
from memoryoss_mcp.store.intake import Arrival, Exact
from memoryoss_mcp.store.store import Store
from memoryoss_mcp.store.syncing import Merger
from memoryoss_mcp.store.types import Progress

Prepare = Callable[[Sequence[Memory]], Sequence[Entry]]
"""Analyses memories and, if the model is there, embeds them."""

BATCH: Final = 64
"""Memories that are prepared together."""
_LOOKED_UP: Final = 500


class Sink(Protocol):
    """Where terms and vectors go: a list, or a :class:`~memoryoss_mcp.portable.spool.Spool`."""

    def append(self, part: bytes, /) -> None: ...


class ChangedMeanwhileError(SyncError):
    """A memory was changed between the plan of an import and its writing."""


@dataclass
class Plan:
    """What an import does. ``after`` are memories as they shall be, by id, ``before`` the digests
    that those which it touches have now (``None``: not there). ``forgotten`` and ``withdrawn``
    memories go: the latter were losing sides of conflicts that others have ended."""

    after: dict[UUID, Memory] = field(default_factory=dict)
    before: dict[UUID, bytes | None] = field(default_factory=dict)
    known: dict[UUID, Knowledge | None] = field(default_factory=dict)
    created: list[UUID] = field(default_factory=list)
    replaced: list[UUID] = field(default_factory=list)
    merged: list[UUID] = field(default_factory=list)
    conflicts: dict[UUID, tuple[UUID, ...]] = field(default_factory=dict)
    forgotten: list[UUID] = field(default_factory=list)
    withdrawn: list[UUID] = field(default_factory=list)

    def merger(self, entries: Iterable[bytes]) -> Merger:
        """The plan for the store; ``entries`` is what :func:`prepare_all` gave."""

        def arrivals(find: Find) -> Iterator[Arrival]:
            self._check(find)
            there = [key for key in self.after if self.before[key] is not None]
            outcomes = {
                key: memory.outcomes
                for keys in _batches(there, _LOOKED_UP)
                for key, memory in find(keys).items()
            }
            for (key, memory), data in zip(self.after.items(), entries, strict=True):
                terms, vector = pickle.loads(data)  # it was written by this process
                if key in outcomes:
                    memory = replace(memory, outcomes=outcomes[key])
                    yield Exact(Entry(memory, terms, vector))
                else:
                    yield Entry(memory, terms, vector)

        states = {key: None if one is None else one.known() for key, one in self.known.items()}
        return Merger(arrivals, (*self.forgotten, *self.withdrawn), states)

    def _check(self, find: Find) -> None:
        for keys in _batches(list(self.before), _LOOKED_UP):
            memories = find(keys)
            for key in keys:
                memory = memories.get(key)
                if (None if memory is None else digest_of(memory)) != self.before[key]:
                    raise ChangedMeanwhileError(
                        f"Memory {key} was changed during the import. Nothing was imported.",
                        hint="Import again.",
                    )


class Planner:
    """Plans an import into a namespace."""

    def __init__(
        self,
        store: Store,
        scan: Scan,
        actor: str,
        progress: Progress,
    ) -> None:
        self._store = store
        self._scan = scan
        self._actor = actor
        self._progress = progress
        self._known = knowledge.load(store, scan.namespace)
        self._losers = knowledge.losers(self._known)
        self._plan = Plan()

    def run(self) -> Plan:
        """Decide about every memory of which the folder knows something new.

        Raises:
            BadChunkError: a chunk holds something else than memories.
            SyncError: the folder is another one meanwhile.
        """
        for keys in _batches(sorted(self._scan.forgotten), _LOOKED_UP):
            memories = self._store.get_many(self._scan.namespace, keys)
            for key in keys:
                self._bury(key, memories.get(key))
        news = [key for key in self._scan.heads if self._is_news(key)]
        heads = [head for key in news for head in self._scan.heads[key]]
        versions = self._scan.versions(heads)
        done = 0
        for keys in _batches(sorted(news), _LOOKED_UP):
            memories = self._store.get_many(self._scan.namespace, keys)
            for key in keys:
                there = [versions[head.place] for head in self._scan.heads[key]]
                self._decide(key, there, memories.get(key))
            done += len(keys)
            self._progress("merging", done, len(news))
        return self._plan

    def _is_news(self, key: UUID) -> bool:
        if key in self._scan.forgotten:
            return False
        known = self._known.get(key)
        if known is None:
            return True
        if known.digest is None:
            return False  # forgotten for good, whatever a folder says that does not know it yet
        return any(
            not clocks.covers(known.clock, head.clock)
            or (clocks.covers(head.clock, known.clock) and head.digest != known.digest)
            for head in self._scan.heads[key]
        )

    def _bury(self, key: UUID, memory: Memory | None) -> None:
        """Forget what somebody has forgotten."""
        known = self._known.get(key)
        digest = None if memory is None else digest_of(memory)
        if known is None or known.digest is not None:
            clock = clocks.joined(known.clock if known else {}, self._scan.knows(key))
            self._plan.known[key] = Knowledge(clock, None)
            if known is not None and known.digest == digest:
                self._withdraw(key, frozenset())
            else:  # decided here and not told yet: what was left of the conflict stays
                self._plan.known.update(dict.fromkeys(self._losers.get(key, ())))
        if digest is not None:
            self._plan.forgotten.append(key)
            self._plan.before[key] = digest

    def _decide(self, key: UUID, there: list[Version], memory: Memory | None) -> None:
        known = self._known.get(key)
        if memory is None and known is not None:
            # Forgotten here: the next export tells the others. What is new of it elsewhere is not
            # taken, and stays as new as it was.
            return
        digest = None if memory is None else digest_of(memory)
        local = self._local(key, memory, digest, known)
        resolved = resolve(clocks.maximal([*there, *([local] if local else [])]))
        after = resolved.digest
        self._plan.known[key] = Knowledge(resolved.clock, after)
        if after != digest:
            self._plan.before[key] = digest
            self._plan.after[key] = resolved.memory
            self._count(key, resolved, is_new=memory is None)
        derived = frozenset(loser.memory.id for loser in resolved.losers)
        for loser in resolved.losers:
            self._derive(loser)
        if local is None:
            self._withdraw(key, derived)

    def _local(
        self, key: UUID, memory: Memory | None, digest: bytes | None, known: Knowledge | None
    ) -> Version | None:
        """The version here, if it is more than what follows from the records of the folder."""
        if memory is None or digest is None:
            return None
        clock = known.clock if known else {}
        seen = self._scan.knows(key)
        changed = known is None or known.digest != digest
        if not changed and clocks.covers(seen, clock):
            return None
        if changed or clocks.parent_of(clock) is None:
            before = known.digest if known else None
            reworded = not same_content(before or b"", digest)
            clock = clocks.advanced(clock, self._actor, reworded=reworded, seen=seen)
        return Version(clock, memory, digest)

    def _derive(self, loser: Version) -> None:
        """Make the losing side of a conflict a memory, unless it is one or was forgotten."""
        key = loser.memory.id
        if key in self._known or self._scan.knows(key):
            return
        if self._store.get_many(self._scan.namespace, [key]):
            return
        self._plan.known[key] = Knowledge(loser.clock, loser.digest)
        self._plan.before[key] = None
        self._plan.after[key] = loser.memory

    def _withdraw(self, key: UUID, derived: frozenset[UUID]) -> None:
        """Take back the losing sides of a conflict that is over or another one, as far as nobody
        has changed them or written them down."""
        for loser in self._losers.get(key, ()):
            if loser in derived or self._scan.knows(loser):
                continue
            memory = self._store.get_many(self._scan.namespace, [loser]).get(loser)
            digest = None if memory is None else digest_of(memory)
            if digest is not None and digest == self._known[loser].digest:
                self._plan.withdrawn.append(loser)
                self._plan.before[loser] = digest
                self._plan.known[loser] = None

    def _count(self, key: UUID, resolved: Resolved, *, is_new: bool) -> None:
        if resolved.losers:
            self._plan.conflicts[key] = tuple(loser.memory.id for loser in resolved.losers)
        elif is_new:
            self._plan.created.append(key)
        elif resolved.merged:
            self._plan.merged.append(key)
        else:
            self._plan.replaced.append(key)


def prepare_all(plan: Plan, prepare: Prepare, sink: Sink, progress: Progress) -> None:
    """Put terms and vector of each memory of a plan into a sink, in its order. Only those whose
    content is new here are analysed and embedded."""
    done = 0
    for keys in _batches(list(plan.after), BATCH):
        new = [key for key in keys if _has_new_content(plan, key)]
        fresh = prepare([plan.after[key] for key in new]) if new else ()
        entries = dict(zip(new, fresh, strict=True))
        for key in keys:
            entry = entries.get(key) or Entry(plan.after[key], (), None)
            sink.append(pickle.dumps((entry.terms, entry.vector), pickle.HIGHEST_PROTOCOL))
        done += len(keys)
        progress("preparing", done, len(plan.after))


def _has_new_content(plan: Plan, key: UUID) -> bool:
    known = plan.known[key]
    return known is None or not same_content(plan.before[key] or b"", known.digest or b"")


def _batches(keys: Sequence[UUID], size: int) -> Iterator[Sequence[UUID]]:
    for start in range(0, len(keys), size):
        yield keys[start : start + size]
