# SPDX-License-Identifier: AGPL-3.0-only
"""The 8-bit vectors of a namespace in memory: read from the file once, not for every query."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import apsw
import numpy as np

from memoryoss_mcp.store import sealing, vectors
from memoryoss_mcp.store.connection import fetch_all
from memoryoss_mcp.store.schema import SLOT_BITS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Encoded = tuple[NDArray[np.int8], NDArray[np.float32]]
    """Whole numbers (n, dimension) and the scale (n,) of each row; a scale of 0 is no vector."""

CACHED_SLOTS: Final = 1 << 17
"""Slots up to which vectors are kept, 388 bytes each (50 MB). Reading the few hundred candidates
of a query takes 2 to 3 ms at 100,000 memories, gathering them here 0.02; above it the file's pages
would be read at random anyhow, and the memory is better left to the system's cache of them."""


class VectorCache:
    """Vectors of one namespace and model by slot. Not thread-safe: the searcher holds a lock."""

    def __init__(self, ns: int, model: int, dimension: int) -> None:
        self._first = ns << SLOT_BITS
        self._model = model
        self._dimension = dimension
        self._rows: NDArray[np.int8] = np.zeros((0, dimension), np.int8)
        self._scales: NDArray[np.float32] = np.zeros(0, np.float32)
        self._known: NDArray[np.bool_] = np.zeros(0, np.bool_)
        self._filled = 0

    def resize(self, size: int) -> None:
        """Make room for ``size`` slots, or give all back where they are too many."""
        if size > CACHED_SLOTS:
            self.clear()
        elif size > len(self._known):
            extra = min(size + size // 4 + 1024, CACHED_SLOTS) - len(self._known)
            rows = np.zeros((extra, self._dimension), np.int8)
            self._rows = np.concatenate((self._rows, rows))
            self._scales = np.concatenate((self._scales, np.zeros(extra, np.float32)))
            self._known = np.concatenate((self._known, np.zeros(extra, np.bool_)))

    def clear(self) -> None:
        """Know nothing any more."""
        # Copies: a view would keep the whole array.
        self._rows = self._rows[:0].copy()
        self._scales = self._scales[:0].copy()
        self._known = self._known[:0].copy()
        self._filled = 0

    def forget(self, slot: int) -> None:
        """The memory of a slot has changed or is gone."""
        if slot < len(self._known):
            self._known[slot] = False
            self._rows[slot] = 0
            self._scales[slot] = 0
            self._filled = min(self._filled, slot)

    def put(
        self, slots: NDArray[np.int64], rows: NDArray[np.int8], scales: NDArray[np.float32]
    ) -> None:
        """Keep vectors that are known already, if vectors are kept."""
        if len(self._known):
            self._rows[slots], self._scales[slots] = rows, scales
            self._known[slots] = True

    def get(self, connection: apsw.Connection, slots: NDArray[np.int64]) -> Encoded:
        """The vectors of some slots, which are in order, each once."""
        if not len(self._known):
            return self._read(connection, slots)
        unknown = slots[~self._known[slots]]
        if len(unknown):
            self._rows[unknown], self._scales[unknown] = self._read(connection, unknown)
            self._known[unknown] = True
        return self._rows.take(slots, axis=0), self._scales[slots]

    def fill(self, connection: apsw.Connection, size: int, count: int) -> bool:
        """Read up to ``count`` slots that are not known yet of the first ``size``. Returns whether
        there may be more."""
        size = min(size, len(self._known))
        unknown = self._filled + np.flatnonzero(~self._known[self._filled : size])
        some = unknown[:count]
        self.get(connection, some)
        self._filled = size if len(unknown) <= count else int(some[-1]) + 1
        return self._filled < size

    def _read(self, connection: apsw.Connection, slots: NDArray[np.int64]) -> Encoded:
        rows = np.zeros((len(slots), self._dimension), np.int8)
        scales = np.zeros(len(slots), np.float32)
        if not len(slots):
            return rows, scales
        numbers = slots + self._first
        found = _found(connection, numbers, self._model)
        if found:
            present, blobs = zip(*found, strict=True)
            places = np.searchsorted(numbers, np.array(present, np.int64))
            rows[places], scales[places] = vectors.unpack(blobs, self._dimension)
        return rows, scales


def _found(
    connection: apsw.Connection, numbers: NDArray[np.int64], model: int
) -> list[tuple[int, bytes]]:
    """The row keys and vectors of those that have one."""
    wanted = apsw.carray(numbers)
    seal = sealing.of(connection, int(numbers[0]) >> SLOT_BITS)
    if seal is None:
        return fetch_all(
            connection,
            "SELECT number, data FROM vector WHERE number IN carray(?) AND model = ?",
            (wanted, model),
        )
    found = fetch_all(
        connection,
        "SELECT v.number, m.id, v.data FROM vector v JOIN memory m ON m.number = v.number"
        " WHERE v.number IN carray(?) AND v.model = ?",
        (wanted, model),
    )
    return [(number, seal.open("vector", key, data)) for number, key, data in found]
