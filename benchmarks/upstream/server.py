# SPDX-License-Identifier: AGPL-3.0-only
"""HTTP/1.1 on plain sockets, so that bytes leave exactly when and as a script says."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TypeAlias

from benchmarks.upstream.connection import (
    PATIENCE,
    Connection,
    EndError,
    Line,
    Recorded,
    discard,
)
from benchmarks.upstream.provider import Provider
from benchmarks.upstream.script import Script, framed, head, interim

CLOSING_S = 5.0
"""How long a connection is waited for that the script has ended."""

Scripted: TypeAlias = "Script | Callable[[Recorded], Script | None] | None"
"""One script for all requests, or what gives the script of each."""


class Upstream:
    """A running provider. Requests are recorded in the order in which their heads came."""

    def __init__(self, script: Scripted, *, keep_requests: bool) -> None:
        self.script: Scripted = script
        self.requests: list[Recorded] = []
        self.host, self.port = "", 0
        self._keeps = keep_requests
        self._provider = Provider()

    @property
    def url(self) -> str:
        """Its address, without a path."""
        return f"http://{self.host}:{self.port}"

    def reset(self) -> None:
        """Forget all requests, the script and what the prompt caches hold."""
        self.script = None
        self.requests.clear()
        self._provider.forget()

    def wait_for_requests(self, count: int = 1, timeout: float = PATIENCE) -> list[Recorded]:
        """The requests, once there are so many.

        Raises:
            TimeoutError: there are fewer.
        """
        end = time.monotonic() + timeout
        while len(self.requests) < count:
            if time.monotonic() > end:
                raise TimeoutError(f"There were {len(self.requests)} requests, not {count}.")
            time.sleep(0.002)
        return list(self.requests)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        connection = writer.transport.get_protocol()
        assert isinstance(connection, Connection)
        line = Line(writer, connection.gone)
        try:
            while await self._answer_next(reader, line):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        except EndError:
            # The server is done with such a request when the connection is closed, not before.
            writer.close()
            with contextlib.suppress(OSError, TimeoutError):
                await asyncio.wait_for(writer.wait_closed(), CLOSING_S)
        except (ValueError, asyncio.LimitOverrunError):
            writer.write(b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\nNot HTTP.\n")
        finally:
            writer.close()
            line.end()

    async def _answer_next(self, reader: asyncio.StreamReader, line: Line) -> bool:
        """Answer the next request; whether another may follow on this connection."""
        request = _parse_head(await reader.readuntil(b"\r\n\r\n"))
        line.begin(request)
        if self._keeps:
            self.requests.append(request)
        try:
            follows = await self._answer(request, reader, line)
        except (ConnectionError, asyncio.IncompleteReadError):
            request.client_left = True
            raise
        finally:
            request.client_left |= line.broken
        request.end()
        return follows

    async def _answer(self, request: Recorded, reader: asyncio.StreamReader, line: Line) -> bool:
        chosen = self.script(request) if callable(self.script) else self.script
        script = chosen or Script()
        line.follow(script)
        if script.reads_body:
            if (request.header("expect") or b"").lower() == b"100-continue":
                await line.write(interim(100))
            request.body = await _read_body(request, reader)
        await line.pause(script.delay)
        for status in script.interim:
            await line.write(interim(status))
        plain = self._provider.answer(
            request.method, request.target, request.headers, request.body, script.status
        )
        answer = script.applied_to(plain)
        keeps_alive = script.keeps_alive and script.reads_body and answer.framing != "close"
        await line.write(head(answer, keeps_alive=keeps_alive))
        has_body = request.method != "HEAD" and answer.status not in (204, 304)
        for number, piece in enumerate(framed(answer) if has_body else ()):
            if number:
                await line.pause(script.pause)
            await line.write(piece)
        await line.drain()
        if not script.reads_body:
            await discard(reader)
        return keeps_alive


@contextmanager
def running_upstream(
    script: Scripted = None,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    keep_requests: bool = True,
) -> Iterator[Upstream]:
    """Run a provider in a thread of its own until the block ends."""
    upstream = Upstream(script, keep_requests=keep_requests)
    listener = socket.create_server((host, port), backlog=1024)
    upstream.host, upstream.port = listener.getsockname()[:2]
    stop: Callable[[], object] | None = None
    started = threading.Event()

    async def serve() -> None:
        nonlocal stop
        loop, stopped = asyncio.get_running_loop(), asyncio.Event()
        stop = partial(loop.call_soon_threadsafe, stopped.set)
        connections: set[Connection] = set()
        server = await loop.create_server(
            lambda: Connection(upstream.serve, connections, loop), sock=listener
        )
        started.set()
        await stopped.wait()
        server.close()
        for connection in tuple(connections):
            connection.abort()
        if tasks := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(tasks, timeout=PATIENCE)

    thread = threading.Thread(target=lambda: asyncio.run(serve()), name="upstream", daemon=True)
    thread.start()
    started.wait(PATIENCE)
    try:
        yield upstream
    finally:
        if stop is not None:
            stop()
        thread.join(PATIENCE)
        listener.close()


def _parse_head(raw: bytes) -> Recorded:
    start, *lines = raw[:-4].split(b"\r\n")
    method, target, _ = start.decode("latin-1").split(" ", 2)
    pairs = (line.partition(b":") for line in lines)
    headers = tuple((name, value.strip()) for name, _, value in pairs)
    return Recorded(method, target, headers, time.perf_counter())


async def _read_body(request: Recorded, reader: asyncio.StreamReader) -> bytes:
    if b"chunked" in (request.header("transfer-encoding") or b"").lower():
        pieces = []
        while size := int((await reader.readline()).split(b";")[0], 16):
            pieces.append(await reader.readexactly(size))
            await reader.readexactly(2)
        while (await reader.readline()).strip():
            pass
        return b"".join(pieces)
    return await reader.readexactly(int(request.header("content-length") or 0))
