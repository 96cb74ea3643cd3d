# SPDX-License-Identifier: AGPL-3.0-only
"""The history of one memory, from what was recorded: its ledger entries, the decisions about it,
and the memories that it is tied to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from memoryoss_mcp.model import Memory, ReviewEvent
from memoryoss_mcp.store.ledger import LedgerEntry, LedgerQuery
from memoryoss_mcp.store.past import Version
from memoryoss_mcp.store.store import Store

MOST_CHANGES: Final = 1_000
"""Ledger entries that a history shows, the newest."""


@dataclass(frozen=True, slots=True)
class History:
    """``changes`` are the ledger entries of the memory, oldest first; ``versions`` what it was
    before its changes; ``decisions`` what people said of it. The other parts are memories of the
    same namespace as they are now: which it replaces, which replaces it, of which it was made,
    which were made of it, which it contradicts, and which it says anew."""

    memory: Memory
    changes: tuple[LedgerEntry, ...]
    versions: tuple[Version, ...]
    decisions: tuple[ReviewEvent, ...]
    replaces: tuple[Memory, ...]
    replaced_by: Memory | None
    made_of: tuple[Memory, ...]
    made_into: tuple[Memory, ...]
    contradicts: tuple[Memory, ...]
    updates: tuple[Memory, ...]


def history(store: Store, namespace: str, memory_id: UUID) -> History:
    """Everything that was recorded about a memory.

    Raises:
        NotFoundError: the namespace has no such memory (any more).
    """
    memory = store.get(namespace, memory_id)
    lineage = memory.lineage
    named = [*lineage.derived_from, *lineage.contradicts_with, *lineage.updates]
    if lineage.superseded_by is not None:
        named.append(lineage.superseded_by)
    known = store.get_many(namespace, named)
    query = LedgerQuery(limit=MOST_CHANGES, namespace=namespace, memory=memory_id)
    return History(
        memory=memory,
        changes=tuple(reversed(store.ledger(query))),
        versions=tuple(store.versions(namespace, memory_id)),
        decisions=memory.review_events,
        replaces=store.replaced_by(namespace, memory_id),
        replaced_by=known.get(lineage.superseded_by) if lineage.superseded_by else None,
        made_of=tuple(known[key] for key in lineage.derived_from if key in known),
        made_into=store.made_of(namespace, memory_id),
        contradicts=tuple(known[key] for key in lineage.contradicts_with if key in known),
        updates=tuple(known[key] for key in lineage.updates if key in known),
    )
