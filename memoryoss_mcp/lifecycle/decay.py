# SPDX-License-Identifier: AGPL-3.0-only
"""Decay: what nobody uses turns stale, what stays unused is archived. Two phases, so that nothing
leaves the answers before it was marked for a whole period; and never on a read.

The rules are the product's published ones, with one gap closed: a candidate that was never shown to
anybody grows old too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final
from uuid import UUID

from memoryoss_mcp.errors import InvalidInputError, NotFoundError
from memoryoss_mcp.lifecycle.trust import anchor
from memoryoss_mcp.model import Memory, Status, now
from memoryoss_mcp.model.trust import Trust
from memoryoss_mcp.store.changes import Entry, Find
from memoryoss_mcp.store.store import Store
from memoryoss_mcp.store.types import Progress

BATCH: Final = 500
"""Memories whose states are changed together."""
SHOWN_IN_VAIN: Final = 3
"""Injections without any use after which a memory counts as useless."""
DOUBTED: Final = 0.45
"""Trust below which an unused memory is not worth keeping in the answers."""
_NS_PER_DAY: Final = 86_400_000_000_000

Assess = Callable[[str, Sequence[Memory]], Mapping[UUID, Trust]]


class Reason(StrEnum):
    """Why a memory decays."""

    SUPERSEDED = "superseded"
    SHOWN_IN_VAIN = "shown_in_vain"
    GIVEN_UP = "given_up"
    DOUBTED = "doubted"
    NEVER_CONFIRMED = "never_confirmed"
    UNUSED = "unused"


@dataclass(frozen=True, slots=True)
class Decayed:
    """A memory that decays: it turns stale or, with ``archived``, leaves the answers."""

    memory: Memory
    archived: bool
    reason: Reason
    idle_days: int


@dataclass(frozen=True, slots=True)
class Sweep:
    """What a sweep did, or would do (``dry_run``), and how many memories it looked at."""

    namespace: str
    decayed: tuple[Decayed, ...]
    seen: int
    after_days: int
    dry_run: bool


def verdict(memory: Memory, moment: int, after_days: int, trust: float) -> Decayed | None:
    """What becomes of a memory at a moment (nanoseconds); ``None`` if nothing."""
    if memory.archived:
        return None
    idle = max(0, moment - anchor(memory)) // _NS_PER_DAY
    if memory.lineage.superseded_by is not None and memory.status is not Status.STALE:
        return Decayed(memory, False, Reason.SUPERSEDED, idle)
    if idle < after_days:
        return None
    if memory.status in {Status.STALE, Status.CONTESTED}:
        return Decayed(memory, True, Reason.UNUSED, idle)
    outcomes = memory.outcomes
    used = outcomes.reuse_count + outcomes.confirm_count > 0
    if memory.status is Status.CANDIDATE:
        return None if used else Decayed(memory, False, Reason.NEVER_CONFIRMED, idle)
    if outcomes.injection_count >= SHOWN_IN_VAIN and not used:
        return Decayed(memory, False, Reason.SHOWN_IN_VAIN, idle)
    if outcomes.reject_count + outcomes.supersede_count > 0:
        return Decayed(memory, False, Reason.GIVEN_UP, idle)
    if trust < DOUBTED and not used and memory.evidence_count <= 1:
        return Decayed(memory, False, Reason.DOUBTED, idle)
    return None


def sweep(
    store: Store,
    namespace: str,
    assess: Assess,
    after_days: int,
    *,
    dry_run: bool = False,
    progress: Progress,
) -> Sweep:
    """Let the idle memories of a namespace decay. Each batch is one transaction; what was used
    meanwhile is left alone.

    Raises:
        InvalidInputError: the number of days is below 1.
    """
    if after_days < 1:
        raise InvalidInputError("after_days must be at least 1.", field="after_days")
    moment, seen = now(), 0
    total = store.count(namespace)
    found: list[Decayed] = []
    batch: list[Memory] = []
    for _, memory in store.walk(namespace):
        seen += 1
        # With no trust at all every rule applies that might: only those are looked at closer.
        if verdict(memory, moment, after_days, 0.0) is not None:
            batch.append(memory)
        if seen % BATCH == 0:
            progress("looking for idle memories", seen, max(total, seen))
            found += _judged(namespace, batch, assess, moment, after_days)
            batch.clear()
    found += _judged(namespace, batch, assess, moment, after_days)
    if not dry_run:
        found = _carried_out(store, namespace, found, progress)
    return Sweep(namespace, tuple(found), seen, after_days, dry_run)


def _judged(
    namespace: str, memories: Sequence[Memory], assess: Assess, moment: int, after_days: int
) -> list[Decayed]:
    trust = assess(namespace, memories) if memories else {}
    verdicts = [verdict(m, moment, after_days, trust[m.id].score) for m in memories]
    return [one for one in verdicts if one is not None]


def _carried_out(
    store: Store, namespace: str, found: Sequence[Decayed], progress: Progress
) -> list[Decayed]:
    done: list[Decayed] = []
    for start in range(0, len(found), BATCH):
        progress("writing", start, len(found))
        batch = {one.memory.id: one for one in found[start : start + BATCH]}

        def rule(find: Find, batch: Mapping[UUID, Decayed] = batch) -> Sequence[Memory | Entry]:
            known = find(tuple(batch))
            return [
                after(memory, archived=batch[key].archived)
                for key, memory in known.items()
                if memory.version == batch[key].memory.version
            ]

        changed = store.amend(namespace, rule, "decay")
        done += [batch[memory.id] for memory in changed]
    progress("writing", len(found), len(found))
    return done


def after(memory: Memory, *, archived: bool) -> Memory:
    """A memory that has decayed."""
    if archived:
        return replace(memory, archived=True)
    return replace(memory, status=Status.STALE)


def restore(store: Store, namespace: str, ids: Sequence[UUID]) -> list[Memory]:
    """Bring archived memories back, in the state they had before they grew old, in one transaction.
    They start a new life: nothing is idle that was just brought back.

    Raises:
        NotFoundError: one of them is not there; nothing was changed.
        InvalidInputError: one of them is not archived, or was given up for another.
    """
    before = {key: _young(store, namespace, key) for key in dict.fromkeys(ids)}

    def rule(find: Find) -> Sequence[Memory | Entry]:
        known = find(tuple(before))
        restored = []
        for key, status in before.items():
            memory = known.get(key)
            if memory is None:
                raise NotFoundError(f"Namespace {namespace!r} has no memory {key}.")
            if not memory.archived:
                raise InvalidInputError(f"Memory {key} is not archived.", field="ids")
            if memory.lineage.superseded_by is not None:
                raise InvalidInputError(
                    f"Memory {key} was given up for {memory.lineage.superseded_by}.",
                    field="ids",
                    hint="Take that merger apart, or confirm this one in a review.",
                )
            restored.append(replace(memory, archived=False, status=status))
        return restored

    return store.amend(namespace, rule, "restore")


def _young(store: Store, namespace: str, key: UUID) -> Status:
    """The state of a memory before it turned stale."""
    for version in reversed(store.versions(namespace, key)):
        if version.memory.status is not Status.STALE and not version.memory.archived:
            return version.memory.status
    return Status.STALE
