# SPDX-License-Identifier: AGPL-3.0-only
"""JSON as the lines hash it: the exact bytes, whoever wrote the document."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memoryoss_mcp.portable.canonical import (
    MalformedError,
    compact,
    float_text,
    loads,
    ordered,
)

FINITE = st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | FINITE | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, "0.0"),
        (-0.0, "-0.0"),
        (1.0, "1.0"),
        (0.25, "0.25"),
        (1e-5, "0.00001"),
        (1e-6, "1e-6"),
        (2.5e-7, "2.5e-7"),
        (1e15, "1000000000000000.0"),
        (1e16, "1e+16"),
        (1.5e300, "1.5e+300"),
        (0.44999999999999996, "0.44999999999999996"),
        (5e-324, "5e-324"),
    ],
)
def test_floats_are_printed_as_the_lines_print_them(number: float, text: str) -> None:
    assert float_text(number) == text
    assert compact({"n": [number]}) == f'{{"n":[{text}]}}'.encode()
    assert compact(number) == text.encode()


@given(FINITE)
def test_a_printed_float_reads_back_as_the_same(number: float) -> None:
    text = float_text(number)
    assert float(text) == number
    assert math.copysign(1, float(text)) == math.copysign(1, number)
    assert "." in text or "e" in text


def test_there_is_no_text_for_what_is_no_number() -> None:
    for number in (math.nan, math.inf, -math.inf):
        with pytest.raises(ValueError, match="JSON"):
            float_text(number)
        with pytest.raises(ValueError, match="JSON"):
            compact([number])


@given(VALUES)
def test_what_is_printed_reads_back_the_same(value: object) -> None:
    assert json.loads(compact(value)) == value
    assert json.loads(ordered(value)) == value
    assert b"\n" not in compact(value)


@given(st.dictionaries(st.text(), VALUES, max_size=6))
def test_sorted_keys_do_not_depend_on_the_order_they_had(value: dict[str, object]) -> None:
    turned = dict(reversed(value.items()))
    assert ordered(value) == ordered(turned)
    keys = list(json.loads(ordered(value)))
    assert keys == sorted(keys, key=lambda key: key.encode("utf-32-be"))


def test_only_what_must_be_is_escaped() -> None:
    assert compact('a"\\/\b\f\n\r\t\x01\x1f\x7f\u2028ü😀') == (
        '"a\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\u2028ü😀"'.encode()
    )


@pytest.mark.parametrize(
    "text",
    [
        '{"a":1,"a":2}',
        '{"a":NaN}',
        "[Infinity]",
        "[1,]",
        "{",
        '"\\ud800"',
        '{"\\udc00":1}',
        "[" * 200 + "]" * 200,
        "[" * 100_000,
        "1 2",
        b'"\xff"',
    ],
    ids=range(11),
)
def test_what_is_no_json_to_exchange_is_refused(text: str | bytes) -> None:
    with pytest.raises(MalformedError):
        loads(text)


def test_pairs_of_surrogates_are_one_character() -> None:
    assert loads('"\\ud83d\\ude00"') == "😀"
