# SPDX-License-Identifier: AGPL-3.0-only
"""From chat turns to figures: what reached the prompt, and what should not have."""

from __future__ import annotations

import pytest

from benchmarks import injection
from benchmarks.datasets import Document, Haystack, Question
from benchmarks.injection import Turn


def turn(gold: set[str], injected: tuple[str, ...], quoted: frozenset[str] | None = None) -> Turn:
    named = frozenset(gold & set(injected)) if quoted is None else quoted
    reason = None if injected else "below_threshold"
    return Turn("plain", frozenset(gold), injected, named, 10 * len(injected), 1.0, None, reason)


def test_figures_tell_answerable_from_unanswerable() -> None:
    figures = injection.summary(
        [
            turn({"a"}, ("a", "b")),
            turn({"a", "c"}, ("a",), frozenset()),
            turn({"a"}, ()),
            turn(set(), ()),
            turn(set(), ("b",)),
        ]
    )
    assert (figures["answerable"], figures["unanswerable"]) == (3, 2)
    assert figures["gold text in the block"] == pytest.approx(1 / 3)
    assert figures["words of the gold in the block"] == pytest.approx(2 / 3)
    assert figures["share of the gold in the block"] == pytest.approx(0.5)
    assert figures["empty where nothing answers"] == 0.5
    assert figures["gold-free memories in blocks"] == 0.25
    assert figures["nothing because"] == {"below_threshold": 2}


def test_only_the_set_that_is_asked_for_is_checked() -> None:
    good = {"gold text in the block": 0.9, "empty where nothing answers": 0.8}
    budget = str(injection.BUDGETS[0])
    first, second = injection.checks({"devmem_claude": {budget: good}})
    assert (first.passed, second.passed) == (True, False)
    assert injection.checks({"locomo": {budget: good}}) == []


@pytest.mark.slow
def test_a_question_of_its_own_memory_is_asked_with_it_and_without() -> None:
    shared = tuple(
        Document(f"f{n}", f"Filler number {n} is about gardening.", "filler", None)
        for n in range(5)
    )
    own = Document("p1", "I never fly, I take the train.", "u1", None)
    question = Question("q1", "Do I fly or take the train?", "x", {"p1": 1}, own=own)
    runs = injection.run_set("tiny", [Haystack("small", shared, (question,))], 10, 0.1)
    assert [run.budget for run in runs] == list(injection.BUDGETS)
    for run in runs:
        first, second = run.turns
        assert first.injected[:1] == ("p1",)
        assert first.quoted == {"p1"}
        assert (second.gold, "p1" in second.injected) == (frozenset(), False)
