# SPDX-License-Identifier: AGPL-3.0-only
"""OpenAI Chat Completions, ``/v1/chat/completions``, as all compatible servers speak it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from memoryoss_proxy.wire import failure
from memoryoss_proxy.wire.content import Content, read_call_input, read_content, read_words
from memoryoss_proxy.wire.conversation import Conversation, Entry, ToolCall, assemble
from memoryoss_proxy.wire.errors import MalformedRequestError
from memoryoss_proxy.wire.reply import Collector, Reply, Usage, amount, parse_object
from memoryoss_proxy.wire.spans import Node, Shape, parse
from memoryoss_proxy.wire.sse import Event

NAME: Final = "openai_chat"
EVENT_LIMIT: Final = 1_048_576
"""Bytes of one event of a stream that are read; each has one piece of the answer."""

error = failure.openai


def read(raw: bytes) -> Conversation:
    """Read the body of a request.

    Raises:
        MalformedRequestError: it is not JSON, or ``messages`` is missing or of a wrong shape.
    """
    text, root = parse(raw, _SHAPE)
    messages = (root.members or {}).get("messages")
    if messages is None or messages.items is None:
        raise MalformedRequestError("'messages' must be an array of messages.", field="messages")
    entries = [_entry(node, f"messages[{index}]") for index, node in enumerate(messages.items)]
    return assemble(NAME, raw, text, root.value, entries)


def reply(body: bytes) -> Reply:
    """Read a whole answer. One that is no answer gives an empty, unfinished reply."""
    collected = Collector()
    _take(collected, parse_object(body), "message")
    return collected.reply()


class ReplyReader:
    """Reads an answer from the events of its stream."""

    def __init__(self) -> None:
        self._collected = Collector()

    def feed(self, event: Event) -> None:
        """Take the next event. What cannot be read is passed over."""
        if event.data.strip() == "[DONE]":
            self._collected.finish()
        elif event.event == "error":
            self._collected.fail()
        else:
            _take(self._collected, parse_object(event.data), "delta")

    @property
    def reply(self) -> Reply:
        """The answer as far as it has come."""
        return self._collected.reply()


def _entry(node: Node, where: str) -> Entry:
    message = node.value
    if not isinstance(message, dict) or not isinstance(role := message.get("role"), str):
        raise MalformedRequestError(f"{where} must be an object with a role.", field=where)
    content = read_content(message.get("content"), f"{where}.content", _TEXT)
    counted = {name: item for name, item in message.items() if name not in _UNCOUNTED}
    if role == "user":
        node_of_content = (node.members or {}).get("content")
        words = read_words(node_of_content, content, _NEW_PART, "text")
        counted["content"] = words.counted
        return Entry(role, words.own, words.added, counted=counted, place=words.place)
    counted["content"] = list(content.parts)
    if role in _RESULTS:
        return Entry("tool", results=content.texts, counted=counted)
    calls = tuple(_calls(message, where)) if role == "assistant" else ()
    return Entry(role, _said(content), calls=calls, counted=counted)


def _said(content: Content) -> tuple[str, ...]:
    return tuple(text for text in content.texts if text)


def _calls(message: Mapping[str, Any], where: str) -> Iterator[ToolCall]:
    calls = message.get("tool_calls")
    if calls is None:
        calls = []
    if not isinstance(calls, list):
        raise MalformedRequestError(f"{where}.tool_calls must be an array.", field=where)
    for call in calls:
        if not isinstance(call, dict):
            raise MalformedRequestError(f"{where}.tool_calls must have objects.", field=where)
        called = call.get("function", call.get("custom"))
        yield _call(called, f"{where}.tool_calls")
    if message.get("function_call") is not None:
        yield _call(message["function_call"], f"{where}.function_call")


def _call(called: Any, where: str) -> ToolCall:
    if not isinstance(called, dict) or not isinstance(name := called.get("name"), str):
        raise MalformedRequestError(f"{where} must name a tool.", field=where)
    return ToolCall(name, read_call_input(called.get("arguments", called.get("input"))))


def _take(collected: Collector, chunk: Mapping[str, Any], member: str) -> None:
    """Take a whole answer (``member`` is ``message``) or a piece of one (``delta``)."""
    if chunk.get("error") is not None:
        collected.fail()
    if isinstance(usage := chunk.get("usage"), dict):
        collected.usage = _usage(usage)
    choices = chunk.get("choices")
    for choice in choices if isinstance(choices, list) else ():
        # Of several answers to one request the first is the one that counts.
        if not isinstance(choice, dict) or (choice.get("index") or 0) != 0:
            continue
        if isinstance(part := choice.get(member), dict):
            collected.say(part.get("content"))
            _take_calls(collected, part)
        if choice.get("finish_reason") is not None:
            collected.finish()


def _take_calls(collected: Collector, part: Mapping[str, Any]) -> None:
    calls = part.get("tool_calls")
    for call in calls if isinstance(calls, list) else ():
        called = call.get("function", call.get("custom")) if isinstance(call, dict) else None
        if isinstance(called, dict):
            index = call.get("index")
            if not isinstance(index, int):  # a call that is whole
                index = collected.next_call
            collected.call(index, called.get("name"), called.get("arguments", called.get("input")))
    if isinstance(called := part.get("function_call"), dict):
        collected.call(-1, called.get("name"), called.get("arguments"))


def _usage(usage: Mapping[str, Any]) -> Usage:
    return Usage(
        amount(usage, "prompt_tokens"),
        amount(usage, "prompt_tokens_details", "cached_tokens"),
        amount(usage, "prompt_tokens_details", "cache_write_tokens"),
        amount(usage, "completion_tokens"),
    )


_SHAPE: Final[Shape] = {"messages": [{"content": [None]}]}
_TEXT: Final = {"text": "text"}
_NEW_PART: Final = '{"type":"text","text":"'
_RESULTS: Final = frozenset({"tool", "function"})
# Clients of reasoning models leave these out of later requests.
_UNCOUNTED: Final = frozenset({"content", "reasoning_content", "reasoning", "reasoning_details"})
