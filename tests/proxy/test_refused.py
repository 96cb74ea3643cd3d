# SPDX-License-Identifier: AGPL-3.0-only
"""What must not pass is refused before anything goes to the provider, in the provider's shape."""

from __future__ import annotations

import gzip
import json
import socket
import zlib
from collections.abc import Callable, Iterator

import httpx2
import pytest
import zstandard

from benchmarks.upstream.shapes import CHAT, MESSAGES, request_for
from tests.proxy.asking import MIB, OTHER, PATHS, check_refused, request_head
from tests.proxy.callers import anthropic_key, openai_key, random_key
from tests.proxy.conftest import StartProxy
from tests.proxy.running import PATIENCE, Proxy


@pytest.fixture
def client(proxy: Proxy) -> Iterator[httpx2.Client]:
    with httpx2.Client(headers=proxy.fields, timeout=PATIENCE) as made:
        yield made


# The request is wrong ---------------------------------------------------------------------------

ENCODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "zstd": zstandard.compress,
}
WRONG = {
    "no JSON": b"{",
    "nothing": b"",
    "not UTF-8": b'{"messages": "\xff"}',
    "no object": b"[]",
    "two documents": b"{}{}",
    "no messages": b'{"model": "gpt-4o"}',
    "messages of a wrong type": b'{"messages": "x", "input": 1}',
    "too deep": b'{"messages":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "a model of a wrong type": b'{"messages": [], "input": [], "model": 1}',
}


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("mode", ["full", "off"])
def test_a_body_that_cannot_be_read_is_refused(
    proxy: Proxy, client: httpx2.Client, path: str, name: str, mode: str
) -> None:
    answer = client.post(proxy.at(path), content=WRONG[name], headers={"x-memory-mode": mode})
    check_refused(answer, path, 400)
    assert not proxy.upstream.requests


@pytest.mark.parametrize(
    "fields",
    [
        {"x-memory-mode": "writeonly"},
        {"x-memory-mode": ""},
        {"x-memory-mode": "after", "x-memory-after": "tomorrow"},
        {"x-memory-mode": "after"},
        {"x-memory-bypass": "perhaps"},
        {"x-memory-after": "2026-01-01"},
    ],
)
@pytest.mark.parametrize("path", PATHS)
def test_a_mode_that_is_none_is_refused(
    proxy: Proxy, client: httpx2.Client, path: str, fields: dict[str, str]
) -> None:
    check_refused(client.post(proxy.at(path), json=request_for(path), headers=fields), path, 400)
    assert not proxy.upstream.requests


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "zstd", "gzip, zstd"])
@pytest.mark.parametrize("path", PATHS)
def test_a_body_that_expands_beyond_measure_is_refused(
    start_proxy: StartProxy, path: str, encoding: str
) -> None:
    bomb = json.dumps(request_for(path) | {"x": "0" * 4 * MIB}).encode()
    for name in encoding.split(", "):
        bomb = ENCODERS[name](bomb)
    assert len(bomb) < MIB // 4
    proxy = start_proxy(max_body_bytes=MIB, max_expanded_bytes=MIB)
    fields = proxy.fields | {"content-encoding": encoding}
    answer = httpx2.post(proxy.at(path), content=bomb, headers=fields, timeout=PATIENCE)
    check_refused(answer, path, 413)
    assert not proxy.upstream.requests


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(b'{"messages": []}', mtime=0)[:-5]),
        ("gzip", b"no gzip"),
        ("zstd", zstandard.compress(b'{"messages": []}')[:-3]),
        ("br", b"?"),
        ("gzip, gzip, gzip, gzip", b"?"),
    ],
)
@pytest.mark.parametrize("path", PATHS)
def test_an_encoding_that_cannot_be_read_is_refused(
    proxy: Proxy, client: httpx2.Client, path: str, encoding: str, body: bytes
) -> None:
    fields = {"content-encoding": encoding}
    check_refused(client.post(proxy.at(path), content=body, headers=fields), path, 400)
    assert not proxy.upstream.requests


def test_a_body_that_is_too_large_is_refused(start_proxy: StartProxy) -> None:
    proxy = start_proxy(max_body_bytes=MIB, max_expanded_bytes=MIB)

    def chunks() -> Iterator[bytes]:
        for _ in range(40):
            yield b" " * 65_536

    with httpx2.Client(headers=proxy.fields, timeout=PATIENCE) as client:
        for path in PATHS:
            fits = json.dumps(request_for(path)).encode().ljust(MIB)
            assert client.post(proxy.at(path), content=fits).status_code == 200
            proxy.upstream.requests.clear()
            check_refused(client.post(proxy.at(path), content=fits + b" "), path, 413)
            check_refused(client.post(proxy.at(path), content=chunks()), path, 413)
            assert not proxy.upstream.requests
        check_refused(client.post(proxy.at(OTHER), content=b" " * (MIB + 1)), OTHER, 413)
        check_refused(client.post(proxy.at(OTHER), content=chunks()), OTHER, 413)


@pytest.mark.parametrize(
    "path",
    ["/proxy/v2/x", "/proxy", "/proxy/", "/proxy/v1/../../x", "/proxy/v1/%2e%2e/x",
     "/proxy/v1//x", "/proxy/v1/a/%2E/b", "/proxy/anthropic/v1/..%2f..%2fx", "/proxy/v1/a%0d%0ab"],
)  # fmt: skip
def test_a_path_that_leads_elsewhere_is_not_followed(proxy: Proxy, path: str) -> None:
    with socket.create_connection(("127.0.0.1", int(proxy.url.rpartition(":")[2]))) as connection:
        connection.settimeout(PATIENCE)
        connection.sendall(request_head(proxy, proxy.url + path, 0))
        assert connection.recv(12) in (b"HTTP/1.1 400", b"HTTP/1.1 404")
    assert not proxy.upstream.requests


# The caller is wrong ----------------------------------------------------------------------------


@pytest.mark.parametrize("path", [*PATHS, OTHER])
@pytest.mark.parametrize("kind", ["none", "unknown", "another's", "two", "basic"])
def test_a_wrong_key_is_refused(proxy: Proxy, client: httpx2.Client, path: str, kind: str) -> None:
    key = random_key("mo_")
    fields: dict[str, str] = {
        "none": {"authorization": ""},
        "unknown": {"authorization": f"Bearer {key}"},
        "another's": {
            "authorization": f"Bearer {proxy.settings.proxy.key_mapping[0].upstream_key}"
        },
        "two": {"authorization": f"Bearer {proxy.key}", "x-api-key": key},
        "basic": {"authorization": "Basic " + key},
    }[kind]
    request = request_for(CHAT if path == OTHER else path)
    answer = client.post(proxy.at(path), json=request, headers=fields)
    if kind == "two":
        # A key that is known counts; the other one goes nowhere.
        assert answer.status_code == (404 if path == OTHER else 200)
        sent = b"".join(name + value for name, value in proxy.request.headers)
        assert key.encode() not in sent
        return
    check_refused(answer, path, 401)
    assert key not in answer.text
    assert proxy.key not in answer.text
    assert not proxy.upstream.requests


FORGED = [
    "203.0.113.9",
    "127.0.0.1",
    "::1",
    "127.0.0.1, 203.0.113.9",
    "localhost",
    "",
    "127.0.0.1:80",
]


@pytest.mark.parametrize("path", [CHAT, MESSAGES, OTHER])
def test_a_forged_address_makes_nobody_a_local_caller(start_proxy: StartProxy, path: str) -> None:
    key = anthropic_key() if path == MESSAGES else openai_key()
    fields = {"x-api-key" if path == MESSAGES else "authorization": key}
    if path != MESSAGES:
        fields = {"authorization": f"Bearer {key}"}
    request = request_for(CHAT if path == OTHER else path)
    proxy = start_proxy(passthrough_auth=True)
    with httpx2.Client(timeout=PATIENCE, headers=fields) as client:
        # Nobody stands between us and the proxy; so whoever says so is a stranger.
        for said in FORGED:
            answer = client.post(proxy.at(path), json=request, headers={"x-forwarded-for": said})
            check_refused(answer, path, 401)
            assert key not in answer.text
        assert not proxy.upstream.requests
        client.post(proxy.at(path), json=request)
    sent = proxy.request.header("x-api-key") or proxy.request.header("authorization")
    assert sent is not None
    assert sent.endswith(key.encode())


def test_a_trusted_proxy_tells_who_asks(start_proxy: StartProxy) -> None:
    proxy = start_proxy(passthrough_auth=True, trusted_proxies=("127.0.0.0/8",))
    fields = {"authorization": f"Bearer {openai_key()}"}

    def status(said: str) -> int:
        given = fields | {"x-forwarded-for": said}
        url = proxy.at(CHAT)
        return httpx2.post(url, json=request_for(CHAT), headers=given, timeout=PATIENCE).status_code

    assert status("203.0.113.9") == 401
    assert status("127.0.0.1, 203.0.113.9") == 401
    assert status("nonsense") == 401
    assert not proxy.upstream.requests
    assert status("127.0.0.1") == 200


def test_a_caller_that_asks_too_often_is_told_when_to_come_back(start_proxy: StartProxy) -> None:
    proxy = start_proxy(rate_limit_per_sec=3)
    with httpx2.Client(headers=proxy.fields, timeout=PATIENCE) as client:
        # On a slow machine the bucket fills again meanwhile.
        for _ in range(500):
            answer = client.post(proxy.at(MESSAGES), json=request_for(MESSAGES))
            if answer.status_code != 200:
                break
    check_refused(answer, MESSAGES, 429)
    assert answer.headers["retry-after"] == "1"
    assert len(proxy.upstream.requests) >= 3


def test_a_page_of_another_site_is_no_local_program(start_proxy: StartProxy) -> None:
    proxy = start_proxy(passthrough_auth=True)
    for fields in ({"origin": "https://example.org"}, {"host": "example.org"}):
        given = {"authorization": f"Bearer {openai_key()}"} | fields
        answer = httpx2.post(proxy.at(CHAT), json=request_for(CHAT), headers=given)
        assert answer.status_code == 403
    assert not proxy.upstream.requests
