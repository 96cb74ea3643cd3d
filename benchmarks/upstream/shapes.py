# SPDX-License-Identifier: AGPL-3.0-only
"""Streams in the shape in which the providers' are recorded, and streams that no provider should
send."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from benchmarks.upstream.events import DONE, named, unnamed

CHAT: Final = "/v1/chat/completions"
RESPONSES: Final = "/v1/responses"
MESSAGES: Final = "/v1/messages"


@dataclass(frozen=True, slots=True)
class Shape:
    """A streamed answer. ``text`` is what it says, ``finished`` whether it came to its end."""

    path: str
    stream: bytes = field(repr=False)
    text: str
    finished: bool = True


TEXT: Final = "Grüße, 世界! 👩‍👩‍👧 naïve — 🧠"
"""Characters of one to four bytes, and some that are joined from several."""


def request_for(path: str) -> dict[str, Any]:
    """The smallest request for a stream on that path."""
    turn = {"role": "user", "content": "Bitte antworte."}
    if path == RESPONSES:
        return {"model": "gpt-4o", "input": [turn], "stream": True}
    request = {"model": "gpt-4o", "messages": [turn], "stream": True}
    return request if path == CHAT else request | {"model": "claude-sonnet-4-5", "max_tokens": 99}


def _chat(*deltas: dict[str, Any], reason: str | None = "stop") -> bytes:
    frame = {
        "id": "chatcmpl-C1aZ",
        "object": "chat.completion.chunk",
        "created": 1_767_225_600,
        "model": "gpt-4o-2024-08-06",
        "system_fingerprint": None,
    }

    def chunk(delta: dict[str, Any], reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        return unnamed(frame | {"choices": [choice], "usage": None, "obfuscation": "a7Qx"})

    pieces = [chunk({"role": "assistant", "content": "", "refusal": None})]
    pieces += [chunk(delta) for delta in deltas]
    if reason is not None:
        usage = {"prompt_tokens": 9, "completion_tokens": 12, "total_tokens": 21}
        details = {"prompt_tokens_details": {"cached_tokens": 0}}
        pieces += [chunk({}, reason), unnamed(frame | {"choices": [], "usage": usage | details})]
        pieces.append(DONE)
    return b"".join(pieces)


def _words(text: str) -> list[str]:
    """Pieces as tokens cut them: between any two characters, also inside of joined ones."""
    return [text[start : start + 3] for start in range(0, len(text), 3)]


def _chat_text() -> bytes:
    return _chat(*({"content": piece} for piece in _words(TEXT)))


def _chat_tools() -> bytes:
    def call(index: int, **function: str) -> dict[str, Any]:
        first = {"id": f"call_{index}", "type": "function"} if "name" in function else {}
        return {"tool_calls": [{"index": index, **first, "function": function}]}

    arguments = _words('{"Ort":"Zürich","Länge":3}')
    return _chat(
        call(0, name="wetter", arguments=""),
        *(call(0, arguments=piece) for piece in arguments),
        call(1, name="zeit", arguments=""),
        call(1, arguments="{}"),
        reason="tool_calls",
    )


def _chat_error() -> bytes:
    error = {"message": "The server had an error.", "type": "server_error", "param": None}
    return _chat({"content": "Grü"}, reason=None) + unnamed({"error": error | {"code": None}})


def _router_text() -> bytes:
    """As routers in front of many providers write it: comments, and lines that end with CRLF."""
    pieces = (b": ROUTER PROCESSING\n\n" * 2) + _chat_text()
    return pieces.replace(b"\n", b"\r\n")


def _responses(*events: dict[str, Any], end: str = "completed") -> bytes:
    frame: dict[str, Any] = {
        "id": "resp_68",
        "object": "response",
        "model": "gpt-5",
        "output": [],
        "usage": None,
    }
    begun = {"response": frame | {"status": "in_progress"}}
    usage = {"input_tokens": 9, "output_tokens": 12, "total_tokens": 21}
    ended = frame | {"status": end, "usage": usage}
    if end == "failed":
        ended["error"] = {"code": "server_error", "message": "The model failed."}
    whole = [
        {"type": "response.created", **begun},
        {"type": "response.in_progress", **begun},
        *events,
        {"type": f"response.{end}", "response": ended},
    ]
    numbered = (event | {"sequence_number": number} for number, event in enumerate(whole))
    return b"".join(map(named, numbered))


def _added(index: int, item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "response.output_item.added", "output_index": index, "item": item}


def _done(index: int, item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "response.output_item.done", "output_index": index, "item": item}


def _said(index: int, text: str) -> list[dict[str, Any]]:
    where = {"item_id": f"msg_{index}", "output_index": index, "content_index": 0}
    part = {"type": "output_text", "annotations": [], "text": text}
    item = {"id": f"msg_{index}", "type": "message", "role": "assistant", "content": [part]}
    delta = {"type": "response.output_text.delta", **where}
    return [
        _added(index, item | {"content": [], "status": "in_progress"}),
        {"type": "response.content_part.added", **where, "part": part | {"text": ""}},
        *(delta | {"delta": piece} for piece in _words(text)),
        {"type": "response.output_text.done", **where, "text": text},
        {"type": "response.content_part.done", **where, "part": part},
        _done(index, item | {"status": "completed"}),
    ]


def _responses_tools() -> bytes:
    arguments = '{"Ort":"Zürich"}'
    reasoning = {"id": "rs_0", "type": "reasoning", "summary": [], "encrypted_content": "Z0FB"}
    call = {"id": "fc_1", "type": "function_call", "call_id": "call_1", "name": "wetter"}
    delta = {"type": "response.function_call_arguments.delta", "item_id": "fc_1"}
    done = {"type": "response.function_call_arguments.done", "item_id": "fc_1"}
    return _responses(
        _added(0, reasoning),
        _done(0, reasoning),
        _added(1, call | {"arguments": ""}),
        *(delta | {"output_index": 1, "delta": piece} for piece in _words(arguments)),
        done | {"output_index": 1, "arguments": arguments},
        _done(1, call | {"arguments": arguments}),
    )


def _messages(*blocks: tuple[dict[str, Any], list[dict[str, Any]]], reason: str | None) -> bytes:
    usage = {"input_tokens": 9, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0}
    message: dict[str, Any] = {
        "id": "msg_01",
        "type": "message",
        "role": "assistant",
        "content": [],
    }
    message |= {"model": "claude-sonnet-4-5", "stop_reason": None, "stop_sequence": None}
    start = {"type": "message_start", "message": message | {"usage": usage | {"output_tokens": 1}}}
    pieces = [named(start)]
    for index, (block, deltas) in enumerate(blocks):
        here = {"index": index}
        pieces.append(named({"type": "content_block_start", **here, "content_block": block}))
        if not index:
            pieces.append(named({"type": "ping"}))
        pieces += [
            named({"type": "content_block_delta", **here, "delta": delta}) for delta in deltas
        ]
        if reason is not None or index < len(blocks) - 1:
            pieces.append(named({"type": "content_block_stop", **here}))
    if reason is None:
        error = {"type": "overloaded_error", "message": "Overloaded"}
        return b"".join([*pieces, named({"type": "error", "error": error})])
    delta = {"stop_reason": reason, "stop_sequence": None}
    end = {"type": "message_delta", "delta": delta, "usage": {"output_tokens": 12}}
    return b"".join([*pieces, named(end), named({"type": "message_stop"})])


_Block = tuple[dict[str, Any], list[dict[str, Any]]]


def _text_block(text: str) -> _Block:
    deltas = [{"type": "text_delta", "text": piece} for piece in _words(text)]
    return {"type": "text", "text": ""}, deltas


def _tool_block(arguments: str) -> _Block:
    block = {"type": "tool_use", "id": "toolu_01", "name": "wetter", "input": {}}
    parts = ["", *_words(arguments)]
    return block, [{"type": "input_json_delta", "partial_json": part} for part in parts]


def _thinking_block(text: str) -> _Block:
    deltas = [{"type": "thinking_delta", "thinking": piece} for piece in _words(text)]
    block = {"type": "thinking", "thinking": "", "signature": ""}
    return block, [*deltas, {"type": "signature_delta", "signature": "EqQBCgIYAhIM"}]


SHAPES: Final[Mapping[str, Shape]] = {
    "chat-text": Shape(CHAT, _chat_text(), TEXT),
    "chat-tools": Shape(CHAT, _chat_tools(), ""),
    "chat-error": Shape(CHAT, _chat_error(), "Grü", finished=False),
    "chat-router": Shape(CHAT, _router_text(), TEXT),
    "responses-text": Shape(RESPONSES, _responses(*_said(0, TEXT)), TEXT),
    "responses-tools": Shape(RESPONSES, _responses_tools(), ""),
    "responses-error": Shape(
        RESPONSES, _responses(*_said(0, "Grü")[:3], end="failed"), "Grü", finished=False
    ),
    "messages-text": Shape(MESSAGES, _messages(_text_block(TEXT), reason="end_turn"), TEXT),
    "messages-tools": Shape(
        MESSAGES,
        _messages(_text_block("Ja, "), _tool_block('{"Ort":"Zürich"}'), reason="tool_use"),
        "Ja, ",
    ),
    "messages-thinking": Shape(
        MESSAGES,
        _messages(_thinking_block("Überlegen …"), _text_block(TEXT), reason="end_turn"),
        TEXT,
    ),
    "messages-error": Shape(
        MESSAGES, _messages(_text_block("Grü"), reason=None), "Grü", finished=False
    ),
}
"""All shapes by name; the name begins with the wire form."""


def _hostile() -> dict[str, bytes]:
    deep = b"[" * 50_000
    text = unnamed({"choices": [{"index": 0, "delta": {"content": "x"}}]})
    return {
        "no-newline": b"data: " + b"a" * 100_000,
        "not-utf-8": b"data: \xff\xfe\x80\xc3\n\n" + text,
        "zero-bytes": b"id: a\0b\ndata: \0\0\0\n\n" + text,
        "lone-returns": b"data: {}\r\r\rdata: x\r\n\rdata: y\n\r\n" + text,
        "byte-order-marks": b"\xef\xbb\xbf" * 3 + text,
        "no-colon": b"data\nevent\nid\n\n\n\n" + text,
        "only-newlines": b"\n" * 100_000,
        "deep": b"data: " + deep + b"\n\n" + text,
        "huge-number": b'data: {"choices":' + b"9" * 20_000 + b"}\n\n" + text,
        "wrong-types": b"".join(map(unnamed, _WRONG)) + text,
        "half-surrogates": b'data: {"choices":[{"delta":{"content":"\\ud83d"}}]}\n\n' + text,
        "many-fields": b"data: y\n" * 20_000 + b"\n" + text,
        "huge-retry": b"retry: " + b"9" * 10_000 + b"\n\n" + text,
        "html": b"<html><body>502 Bad Gateway</body></html>",
        "empty": b"",
    }


_WRONG: Final[list[Any]] = [
    None, [], "x", 1, {"choices": 1}, {"choices": [1]}, {"choices": [{"delta": 1}]},
    {"choices": [{"delta": {"tool_calls": [{"index": -9, "function": 1}]}}]},
    {"choices": [{"delta": {"tool_calls": [{"index": 10**9, "function": {"name": 1}}]}}]},
    {"usage": {"prompt_tokens": "many"}}, {"type": "message_start", "message": 1},
    {"type": "content_block_delta", "index": "x", "delta": []}, {"type": ["x"]},
    {"type": "response.completed", "response": 7}, {"error": {"message": {}}},
]  # fmt: skip

HOSTILE: Final[Mapping[str, bytes]] = _hostile()
"""Bodies that are no proper event streams, by name."""


def long_line(size: int) -> bytes:
    """A stream with one line of at least so many bytes, between two that are well."""
    text = unnamed({"choices": [{"index": 0, "delta": {"content": "x"}}]})
    whole = json.dumps({"choices": [{"index": 0, "delta": {"content": "x" * size}}]}).encode()
    return text + b"data: " + whole + b"\n\n" + text + DONE
