# SPDX-License-Identifier: AGPL-3.0-only
"""Facts found by a language model, over the wire form of its provider. Blocking HTTP: a face calls
it in a worker thread."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

import httpx2

from memoryoss_proxy.extraction.facts import Exchange, ExtractionError, Fact
from memoryoss_proxy.extraction.prompt import (
    INSTRUCTIONS,
    SCHEMA,
    facts_of,
    question,
    read_answer,
)
from memoryoss_proxy.extraction.settings import LLMSettings

MOST_TOKENS: Final = 2_048
"""Of an answer."""
MOST_BYTES: Final = 1 << 20
"""Of the body of an answer; what is longer is not read on."""
LONGEST_WAIT_S: Final = 10.0
"""What a provider may ask for before the second try."""
WAIT_S: Final = 1.0
"""Before the second try, if the provider does not say."""
CONNECT_S: Final = 5.0

_TOOL: Final = "keep_facts"


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that were spent, as the provider counts them, and calls that were answered."""

    input_tokens: int = 0
    output_tokens: int = 0
    calls: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.calls + other.calls,
        )


class LLMExtractor:
    """Asks a language model. One connection pool for all calls; safe to use from several threads.
    ``redact`` is applied to everything before it is sent."""

    def __init__(self, settings: LLMSettings, redact: Callable[[str], str]) -> None:
        self._settings = settings
        self._redact = redact
        self._client = httpx2.Client(
            headers=_headers(settings),
            timeout=httpx2.Timeout(settings.timeout, connect=min(CONNECT_S, settings.timeout)),
            follow_redirects=False,
            # A proxy of the environment would see the conversations.
            trust_env=False,
        )
        self._lock = threading.Lock()
        self._usage = Usage()
        self._plain = False

    @property
    def usage(self) -> Usage:
        """What all calls so far have spent."""
        return self._usage

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def extract(self, exchange: Exchange) -> tuple[Fact, ...]:
        """At most five facts with the speaker's own words.

        Raises:
            ExtractionError: the provider did not answer, refused, or answered with something else.
        """
        if not any(text.strip() for _, text in exchange.new_turns()):
            return ()
        asked = question(exchange, self._redact)
        answer = self._ask(asked)
        try:
            self._count(answer)
            return facts_of(_content(self._settings.provider, answer), exchange)
        except (ValueError, KeyError, TypeError, IndexError, AttributeError):
            raise ExtractionError(
                "The extraction model answered with something that is no list of facts.",
                status=200,
            ) from None

    def _ask(self, asked: str) -> Any:
        """The provider's answer. A server that does not know schemas is asked without one, from
        then on."""
        if self._settings.provider == "openai" and not self._plain:
            status, body, _ = self._post(_body(self._settings, asked, plain=False))
            if status != 400:
                return self._answer(status, body)
        status, body, _ = self._post(_body(self._settings, asked, plain=True))
        answer = self._answer(status, body)
        self._plain = True
        return answer

    def _answer(self, status: int, body: bytes) -> Any:
        if status != 200:
            raise ExtractionError(
                f"The extraction model refused with status {status}.",
                status=status,
                hint=_HINTS.get(status),
            )
        try:
            return json.loads(body)
        except (ValueError, RecursionError):
            raise ExtractionError(
                "The extraction model did not answer in JSON.", status=status
            ) from None

    def _post(self, body: dict[str, Any]) -> tuple[int, bytes, Mapping[str, str]]:
        """Status, body and headers; a second time after a moment if the server is busy."""
        status, content, headers = self._send(body)
        if status == 429 or status >= 500:
            time.sleep(_wait(headers))
            return self._send(body)
        return status, content, headers

    def _send(self, body: dict[str, Any]) -> tuple[int, bytes, Mapping[str, str]]:
        address = self._settings.address + _PATHS[self._settings.provider]
        deadline = time.monotonic() + 2 * self._settings.timeout
        try:
            with self._client.stream("POST", address, json=body) as response:
                content = b""
                for chunk in response.iter_bytes():
                    content += chunk
                    if len(content) > MOST_BYTES:
                        raise ExtractionError(
                            "The answer of the extraction model is too large.",
                            status=response.status_code,
                        )
                    if time.monotonic() > deadline:
                        raise ExtractionError(
                            "The extraction model did not finish in time.",
                            status=response.status_code,
                        )
                return response.status_code, content, response.headers
        except httpx2.TimeoutException:
            raise ExtractionError("The extraction model did not answer in time.") from None
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise ExtractionError(
                f"The extraction model could not be reached ({type(error).__name__})."
            ) from None

    def _count(self, answer: Any) -> None:
        spent = _spent(self._settings.provider, answer)
        with self._lock:
            self._usage += spent


# --- wire forms

_PATHS: Final = {"openai": "/chat/completions", "claude": "/messages", "ollama": "/api/chat"}
_HINTS: Final = {
    401: "Check extract_api_key.",
    403: "Check extract_api_key.",
    404: "Check the endpoint and extract_model.",
    429: "The provider limits its rate; extraction goes on with later exchanges.",
}


def _headers(settings: LLMSettings) -> dict[str, str]:
    headers = {"accept": "application/json"}
    if settings.provider == "claude":
        headers["anthropic-version"] = "2023-06-01"
        if settings.api_key is not None:
            headers["x-api-key"] = settings.api_key
    elif settings.api_key is not None:
        headers["authorization"] = f"Bearer {settings.api_key}"
    return headers


def _body(settings: LLMSettings, asked: str, *, plain: bool) -> dict[str, Any]:
    turn = {"role": "user", "content": asked}
    if settings.provider == "claude":
        tool = {"name": _TOOL, "description": "Keep the facts.", "input_schema": SCHEMA}
        return {
            "model": settings.model,
            "max_tokens": MOST_TOKENS,
            "system": INSTRUCTIONS,
            "messages": [turn],
            "tools": [tool],
            "tool_choice": {"type": "tool", "name": _TOOL},
        }
    messages = [{"role": "system", "content": INSTRUCTIONS}, turn]
    if settings.provider == "ollama":
        return {
            "model": settings.model,
            "messages": messages,
            "stream": False,
            "format": SCHEMA,
            "options": {"num_predict": MOST_TOKENS, "temperature": 0},
        }
    body: dict[str, Any] = {"model": settings.model, "messages": messages}
    if not plain:
        # The newer models take no max_tokens, older servers nothing else.
        body["max_completion_tokens"] = MOST_TOKENS
        body["response_format"] = {
            "type": "json_schema",
            "json_schema": {"name": "facts", "strict": True, "schema": SCHEMA},
        }
    else:
        body["max_tokens"] = MOST_TOKENS
    return body


def _content(provider: str, answer: Any) -> Any:
    """What the model said, as a JSON value."""
    if provider == "ollama":
        return read_answer(answer["message"]["content"])
    if provider == "openai":
        return read_answer(answer["choices"][0]["message"]["content"] or "")
    for block in answer["content"]:
        if block["type"] == "tool_use" and block["name"] == _TOOL:
            return block["input"]
    return read_answer("".join(block.get("text", "") for block in answer["content"]))


def _spent(provider: str, answer: Any) -> Usage:
    if provider == "ollama":
        return Usage(_number(answer, "prompt_eval_count"), _number(answer, "eval_count"), 1)
    usage = answer.get("usage") or {}
    names = ("input_tokens", "output_tokens")
    if provider == "openai":
        names = ("prompt_tokens", "completion_tokens")
    cached = ("cache_creation_input_tokens", "cache_read_input_tokens")
    more = sum(_number(usage, name) for name in cached) if provider == "claude" else 0
    return Usage(_number(usage, names[0]) + more, _number(usage, names[1]), 1)


def _number(values: Mapping[str, Any], name: str) -> int:
    value = values.get(name)
    return value if isinstance(value, int) and value >= 0 else 0


def _wait(headers: Mapping[str, str]) -> float:
    """Seconds before the second try: what ``Retry-After`` says in seconds, within bounds."""
    try:
        asked = float(headers.get("retry-after", ""))
    except ValueError:
        return WAIT_S
    return min(max(asked, 0.0), LONGEST_WAIT_S) if asked == asked else WAIT_S
