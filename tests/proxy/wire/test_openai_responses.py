# SPDX-License-Identifier: AGPL-3.0-only
"""Requests of Responses: every item survives."""

from __future__ import annotations

import json
from typing import Any

import pytest

from memoryoss_proxy.wire import openai_responses
from memoryoss_proxy.wire.conversation import Conversation, Message, ToolCall
from memoryoss_proxy.wire.errors import MalformedRequestError

BLOCK = "<memory_context>m</memory_context>"


def read(given: Any, **more: Any) -> Conversation:
    return openai_responses.read(json.dumps({"input": given, **more}).encode())


def test_a_string_is_the_users_turn() -> None:
    conversation = read("How big?", instructions="Be brief.", model="m")
    assert [turn.text for turn in conversation.turns] == ["How big?"]
    assert conversation.fresh
    assert conversation.messages == (Message("system", "Be brief."), Message("user", "How big?"))
    sent = json.loads(conversation.with_blocks({0: BLOCK}))
    assert sent["input"] == f"How big?\n\n{BLOCK}"
    assert sent["instructions"] == "Be brief."


def test_a_string_and_one_message_are_the_same_conversation() -> None:
    message = {"type": "message", "role": "user", "content": "How big?"}
    assert read("How big?").turns[0].key == read([message]).turns[0].key


def test_every_item_survives() -> None:
    items: list[dict[str, Any]] = [
        {"role": "developer", "content": "D"},
        {"role": "user", "content": [{"type": "input_text", "text": "Look"},
                                     {"type": "input_image", "image_url": "data:,", "x": 1}]},
        {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "c2Vh"},
        {"type": "item_reference", "id": "msg_0"},
        {"type": "web_search_call", "id": "ws_1", "action": {"query": "q"}, "status": "completed"},
        {"type": "function_call", "call_id": "c1", "name": "run", "arguments": '{"a":1}'},
        {"type": "function_call_output", "call_id": "c1", "output": "result"},
        {"type": "custom_tool_call", "call_id": "c2", "name": "patch", "input": "*** text"},
        {"type": "custom_tool_call_output", "call_id": "c2",
         "output": [{"type": "input_text", "text": "patched"}]},
        {"type": "message", "role": "assistant", "id": "msg_1", "status": "completed",
         "content": [{"type": "output_text", "text": "Done", "annotations": []}]},
        {"type": "something_new", "payload": [1, 2]},
        {"type": "message", "role": "user", "content": "Thanks"},
    ]  # fmt: skip
    conversation = read(items)
    assert [turn.text for turn in conversation.turns] == ["Look", "Thanks"]
    assert conversation.messages == (
        Message("developer", "D"),
        Message("user", "Look"),
        Message("tool", "result"),
        Message("tool", "patched"),
        Message("assistant", "Done"),
        Message("user", "Thanks"),
    )
    sent = json.loads(conversation.with_blocks({0: BLOCK, 1: BLOCK}))["input"]
    assert sent[1]["content"].pop() == {"type": "input_text", "text": BLOCK}
    assert sent[-1]["content"] == f"Thanks\n\n{BLOCK}"
    sent[-1]["content"] = "Thanks"
    assert sent == items


def test_calls_of_all_kinds() -> None:
    conversation = read(
        [
            {"role": "user", "content": "go"},
            {"type": "local_shell_call", "id": "x", "action": {"command": ["rm", "-rf", "ü"]}},
            {"type": "function_call", "call_id": "c1", "name": "run", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c1", "output": "r"},
        ]
    )
    assert not conversation.fresh
    assert conversation.tool_calls == (
        ToolCall("local_shell_call", '{"action": {"command": ["rm", "-rf", "ü"]}}'),
        ToolCall("run", "{}"),
    )


def test_reasoning_that_a_client_drops_does_not_change_a_key() -> None:
    first = {"role": "user", "content": "a"}
    answer = {"type": "message", "role": "assistant", "id": "m", "content": "b"}
    thought = {"type": "reasoning", "id": "rs_1", "summary": []}
    last = {"role": "user", "content": "c"}
    with_thought = read([first, thought, answer, last])
    without = read([first, {key: answer[key] for key in ("type", "role", "content")}, last])
    assert with_thought.turns[1].key == without.turns[1].key


def test_what_the_provider_remembers_makes_a_key_differ() -> None:
    keys = {read("yes", **more).turns[0].key for more in (
        {}, {"previous_response_id": "resp_1"}, {"previous_response_id": "resp_2"},
        {"conversation": "conv_1"},
    )}  # fmt: skip
    assert len(keys) == 4
    assert read("yes", previous_response_id=None).turns[0].key in keys


def test_a_stored_prompt_needs_no_input() -> None:
    conversation = openai_responses.read(b'{"prompt": {"id": "pmpt_1"}}')
    assert conversation.turns == ()
    with pytest.raises(MalformedRequestError):
        openai_responses.read(b'{"model": "m"}')
