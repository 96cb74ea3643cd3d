# SPDX-License-Identifier: AGPL-3.0-only
"""A stand-in for a memory that keeps nothing: what a dry run writes to.

It reads the real one, and what was written to it lies over that. New memories are embedded and
compared as in earnest, so that a dry run finds the same conflicts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final
from uuid import UUID

from memoryoss_mcp.errors import ConflictError
from memoryoss_mcp.lifecycle.history import History, history
from memoryoss_mcp.lifecycle.relations import Relations
from memoryoss_mcp.model import (
    Change,
    Draft,
    EmbeddingState,
    Memory,
    hash_content,
    now,
)
from memoryoss_mcp.recall.encoder import Encoder
from memoryoss_mcp.store.changes import Entry, draft_memory, missing
from memoryoss_mcp.store.store import Store
from memoryoss_mcp.store.types import Stored, Updated

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DEPTH: Final = 8
"""How many times the wanted number of vectors are compared, those of the likest signs: as the store
itself does."""

FIRST_ROOM: Final = 1_024
"""Vectors that there is room for at first."""


class Rehearsal:
    """Takes drafts and changes like a runtime. For one caller in one thread."""

    def __init__(self, store: Store, encoder: Encoder) -> None:
        self._store = store
        self._encoder = encoder
        self._written: dict[tuple[str, UUID], Memory] = {}
        self._said: dict[tuple[str, str], dict[UUID, None]] = defaultdict(dict)
        self._vectors: dict[str, _Vectors] = {}

    def known(self, ids: Sequence[UUID], namespace: str) -> tuple[Memory, ...]:
        """Those of some memories that the namespace has, or would have by now."""
        return tuple(self._find(namespace, ids).values())

    def same_words(
        self, namespace: str, content_hashes: Sequence[str]
    ) -> dict[str, tuple[Memory, ...]]:
        """The memories of these words that the namespace has, or would have by now."""
        found: dict[str, tuple[Memory, ...]] = {}
        real = self._store.same_words(namespace, content_hashes)
        for digest in content_hashes:
            memories = {
                memory.id: memory
                for memory in real.get(digest, ())
                if (namespace, memory.id) not in self._written
            }
            for memory_id in self._said.get((namespace, digest), ()):
                memories[memory_id] = self._written[namespace, memory_id]
            if memories:
                found[digest] = tuple(memories.values())
        return found

    def history(self, memory_id: UUID, namespace: str) -> History:
        """What was recorded about a memory in earnest."""
        return history(self._store, namespace, memory_id)

    def store_many(self, drafts: Sequence[Draft]) -> tuple[Stored, ...]:
        """The receipts that the drafts would get.

        Raises:
            ConflictError: an id is taken.
        """
        entries = self._entries([draft_memory(draft) for draft in drafts])
        for entry in entries:
            if self._find(entry.memory.namespace, [entry.memory.id]):
                raise ConflictError(f"There is a memory {entry.memory.id} already.")
        relations = self._relations(entries)
        return tuple(self._insert(entry, relations) for entry in entries)

    def update(self, change: Change) -> Updated:
        """The receipt that the change would get.

        Raises:
            NotFoundError: the namespace has no such memory.
        """
        memory = self._find(change.namespace, [change.id]).get(change.id)
        if memory is None:
            raise missing(change.id, change.namespace)
        if change.expected_version not in (None, memory.version):
            raise ConflictError(f"Memory {memory.id} is at version {memory.version}.")
        content = memory.content if change.content is None else change.content
        changed = replace(
            memory,
            content=content,
            content_hash=hash_content(content),
            tags=memory.tags if change.tags is None else change.tags,
            memory_type=change.memory_type or memory.memory_type,
            version=memory.version + 1,
            updated_at=max(now(), memory.updated_at),
        )
        if content == memory.content:
            self._write(changed)
        else:
            self._reword(changed)
        return Updated(
            changed.id,
            changed.namespace,
            changed.version,
            changed.updated_at,
            changed.status,
            changed.embedding,
        )

    def _reword(self, changed: Memory) -> None:
        """What is said now is newer than all that is there, whenever it was first stored."""
        [entry] = self._entries([replace(changed, created_at=changed.updated_at)])
        relations = self._relations([entry])
        tied, *touched = relations.link(entry.memory, self._finder(changed.namespace))
        for other in touched:
            self._write(other)
        self._write(replace(tied, created_at=changed.created_at), entry.vector)

    def _insert(self, entry: Entry, relations: Relations) -> Stored:
        namespace = entry.memory.namespace
        memory, *touched = relations.link(entry.memory, self._finder(namespace))
        for other in touched:
            self._write(other)
        self._write(memory, entry.vector)
        return Stored(
            memory.id,
            namespace,
            memory.version,
            memory.created_at,
            EmbeddingState.PENDING if entry.vector is None else EmbeddingState.READY,
            updates=memory.lineage.updates,
            contradicts=memory.lineage.contradicts_with,
        )

    def _entries(self, memories: Sequence[Memory]) -> list[Entry]:
        self._encoder.load()
        vectors = self._encoder.vectors(memories) if memories else None
        return [
            Entry(memory, (), vectors[place] if vectors else None)
            for place, memory in enumerate(memories)
        ]

    def _relations(self, entries: Sequence[Entry]) -> Relations:
        # The part of a store that relations look at.
        return Relations(_Imagined(self._store, self), entries, ())

    def _finder(self, namespace: str) -> Callable[[Sequence[UUID]], dict[UUID, Memory]]:
        return lambda ids: self._find(namespace, ids)

    def _find(self, namespace: str, ids: Sequence[UUID]) -> dict[UUID, Memory]:
        written = {
            memory_id: self._written[namespace, memory_id]
            for memory_id in ids
            if (namespace, memory_id) in self._written
        }
        others = [memory_id for memory_id in ids if memory_id not in written]
        return self._store.get_many(namespace, others) | written if others else written

    def _write(self, memory: Memory, vector: bytes | None = None) -> None:
        key = memory.namespace, memory.id
        before = self._written.get(key)
        if before is not None and before.content_hash is not None:
            self._said[memory.namespace, before.content_hash].pop(memory.id, None)
        if memory.content_hash is not None:
            self._said[memory.namespace, memory.content_hash][memory.id] = None
        self._written[key] = memory
        if vector is not None:
            space = self._vectors.setdefault(
                memory.namespace, _Vectors(self._store.model.dimension)
            )
            space.add(memory.id, memory.content_hash, vector)

    def nearest(
        self, namespace: str, vector: NDArray[np.float32], count: int, least: float
    ) -> list[tuple[Memory, float]]:
        """The memories nearest to a vector, real ones and others, with their cosines."""
        found: dict[UUID, tuple[Memory, float]] = {}
        for memory, cosine in self._store.nearest(namespace, vector, count, least):
            present = self._written.get((namespace, memory.id), memory)
            if present.content_hash == memory.content_hash and not present.archived:
                found[memory.id] = present, cosine
        space = self._vectors.get(namespace)
        for memory_id, content_hash, cosine in space.nearest(vector, count) if space else ():
            written = self._written[namespace, memory_id]
            if cosine >= least and written.content_hash == content_hash:
                found[memory_id] = written, cosine
        return sorted(found.values(), key=lambda pair: -pair[1])[:count]


class _Imagined:
    """What relations need of a store, with the rehearsed memories among the real ones."""

    def __init__(self, store: Store, rehearsal: Rehearsal) -> None:
        self.model = store.model
        self.nearest = rehearsal.nearest


class _Vectors:
    """The vectors of rehearsed memories: encoded, and their signs for a first look."""

    def __init__(self, dimension: int) -> None:
        self._dimension = dimension
        self._owners: list[tuple[UUID, str | None]] = []
        self._encoded: list[bytes] = []
        self._signs: NDArray[np.uint64] | None = None

    def add(self, memory_id: UUID, content_hash: str | None, encoded: bytes) -> None:
        """Keep the vector that the words with a hash have."""
        import numpy as np  # start-up time: only what compares vectors needs it

        from memoryoss_mcp.store.vectors import decode

        signs = _signs(decode([encoded], self._dimension)[0])
        if self._signs is None:
            self._signs = np.zeros((FIRST_ROOM, len(signs)), np.uint64)
        elif len(self._owners) == len(self._signs):
            self._signs = np.concatenate([self._signs, np.zeros_like(self._signs)])
        self._signs[len(self._owners)] = signs
        self._owners.append((memory_id, content_hash))
        self._encoded.append(encoded)

    def nearest(
        self, vector: NDArray[np.float32], count: int
    ) -> list[tuple[UUID, str | None, float]]:
        """Owner, hash of the words and cosine of the nearest vectors, the nearest first."""
        import numpy as np  # start-up time: only what compares vectors needs it

        from memoryoss_mcp.store.vectors import decode

        if self._signs is None:
            return []
        known = self._signs[: len(self._owners)]
        distances = np.bitwise_count(known ^ _signs(vector)).sum(axis=1, dtype=np.uint16)
        depth = min(DEPTH * count, len(distances))
        near = np.argpartition(distances, depth - 1)[:depth]
        rows = decode([self._encoded[place] for place in near], self._dimension)
        cosines = rows @ vector
        best = np.argsort(-cosines, kind="stable")[:count]
        return [(*self._owners[near[place]], float(cosines[place])) for place in best]


def _signs(vector: NDArray[np.float32]) -> NDArray[np.uint64]:
    import numpy as np  # start-up time: only what compares vectors needs it

    return np.packbits(vector > 0, bitorder="little").view(np.uint64)
