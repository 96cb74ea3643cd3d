# SPDX-License-Identifier: AGPL-3.0-only
"""The in-process form of a namespace: what scanning needs of every memory, as numpy columns.

About 90 bytes a memory. Loaded from the packed chunks of ``vector_index`` (10 ms at 100,000
memories where sqlite-vec's own search takes 4 ms for every query and numpy's scan of the columns
0.4), then kept in step by change sequence, whichever process made the changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

import apsw
import numpy as np

from memoryoss_mcp.store import vectors
from memoryoss_mcp.store.connection import fetch_all, fetch_one
from memoryoss_mcp.store.inverted import Inverted
from memoryoss_mcp.store.lexical import Tail, Unpacked
from memoryoss_mcp.store.rows import number_range
from memoryoss_mcp.store.schema import SLOT_BITS, SLOT_MASK
from memoryoss_mcp.store.sealed_rows import SealedRow, sealed_rows
from memoryoss_mcp.store.sessions import Sessions
from memoryoss_mcp.store.vector_cache import VectorCache

if TYPE_CHECKING:
    from numpy.typing import NDArray

MEAN_SAMPLE: Final = 2_048
MEAN_PRIOR: Final = 20

SEALED_BATCH: Final = 4_096
"""Rows that are opened before their vectors are entered."""

RELOAD_CHANGES: Final = 20_000
"""Above so many changes since the last look a fresh load is faster than catching up."""


@dataclass(frozen=True, slots=True)
class NamespaceState:
    """The row of a namespace: counters that every write keeps in the same transaction."""

    ns: int
    name: str
    next_slot: int
    seq: int
    packs: int
    live: int
    terms: int
    tail: int
    pending: int
    sealed: int

    @property
    def average_length(self) -> float:
        """Mean length of a memory in terms."""
        return self.terms / self.live if self.live else 1.0


def read_state(connection: apsw.Connection, name: str) -> NamespaceState | None:
    """The counters of a namespace, or ``None`` when nothing was ever stored in it."""
    row = fetch_one(
        connection,
        "SELECT ns, name, next_slot, seq, packs, live, terms, tail, pending, key IS NOT NULL"
        " FROM namespace WHERE name = ?",
        (name,),
    )
    return NamespaceState(*row) if row else None


class Columns:
    """Arrays indexed by slot. Not thread-safe: the searcher holds a lock.

    ``searchable`` are the live memories that are not archived, ``searchable_count`` of them, and
    ``ready`` those that also have a vector: what a query without filters looks at.
    """

    def __init__(self, state: NamespaceState, dimension: int, model: int) -> None:
        self.ns = state.ns
        self.sealed = bool(state.sealed)
        self.model = model
        self.seq = -1
        self.packs = -1
        self.size = 0
        self._words = dimension // 64
        self._dimension = dimension
        self.vectors = VectorCache(state.ns, model, dimension)
        self.bits: NDArray[np.uint64] = np.zeros((self._words, 0), np.uint64)
        self.live: NDArray[np.bool_] = np.zeros(0, np.bool_)
        self.created: NDArray[np.int64] = np.zeros(0, np.int64)
        self.session: NDArray[np.int64] = np.zeros(0, np.int64)
        self.agent: NDArray[np.int64] = np.zeros(0, np.int64)
        self.flags: NDArray[np.uint16] = np.zeros(0, np.uint16)
        self.searchable: NDArray[np.bool_] = np.zeros(0, np.bool_)
        self.searchable_count = 0
        self.ready: NDArray[np.bool_] = np.zeros(0, np.bool_)
        self.all_ready = True
        self.sessions = Sessions()
        self.tail: Unpacked = Tail()
        self._sampled = 0
        self.mean: NDArray[np.float32] = np.zeros(dimension, np.float32)

    def refresh(self, connection: apsw.Connection, state: NamespaceState) -> None:
        """Bring the columns in step with the file. ``connection`` is inside a read transaction."""
        if self.seq == state.seq and self.packs == state.packs:
            return
        if self.seq < 0 or not self._catch_up(connection, state):
            self._load(connection, state)
        elif self.packs != state.packs and not self.sealed:
            self._load_tail(connection)
        self.seq, self.packs = state.seq, state.packs
        flags = self.flags[: self.size]
        self.searchable = self.live[: self.size] & ((flags & vectors.ARCHIVED) == 0)
        self.searchable_count = int(np.count_nonzero(self.searchable))
        self.ready = self.searchable & ((flags & vectors.READY) != 0)
        self.all_ready = bool(self.ready.all())
        self.vectors.resize(self.size)
        self._estimate_mean(state.live)

    def _estimate_mean(self, live: int) -> None:
        """Estimate the mean vector again when the namespace has changed its size by an eighth.

        Of unit vectors with about normal coordinates of deviation ``1/sqrt(d)``, the share p of
        positive signs tells the mean: ``(p - 1/2) sqrt(2 pi / d)``, shrunk as if ``MEAN_PRIOR``
        more memories were balanced.
        """
        if abs(live - self._sampled) * 8 <= self._sampled:
            return
        self._sampled = live
        ready = np.flatnonzero(self.ready)
        chosen = ready[:: max(1, len(ready) // MEAN_SAMPLE)]
        packed = np.ascontiguousarray(self.bits[:, chosen].T).view(np.uint8)
        positive = np.unpackbits(packed, axis=1, bitorder="little").sum(axis=0, dtype=np.float64)
        share = (positive + MEAN_PRIOR / 2) / (len(chosen) + MEAN_PRIOR)
        self.mean = ((share - 0.5) * np.sqrt(2 * np.pi / self._dimension)).astype(np.float32)

    def _grow(self, size: int) -> None:
        capacity = len(self.live)
        if size > capacity:
            extra = max(size, capacity + capacity // 4 + 1024) - capacity
            self.bits = np.concatenate(
                (self.bits, np.zeros((self._words, extra), np.uint64)), axis=1
            )
            for name in ("live", "created", "session", "agent", "flags"):
                column = getattr(self, name)
                setattr(self, name, np.concatenate((column, np.zeros(extra, column.dtype))))
            self.sessions.grow(len(self.live))
        self.size = max(self.size, size)

    def _load(self, connection: apsw.Connection, state: NamespaceState) -> None:
        """Read all chunks of the namespace. The layout of sqlite-vec's shadow tables is part of
        its documented file format, and its version is pinned."""
        self.size = 0
        self.vectors.clear()
        self.live[:] = False
        self._grow(state.next_slot)
        if self.sealed:
            self._load_sealed(connection)
        else:
            self._load_chunks(connection)
            self._load_tail(connection)
        loaded = np.flatnonzero(self.live[: self.size])
        self.sessions.load(loaded, self.session[loaded])

    def _load_chunks(self, connection: apsw.Connection) -> None:
        chunks = fetch_all(
            connection,
            "SELECT chunk_id, size, validity, rowids FROM vector_index_chunks"
            " WHERE partition00 = ?",
            (self.ns,),
        )
        for chunk, size, validity, rowids in chunks:
            valid = np.unpackbits(np.frombuffer(validity, np.uint8), bitorder="little") == 1
            valid = valid[:size]
            slots = np.frombuffer(rowids, np.int64)[valid] & SLOT_MASK
            signs = _blob(connection, "vector_index_vector_chunks00", "vectors", chunk)
            rows = np.frombuffer(signs, np.uint64).reshape(size, self._words)[valid]
            self.bits[:, slots] = rows.T
            for number, name in enumerate(("created", "session", "agent", "flags")):
                data = _blob(connection, f"vector_index_metadatachunks{number:02}", "data", chunk)
                column = getattr(self, name)
                column[slots] = np.frombuffer(data, np.int64)[valid].astype(column.dtype)
            self.live[slots] = True

    def _load_sealed(self, connection: apsw.Connection) -> None:
        """Open every entry of the namespace: nothing of the index is on disk."""
        self.tail = Inverted()
        self.vectors.resize(self.size)
        everything = sealed_rows(connection, self.ns, self.model)
        while batch := list(islice(everything, SEALED_BATCH)):
            self._enter_sealed(batch)
        connection.execute("PRAGMA shrink_memory")  # pages that nothing reads a second time

    def _enter_sealed(self, batch: Sequence[SealedRow]) -> None:
        for row in batch:
            slot, entry = row.slot, row.entry
            self.live[slot] = True
            self.created[slot] = row.created
            self.session[slot] = entry.session
            self.agent[slot] = entry.agent
            self.flags[slot] = entry.flags | row.flags
            self.tail.put(slot, row.length, entry.terms, entry.frequencies)
        there = [row for row in batch if row.vector is not None]
        if there:
            slots = np.array([row.slot for row in there], np.int64)
            whole, scales = vectors.unpack([row.vector or b"" for row in there], self._dimension)
            packed = np.packbits(whole > 0, axis=1, bitorder="little")
            self.bits[:, slots] = packed.view(np.uint64).T
            self.vectors.put(slots, whole, scales)

    def _load_tail(self, connection: apsw.Connection) -> None:
        self.tail = Tail()
        for number, length, terms, frequencies in connection.execute(
            "SELECT number, length, terms, frequencies FROM lexical"
            " WHERE packed = 0 AND number BETWEEN ? AND ?",
            number_range(self.ns),
        ):
            self.tail.put(number & SLOT_MASK, length, terms, frequencies)

    def _catch_up(self, connection: apsw.Connection, state: NamespaceState) -> bool:
        if self.sealed:
            return self._catch_up_sealed(connection, state)
        changed = fetch_all(
            connection,
            "SELECT m.number, m.created_at, m.session, m.agent, i.flags, v.data,"
            " l.packed, l.length, l.terms, l.frequencies"
            " FROM memory m JOIN vector_index i ON i.number = m.number"
            " LEFT JOIN vector v ON v.number = m.number AND v.model = ?"
            " LEFT JOIN lexical l ON l.number = m.number"
            " WHERE m.ns = ? AND m.seq > ? ORDER BY m.number LIMIT ?",
            (self.model, self.ns, self.seq, RELOAD_CHANGES),
        )
        if len(changed) == RELOAD_CHANGES:
            return False
        self._drop_gone(connection)
        self._grow(state.next_slot)
        for number, created, session, agent, flags, data, packed, length, terms, counts in changed:
            slot = number & SLOT_MASK
            new = not self.live[slot]
            self.live[slot] = True
            self.vectors.forget(slot)
            self.created[slot] = created
            self.session[slot] = vectors.label_hash(session)
            self.agent[slot] = vectors.label_hash(agent)
            self.flags[slot] = flags
            if data is not None:
                self.bits[:, slot] = np.frombuffer(vectors.signs(data), np.uint64)
            if packed == 0:
                self.tail.put(slot, length, terms, counts)
            if new:
                self.sessions.append(slot, int(self.session[slot]))
        return True

    def _catch_up_sealed(self, connection: apsw.Connection, state: NamespaceState) -> bool:
        changed = list(
            islice(sealed_rows(connection, self.ns, self.model, self.seq), RELOAD_CHANGES)
        )
        if len(changed) == RELOAD_CHANGES:
            return False
        self._drop_gone(connection)
        self._grow(state.next_slot)
        self.vectors.resize(self.size)
        for row in changed:
            new = not self.live[row.slot]
            self.vectors.forget(row.slot)
            self._enter_sealed([row])
            if new:
                self.sessions.append(row.slot, row.entry.session)
        return True

    def _drop_gone(self, connection: apsw.Connection) -> None:
        for (number,) in fetch_all(
            connection, "SELECT number FROM tombstone WHERE ns = ? AND seq > ?", (self.ns, self.seq)
        ):
            self._drop(number & SLOT_MASK)

    def _drop(self, slot: int) -> None:
        if slot >= self.size or not self.live[slot]:
            return
        self.live[slot] = False
        self.vectors.forget(slot)
        self.bits[:, slot] = 0
        self.tail.drop(slot)
        self.sessions.drop(slot)

    def distances(self, query: NDArray[np.uint64]) -> NDArray[np.uint16]:
        """Hamming distance of each slot's signs to the query's, over all slots."""
        total: NDArray[np.uint16]
        total = np.bitwise_count(self.bits[0, : self.size] ^ query[0]).astype(np.uint16)
        for word in range(1, self._words):
            total += np.bitwise_count(self.bits[word, : self.size] ^ query[word])
        return total

    def slots_of(self, numbers: Sequence[int]) -> NDArray[np.int64]:
        """Slots of row keys of this namespace."""
        return np.asarray(numbers, np.int64) - (self.ns << SLOT_BITS)


def _blob(connection: apsw.Connection, table: str, column: str, rowid: int) -> bytes:
    row = fetch_one(connection, f"SELECT {column} FROM {table} WHERE rowid = ?", (rowid,))
    data: bytes = row[0]
    return data
