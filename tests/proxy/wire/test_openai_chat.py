# SPDX-License-Identifier: AGPL-3.0-only
"""Requests of Chat Completions."""

from __future__ import annotations

import json
from typing import Any

from memoryoss_proxy.wire import openai_chat
from memoryoss_proxy.wire.conversation import Conversation, Message, ToolCall


def read(*messages: dict[str, Any], **more: Any) -> Conversation:
    return openai_chat.read(json.dumps({"messages": messages, **more}).encode())


def user(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content}


def called(name: str, arguments: str = "{}") -> dict[str, Any]:
    function = {"name": name, "arguments": arguments}
    call = {"id": "c", "type": "function", "function": function}
    return {"role": "assistant", "content": None, "tool_calls": [call]}


def test_all_that_was_said() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:,"}}
    conversation = read(
        {"role": "system", "content": "S"},
        {"role": "developer", "content": [{"type": "text", "text": "D"}]},
        user([{"type": "text", "text": "one"}, image, {"type": "text", "text": "two"}]),
        called("run", '{"a":1}'),
        {"role": "tool", "tool_call_id": "c", "content": "result"},
        {"role": "function", "name": "f", "content": "old result"},
        {"role": "assistant", "content": "done"},
        user("thanks"),
        model="m",
        stream=True,
    )
    assert conversation.model == "m"
    assert conversation.stream
    assert [turn.text for turn in conversation.turns] == ["one\ntwo", "thanks"]
    assert conversation.fresh
    assert conversation.messages == (
        Message("system", "S"),
        Message("developer", "D"),
        Message("user", "one\ntwo"),
        Message("tool", "result"),
        Message("tool", "old result"),
        Message("assistant", "done"),
        Message("user", "thanks"),
    )


def test_an_agents_loop_is_not_fresh() -> None:
    result = {"role": "tool", "tool_call_id": "c", "content": "r"}
    conversation = read(user("go"), called("one"), result, called("two", '{"x": "ü"}'), result)
    assert not conversation.fresh
    assert conversation.tool_calls == (ToolCall("one", "{}"), ToolCall("two", '{"x": "ü"}'))


def test_a_system_message_at_the_end_leaves_the_turn_fresh() -> None:
    assert read(user("go"), {"role": "system", "content": "Be brief."}).fresh


def test_the_calls_of_the_last_message_before_a_turn() -> None:
    old = {"role": "assistant", "content": "", "function_call": {"name": "f", "arguments": "a"}}
    assert read(user("go"), called("x"), user("stop"), old, user("no")).tool_calls == (
        ToolCall("f", "a"),
    )
    assert (
        read(
            user("go"), called("x"), user("a"), {"role": "assistant", "content": "b"}, user("c")
        ).tool_calls
        == ()
    )


def test_without_words_it_is_no_turn() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:,"}}
    conversation = read(user(" \n"), user([image]), user([]), user(None), user(""))
    assert conversation.turns == ()
    assert not conversation.fresh


def test_hidden_reasoning_that_a_client_drops_does_not_change_a_key() -> None:
    kept = {"role": "assistant", "content": "b", "reasoning_content": "thought"}
    dropped = {"role": "assistant", "content": "b"}
    first, second = (read(user("a"), said, user("c")) for said in (kept, dropped))
    assert first.turns[1].key == second.turns[1].key
