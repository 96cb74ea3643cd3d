# SPDX-License-Identifier: AGPL-3.0-only
"""Answers of Anthropic Messages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from benchmarks.upstream.asked import Asked, ask, pieces
from benchmarks.upstream.events import encode, named
from benchmarks.upstream.prompt_cache import PromptCache, size

_THOUGHT = "Überlegen wir: was wird gefragt?"
_PING = named({"type": "ping"})


def answer(request: Mapping[str, Any], key: str, cache: PromptCache) -> list[bytes]:
    """The pieces of the answer to a request; ``key`` is what its ids are made of."""
    asked = ask(request["messages"], request.get("tools") or [])
    blocks = list(_blocks(request, asked, key))
    frame = {
        "id": f"msg_{key}",
        "type": "message",
        "role": "assistant",
        "model": request.get("model"),
        "content": blocks,
        "stop_reason": "tool_use" if asked.call else "end_turn",
        "stop_sequence": None,
        "usage": _usage(request, asked, cache),
    }
    return list(_stream(frame, blocks)) if request.get("stream") else [encode(frame)]


def count(request: Mapping[str, Any]) -> bytes:
    """The answer of ``count_tokens``."""
    return encode({"input_tokens": size(_prompt(request))})


def _blocks(request: Mapping[str, Any], asked: Asked, key: str) -> Iterator[dict[str, Any]]:
    thinking = request.get("thinking") or {}
    if thinking.get("type") in ("enabled", "adaptive"):
        yield {"type": "thinking", "thinking": _THOUGHT, "signature": key * 8}
    if tool := asked.call:
        yield {"type": "text", "text": "Einen Moment – "}
        arguments = tool.arguments(asked.text)
        yield {"type": "tool_use", "id": f"toolu_{key}", "name": tool.name, "input": arguments}
    else:
        yield {"type": "text", "text": asked.answer}


def _stream(frame: dict[str, Any], blocks: list[dict[str, Any]]) -> Iterator[bytes]:
    usage = frame["usage"]
    begun = {"content": [], "stop_reason": None, "usage": usage | {"output_tokens": 1}}
    yield named({"type": "message_start", "message": frame | begun})
    for index, block in enumerate(blocks):
        start, deltas = _opened(block)
        yield named({"type": "content_block_start", "index": index, "content_block": start})
        if not index:
            yield _PING
        for delta in deltas:
            yield named({"type": "content_block_delta", "index": index, "delta": delta})
        yield named({"type": "content_block_stop", "index": index})
    delta = {"stop_reason": frame["stop_reason"], "stop_sequence": None}
    counted = {"output_tokens": usage["output_tokens"]}
    yield named({"type": "message_delta", "delta": delta, "usage": counted})
    yield named({"type": "message_stop"})


def _opened(block: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A block as it begins, and what is added to it."""
    match block["type"]:
        case "thinking":
            deltas = [
                {"type": "thinking_delta", "thinking": text} for text in pieces(block["thinking"])
            ]
            deltas.append({"type": "signature_delta", "signature": block["signature"]})
            return block | {"thinking": "", "signature": ""}, deltas
        case "tool_use":
            whole = encode(block["input"]).decode()
            # The first piece of the arguments is empty.
            parts = ["", *pieces(whole)]
            deltas = [{"type": "input_json_delta", "partial_json": part} for part in parts]
            return block | {"input": {}}, deltas
        case _:
            deltas = [{"type": "text_delta", "text": text} for text in pieces(block["text"])]
            return block | {"text": ""}, deltas


def _usage(request: Mapping[str, Any], asked: Asked, cache: PromptCache) -> dict[str, Any]:
    prompt = _prompt(request)
    read, whole = cache.read(prompt), size(prompt)
    # What is too short for the cache is neither read from it nor written to it.
    written = whole - read if cache.takes(prompt) else 0
    return {
        "input_tokens": whole - read - written,
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": read,
        "cache_creation": {"ephemeral_5m_input_tokens": written, "ephemeral_1h_input_tokens": 0},
        "output_tokens": len(pieces(asked.answer)),
        "service_tier": "standard",
    }


def _prompt(request: Mapping[str, Any]) -> bytes:
    parts = [request.get("tools"), request.get("system"), *request["messages"]]
    return b",".join(map(encode, parts))
