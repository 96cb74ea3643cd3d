# SPDX-License-Identifier: AGPL-3.0-only
"""What is read out of a question before anything is searched."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given

from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.model import Limits, parse_time
from memoryoss_mcp.recall.plan import Plan, analyse, check
from memoryoss_mcp.recall.query import Filters, RecallQuery

NOW = parse_time("2026-11-24T12:00:00Z")


def plan(text: str, *, identifier_first: bool = True) -> Plan:
    return analyse(RecallQuery(text, "p"), identifier_first=identifier_first, now=NOW)


@pytest.mark.parametrize(
    ("question", "identifier"),
    [
        ("why does tests/auth/test_login.py fail?", "tests/auth/test_login.py"),
        ("what is HTTP_PROXY for", "HTTP_PROXY"),
        ("did 1.24.3 break the build?", "1.24.3"),
        ("who calls parse_config()?", "parse_config"),
    ],
)
def test_an_identifier_is_searched_as_a_whole_and_leads(question: str, identifier: str) -> None:
    made = plan(question)
    assert identifier in " ".join(found.text for found in made.identifiers)
    assert made.identifier_terms
    assert set(made.identifier_terms) <= set(made.terms)
    assert made.routed


def test_routing_can_be_switched_off_and_the_terms_stay() -> None:
    question = "what is HTTP_PROXY for"
    switched = plan(question, identifier_first=False)
    assert not switched.routed
    assert switched.terms == plan(question).terms


def test_a_plain_question_has_no_identifiers() -> None:
    made = plan("how do we celebrate birthdays in the team?")
    assert made.identifier_terms == ()
    assert not made.routed


@given(st.text(max_size=300))
def test_any_text_has_a_plan_without_repeated_terms(text: str) -> None:
    made = plan(text)
    assert len(made.terms) == len(set(made.terms))
    assert set(made.identifier_terms) <= set(made.terms)


def test_words_about_time_are_read_from_now_on() -> None:
    time = plan("what did we decide last week?").time
    assert time is not None
    [days] = time.ranges
    assert (str(days.start), str(days.end)) == ("2026-11-16", "2026-11-23")  # the end is outside


def test_bounds_that_exclude_everything_are_refused() -> None:
    filters = Filters(after=NOW, before=NOW)
    with pytest.raises(InvalidInputError) as caught:
        check(RecallQuery("anything", "p", filters=filters), Limits())
    assert caught.value.field == "after"
