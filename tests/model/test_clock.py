# SPDX-License-Identifier: AGPL-3.0-only
"""Times are nanoseconds; RFC 3339 carries them without loss."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.model import format_time, from_datetime, now, parse_time, to_datetime
from memoryoss_mcp.model.clock import MAX_TIMESTAMP, MIN_TIMESTAMP, NANOSECONDS

timestamps = st.integers(MIN_TIMESTAMP, MAX_TIMESTAMP)


@given(timestamps)
@example(0)
@example(-1)
@example(MIN_TIMESTAMP)
@example(MAX_TIMESTAMP)
@example(1_774_947_600_000_000_001)
def test_a_timestamp_survives_its_text(timestamp: int) -> None:
    text = format_time(timestamp)
    assert parse_time(text) == timestamp
    assert format_time(parse_time(text)) == text
    fraction = text.partition(".")[2].rstrip("Z")
    assert len(fraction) in (0, 3, 6, 9)
    assert not fraction.endswith("000")


@given(timestamps, timestamps)
def test_texts_without_fraction_sort_like_their_times(one: int, other: int) -> None:
    one, other = (t // NANOSECONDS * NANOSECONDS for t in (one, other))
    if min(one, other) > MIN_TIMESTAMP:
        assert (format_time(one) < format_time(other)) == (one < other)


@given(
    st.datetimes(datetime(1700, 1, 1), datetime(2250, 1, 1)),
    st.integers(-(23 * 60 + 59), 23 * 60 + 59),
    st.integers(0, 999_999_999),
    st.sampled_from(["T", "t", " "]),
    st.booleans(),
)
def test_any_offset_and_any_number_of_digits_is_the_same_moment(
    local: datetime, offset: int, nanoseconds: int, separator: str, colon: bool
) -> None:
    local = local.replace(microsecond=0)
    zone = timezone(timedelta(minutes=offset))
    expected = int((local.replace(tzinfo=zone) - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds())
    sign, size = ("-", -offset) if offset < 0 else ("+", offset)
    fraction = f".{nanoseconds:09d}".rstrip("0").rstrip(".")
    text = (
        f"{local:%Y-%m-%d}{separator}{local:%H:%M:%S}{fraction}"
        f"{sign}{size // 60:02d}{':' if colon else ''}{size % 60:02d}"
    )
    assert parse_time(text) == expected * NANOSECONDS + nanoseconds


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("2026-03-31", "2026-03-31T00:00:00Z"),
        ("2026-03-31T09:00", "2026-03-31T09:00:00Z"),
        ("2026-03-31T09:00:00", "2026-03-31T09:00:00Z"),
        ("2026-03-31T11:00:00+02:00", "2026-03-31T09:00:00Z"),
        ("2026-03-31T09:00:00.5Z", "2026-03-31T09:00:00.500Z"),
        ("2026-03-31T09:00:00,25Z", "2026-03-31T09:00:00.250Z"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"),
        (" 2026-03-31T09:00:00.1234567891Z ", "2026-03-31T09:00:00.123456789Z"),
    ],
)
def test_usual_forms_are_read(text: str, same: str) -> None:
    assert format_time(parse_time(text)) == same


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "1774947600",
        "2026-13-01",
        "2026-02-29",
        "2026-03-31T24:00:00Z",
        "2026-03-31T09:60:00Z",
        "2026-03-31T09:00:61Z",
        "2026-03-31T09:00:00+99:99",
        "2026-03-31T09:00:00+24:00",
        "2026-03-31T09:00:00+02:60",
        "2026-03-31T09:00:00Z tomorrow",
        "0000-01-01T00:00:00Z",
        "1500-01-01T00:00:00Z",
        "2400-01-01T00:00:00Z",
    ],
)
def test_what_is_not_a_time_is_refused_by_its_field(text: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        parse_time(text, field="before")
    assert caught.value.code == "invalid_input"
    assert caught.value.field == "before"


@given(st.text(max_size=60))
def test_no_text_breaks_the_reader(text: str) -> None:
    try:
        timestamp = parse_time(text)
    except InvalidInputError:
        return
    assert parse_time(format_time(timestamp)) == timestamp


@given(timestamps)
def test_a_datetime_keeps_the_microseconds(timestamp: int) -> None:
    moment = to_datetime(timestamp)
    assert moment.tzinfo is UTC
    assert from_datetime(moment) == timestamp // 1000 * 1000


def test_naive_and_plain_dates_are_utc() -> None:
    assert from_datetime(datetime(2026, 3, 31, 9)) == parse_time("2026-03-31T09:00:00Z")
    assert from_datetime(date(2026, 3, 31)) == parse_time("2026-03-31")


def test_now_is_this_century() -> None:
    assert parse_time("2024-01-01") < now() < parse_time("2200-01-01")
