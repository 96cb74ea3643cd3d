# SPDX-License-Identifier: AGPL-3.0-only
"""The event decoder gives the same events however the bytes are cut, and stays within its bound."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memoryoss_proxy.wire.sse import Decoder, Event
from tests.proxy.wire.streams import STREAMS, decode

ODD = (
    b"\xef\xbb\xbf: a comment\r\n\r\nevent: greeting\rdata:gr\xc3\xbc\xc3\x9fe\r\rdata\n\n"
    b"data:  two\ndata: lines\r\nid: 7\nretry: 250\nunknown: x\nretry: soon\n\n"
    b"id: \x00\ndata: bad \xff\xc3 bytes\n\nevent: no data\n\ndata: \xf0\x9f\x98\x80\r\n\r\n"
    b"data: never ended"
)
ODD_EVENTS = [
    Event("greeting", "grüße"),
    Event("message", ""),
    Event("message", " two\nlines", "7"),
    Event("message", "bad \ufffd\ufffd bytes", "7"),
    Event("message", "😀", "7"),
]


def test_the_rules_of_the_standard() -> None:
    decoder = Decoder()
    assert decoder.feed(ODD) == ODD_EVENTS
    assert decoder.retry == 250
    assert decoder.dropped == 0


@pytest.mark.parametrize("stream", [ODD, *(make() for make in STREAMS.values())])
def test_a_cut_at_any_byte_changes_nothing(stream: bytes) -> None:
    whole = decode([stream])
    assert whole
    for at in range(len(stream) + 1):
        assert decode([stream[:at], stream[at:]]) == whole
    assert decode(bytes([byte]) for byte in stream) == whole


@given(st.data())
def test_any_cuts_change_nothing(data: st.DataObject) -> None:
    parts = [b"data: x", b"data", b":", b"\r", b"\n", b"\r\n", b"event: e", b"\xc3", b"\xbc", b"id"]
    stream = b"".join(data.draw(st.lists(st.sampled_from(parts), max_size=60)))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    chunks = [
        stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)
    ]
    limit = data.draw(st.sampled_from([3, 9, 1000]))
    pieces, whole = Decoder(limit), Decoder(limit)
    assert [event for chunk in chunks for event in pieces.feed(chunk)] == whole.feed(stream)
    assert pieces.dropped == whole.dropped


@given(st.binary(max_size=300))
def test_no_bytes_break_it(stream: bytes) -> None:
    for event in decode([stream]):
        event.data.encode()


@pytest.mark.parametrize("size", [1, 4096, 10_000_000])
def test_a_large_event_is_dropped_and_the_next_one_is_read(size: int) -> None:
    decoder = Decoder(1000)
    stream = b"data: a\n\ndata: " + b"x" * 10_000_000 + b"\ndata: more\n\ndata: b\n\n"
    if size == 1:
        stream = stream.replace(b"x" * 9_990_000, b"")
    events = [
        event
        for start in range(0, len(stream), size)
        for event in decoder.feed(stream[start : start + size])
    ]
    assert [event.data for event in events] == ["a", "b"]
    assert decoder.dropped == 1


def test_many_lines_count_together_and_a_long_comment_does_not() -> None:
    decoder = Decoder(100)
    assert decoder.feed(b"data: 123456789\n" * 10 + b"\n")  # 9 * 10 and 9 line ends: 99
    assert not decoder.feed(b"data: 123456789\n" * 11 + b"\n")
    assert decoder.dropped == 1
    assert decoder.feed(b":" + b"x" * 1000 + b"\ndata: y\n\n") == [Event("message", "y")]
    assert decoder.dropped == 1


def test_an_endless_line_takes_no_memory() -> None:
    decoder = Decoder(10_000)
    chunk = b"y" * 1000
    tracemalloc.start()
    try:
        decoder.feed(b"data: ")
        for _ in range(5000):
            decoder.feed(chunk)
        assert tracemalloc.get_traced_memory()[1] < 200_000
    finally:
        tracemalloc.stop()
