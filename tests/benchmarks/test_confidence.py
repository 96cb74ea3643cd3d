# SPDX-License-Identifier: AGPL-3.0-only
"""From questions to weights: who weighs how much, what is fitted, and what is counted."""

from __future__ import annotations

import math
import random

import pytest

from benchmarks import confidence
from benchmarks.datasets import Document, Haystack, Question
from benchmarks.drawing import FEW, SMALL, WHOLE, Judged, draw_from


def judged(
    top: float,
    *,
    answerable: bool,
    family: str = "locomo",
    kind: str = SMALL,
    unrelated: bool = False,
    found: bool = True,
    injected: bool = False,
) -> Judged:
    features = {"top": top, "margin": 0.0, "chance": 0.0}
    return Judged(
        family, kind, 20, answerable, unrelated, found and answerable, features, 0.5, injected
    )


def drawn(count: int, family: str = "locomo") -> list[Judged]:
    """Questions whose answer is in the store with probability 1 / (1 + exp(3 - top))."""
    source = random.Random(1)
    rows = []
    for _ in range(count):
        top = source.uniform(0.0, 6.0)
        answerable = source.random() < 1.0 / (1.0 + math.exp(3.0 - top))
        rows.append(judged(top, answerable=answerable, family=family))
    return rows


def test_the_regression_finds_the_weights_that_made_the_answers() -> None:
    model = confidence.fit(drawn(4_000), ("top",))
    assert model.weights["top"] == pytest.approx(1.0, abs=0.15)
    # As many questions without an answer as with one were drawn.
    prior = math.log(confidence.ANSWERED_SHARE / (1 - confidence.ANSWERED_SHARE))
    assert model.bias == pytest.approx(-3.0 + prior, abs=0.4)
    assert model.confidence(judged(9.0, answerable=True)) > 0.95


def test_every_family_weighs_the_same_whatever_was_drawn_of_it() -> None:
    rows = [judged(1.0, answerable=True, family="a")] * 9
    rows += [judged(1.0, answerable=False, family="a")] * 3
    rows += [judged(1.0, answerable=False, family="a", unrelated=True)] * 7
    rows += [judged(1.0, answerable=True, family="b"), judged(1.0, answerable=False, family="b")]
    shares = confidence.balanced(rows)
    answered, unrelated = confidence.ANSWERED_SHARE, confidence.UNRELATED_SHARE[SMALL]
    assert shares[:19].sum() == pytest.approx(0.5)
    assert shares[19:].sum() == pytest.approx(0.5)
    assert shares[:9].sum() == pytest.approx(answered / 2)
    assert shares[9:12].sum() == pytest.approx((1 - answered) / 2 * (1 - unrelated))
    assert shares[12:19].sum() == pytest.approx((1 - answered) / 2 * unrelated)


def test_traps_are_measured_but_not_fitted() -> None:
    trap = judged(5.0, answerable=False, family="beam", kind=WHOLE)
    assert (trap.usable, trap.fitted) == (True, False)
    assert judged(5.0, answerable=False, family="beam", kind=SMALL).fitted
    assert judged(5.0, answerable=False, family="beam", kind=WHOLE, unrelated=True).fitted
    assert not judged(5.0, answerable=True, found=False).usable


def test_a_family_is_judged_by_a_model_that_did_not_see_it() -> None:
    upside_down = [
        judged(6.0 - row.features["top"], answerable=row.answerable, family="odd")
        for row in drawn(500)
    ]
    rows = drawn(500) + drawn(500, "scifact") + upside_down
    estimate = confidence.left_out(rows, ("top",))
    areas = confidence.areas(upside_down, estimate)
    assert areas[SMALL] < 0.2


def test_what_is_passed_and_rejected_is_counted_by_store() -> None:
    rows = [
        judged(5.0, answerable=True, injected=True),
        judged(5.0, answerable=True),
        judged(1.0, answerable=False),
        judged(1.0, answerable=False, unrelated=True, injected=True),
    ]
    assert confidence.decisions(rows) == {
        "locomo, small": {
            "questions": 4,
            "passed": 0.5,
            "rejected": 1.0,
            "rejected, something else": 0.0,
        }
    }


@pytest.mark.slow
def test_stores_are_asked_for_what_they_hold_and_for_what_they_do_not() -> None:
    colours = ("red", "green", "blue", "white", "black", "brown")
    documents = tuple(
        Document(f"d{n}", f"The {colour} door leads to room {n}.", None, None)
        for n, colour in enumerate(colours)
    )
    questions = tuple(
        Question(f"q{n}", f"Where does the {colour} door lead?", "x", {f"d{n}": 1})
        for n, colour in enumerate(colours)
    )
    rows = draw_from("doors", [Haystack("one", documents, questions)], ["Who won the race?"])
    assert {row.kind for row in rows} == {WHOLE, SMALL, FEW}
    for kind in (SMALL, FEW):
        sides = {(row.answerable, row.unrelated) for row in rows if row.kind == kind}
        assert sides == {(True, False), (False, False), (False, True)}
    assert all(row.found for row in rows if row.answerable)
    assert {row.size for row in rows if row.kind == FEW} == {1, 2, 3, 5, 8}
