# SPDX-License-Identifier: AGPL-3.0-only
"""A plan of an import carried out: links lead to where their memories are now, and what is at odds
with what is there, or more of it, is tied to it or merged into it."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Sequence
from dataclasses import replace
from uuid import UUID

from memoryoss_mcp.errors import ConflictError, MemoryOSSError
from memoryoss_mcp.model import Lineage, Memory
from memoryoss_mcp.portable.planning import Decision, Planned, merged, waits, with_tie
from memoryoss_mcp.portable.spool import Spool
from memoryoss_mcp.store.changes import Find
from memoryoss_mcp.store.intake import Arrival, Changed

Homes = dict[UUID, UUID | None]
"""Where links to the memories of a document lead that do not arrive under their own id: to which
memory, or to none."""


class StoppedError(MemoryOSSError):
    """An import was stopped while it was written. Nothing was imported."""

    code = "stopped"


class Arriving:
    """A plan, carried out inside the transaction. It may run twice: what it notes is of the last
    time. ``source`` is where changes of known memories come from."""

    def __init__(self, plan: Spool, homes: Homes, source: str, *, trusted: bool) -> None:
        self._plan = plan
        self._homes = homes
        self._source = source
        self._trusted = trusted
        self._stopped = False
        self.created: list[UUID] = []
        self.merged: list[UUID] = []

    def stop(self) -> None:
        """Give it up: the transaction is rolled back."""
        self._stopped = True

    def __call__(self, find: Find) -> Iterator[Arrival]:
        self.created.clear()
        self.merged.clear()
        for line in self._plan:
            if self._stopped:
                raise StoppedError("The import was stopped. Nothing was imported.")
            planned: Planned = pickle.loads(line)  # it was written by this process
            yield from self._arrivals(planned, find)

    def _arrivals(self, planned: Planned, find: Find) -> Iterator[Arrival]:
        entry = replace(planned.entry, memory=at_home(planned.entry.memory, self._homes))
        known = find([planned.existing]).get(planned.existing) if planned.existing else None
        if known is not None and planned.decision is Decision.MERGE:
            after = merged(known, entry.memory)
            if after != known:
                self.merged.append(known.id)
                yield Changed(after, self._source)
            return
        if planned.decision is Decision.MERGE:
            raise ConflictError(
                f"Memory {planned.existing} was forgotten meanwhile. Nothing was imported.",
                hint="Import it again.",
            )
        memory, other = entry.memory, known
        if known is not None:
            memory, other = with_tie(memory, known, planned)
        self.created.append(memory.id)
        yield replace(entry, memory=memory, distinct=True)
        if known is not None and other is not None and other != known and self._may_change(known):
            yield Changed(other, self._source)

    def _may_change(self, known: Memory) -> bool:
        return self._trusted or waits(known)


def at_home(memory: Memory, homes: Homes) -> Memory:
    """A memory whose links lead where those that they are to are now."""
    lineage = memory.lineage
    if not homes or lineage == Lineage():
        return memory

    def led(keys: Sequence[UUID]) -> tuple[UUID, ...]:
        found = {homes.get(key, key) for key in keys} - {memory.id}
        return tuple(sorted(key for key in found if key is not None))

    replacement = lineage.superseded_by and homes.get(lineage.superseded_by, lineage.superseded_by)
    return replace(
        memory,
        lineage=Lineage(
            None if replacement == memory.id else replacement,
            led(lineage.derived_from),
            led(lineage.contradicts_with),
            led(lineage.updates),
        ),
    )
