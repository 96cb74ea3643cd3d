# SPDX-License-Identifier: AGPL-3.0-only
"""Anthropic Messages, ``/v1/messages`` and its ``count_tokens``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from memoryoss_proxy.wire import failure
from memoryoss_proxy.wire.content import read_call_input, read_content, read_words
from memoryoss_proxy.wire.conversation import Conversation, Entry, ToolCall, as_text, assemble
from memoryoss_proxy.wire.errors import MalformedRequestError
from memoryoss_proxy.wire.reply import Collector, Reply, Usage, amount, parse_object
from memoryoss_proxy.wire.spans import Node, Shape, parse
from memoryoss_proxy.wire.sse import Event

NAME: Final = "anthropic"
EVENT_LIMIT: Final = 1_048_576
"""Bytes of one event of a stream that are read; each has one piece of the answer."""

error = failure.anthropic


def read(raw: bytes) -> Conversation:
    """Read the body of a request.

    Raises:
        MalformedRequestError: it is not JSON, or ``messages`` is missing or of a wrong shape.
    """
    text, root = parse(raw, _SHAPE)
    messages = (root.members or {}).get("messages")
    if messages is None or messages.items is None:
        raise MalformedRequestError("'messages' must be an array of messages.", field="messages")
    system = read_content(root.value.get("system"), "system", _TEXT)
    entries = [Entry("system", system.texts)] if system.texts else []
    entries += [_entry(node, f"messages[{index}]") for index, node in enumerate(messages.items)]
    return assemble(NAME, raw, text, root.value, entries)


def reply(body: bytes) -> Reply:
    """Read a whole answer. One that is no answer gives an empty, unfinished reply."""
    collected = Collector()
    message = parse_object(body)
    if message.get("type") == "error":
        collected.fail()
    blocks = message.get("content")
    for index, block in enumerate(blocks if isinstance(blocks, list) else ()):
        if isinstance(block, dict):
            _begin_block(collected, index, block)
    if isinstance(usage := message.get("usage"), dict):
        collected.usage = _usage(usage)
    if message.get("stop_reason") is not None:
        collected.finish()
    return collected.reply()


class ReplyReader:
    """Reads an answer from the events of its stream."""

    def __init__(self) -> None:
        self._collected = Collector()
        self._usage: dict[str, Any] = {}

    def feed(self, event: Event) -> None:
        """Take the next event. What cannot be read is passed over."""
        data = parse_object(event.data)
        collected = self._collected
        match data.get("type", event.event):
            case "message_start" if isinstance(message := data.get("message"), dict):
                self._count(message.get("usage"))
            case "content_block_start" if isinstance(block := data.get("content_block"), dict):
                _begin_block(collected, _index(data), block)
            case "content_block_delta" if isinstance(delta := data.get("delta"), dict):
                if delta.get("type") == "text_delta":
                    collected.say(delta.get("text"))
                elif delta.get("type") == "input_json_delta":
                    collected.call(_index(data), None, delta.get("partial_json"))
            case "message_delta":
                self._count(data.get("usage"))
            case "message_stop":
                collected.finish()
            case "error":
                collected.fail()

    @property
    def reply(self) -> Reply:
        """The answer as far as it has come."""
        return self._collected.reply()

    def _count(self, usage: object) -> None:
        """The counts at the end are totals that replace those of the beginning."""
        if isinstance(usage, dict):
            self._usage |= {name: usage[name] for name in _COUNTS if usage.get(name) is not None}
            self._collected.usage = _usage(self._usage)


def _entry(node: Node, where: str) -> Entry:
    message = node.value
    if not isinstance(message, dict) or not isinstance(role := message.get("role"), str):
        raise MalformedRequestError(f"{where} must be an object with a role.", field=where)
    content = read_content(message.get("content"), f"{where}.content", _TEXT)
    if role == "user":
        words = read_words((node.members or {}).get("content"), content, _NEW_PART, "text")
        results = tuple(_results(content.parts, where))
        counted = {**message, "content": words.counted}
        return Entry(role, words.own, words.added, results, counted=counted, place=words.place)
    kept = [part for part in content.parts if part["type"] not in _THINKING]
    if not kept and content.parts:
        return Entry(role)
    calls = tuple(_calls(content.parts, where)) if role == "assistant" else ()
    return Entry(role, content.texts, calls=calls, counted={**message, "content": kept})


def _results(parts: Sequence[Mapping[str, Any]], where: str) -> Iterator[str]:
    for part in parts:
        if part["type"] == "tool_result":
            yield from read_content(part.get("content"), f"{where}.tool_result", _TEXT).texts


def _calls(parts: Sequence[Mapping[str, Any]], where: str) -> Iterator[ToolCall]:
    for part in parts:
        if part["type"].endswith("tool_use"):
            if not isinstance(name := part.get("name"), str):
                raise MalformedRequestError(f"{where}: a tool_use must name a tool.", field=where)
            yield ToolCall(name, read_call_input(part.get("input")))


def _begin_block(collected: Collector, index: int, block: Mapping[str, Any]) -> None:
    """Take a whole block, or the beginning of one that comes piece by piece."""
    kind = block.get("type")
    if kind == "text":
        collected.say(block.get("text"))
        return
    collected.pause()
    if isinstance(kind, str) and kind.endswith("tool_use"):
        given = block.get("input")
        collected.call(index, block.get("name"), _input(given) if given else None)


def _input(value: Any) -> str:
    try:
        return as_text(value)
    except MalformedRequestError:  # nested too deeply
        return ""


def _index(data: Mapping[str, Any]) -> int:
    index = data.get("index")
    return index if isinstance(index, int) else 0


def _usage(usage: Mapping[str, Any]) -> Usage:
    cached = amount(usage, "cache_read_input_tokens")
    written = amount(usage, "cache_creation_input_tokens")
    # The provider's own input_tokens has neither.
    total = amount(usage, "input_tokens") + cached + written
    return Usage(total, cached, written, amount(usage, "output_tokens"))


_SHAPE: Final[Shape] = {"messages": [{"content": [None]}]}
_TEXT: Final = {"text": "text"}
_NEW_PART: Final = '{"type":"text","text":"'
_THINKING: Final = frozenset({"thinking", "redacted_thinking"})
"""Blocks that clients may leave out of later requests."""
_COUNTS: Final = (
    "input_tokens",
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
    "output_tokens",
)
