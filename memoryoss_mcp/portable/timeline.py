# SPDX-License-Identifier: AGPL-3.0-only
"""What happened to a memory, for its history: from the versions and decisions that were kept, and
where there are none (it came from elsewhere), from what it is now."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final
from uuid import UUID

from memoryoss_mcp.model import Memory, ReviewAction, Status, format_time
from memoryoss_mcp.portable.lines import EventKind
from memoryoss_mcp.store.past import Version

_AFTER: Final = {
    ReviewAction.CONFIRM: Status.ACTIVE,
    ReviewAction.REJECT: Status.CONTESTED,
    ReviewAction.SUPERSEDE: Status.STALE,
}
_DONE: Final = {
    ReviewAction.CONFIRM: "confirmed",
    ReviewAction.REJECT: "rejected",
    ReviewAction.SUPERSEDE: "superseded by a reviewer",
}


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a timeline. ``at`` is in nanoseconds since the epoch."""

    at: int
    memory_id: UUID
    kind: EventKind
    summary: str
    from_status: Status | None = None
    to_status: Status | None = None
    actor: str | None = None
    via: str | None = None
    related_ids: tuple[UUID, ...] = ()

    @property
    def order(self) -> tuple[Any, ...]:
        """What a timeline is sorted by: two events that differ have different places."""
        return (
            self.at,
            self.memory_id,
            self.kind,
            self.summary,
            self.actor or "",
            self.via or "",
            self.related_ids,
        )

    def written(self) -> dict[str, Any]:
        """The event as the line has it."""
        found = {
            "at": format_time(self.at),
            "memory_id": str(self.memory_id),
            "kind": self.kind,
            "summary": self.summary,
            "from_status": self.from_status.value if self.from_status else None,
            "to_status": self.to_status.value if self.to_status else None,
            "actor": self.actor,
            "via": self.via,
            "related_ids": [str(key) for key in self.related_ids] or None,
        }
        return {name: value for name, value in found.items() if value is not None}


def events(
    memory: Memory, versions: Sequence[Version], members: Container[UUID]
) -> Iterator[Event]:
    """The events of one memory. Ties count where the other memory is among ``members``."""
    first = versions[0].memory.status if versions else None
    if memory.version == 1:
        first = memory.status
    yield Event(memory.created_at, memory.id, "created", "stored", to_status=first)
    sources = tuple(key for key in memory.lineage.derived_from if key in members)
    if memory.lineage.derived_from:
        yield Event(
            memory.created_at,
            memory.id,
            "derived",
            "made of others",
            to_status=memory.status,
            via="lineage",
            related_ids=sources,
        )
    changes = list(pairwise([*(version.memory for version in versions), memory]))
    before_review = {
        event: before.status
        for before, after in changes
        for event in after.review_events
        if event not in before.review_events
    }
    for event in memory.review_events:
        yield Event(
            event.at,
            memory.id,
            "review",
            _DONE[event.action],
            before_review.get(event),
            _AFTER[event.action],
            actor=event.actor,
            via=event.via,
            related_ids=(event.superseded_by,) if event.superseded_by else (),
        )
    for before, after in changes:
        # A decision has its own event.
        if before.review_events == after.review_events:
            yield from _changes(before, after, members)
    if not versions and memory.version > 1:
        yield from _inferred(memory, members)
    for other in memory.lineage.contradicts_with:
        # Once for each pair; the other memory may have been changed later, which its own
        # events tell.
        if other in members and memory.id < other:
            yield Event(
                memory.updated_at,
                memory.id,
                "contradicted",
                "at odds with another",
                to_status=Status.CONTESTED,
                via="contradiction_detection",
                related_ids=(memory.id, other),
            )


def _changes(before: Memory, after: Memory, members: Container[UUID]) -> Iterator[Event]:
    """What a change was, as far as the line has a word for it."""
    target = after.lineage.superseded_by
    if target is not None and target != before.lineage.superseded_by:
        related = (target,) if target in members else ()
        yield Event(
            after.updated_at,
            after.id,
            "superseded",
            "replaced by another",
            via="lineage",
            related_ids=related,
            from_status=before.status,
            to_status=after.status,
        )
    elif after.archived and not before.archived:
        yield Event(
            after.updated_at,
            after.id,
            "archived",
            "archived",
            before.status,
            after.status,
            via="lifecycle",
        )
    else:
        said = "content changed" if before.content != after.content else "state changed"
        yield Event(
            after.updated_at,
            after.id,
            "state_snapshot",
            said,
            before.status,
            after.status,
            via="snapshot",
        )


def _inferred(memory: Memory, members: Container[UUID]) -> Iterator[Event]:
    """What must have happened to a memory whose earlier versions nobody kept."""
    target = memory.lineage.superseded_by
    if target is not None and target in members:
        yield Event(
            memory.updated_at,
            memory.id,
            "superseded",
            "replaced by another",
            to_status=Status.STALE,
            via="lineage",
            related_ids=(target,),
        )
    if memory.archived:
        yield Event(
            memory.updated_at,
            memory.id,
            "archived",
            "archived",
            to_status=memory.status,
            via="lifecycle",
        )
    elif memory.updated_at > memory.created_at and not memory.review_events and target is None:
        yield Event(
            memory.updated_at,
            memory.id,
            "state_snapshot",
            "as it is now",
            to_status=memory.status,
            via="snapshot",
        )
