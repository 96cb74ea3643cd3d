# SPDX-License-Identifier: AGPL-3.0-only
"""What the provider sends arrives at the client to the byte, however it was cut on its way, and
what the client sends arrives at the provider."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any

import anyio
import httpx2
import pytest
import zstandard

from benchmarks.upstream import Framing, Recorded, Script
from benchmarks.upstream.shapes import CHAT, HOSTILE, MESSAGES, RESPONSES, SHAPES, request_for
from tests.proxy.running import PATIENCE, Proxy

AT_ONCE = 8
PAUSE = 0.002
"""Seconds between two pieces, so that they arrive as two."""
COMB = 89
STRIDE = 41

MIB = 1024 * 1024


@pytest.fixture
def client(proxy: Proxy) -> Iterator[httpx2.Client]:
    with httpx2.Client(headers=proxy.fields, timeout=PATIENCE) as made:
        yield made


def raw_body(response: httpx2.Response) -> bytes:
    """The body as it came over the wire, not decoded."""
    return b"".join(response.iter_raw())


def received(client: httpx2.Client, url: str, **request: Any) -> bytes:
    with client.stream("POST", url, **request) as response:
        assert response.status_code == 200
        return raw_body(response)


def arrivals(proxy: Proxy, name: str, scripts: Iterable[Script]) -> list[bytes]:
    """What arrives at a client for each script, asked by a few clients at once."""
    shape, given = SHAPES[name], list(scripts)
    got: list[bytes] = [b""] * len(given)

    def scripted(request: Recorded) -> Script:
        return given[int(request.header("x-number") or b"")]

    proxy.upstream.script = scripted
    body = json.dumps(request_for(shape.path)).encode()
    url = proxy.at(shape.path)

    async def ask_all() -> None:
        numbers = iter(range(len(given)))
        async with httpx2.AsyncClient(headers=proxy.fields, timeout=PATIENCE) as client:

            async def ask() -> None:
                for number in numbers:
                    fields = {"x-number": str(number)}
                    async with client.stream("POST", url, content=body, headers=fields) as answer:
                        got[number] = b"".join([piece async for piece in answer.aiter_raw()])

            async with anyio.create_task_group() as tasks:
                for _ in range(AT_ONCE):
                    tasks.start_soon(ask)

    anyio.run(ask_all)
    return got


# Streams --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SHAPES)
def test_a_stream_that_is_cut_anywhere_arrives_as_it_was_sent(proxy: Proxy, name: str) -> None:
    stream = SHAPES[name].stream
    # Each offset is cut once, many of them in one answer; some are the only cut.
    cuts = [tuple(range(first, len(stream), COMB)) for first in range(1, COMB + 1)]
    cuts += [(at,) for at in range(1, len(stream), STRIDE)]
    assert set(range(1, len(stream))) == {at for each in cuts for at in each}
    scripts = (Script(body=stream, splits=each, pause=PAUSE) for each in cuts)
    got = arrivals(proxy, name, scripts)
    assert [cut for cut, arrived in zip(cuts, got, strict=True) if arrived != stream] == []


@pytest.mark.parametrize("name", SHAPES)
def test_a_stream_that_comes_byte_by_byte_arrives_as_it_was_sent(proxy: Proxy, name: str) -> None:
    stream = SHAPES[name].stream
    scripts = [Script(body=stream, every=1, framing=framing) for framing in Framing]
    assert arrivals(proxy, name, scripts) == [stream] * len(scripts)


@pytest.mark.parametrize("name", ["chat-text", "messages-tools", "responses-text"])
def test_a_gzip_stream_arrives_encoded_as_it_was_sent(
    proxy: Proxy, client: httpx2.Client, name: str
) -> None:
    shape = SHAPES[name]
    proxy.upstream.script = Script(body=shape.stream, every=100, gzip=True)
    request = request_for(shape.path)
    direct = httpx2.Client(headers={"authorization": "Bearer a"})
    with direct, direct.stream("POST", proxy.upstream.url + shape.path, json=request) as response:
        sent = raw_body(response)
    with client.stream("POST", proxy.at(shape.path), json=request) as response:
        assert response.headers["content-encoding"] == "gzip"
        assert raw_body(response) == sent
    assert gzip.decompress(sent) == shape.stream


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("path", [CHAT, RESPONSES, MESSAGES])
def test_streams_that_are_none_arrive_as_they_were_sent(
    proxy: Proxy, client: httpx2.Client, name: str, path: str
) -> None:
    proxy.upstream.script = Script(body=HOSTILE[name], every=1_000)
    got = received(client, proxy.at(path), json=request_for(path))
    assert got == HOSTILE[name]
    assert len(proxy.upstream.requests) == 1


def test_pieces_arrive_while_the_rest_is_still_to_come(proxy: Proxy, client: httpx2.Client) -> None:
    stream = SHAPES["chat-text"].stream
    proxy.upstream.script = Script(body=stream, splits=(len(stream) // 2,), hang_after=1_800)
    with client.stream("POST", proxy.at(CHAT), json=request_for(CHAT)) as response:
        first = next(response.iter_raw())
    assert stream.startswith(first)
    assert proxy.request.wait(PATIENCE)


# Answers --------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [CHAT, "/v1/images/generations"])
@pytest.mark.parametrize("framing", Framing)
def test_a_large_body_arrives_as_it_was_sent(
    proxy: Proxy, client: httpx2.Client, path: str, framing: Framing
) -> None:
    body = os.urandom(3 * MIB)
    proxy.upstream.script = Script(body=body, every=70_001, framing=framing)
    assert received(client, proxy.at(path), json=request_for(CHAT)) == body


@pytest.mark.parametrize("status", [200, 201, 202, 400, 402, 404, 409, 422, 500, 503, 529])
@pytest.mark.parametrize("path", [CHAT, MESSAGES, "/v1/threads/t/runs"])
def test_status_and_headers_arrive_as_they_were_sent(
    proxy: Proxy, client: httpx2.Client, path: str, status: int
) -> None:
    fields = (
        ("content-type", "text/plain; charset=latin-1"),
        ("x-new-header", "ä".encode().decode("latin-1")),
        ("set-cookie", "a=1"),
        ("set-cookie", "b=2"),
        ("retry-after", "11"),
        ("connection", "x-hop, keep-alive"),
        ("x-hop", "only for us"),
    )
    proxy.upstream.script = Script(status=status, headers=fields, body=b"a\r\nb\0\xff")
    answer = client.post(proxy.at(path), json=request_for(CHAT))
    assert answer.status_code == status
    assert answer.content == b"a\r\nb\0\xff"
    assert answer.headers["content-type"] == fields[0][1]
    assert answer.headers.get_list("set-cookie") == ["a=1", "b=2"]
    assert answer.headers["retry-after"] == "11"
    assert "x-hop" not in answer.headers
    raw = dict(answer.headers.raw)
    assert next(raw[name] for name in raw if name.lower() == b"x-new-header") == "ä".encode()
    assert len(proxy.upstream.requests) == 1


def test_nothing_is_added_to_the_headers_but_our_own(proxy: Proxy, client: httpx2.Client) -> None:
    direct = httpx2.post(
        proxy.upstream.url + CHAT, json=request_for(CHAT), headers={"authorization": "Bearer a"}
    )
    answer = client.post(proxy.at(CHAT), json=request_for(CHAT))
    ours = [name for name in answer.headers if name.startswith("x-memory-")]
    assert "x-memory-injected-count" in ours
    of_a_message = {"x-request-id", "transfer-encoding", "connection", *ours}

    def fields(response: httpx2.Response) -> list[tuple[str, str]]:
        return [pair for pair in response.headers.multi_items() if pair[0] not in of_a_message]

    assert fields(answer) == fields(direct)
    assert answer.content == direct.content


def test_an_answer_without_a_body_stays_one(proxy: Proxy, client: httpx2.Client) -> None:
    proxy.upstream.script = Script(status=204, body=b"", framing=Framing.CLOSE)
    answer = client.delete(proxy.at("/v1/files/file-1"))
    assert (answer.status_code, answer.content) == (204, b"")
    proxy.upstream.script = None
    answer = client.head(proxy.at("/v1/models"))
    assert answer.content == b""
    assert [request.method for request in proxy.upstream.requests] == ["DELETE", "HEAD"]


def test_a_redirect_is_the_clients_to_follow(proxy: Proxy, client: httpx2.Client) -> None:
    fields = (("location", "https://example.org/v1/x"),)
    proxy.upstream.script = Script(status=307, headers=fields, body=b"")
    answer = client.post(proxy.at(CHAT), json=request_for(CHAT))
    assert (answer.status_code, answer.headers["location"]) == (307, "https://example.org/v1/x")
    assert len(proxy.upstream.requests) == 1


def test_interim_responses_do_not_disturb(proxy: Proxy, client: httpx2.Client) -> None:
    proxy.upstream.script = Script(interim=(100, 103))
    answer = client.post(proxy.at(CHAT), json=request_for(CHAT))
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")


# Requests -------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
@pytest.mark.parametrize(
    "target",
    [
        "/v1/threads/thread_1/runs?limit=2&order=desc&after=",
        "/v1/x%2Fy/%C3%A4?q=%20&q=a+b&empty",
        "/v1/files/file-1/content",
        "/v1/a;b=c/d,e:f@g",
        "/v1/chat/completions/chatcmpl-1/messages",
    ],
)
def test_any_path_is_forwarded_as_it_came(
    proxy: Proxy, client: httpx2.Client, method: str, target: str
) -> None:
    body = os.urandom(1_000) if method in ("POST", "PUT", "PATCH") else None
    client.request(method, f"{proxy.url}/proxy{target}", content=body)
    request = proxy.request
    assert (request.method, request.target, request.body) == (method, target, body or b"")


def test_an_upload_is_streamed_through(proxy: Proxy) -> None:
    pieces = [os.urandom(70_000) for _ in range(40)]

    async def upload() -> int:
        async def content() -> AsyncIterator[bytes]:
            for piece in pieces:
                yield piece

        async with httpx2.AsyncClient(headers=proxy.fields, timeout=PATIENCE) as client:
            url = proxy.at("/v1/uploads/upload_1/parts")
            return (await client.post(url, content=content())).status_code

    assert anyio.run(upload) == 404  # the provider's: it knows no such path
    assert proxy.request.body == b"".join(pieces)


def test_a_body_of_a_json_request_is_not_written_anew(proxy: Proxy, client: httpx2.Client) -> None:
    body = (
        b' {"messages" :[ {"role":"user","content":"caf\\u00e9 \\ud83e\\udde0 \\/ 1"} ],\r\n'
        b'"temperature":1.0,"n":1e0,"seed":12345678901234567890,"model":"gpt-4o","x":[],"x":{}}\n\t'
    )
    answer = client.post(proxy.at(CHAT), content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 200
    assert proxy.request.body == body


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_an_encoded_body_without_a_block_goes_on_encoded(
    proxy: Proxy, client: httpx2.Client, encoding: str
) -> None:
    plain = json.dumps(request_for(CHAT)).encode()
    encode = gzip.compress if encoding == "gzip" else zstandard.compress
    body = encode(plain)
    client.post(proxy.at(CHAT), content=body, headers={"content-encoding": encoding})
    assert proxy.request.body == body
    assert proxy.request.header("content-encoding") == encoding.encode()


def test_headers_of_a_request_go_on_without_those_of_the_connection(
    proxy: Proxy, client: httpx2.Client
) -> None:
    fields = {
        "x-custom": "one",
        "openai-organization": "org-1",
        "idempotency-key": "k",
        "accept-encoding": "br",
        "user-agent": "Agent/1.0",
        "connection": "x-hop",
        "x-hop": "gone",
        "te": "trailers",
        "cookie": "session=secret",
        "x-memory-mode": "off",
        "x-forwarded-for": "203.0.113.9",
        "forwarded": "for=203.0.113.9",
    }
    client.post(proxy.at(CHAT), json=request_for(CHAT), headers=fields)
    got = {name.lower(): value.decode() for name, value in proxy.request.headers}
    kept = ("x-custom", "openai-organization", "idempotency-key", "accept-encoding", "user-agent")
    assert {name: got.get(name.encode()) for name in kept} == {name: fields[name] for name in kept}
    gone = ("x-hop", "te", "cookie", "x-memory-mode", "x-forwarded-for", "forwarded")
    assert not [name for name in gone if name.encode() in got]
    assert got[b"host"] == f"127.0.0.1:{proxy.upstream.port}"
    upstream_key = proxy.settings.proxy.key_mapping[0].upstream_key
    assert got[b"authorization"] == f"Bearer {upstream_key}"
