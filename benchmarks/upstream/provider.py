# SPDX-License-Identifier: AGPL-3.0-only
"""What the providers answer to each path, with the headers that they send."""

from __future__ import annotations

import base64
import re
import struct
from collections.abc import Mapping, Sequence
from hashlib import sha256
from itertools import count
from typing import Any, Final

from benchmarks.upstream import chat, messages, responses
from benchmarks.upstream.asked import parse_object, tokens
from benchmarks.upstream.events import encode
from benchmarks.upstream.prompt_cache import PromptCache
from benchmarks.upstream.script import Answer, Fields, Framing

Headers = Sequence[tuple[bytes, bytes]]

_OPENAI_MODELS: Final = ("gpt-4o", "gpt-4o-mini", "gpt-5", "o4-mini", "text-embedding-3-small")
_ANTHROPIC_MODELS: Final = ("claude-sonnet-4-20250514", "claude-opus-4-1-20250805")
_DIMENSION: Final = 8
_OVERLOADED: Final = 529


class Provider:
    """Both providers at one address; who is meant is seen by the request."""

    def __init__(self) -> None:
        self._caches = {name: PromptCache() for name in ("chat", "responses", "messages")}
        self._numbers = count(1)

    def forget(self) -> None:
        """Empty the prompt caches."""
        for cache in self._caches.values():
            cache.forget()

    def answer(
        self, method: str, target: str, headers: Headers, body: bytes, status: int | None = None
    ) -> Answer:
        """The answer to a request; with a ``status`` of 400 or more the error of that status."""
        path = target.partition("?")[0].rstrip("/")
        given = {name.lower(): value for name, value in headers}
        anthropic = b"anthropic-version" in given or b"x-api-key" in given
        fields = self._fields(anthropic=anthropic)
        if not (given.get(b"authorization") or given.get(b"x-api-key")):
            status = 401
        request = parse_object(body) or {}
        try:
            if status is not None and status >= 400:
                return _error(status, anthropic, fields)
            found = self._found(method, path, given, body, request, anthropic=anthropic)
        except (KeyError, TypeError, AttributeError):
            return _error(400, anthropic, fields)
        if found is None:
            return _error(404, anthropic, fields)
        if request.get("stream"):
            kind = "text/event-stream; charset=utf-8"
            streamed = (("content-type", kind), ("cache-control", "no-cache"), *fields)
            return Answer(200, streamed, found, Framing.CHUNKED)
        return Answer(200, (("content-type", "application/json"), *fields), found)

    def _found(
        self,
        method: str,
        path: str,
        headers: Mapping[bytes, bytes],
        body: bytes,
        request: Mapping[str, Any],
        *,
        anthropic: bool,
    ) -> list[bytes] | None:
        key = sha256(body).hexdigest()[:24]
        match method, path:
            case "POST", "/v1/chat/completions":
                return chat.answer(request, key, self._caches["chat"])
            case "POST", "/v1/responses":
                return responses.answer(request, key, self._caches["responses"])
            case "POST", "/v1/messages":
                return messages.answer(request, key, self._caches["messages"])
            case "POST", "/v1/messages/count_tokens":
                return [messages.count(request)]
            case "POST", "/v1/embeddings":
                return [_embeddings(request)]
            case "POST", "/v1/files":
                return [_file(headers, body, key, anthropic=anthropic)]
            case "GET", "/v1/models":
                return [_models(anthropic=anthropic)]
        return None

    def _fields(self, *, anthropic: bool) -> Fields:
        number = f"{next(self._numbers):024d}"
        fields = _ANTHROPIC_FIELDS if anthropic else _OPENAI_FIELDS
        name = "request-id" if anthropic else "x-request-id"
        return (("date", "Thu, 01 Jan 2026 00:00:00 GMT"), (name, f"req_{number}"), *fields)


def _error(status: int, anthropic: bool, fields: Fields) -> Answer:
    kind, message = _ERRORS.get(status, ("api_error", "Internal server error"))
    body: dict[str, Any]
    if anthropic:
        body = {"type": "error", "error": {"type": kind, "message": message}}
        body["request_id"] = next(value for name, value in fields if name == "request-id")
    else:
        code = _OPENAI_CODES.get(status)
        error = {"message": message, "type": _OPENAI_KINDS.get(status, "invalid_request_error")}
        body = {"error": error | {"param": None, "code": code}}
    fields = (("content-type", "application/json"), *fields)
    if status in (429, 503, _OVERLOADED):
        fields = (*fields, ("retry-after", "7"))
    return Answer(status, fields, [encode(body)])


def _models(*, anthropic: bool) -> bytes:
    if anthropic:
        listed = [
            {"type": "model", "id": name, "display_name": name, "created_at": _SINCE}
            for name in _ANTHROPIC_MODELS
        ]
        page = {"first_id": _ANTHROPIC_MODELS[0], "last_id": _ANTHROPIC_MODELS[-1]}
        return encode({"data": listed, "has_more": False} | page)
    frame = {"object": "model", "created": chat.CREATED, "owned_by": "system"}
    return encode({"object": "list", "data": [{"id": name} | frame for name in _OPENAI_MODELS]})


def _embeddings(request: Mapping[str, Any]) -> bytes:
    given = request["input"]
    texts = [given] if isinstance(given, str) else given
    data = []
    for index, text in enumerate(texts):
        # Bytes divided by 256 are exact in binary and in decimal digits.
        vector: Any = [byte / 256 for byte in sha256(encode(text)).digest()[:_DIMENSION]]
        if request.get("encoding_format") == "base64":
            vector = base64.b64encode(struct.pack(f"<{_DIMENSION}f", *vector)).decode()
        data.append({"object": "embedding", "index": index, "embedding": vector})
    used = sum(tokens(len(encode(text))) for text in texts)
    usage = {"prompt_tokens": used, "total_tokens": used}
    frame = {"object": "list", "model": request["model"], "usage": usage}
    return encode(frame | {"data": data})


def _file(headers: Mapping[bytes, bytes], body: bytes, key: str, *, anthropic: bool) -> bytes:
    """What was uploaded: its name, how many bytes arrived, and their SHA-256."""
    boundary = headers[b"content-type"].partition(b"boundary=")[2].strip(b'"')
    for part in body.split(b"\r\n--" + boundary):
        head, _, content = part.partition(b"\r\n\r\n")
        if named := _FILE_NAME.search(head):
            break
    else:
        raise KeyError("file")
    name, size = named[1].decode(), len(content)
    if anthropic:
        mime = {"mime_type": "text/plain", "created_at": _SINCE, "downloadable": False}
        frame = {"id": f"file_{key}", "type": "file", "filename": name, "size_bytes": size}
        return encode(frame | mime)
    frame = {"object": "file", "created_at": chat.CREATED, "purpose": "user_data"}
    state = {"status": "processed", "status_details": sha256(content).hexdigest()}
    return encode({"id": f"file-{key}", "filename": name, "bytes": size} | frame | state)


_FILE_NAME: Final = re.compile(rb'filename="([^"]*)"')
_SINCE: Final = "2026-01-01T00:00:00Z"
_ERRORS: Final = {
    400: ("invalid_request_error", "The request could not be read."),
    401: ("authentication_error", "invalid x-api-key"),
    403: ("permission_error", "This key may not use that."),
    404: ("not_found_error", "Not found"),
    413: ("request_too_large", "Request exceeds the maximum size"),
    429: ("rate_limit_error", "Rate limit reached. Please try again in 7s."),
    503: ("api_error", "The server is overloaded or not ready yet."),
    _OVERLOADED: ("overloaded_error", "Overloaded"),
}
_OPENAI_KINDS: Final = {429: "requests", 500: "server_error", 503: "server_error"}
_OPENAI_CODES: Final = {401: "invalid_api_key", 429: "rate_limit_exceeded"}
_OPENAI_FIELDS: Final[Fields] = (
    ("openai-organization", "example-org"),
    ("openai-processing-ms", "17"),
    ("openai-version", "2020-10-01"),
    ("x-ratelimit-limit-requests", "10000"),
    ("x-ratelimit-limit-tokens", "2000000"),
    ("x-ratelimit-remaining-requests", "9999"),
    ("x-ratelimit-remaining-tokens", "1999976"),
    ("x-ratelimit-reset-requests", "6ms"),
    ("x-ratelimit-reset-tokens", "0s"),
    ("strict-transport-security", "max-age=31536000; includeSubDomains; preload"),
    ("set-cookie", "__cf_bm=first; path=/; HttpOnly"),
    ("set-cookie", "_cfuvid=second; path=/; HttpOnly"),
)
_ANTHROPIC_FIELDS: Final[Fields] = (
    ("anthropic-organization-id", "00000000-0000-4000-8000-000000000000"),
    ("anthropic-ratelimit-requests-limit", "4000"),
    ("anthropic-ratelimit-requests-remaining", "3999"),
    ("anthropic-ratelimit-requests-reset", "2026-01-01T00:00:00Z"),
    ("anthropic-ratelimit-input-tokens-limit", "2000000"),
    ("anthropic-ratelimit-input-tokens-remaining", "1999000"),
    ("anthropic-ratelimit-input-tokens-reset", "2026-01-01T00:00:00Z"),
    ("anthropic-ratelimit-output-tokens-limit", "400000"),
    ("anthropic-ratelimit-output-tokens-remaining", "400000"),
    ("anthropic-ratelimit-output-tokens-reset", "2026-01-01T00:00:00Z"),
    ("via", "1.1 google"),
)
