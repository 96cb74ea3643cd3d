# SPDX-License-Identifier: AGPL-3.0-only
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memoryoss_mcp.text.periods import DateRange
from memoryoss_mcp.text.timewords import is_time_seeking

TODAY = date(2024, 3, 13)  # a Wednesday


def ranges(text: str, today: date | None = TODAY) -> list[tuple[str | None, str | None]]:
    """The first and the last day of each range; open sides are None."""
    recency = is_time_seeking(text, today)
    assert recency is not None
    assert recency.kind == "period"
    return [(_first(r), _last(r)) for r in recency.ranges]


def _first(days: DateRange) -> str | None:
    return days.start.isoformat() if days.start else None


def _last(days: DateRange) -> str | None:
    return date.fromordinal(days.end.toordinal() - 1).isoformat() if days.end else None


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("on 2023-05-08", "2023-05-08", "2023-05-08"),
        ("in 2023-05", "2023-05-01", "2023-05-31"),
        ("in May 2023", "2023-05-01", "2023-05-31"),
        ("MAY 8, 2023", "2023-05-08", "2023-05-08"),
        ("the 8th of May 2023", "2023-05-08", "2023-05-08"),
        ("8 Sept 2023", "2023-09-08", "2023-09-08"),
        ("am 8. Mai 2023", "2023-05-08", "2023-05-08"),
        ("am 08.05.2023", "2023-05-08", "2023-05-08"),
        ("le 8 février 2023", "2023-02-08", "2023-02-08"),
        ("el 8 de mayo de 2023", "2023-05-08", "2023-05-08"),
        ("on 13/2/2023", "2023-02-13", "2023-02-13"),
        ("in December 2023", "2023-12-01", "2023-12-31"),
        ("in Q1 2024", "2024-01-01", "2024-03-31"),
        ("in 1999", "1999-01-01", "1999-12-31"),
        ("yesterday", "2024-03-12", "2024-03-12"),
        ("vorgestern", "2024-03-11", "2024-03-11"),
        ("what did I say today?", "2024-03-13", "2024-03-13"),
        ("last week", "2024-03-04", "2024-03-10"),
        ("letzte Woche", "2024-03-04", "2024-03-10"),
        ("this month", "2024-03-01", "2024-03-31"),
        ("last month", "2024-02-01", "2024-02-29"),
        ("last quarter", "2023-10-01", "2023-12-31"),
        ("last year", "2023-01-01", "2023-12-31"),
        ("the past 3 days", "2024-03-10", "2024-03-13"),
        ("in den letzten zwei Wochen", "2024-02-28", "2024-03-13"),
        ("3 days ago", "2024-03-10", "2024-03-10"),
        ("vor drei Tagen", "2024-03-10", "2024-03-10"),
        ("two weeks ago", "2024-02-26", "2024-03-03"),
        ("a year ago", "2023-01-01", "2023-12-31"),
        ("last Monday", "2024-03-11", "2024-03-11"),
        ("last Wednesday", "2024-03-06", "2024-03-06"),
        ("since May 2023", "2023-05-01", None),
        ("seit letztem Monat or since last month", "2024-02-01", None),
        ("after May 2023", "2023-06-01", None),
        ("before 2023", None, "2022-12-31"),
        ("until May 2023", None, "2023-05-31"),
        ("between May 2023 and July 2023", "2023-05-01", "2023-07-31"),
        ("from 2021 to 2022", "2021-01-01", "2022-12-31"),
        ("2023-05-01 – 2023-05-07", "2023-05-01", "2023-05-07"),
        ("zwischen Mai 2023 und Juli 2023", "2023-05-01", "2023-07-31"),
    ],
)
def test_a_period_has_its_days(text: str, first: str | None, last: str | None) -> None:
    assert ranges(text) == [(first, last)]


@pytest.mark.parametrize(
    "text", ["in May", "on May 8", "on Monday", "on 5/8/2023", "on 2023-02-31", "in 2023-13"]
)
def test_what_is_not_certain_has_no_days(text: str) -> None:
    assert ranges(text) == []


@pytest.mark.parametrize("text", ["yesterday", "last week", "3 days ago", "the past 2 years"])
def test_without_today_a_relative_period_has_no_days(text: str) -> None:
    assert ranges(text, None) == []


def test_the_end_of_the_calendar_is_no_error() -> None:
    assert ranges("900 years ago", date(800, 1, 1)) == []
    assert ranges("tomorrow", date.max) == []
    assert ranges("the past 1 months", date(2024, 3, 31)) == [("2024-02-29", "2024-03-31")]


def test_two_periods_are_two_ranges() -> None:
    assert len(ranges("compare May 2021 with June 2022")) == 2


@given(st.dates(date(1900, 1, 1), date(2098, 12, 31)))
def test_every_spelling_of_a_day_is_that_day(day: date) -> None:
    expected = [(day.isoformat(), day.isoformat())]
    assert ranges(f"on {day.isoformat()}") == expected
    assert ranges(f"on {day:%B} {day.day}, {day.year}") == expected
    assert ranges(f"on {day.day} {day:%b} {day.year}") == expected
    assert ranges(f"am {day.day}.{day.month}.{day.year}") == expected


@given(st.dates(date(1900, 2, 1), date(2098, 12, 31)))
def test_yesterday_is_in_the_past_week_and_not_in_the_next(day: date) -> None:
    ((yesterday, _),) = ranges("yesterday", day)
    ((first, last),) = ranges("the past 7 days", day)
    assert yesterday is not None
    assert first is not None
    assert last is not None
    assert first < yesterday < last == day.isoformat()
