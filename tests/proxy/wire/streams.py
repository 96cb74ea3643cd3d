# SPDX-License-Identifier: AGPL-3.0-only
"""Streams in the shapes that the providers send, written for these tests."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from memoryoss_proxy.wire import FORMS
from memoryoss_proxy.wire.reply import Reply
from memoryoss_proxy.wire.sse import Decoder, Event

SPOKEN = "Größe: 3 µm – 日本語 👩‍🚀."
"""What every stream says before it calls a tool."""
ARGUMENTS = '{"path": "src/größe.py", "lines": [1, 2]}'


def chat(*, error: bool = False) -> bytes:
    """Chat Completions: text, a tool call in pieces, usage at the end."""
    frame = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m"}

    def chunk(delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        return frame | {"choices": [choice], "usage": None}

    def called(**function: str) -> dict[str, Any]:
        first = {"id": "call_1", "type": "function"} if "name" in function else {}
        return chunk({"tool_calls": [{"index": 0, **first, "function": function}]})

    chunks = [
        chunk({"role": "assistant", "content": ""}),
        *(chunk({"content": piece}) for piece in _pieces(SPOKEN)),
        called(name="read_file", arguments=""),
        *(called(arguments=piece) for piece in _pieces(ARGUMENTS)),
    ]
    if error:
        fault = {"error": {"message": "The server had an error.", "type": "server_error"}}
        return _data([*chunks, fault]) + b"data: [DONE]\n\n"
    usage = {
        "prompt_tokens": 120,
        "completion_tokens": 30,
        "total_tokens": 150,
        "prompt_tokens_details": {"cached_tokens": 100, "audio_tokens": 0},
    }
    chunks += [chunk({}, "tool_calls"), frame | {"choices": [], "usage": usage}]
    return b": connected\n\n" + _data(chunks) + b"data: [DONE]\n\n"


def responses(*, error: bool = False) -> bytes:
    """Responses: reasoning, a message, a function call, the whole answer at the end."""
    reasoning = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "c2VhbGVk"}
    part = {"type": "output_text", "text": SPOKEN, "annotations": []}
    message = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed"}
    call = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "status": "completed"}
    call |= {"name": "read_file", "arguments": ARGUMENTS}
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": {"id": "resp_1", "status": "in_progress"}},
        {"type": "response.output_item.added", "output_index": 0, "item": reasoning},
        {"type": "response.output_item.done", "output_index": 0, "item": reasoning},
        {"type": "response.output_item.added", "output_index": 1, "item": message},
        *(
            {"type": "response.output_text.delta", "output_index": 1, "delta": piece}
            for piece in _pieces(SPOKEN)
        ),
        {"type": "response.output_text.done", "output_index": 1, "text": SPOKEN},
        {"type": "response.output_item.done", "output_index": 1, "item": message},
        {"type": "response.output_item.added", "output_index": 2, "item": call | {"arguments": ""}},
        *(
            {"type": "response.function_call_arguments.delta", "output_index": 2, "delta": piece}
            for piece in _pieces(ARGUMENTS)
        ),
        {"type": "response.output_item.done", "output_index": 2, "item": call},
    ]
    if error:
        events.append({"type": "error", "code": "server_error", "message": "Something went wrong."})
    else:
        events.append({"type": "response.completed", "response": responses_body()})
    assert message | {"content": [part]} in responses_body()["output"]
    return _named(events)


def responses_body() -> dict[str, Any]:
    """The whole answer of :func:`responses`."""
    part = {"type": "output_text", "text": SPOKEN, "annotations": []}
    message = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed"}
    call = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "status": "completed"}
    return {
        "id": "resp_1",
        "object": "response",
        "status": "completed",
        "output": [
            {"type": "reasoning", "id": "rs_1", "summary": []},
            message | {"content": [part]},
            call | {"name": "read_file", "arguments": ARGUMENTS},
        ],
        "usage": {
            "input_tokens": 120,
            "input_tokens_details": {"cached_tokens": 100},
            "output_tokens": 30,
        },
    }


def anthropic(*, error: bool = False) -> bytes:
    """Messages: thinking, text, a tool call, pings, usage at both ends."""
    counts = {"input_tokens": 15, "cache_creation_input_tokens": 5, "cache_read_input_tokens": 100}
    message = {"id": "msg_1", "type": "message", "role": "assistant", "content": []}

    def delta(index: int, kind: str, name: str, text: str) -> dict[str, Any]:
        piece = {"type": kind, name: text}
        return {"type": "content_block_delta", "index": index, "delta": piece}

    def start(index: int, block: dict[str, Any]) -> dict[str, Any]:
        return {"type": "content_block_start", "index": index, "content_block": block}

    tool = {"type": "tool_use", "id": "toolu_1", "name": "read_file", "input": {}}
    events = [
        {"type": "message_start", "message": message | {"usage": counts | {"output_tokens": 1}}},
        start(0, {"type": "thinking", "thinking": "", "signature": ""}),
        {"type": "ping"},
        delta(0, "thinking_delta", "thinking", "The user wants größe.py …"),
        delta(0, "signature_delta", "signature", "c2ln"),
        {"type": "content_block_stop", "index": 0},
        start(1, {"type": "text", "text": ""}),
        *(delta(1, "text_delta", "text", piece) for piece in _pieces(SPOKEN)),
        {"type": "content_block_stop", "index": 1},
        start(2, tool),
        delta(2, "input_json_delta", "partial_json", ""),
        *(delta(2, "input_json_delta", "partial_json", piece) for piece in _pieces(ARGUMENTS)),
        {"type": "content_block_stop", "index": 2},
    ]
    if error:
        fault = {"type": "overloaded_error", "message": "Overloaded"}
        return _named([*events, {"type": "error", "error": fault}])
    stop = {"stop_reason": "tool_use", "stop_sequence": None}
    events += [
        {"type": "message_delta", "delta": stop, "usage": {"output_tokens": 30}},
        {"type": "message_stop"},
    ]
    return _named(events)


STREAMS = {"openai_chat": chat, "openai_responses": responses, "anthropic": anthropic}


def decode(chunks: Iterable[bytes], limit: int = 1 << 20) -> list[Event]:
    """The events of a stream that comes in these pieces."""
    decoder = Decoder(limit)
    return [event for chunk in chunks for event in decoder.feed(chunk)]


def read_stream(form: str, chunks: Iterable[bytes]) -> Reply:
    """The reply of a stream that comes in these pieces."""
    reader = FORMS[form].ReplyReader()
    for event in decode(chunks):
        reader.feed(event)
    return reader.reply


def _pieces(text: str) -> list[str]:
    return [text[start : start + 3] for start in range(0, len(text), 3)]


def _data(values: list[dict[str, Any]]) -> bytes:
    return b"".join(b"data: " + _json(value) + b"\n\n" for value in values)


def _named(values: list[dict[str, Any]]) -> bytes:
    return b"".join(
        b"event: " + value["type"].encode() + b"\ndata: " + _json(value) + b"\n\n"
        for value in values
    )


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
