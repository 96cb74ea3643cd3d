# SPDX-License-Identifier: AGPL-3.0-only
"""OpenAI Responses, ``/v1/responses``. Its input is a string or an array of items, of which only
the user's messages are ever touched."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from memoryoss_proxy.wire import failure
from memoryoss_proxy.wire.content import read_call_input, read_content, read_words
from memoryoss_proxy.wire.conversation import Conversation, Entry, ToolCall, as_text, assemble
from memoryoss_proxy.wire.errors import MalformedRequestError
from memoryoss_proxy.wire.reply import Collector, Reply, Usage, amount, parse_object
from memoryoss_proxy.wire.spans import Node, Shape, parse
from memoryoss_proxy.wire.sse import Event

NAME: Final = "openai_responses"
EVENT_LIMIT: Final = 16 * 1_048_576
"""Bytes of one event of a stream that are read; the last one repeats the whole answer, with
generated images."""

error = failure.openai


def read(raw: bytes) -> Conversation:
    """Read the body of a request.

    Raises:
        MalformedRequestError: it is not JSON, or ``input`` is missing or of a wrong shape.
    """
    text, root = parse(raw, _SHAPE)
    node = (root.members or {}).get("input")
    if node is not None and isinstance(node.value, str):
        entries = [_said_by_user({"role": "user"}, node, "input")]
    elif node is not None and node.items is not None:
        entries = [_entry(item, f"input[{index}]") for index, item in enumerate(node.items)]
    elif node is None and isinstance(root.value, dict) and "prompt" in root.value:
        entries = []  # a stored prompt can do without
    else:
        raise MalformedRequestError("'input' must be a string or an array.", field="input")
    request = root.value
    if isinstance(instructions := request.get("instructions"), str):
        entries.insert(0, Entry("system", (instructions,)))
    # What the provider remembers itself comes before the input.
    seed = [request.get("previous_response_id"), request.get("conversation")]
    return assemble(NAME, raw, text, request, entries, seed=seed)


def reply(body: bytes) -> Reply:
    """Read a whole answer. One that is no answer gives an empty, unfinished reply."""
    collected = Collector()
    response = parse_object(body)
    _take_response(collected, response)
    _end(collected, response.get("status") == "completed")
    return collected.reply()


class ReplyReader:
    """Reads an answer from the events of its stream."""

    def __init__(self) -> None:
        self._collected = Collector()

    def feed(self, event: Event) -> None:
        """Take the next event. What cannot be read is passed over."""
        data = parse_object(event.data)
        collected = self._collected
        match data.get("type", event.event):
            case "response.output_text.delta":
                collected.say(data.get("delta"))
            case "response.output_item.added":
                collected.pause()
            case "response.output_item.done" if isinstance(item := data.get("item"), dict):
                if _is_call(item):
                    _take_call(collected, item, data.get("output_index"))
            case "response.completed" | "response.incomplete" | "response.failed" as kind:
                response = data.get("response")
                _take_response(collected, response if isinstance(response, dict) else {})
                _end(collected, kind == "response.completed")
            case "error":
                collected.fail()

    @property
    def reply(self) -> Reply:
        """The answer as far as it has come."""
        return self._collected.reply()


def _entry(node: Node, where: str) -> Entry:
    item = node.value
    if not isinstance(item, dict):
        raise MalformedRequestError(f"{where} must be an object.", field=where)
    kind = item.get("type", "message" if "role" in item else None)
    if not isinstance(kind, str):
        raise MalformedRequestError(f"{where} must have a type or a role.", field=where)
    if kind == "message":
        return _message(node, where)
    if kind in _UNCOUNTED:
        return Entry("assistant")
    if kind == "item_reference":
        return Entry("assistant", counted=item)
    counted = _lasting(item)
    if kind.endswith("_output"):
        output = item.get("output")
        texts = (
            read_content(output, f"{where}.output", _TEXT).texts
            if isinstance(output, str | list)
            else ()
        )
        return Entry("tool", results=texts, counted=counted)
    if kind in _APPROVALS:
        return Entry("tool", counted=counted)
    calls = (_call(item),) if _is_call(item) else ()
    return Entry("assistant", calls=calls, counted=counted)


def _message(node: Node, where: str) -> Entry:
    item = node.value
    role = item.get("role")
    if not isinstance(role, str):
        raise MalformedRequestError(f"{where}.role must be a string.", field=where)
    if role == "user":
        content_node = (node.members or {}).get("content")
        return _said_by_user(item, content_node, f"{where}.content")
    content = read_content(item.get("content"), f"{where}.content", _TEXT)
    counted = _lasting(item) | {"type": "message", "content": list(content.parts)}
    return Entry(role, content.texts, counted=counted)


def _said_by_user(item: Mapping[str, Any], node: Node | None, where: str) -> Entry:
    """A message of the user, or the whole input if that is a string."""
    content = read_content(node.value if node is not None else None, where, _TEXT)
    words = read_words(node, content, _NEW_PART, "input_text")
    counted = _lasting(item) | {"type": "message", "content": words.counted}
    return Entry("user", words.own, words.added, counted=counted, place=words.place)


def _lasting(item: Mapping[str, Any]) -> dict[str, Any]:
    """An item without what a client that stores nothing leaves out when it sends it again."""
    return {name: value for name, value in item.items() if name not in ("id", "status")}


def _is_call(item: Mapping[str, Any]) -> bool:
    kind = item.get("type")
    return isinstance(kind, str) and (kind.endswith("_call") or kind == "mcp_approval_request")


def _call(item: Mapping[str, Any]) -> ToolCall:
    """A call of a function, or of one of the many tools that have a type of their own."""
    name = item.get("name")
    for member in ("arguments", "input"):
        if member in item:
            arguments = read_call_input(item[member])
            break
    else:
        arguments = as_text({key: value for key, value in item.items() if key not in _FRAME})
    return ToolCall(name if isinstance(name, str) else str(item["type"]), arguments)


def _take_call(collected: Collector, item: Mapping[str, Any], index: object) -> None:
    try:
        call = _call(item)
    except MalformedRequestError:  # nested too deeply
        return
    collected.call(index if isinstance(index, int) else 0, call.name, call.arguments)


def _take_response(collected: Collector, response: Mapping[str, Any]) -> None:
    """Take a whole answer; of what came piece by piece already only the end and the usage."""
    output = response.get("output")
    items = [item for item in output if isinstance(item, dict)] if isinstance(output, list) else []
    if not collected.has_calls:
        for index, item in enumerate(items):
            if _is_call(item):
                _take_call(collected, item, index)
    if not collected.has_text:
        _take_text(collected, items)
    if isinstance(usage := response.get("usage"), dict):
        collected.usage = Usage(
            amount(usage, "input_tokens"),
            amount(usage, "input_tokens_details", "cached_tokens"),
            amount(usage, "input_tokens_details", "cache_write_tokens"),
            amount(usage, "output_tokens"),
        )


def _end(collected: Collector, completed: bool) -> None:
    if completed:
        collected.finish()
    else:
        collected.fail()


def _take_text(collected: Collector, items: Iterable[Mapping[str, Any]]) -> None:
    for item in items:
        collected.pause()
        content = item.get("content")
        if item.get("type") != "message" or not isinstance(content, list):
            continue
        for part in content:
            if isinstance(part, dict) and part.get("type") == "output_text":
                collected.say(part.get("text"))


_SHAPE: Final[Shape] = {"input": [{"content": [None]}]}
_TEXT: Final = {"input_text": "text", "output_text": "text", "text": "text"}
_NEW_PART: Final = '{"type":"input_text","text":"'
_UNCOUNTED: Final = frozenset({"reasoning", "compaction"})
"""Items of the model alone, which clients may leave out of later requests."""
_APPROVALS: Final = frozenset({"mcp_approval_response"})
_FRAME: Final = frozenset({"type", "id", "call_id", "status", "name"})
"""Members of a call that are not what it does."""
