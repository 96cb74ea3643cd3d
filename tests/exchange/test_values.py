# SPDX-License-Identifier: AGPL-3.0-only
"""Times and lists of other programs, in all the forms in which they write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memoryoss_mcp.exchange.values import labels, mapping, moment, phrase, phrases
from memoryoss_mcp.model import format_time, parse_time

AT = parse_time("2026-01-31T12:30:00.125Z")


@pytest.mark.parametrize(
    "written",
    [
        AT // 10**6,
        AT // 10**3,
        AT,
        AT / 10**9,
        str(AT / 10**9),
        str(AT // 10**6),
        "2026-01-31T12:30:00.125Z",
        "2026-01-31T13:30:00.125000+01:00",
        "2026-01-31 12:30:00.125",
    ],
)
def test_a_time_is_the_same_in_every_unit(written: object) -> None:
    assert moment(written) == AT


def test_whole_seconds_and_days_are_times() -> None:
    assert moment(AT // 10**9) == AT - 125_000_000
    assert moment("2026-01-31") == parse_time("2026-01-31")


@pytest.mark.parametrize(
    "written",
    [None, "", "soon", 0, 0.0, -1, True, b"1", [], float("nan"), float("inf"), 10**400, 99**10],
)
def test_what_is_no_time_is_none(written: object) -> None:
    assert moment(written) is None


@given(st.integers(parse_time("1974-01-01") // 1000, parse_time("2200-01-01") // 1000))
def test_microseconds_survive_as_text_and_as_a_number(microseconds: int) -> None:
    assert moment(microseconds) == microseconds * 1000
    assert moment(format_time(microseconds * 1000)) == microseconds * 1000


@given(st.one_of(st.floats(), st.integers(), st.text(), st.binary()))
def test_any_value_is_a_time_or_none(value: object) -> None:
    assert moment(value) is None or isinstance(moment(value), int)


def test_lists_are_taken_from_json_and_labels_from_commas() -> None:
    assert phrases('["a, b", " c ", "", 3]') == ("a, b", "c")
    assert phrases("a, b") == ("a, b",)
    assert phrases("[not json") == ("[not json",)
    assert phrases(["x", None, "y"]) == ("x", "y")
    assert phrases(None) == phrases(7) == phrases("") == ()
    assert labels("a, b,,c ") == ("a", "b", "c")
    assert labels('["a", "b"]') == labels(["a", "b"]) == ("a", "b")
    assert labels(["a, b"]) == ("a, b",)


def test_loose_types_do_no_harm() -> None:
    assert phrase("  x\n") == "x"
    assert phrase(None) == phrase(b"x") == phrase(3) == ""
    assert mapping('{"a": 1}') == mapping({"a": 1}) == {"a": 1}
    assert mapping("[1]") == mapping("{") == mapping(None) == mapping("[" * 100_000) == {}
