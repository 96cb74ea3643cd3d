# SPDX-License-Identifier: AGPL-3.0-only
"""Encoded bodies are decoded within a limit, requests at once and replies as they come."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from contextlib import suppress

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from memoryoss_proxy.wire.encoding import ENCODINGS, ReplyDecoder, decode_body
from memoryoss_proxy.wire.errors import BodyTooLargeError, MalformedRequestError

PLAIN = '{"model":"größe"}'.encode() * 50


def encode(data: bytes, name: str) -> bytes:
    if name == "gzip":
        return gzip.compress(data, mtime=0)
    if name == "zstd":
        return zstandard.ZstdCompressor().compress(data)
    if name == "raw deflate":
        stream = zlib.compressobj(wbits=-15)
        return stream.compress(data) + stream.flush()
    return zlib.compress(data)


names = pytest.mark.parametrize("name", ENCODINGS)
all_names = pytest.mark.parametrize("name", [*ENCODINGS, "raw deflate"])


@all_names
def test_a_request_is_decoded(name: str) -> None:
    assert decode_body(encode(PLAIN, name), name.removeprefix("raw "), len(PLAIN)) == PLAIN


def test_a_plain_request_is_the_same_object() -> None:
    assert decode_body(PLAIN, None, 10_000) is PLAIN
    assert decode_body(PLAIN, "identity", 10_000) is PLAIN
    with pytest.raises(BodyTooLargeError):
        decode_body(PLAIN, None, len(PLAIN) - 1)


def test_names_are_read_as_http_says() -> None:
    twice = encode(encode(PLAIN, "gzip"), "zstd")
    assert decode_body(twice, "GZIP, zstd", 10_000) == PLAIN
    assert decode_body(encode(PLAIN, "gzip"), "x-gzip", 10_000) == PLAIN


def test_zstd_is_known_by_its_first_bytes() -> None:
    assert decode_body(encode(PLAIN, "zstd"), None, 10_000) == PLAIN


@pytest.mark.parametrize("name", ["gzip", "zstd"])
def test_several_frames_are_one_body(name: str) -> None:
    frames = encode(PLAIN, name) + encode(b"", name) + encode(b" ", name)
    assert decode_body(frames, name, 10_000) == PLAIN + b" "


@names
def test_a_bomb_is_refused_before_it_is_expanded(name: str) -> None:
    bomb = encode(bytes(50_000_000), name)
    tracemalloc.start()
    try:
        with pytest.raises(BodyTooLargeError):
            decode_body(bomb, name, 1_000_000)
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (PLAIN, "gzip"),
        (PLAIN, "deflate"),
        (PLAIN, "zstd"),
        (encode(PLAIN, "gzip")[:-9], "gzip"),
        (encode(PLAIN, "deflate")[:-5], "deflate"),
        (encode(PLAIN, "deflate") + b"x", "deflate"),
        (b"", "deflate"),
        (PLAIN, "rot13"),
        (PLAIN, "gzip,gzip,gzip,gzip"),
    ],
)
def test_a_damaged_or_unknown_encoding_is_a_clean_error(body: bytes, name: str) -> None:
    with pytest.raises(MalformedRequestError):
        decode_body(body, name, 10_000)


@given(st.binary(max_size=200), st.sampled_from(ENCODINGS))
def test_no_bytes_break_it(body: bytes, name: str) -> None:
    with suppress(MalformedRequestError, BodyTooLargeError):
        decode_body(body, name, 1000)
    ReplyDecoder(name, 1000).feed(body)


@all_names
def test_a_reply_is_decoded_however_it_is_cut(name: str) -> None:
    encoded = encode(PLAIN, name)
    for size in (1, 2, 7, len(encoded)):
        decoder = ReplyDecoder(name.removeprefix("raw "), 10_000)
        pieces = [
            decoder.feed(encoded[start : start + size]) for start in range(0, len(encoded), size)
        ]
        assert b"".join(pieces) == PLAIN
        assert not decoder.failed


def test_a_plain_reply_passes() -> None:
    decoder = ReplyDecoder(None, 10)
    assert decoder.feed(b"12345") + decoder.feed(b"67890") == b"1234567890"
    assert not decoder.failed
    assert decoder.feed(b"x") == b""
    assert decoder.failed


@names
def test_a_reply_is_read_up_to_the_limit(name: str) -> None:
    decoder = ReplyDecoder(name, 1000)
    encoded = encode(bytes(100_000), name)
    assert decoder.feed(encoded) == bytes(1000)
    assert decoder.failed
    assert decoder.feed(encoded) == b""


@pytest.mark.parametrize("name", [*ENCODINGS, "br", "gzip, gzip"])
def test_a_reply_that_cannot_be_decoded_gives_nothing(name: str) -> None:
    decoder = ReplyDecoder(name, 1000)
    assert decoder.feed(b"data: plain\n\n") == b""
    assert decoder.failed
