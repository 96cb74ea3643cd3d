# SPDX-License-Identifier: AGPL-3.0-only
"""What can still be read of a damaged file.

A memory is the row that its digest proves, and is read from its own table alone: a bad page in
another table costs what is in that page (vectors, links, names of namespaces), not memories.
Columns are taken by their place, since their names may be damaged, and tables are read from both
ends, since a scan stops at a bad page.
"""

from __future__ import annotations

import struct
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import chain
from typing import Any, Final

import apsw

from memoryoss_mcp.errors import SealedError, StoreDamagedError
from memoryoss_mcp.model import Memory
from memoryoss_mcp.store import rows, schema, sealing
from memoryoss_mcp.store.connection import fetch_all, fetch_one
from memoryoss_mcp.store.sealing import Seal
from memoryoss_mcp.store.vectors import EmbeddingModel

_UNREADABLE: Final = (apsw.Error, UnicodeDecodeError)
_UNSOUND: Final = (StoreDamagedError, LookupError, TypeError, ValueError)
"""What comes of a row that is not as it was written."""

_MEMORIES: Final = "SELECT rowid, * FROM memory"
_KEYS: Final = (
    ("SELECT rowid FROM memory INDEXED BY memory_seq", "ns, seq"),
    ("SELECT rowid FROM memory INDEXED BY memory_id", "ns, id"),
    ("SELECT rowid FROM memory INDEXED BY memory_created", "ns, created_at"),
    ("SELECT rowid FROM memory INDEXED BY memory_hash", "ns, content_hash"),
    ("SELECT rowid FROM lexical", "rowid"),
    ("SELECT rowid FROM vector", "rowid"),
)
"""Everything that lists the keys of memories, each with the order in which it does."""

_WIDTH: Final = len(rows.COLUMNS.split(","))
_CONFIDENCE: Final = 18


class Wreck:
    """Reads a connection of :func:`~memoryoss_mcp.store.connection.connect_damaged`. ``unlinked``
    counts the memories found so far whose links could not be read, ``locked`` those that are sealed
    and whose key cannot be had, ``renamed`` holds the names
    that were given to namespaces whose own is lost; ``missing`` is known after :meth:`memories`."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        spaces = self._both_ends("SELECT rowid, * FROM namespace", width=8)
        self._spaces = {row[0]: row[1:] for row in spaces}
        models = self._both_ends("SELECT rowid, * FROM embedding_model", width=5)
        self._models = {row[0]: row[2:5] for row in models}
        self._spoken = {entry[3] for entry in self._ledger()}
        self._owners: dict[bytes, set[str]] | None = None
        self.unlinked = 0
        self.locked = 0
        self.renamed: dict[int, str] = {}
        self.missing = 0

    def memories(self) -> Iterator[tuple[int, Memory]]:
        """Every sound memory once, with its row key."""
        saved: set[int] = set()
        listed: set[int] = set()
        for row in self._both_ends(_MEMORIES):
            listed.add(row[0])
            if row[0] not in saved and (memory := self._memory(row)) is not None:
                saved.add(row[0])
                yield row[0], memory
        for sql, order in _KEYS:
            listed.update(row[0] for row in self._both_ends(sql, order))
        for number in chain(sorted(listed - saved), self._slots(listed)):
            if number not in saved and (memory := self._fetch(number)) is not None:
                saved.add(number)
                yield number, memory
        counted = sum(space[6] for space in self._spaces.values() if isinstance(space[6], int))
        # What has no namespace in its key never was a memory.
        lost = sum(1 for number in listed - saved if number >> schema.SLOT_BITS)
        self.missing = max(lost, counted - len(saved))

    def vector(self, number: int, memory: Memory, wanted: EmbeddingModel) -> bytes | None:
        """The vector of a memory if it can be read and the same model made it."""
        try:
            row = fetch_one(self._connection, "SELECT * FROM vector WHERE rowid = ?", (number,))
        except _UNREADABLE:
            return None
        made_by = (wanted.name, wanted.revision, wanted.dimension)
        if row is None or len(row) < 3 or self._models.get(row[1]) != made_by:
            return None
        data = row[2]
        if isinstance(data, bytes) and len(data) == 4 + wanted.dimension + sealing.OVERHEAD:
            seal = self._seal(number >> schema.SLOT_BITS, memory.namespace)
            with suppress(SealedError, StoreDamagedError):
                data = None if seal is None else seal.open("vector", memory.id.bytes, data)
        if not isinstance(data, bytes) or len(data) != 4 + wanted.dimension:
            return None
        return data if 0 < struct.unpack_from("<f", data)[0] <= 1 else None

    # Inside -------------------------------------------------------------------------------

    def _both_ends(self, sql: str, order: str = "rowid", width: int = 1) -> Iterator[Any]:
        """The rows of a table, of at least ``width`` columns, up to what is unreadable: from the
        front, then from the back."""
        for direction in ("", " DESC"):
            try:
                for row in self._connection.execute(f"{sql} ORDER BY {order}{direction}"):
                    if len(row) >= width:
                        yield row
            except _UNREADABLE:
                continue
            return

    def _ledger(self) -> Iterator[Any]:
        return self._both_ends("SELECT * FROM ledger", width=6)

    def _fetch(self, number: int) -> Memory | None:
        with suppress(*_UNREADABLE):
            row = fetch_one(self._connection, f"{_MEMORIES} WHERE rowid = ?", (number,))
            return None if row is None else self._memory(row)
        return None

    def _slots(self, listed: set[int]) -> Iterator[int]:
        """Every key that was ever given, should nothing list it any more."""
        known: dict[int, int] = defaultdict(int)
        for number in listed:
            ns, slot = number >> schema.SLOT_BITS, number & schema.SLOT_MASK
            known[ns] = max(known[ns], slot + 1)
        for ns, space in self._spaces.items():
            if isinstance(space[3], int):
                known[ns] = space[3]
        most = self._changes(len(listed))  # what is read here may be nonsense
        for ns, following in known.items():
            for slot in range(min(following, most)):
                yield rows.row_number(ns, slot)

    def _changes(self, otherwise: int) -> int:
        """How many changes there were: no namespace ever had more slots."""
        found = []
        for sql in (
            "SELECT value FROM setting WHERE name = 'seq'",
            "SELECT max(rowid) FROM ledger",
        ):
            with suppress(*_UNREADABLE):
                row = fetch_one(self._connection, sql)
                found += [row[0]] if row and isinstance(row[0], int) else []
        return min(found, default=otherwise)

    def _memory(self, row: Sequence[Any]) -> Memory | None:
        number, values = row[0], list(row[2 : _WIDTH + 1])
        with suppress(*_UNSOUND):
            if isinstance(values[_CONFIDENCE - 1], int):
                values[_CONFIDENCE - 1] = float(values[_CONFIDENCE - 1])  # its type is damaged
            bare, sealed = (number, *values), None
            if len(row) > _WIDTH + 1:
                sealed = row[_WIDTH + 1]
            rows.check(bare, sealed)  # names and links are looked up for what is sound only
            name, seal = self._name(bare[1], bare[2]), None
            if sealed is not None:
                seal = self._seal(bare[1], name)
            try:
                return rows.restored(bare, name, self._links(number), sealed, seal)
            except SealedError:
                self.locked += 1
        return None

    def keys(self, ns: int) -> list[tuple[Any, ...]]:
        """The data keys of a namespace that can be read: the rows of ``data_key``."""
        with suppress(*_UNREADABLE):
            return fetch_all(self._connection, "SELECT * FROM data_key WHERE ns = ?", (ns,))
        return []

    def _seal(self, ns: int, name: str) -> Seal | None:
        with suppress(SealedError, *_UNREADABLE):
            return sealing.opener_of(self._connection, ns, name)
        return None

    def _links(self, number: int) -> rows.Edges:
        try:
            return rows.edges(self._connection, [number]).get(number, {})
        except (*_UNREADABLE, *_UNSOUND):
            self.unlinked += 1
            return {}

    def _name(self, ns: int, key: bytes) -> str:
        """The name of a namespace. The ledger knows all of them, and which memory is whose."""
        space = self._spaces.get(ns)
        name = space[1] if space else None
        if isinstance(name, str) and name in self._spoken:
            return name
        if self._owners is None:
            self._owners = defaultdict(set)
            for entry in self._ledger():
                if isinstance(entry[3], str):
                    self._owners[entry[5]].add(entry[3])
        owners = self._owners.get(key, set())
        if len(owners) == 1:
            [owner] = owners
            return owner
        if isinstance(name, str):
            return name
        if ns not in self.renamed:
            given = f"salvaged-{ns}"
            while given in self._spoken or any(given == s[1] for s in self._spaces.values()):
                given += "-"
            self.renamed[ns] = given
        return self.renamed[ns]
