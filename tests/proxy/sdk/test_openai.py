# SPDX-License-Identifier: AGPL-3.0-only
"""The official Python SDK of OpenAI works through the proxy as it does without it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import anyio
import openai
import pytest
from openai import AsyncOpenAI, OpenAI
from openai.types.chat import ChatCompletionMessageParam, ChatCompletionToolParam
from openai.types.responses import FunctionToolParam

from benchmarks.upstream import Script, Upstream
from benchmarks.upstream.shapes import SHAPES
from tests.proxy.callers import openai_key, random_key
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

MODEL = "gpt-4o"
SCHEMA: dict[str, object] = {
    "type": "object",
    "properties": {"place": {"type": "string"}, "days": {"type": "integer"}},
    "required": ["place", "days"],
}
CHAT_TOOL: ChatCompletionToolParam = {
    "type": "function",
    "function": {"name": "weather", "description": "The weather.", "parameters": SCHEMA},
}
TOOL: FunctionToolParam = {
    "type": "function",
    "name": "weather",
    "parameters": SCHEMA,
    "strict": False,
}
WITH_IMAGE = f"data:image/png;base64,{IMAGE}"


def client_of(proxy: Proxy, mode: str = "full", **more: Any) -> OpenAI:
    chosen = {"api_key": proxy.key, "base_url": proxy.openai_url, "max_retries": 0, **more}
    return OpenAI(**chosen, default_headers={"X-Memory-Mode": mode})


@pytest.fixture
def client(proxy: Proxy, mode: str) -> Iterator[OpenAI]:
    with client_of(proxy, mode) as made:
        yield made


@pytest.fixture
def direct(upstream: Upstream) -> Iterator[OpenAI]:
    """A client that asks the provider itself."""
    with OpenAI(api_key=openai_key(), base_url=f"{upstream.url}/v1", max_retries=0) as made:
        yield made


def turn(text: str) -> list[ChatCompletionMessageParam]:
    return [
        {"role": "system", "content": "Du bist hilfreich – in Kürze."},
        {"role": "user", "content": "Hello."},
        {"role": "assistant", "content": "Hello! 👋"},
        {"role": "user", "content": text},
    ]


def chat(client: OpenAI, text: str) -> str | None:
    return (
        client.chat.completions.create(model=MODEL, messages=turn(text)).choices[0].message.content
    )


def chat_streamed(client: OpenAI, text: str) -> str | None:
    options: Any = {"include_usage": True}
    words = []
    with client.chat.completions.create(
        model=MODEL, messages=turn(text), stream=True, stream_options=options
    ) as stream:
        for chunk in stream:
            words += [choice.delta.content or "" for choice in chunk.choices]
    assert chunk.usage is not None
    assert chunk.usage.prompt_tokens > 0
    return "".join(words)


def chat_helper(client: OpenAI, text: str) -> str | None:
    with client.chat.completions.stream(model=MODEL, messages=turn(text)) as stream:
        return stream.get_final_completion().choices[0].message.content


def responses(client: OpenAI, text: str) -> str | None:
    return client.responses.create(model=MODEL, input=text, instructions="Short.").output_text


def responses_streamed(client: OpenAI, text: str) -> str | None:
    words = []
    with client.responses.create(model=MODEL, input=text, stream=True) as stream:
        for event in stream:
            if event.type == "response.output_text.delta":
                words.append(event.delta)
    assert event.type == "response.completed"
    return "".join(words)


def responses_helper(client: OpenAI, text: str) -> str | None:
    with client.responses.stream(model=MODEL, input=[{"role": "user", "content": text}]) as stream:
        return stream.get_final_response().output_text


CALLS: dict[str, Callable[[OpenAI, str], str | None]] = {
    each.__name__: each
    for each in (
        chat, chat_streamed, chat_helper, responses, responses_streamed, responses_helper,
    )
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
def test_memory_answers_the_question(proxy: Proxy, name: str) -> None:
    with client_of(proxy) as client:
        said = CALLS[name](client, QUESTION)
    check_memory(proxy.request, "full")
    assert said is not None
    assert ANSWER in said


@pytest.mark.parametrize("name", CALLS)
def test_without_memory_the_request_is_the_same_to_the_byte(
    proxy: Proxy, direct: OpenAI, name: str
) -> None:
    text = QUESTION + " Grüße – 世界 🧠"
    with client_of(proxy, "off") as client:
        answers = [CALLS[name](direct, text), CALLS[name](client, text)]
    assert answers[0] == answers[1]
    assert ANSWER not in (answers[0] or "")
    check_untouched(proxy, *proxy.upstream.requests)


def test_async_clients_stream_at_the_same_time(proxy: Proxy, mode: str) -> None:
    async def ask(client: AsyncOpenAI, number: int) -> str:
        stream = await client.chat.completions.create(
            model=MODEL, messages=turn(f"count to {number}"), stream=True
        )
        return "".join([(chunk.choices[0].delta.content or "") async for chunk in stream])

    async def ask_all() -> list[str]:
        answers = [""] * 20
        async with AsyncOpenAI(
            api_key=proxy.key,
            base_url=proxy.openai_url,
            max_retries=0,
            default_headers={"X-Memory-Mode": mode},
        ) as client:

            async def one(number: int) -> None:
                answers[number] = await ask(client, number + 1)

            async with anyio.create_task_group() as tasks:
                for number in range(len(answers)):
                    tasks.start_soon(one, number)
        return answers

    assert anyio.run(ask_all) == [" ".join(map(str, range(1, n + 2))) for n in range(20)]
    assert len(proxy.upstream.requests) == 20


@pytest.mark.parametrize("streamed", [False, True])
def test_chat_tools_make_their_round(
    proxy: Proxy, client: OpenAI, mode: str, streamed: bool
) -> None:
    question = f"{QUESTION} First use the tool."
    messages = turn(question)
    if streamed:
        with client.chat.completions.stream(
            model=MODEL, messages=messages, tools=[CHAT_TOOL]
        ) as stream:
            message: Any = stream.get_final_completion().choices[0].message
    else:
        whole = client.chat.completions.create(model=MODEL, messages=messages, tools=[CHAT_TOOL])
        message = whole.choices[0].message
    check_memory(proxy.request, mode, question=question)
    [call] = message.tool_calls
    assert call.function.name == "weather"
    arguments = json.loads(call.function.arguments)
    assert arguments["days"] == 7
    assert arguments["place"].startswith("Zürich – ")
    first = last_user_text(proxy.request)

    proxy.upstream.requests.clear()
    messages.append(message.model_dump(exclude_none=True, exclude={"parsed"}))
    messages.append({"role": "tool", "tool_call_id": call.id, "content": "Sonne ☀"})
    said = client.chat.completions.create(model=MODEL, messages=messages, tools=[CHAT_TOOL])
    assert "Sonne ☀" in (said.choices[0].message.content or "")
    assert last_user_text(proxy.request) == first
    assert document(proxy.request)["messages"][-1]["content"] == "Sonne ☀"


def test_chat_images_arrive(proxy: Proxy, client: OpenAI, mode: str) -> None:
    question = QUESTION.removesuffix(" Say port.")
    content: Any = [
        {"type": "text", "text": question},
        {"type": "image_url", "image_url": {"url": WITH_IMAGE, "detail": "low"}},
    ]
    said = client.chat.completions.create(
        model=MODEL, messages=[{"role": "user", "content": content}]
    )
    assert "(1 image)" in (said.choices[0].message.content or "")
    parts = document(proxy.request)["messages"][0]["content"]
    assert parts[:2] == content
    assert (len(parts) == 3) == (mode == "full")
    assert (ANSWER in parts[-1].get("text", "")) == (mode == "full")


def test_responses_images_arrive(proxy: Proxy, client: OpenAI, mode: str) -> None:
    question = QUESTION.removesuffix(" Say port.")
    content: Any = [
        {"type": "input_text", "text": question},
        {"type": "input_image", "image_url": WITH_IMAGE, "detail": "auto"},
    ]
    said = client.responses.create(model=MODEL, input=[{"role": "user", "content": content}])
    assert "(1 image)" in said.output_text
    parts = document(proxy.request)["input"][0]["content"]
    assert parts[:2] == content
    assert (len(parts) == 3) == (mode == "full")


@pytest.mark.parametrize("streamed", [False, True])
def test_responses_send_all_items_back(
    proxy: Proxy, client: OpenAI, mode: str, streamed: bool
) -> None:
    question = f"{QUESTION} First use the tool."
    items: list[Any] = [{"role": "user", "content": question}]
    options: dict[str, Any] = {
        "model": MODEL,
        "tools": [TOOL],
        "reasoning": {"effort": "low", "summary": "auto"},
        "include": ["reasoning.encrypted_content"],
        "store": False,
    }
    if streamed:
        with client.responses.stream(input=items, **options) as stream:
            first: Any = stream.get_final_response()
    else:
        first = client.responses.create(input=items, **options)
    assert [item.type for item in first.output] == ["reasoning", "function_call"]
    check_memory(proxy.request, mode, question=question)
    turn_sent = document(proxy.request)["input"][0]

    proxy.upstream.requests.clear()
    given: list[Any] = [
        item.model_dump(exclude_none=True, exclude={"parsed_arguments"}) for item in first.output
    ]
    output: Any = {
        "type": "function_call_output",
        "call_id": first.output[1].call_id,
        "output": "Sonne ☀",
    }
    second = client.responses.create(input=[*items, *given, output], **options)
    assert "Sonne ☀" in second.output_text
    sent = document(proxy.request)["input"]
    assert sent == [turn_sent, *given, output]

    proxy.upstream.requests.clear()
    said: list[Any] = [item.model_dump(exclude_none=True) for item in second.output]
    more: Any = {"role": "user", "content": "Thank you."}
    client.responses.create(input=[*items, *given, output, *said, more], **options)
    sent = document(proxy.request)["input"]
    assert sent[:-1] == [turn_sent, *given, output, *said]
    assert sent[-1]["content"].startswith("Thank you.")


def test_previous_responses_are_referred_to(proxy: Proxy, client: OpenAI, mode: str) -> None:
    first = client.responses.create(model=MODEL, input="Hello.")
    client.responses.create(model=MODEL, input=QUESTION, previous_response_id=first.id)
    request = proxy.upstream.requests[-1]
    check_memory(request, mode)
    assert document(request)["previous_response_id"] == first.id


def test_models_are_listed(proxy: Proxy, client: OpenAI, direct: OpenAI) -> None:
    assert [model.id for model in client.models.list()] == [
        model.id for model in direct.models.list()
    ]


def test_embeddings_are_those_of_the_provider(proxy: Proxy, client: OpenAI, direct: OpenAI) -> None:
    texts = [QUESTION, "Grüße – 世界"]
    vectors = [
        [item.embedding for item in each.embeddings.create(model="e", input=texts).data]
        for each in (direct, client)
    ]
    assert vectors[0] == vectors[1]
    check_untouched(proxy, *proxy.upstream.requests)


def test_files_are_uploaded_through_the_catch_all(proxy: Proxy, client: OpenAI) -> None:
    content = bytes(range(256)) * 4_000
    made = client.files.create(file=("größe.bin", content), purpose="user_data")
    assert made.bytes == len(content)
    assert made.status_details == hashlib.sha256(content).hexdigest()
    assert proxy.request.target == "/v1/files"


def test_headers_of_the_provider_are_seen(client: OpenAI) -> None:
    raw = client.chat.completions.with_raw_response.create(model=MODEL, messages=turn("Hello."))
    assert raw.request_id
    assert raw.request_id.startswith("req_")
    assert raw.headers["x-ratelimit-remaining-requests"] == "9999"
    assert raw.headers["openai-processing-ms"] == "17"
    assert "x-memory-injected-count" in raw.headers


def test_a_provider_that_is_overloaded_is_seen_as_such(proxy: Proxy, client: OpenAI) -> None:
    proxy.upstream.script = Script(status=429)
    with pytest.raises(openai.RateLimitError) as caught:
        chat(client, QUESTION)
    assert caught.value.response.headers["retry-after"] == "7"
    assert caught.value.code == "rate_limit_exceeded"
    assert caught.value.request_id
    assert len(proxy.upstream.requests) == 1


def test_the_sdk_tries_again_when_the_provider_said_so(proxy: Proxy, mode: str) -> None:
    given = iter([Script(status=429, headers=(("retry-after", "0.01"),)), None])
    proxy.upstream.script = lambda _: next(given)
    with client_of(proxy, mode, max_retries=2) as client:
        assert chat(client, QUESTION)
    bodies = [request.body for request in proxy.upstream.requests]
    assert len(bodies) == 2
    assert bodies[0] == bodies[1]


def test_an_error_of_the_provider_keeps_its_words(proxy: Proxy, client: OpenAI) -> None:
    error = {"message": "Größe 世界", "type": "invalid_request_error", "param": "n", "code": "c"}
    proxy.upstream.script = Script(status=422, body=json.dumps({"error": error}).encode())
    with pytest.raises(openai.UnprocessableEntityError) as caught:
        chat_streamed(client, QUESTION)
    assert caught.value.body == error


def test_a_wrong_key_is_refused_in_the_providers_shape(proxy: Proxy, mode: str) -> None:
    with (
        client_of(proxy, mode, api_key=random_key("mo_")) as stranger,
        pytest.raises(openai.AuthenticationError) as caught,
    ):
        chat(stranger, QUESTION)
    assert caught.value.status_code == 401
    assert caught.value.type
    assert not proxy.upstream.requests


def test_an_error_in_the_middle_of_a_stream_reaches_the_client(
    proxy: Proxy, client: OpenAI
) -> None:
    proxy.upstream.script = Script(body=SHAPES["chat-error"].stream, every=100)
    with pytest.raises(openai.APIError, match="The server had an error"):
        chat_streamed(client, QUESTION)
