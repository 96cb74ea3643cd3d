# SPDX-License-Identifier: AGPL-3.0-only
"""How often memories are put to use. Counts are no new versions and have no entries in the ledger:
nothing that a memory says or is has changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

import apsw

from memoryoss_mcp.model import now
from memoryoss_mcp.store import rows, trust
from memoryoss_mcp.store.changes import namespace_key


def note_injections(
    connection: apsw.Connection,
    namespace: str,
    injected: Mapping[UUID, int],
    used: Mapping[UUID, int],
) -> None:
    """Count how often memories were put into a prompt and how often an answer drew on them."""
    ns = namespace_key(connection, namespace)
    if ns is None:
        return
    at = now()
    for number, memory in rows.find(connection, ns, list({*injected, *used})).values():
        outcomes = memory.outcomes
        if shown := injected.get(memory.id, 0):
            count = outcomes.injection_count + shown
            outcomes = replace(outcomes, injection_count=count, last_injected_at=at)
        if drawn_on := used.get(memory.id, 0):
            count = outcomes.reuse_count + drawn_on
            outcomes = replace(outcomes, reuse_count=count, last_reused_at=at)
        counted = replace(memory, outcomes=outcomes)
        rows.rewrite(connection, number, ns, counted)
        trust.recount(connection, ns, memory, counted)
