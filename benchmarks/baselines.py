# SPDX-License-Identifier: AGPL-3.0-only
"""The rankers that recall is compared with. Nothing of the store's search or of recall's scoring is
used in them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

BM25_K1: Final = 1.2
BM25_B: Final = 0.75
"""The usual values (Robertson & Zaragoza 2009; Lucene's defaults)."""

FLAT_B: Final = 0.3
"""A weaker length norm, which suits dialogue better: the second BM25 of the comparison."""

RRF_K: Final = 60
"""Cormack, Clarke & Büttcher 2009."""


class Bm25:
    """BM25 with idf ``ln(1 + (N - df + 0.5) / (df + 0.5))``, exact over all documents."""

    def __init__(self) -> None:
        self._lengths: list[int] = []
        self._postings: dict[str, tuple[list[int], list[int]]] = {}

    def add(self, terms: Sequence[str]) -> int:
        """Take a document in. Returns its index, counted from 0."""
        index = len(self._lengths)
        self._lengths.append(len(terms))
        for term, count in Counter(terms).items():
            places, counts = self._postings.setdefault(term, ([], []))
            places.append(index)
            counts.append(count)
        return index

    def scores(
        self, terms: Sequence[str], present: NDArray[np.bool_], k1: float, b: float
    ) -> NDArray[np.float64]:
        """Score of every document, 0 without a query term. Only ``present`` documents exist: the
        others score 0 and count neither for frequencies nor for lengths."""
        lengths = np.asarray(self._lengths, np.float64)
        total = np.zeros(len(lengths))
        size, average = int(present.sum()), float(lengths[present].mean())
        for term in dict.fromkeys(terms):
            if term not in self._postings:
                continue
            places, counts = (np.asarray(part) for part in self._postings[term])
            kept = present[places]
            places, counts = places[kept], counts[kept]
            idf = math.log1p((size - len(places) + 0.5) / (len(places) + 0.5))
            penalty = k1 * (1 - b + b * lengths[places] / average)
            total[places] += idf * counts * (k1 + 1) / (counts + penalty)
        return total


def ranked(scores: NDArray[np.float64], candidates: NDArray[np.intp]) -> NDArray[np.intp]:
    """Candidates by descending score; ties in the order of the candidates."""
    return candidates[np.argsort(-scores[candidates], kind="stable")]


def fuse(lists: Sequence[NDArray[np.intp]], size: int, k: int = RRF_K) -> NDArray[np.float64]:
    """Reciprocal rank fusion: score ``sum 1 / (k + rank)`` over the lists, ranks from 1."""
    total = np.zeros(size)
    for ranking in lists:
        total[ranking] += 1.0 / (k + np.arange(1, len(ranking) + 1))
    return total
