# SPDX-License-Identifier: AGPL-3.0-only
"""The rankers of the comparison against sums worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from benchmarks.baselines import Bm25, fuse, ranked


def test_bm25_of_a_hand_computed_case() -> None:
    index = Bm25()
    for terms in (["port", "port", "web"], ["web"], ["queue", "queue"]):
        index.add(terms)
    scores = index.scores(["port", "web"], np.ones(3, np.bool_), k1=1.2, b=0.75)
    port = math.log(1 + (3 - 1 + 0.5) / 1.5)
    web = math.log(1 + (3 - 2 + 0.5) / 2.5)
    # Lengths 3, 1, 2; mean 2.
    first = 1.2 * (0.25 + 0.75 * 3 / 2)
    second = 1.2 * (0.25 + 0.75 * 1 / 2)
    assert scores[0] == pytest.approx(port * 2 * 2.2 / (2 + first) + web * 2.2 / (1 + first))
    assert scores[1] == pytest.approx(web * 2.2 / (1 + second))
    assert scores[2] == 0


def test_documents_that_are_not_present_do_not_count() -> None:
    whole, part = Bm25(), Bm25()
    for terms in (["a", "b"], ["a"], ["c"]):
        whole.add(terms)
    for terms in (["a", "b"], ["c"]):
        part.add(terms)
    masked = whole.scores(["a", "c"], np.array([True, False, True]), 1.2, 0.75)
    alone = part.scores(["a", "c"], np.ones(2, np.bool_), 1.2, 0.75)
    assert masked[1] == 0
    assert masked[[0, 2]] == pytest.approx(alone)


def test_a_term_given_twice_counts_once() -> None:
    index = Bm25()
    index.add(["a"])
    index.add(["b"])
    everything = np.ones(2, np.bool_)
    twice = index.scores(["a", "a"], everything, 1.2, 0.75)
    assert twice == pytest.approx(index.scores(["a"], everything, 1.2, 0.75))


def test_ranking_keeps_the_order_of_ties() -> None:
    scores = np.array([1.0, 3.0, 1.0, 2.0])
    assert ranked(scores, np.array([0, 1, 2, 3])).tolist() == [1, 3, 0, 2]
    assert ranked(scores, np.array([2, 0])).tolist() == [2, 0]


def test_fusion_sums_reciprocal_ranks() -> None:
    fused = fuse([np.array([0, 1]), np.array([1, 2])], 4, k=60)
    assert fused.tolist() == pytest.approx([1 / 61, 1 / 62 + 1 / 61, 1 / 62, 0])
