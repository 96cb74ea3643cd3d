# SPDX-License-Identifier: AGPL-3.0-only
"""Two statements are compared by what they say, not by how alike they look."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memoryoss_mcp.text.statements import Relation, compare, is_statement

from .strategies import texts

PAIRS = Path(__file__).parents[2] / "benchmarks" / "statements" / "pairs.jsonl"

SUBJECTS = st.sampled_from(("the export job", "the login page", "the nightly backup", "service A"))
VALUES = st.integers(0, 99_999)


@given(texts)
def test_a_text_says_what_it_says(text: str) -> None:
    found = compare(text, text)
    assert (found.relation, found.confidence) == (Relation.DUPLICATE, 1.0)


@given(texts, texts, st.none() | st.floats(-1, 1))
def test_any_two_texts_can_be_compared(one: str, other: str, similarity: float | None) -> None:
    found = compare(one, other, similarity)
    assert 0.0 <= found.confidence <= 1.0


@given(SUBJECTS, VALUES, VALUES, st.floats(0.9, 1.0))
def test_another_number_is_never_a_duplicate(
    subject: str, one: int, other: int, similarity: float
) -> None:
    texts = [f"The limit of {subject} is {value} rows." for value in (one, other)]
    found = compare(*texts, similarity)
    assert (found.relation is Relation.DUPLICATE) == (one == other)
    if one != other:
        assert (found.relation, found.slots) == (Relation.UPDATE, ((str(one), str(other)),))


@given(SUBJECTS, st.floats(0.9, 1.0))
def test_a_denial_is_never_a_duplicate(subject: str, similarity: float) -> None:
    found = compare(f"{subject} needs a token", f"{subject} does not need a token", similarity)
    assert found.relation is Relation.CONTRADICTION


@given(VALUES, VALUES)
def test_different_things_may_have_different_values(one: int, other: int) -> None:
    found = compare(
        f"Service A listens on port {one}.", f"Service B listens on port {other}.", 0.99
    )
    assert found.relation is Relation.DISTINCT


def pairs() -> list[dict[str, str]]:
    return [json.loads(line) for line in PAIRS.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("relation", list(Relation))
def test_most_labelled_pairs_are_judged_right(relation: Relation) -> None:
    found = [(p["relation"], compare(p["older"], p["newer"]).relation) for p in pairs()]
    taken = [real for real, guess in found if guess is relation]
    there = [guess for real, guess in found if real == relation]
    assert taken.count(relation) >= 0.9 * len(taken)
    assert there.count(relation) >= 0.9 * len(there)


@pytest.mark.parametrize(
    "text",
    [
        "How are you?",
        "Two things. Both of them matter.",
        "One\nbelow the other",
        "什么时候开会？",
        "a " * 200,
    ],
)
def test_what_states_not_one_thing_is_only_the_same_as_itself(text: str) -> None:
    assert not is_statement(text)
    assert compare(text, text + " again", 1.0).relation is Relation.DISTINCT
