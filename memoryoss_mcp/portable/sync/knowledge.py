# SPDX-License-Identifier: AGPL-3.0-only
"""What this installation has exchanged of each memory: the version and the digest of its state."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from memoryoss_mcp.portable.canonical import loads
from memoryoss_mcp.portable.sync import clock as clocks
from memoryoss_mcp.portable.sync.clock import Clock
from memoryoss_mcp.store.store import Store
from memoryoss_mcp.store.syncing import Known


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What is known of one memory. ``digest`` is ``None`` if it is forgotten."""

    clock: Clock
    digest: bytes | None

    def known(self) -> Known:
        """The same as the store keeps it."""
        return Known(clocks.text_of(self.clock), self.digest)


def load(store: Store, namespace: str) -> dict[UUID, Knowledge]:
    """What is known of the memories of a namespace."""
    return {
        key: Knowledge(clocks.read(loads(known.clock)), known.digest)
        for key, known in store.sync_states(namespace).items()
    }


def losers(known: Mapping[UUID, Knowledge]) -> dict[UUID, list[UUID]]:
    """The losing sides of conflicts that nobody has written down yet, by the memory that they are
    about."""
    found: dict[UUID, list[UUID]] = defaultdict(list)
    for key, knowledge in known.items():
        parent = clocks.parent_of(knowledge.clock)
        if parent is not None and knowledge.digest is not None:
            found[parent].append(key)
    return found
