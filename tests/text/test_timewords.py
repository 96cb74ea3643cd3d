# SPDX-License-Identifier: AGPL-3.0-only
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memoryoss_mcp.text.timewords import date_terms, is_time_seeking
from memoryoss_mcp.text.tokens import fold, index_terms, query_terms

from .strategies import texts

NOW = datetime(2024, 3, 13, 10, tzinfo=UTC)  # a Wednesday


@pytest.mark.parametrize(
    "query",
    [
        "what is the latest deploy target?",
        "Which database do we currently use?",
        "Is it still Redis?",
        "where does Bob work now",
        "the most recent decision on caching",
        "what was my last purchase",
        "any updates on the audit?",
        "Welche Datenbank ist aktuell im Einsatz?",
        "Worauf haben wir uns zuletzt geeinigt?",
        "Quelle est la base actuelle ?",
        "¿Cuál es el último cambio?",
    ],
)
def test_a_question_for_the_present_state(query: str) -> None:
    recency = is_time_seeking(query, NOW)
    assert recency is not None
    assert recency.kind == "latest"
    assert recency.cues
    assert recency.ranges == ()


@pytest.mark.parametrize(
    "query",
    [
        "When did we switch to Postgres?",
        "On what date was it released?",
        "how long ago did Alice join",
        "do you know when we met",
        "Wann haben wir umgestellt?",
        "Quand a-t-on migré ?",
    ],
)
def test_a_question_for_a_date(query: str) -> None:
    recency = is_time_seeking(query, NOW)
    assert recency is not None
    assert recency.kind == "when"


@pytest.mark.parametrize(
    "query",
    [
        "",
        "What should I do when the build fails?",
        "may I restart the workers",
        "march forward",
        "last name of Bob",
        "port 2023 is open",
        "see v2023.05.08 and src/2023-05-08.md",
        "how do I update the package",
        "I know the hostname",
    ],
)
def test_a_question_without_time(query: str) -> None:
    assert is_time_seeking(query, NOW) is None


def test_a_period_outranks_the_other_kinds() -> None:
    recency = is_time_seeking("When was the latest release last week?", NOW)
    assert recency is not None
    assert recency.kind == "period"
    assert recency.cues == ("last week", "latest", "when")


def test_the_day_is_that_of_the_time_zone_of_now() -> None:
    late = datetime(2024, 3, 13, 23, 30, tzinfo=timezone(timedelta(hours=-8)))
    recency = is_time_seeking("today", late)
    assert recency is not None
    assert recency.ranges[0].start == date(2024, 3, 13)


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("what happened in May 2023", {"may", "2023"}),
        ("on 8 May 2023", {"8", "may", "2023"}),
        ("on May 8th, 2023", {"8", "may", "2023"}),
        ("in 2023-05", {"2023-05", "2023"}),
        ("on 2023-05-08", {"2023-05-08", "2023"}),
    ],
)
def test_the_terms_of_a_date_answer_the_usual_spellings(question: str, found: set[str]) -> None:
    terms = date_terms(datetime(2023, 5, 8, 12, tzinfo=UTC))
    assert terms == ["2023-05-08", "2023-05", "2023", "may", "8"]
    assert set(terms) & set(query_terms(question)) == found


@given(st.dates())
def test_the_terms_of_a_date_are_analysed_terms(day: date) -> None:
    iso, month, year, name, number = date_terms(day)
    assert index_terms(iso)[0] == iso
    assert index_terms(month)[0] == month
    assert index_terms(f"{name.title()} {number}") == [name, number]
    assert index_terms(year) == [year]
    assert index_terms(f"{day:%B}") == [name]


@given(texts, st.dates())
def test_any_text_and_day_is_answered(text: str, day: date) -> None:
    recency = is_time_seeking(text, day)
    if recency is not None:
        assert recency.cues
        for cue in recency.cues:
            assert cue in " ".join(fold(text.replace("\u2019", "'")).split())
        for days in recency.ranges:
            assert days.start is not None or days.end is not None
