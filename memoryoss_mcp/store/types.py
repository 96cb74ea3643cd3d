# SPDX-License-Identifier: AGPL-3.0-only
"""What goes into the store's services and what comes out: plain, typed, free of SQL."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from memoryoss_mcp.model import (
    EmbeddingState,
    Memory,
    MemoryType,
    Origin,
    QueueKind,
    Status,
)

Progress = Callable[[str, int, int], None]
"""Called as ``progress(step, done, total)`` during long work."""


@dataclass(frozen=True, slots=True)
class Filters:
    """Which memories may answer. Empty means no restriction; all given parts must hold.

    ``tags``, ``origins`` and ``statuses`` match any of their values. ``after`` and ``before`` are
    exclusive bounds on ``created_at`` (nanoseconds since the epoch).
    """

    agent: str | None = None
    session: str | None = None
    memory_type: MemoryType | None = None
    tags: tuple[str, ...] = ()
    before: int | None = None
    after: int | None = None
    origins: tuple[Origin, ...] = ()
    statuses: tuple[Status, ...] = ()
    include_archived: bool = False


@dataclass(frozen=True, slots=True)
class Stored:
    """The receipt of a store: it is durable when this is returned. ``duplicate`` says that it was
    there before: the id is that of the memory which says the same, and nothing was written.
    ``updates`` are the older memories of the same thing that it says anew, ``contradicts`` those
    that it is at odds with. ``redacted`` are the kinds of secrets that were not stored."""

    id: UUID
    namespace: str
    version: int
    created_at: int
    embedding: EmbeddingState
    duplicate: bool = False
    updates: tuple[UUID, ...] = ()
    contradicts: tuple[UUID, ...] = ()
    redacted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Updated:
    """The receipt of an update. ``redacted`` are the kinds of secrets that were not stored."""

    id: UUID
    namespace: str
    version: int
    updated_at: int
    status: Status
    embedding: EmbeddingState
    redacted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ForgetRequest:
    """What to forget: ids, or exact selectors that must all hold (tags: any of them).

    A request that names nothing is refused. Archived memories are covered like all others, and so
    are merged copies. ``before`` is an exclusive bound on ``created_at``. ``certified`` asks for
    the leaves of a certificate.
    """

    namespace: str
    ids: tuple[UUID, ...] = ()
    agent: str | None = None
    session: str | None = None
    tags: tuple[str, ...] = ()
    before: int | None = None
    dry_run: bool = False
    certified: bool = False


@dataclass(frozen=True, slots=True)
class Leaf:
    """What a certificate of deletion says of one memory: ``hash`` is made of the hash of its
    content and a random salt (see :func:`memoryoss_mcp.store.forgetting.leaf_hash`)."""

    id: UUID
    salt: bytes
    hash: bytes


@dataclass(frozen=True, slots=True)
class ScannedFile:
    """One file that was searched for the bytes of forgotten content."""

    path: Path
    bytes: int
    residues: int


@dataclass(frozen=True, slots=True)
class ForgetReceipt:
    """What was forgotten (or, in a dry run, would be) and where its bytes were searched for.

    ``missing`` are ids that no memory of the namespace has. ``clean`` is true when no byte of the
    content was found anywhere and nothing that had to be done failed; ``notes`` say what else was
    done (a snapshot removed, the file rewritten) or has to wait.
    """

    namespace: str
    deleted: tuple[UUID, ...]
    previews: tuple[tuple[UUID, str], ...]
    missing: tuple[UUID, ...]
    dry_run: bool
    scanned: tuple[ScannedFile, ...] = ()
    clean: bool = True
    notes: tuple[str, ...] = ()
    leaves: tuple[Leaf, ...] = ()


@dataclass(frozen=True, slots=True)
class UndoRequest:
    """Whose writing to undo in a namespace: all given parts must hold. ``client`` is the program
    that wrote, ``since`` (nanoseconds, inclusive) when it did, whatever time a memory claims.

    A request that names nothing is refused.
    """

    namespace: str
    session: str | None = None
    client: str | None = None
    source_key: str | None = None
    since: int | None = None
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Undone:
    """One memory that an undo concerns: what it says now, the version it has, and the one that it
    goes back to (0: it is deleted). ``reason`` says why it was left alone, if it was."""

    id: UUID
    preview: str
    version: int
    restores: int
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class UndoReceipt:
    """What an undo did (or, in a dry run, would do), in one transaction: memories that were
    deleted, memories that went back to an earlier version, and those that were left alone. The
    other fields are those of a :class:`ForgetReceipt`, for what was deleted."""

    namespace: str
    deleted: tuple[Undone, ...]
    reverted: tuple[Undone, ...]
    kept: tuple[Undone, ...]
    dry_run: bool
    scanned: tuple[ScannedFile, ...] = ()
    clean: bool = True
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ListQuery:
    """Which memories to list, newest first."""

    namespace: str
    limit: int = 50
    cursor: str | None = None
    filters: Filters = Filters()


@dataclass(frozen=True, slots=True)
class ListPage:
    """One page of a listing; ``total`` counts all matches."""

    namespace: str
    memories: tuple[Memory, ...]
    total: int
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits for a review, in the order of the inbox: its first memories, how many there are of
    each kind, and when the oldest was created."""

    memories: tuple[Memory, ...]
    counts: Mapping[QueueKind, int]
    oldest_at: int | None


@dataclass(frozen=True, slots=True)
class NamespaceStatus:
    """Counts of one namespace. ``health`` is empty, contested, review, maintenance or healthy;
    ``sealed`` says that it is encrypted on disk."""

    name: str
    total: int
    active: int
    candidate: int
    contested: int
    stale: int
    archived: int
    pending: int
    health: str
    sealed: bool


@dataclass(frozen=True, slots=True)
class UpkeepRun:
    """The last run of a kind of upkeep. ``finished_at`` is ``None`` while it is under way (or was
    killed); ``changed`` counts memories, ``error`` says why it ended early."""

    kind: str
    started_at: int
    finished_at: int | None = None
    changed: int = 0
    error: str | None = None


@dataclass(frozen=True, slots=True)
class StoreStatus:
    """The state of the file and its indexes. Sizes in bytes. ``upkeep`` are the last runs of what
    servers do in the background."""

    path: Path
    schema_version: int
    sqlite_version: str
    sqlite_vec_version: str
    file_bytes: int
    wal_bytes: int
    namespaces: tuple[NamespaceStatus, ...]
    ledger_entries: int
    embedding_model: str
    embedding_revision: str
    embedding_dimension: int
    snapshots: tuple[Path, ...]
    upkeep: tuple[UpkeepRun, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """One check of the doctor. ``level`` is ok, warning or error."""

    check: str
    level: str
    message: str
    repairable: bool = False
    repaired: bool = False


@dataclass(frozen=True, slots=True)
class DoctorReport:
    """All checks. ``healthy`` is false when one is an error that was not repaired, also where the
    memories were salvaged into a copy."""

    findings: tuple[Finding, ...]

    @property
    def healthy(self) -> bool:
        wrong = any(f.level == "error" and not f.repaired for f in self.findings)
        return not wrong and not self.salvaged

    @property
    def salvaged(self) -> bool:
        """Whether what could be read is in a copy now. The file in use is as damaged as before."""
        return any(f.check == "salvage" and f.level != "error" for f in self.findings)


@dataclass(frozen=True, slots=True)
class MigrationPlan:
    """From which schema version to which, by which steps; ``applied`` and the snapshot taken."""

    current: int
    target: int
    steps: tuple[str, ...]
    applied: bool
    snapshot: Path | None = None
