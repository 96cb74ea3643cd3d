# SPDX-License-Identifier: AGPL-3.0-only
"""Everything that a store is asked and that changes nothing."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Final
from uuid import UUID

import apsw

from memoryoss_mcp.model import Memory
from memoryoss_mcp.store import (
    changes,
    fabric,
    intake,
    ledger,
    listing,
    past,
    rows,
    sealing,
    syncing,
    trust,
    vectors,
)
from memoryoss_mcp.store.connection import fetch_all, fetch_one
from memoryoss_mcp.store.ledger import LedgerEntry, LedgerQuery
from memoryoss_mcp.store.past import Version
from memoryoss_mcp.store.trust import Reputation, Standing
from memoryoss_mcp.store.types import ListPage, ListQuery, Progress, Waiting
from memoryoss_mcp.store.vectors import EmbeddingModel

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from memoryoss_mcp.store.search import Candidates, Probe, Searcher

WALK_BATCH: Final = 1_000
"""Memories that are read at once when all are walked over."""


class Reading(ABC):
    """The reading half of a store. Each call sees one state of the file."""

    model: EmbeddingModel

    @abstractmethod
    def searcher(self) -> Searcher:
        """The index in memory; the first call imports numpy."""

    @abstractmethod
    def _reading(self) -> AbstractContextManager[apsw.Connection]:
        """This thread's connection inside one read transaction."""

    def get(self, namespace: str, memory_id: UUID) -> Memory:
        """One memory.

        Raises:
            NotFoundError: the namespace has no such memory.
        """
        with self._reading() as connection:
            ns = changes.namespace_key(connection, namespace)
            found = rows.find(connection, ns, [memory_id]) if ns is not None else {}
        if memory_id not in found:
            raise changes.missing(memory_id, namespace)
        return found[memory_id][1]

    def get_many(self, namespace: str, ids: Sequence[UUID]) -> dict[UUID, Memory]:
        """Those of some memories that the namespace has, by id."""
        with self._reading() as connection:
            ns = changes.namespace_key(connection, namespace)
            found = rows.find(connection, ns, ids) if ns is not None else {}
        return {key: memory for key, (_, memory) in found.items()}

    def replaced_by(self, namespace: str, memory_id: UUID) -> tuple[Memory, ...]:
        """The memories that one supersedes, oldest first."""
        return self._tied(
            namespace, "m.ns = ? AND m.superseded_by = ? ORDER BY m.number", memory_id
        )

    def made_of(self, namespace: str, memory_id: UUID) -> tuple[Memory, ...]:
        """The memories that were derived from one, oldest first."""
        return self._tied(
            namespace,
            "m.ns = ? AND m.number IN (SELECT number FROM edge WHERE target = ?"
            " AND kind = 'derived_from') ORDER BY m.number",
            memory_id,
        )

    def contradicted_by(self, namespace: str, memory_id: UUID) -> tuple[Memory, ...]:
        """The memories that name one as at odds with them, oldest first."""
        return self._tied(
            namespace,
            "m.ns = ? AND m.number IN (SELECT number FROM edge WHERE target = ?"
            " AND kind = 'contradicts_with') ORDER BY m.number",
            memory_id,
        )

    def _tied(self, namespace: str, condition: str, memory_id: UUID) -> tuple[Memory, ...]:
        with self._reading() as connection:
            ns = changes.namespace_key(connection, namespace)
            found = rows.select(connection, condition, -1 if ns is None else ns, memory_id.bytes)
        return tuple(memory for _, memory in found)

    def versions(self, namespace: str, memory_id: UUID) -> list[Version]:
        """The earlier versions of a memory, oldest first; those that are kept."""
        with self._reading() as connection:
            ns = changes.namespace_key(connection, namespace)
            found = rows.find(connection, ns, [memory_id]) if ns is not None else {}
            if memory_id not in found:
                raise changes.missing(memory_id, namespace)
            return past.versions(connection, found[memory_id][0], namespace)

    def standings(self, namespace: str, memories: Sequence[Memory]) -> dict[UUID, Standing]:
        """What trust in some memories rests on beside their own records."""
        with self._reading() as connection:
            return trust.standings(connection, namespace, memories)

    def reputations(self, namespace: str) -> list[Reputation]:
        """What became of the memories of each source, by source."""
        with self._reading() as connection:
            ns = changes.namespace_key(connection, namespace)
            return [] if ns is None else trust.reputations(connection, ns)

    def governed(self, namespace: str) -> list[Memory]:
        """The memories of a namespace that a team governs, oldest first."""
        with self._reading() as connection:
            ns = changes.namespace_key(connection, namespace)
            found = rows.select(
                connection, "m.ns = ? AND m.team_governance IS NOT NULL ORDER BY m.number", ns
            )
        return [memory for _, memory in found]

    def waiting(self, namespace: str, limit: int) -> Waiting:
        """What waits for a review, at most ``limit`` memories of it."""
        with self._reading() as connection:
            ns = changes.namespace_key(connection, namespace)
            return listing.waiting(connection, -1 if ns is None else ns, limit)

    def read(self, numbers: Sequence[int]) -> dict[int, Memory]:
        """Memories by row key; those that are gone meanwhile are left out."""
        with self._reading() as connection:
            return rows.read(connection, numbers)

    def page(self, query: ListQuery) -> ListPage:
        """One page of a listing."""
        with self._reading() as connection:
            return listing.page(connection, query)

    def pending(self, limit: int) -> list[tuple[int, Memory]]:
        """Up to ``limit`` memories without a vector of the present model, newest first."""
        with self._reading() as connection:
            spaces = fetch_all(connection, "SELECT ns FROM namespace WHERE pending > 0")
            locked = sealing.locked(connection)
            found: list[tuple[int, Memory]] = []
            for (ns,) in spaces:
                if ns in locked:
                    continue
                found += rows.select(
                    connection,
                    "m.number BETWEEN ? AND ? AND NOT EXISTS (SELECT 1 FROM vector x"
                    " WHERE x.number = m.number AND x.model = ?) ORDER BY m.number DESC LIMIT ?",
                    *rows.number_range(ns),
                    self.model.key,
                    limit - len(found),
                )
                if len(found) >= limit:
                    break
            return found

    def candidates(self, namespace: str, probe: Probe) -> Candidates | None:
        """See :meth:`memoryoss_mcp.store.search.Searcher.candidates`."""
        return self.searcher().candidates(namespace, probe)

    def nearest(
        self, namespace: str, vector: NDArray[np.float32], count: int, least: float
    ) -> list[tuple[Memory, float]]:
        """The memories nearest to a vector of the present model, with their cosines; the nearest
        first."""
        found = self.searcher().nearest(namespace, vector, count, least)
        memories = self.read([number for number, _ in found])
        return [(memories[number], cosine) for number, cosine in found if number in memories]

    def near_copies(
        self, namespace: str, least: float, progress: Progress
    ) -> list[tuple[int, int, float]]:
        """Pairs of memories (row keys) with a cosine of at least ``least``, none archived."""
        return self.searcher().near_copies(namespace, least, progress)

    def walk(self, namespace: str) -> Iterator[tuple[int, Memory]]:
        """All memories of a namespace with their row keys, oldest first. Each batch is of the
        state at the time it is read."""
        last = -1
        while True:
            with self._reading() as connection:
                ns = changes.namespace_key(connection, namespace)
                batch = [] if ns is None else rows.behind(connection, ns, last, WALK_BATCH)
            yield from batch
            if len(batch) < WALK_BATCH:
                return
            last = batch[-1][0]

    def visit(self, namespace: str, visitor: Callable[[Memory], None]) -> None:
        """Show every memory of a namespace to a visitor, by id, all of one state of the file. The
        visitor must not use the store."""
        with self._reading() as connection:
            ns = changes.namespace_key(connection, namespace)
            batch = [] if ns is None else rows.by_id(connection, ns, b"", WALK_BATCH)
            while batch and ns is not None:
                for _, memory in batch:
                    visitor(memory)
                batch = rows.by_id(connection, ns, batch[-1][1].id.bytes, WALK_BATCH)

    def same_words(
        self, namespace: str, content_hashes: Sequence[str]
    ) -> dict[str, tuple[Memory, ...]]:
        """The memories whose content has one of some hashes, by hash, oldest first; archived ones
        too."""
        with self._reading() as connection:
            ns = changes.namespace_key(connection, namespace)
            return {} if ns is None else rows.by_hash(connection, ns, content_hashes)

    def holds(self, namespace: str) -> bool:
        """Whether a namespace has any memory, archived or not."""
        with self._reading() as connection:
            return intake.holds(connection, namespace)

    def forgotten(self, namespace: str, ids: Sequence[UUID]) -> frozenset[UUID]:
        """Those of some memories that were forgotten in a namespace at some time."""
        with self._reading() as connection:
            return frozenset(key for key in ids if ledger.has_forgotten(connection, namespace, key))

    def count(self, namespace: str) -> int:
        """How many memories of a namespace are not archived."""
        with self._reading() as connection:
            ns = changes.namespace_key(connection, namespace)
            found: int = fetch_one(
                connection, "SELECT count(*) FROM memory WHERE ns = ? AND archived = 0", (ns,)
            )[0]
        return found

    def vectors_of(self, namespace: str, ids: Sequence[UUID]) -> dict[UUID, bytes]:
        """The vectors of some memories, as they are kept; those without one are left out."""
        with self._reading() as connection:
            ns = changes.namespace_key(connection, namespace)
            found = rows.find(connection, ns, ids) if ns is not None else {}
            return {
                key: blob
                for key, (number, _) in found.items()
                if (blob := vectors.get(connection, self.model, number, key)) is not None
            }

    def replacements(self, numbers: Sequence[int]) -> list[tuple[int, int]]:
        """Those of some memories (row keys) of which one says anew what another says: (newer,
        older)."""
        with self._reading() as connection:
            return rows.replacements(connection, numbers)

    def certificates(self, namespace: str, limit: int) -> list[tuple[UUID, int, str]]:
        """Id, time and document of the certificates of a namespace, newest first."""
        with self._reading() as connection:
            found = fetch_all(
                connection,
                "SELECT id, at, document FROM certificate WHERE namespace = ?"
                " ORDER BY id DESC LIMIT ?",
                (namespace, limit),
            )
        return [(UUID(bytes=key), at, document) for key, at, document in found]

    def registry(self, ids: Sequence[str] | None = None) -> fabric.Rows:
        """See :func:`memoryoss_mcp.store.fabric.read`."""
        with self._reading() as connection:
            return fabric.read(connection, ids)

    def sync_states(self, namespace: str) -> dict[UUID, syncing.Known]:
        """See :func:`memoryoss_mcp.store.syncing.states`."""
        with self._reading() as connection:
            return syncing.states(connection, namespace)

    def sync_chunks(self, folder: str) -> dict[str, bytes]:
        """See :func:`memoryoss_mcp.store.syncing.chunks`."""
        with self._reading() as connection:
            return syncing.chunks(connection, folder)

    def is_sealed(self, namespace: str) -> bool:
        """Whether a namespace is sealed."""
        with self._reading() as connection:
            return namespace in sealing.sealed_spaces(connection).values()

    def ledger(self, query: LedgerQuery) -> list[LedgerEntry]:
        """Entries of the audit ledger, newest first."""
        with self._reading() as connection:
            return ledger.read(connection, query)

    def ledger_from(self, after: int, limit: int) -> list[LedgerEntry]:
        """Up to ``limit`` entries behind number ``after``, oldest first."""
        with self._reading() as connection:
            return ledger.walk(connection, after, limit)

    def ledger_end(self) -> tuple[int, bytes]:
        """Number and hash of the last entry of the ledger."""
        with self._reading() as connection:
            return ledger.end(connection)
