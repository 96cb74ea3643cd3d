# SPDX-License-Identifier: AGPL-3.0-only
"""The three kinds of providers on loopback, for tests: right answers and broken ones."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self


@dataclass(frozen=True)
class Answer:
    """What the server sends: bytes, after ``delay`` seconds, the header naming ``length`` bytes."""

    body: bytes
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    delay: float = 0.0


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]


class ProviderServer:
    """Listens while the ``with`` block runs; ``answer`` is called with each request."""

    def __init__(self, answer: Callable[[Asked], Answer]) -> None:
        self.asked: list[Asked] = []
        self._release = threading.Event()
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                size = int(self.headers["content-length"])
                body = json.loads(self.rfile.read(size))
                headers = {name.lower(): value for name, value in self.headers.items()}
                request = Asked(self.path, headers, body)
                server.asked.append(request)
                sent = answer(request)
                if sent.delay:
                    server._release.wait(sent.delay)
                try:
                    self.send_response(sent.status)
                    for name, value in sent.headers:
                        self.send_header(name, value)
                    self.send_header("content-type", "application/json")
                    self.send_header("content-length", str(len(sent.body)))
                    self.end_headers()
                    self.wfile.write(sent.body)
                except OSError:
                    self.close_connection = True  # the client has gone

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._release.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def openai(text: str | None, **more: Any) -> bytes:
    """A chat completion."""
    return json.dumps(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": int(time.time()),
            "model": "small",
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": text, "refusal": None},
                    "finish_reason": "stop",
                    **more,
                }
            ],
            "usage": {"prompt_tokens": 321, "completion_tokens": 45, "total_tokens": 366},
        }
    ).encode()


def claude(*blocks: dict[str, Any]) -> bytes:
    """A message."""
    return json.dumps(
        {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": "small",
            "content": list(blocks),
            "stop_reason": "tool_use",
            "usage": {
                "input_tokens": 300,
                "cache_read_input_tokens": 21,
                "cache_creation_input_tokens": 0,
                "output_tokens": 45,
            },
        }
    ).encode()


def ollama(text: str) -> bytes:
    """An answer of ``/api/chat``."""
    return json.dumps(
        {
            "model": "small",
            "created_at": "2026-01-01T00:00:00Z",
            "message": {"role": "assistant", "content": text},
            "done": True,
            "done_reason": "stop",
            "prompt_eval_count": 321,
            "eval_count": 45,
        }
    ).encode()
