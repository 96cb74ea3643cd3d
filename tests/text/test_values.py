# SPDX-License-Identifier: AGPL-3.0-only
"""Values in texts, by kind, and the value that a question asks for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memoryoss_mcp.text.values import asked_value, stated_values


def values(text: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for stated in stated_values(text):
        for kind, those in stated.values.items():
            found.setdefault(kind, set()).update(those)
    return found


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("The budget is $6,200.", "money", "$6,200"),
        ("Das kostet 500 Euro im Jahr.", "money", "500euro"),
        ("Accuracy rose to 90%.", "percent", "90%"),
        ("Der Anteil liegt bei 12 Prozent.", "percent", "12prozent"),
        ("We meet at 4:30 PM.", "clock", "4:30pm"),
        ("Wir treffen uns um 15 Uhr.", "clock", "15uhr"),
        ("The sprint ends on April 5.", "date", "april5"),
        ("La réunion est le 3 juin.", "date", "3juin"),
        ("Due 2026-03-01.", "date", "2026-03-01"),
        ("The workshop is on Thursday.", "date", "thursday"),
        ("Tokens expire after 15 minutes.", "duration", "15minutes"),
        ("Probate takes 6-9 months.", "duration", "6-9months"),
        ("Pinned to v2.3.1 for now.", "version", "v2.3.1"),
        ("There are 52 sources.", "count", "52"),
        ("Im Team sind zwölf Leute.", "count", "zwolf"),
    ],
)
def test_a_value_and_its_kind(text: str, kind: str, value: str) -> None:
    assert value in values(text)[kind]


def test_a_text_without_values_states_none() -> None:
    assert stated_values("We prefer tabs over spaces.") == ()


def test_a_sentence_says_whether_it_announces_a_change() -> None:
    first, second = stated_values("The budget was $500. It has been increased to $650.")
    assert (first.changes, second.changes) == (False, True)


@pytest.mark.parametrize(
    "question",
    ["What is the date of the launch?", "Welches Datum hat der Start?", "What time is standup?"],
)
def test_a_value_asked_for_by_its_kind_alone_is_told_in_any_words(question: str) -> None:
    asked = asked_value(question)
    assert asked is not None
    assert asked.terms == frozenset()


@pytest.mark.parametrize(
    ("question", "kind", "term"),
    [
        ("How many sources are in my library?", "count", "sourc"),
        ("How many conditional probability problems have I solved?", "count", "problem"),
        ("Wie viele Server sind im Cluster?", "count", "server"),
        ("Combien de commits dans la branche ?", "count", "commit"),
        ("What is my budget for books?", "money", "budget"),
        ("What's the deadline of the first sprint?", "date", "deadlin"),
        ("What accuracy does the tool achieve?", "percent", "accuraci"),
    ],
)
def test_a_question_for_the_value_of_something(question: str, kind: str, term: str) -> None:
    asked = asked_value(question)
    assert asked is not None
    assert kind in asked.kinds
    assert term in asked.terms


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("When is the webinar?", "date"),
        ("What time do we meet?", "clock"),
        ("How long does probate take?", "duration"),
        ("How many days are scheduled?", "duration"),
        ("How much do I spend on coffee?", "money"),
    ],
)
def test_a_question_for_a_value_of_any_thing(question: str, kind: str) -> None:
    asked = asked_value(question)
    assert asked is not None
    assert kind in asked.kinds
    assert not asked.terms


@pytest.mark.parametrize("question", ["Who owns the billing service?", "tabs or spaces", "why?"])
def test_a_question_for_no_value(question: str) -> None:
    assert asked_value(question) is None


@given(st.text(max_size=400))
def test_any_text_can_be_read(text: str) -> None:
    asked_value(text)
    for stated in stated_values(text):
        assert stated.values
        assert all(stated.values.values())
