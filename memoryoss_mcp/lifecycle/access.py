# SPDX-License-Identifier: AGPL-3.0-only
"""What is kept, for whoever may know it: every memory of a namespace with all that is known of it,
archived ones included."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from memoryoss_mcp.model import Memory
from memoryoss_mcp.store.ledger import LedgerEntry, LedgerQuery
from memoryoss_mcp.store.past import Version
from memoryoss_mcp.store.store import Store

MOST_CHANGES: Final = 1_000
"""Ledger entries of one memory, the newest."""


@dataclass(frozen=True, slots=True)
class Record:
    """A memory, what it was before its changes, and its entries in the ledger, oldest first."""

    memory: Memory
    versions: tuple[Version, ...]
    changes: tuple[LedgerEntry, ...]


def records(
    store: Store, namespace: str, *, agent: str | None = None, session: str | None = None
) -> Iterator[Record]:
    """Everything in a namespace, or what is of an agent or a session, oldest first."""
    for _, memory in store.walk(namespace):
        if agent not in (None, memory.agent) or session not in (None, memory.session):
            continue
        query = LedgerQuery(limit=MOST_CHANGES, namespace=namespace, memory=memory.id)
        yield Record(
            memory,
            tuple(store.versions(namespace, memory.id)) if memory.version > 1 else (),
            tuple(reversed(store.ledger(query))),
        )
