# SPDX-License-Identifier: AGPL-3.0-only
"""Positions in JSON text are those of the values, and what is no JSON is one clean error."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memoryoss_proxy.wire.errors import MalformedRequestError
from memoryoss_proxy.wire.spans import Node, Shape, parse

SHAPE: Shape = {"a": [{"b": [None]}], "b": {"a": None}}

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["a", "b", "ä", ""]), inner, max_size=4)
    ),
    max_leaves=30,
)


def nodes(node: Node) -> list[Node]:
    children = [*(node.members or {}).values(), *(node.items or [])]
    return [node, *(below for child in children for below in nodes(child))]


@given(values, st.booleans(), st.sampled_from([None, 1, "\t"]))
def test_every_value_is_where_it_is_said_to_be(
    value: Any, ascii_only: bool, indent: int | str | None
) -> None:
    raw = json.dumps(value, ensure_ascii=ascii_only, indent=indent).encode()
    text, root = parse(b" \n" + raw + b"\r\n", SHAPE)
    assert root.value == value
    for node in nodes(root):
        assert json.loads(text[node.start : node.end]) == node.value


def test_odd_forms_are_read_and_the_last_of_repeated_names_counts() -> None:
    text, root = parse(b'\xef\xbb\xbf{ "a" : [ ], "\\u0061":[{"b": [1.0 , 1E2]} ,{}] } ', SHAPE)
    assert root.members is not None
    assert root.value == {"a": [{"b": [1, 100]}, {}]}
    first = (root.members["a"].items or [])[0]
    assert first.members is not None
    assert [text[item.start : item.end] for item in first.members["b"].items or []] == [
        "1.0",
        "1E2",
    ]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b" ",
        b"{",
        b'{"a"',
        b'{"a":',
        b'{"a":1',
        b'{"a":1,',
        b'{"a":1,}',
        b'{"a" 1}',
        b"{a:1}",
        b'{"a":[',
        b'{"a":[1',
        b'{"a":[1,',
        b'{"a":[1,]}',
        b'{"a":[1 2]}',
        b"{} {}",
        b'{"b":{"a":tru}}',
        b'"\x00"',
        b'"\n"',
        b'"\xff"',
        b'"\xed\xa0\x80"',
        b'{"a":' + b"9" * 5000 + b"}",
        '{"a": 1}'.encode("utf-16"),
        b"[" * 1_000_000,
        b'{"a":[' * 1_000_000,
        b'{"b":{"a":' + b'{"x":' * 100_000 + b"1" + b"}" * 100_002,
    ],
)
def test_what_is_no_json_is_a_clean_error(raw: bytes) -> None:
    with pytest.raises(MalformedRequestError):
        parse(raw, SHAPE)


@given(st.binary(max_size=60))
def test_no_bytes_break_it(raw: bytes) -> None:
    with suppress(MalformedRequestError):
        parse(raw, SHAPE)
