# SPDX-License-Identifier: AGPL-3.0-only
"""The baselines over a stored namespace.

Memories and vectors are read back from the file's own tables, so that every ranker sees the same
analysed terms and the same vectors; they are ranked exactly over the whole namespace.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Final
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from benchmarks.baselines import BM25_B, BM25_K1, FLAT_B, Bm25, fuse, ranked
from memoryoss_mcp.embed import Embedder
from memoryoss_mcp.recall.indexing import document_terms
from memoryoss_mcp.store import rows, vectors
from memoryoss_mcp.store.connection import connect, fetch_all
from memoryoss_mcp.text.tokens import query_terms

DEPTH: Final = 100
"""Length of a ranking unless the whole of it is wanted."""


class Comparison:
    """The rankers of one namespace: ``SINGLE`` channels and their fusion."""

    SINGLE: ClassVar = ("bm25", "bm25 b=.3", "vector")
    RANKERS: ClassVar = (*SINGLE, "rrf k=60")

    def __init__(
        self, path: Path, namespace: str, embedder: Embedder, names: Mapping[UUID, str]
    ) -> None:
        self._path = path
        self._namespace = namespace
        self._embedder = embedder
        self._names = names
        self._bm25 = Bm25()
        self._places: dict[int, int] = {}
        self._documents: list[str] = []
        self._vectors: NDArray[np.float32] = np.zeros((0, embedder.spec.dimension), np.float32)
        self._present: NDArray[np.bool_] = np.zeros(0, np.bool_)

    def refresh(self) -> None:
        """Look at what the namespace holds now."""
        connection = connect(self._path, read_only=True)
        try:
            stored: list[tuple[int, bytes]] = fetch_all(
                connection,
                "SELECT v.number, v.data FROM vector v JOIN memory m ON m.number = v.number"
                " JOIN namespace n ON n.ns = m.ns WHERE n.name = ? ORDER BY v.number",
                (self._namespace,),
            )
            fresh = [(number, data) for number, data in stored if number not in self._places]
            memories = rows.read(connection, [number for number, _ in fresh])
        finally:
            connection.close()
        for number, _ in fresh:
            self._places[number] = self._bm25.add(document_terms(memories[number]))
            self._documents.append(self._names[memories[number].id])
        if fresh:
            added = vectors.decode([data for _, data in fresh], self._vectors.shape[1])
            self._vectors = np.concatenate((self._vectors, added))
        self._present = np.zeros(len(self._documents), np.bool_)
        self._present[[self._places[number] for number, _ in stored]] = True

    def rankings(self, text: str, *, whole: bool = False) -> dict[str, list[str]]:
        """Document ids, best first, by each ranker. BM25 ranks only what has a query term."""
        terms = query_terms(text)
        everything = np.flatnonzero(self._present)
        usual = self._bm25.scores(terms, self._present, BM25_K1, BM25_B)
        flat = self._bm25.scores(terms, self._present, BM25_K1, FLAT_B)
        similarity = (self._vectors @ self._embedder.embed_query(text)).astype(np.float64)
        orders = [
            ranked(usual, np.flatnonzero(usual > 0)),
            ranked(flat, np.flatnonzero(flat > 0)),
            ranked(similarity, everything),
        ]
        fused = fuse((orders[0], orders[2]), len(self._documents))
        orders.append(ranked(fused, everything))
        return {
            ranker: [self._documents[place] for place in (order if whole else order[:DEPTH])]
            for ranker, order in zip(self.RANKERS, orders, strict=True)
        }
