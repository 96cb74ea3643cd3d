# SPDX-License-Identifier: AGPL-3.0-only
"""A server process at the end of two pipes, without any client library in between."""

from __future__ import annotations

import itertools
import json
import os
import queue
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import memoryoss_mcp

COMMAND = (sys.executable, "-m", "memoryoss_mcp.server")
PATIENCE = 30.0
"""Seconds after which a test gives up on a busy machine; no test waits so long for success."""

MODERN = "2026-07-28"


class Wire:
    """Starts the server, writes raw lines, reads answers. stdout is kept byte for byte."""

    def __init__(
        self,
        data_dir: Path | None,
        *options: str,
        namespace: str | None = "tests",
        cwd: Path | None = None,
        environ: dict[str, str] | None = None,
        command: tuple[str, ...] = COMMAND,
    ) -> None:
        fixed = ["--namespace", namespace] if namespace else []
        fixed += ["--data-dir", str(data_dir)] if data_dir else []
        # The package under test, installed or not, whatever the working folder.
        places = [str(Path(memoryoss_mcp.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
        self.process = subprocess.Popen(
            [*command, *fixed, *options],
            cwd=cwd,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(filter(None, places)),
                **(environ or {}),
            },
        )
        assert self.process.stdin is not None
        self._stdin = self.process.stdin
        self.output: list[bytes] = []
        self.errors: list[bytes] = []
        self._lines: queue.Queue[bytes] = queue.Queue()
        self._numbers = itertools.count(1)
        self._threads = [
            threading.Thread(target=self._collect, daemon=True),
            threading.Thread(target=self._log, daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(PATIENCE)
        for thread in self._threads:
            thread.join(PATIENCE)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()

    def _collect(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.output.append(line)
            self._lines.put(line)

    def _log(self) -> None:
        assert self.process.stderr is not None
        self.errors.extend(self.process.stderr)

    @property
    def log(self) -> str:
        """What the server wrote to stderr so far."""
        return b"".join(self.errors).decode()

    def write(self, data: bytes) -> None:
        """Write bytes as they are."""
        self._stdin.write(data)
        self._stdin.flush()

    def send(self, method: str, params: dict[str, Any] | None = None) -> int:
        """Send a request; its id."""
        number = next(self._numbers)
        message: dict[str, Any] = {"jsonrpc": "2.0", "id": number, "method": method}
        if params is not None:
            message["params"] = params
        self.write(json.dumps(message, ensure_ascii=False).encode() + b"\n")
        return number

    def answer(self) -> dict[str, Any]:
        """The next message of the server."""
        message = json.loads(self._lines.get(timeout=PATIENCE))
        assert isinstance(message, dict)
        return message

    def request(self, method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
        """Send a request and return the answer to it."""
        number = self.send(method, params)
        message = self.answer()
        assert message["id"] == number, message
        return message

    def handshake(self, version: str = "2025-11-25") -> dict[str, Any]:
        """Open a session of the handshake era; the server's part of it."""
        about = {"name": "tests", "version": "1"}
        params = {"protocolVersion": version, "capabilities": {}, "clientInfo": about}
        result = self.request("initialize", params)["result"]
        assert isinstance(result, dict)
        self.write(b'{"jsonrpc":"2.0","method":"notifications/initialized"}\n')
        return result

    def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Call ``memoryoss_{tool}``; the result as it was on the wire."""
        params = {"name": f"memoryoss_{tool}", "arguments": arguments}
        result = self.request("tools/call", params)["result"]
        assert isinstance(result, dict)
        return result

    def end_input(self) -> None:
        """Close the server's standard input."""
        self._stdin.close()

    def wait(self) -> int:
        """Wait for the process to end by itself; its exit code."""
        return self.process.wait(PATIENCE)


def modern(params: dict[str, Any] | None = None, version: str = MODERN) -> dict[str, Any]:
    """``params`` with the envelope that each request of the modern era carries."""
    envelope = {
        "io.modelcontextprotocol/protocolVersion": version,
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": {"name": "tests", "version": "1"},
    }
    return {**(params or {}), "_meta": envelope}
