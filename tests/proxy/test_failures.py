# SPDX-License-Identifier: AGPL-3.0-only
"""When something goes wrong: the right status, no hanging, no second call, nothing given away."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from benchmarks.upstream import Framing, Script
from benchmarks.upstream.shapes import CHAT, MESSAGES, SHAPES, long_line, request_for
from tests.proxy.asking import MIB, OTHER, PATHS, check_refused, request_head
from tests.proxy.conftest import StartProxy
from tests.proxy.running import PATIENCE, Proxy

SHORT = 0.3
"""Seconds of silence after which these proxies give a provider up."""


@pytest.fixture
def client(proxy: Proxy) -> Iterator[httpx2.Client]:
    with httpx2.Client(headers=proxy.fields, timeout=PATIENCE) as made:
        yield made


def ask(client: httpx2.Client, url: str, **request: Any) -> tuple[int, bytes, bool]:
    """Status, what arrived of the body, and whether it came to its end."""
    got = bytearray()
    with client.stream("POST", url, **request) as response:
        try:
            for piece in response.iter_raw():
                got += piece
        except httpx2.RemoteProtocolError:
            return response.status_code, bytes(got), False
    return response.status_code, bytes(got), True


# The provider fails -----------------------------------------------------------------------------


@pytest.mark.parametrize("reset", [False, True], ids=["end", "reset"])
@pytest.mark.parametrize("framing", [Framing.CHUNKED, Framing.LENGTH])
@pytest.mark.parametrize("path", [*PATHS, OTHER])
def test_a_provider_that_dies_at_any_byte(
    proxy: Proxy, client: httpx2.Client, path: str, framing: Framing, reset: bool
) -> None:
    stream = SHAPES["messages-error"].stream
    request = request_for(CHAT if path == OTHER else path)
    proxy.upstream.script = Script(body=stream, every=90, framing=framing)
    assert ask(client, proxy.at(path), json=request) == (200, stream, True)
    whole = proxy.request.sent
    for after in {0, 1, *range(7, whole, 61), whole - 1}:
        proxy.upstream.requests.clear()
        proxy.upstream.script = Script(
            body=stream, every=90, framing=framing, die_after=after, reset=reset
        )
        status, got, ended = ask(client, proxy.at(path), json=request)
        if ended:
            assert status == 502, after
            assert json.loads(got)["error"]["type"] == "upstream_error"
        else:
            assert status == 200, after
            assert stream.startswith(got)
        assert proxy.request.sent == after  # and there is no second request


def test_a_provider_that_is_not_there(start_proxy: StartProxy) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    proxy = start_proxy(upstream_url=f"{url}/v1", anthropic_upstream_url=url)
    for path in [*PATHS, OTHER]:
        body = request_for(CHAT if path == OTHER else path)
        answer = httpx2.post(proxy.at(path), json=body, headers=proxy.fields, timeout=PATIENCE)
        check_refused(answer, path, 502)
    assert not proxy.upstream.requests


def test_a_provider_that_falls_silent(start_proxy: StartProxy) -> None:
    proxy = start_proxy(idle_timeout_secs=SHORT)
    stream = SHAPES["chat-text"].stream
    with httpx2.Client(headers=proxy.fields, timeout=PATIENCE) as client:
        for path in [*PATHS, OTHER]:
            request = request_for(CHAT if path == OTHER else path)
            for after in (0, 20):
                proxy.upstream.reset()
                proxy.upstream.script = Script(hang_after=after)
                check_refused(client.post(proxy.at(path), json=request), path, 504)
                assert proxy.request.wait(PATIENCE)
                assert proxy.request.client_left
            proxy.upstream.reset()
            proxy.upstream.script = Script(body=stream, framing=Framing.CHUNKED, hang_after=2_000)
            status, got, ended = ask(client, proxy.at(path), json=request)
            assert (status, ended) == (200, False)
            assert got
            assert stream.startswith(got)
            assert proxy.request.wait(PATIENCE)
            assert proxy.request.client_left


def test_a_slow_answer_is_not_cut_off(start_proxy: StartProxy) -> None:
    proxy = start_proxy(idle_timeout_secs=1.0)
    stream = SHAPES["messages-text"].stream
    # Longer in all than the provider may be silent at once.
    proxy.upstream.script = Script(body=stream, every=len(stream) // 7, pause=0.2, delay=0.2)
    with httpx2.Client(headers=proxy.fields, timeout=PATIENCE) as client:
        got = ask(client, proxy.at(MESSAGES), json=request_for(MESSAGES))
    assert got == (200, stream, True)
    assert len(proxy.upstream.requests) == 1


def test_a_provider_that_never_reads_the_body(start_proxy: StartProxy) -> None:
    proxy = start_proxy(idle_timeout_secs=SHORT)
    proxy.upstream.script = Script(reads_body=False, hang_after=0)
    request = request_for(CHAT) | {"padding": "x" * 24 * MIB}
    with httpx2.Client(headers=proxy.fields, timeout=PATIENCE) as client:
        check_refused(client.post(proxy.at(CHAT), json=request), CHAT, 504)
        proxy.upstream.requests.clear()
        check_refused(client.post(proxy.at(OTHER), json=request), OTHER, 504)
        assert len(proxy.upstream.requests) == 1


@pytest.mark.parametrize("path", [CHAT, OTHER])
def test_an_answer_that_comes_before_the_body_was_read(
    proxy: Proxy, client: httpx2.Client, path: str
) -> None:
    proxy.upstream.script = Script(status=429, reads_body=False)
    answer = client.post(proxy.at(path), json=request_for(CHAT) | {"padding": "x" * 20 * MIB})
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")
    assert len(proxy.upstream.requests) == 1


def test_a_client_that_reads_slowly_holds_the_provider_back(
    proxy: Proxy, client: httpx2.Client
) -> None:
    size = 100 * MIB
    proxy.upstream.script = Script(body=bytes(size), every=MIB, framing=Framing.CHUNKED)
    with client.stream("POST", proxy.at(OTHER), json={}) as response:
        assert next(response.iter_raw())
        sent = -1
        while sent != (sent := proxy.request.sent):
            time.sleep(0.5)
    assert sent < size // 2
    assert proxy.request.wait(PATIENCE)
    assert proxy.request.client_left


def test_a_kept_connection_that_the_provider_closed_is_not_used_again(
    proxy: Proxy, client: httpx2.Client
) -> None:
    proxy.upstream.script = Script(body=b"whole")
    assert client.post(proxy.at(CHAT), json=request_for(CHAT)).content == b"whole"
    sent = proxy.request.sent
    for _ in range(10):
        # Closed right behind an answer that did not say so.
        proxy.upstream.script = Script(body=b"whole", die_after=sent)
        assert client.post(proxy.at(CHAT), json=request_for(CHAT)).content == b"whole"
        assert proxy.upstream.requests[-1].wait(PATIENCE)
        proxy.upstream.script = Script(body=b"whole", keeps_alive=False)
        assert client.post(proxy.at(CHAT), json=request_for(CHAT)).content == b"whole"
    assert len(proxy.upstream.requests) == 21


@pytest.mark.parametrize("path", PATHS)
def test_a_line_of_ten_megabytes(proxy: Proxy, client: httpx2.Client, path: str) -> None:
    stream = long_line(10 * MIB)
    proxy.upstream.script = Script(body=stream, every=65_536)
    assert ask(client, proxy.at(path), json=request_for(path)) == (200, stream, True)
    assert len(proxy.upstream.requests) == 1


@pytest.mark.parametrize(
    "raw",
    [
        Script(headers=(("content-length", "5"), ("content-length", "7"))),
        Script(
            headers=(("transfer-encoding", "chunked"),), body=b"no chunk", framing=Framing.CLOSE
        ),
        Script(headers=(("content-encoding", "gzip"),), body=b"no gzip"),
        Script(headers=(("content-encoding", "br, unknown"),), body=b"?"),
        Script(headers=tuple((f"x-{n}", "y" * 100) for n in range(90)), body=b"x"),
        Script(status=599),
        Script(status=299),
    ],
    ids=["lengths", "chunks", "gzip", "encodings", "headers", "599", "299"],
)
@pytest.mark.parametrize("path", [CHAT, OTHER])
def test_an_answer_that_is_no_proper_one_does_no_harm(
    proxy: Proxy, client: httpx2.Client, raw: Script, path: str
) -> None:
    proxy.upstream.script = raw
    status, _, _ = ask(client, proxy.at(path), json=request_for(CHAT))
    assert status in {200, 299, 502, 599}
    assert len(proxy.upstream.requests) == 1
    proxy.upstream.script = None
    assert client.get(proxy.at("/v1/models")).status_code == 200


# The client fails -------------------------------------------------------------------------------


@pytest.mark.parametrize("after", [0, 20, 2_000])
@pytest.mark.parametrize("path", [*PATHS, OTHER])
def test_a_client_that_leaves_ends_the_call_to_the_provider(
    proxy: Proxy, path: str, after: int
) -> None:
    stream = SHAPES["chat-text"].stream
    proxy.upstream.script = Script(body=stream, hang_after=after)
    body = json.dumps(request_for(CHAT if path == OTHER else path)).encode()
    with socket.create_connection(("127.0.0.1", int(proxy.url.rpartition(":")[2]))) as connection:
        connection.sendall(request_head(proxy, proxy.at(path), len(body)) + body)
        proxy.upstream.wait_for_requests(1, PATIENCE)
        if after == 2_000:
            assert connection.recv(100).startswith(b"HTTP/1.1 200 ")
    assert proxy.request.wait(PATIENCE)
    assert proxy.request.client_left
    assert len(proxy.upstream.requests) == 1


@pytest.mark.parametrize("path", [CHAT, OTHER])
def test_a_client_that_leaves_in_the_middle_of_its_request(proxy: Proxy, path: str) -> None:
    body = json.dumps(request_for(CHAT)).encode()
    with socket.create_connection(("127.0.0.1", int(proxy.url.rpartition(":")[2]))) as connection:
        connection.sendall(request_head(proxy, proxy.at(path), len(body)) + body[:-5])
        if path == OTHER:  # streamed: the provider has seen its beginning
            proxy.upstream.wait_for_requests(1, PATIENCE)
    if path == OTHER:
        assert proxy.request.wait(PATIENCE)
        assert proxy.request.client_left
    else:
        # The next one is served, and it is the only one that arrives.
        httpx2.post(proxy.at(path), json=request_for(CHAT), headers=proxy.fields, timeout=PATIENCE)
        assert len(proxy.upstream.requests) == 1


def test_a_client_that_waits_to_send_its_body(proxy: Proxy) -> None:
    body = json.dumps(request_for(CHAT)).encode()
    with socket.create_connection(("127.0.0.1", int(proxy.url.rpartition(":")[2]))) as connection:
        connection.settimeout(PATIENCE)
        head = request_head(proxy, proxy.at(CHAT), len(body), "expect: 100-continue")
        connection.sendall(head)
        assert connection.recv(1_000).startswith(b"HTTP/1.1 100 ")
        connection.sendall(body)
        assert connection.recv(15).startswith(b"HTTP/1.1 200 ")
    assert proxy.request.header("expect") is None
    assert proxy.request.body == body
