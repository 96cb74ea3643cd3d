# SPDX-License-Identifier: AGPL-3.0-only
"""The official Python SDK of Anthropic works through the proxy as it does without it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import anthropic
import anyio
import pytest
from anthropic import Anthropic, AsyncAnthropic
from anthropic.types import MessageParam, ToolParam

from benchmarks.upstream import Script, Upstream
from benchmarks.upstream.shapes import SHAPES
from tests.proxy.callers import anthropic_key, random_key
from tests.proxy.running import Proxy
from tests.proxy.sdk.asking import (
    ANSWER,
    IMAGE,
    QUESTION,
    check_memory,
    check_untouched,
    document,
    last_user_text,
)

OPTIONS: Any = {"model": "claude-for-tests", "max_tokens": 1024}
THINKING: Any = {"type": "enabled", "budget_tokens": 1024}
SCHEMA: dict[str, object] = {
    "type": "object",
    "properties": {"place": {"type": "string"}, "days": {"type": "integer"}},
    "required": ["place", "days"],
}
TOOL: ToolParam = {"name": "weather", "description": "The weather.", "input_schema": SCHEMA}
SYSTEM: Any = [
    {
        "type": "text",
        "text": "Du bist hilfreich – in Kürze.",
        "cache_control": {"type": "ephemeral"},
    }
]


def client_of(proxy: Proxy, mode: str = "full", **more: Any) -> Anthropic:
    chosen = {"api_key": proxy.key, "base_url": proxy.anthropic_url, "max_retries": 0, **more}
    return Anthropic(**chosen, default_headers={"X-Memory-Mode": mode})


@pytest.fixture
def client(proxy: Proxy, mode: str) -> Iterator[Anthropic]:
    with client_of(proxy, mode) as made:
        yield made


@pytest.fixture
def direct(upstream: Upstream) -> Iterator[Anthropic]:
    """A client that asks the provider itself."""
    with Anthropic(api_key=anthropic_key(), base_url=upstream.url, max_retries=0) as made:
        yield made


def turn(text: str) -> list[MessageParam]:
    return [
        {"role": "user", "content": "Hello."},
        {"role": "assistant", "content": [{"type": "text", "text": "Hello! 👋"}]},
        {"role": "user", "content": text},
    ]


def text_of(message: Any) -> str:
    return "".join(block.text for block in message.content if block.type == "text")


def whole(client: Anthropic, text: str) -> str:
    return text_of(client.messages.create(messages=turn(text), system=SYSTEM, **OPTIONS))


def streamed(client: Anthropic, text: str) -> str:
    words = []
    with client.messages.create(messages=turn(text), stream=True, **OPTIONS) as stream:
        for event in stream:
            if event.type == "content_block_delta" and event.delta.type == "text_delta":
                words.append(event.delta.text)
    assert event.type == "message_stop"
    return "".join(words)


def helper(client: Anthropic, text: str) -> str:
    with client.messages.stream(messages=turn(text), system="Kürze.", **OPTIONS) as stream:
        words = "".join(stream.text_stream)
        assert words == text_of(stream.get_final_message())
    return words


def parts(client: Anthropic, text: str) -> str:
    content: Any = [{"type": "text", "text": text, "cache_control": {"type": "ephemeral"}}]
    messages: Any = [{"role": "user", "content": content}]
    return text_of(client.messages.create(messages=messages, **OPTIONS))


CALLS: dict[str, Callable[[Anthropic, str], str]] = {
    each.__name__: each for each in (whole, streamed, helper, parts)
}


@pytest.mark.parametrize("name", CALLS)
def test_memory_answers_the_question(proxy: Proxy, name: str) -> None:
    with client_of(proxy) as client:
        said = CALLS[name](client, QUESTION)
    check_memory(proxy.request, "full")
    assert ANSWER in said


@pytest.mark.parametrize("name", CALLS)
def test_without_memory_the_request_is_the_same_to_the_byte(
    proxy: Proxy, direct: Anthropic, name: str
) -> None:
    text = QUESTION + " Grüße – 世界 🧠"
    with client_of(proxy, "off") as client:
        answers = [CALLS[name](direct, text), CALLS[name](client, text)]
    assert answers[0] == answers[1]
    assert ANSWER not in answers[0]
    check_untouched(proxy, *proxy.upstream.requests)


def test_async_clients_stream_at_the_same_time(proxy: Proxy, mode: str) -> None:
    async def ask_all() -> list[str]:
        answers = [""] * 20
        async with AsyncAnthropic(
            api_key=proxy.key,
            base_url=proxy.anthropic_url,
            max_retries=0,
            default_headers={"X-Memory-Mode": mode},
        ) as client:

            async def one(number: int) -> None:
                text = f"count to {number + 1}"
                async with client.messages.stream(messages=turn(text), **OPTIONS) as stream:
                    answers[number] = "".join([word async for word in stream.text_stream])

            async with anyio.create_task_group() as tasks:
                for number in range(len(answers)):
                    tasks.start_soon(one, number)
        return answers

    assert anyio.run(ask_all) == [" ".join(map(str, range(1, n + 2))) for n in range(20)]
    assert len(proxy.upstream.requests) == 20


@pytest.mark.parametrize("streams", [False, True])
def test_tools_and_thinking_make_their_round(
    proxy: Proxy, client: Anthropic, mode: str, streams: bool
) -> None:
    question = f"{QUESTION} First use the tool."
    messages: list[Any] = [{"role": "user", "content": question}]
    options = {**OPTIONS, "max_tokens": 2048, "tools": [TOOL], "thinking": THINKING}
    if streams:
        with client.messages.stream(messages=messages, **options) as stream:
            first: Any = stream.get_final_message()
    else:
        first = client.messages.create(messages=messages, **options)
    assert [block.type for block in first.content] == ["thinking", "text", "tool_use"]
    assert first.content[0].signature
    call = first.content[-1]
    assert call.input["days"] == 7
    assert call.input["place"].startswith("Zürich – ")
    check_memory(proxy.request, mode, question=question)
    turn_sent = document(proxy.request)["messages"][0]

    proxy.upstream.requests.clear()
    given = [block.model_dump(exclude_none=True) for block in first.content]
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "Sonne ☀"}
    round_of_it: list[Any] = [
        {"role": "assistant", "content": given},
        {"role": "user", "content": [result]},
    ]
    second = client.messages.create(messages=[*messages, *round_of_it], **options)
    assert "Sonne ☀" in text_of(second)
    assert document(proxy.request)["messages"] == [turn_sent, *round_of_it]


def test_images_arrive(proxy: Proxy, client: Anthropic, mode: str) -> None:
    question = QUESTION.removesuffix(" Say port.")
    source = {"type": "base64", "media_type": "image/png", "data": IMAGE}
    content: Any = [{"type": "image", "source": source}, {"type": "text", "text": question}]
    said = client.messages.create(messages=[{"role": "user", "content": content}], **OPTIONS)
    assert "(1 image)" in text_of(said)
    sent = document(proxy.request)["messages"][0]["content"]
    assert sent[:2] == content
    assert (len(sent) == 3) == (mode == "full")
    assert (ANSWER in sent[-1].get("text", "")) == (mode == "full")


def test_a_repeated_beginning_is_read_from_the_prompt_cache(
    proxy: Proxy, client: Anthropic, mode: str
) -> None:
    messages: list[Any] = [{"role": "user", "content": f"{QUESTION} {'Langes. ' * 900}"}]
    usages = []
    for _ in range(4):
        answer = client.messages.create(messages=messages, **OPTIONS)
        usages.append(answer.usage)
        messages += [
            {"role": "assistant", "content": answer.content},
            {"role": "user", "content": "Where are invoices of the billing service archived?"},
        ]
    assert usages[0].cache_read_input_tokens == 0
    for before, after in pairwise(usages):
        assert before.cache_creation_input_tokens is not None
        assert before.cache_read_input_tokens is not None
        whole_before = before.cache_creation_input_tokens + before.cache_read_input_tokens
        # What is counted in whole tokens may differ by one.
        assert (after.cache_read_input_tokens or 0) >= whole_before - 1
    assert (b"<memory_context>" in proxy.upstream.requests[-1].body) == (mode == "full")


def test_tokens_are_counted_of_what_is_sent(proxy: Proxy, client: Anthropic, mode: str) -> None:
    question: Any = turn(f"{QUESTION} And count.")
    options: Any = {"model": OPTIONS["model"], "messages": question}
    before = client.messages.count_tokens(**options)
    client.messages.create(messages=question, **OPTIONS)
    after = client.messages.count_tokens(**options)
    counted, sent, counted_again = proxy.upstream.requests
    assert counted.target == counted_again.target == "/v1/messages/count_tokens"
    # A question that was not asked yet has no block.
    check_memory(counted, "off", question=f"{QUESTION} And count.")
    check_memory(sent, mode, question=f"{QUESTION} And count.")
    assert last_user_text(counted_again) == last_user_text(sent)
    assert (after.input_tokens > before.input_tokens) == (mode == "full")


def test_models_are_listed(proxy: Proxy, client: Anthropic, direct: Anthropic) -> None:
    names = [[model.id for model in each.models.list(limit=5)] for each in (direct, client)]
    assert names[0] == names[1]
    assert proxy.upstream.requests[-1].target == "/v1/models?limit=5"
    check_untouched(proxy, *proxy.upstream.requests)


def test_files_are_uploaded_through_the_catch_all(proxy: Proxy, client: Anthropic) -> None:
    content = bytes(range(256)) * 4_000
    made = client.beta.files.upload(file=("größe.bin", content))
    assert made.size_bytes == len(content)
    assert made.filename == "größe.bin"
    assert proxy.request.target.startswith("/v1/files")
    assert proxy.request.header("anthropic-version")


def test_headers_and_betas_pass_through(proxy: Proxy, client: Anthropic) -> None:
    raw = client.messages.with_raw_response.create(
        messages=turn("Hello."),
        extra_headers={"anthropic-beta": "context-1m-2025-08-07,other-2025-01-01"},
        extra_query={"beta": "true"},
        **OPTIONS,
    )
    assert raw.headers["anthropic-ratelimit-requests-remaining"] == "3999"
    assert raw.headers["request-id"].startswith("req_")
    assert "x-memory-injected-count" in raw.headers
    assert proxy.request.header("anthropic-beta") == b"context-1m-2025-08-07,other-2025-01-01"
    assert proxy.request.header("anthropic-version") is not None
    assert proxy.request.target == "/v1/messages?beta=true"


@pytest.mark.parametrize(
    ("status", "error"),
    [(429, anthropic.RateLimitError), (529, anthropic.InternalServerError)],
)
def test_a_provider_that_is_overloaded_is_seen_as_such(
    proxy: Proxy, client: Anthropic, status: int, error: type[anthropic.APIStatusError]
) -> None:
    proxy.upstream.script = Script(status=status)
    with pytest.raises(error) as caught:
        streamed(client, QUESTION)
    assert caught.value.status_code == status
    assert caught.value.response.headers["retry-after"] == "7"
    assert caught.value.request_id
    assert len(proxy.upstream.requests) == 1


def test_a_wrong_key_is_refused_in_the_providers_shape(proxy: Proxy, mode: str) -> None:
    with (
        client_of(proxy, mode, api_key=random_key("mo_")) as stranger,
        pytest.raises(anthropic.AuthenticationError) as caught,
    ):
        whole(stranger, QUESTION)
    body: Any = caught.value.body
    assert (body["type"], body["error"]["type"]) == ("error", "authentication_error")
    assert not proxy.upstream.requests


def test_the_key_may_be_a_bearer_token_too(proxy: Proxy, mode: str) -> None:
    with client_of(proxy, mode, api_key=None, auth_token=proxy.key) as bearer:
        assert whole(bearer, QUESTION)
    check_memory(proxy.request, mode)
    assert proxy.request.header("x-api-key")
    assert proxy.request.header("authorization") is None


def test_an_error_in_the_middle_of_a_stream_reaches_the_client(
    proxy: Proxy, client: Anthropic
) -> None:
    proxy.upstream.script = Script(body=SHAPES["messages-error"].stream, every=100)
    with pytest.raises(anthropic.APIStatusError, match="Overloaded"):
        streamed(client, QUESTION)
