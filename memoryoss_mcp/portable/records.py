# SPDX-License-Identifier: AGPL-3.0-only
"""A memory as the published lines carry it, and back.

What the lines have no field for (the lane, the client, which older memories one says anew) stands
in an extension at the top of the document, outside of what its digest covers: other readers pass it
over, and here it counts only where a signature covers it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from memoryoss_mcp.lifecycle.transitions import MOST_EVENTS
from memoryoss_mcp.model import (
    Lineage,
    Memory,
    Origin,
    ReviewEvent,
    TeamGovernance,
    format_time,
    hash_content,
)
from memoryoss_mcp.portable.canonical import MalformedError
from memoryoss_mcp.portable.lines import Entry, Governance, ReviewRecord

EXTENSION: Final = "memoryoss_extension"
"""The key of the extension."""
LAST_VERSION: Final = 2**62
"""The largest version that a memory has here: the line has greater ones than a file can count on
from."""
DECIMALS: Final = 6
"""Decimals of a confidence: more would not survive every reader."""


def entry_of(memory: Memory) -> dict[str, Any]:
    """A memory as an entry: plain JSON values in the declared order."""
    lineage = memory.lineage
    found: dict[str, Any] = {
        "id": str(memory.id),
        "content": memory.content,
        "tags": list(memory.tags),
        "agent": memory.agent,
        "session": memory.session,
        "original_namespace": memory.namespace,
        "memory_type": memory.memory_type.value,
        "status": memory.status.value,
        "version": memory.version,
        "created_at": format_time(memory.created_at),
        "updated_at": format_time(memory.updated_at),
        "source_key_id": memory.source_key,
        "content_hash": memory.content_hash,
        "archived": memory.archived,
        "confidence": rounded(memory.confidence),
        "evidence_count": memory.evidence_count,
        "last_verified_at": _time(memory.last_verified_at),
        "superseded_by": _id(lineage.superseded_by),
        "derived_from": [str(key) for key in lineage.derived_from],
        "contradicts_with": [str(key) for key in lineage.contradicts_with],
        "review_events": [_event_of(event) for event in memory.review_events],
        "team_governance": _governance_of(memory.team_governance),
    }
    return {name: value for name, value in found.items() if _is_written(name, value)}


def memory_of(entry: Entry, namespace: str) -> Memory:
    """An entry as a memory of a namespace, of the imported lane, with its hash made anew. Ties to
    itself mean nothing, nor do tags that are there twice; of its decisions the newest are kept."""
    itself = {entry.id}
    return Memory(
        id=entry.id,
        namespace=namespace,
        content=entry.content,
        created_at=entry.created_at,
        updated_at=entry.updated_at,
        tags=tuple(dict.fromkeys(tag.strip() for tag in entry.tags)),
        agent=entry.agent,
        session=entry.session,
        memory_type=entry.memory_type,
        status=entry.status,
        version=min(max(1, entry.version), LAST_VERSION),
        origin=Origin.IMPORTED,
        source_key=entry.source_key_id,
        content_hash=hash_content(entry.content),
        archived=entry.archived,
        confidence=entry.confidence,
        evidence_count=entry.evidence_count,
        last_verified_at=entry.last_verified_at,
        lineage=Lineage(
            None if entry.superseded_by == entry.id else entry.superseded_by,
            tuple(sorted({*entry.derived_from} - itself)),
            tuple(sorted({*entry.contradicts_with} - itself)),
        ),
        review_events=tuple(_event_in(event) for event in entry.review_events[-MOST_EVENTS:]),
        team_governance=_governance_in(entry.team_governance),
    )


def rounded(confidence: float | None) -> float | None:
    """A confidence as it is written."""
    return None if confidence is None else round(confidence, DECIMALS)


@dataclass
class Extension:
    """What a document says beyond its line: the lane and the client of its memories, by their
    places in it, and which memories one says anew, by its id."""

    origins: dict[Origin, list[int]] = field(default_factory=dict)
    clients: dict[str, list[int]] = field(default_factory=dict)
    updates: dict[UUID, tuple[UUID, ...]] = field(default_factory=dict)

    def note(self, place: int, memory: Memory) -> None:
        """Take down what there is to say of a memory."""
        if memory.origin is not Origin.IMPORTED:
            self.origins.setdefault(memory.origin, []).append(place)
        if memory.client is not None:
            self.clients.setdefault(memory.client, []).append(place)
        if memory.lineage.updates:
            self.updates[memory.id] = memory.lineage.updates

    def document(self) -> dict[str, Any]:
        """The extension as JSON; empty where there is nothing to say."""
        found: dict[str, Any] = {}
        if self.origins:
            found["origins"] = {
                origin.value: self.origins[origin] for origin in Origin if origin in self.origins
            }
        if self.clients:
            found["clients"] = dict(sorted(self.clients.items()))
        if self.updates:
            found["updates"] = {
                str(key): [str(other) for other in self.updates[key]]
                for key in sorted(self.updates)
            }
        return found


def read_extension(value: object) -> Extension:
    """The extension of a document.

    Raises:
        MalformedError: it is not one.
    """
    if value is None:
        return Extension()
    try:
        if not isinstance(value, Mapping):
            raise TypeError
        return Extension(
            {Origin(name): _places(found) for name, found in value.get("origins", {}).items()},
            {str(name): _places(found) for name, found in value.get("clients", {}).items()},
            {
                UUID(key): tuple(sorted(UUID(other) for other in found))
                for key, found in value.get("updates", {}).items()
            },
        )
    except (AttributeError, TypeError, ValueError):
        raise MalformedError(f"{EXTENSION} is not as this program writes it.") from None


def by_place(groups: Mapping[Any, Iterable[int]]) -> dict[int, Any]:
    """What is said of each place."""
    return {place: value for value, places in groups.items() for place in places}


_NULL_WHEN_MISSING: Final = frozenset({"derived_from", "contradicts_with", "review_events"})


def _is_written(name: str, value: Any) -> bool:
    return value is not None and not (name in _NULL_WHEN_MISSING and not value)


def _places(value: Any) -> list[int]:
    if not isinstance(value, list) or not all(type(place) is int for place in value):
        raise TypeError
    return value


def _event_of(event: ReviewEvent) -> dict[str, Any]:
    found = {
        "at": format_time(event.at),
        "actor": event.actor,
        "action": event.action.value,
        "via": event.via,
        "queue_kind": event.queue_kind.value if event.queue_kind else None,
        "superseded_by": _id(event.superseded_by),
    }
    return {name: value for name, value in found.items() if value is not None}


def _event_in(event: ReviewRecord) -> ReviewEvent:
    return ReviewEvent(
        event.at, event.actor, event.action, event.via, event.queue_kind, event.superseded_by
    )


def _governance_of(governance: TeamGovernance | None) -> dict[str, Any] | None:
    if governance is None:
        return None
    found = {
        "branch": governance.branch,
        "scope": governance.scope,
        "review_required": governance.review_required,
        "owners": list(governance.owners) or None,
        "watchlist": list(governance.watchlist) or None,
        "proposed_by": governance.proposed_by,
        "proposed_at": format_time(governance.proposed_at),
        "merged_by": governance.merged_by,
        "merged_at": _time(governance.merged_at),
    }
    return {name: value for name, value in found.items() if value is not None}


def _governance_in(governance: Governance | None) -> TeamGovernance | None:
    if governance is None:
        return None
    return TeamGovernance(**{name: getattr(governance, name) for name in TeamGovernance.__slots__})


def _time(timestamp: int | None) -> str | None:
    return None if timestamp is None else format_time(timestamp)


def _id(key: UUID | None) -> str | None:
    return None if key is None else str(key)
