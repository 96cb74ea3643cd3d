# SPDX-License-Identifier: AGPL-3.0-only
"""Each measure against cases worked out by hand."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import measures

RANKING = ["a", "b", "c", "d", "e"]


def test_recall_counts_the_share_of_the_gold_in_the_top() -> None:
    gold = {"b": 1, "e": 1, "missing": 1}
    assert measures.recall_at(RANKING, gold, 2) == pytest.approx(1 / 3)
    assert measures.recall_at(RANKING, gold, 5) == pytest.approx(2 / 3)


def test_hit_wants_any_and_all_wants_every_gold() -> None:
    gold = {"b": 1, "e": 1}
    assert [measures.hit_at(RANKING, gold, k) for k in (1, 2, 5)] == [0, 1, 1]
    assert [measures.all_at(RANKING, gold, k) for k in (2, 4, 5)] == [0, 0, 1]


def test_ndcg_uses_exponential_gain_and_logarithmic_discount() -> None:
    # Gains 2^2-1 = 3 and 2^1-1 = 1. Ranked: 1 at rank 1, 3 at rank 3. Ideal: 3, then 1.
    gold = {"a": 1, "c": 2}
    got = 1 / math.log2(2) + 3 / math.log2(4)
    ideal = 3 / math.log2(2) + 1 / math.log2(3)
    assert measures.ndcg_at(RANKING, gold, 10) == pytest.approx(got / ideal)
    assert measures.ndcg_at(["c", "a"], gold, 10) == pytest.approx(1.0)
    assert measures.ndcg_at(RANKING, gold, 1) == pytest.approx(1 / 3)


def test_reciprocal_rank_looks_at_the_first_gold_only() -> None:
    assert measures.reciprocal_rank_at(RANKING, {"c": 1, "e": 1}, 10) == pytest.approx(1 / 3)
    assert measures.reciprocal_rank_at(RANKING, {"e": 1}, 4) == 0


def test_auc_of_a_hand_counted_case() -> None:
    # Pairs won by the positives: .9 beats both, .5 beats .2 and ties with .5: 3.5 of 4.
    assert measures.roc_auc([0.9, 0.5], [0.5, 0.2]) == pytest.approx(3.5 / 4)
    assert math.isnan(measures.roc_auc([], [0.1]))


@given(
    st.lists(st.integers(0, 5), min_size=1, max_size=20),
    st.lists(st.integers(0, 5), min_size=1, max_size=20),
)
def test_auc_is_the_share_of_won_pairs(positive: list[int], negative: list[int]) -> None:
    pairs = [(p > n) + 0.5 * (p == n) for p in positive for n in negative]
    assert measures.roc_auc(positive, negative) == pytest.approx(sum(pairs) / len(pairs))


def test_detection_counts_what_was_said_and_what_was_so() -> None:
    found = measures.detection([True, True, False, False], [True, False, True, False])
    assert (found.precision, found.recall) == (0.5, 0.5)
    assert (found.said, found.right, found.actual) == (2, 1, 2)
    assert math.isnan(measures.detection([False], [True]).precision)


def test_pairs_are_won_when_the_newer_stands_above() -> None:
    assert measures.won_pairs(RANKING, ["a", "d"], ["c"]) == (1, 2)
    assert measures.won_pairs(RANKING, ["a"], ["missing"]) == (1, 1)
    assert measures.won_pairs(RANKING, ["missing"], ["also missing"]) == (0, 1)


def test_percentile_interpolates() -> None:
    assert measures.percentile([4.0, 1.0, 3.0, 2.0], 0.5) == pytest.approx(2.5)
    assert measures.percentile([1.0, 2.0, 3.0], 0.95) == pytest.approx(2.9)
    assert measures.percentile([7.0], 0.95) == 7.0
    assert math.isnan(measures.percentile([], 0.5))


def test_mean_of_nothing_is_not_a_number() -> None:
    assert measures.mean([1.0, 2.0]) == 1.5
    assert math.isnan(measures.mean([]))
