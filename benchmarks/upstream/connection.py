# SPDX-License-Identifier: AGPL-3.0-only
"""One connection of the provider: what came over it, what went, and how it ended."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import sys
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from benchmarks.upstream.script import Script

Headers: TypeAlias = tuple[tuple[bytes, bytes], ...]
Serve: TypeAlias = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

LARGEST_HEAD: Final = 65_536
PATIENCE: Final = 10.0
"""Seconds that anything here may take."""


@dataclass(eq=False, slots=True)
class Recorded:
    """A request as it came."""

    method: str
    target: str
    """With the query string."""
    headers: Headers = field(repr=False)
    """In order, with duplicates, in the case in which they were sent."""
    at: float
    """When its head was there (``time.perf_counter``)."""
    body: bytes = field(default=b"", repr=False)
    client_left: bool = False
    """Whether the client closed the connection before it had the whole answer."""
    sent: int = 0
    """Bytes of the answer on the wire so far."""
    _ended: threading.Event = field(default_factory=threading.Event, repr=False)

    def header(self, name: str) -> bytes | None:
        """The value of the first field of that name."""
        wanted = name.lower().encode()
        return next((value for field, value in self.headers if field.lower() == wanted), None)

    def end(self) -> None:
        """The server is done with it."""
        self._ended.set()

    def wait(self, timeout: float = PATIENCE) -> bool:
        """Wait until the server is done with it: answered, or given up."""
        return self._ended.wait(timeout)


class EndError(Exception):
    """The script ends this connection."""


class Connection(asyncio.StreamReaderProtocol):
    """A connection that says when the client has closed it."""

    def __init__(
        self, serve: Serve, opened: set[Connection], loop: asyncio.AbstractEventLoop
    ) -> None:
        super().__init__(asyncio.StreamReader(LARGEST_HEAD, loop), serve, loop)
        self.gone = asyncio.Event()
        self._opened = opened
        self._connected: asyncio.BaseTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._connected = transport
        self._opened.add(self)
        # asyncio does this only for sockets that were made with the number of the protocol.
        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().connection_made(transport)

    def eof_received(self) -> bool | None:
        self.gone.set()
        return super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self.gone.set()
        self._opened.discard(self)
        super().connection_lost(exc)

    def abort(self) -> None:
        if isinstance(self._connected, asyncio.Transport):
            self._connected.abort()


class Line:
    """Writes to the client up to where the script ends it."""

    def __init__(self, writer: asyncio.StreamWriter, gone: asyncio.Event) -> None:
        self._writer = writer
        self._gone = gone
        self._request: Recorded | None = None
        self._script = Script()
        self.broken = False

    def begin(self, request: Recorded) -> None:
        self._request = request

    def end(self) -> None:
        """Nothing more is written."""
        if self._request is not None:
            self._request.end()

    def follow(self, script: Script) -> None:
        self._script = script

    async def write(self, data: bytes) -> None:
        request, script = self._request, self._script
        assert request is not None
        if self._gone.is_set():
            self._leave()
        end = _least(script.die_after, script.hang_after)
        if end is not None and request.sent + len(data) >= end:
            data = data[: end - request.sent]
        else:
            end = None
        self._writer.write(data)
        request.sent += len(data)
        if end is None:
            await self.drain()
        else:
            await self._end(hangs=end == script.hang_after)

    async def drain(self) -> None:
        try:
            await self._writer.drain()
        except ConnectionError:
            self._leave()

    async def pause(self, seconds: float) -> None:
        if seconds > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._gone.wait(), seconds)
                self._leave()

    async def _end(self, *, hangs: bool) -> None:
        await self.drain()
        if hangs:
            await self._gone.wait()
            self._leave()
        if self._script.reset:
            _reset(self._writer)
        raise EndError

    def _leave(self) -> None:
        self.broken = True
        raise EndError


async def discard(reader: asyncio.StreamReader) -> None:
    """Throw away what the client still sends, as servers do after an early answer: a connection
    that is closed with unread bytes is reset, and the answer may be lost."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE):
            while await reader.read(LARGEST_HEAD):
                pass


def _least(*bounds: int | None) -> int | None:
    return min((bound for bound in bounds if bound is not None), default=None)


def _reset(writer: asyncio.StreamWriter) -> None:
    connection = writer.get_extra_info("socket")
    # Without waiting for what was not acknowledged.
    linger = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.transport.abort()
