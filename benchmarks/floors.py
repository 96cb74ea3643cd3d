# SPDX-License-Identifier: AGPL-3.0-only
"""What recall cannot do without, each step alone and bare: embedding the query, scanning the sign
bits, one query of the lexical index. Their sum is the floor that a whole recall is compared with.

The bare steps work on what the file holds (``vector`` and ``posting``) with none of the code of the
product's search: no filters, no sessions, no tail of unpacked memories, no rows. Embedding is the
product's own call of the model, for which there is no barer form.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.workload import NAMESPACE
from memoryoss_mcp.store import vectors
from memoryoss_mcp.store.connection import connect, fetch_all, fetch_one
from memoryoss_mcp.store.lexical import NORM_LENGTHS, SEGMENT_BITS
from memoryoss_mcp.store.schema import SLOT_MASK

TOP: Final = 100
K1: Final = 1.2
B: Final = 0.5
_SAMPLE: Final = 32_768


class Floors:
    """The bare steps over one file."""

    def __init__(self, path: Path) -> None:
        self._connection = connect(path, read_only=True)
        self._ns, size, self._live, terms = fetch_one(
            self._connection,
            "SELECT ns, next_slot, live, terms FROM namespace WHERE name = ?",
            (NAMESPACE,),
        )
        self._bits = self._load_bits(size)
        self._sums: NDArray[np.float32] = np.zeros(size, np.float32)
        lengths = np.asarray(NORM_LENGTHS, np.float32)
        penalty = np.float32(K1) * (1 - B + B * lengths / np.float32(terms / self._live))
        counts = np.arange(256, dtype=np.float32)
        table = counts * np.float32(K1 + 1) / (counts + penalty[:, None])
        self._gains = table.astype(np.float32).ravel()

    def close(self) -> None:
        """Release the connection."""
        self._connection.close()

    def _load_bits(self, size: int) -> NDArray[np.uint64]:
        """The signs of all vectors, one column of 64-bit words after another."""
        bits: NDArray[np.uint64] | None = None
        for number, data in self._connection.execute(
            "SELECT number, data FROM vector WHERE number >> 40 = ?", (self._ns,)
        ):
            words = np.frombuffer(vectors.signs(data), np.uint64)
            if bits is None:
                bits = np.zeros((len(words), size), np.uint64)
            bits[:, number & SLOT_MASK] = words
        if bits is None:
            raise ValueError("the store has no vectors")
        return bits

    def scan(self, query: NDArray[np.float32]) -> NDArray[np.uint16]:
        """Hamming distances of all signs to those of the query."""
        wanted = np.packbits(query > 0, bitorder="little").view(np.uint64)
        total: NDArray[np.uint16]
        total = np.bitwise_count(self._bits[0] ^ wanted[0]).astype(np.uint16)
        for word in range(1, len(wanted)):
            total += np.bitwise_count(self._bits[word] ^ wanted[word])
        return total

    def lexical(self, terms: Sequence[str]) -> NDArray[np.intp]:
        """The best ``TOP`` memories by BM25 over the packed postings."""
        sums = self._sums
        sums.fill(0)
        for term in terms:
            blobs = fetch_all(
                self._connection,
                "SELECT segment, data FROM posting WHERE ns = ? AND term = ?",
                (self._ns, term),
            )
            matches = sum(len(data) for _, data in blobs) // 4
            rarity = math.log1p((self._live - matches + 0.5) / (matches + 0.5))
            for segment, data in blobs:
                halves = np.frombuffer(data, "<u2")
                part = sums[segment << SEGMENT_BITS :]
                part[halves[::2].astype(np.intp)] += np.float32(rarity) * self._gains[halves[1::2]]
        return self._best(sums)

    def _best(self, sums: NDArray[np.float32]) -> NDArray[np.intp]:
        """Indices of the ``TOP`` largest sums: a bound from a sample, then what exceeds it."""
        step = max(1, len(sums) // _SAMPLE)
        sample = np.sort(sums[::step])
        bound = sample[-min(len(sample), TOP // step + 8)]
        hits = np.flatnonzero(sums >= bound if bound > 0 else sums > 0)
        if len(hits) < TOP:
            hits = np.flatnonzero(sums > 0)
        return hits[np.argsort(-sums[hits], kind="stable")[:TOP]]
