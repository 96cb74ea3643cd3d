# SPDX-License-Identifier: AGPL-3.0-only
"""Requests of Messages."""

from __future__ import annotations

import json
from typing import Any

from memoryoss_proxy.wire import anthropic
from memoryoss_proxy.wire.conversation import Conversation, Message, ToolCall

BLOCK = "<memory_context>m</memory_context>"
RESULT = {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "12 kB"}]}
USE = {"type": "tool_use", "id": "t", "name": "size", "input": {"path": "größe.py"}}


def read(*messages: dict[str, Any], **more: Any) -> Conversation:
    return anthropic.read(json.dumps({"messages": messages, **more}).encode())


def user(*content: Any) -> dict[str, Any]:
    return {"role": "user", "content": list(content)}


def assistant(*content: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": list(content)}


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def test_results_of_tools_alone_are_no_turn() -> None:
    conversation = read(user(text("How big?")), assistant(text("Let me see."), USE), user(RESULT))
    assert [turn.text for turn in conversation.turns] == ["How big?"]
    assert not conversation.fresh
    assert conversation.tool_calls == (ToolCall("size", '{"path": "größe.py"}'),)
    assert conversation.messages == (
        Message("user", "How big?"),
        Message("assistant", "Let me see."),
        Message("tool", "12 kB"),
    )


def test_words_beside_a_result_are_a_turn() -> None:
    conversation = read(user(text("How big?")), assistant(USE), user(RESULT, text("And now?")))
    assert [turn.text for turn in conversation.turns] == ["How big?", "And now?"]
    assert conversation.fresh
    sent = json.loads(conversation.with_blocks({1: BLOCK}))["messages"]
    assert sent[2]["content"] == [RESULT, text("And now?"), text(BLOCK)]


def test_what_the_client_adds_are_not_the_users_words() -> None:
    reminder = text("<system-reminder>\nThe file changed.\n</system-reminder>")
    loop = read(user(reminder, text("How big?")), assistant(USE), user(RESULT, reminder))
    assert [turn.text for turn in loop.turns] == ["How big?"]
    assert not loop.fresh
    assert loop.messages[0] == Message("system", reminder["text"])


def test_system_of_both_forms() -> None:
    for system in ("S", [{**text("S"), "cache_control": {"type": "ephemeral"}}]):
        conversation = read(user(text("a")), system=system)
        assert conversation.messages[0] == Message("system", "S")
        sent = json.loads(conversation.with_blocks({0: BLOCK}))
        assert sent["system"] == system


def test_documents_and_thinking_survive_and_say_nothing() -> None:
    document = {"type": "document", "source": {"type": "text", "data": "D"}, "title": "T"}
    thinking = {"type": "thinking", "thinking": "secret", "signature": "c2ln"}
    server = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"query": "q"}}
    found = {"type": "web_search_tool_result", "tool_use_id": "s", "content": []}
    messages = (
        user(document, text("Read it")),
        assistant(thinking, server, found, text("Read.")),
        {"role": "user", "content": "Good"},
    )
    conversation = read(*messages)
    assert [message.text for message in conversation.messages] == ["Read it", "Read.", "Good"]
    assert conversation.tool_calls == (ToolCall("web_search", '{"query": "q"}'),)
    sent = json.loads(conversation.with_blocks({1: BLOCK}))["messages"]
    assert sent[:2] == list(messages[:2])


def test_thinking_that_a_client_drops_does_not_change_a_key() -> None:
    thinking = {"type": "redacted_thinking", "data": "c2Vh"}
    first = read(user(text("a")), assistant(thinking, text("b")), user(text("c")))
    second = read(user(text("a")), assistant(text("b")), user(text("c")))
    assert first.turns[1].key == second.turns[1].key


def test_a_prefilled_answer_is_not_fresh() -> None:
    assert not read(user(text("a")), {"role": "assistant", "content": "{"}).fresh
