# SPDX-License-Identifier: AGPL-3.0-only
"""The whole way through a real proxy: what is injected, what is kept, and what each mode allows."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from benchmarks.upstream import Script
from memoryoss_mcp.model import Draft, Memory, Origin, Status
from memoryoss_mcp.store.types import ListQuery
from tests.proxy.conftest import StartProxy
from tests.proxy.running import NAMESPACE, PATIENCE, Proxy

CHAT, RESPONSES, MESSAGES = "/v1/chat/completions", "/v1/responses", "/v1/messages"
FORMS = pytest.mark.parametrize("path", [CHAT, RESPONSES, MESSAGES])
FACT = "The staging database of the shop runs PostgreSQL 16 on port 5544."
QUESTION = "On which port does the staging database of the shop run?"
TOLD = "We decided to use Tailscale for remote access to all servers."


def body(path: str, *turns: str, stream: bool = False) -> dict[str, Any]:
    """A conversation: the user's turns with short answers between them."""
    messages: list[dict[str, Any]] = []
    for turn in turns:
        if messages:
            messages.append({"role": "assistant", "content": "Noted."})
        messages.append({"role": "user", "content": turn})
    made: dict[str, Any] = {"model": "test-model", "stream": stream}
    if path == RESPONSES:
        return made | {"input": messages}
    return made | {"messages": messages} | ({"max_tokens": 99} if path == MESSAGES else {})


def post(proxy: Proxy, path: str, document: Any, **headers: str) -> httpx2.Response:
    fields = proxy.fields | {name.replace("_", "-"): value for name, value in headers.items()}
    with httpx2.Client(timeout=PATIENCE) as client:
        return client.post(proxy.at(path), json=document, headers=fields)


def kept(proxy: Proxy) -> list[Memory]:
    page = proxy.runtime.list(ListQuery(NAMESPACE, limit=100))
    return [memory for memory in page.memories if memory.origin is Origin.EXTRACTED]


def settled(proxy: Proxy) -> None:
    """Wait until everything that was taken up is extracted."""
    queue = proxy.state.queue
    assert queue is not None
    wait_for(lambda: proxy.state.afterwards.under_way == 0)
    wait_for(lambda: queue.depth == 0)


def wait_for(done: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


# Recall and injection -------------------------------------------------------------------------


@FORMS
def test_the_block_stands_beside_the_latest_turn(proxy: Proxy, path: str) -> None:
    proxy.remember(FACT)
    answered = post(proxy, path, body(path, QUESTION))
    assert answered.status_code == 200
    assert int(answered.headers["x-memory-injected-count"]) >= 1
    assert answered.headers["x-memory-gate-decision"] == "inject"
    sent = json.loads(proxy.request.body)
    [message] = sent.get("messages") or sent["input"]
    assert message["content"].startswith(QUESTION)
    assert "port 5544" in message["content"].removeprefix(QUESTION)


@FORMS
def test_what_nothing_answers_goes_on_as_it_came(proxy: Proxy, path: str) -> None:
    proxy.remember(FACT)
    document = body(path, "Tell me a joke about penguins, please.")
    answered = post(proxy, path, document)
    assert json.loads(proxy.request.body) == document
    assert answered.headers["x-memory-injected-count"] == "0"
    assert answered.headers["x-memory-reason"]


@FORMS
@pytest.mark.parametrize("stream", [False, True])
def test_every_request_of_a_conversation_begins_with_the_one_before(
    proxy: Proxy, path: str, stream: bool
) -> None:
    proxy.remember(FACT, "Invoices of the shop are rendered with WeasyPrint 62.3.")
    asked = (
        QUESTION,
        "Which library renders invoices of the shop?",
        "Thanks.",
        QUESTION + " Again!",
    )
    sent = []
    for turn in range(1, len(asked) + 1):
        proxy.upstream.reset()
        post(proxy, path, body(path, *asked[:turn], stream=stream))
        proxy.remember(f"Note {turn}: the staging database of the shop was looked at.")
        sent.append(proxy.request.body)
    for one, next_one in itertools.pairwise(sent):
        shared = one[: one.rindex(b"}]")]  # up to the end of the last message's content
        assert next_one.startswith(shared)
    assert sent[-1].count(b"<memory_context>") >= 2


def test_items_of_responses_survive_an_injection(proxy: Proxy) -> None:
    proxy.remember(FACT)
    items = [
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hi"}]},
        {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "opaque=="},
        {
            "type": "message",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "Hello", "annotations": []}],
        },
        {"type": "item_reference", "id": "msg_9"},
        {
            "type": "message",
            "role": "user",
            "content": [
                {"type": "input_image", "image_url": "data:image/png;base64,AAAA"},
                {"type": "input_text", "text": QUESTION},
            ],
        },
    ]
    post(proxy, RESPONSES, {"model": "m", "instructions": "Be brief.", "input": items})
    sent = json.loads(proxy.request.body)
    added = sent["input"][-1]["content"].pop()
    assert sent == {"model": "m", "instructions": "Be brief.", "input": items}
    assert added["type"] == "input_text"
    assert "5544" in added["text"]


def test_memories_that_nobody_confirmed_are_not_injected(proxy: Proxy) -> None:
    for origin in (Origin.TOOL, Origin.EXTRACTED, Origin.IMPORTED, Origin.CONNECTOR):
        told = f"The gateway of the {origin} lane listens on port 7{len(origin)}11."
        proxy.runtime.store(Draft(told, NAMESPACE, origin=origin))
    answered = post(
        proxy, CHAT, body(CHAT, "On which port does the gateway of the tool lane listen?")
    )
    assert b"11." not in proxy.request.body
    assert answered.headers["x-memory-injected-count"] == "0"


def test_what_is_injected_and_what_the_answer_draws_on_is_counted(start_proxy: StartProxy) -> None:
    proxy = start_proxy()
    proxy.remember(FACT)
    post(proxy, CHAT, body(CHAT, f"{QUESTION} Please say port"))  # the answer quotes the block
    settled(proxy)
    proxy.state.afterwards.count(proxy.runtime)
    [memory] = proxy.runtime.list(ListQuery(NAMESPACE)).memories
    assert memory.outcomes.injection_count == 1
    assert memory.outcomes.reuse_count == 1
    assert memory.version == 1


# Modes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("path", [CHAT, MESSAGES])
def test_readonly_injects_and_keeps_nothing(
    start_proxy: StartProxy, path: str, stream: bool
) -> None:
    proxy = start_proxy()
    proxy.remember(FACT)
    document = body(path, f"{TOLD} {QUESTION}", stream=stream)
    post(proxy, path, document, x_memory_mode="ReadOnly")
    settled(proxy)
    assert b"<memory_context>" in proxy.request.body
    assert kept(proxy) == []


@pytest.mark.parametrize("headers", [{"x_memory_mode": "OFF"}, {"x_memory_bypass": "True"}])
@pytest.mark.parametrize("stream", [False, True])
def test_off_does_nothing_at_all(
    start_proxy: StartProxy, stream: bool, headers: dict[str, str]
) -> None:
    proxy = start_proxy()
    proxy.remember(FACT)
    document = body(CHAT, f"{TOLD} {QUESTION}", stream=stream)
    answered = post(proxy, CHAT, document, **headers)
    settled(proxy)
    assert json.loads(proxy.request.body) == document
    assert answered.headers["x-memory-reason"] == "mode_off"
    assert kept(proxy) == []


@pytest.mark.parametrize(
    "headers",
    [
        {"x_memory_mode": "writeonly"},
        {"x_memory_mode": ""},
        {"x_memory_mode": "after", "x_memory_after": "soon"},
        {"x_memory_bypass": "maybe"},
        {"x_memory_policy_confirm": "banana"},
    ],
)
def test_an_unknown_mode_is_refused(proxy: Proxy, headers: dict[str, str]) -> None:
    answered = post(proxy, CHAT, body(CHAT, QUESTION), **headers)
    assert answered.status_code == 400
    assert answered.json()["error"]["type"] == "invalid_request_error"
    assert proxy.upstream.requests == []


def test_after_a_date_only_what_is_newer_is_injected(proxy: Proxy) -> None:
    proxy.remember(FACT)
    post(proxy, CHAT, body(CHAT, QUESTION), x_memory_mode="after", x_memory_after="2200-01-01")
    assert b"5544" not in proxy.request.body
    proxy.upstream.reset()
    post(proxy, CHAT, body(CHAT, QUESTION), x_memory_mode="after", x_memory_after="2020-01-01")
    assert b"5544" in proxy.request.body


def test_clients_may_be_kept_from_choosing(start_proxy: StartProxy) -> None:
    proxy = start_proxy(allow_client_memory_control=False, default_memory_mode="readonly")
    proxy.remember(FACT)
    post(proxy, CHAT, body(CHAT, f"{TOLD} {QUESTION}"), x_memory_mode="off", x_memory_bypass="1")
    settled(proxy)
    assert b"5544" in proxy.request.body
    assert kept(proxy) == []


# Extraction -----------------------------------------------------------------------------------


@FORMS
@pytest.mark.parametrize("stream", [False, True])
def test_what_the_user_decided_is_kept_as_a_candidate(
    start_proxy: StartProxy, path: str, stream: bool
) -> None:
    proxy = start_proxy()
    post(proxy, path, body(path, TOLD, stream=stream))
    settled(proxy)
    [memory] = kept(proxy)
    assert "Tailscale" in memory.content
    assert memory.status is Status.CANDIDATE
    assert memory.confidence == pytest.approx(0.35)
    assert memory.session


def test_the_same_conversation_never_promotes_what_it_said(start_proxy: StartProxy) -> None:
    proxy = start_proxy()
    turns = [TOLD, "And for the office?", "Fine.", "Bye."]
    for count in range(1, len(turns) + 1):
        post(proxy, CHAT, body(CHAT, *turns[:count]))
        settled(proxy)
    post(proxy, CHAT, body(CHAT, *turns))
    settled(proxy)
    [memory] = kept(proxy)
    assert memory.status is Status.CANDIDATE
    assert memory.version == 1


def test_what_was_injected_is_not_extracted_again(start_proxy: StartProxy) -> None:
    proxy = start_proxy()
    proxy.remember("We decided to host the shop at Hetzner in Falkenstein.")
    post(proxy, CHAT, body(CHAT, "Where did we decide to host the shop?"))
    settled(proxy)
    assert b"Falkenstein" in proxy.request.body
    assert kept(proxy) == []


def test_an_answer_that_was_cut_is_not_extracted(start_proxy: StartProxy) -> None:
    proxy = start_proxy()
    proxy.upstream.script = Script(die_after=900)
    with pytest.raises(httpx2.HTTPError):
        post(proxy, CHAT, body(CHAT, TOLD, stream=True))
    settled(proxy)
    assert kept(proxy) == []


def test_the_stream_ends_with_the_provider_whatever_extraction_takes(
    start_proxy: StartProxy,
) -> None:
    proxy = start_proxy()
    queue = proxy.state.queue
    assert queue is not None
    entered = []
    handle = queue._handle

    def slow(job: Any) -> None:
        entered.append(job)
        time.sleep(1.5)
        handle(job)

    queue._handle = slow
    post(proxy, CHAT, body(CHAT, TOLD, stream=True))
    assert kept(proxy) == []  # the client had its answer before
    wait_for(lambda: entered)
    settled(proxy)
    assert len(kept(proxy)) == 1


# The firewall ---------------------------------------------------------------------------------


@FORMS
def test_what_a_policy_forbids_never_reaches_the_provider(proxy: Proxy, path: str) -> None:
    rule = "Never delete the production database of the shop."
    proxy.runtime.store(Draft(rule, NAMESPACE, tags=("policy",), origin=Origin.USER))
    document = body(path, "Please delete the production database of the shop.")
    for headers in ({}, {"x_memory_mode": "off"}, {"x_memory_policy_confirm": "true"}):
        answered = post(proxy, path, document, **headers)
        assert answered.status_code == 403
        assert answered.headers["x-memory-policy-decision"] == "block"
        assert answered.headers["x-memory-policy-actions"] == "delete"
        error = answered.json()["error"]
        assert error["type"] == "policy_firewall_error"
        assert error["policy_firewall"]["decision"] == "block"
        assert error["policy_firewall"]["matched_policies"][0]["content"] == rule
    assert proxy.upstream.requests == []


def test_what_needs_a_confirmation_goes_on_with_one(start_proxy: StartProxy) -> None:
    proxy = start_proxy()
    rule = "Deployments to production need approval first."
    proxy.runtime.store(Draft(rule, NAMESPACE, tags=("policy",), origin=Origin.USER))
    document = body(CHAT, "Deploy the shop to production.")
    refused = post(proxy, CHAT, document)
    assert refused.status_code == 428
    assert refused.headers["x-memory-policy-confirmed"] == "false"
    assert proxy.upstream.requests == []
    confirmed = post(proxy, CHAT, document, x_memory_policy_confirm="yes")
    assert confirmed.status_code == 200
    assert confirmed.headers["x-memory-policy-confirmed"] == "true"
