# SPDX-License-Identifier: AGPL-3.0-only
"""The review inbox: what waits for a person, and the decision about one memory."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from memoryoss_mcp.errors import InvalidInputError, NotFoundError
from memoryoss_mcp.lifecycle.governance import check_approval, merged
from memoryoss_mcp.lifecycle.transitions import (
    confirmed,
    noted,
    queue_kind,
    reconciled,
    rejected,
    suggested,
    superseded,
)
from memoryoss_mcp.model import (
    Memory,
    QueueKind,
    ReviewAction,
    ReviewEvent,
    now,
    parse_id,
)
from memoryoss_mcp.store.store import Store

KEY_PREFIX: Final = "review:"
_PREFIXES: Final = re.compile(r"\s*(?:review|rq):", re.IGNORECASE)
_TARGET_SUFFIX: Final = "_supersede_target"
UNKNOWN: Final = "unknown"
VIA: Final = "review"

Find = Callable[[Sequence[UUID]], Mapping[UUID, Memory]]


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """A memory that waits: its stable key, its queue, and what may be decided.

    ``options`` are the memories that could take its place: those that it contradicts.
    """

    key: str
    memory: Memory
    queue_kind: QueueKind
    suggested_action: ReviewAction
    available_actions: tuple[ReviewAction, ...]
    options: tuple[Memory, ...]


@dataclass(frozen=True, slots=True)
class Inbox:
    """The first items of the queue, contested before rejected before candidates and the newest
    first, and how many there are of each kind. ``oldest_at`` is when the oldest came in."""

    namespace: str
    items: tuple[ReviewItem, ...]
    counts: Mapping[QueueKind, int]
    oldest_at: int | None

    @property
    def pending(self) -> int:
        """All that waits."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class Decision:
    """What a reviewer says of one memory. ``actor`` is the person, ``via`` the way it came."""

    id: UUID
    namespace: str
    action: ReviewAction
    actor: str
    via: str = VIA
    superseded_by: UUID | None = None


@dataclass(frozen=True, slots=True)
class Decided:
    """The memory after the decision, and the one that took its place, if any."""

    namespace: str
    action: ReviewAction
    queue_kind_before: QueueKind | None
    memory: Memory
    replacement: Memory | None = None


def review_key(memory: Memory) -> str:
    """The stable key of a memory in the inbox."""
    return f"{KEY_PREFIX}{memory.id}"


def parse_key(text: str) -> UUID:
    """The memory that a review key (``review:ID``, ``rq:ID`` or the bare id) names.

    Raises:
        InvalidIdError: it names none.
    """
    return parse_id(_PREFIXES.sub("", text, count=1))


def inbox(store: Store, namespace: str, limit: int) -> Inbox:
    """What waits for a decision. Its cost is that of the items, not of the namespace."""
    waiting = store.waiting(namespace, limit)
    wanted = {key for memory in waiting.memories for key in memory.lineage.contradicts_with}
    others = store.get_many(namespace, sorted(wanted))
    items = []
    for memory in waiting.memories:
        kind = queue_kind(memory)
        if kind is None:
            continue
        options = tuple(others[key] for key in memory.lineage.contradicts_with if key in others)
        items.append(
            ReviewItem(
                key=review_key(memory),
                memory=memory,
                queue_kind=kind,
                suggested_action=suggested(memory),
                available_actions=tuple(ReviewAction),
                options=options,
            )
        )
    return Inbox(namespace, tuple(items), waiting.counts, waiting.oldest_at)


def decide(store: Store, decision: Decision) -> Decided:
    """Carry out a decision: the memory, what it was at odds with and what takes its place change
    in one transaction, each with a ledger entry.

    Raises:
        InvalidInputError: a replacement is missing, is the memory itself, or is not wanted.
        NotFoundError: the namespace has no such memory. Nothing was changed.
        NotAnOwnerError: its team has others decide. Nothing was changed.
    """
    _check(decision)
    at = now()
    kinds: list[QueueKind | None] = []

    def rule(find: Find) -> Sequence[Memory]:
        kinds[:] = [queue_kind(_known(find, decision.id, decision.namespace))]
        return _apply(decision, find, at)

    changed = {memory.id: memory for memory in store.amend(decision.namespace, rule, "review")}
    target = decision.superseded_by
    return Decided(
        decision.namespace,
        decision.action,
        kinds[0],
        changed[decision.id],
        changed[target] if target else None,
    )


def _check(decision: Decision) -> None:
    target = decision.superseded_by
    if decision.action is ReviewAction.SUPERSEDE:
        if target is None:
            raise InvalidInputError(
                "To supersede a memory, name the one that is true instead.",
                field="superseded_by",
                hint="Send the id of the newer memory.",
            )
        if target == decision.id:
            raise InvalidInputError("A memory cannot supersede itself.", field="superseded_by")
    elif target is not None:
        raise InvalidInputError(
            f"A replacement has no meaning for {decision.action.value}.", field="superseded_by"
        )


def _known(find: Find, key: UUID, namespace: str) -> Memory:
    memory = find([key]).get(key)
    if memory is None:
        raise NotFoundError(
            f"Namespace {namespace!r} has no memory {key}.",
            hint="Recall or list to get current ids, or name the namespace it is in.",
        )
    return memory


def _apply(decision: Decision, find: Find, at: int) -> list[Memory]:
    memory = _known(find, decision.id, decision.namespace)
    if decision.action is not ReviewAction.REJECT:
        check_approval(memory, decision.actor)
    actor, via = decision.actor.strip() or UNKNOWN, decision.via.strip() or VIA
    target = decision.superseded_by
    event = ReviewEvent(at, actor, decision.action, via, queue_kind(memory), target)
    changed: dict[UUID, Memory] = {}
    if decision.action is ReviewAction.REJECT:
        changed[memory.id] = noted(rejected(memory, at), event)
        return list(changed.values())
    settled = [memory]
    if target is None:
        changed[memory.id] = merged(noted(confirmed(memory, at), event), actor, at)
    else:
        other = _known(find, target, decision.namespace)
        check_approval(other, decision.actor)
        settled.append(other)
        agreed = ReviewEvent(
            at, actor, ReviewAction.CONFIRM, via + _TARGET_SUFFIX, queue_kind(other)
        )
        changed[memory.id] = noted(superseded(memory, target, at), event)
        changed[target] = merged(noted(confirmed(other, at), agreed), actor, at)
    for one in settled:  # being at odds is mutual, and so is the end of it
        for key, partner in find(one.lineage.contradicts_with).items():
            if key not in {decision.id, target}:
                changed[key] = reconciled(changed.get(key, partner), one.id)
    return list(changed.values())
