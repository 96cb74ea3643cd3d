# SPDX-License-Identifier: AGPL-3.0-only
"""Answers of OpenAI Chat Completions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from benchmarks.upstream.asked import Asked, ask, pieces
from benchmarks.upstream.events import DONE, encode, unnamed
from benchmarks.upstream.prompt_cache import PromptCache, size

CREATED = 1_767_225_600
_STEP = 128
"""Cached tokens are counted in whole steps."""


def answer(request: Mapping[str, Any], key: str, cache: PromptCache) -> list[bytes]:
    """The pieces of the answer to a request; ``key`` is what its ids are made of."""
    messages = request["messages"]
    asked = ask(messages, request.get("tools") or [])
    prompt = b",".join(map(encode, [request.get("tools"), *messages]))
    usage = _usage(prompt, asked, cache)
    frame = {
        "id": f"chatcmpl-{key}",
        "created": CREATED,
        "model": request.get("model"),
        "service_tier": "default",
        "system_fingerprint": "fp_" + key[:10],
    }
    if not request.get("stream"):
        return [_whole(frame, asked, usage, key)]
    options = request.get("stream_options") or {}
    return list(_stream(frame, asked, usage if options.get("include_usage") else None, key))


def _whole(frame: dict[str, Any], asked: Asked, usage: dict[str, Any], key: str) -> bytes:
    message: dict[str, Any] = {"role": "assistant", "content": asked.answer, "refusal": None}
    reason = "stop"
    if tool := asked.call:
        arguments = encode(tool.arguments(asked.text)).decode()
        function = {"name": tool.name, "arguments": arguments}
        message |= {"content": None, "tool_calls": [_call(key) | {"function": function}]}
        reason = "tool_calls"
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": reason}
    return encode(frame | {"object": "chat.completion", "choices": [choice], "usage": usage})


def _stream(
    frame: dict[str, Any], asked: Asked, usage: dict[str, Any] | None, key: str
) -> Iterator[bytes]:
    frame = frame | {"object": "chat.completion.chunk"}
    if usage is not None:
        frame["usage"] = None

    def piece(delta: dict[str, Any], reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        return unnamed(frame | {"choices": [choice]})

    start = {"role": "assistant", "content": "", "refusal": None}
    if tool := asked.call:
        function = {"name": tool.name, "arguments": ""}
        call = {"index": 0} | _call(key) | {"function": function}
        yield piece(start | {"content": None, "tool_calls": [call]})
        for text in pieces(encode(tool.arguments(asked.text)).decode()):
            yield piece({"tool_calls": [{"index": 0, "function": {"arguments": text}}]})
    else:
        yield piece(start)
        for text in pieces(asked.answer):
            yield piece({"content": text})
    yield piece({}, "tool_calls" if tool else "stop")
    if usage is not None:
        yield unnamed(frame | {"choices": [], "usage": usage})
    yield DONE


def _call(key: str) -> dict[str, Any]:
    return {"id": f"call_{key}", "type": "function"}


def _usage(prompt: bytes, asked: Asked, cache: PromptCache) -> dict[str, Any]:
    cached = cache.read(prompt) // _STEP * _STEP
    given, made = size(prompt), len(pieces(asked.answer))
    return {
        "prompt_tokens": given,
        "completion_tokens": made,
        "total_tokens": given + made,
        "prompt_tokens_details": {"cached_tokens": cached, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
    }
