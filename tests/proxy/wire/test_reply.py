# SPDX-License-Identifier: AGPL-3.0-only
"""An answer is read from its stream as from its whole body, and only a complete one is finished."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memoryoss_proxy.wire import FORMS
from memoryoss_proxy.wire.conversation import ToolCall
from memoryoss_proxy.wire.reply import LONGEST_TEXT, Reply, Usage
from memoryoss_proxy.wire.sse import Event
from tests.proxy.wire.streams import ARGUMENTS, SPOKEN, STREAMS, read_stream, responses_body

forms = pytest.mark.parametrize("form", list(FORMS))
CALL = ToolCall("read_file", ARGUMENTS)
USAGE = {
    "openai_chat": Usage(120, 100, 0, 30),
    "openai_responses": Usage(120, 100, 0, 30),
    "anthropic": Usage(120, 100, 5, 30),
}


def bodies() -> dict[str, dict[str, Any]]:
    function = {"name": CALL.name, "arguments": CALL.arguments}
    calls = [{"id": "call_1", "type": "function", "function": function}]
    message = {"role": "assistant", "content": SPOKEN, "tool_calls": calls}
    return {
        "openai_chat": {
            "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}],
            "usage": {
                "prompt_tokens": 120,
                "completion_tokens": 30,
                "prompt_tokens_details": {"cached_tokens": 100},
            },
        },
        "openai_responses": responses_body(),
        "anthropic": {
            "type": "message",
            "content": [
                {"type": "thinking", "thinking": "…", "signature": "c2ln"},
                {"type": "text", "text": SPOKEN},
                {"type": "tool_use", "name": CALL.name, "input": json.loads(CALL.arguments)},
            ],
            "stop_reason": "tool_use",
            "usage": {
                "input_tokens": 15,
                "cache_creation_input_tokens": 5,
                "cache_read_input_tokens": 100,
                "output_tokens": 30,
            },
        },
    }


@forms
def test_a_stream_cut_at_any_byte_gives_the_same_reply(form: str) -> None:
    stream = STREAMS[form]()
    expected = Reply(SPOKEN, (CALL,), True, USAGE[form])
    for at in range(len(stream) + 1):
        assert read_stream(form, [stream[:at], stream[at:]]) == expected


@forms
def test_a_whole_answer_gives_what_its_stream_gives(form: str) -> None:
    body = json.dumps(bodies()[form], ensure_ascii=False).encode()
    assert FORMS[form].reply(body) == read_stream(form, [STREAMS[form]()])


@forms
def test_an_error_amid_the_stream_is_no_end(form: str) -> None:
    reply = read_stream(form, [STREAMS[form](error=True)])
    assert not reply.finished
    assert reply.text == SPOKEN


@forms
def test_a_stream_that_is_cut_off_is_no_end(form: str) -> None:
    stream = STREAMS[form]()
    end = {
        "openai_chat": b'"finish_reason":"tool_calls"',
        "openai_responses": b"event: response.completed",
        "anthropic": b"event: message_stop",
    }[form]
    for at in range(0, stream.index(end), 7):
        assert not read_stream(form, [stream[:at]]).finished


@pytest.mark.parametrize("status", ["incomplete", "failed"])
def test_a_response_that_ended_otherwise_is_not_finished(status: str) -> None:
    form = FORMS["openai_responses"]
    response = responses_body() | {"status": status}
    assert not form.reply(json.dumps(response).encode()).finished
    reader = form.ReplyReader()
    kind = f"response.{status}"
    reader.feed(Event(kind, json.dumps({"type": kind, "response": response})))
    assert not reader.reply.finished
    assert reader.reply.text == SPOKEN


def test_our_own_block_is_no_part_of_a_reply() -> None:
    text = "Noted.\n\n<memory_context><summary>s</summary></memory_context> And done."
    content = [{"type": "text", "text": text}]
    body = {"type": "message", "content": content, "stop_reason": "end_turn"}
    assert FORMS["anthropic"].reply(json.dumps(body).encode()).text == "Noted. And done."


def test_a_character_in_two_halves_is_put_together() -> None:
    reader = FORMS["openai_chat"].ReplyReader()
    for half in (r"\ud83d", r"\ude00", r"\ud83d"):
        data = '{"choices":[{"index":0,"delta":{"content":"' + half + '"}}]}'
        reader.feed(Event("message", data))
    assert reader.reply.text == "😀\ufffd"


def test_calls_without_an_index_are_whole_ones() -> None:
    reader = FORMS["openai_chat"].ReplyReader()
    for name in ("first", "second"):
        call = {"id": name, "function": {"name": name, "arguments": "{}"}}
        chunk = {"choices": [{"index": 0, "delta": {"tool_calls": [call]}}]}
        reader.feed(Event("message", json.dumps(chunk)))
    assert [call.name for call in reader.reply.tool_calls] == ["first", "second"]


def test_legacy_and_custom_calls() -> None:
    function = {"name": "f", "arguments": "{}"}
    legacy = {"role": "assistant", "content": None, "function_call": function}
    custom = [{"id": "1", "type": "custom", "custom": {"name": "c", "input": "free text"}}]
    for message, call in (
        (legacy, ToolCall("f", "{}")),
        ({"role": "assistant", "tool_calls": custom}, ToolCall("c", "free text")),
    ):
        body = {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
        reply = FORMS["openai_chat"].reply(json.dumps(body).encode())
        assert reply.tool_calls == (call,)


@forms
def test_a_very_long_answer_is_kept_in_part(form: str) -> None:
    reader = FORMS[form].ReplyReader()
    long = "x" * 100_000
    piece = {
        "openai_chat": {"choices": [{"index": 0, "delta": {"content": long}}]},
        "openai_responses": {"type": "response.output_text.delta", "delta": long},
        "anthropic": {
            "type": "content_block_delta",
            "index": 0,
            "delta": {"type": "text_delta", "text": long},
        },
    }[form]
    for _ in range(8):
        reader.feed(Event("message", json.dumps(piece)))
    assert len(reader.reply.text) == LONGEST_TEXT


def test_endless_calls_are_kept_in_part() -> None:
    reader = FORMS["openai_chat"].ReplyReader()
    for index in range(4000):
        call = {"index": index, "function": {"name": "n", "arguments": "y" * 1000}}
        chunk = {"choices": [{"index": 0, "delta": {"tool_calls": [call]}}]}
        reader.feed(Event("message", json.dumps(chunk)))
    calls = reader.reply.tool_calls
    assert sum(len(call.arguments) for call in calls) <= LONGEST_TEXT
    assert len(calls) < 4000


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.floats()
    | st.sampled_from(["message", "delta", "error", "text", "tool_use", "function_call", "x", ""]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "type",
                    "choices",
                    "index",
                    "delta",
                    "message",
                    "content",
                    "tool_calls",
                    "function",
                    "name",
                    "arguments",
                    "usage",
                    "response",
                    "output",
                    "item",
                    "content_block",
                    "input",
                    "error",
                    "finish_reason",
                    "function_call",
                    "text",
                    "prompt_tokens",
                    "prompt_tokens_details",
                    "status",
                    "output_index",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)
kinds = st.sampled_from(
    [
        "content_block_start",
        "content_block_delta",
        "message_start",
        "message_delta",
        "error",
        "message_stop",
        "response.completed",
        "response.output_item.done",
        "response.output_text.delta",
        "message",
    ]
)


@given(st.sampled_from(list(FORMS)), st.lists(st.tuples(kinds, values), max_size=5))
def test_no_answer_breaks_a_reader(form: str, events: list[tuple[str, Any]]) -> None:
    reader = FORMS[form].ReplyReader()
    for kind, value in events:
        if isinstance(value, dict) and len(value) % 2:
            value = {"type": kind, **value}
        reader.feed(Event(kind, json.dumps(value)))
        FORMS[form].reply(json.dumps(value).encode())
    reader.reply.text.encode()


@forms
@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"\xff", b"[" * 100_000, b'"' + b"x" * 99])
def test_what_is_no_answer_is_an_unfinished_one(form: str, body: bytes) -> None:
    assert FORMS[form].reply(body) == Reply("", (), False, None)
    reader = FORMS[form].ReplyReader()
    reader.feed(Event("message", body.decode("utf-8", "replace")))
    assert reader.reply == Reply("", (), False, None)
