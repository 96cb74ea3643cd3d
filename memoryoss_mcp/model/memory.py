# SPDX-License-Identifier: AGPL-3.0-only
"""The record: one memory, what it came from, and what happened to it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class MemoryType(StrEnum):
    """What kind of knowledge a memory is."""

    EPISODIC = "episodic"
    SEMANTIC = "semantic"
    PROCEDURAL = "procedural"
    WORKING = "working"


class Status(StrEnum):
    """Where a memory stands in its life. Archived is a flag beside it, not a status."""

    CANDIDATE = "candidate"
    ACTIVE = "active"
    CONTESTED = "contested"
    STALE = "stale"


class Origin(StrEnum):
    """The lane through which a memory came in; what is trusted depends on it."""

    USER = "user"
    AGENT = "agent"
    TOOL = "tool"
    EXTRACTED = "extracted"
    IMPORTED = "imported"
    CONNECTOR = "connector"


class EmbeddingState(StrEnum):
    """Whether the vector of a memory is there: a pending one is found by words only."""

    READY = "ready"
    PENDING = "pending"


class ReviewAction(StrEnum):
    """What a reviewer decided."""

    CONFIRM = "confirm"
    REJECT = "reject"
    SUPERSEDE = "supersede"


class QueueKind(StrEnum):
    """The review queue in which a memory waited."""

    CANDIDATE = "candidate"
    CONTESTED = "contested"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class ReviewEvent:
    """One decision about a memory. Times are nanoseconds since the epoch."""

    at: int
    actor: str
    action: ReviewAction
    via: str
    queue_kind: QueueKind | None = None
    superseded_by: UUID | None = None


@dataclass(frozen=True, slots=True)
class TeamGovernance:
    """Who may change a memory that a team governs."""

    branch: str
    scope: str
    proposed_by: str
    proposed_at: int
    review_required: bool = False
    owners: tuple[str, ...] = ()
    watchlist: tuple[str, ...] = ()
    merged_by: str | None = None
    merged_at: int | None = None


@dataclass(frozen=True, slots=True)
class Outcomes:
    """How often a memory was put to use, and how that ended."""

    injection_count: int = 0
    reuse_count: int = 0
    confirm_count: int = 0
    reject_count: int = 0
    supersede_count: int = 0
    last_injected_at: int | None = None
    last_reused_at: int | None = None
    last_outcome_at: int | None = None


@dataclass(frozen=True, slots=True)
class Lineage:
    """How a memory is tied to others. ``updates`` are older memories of the same thing, which it
    says anew; they stay what they are, and recall prefers this one."""

    superseded_by: UUID | None = None
    derived_from: tuple[UUID, ...] = ()
    contradicts_with: tuple[UUID, ...] = ()
    updates: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Memory:
    """One memory as the store holds it. All times are nanoseconds since the epoch.

    ``confidence`` is ``None`` for what a person or agent stored on purpose (full confidence).
    ``sequence`` grows with every change to any memory of the file.
    """

    id: UUID
    namespace: str
    content: str
    created_at: int
    updated_at: int
    tags: tuple[str, ...] = ()
    agent: str | None = None
    session: str | None = None
    memory_type: MemoryType = MemoryType.SEMANTIC
    status: Status = Status.ACTIVE
    version: int = 1
    origin: Origin = Origin.USER
    client: str | None = None
    source_key: str | None = None
    content_hash: str | None = None
    archived: bool = False
    confidence: float | None = None
    evidence_count: int = 1
    last_verified_at: int | None = None
    lineage: Lineage = Lineage()
    outcomes: Outcomes = Outcomes()
    review_events: tuple[ReviewEvent, ...] = ()
    team_governance: TeamGovernance | None = None
    embedding: EmbeddingState = EmbeddingState.PENDING
    embedding_model: str | None = None
    embedding_revision: str | None = None
    sequence: int = 0


def hash_content(content: str) -> str:
    """Lower-case hex SHA-256 of the UTF-8 bytes of ``content``, not normalised."""
    return hashlib.sha256(content.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Draft:
    """A memory to be stored. What is left out takes the record's defaults.

    ``created_at`` is when the fact was stated, if that was not now.
    """

    content: str
    namespace: str
    tags: tuple[str, ...] = ()
    agent: str | None = None
    session: str | None = None
    memory_type: MemoryType = MemoryType.SEMANTIC
    origin: Origin = Origin.USER
    client: str | None = None
    source_key: str | None = None
    created_at: int | None = None
    id: UUID | None = None
    status: Status = Status.ACTIVE
    confidence: float | None = None
    evidence_count: int = 1


@dataclass(frozen=True, slots=True)
class Change:
    """New values for a stored memory; ``None`` leaves a field as it is.

    With ``expected_version`` the change is refused if the memory has moved on since. ``session``
    and ``source_key`` say where the change comes from, ``actor`` is the person who makes it.
    """

    id: UUID
    namespace: str
    content: str | None = None
    tags: tuple[str, ...] | None = None
    memory_type: MemoryType | None = None
    expected_version: int | None = None
    session: str | None = None
    source_key: str | None = None
    actor: str | None = None
