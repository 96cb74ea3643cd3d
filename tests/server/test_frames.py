# SPDX-License-Identifier: AGPL-3.0-only
"""The framing: lines out of bytes, messages out of lines, an answer to what is neither."""

from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp_types.jsonrpc import JSONRPCNotification, JSONRPCRequest

from memoryoss_mcp.server.stdio import FrameError, parse_frame, split_frames

LINES = st.lists(st.binary(max_size=40).map(lambda data: data.replace(b"\n", b"")), max_size=8)


@given(lines=LINES, cuts=st.lists(st.integers(0, 400), max_size=12))
def test_lines_survive_any_chunking(lines: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(line + b"\n" for line in lines)
    edges = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    chunks = [stream[start:end] for start, end in itertools.pairwise(edges)]
    assert list(split_frames(chunks)) == lines


def test_an_unfinished_last_line_is_no_frame() -> None:
    assert list(split_frames([b"one\ntw", b"o"])) == [b"one"]


@given(cuts=st.lists(st.integers(1, 59), max_size=6))
def test_a_line_above_the_limit_is_dropped_and_reading_goes_on(cuts: list[int]) -> None:
    stream = b"ok\n" + b"x" * 50 + b"\nagain\n"
    edges = sorted({0, len(stream), *cuts})
    chunks = [stream[start:end] for start, end in itertools.pairwise(edges)]
    assert list(split_frames(chunks, limit=20)) == [b"ok", None, b"again"]


@pytest.mark.parametrize("frame", [b"", b"  ", b"\r", b"\xef\xbb\xbf"])
def test_empty_lines_are_nothing(frame: bytes) -> None:
    assert parse_frame(frame) is None


@pytest.mark.parametrize(
    "frame",
    [
        b'{"jsonrpc":"2.0","id":7,"method":"ping"}',
        b'\xef\xbb\xbf{"jsonrpc":"2.0","id":7,"method":"ping"}\r',
        b' { "jsonrpc" : "2.0" , "method" : "ping" , "id" : 7 } ',
    ],
)
def test_a_request_is_read(frame: bytes) -> None:
    message = parse_frame(frame)
    assert isinstance(message, JSONRPCRequest)
    assert (message.id, message.method) == (7, "ping")


def test_an_id_inside_a_notification_is_no_request() -> None:
    frame = b'{"jsonrpc":"2.0","method":"note","params":{"id":1}}'
    assert isinstance(parse_frame(frame), JSONRPCNotification)


@pytest.mark.parametrize(
    ("frame", "code", "request_id"),
    [
        (b"hello", -32700, None),
        (b'{"jsonrpc":"2.0","id":7,', -32700, None),
        (b"[" * 100_000, -32700, None),
        (b'{"jsonrpc":"2.0","id":7,"method":"x","params":{"a":"\xff"}}', -32700, 7),
        (b'{"jsonrpc":"2.0","id":"q","method":"x","params":{"a":"\\ud800"}}', -32700, "q"),
        (b"[]", -32600, None),
        (b'[{"jsonrpc":"2.0","id":7,"method":"ping"}]', -32600, None),
        (b"7", -32600, None),
        (b"null", -32600, None),
        (b'{"id":7}', -32600, 7),
        (b'{"jsonrpc":"1.0","id":7,"method":"ping"}', -32600, 7),
        (b'{"jsonrpc":"2.0","id":7,"method":"ping","params":[1]}', -32600, 7),
        (b'{"jsonrpc":"2.0","id":null,"method":"ping"}', -32600, None),
        (b'{"jsonrpc":"2.0","id":1.5,"method":"ping"}', -32600, None),
        (b'{"jsonrpc":"2.0","id":true,"method":"ping"}', -32600, None),
    ],
)
def test_what_is_no_message_gets_an_answer(
    frame: bytes, code: int, request_id: str | int | None
) -> None:
    with pytest.raises(FrameError) as caught:
        parse_frame(frame)
    line = caught.value.frame()
    assert line.endswith(b"\n")
    answer = json.loads(line)
    assert answer["jsonrpc"] == "2.0"
    assert answer["id"] == request_id
    assert answer["error"]["code"] == code
    assert "pydantic" not in answer["error"]["message"]


def refusal_of(frame: bytes) -> int | None:
    """The code of the answer to a frame that is no message, else ``None``."""
    try:
        parse_frame(frame)
    except FrameError as error:
        code = json.loads(error.frame())["error"]["code"]
        return int(code)
    return None


@given(frame=st.binary(max_size=200))
def test_no_bytes_break_the_reader(frame: bytes) -> None:
    assert refusal_of(frame) in {None, -32700, -32600}


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@given(
    document=st.dictionaries(
        st.sampled_from(["jsonrpc", "id", "method", "params", "result", "error", "x"]),
        JSON_VALUES | st.just("2.0"),
    )
)
def test_no_document_breaks_the_reader(document: dict[str, object]) -> None:
    assert refusal_of(json.dumps(document).encode()) in {None, -32700, -32600}
