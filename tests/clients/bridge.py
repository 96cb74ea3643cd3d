# SPDX-License-Identifier: AGPL-3.0-only
"""Streamable HTTP in front of a stdio server, for clients and suites that speak only HTTP.

Answers are plain JSON. Each session of the handshake era has a server process of its own, as each
stdio client has; requests of the modern era, which carry all they need, share one.
"""

from __future__ import annotations

import itertools
import json
import queue
import subprocess
import threading
import uuid
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

SESSION_HEADER = "Mcp-Session-Id"
MODERN = "2026-07-28"
TIMEOUT = 30.0
_VERSION_KEY = "io.modelcontextprotocol/protocolVersion"
Message = dict[str, Any]


class Server:
    """One stdio server process. Requests get ids of our own, so that clients may share it."""

    def __init__(self, command: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self._numbers = itertools.count(1)
        self._waiting: dict[int, queue.Queue[Message]] = {}
        self._lock = threading.Lock()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            message = json.loads(line)
            if (waiting := self._waiting.pop(message.get("id"), None)) is not None:
                waiting.put(message)

    def _write(self, message: Message) -> None:
        assert self._process.stdin is not None
        with self._lock:
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            self._process.stdin.flush()

    def pass_on(self, message: Message) -> Message | None:
        """Send a message; the answer to a request, ``None`` to a notification."""
        if "id" not in message:
            self._write(message)
            return None
        number = next(self._numbers)
        answer: queue.Queue[Message] = queue.Queue()
        self._waiting[number] = answer
        self._write({**message, "id": number})
        return {**answer.get(timeout=TIMEOUT), "id": message["id"]}

    def close(self) -> None:
        """End the process as a client does, by closing its input."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(TIMEOUT)
        self._reader.join(TIMEOUT)
        self._process.stdout.close()


class Bridge:
    """Serves ``http://127.0.0.1:PORT/mcp`` until closed."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command
        self._sessions: dict[str, Server] = {}
        self._spare: list[Server] = []
        self._modern: Server | None = None
        self._lock = threading.Lock()
        bridge = self

        class Handler(_Handler):
            pass

        Handler.bridge = bridge
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._http.serve_forever, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._http.server_port}/mcp"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(TIMEOUT)
        for server in (*self._sessions.values(), *self._spare, self._modern):
            if server is not None:
                server.close()

    def modern(self) -> Server:
        """The process that all requests of the modern era share."""
        with self._lock:
            if self._modern is None:
                self._modern = Server(self._command)
            return self._modern

    def prepare(self, sessions: int) -> None:
        """Start processes for the first requests and wait until they answer, so that no client's
        own clock runs meanwhile: one for the modern era, one for each of some sessions."""
        modern = self.modern()
        self._spare += [Server(self._command) for _ in range(sessions)]
        envelope = {_VERSION_KEY: MODERN, "io.modelcontextprotocol/clientCapabilities": {}}
        discover = {"jsonrpc": "2.0", "id": 1, "method": "server/discover"}
        modern.pass_on({**discover, "params": {"_meta": envelope}})
        for server in self._spare:
            server.pass_on({"jsonrpc": "2.0", "id": 1, "method": "ping"})

    def open_session(self) -> tuple[str, Server]:
        """A new process for a client that shakes hands."""
        with self._lock:
            spare = self._spare.pop() if self._spare else None
        name, server = uuid.uuid4().hex, spare or Server(self._command)
        self._sessions[name] = server
        return name, server

    def session(self, name: str | None) -> Server | None:
        """The process of a session, if that exists."""
        return self._sessions.get(name or "")

    def end_session(self, name: str | None) -> bool:
        """End a session; whether there was one."""
        server = self._sessions.pop(name or "", None)
        if server is not None:
            server.close()
        return server is not None


class _Handler(BaseHTTPRequestHandler):
    bridge: Bridge
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            message = json.loads(body)
        except ValueError:
            self._answer(400, {"jsonrpc": "2.0", "id": None, "error": _error(-32700, "not JSON")})
            return
        name = self.headers.get(SESSION_HEADER)
        headers: dict[str, str] = {}
        enveloped = _VERSION_KEY in (message.get("params", {}).get("_meta") or {})
        if enveloped or self.headers.get("MCP-Protocol-Version") == MODERN:
            server: Server | None = self.bridge.modern()
        elif message.get("method") == "initialize":
            name, server = self.bridge.open_session()
            headers[SESSION_HEADER] = name
        else:
            server = self.bridge.session(name)
        if server is None:
            status = 404 if name else 400
            error = _error(-32000, "no such session")
            self._answer(status, {"jsonrpc": "2.0", "id": message.get("id"), "error": error})
            return
        answer = server.pass_on(message)
        self._answer(_status(answer), answer, headers)

    def do_DELETE(self) -> None:
        self._answer(200 if self.bridge.end_session(self.headers.get(SESSION_HEADER)) else 404)

    def do_GET(self) -> None:
        self._answer(405)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing: the test's output is for the test."""

    def _answer(
        self, status: int, message: Message | None = None, headers: dict[str, str] | None = None
    ) -> None:
        data = b"" if message is None else json.dumps(message).encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if data:
            self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def _status(answer: Message | None) -> int:
    """The HTTP status that the transport's specification gives to an answer."""
    if answer is None:
        return 202
    code = answer.get("error", {}).get("code")
    return {-32601: 404, -32602: 400, -32022: 400, -32021: 400}.get(code, 200)


def _error(code: int, message: str) -> Message:
    return {"code": code, "message": message}
