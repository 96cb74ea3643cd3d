# SPDX-License-Identifier: AGPL-3.0-only
"""Answers of OpenAI Responses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from benchmarks.upstream.asked import Asked, ask, pieces
from benchmarks.upstream.chat import CREATED
from benchmarks.upstream.events import encode, named
from benchmarks.upstream.prompt_cache import PromptCache, size

_STEP = 128
_SUMMARY = "**Nachgedacht** – in aller Kürze."


def answer(request: Mapping[str, Any], key: str, cache: PromptCache) -> list[bytes]:
    """The pieces of the answer to a request; ``key`` is what its ids are made of."""
    given = request["input"]
    items = [{"role": "user", "content": given}] if isinstance(given, str) else given
    asked = ask(items, request.get("tools") or [])
    prompt = b",".join(map(encode, [request.get("tools"), request.get("instructions"), *items]))
    output = list(_output(request, asked, key))
    frame = {
        "id": f"resp_{key}",
        "object": "response",
        "created_at": CREATED,
        "status": "completed",
        "error": None,
        "incomplete_details": None,
        "instructions": request.get("instructions"),
        "model": request.get("model"),
        "output": output,
        "parallel_tool_calls": True,
        "previous_response_id": request.get("previous_response_id"),
        "reasoning": request.get("reasoning") or {"effort": None, "summary": None},
        "store": request.get("store", True),
        "temperature": 1.0,
        "text": {"format": {"type": "text"}},
        "tool_choice": request.get("tool_choice", "auto"),
        "tools": request.get("tools") or [],
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": _usage(prompt, asked, cache, reasons=len(output) > 1),
        "metadata": {},
    }
    return list(_stream(frame, output)) if request.get("stream") else [encode(frame)]


def _output(request: Mapping[str, Any], asked: Asked, key: str) -> Iterator[dict[str, Any]]:
    if request.get("reasoning"):
        summary = [{"type": "summary_text", "text": _SUMMARY}]
        item: dict[str, Any] = {"id": f"rs_{key}", "type": "reasoning", "summary": summary}
        if "reasoning.encrypted_content" in (request.get("include") or []):
            item["encrypted_content"] = key * 8
        yield item
    if tool := asked.call:
        yield {
            "id": f"fc_{key}",
            "type": "function_call",
            "status": "completed",
            "arguments": encode(tool.arguments(asked.text)).decode(),
            "call_id": f"call_{key}",
            "name": tool.name,
        }
        return
    yield {
        "id": f"msg_{key}",
        "type": "message",
        "status": "completed",
        "content": [_text(asked.answer)],
        "role": "assistant",
    }


def _stream(frame: dict[str, Any], output: list[dict[str, Any]]) -> Iterator[bytes]:
    begun = frame | {"status": "in_progress", "output": [], "usage": None}
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": begun},
        {"type": "response.in_progress", "response": begun},
    ]
    for index, item in enumerate(output):
        where = {"item_id": item["id"], "output_index": index}
        match item["type"]:
            case "reasoning":
                events += _item(index, item, {"summary": []}, _reasoned(item, where))
            case "function_call":
                open_call = {"arguments": "", "status": "in_progress"}
                events += _item(index, item, open_call, _called(item, where))
            case _:
                open_message = {"content": [], "status": "in_progress"}
                events += _item(index, item, open_message, _said(item, where))
    events.append({"type": "response.completed", "response": frame})
    for number, event in enumerate(events):
        yield named(event | {"sequence_number": number})


def _item(
    index: int, item: dict[str, Any], begun: dict[str, Any], inside: Iterator[dict[str, Any]]
) -> Iterator[dict[str, Any]]:
    yield {"type": "response.output_item.added", "output_index": index, "item": item | begun}
    yield from inside
    yield {"type": "response.output_item.done", "output_index": index, "item": item}


def _reasoned(item: dict[str, Any], where: dict[str, Any]) -> Iterator[dict[str, Any]]:
    where, name = where | {"summary_index": 0}, "response.reasoning_summary"
    part = {"type": "summary_text", "text": ""}
    yield {"type": f"{name}_part.added", **where, "part": part}
    for text in pieces(item["summary"][0]["text"]):
        yield {"type": f"{name}_text.delta", **where, "delta": text}
    yield {"type": f"{name}_text.done", **where, "text": item["summary"][0]["text"]}
    yield {"type": f"{name}_part.done", **where, "part": item["summary"][0]}


def _called(item: dict[str, Any], where: dict[str, Any]) -> Iterator[dict[str, Any]]:
    name, arguments = "response.function_call_arguments", item["arguments"]
    for text in pieces(arguments):
        yield {"type": f"{name}.delta", **where, "delta": text}
    yield {"type": f"{name}.done", **where, "name": item["name"], "arguments": arguments}


def _said(item: dict[str, Any], where: dict[str, Any]) -> Iterator[dict[str, Any]]:
    where, text = where | {"content_index": 0}, item["content"][0]["text"]
    yield {"type": "response.content_part.added", **where, "part": _text("")}
    for piece in pieces(text):
        event = {"type": "response.output_text.delta", **where}
        yield event | {"delta": piece, "logprobs": []}
    yield {"type": "response.output_text.done", **where, "text": text, "logprobs": []}
    yield {"type": "response.content_part.done", **where, "part": _text(text)}


def _text(text: str) -> dict[str, Any]:
    return {"type": "output_text", "annotations": [], "logprobs": [], "text": text}


def _usage(prompt: bytes, asked: Asked, cache: PromptCache, *, reasons: bool) -> dict[str, Any]:
    cached = cache.read(prompt) // _STEP * _STEP
    given, made = size(prompt), len(pieces(asked.answer))
    thought = len(pieces(_SUMMARY)) if reasons else 0
    return {
        "input_tokens": given,
        "input_tokens_details": {"cached_tokens": cached},
        "output_tokens": made + thought,
        "output_tokens_details": {"reasoning_tokens": thought},
        "total_tokens": given + made + thought,
    }
