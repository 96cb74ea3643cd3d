# SPDX-License-Identifier: AGPL-3.0-only
"""The scripted provider answers as the real ones do, and does to a byte what a script says."""

from __future__ import annotations

import gzip
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from benchmarks.upstream import Framing, Script, Upstream, running_upstream
from benchmarks.upstream.shapes import CHAT, MESSAGES, RESPONSES, SHAPES, request_for
from memoryoss_proxy.wire import form_of
from memoryoss_proxy.wire.sse import Decoder

KEY = {"authorization": "Bearer anybody"}
ANTHROPIC = {"x-api-key": "anybody", "anthropic-version": "2023-06-01"}


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with running_upstream() as running:
        yield running


@pytest.fixture
def client(upstream: Upstream) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=upstream.url, headers=KEY, timeout=10.0) as made:
        yield made


def chat(text: str, **more: Any) -> dict[str, Any]:
    return {"model": "gpt-4o", "messages": [{"role": "user", "content": text}], **more}


def said(client: httpx2.Client, text: str) -> str:
    answer = client.post(CHAT, json=chat(text)).json()
    words = answer["choices"][0]["message"]["content"]
    assert isinstance(words, str)
    return words


def over_the_wire(upstream: Upstream, body: bytes = b"{}", *, path: str = CHAT) -> bytes:
    """Everything that comes back over a connection of its own, until it ends."""
    head = f"POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer a\r\n"
    head += f"content-length: {len(body)}\r\n\r\n"
    with socket.create_connection((upstream.host, upstream.port), timeout=10) as connection:
        connection.sendall(head.encode() + body)
        received = bytearray()
        while piece := connection.recv(65_536):
            received += piece
    return bytes(received)


# As a provider ----------------------------------------------------------------------------------


def test_the_answer_depends_on_the_users_words_only(client: httpx2.Client) -> None:
    block = "\n\n<memory_context>\n<summary>The port is 6543.</summary>\n</memory_context>"
    assert said(client, "Grüße 世界") == said(client, "Grüße 世界" + block)
    assert "6543" not in said(client, "Which port?" + block)
    assert said(client, "Please say port." + block) == "The port is 6543."
    assert said(client, "Please say host." + block) == "Nothing is known about host."
    assert said(client, "count to 4") == "1 2 3 4"


@pytest.mark.parametrize("path", [CHAT, RESPONSES, MESSAGES])
@pytest.mark.parametrize("text", ["Grüße 🧠", "please use the tool"])
def test_a_stream_says_what_the_whole_answer_says(upstream: Upstream, path: str, text: str) -> None:
    schema = {"type": "object", "properties": {"place": {"type": "string"}}}
    tool: dict[str, Any] = {"name": "weather", "parameters": schema}
    if path == CHAT:
        tool = {"type": "function", "function": tool}
    elif path == MESSAGES:
        tool = {"name": "weather", "input_schema": schema}
    turn = [{"role": "user", "content": text}]
    request = {"model": "m", "input" if path == RESPONSES else "messages": turn, "tools": [tool]}
    form = form_of(path)
    assert form is not None
    headers = ANTHROPIC if path == MESSAGES else KEY
    with httpx2.Client(base_url=upstream.url, headers=headers) as client:
        whole = form.reply(client.post(path, json=request).content)
        reader, decoder = form.ReplyReader(), Decoder()
        for event in decoder.feed(client.post(path, json=request | {"stream": True}).content):
            reader.feed(event)
    assert whole.finished
    assert whole.text or whole.tool_calls
    assert ("use the tool" in text) == bool(whole.tool_calls)
    assert (reader.reply.text, reader.reply.finished) == (whole.text, True)
    assert [json.loads(call.arguments) for call in reader.reply.tool_calls] == [
        json.loads(call.arguments) for call in whole.tool_calls
    ]


def test_what_was_sent_before_is_read_from_the_prompt_cache(client: httpx2.Client) -> None:
    turn = {"role": "user", "content": "x" * 8_000}
    first = chat("", messages=[turn])
    again = chat("", messages=[turn, {"role": "assistant", "content": "y"}, turn])
    changed = chat("", messages=[{"role": "user", "content": "z" + "x" * 8_000}])

    def cached(path: str, request: dict[str, Any]) -> Any:
        usage = client.post(path, json=request, headers=ANTHROPIC).json()["usage"]
        if path == CHAT:
            return usage["prompt_tokens_details"]["cached_tokens"]
        return usage["cache_read_input_tokens"], usage["cache_creation_input_tokens"] > 0

    assert [cached(CHAT, each) for each in (first, again, changed)] == [0, 1920, 0]
    assert [cached(MESSAGES, each) for each in (first, again)] == [(0, True), (2009, True)]
    assert cached(MESSAGES, chat("short")) == (0, False)


def test_paths_and_errors_are_the_providers(client: httpx2.Client) -> None:
    assert client.get("/v1/models").json()["object"] == "list"
    assert client.get("/v1/models", headers=ANTHROPIC).json()["has_more"] is False
    counted = client.post("/v1/messages/count_tokens", json=chat("four"), headers=ANTHROPIC)
    assert counted.json()["input_tokens"] > 0
    missing = client.get("/v1/nothing", headers=ANTHROPIC)
    assert (missing.status_code, missing.json()["error"]["type"]) == (404, "not_found_error")
    assert client.post(CHAT, content=b"{").status_code == 400
    assert httpx2.post(client.base_url.join(CHAT), json=chat("x")).status_code == 401
    uploaded = client.post("/v1/files", files={"file": ("ä.bin", bytes(range(256)))})
    assert uploaded.json()["bytes"] == 256


def test_overloaded_providers_say_when_to_come_back(
    upstream: Upstream, client: httpx2.Client
) -> None:
    upstream.script = Script(status=529)
    answer = client.post(MESSAGES, json=chat("x"), headers=ANTHROPIC)
    assert (answer.status_code, answer.headers["retry-after"]) == (529, "7")
    assert answer.json()["error"]["type"] == "overloaded_error"


@pytest.mark.parametrize("name", SHAPES)
def test_recorded_shapes_say_what_they_are_said_to_say(name: str) -> None:
    shape = SHAPES[name]
    form = form_of(shape.path)
    assert form is not None
    assert form.read(json.dumps(request_for(shape.path)).encode()).stream
    reader = form.ReplyReader()
    for event in Decoder().feed(shape.stream):
        reader.feed(event)
    assert reader.reply.text == shape.text
    assert reader.reply.finished == shape.finished
    assert bool(reader.reply.tool_calls) == ("tools" in name)


# As a script says ------------------------------------------------------------------------------


def test_requests_are_recorded_as_they_came(upstream: Upstream) -> None:
    body = '{"ä": 1 }'.encode()
    upstream.script = Script(keeps_alive=False)
    over_the_wire(upstream, body, path="/v1/x?b=2&a=%20")
    [request] = upstream.requests
    assert (request.method, request.target) == ("POST", "/v1/x?b=2&a=%20")
    assert request.headers[0] == (b"host", b"x")
    assert request.body == body
    assert request.wait()
    assert not request.client_left
    upstream.reset()
    assert not upstream.requests
    assert upstream.script is None


@pytest.mark.parametrize("framing", Framing)
@pytest.mark.parametrize("encoded", [False, True])
def test_every_framing_carries_the_same_body(
    upstream: Upstream, client: httpx2.Client, framing: Framing, encoded: bool
) -> None:
    body = os.urandom(1_000)
    upstream.script = Script(body=body, every=7, framing=framing, gzip=encoded)
    answer = client.post(CHAT, json=chat("x"))
    assert answer.content == body
    assert answer.headers.get("content-encoding") == ("gzip" if encoded else None)


def test_pieces_are_cut_where_the_script_says(upstream: Upstream) -> None:
    script = Script(body=b"abcdef", splits=(1, 4), framing=Framing.CHUNKED, keeps_alive=False)
    upstream.script = script
    wire = over_the_wire(upstream)
    assert wire.endswith(b"\r\n\r\n1\r\na\r\n3\r\nbcd\r\n2\r\nef\r\n0\r\n\r\n")
    assert upstream.requests[0].sent == len(wire)


@pytest.mark.parametrize("after", [0, 1, 40, 300])
def test_it_dies_at_that_very_byte(upstream: Upstream, after: int) -> None:
    upstream.script = Script(die_after=after, body=b"x" * 1_000)
    assert len(over_the_wire(upstream)) == after
    assert not upstream.requests[0].client_left


def test_a_reset_is_no_ordinary_end(upstream: Upstream) -> None:
    upstream.script = Script(die_after=0, reset=True)
    with pytest.raises(ConnectionResetError):
        over_the_wire(upstream)


@pytest.mark.parametrize("after", [0, 100])
def test_a_client_that_leaves_is_noticed(upstream: Upstream, after: int) -> None:
    upstream.script = Script(hang_after=after)
    with pytest.raises(httpx2.ReadTimeout):
        httpx2.post(upstream.url + CHAT, json=chat("x"), headers=KEY, timeout=0.2)
    [request] = upstream.requests
    assert request.wait()
    assert request.client_left
    assert request.sent == after


def test_a_client_that_leaves_in_the_middle_of_a_drip_is_noticed(upstream: Upstream) -> None:
    upstream.script = Script(every=1, pause=0.05, framing=Framing.CHUNKED)
    with httpx2.stream("POST", upstream.url + CHAT, json=chat("x"), headers=KEY) as answer:
        assert next(answer.iter_raw())
    assert upstream.requests[0].wait()
    assert upstream.requests[0].client_left


def test_interim_responses_come_first(upstream: Upstream) -> None:
    upstream.script = Script(interim=(100, 103), body=b"x", keeps_alive=False)
    wire = over_the_wire(upstream)
    assert wire.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n")
    assert wire.endswith(b"\r\n\r\nx")


def test_where_no_body_may_be_there_is_none(upstream: Upstream, client: httpx2.Client) -> None:
    for _ in range(2):  # on the same connection
        assert client.head("/v1/models").headers["content-length"] != "0"
    upstream.script = Script(status=204)
    assert client.delete("/v1/files/x").content == b""
    upstream.script = None
    assert client.get("/v1/models").status_code == 200


def test_a_body_that_is_not_read_is_not_recorded(upstream: Upstream) -> None:
    upstream.script = Script(reads_body=False, status=429)
    answer = httpx2.post(upstream.url + CHAT, content=b"x" * 20_000_000, headers=KEY)
    assert (answer.status_code, answer.headers["connection"]) == (429, "close")
    assert upstream.requests[0].wait()
    assert not upstream.requests[0].client_left
    assert upstream.requests[0].body == b""


def test_each_request_may_have_a_script_of_its_own(
    upstream: Upstream, client: httpx2.Client
) -> None:
    upstream.script = lambda request: Script(body=request.target[-1:].encode())
    assert [client.get(f"/{name}").content for name in "ab"] == [b"a", b"b"]
    upstream.script = lambda _: None
    assert client.get("/v1/models").json()["object"] == "list"


def test_gzip_is_flushed_piece_by_piece(upstream: Upstream) -> None:
    stream = SHAPES["chat-text"].stream
    upstream.script = Script(
        body=stream, every=100, gzip=True, framing=Framing.CLOSE, headers=(("x-a", "b"),)
    )
    head, _, body = over_the_wire(upstream).partition(b"\r\n\r\n")
    assert gzip.decompress(body) == stream
    assert b"\r\nx-a: b" in head


@pytest.mark.skipif(sys.platform == "win32", reason="a process is terminated there at once")
def test_it_runs_as_a_process() -> None:
    command = [sys.executable, "-m", "benchmarks.upstream", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        try:
            assert httpx2.get(f"{url}/v1/models", headers=KEY).status_code == 200
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
