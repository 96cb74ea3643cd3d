# SPDX-License-Identifier: AGPL-3.0-only
"""The stdio transport: one JSON-RPC message per line, bytes in and bytes out.

The SDK's own transport is not used, for four reasons: it writes CR LF on Windows, it drops a
malformed frame without an answer (the client then waits for ever), it replaces bytes that are not
UTF-8 (a memory would be stored altered), and it cancels the calls that run when input ends.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import asynccontextmanager, suppress
from typing import Any

import anyio
import anyio.to_thread
from anyio.from_thread import BlockingPortal
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.shared.message import SessionMessage
from mcp_types import INVALID_REQUEST, PARSE_ERROR, jsonrpc_message_adapter
from mcp_types.jsonrpc import JSONRPCMessage, JSONRPCNotification, JSONRPCRequest
from pydantic import ValidationError

MAX_FRAME_BYTES = 64 * 1024 * 1024
"""A longer line is refused without being kept; the largest legitimate request is far below."""

DRAIN_SECONDS = 1.0
"""How long the calls that run when input ends may take to be answered."""

_CHUNK = 65_536

_logger = logging.getLogger(__name__)

Incoming = MemoryObjectReceiveStream[SessionMessage | Exception]
Outgoing = MemoryObjectSendStream[SessionMessage]


class FrameError(Exception):
    """A frame that is no message of the protocol. ``id`` is the request's, where it can be read."""

    def __init__(self, code: int, message: str, request_id: str | int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.request_id = request_id

    def frame(self) -> bytes:
        """The JSON-RPC error response to it, as a line."""
        error = {"code": self.code, "message": str(self)}
        return _line({"jsonrpc": "2.0", "id": self.request_id, "error": error})


def split_frames(chunks: Iterable[bytes], limit: int = MAX_FRAME_BYTES) -> Iterator[bytes | None]:
    """Cut a byte stream into lines without their ends; ``None`` stands for one above ``limit``.

    An unfinished last line is not a frame: its writer was cut off.
    """
    pending: list[bytes] = []
    size = 0
    for chunk in chunks:
        *ended, rest = chunk.split(b"\n")
        for piece in ended:
            whole = size + len(piece) <= limit
            yield b"".join((*pending, piece)) if whole else None
            pending, size = [], 0
        size += len(rest)
        if size <= limit:
            pending.append(rest)
        else:
            pending = []


def parse_frame(frame: bytes) -> JSONRPCMessage | None:
    """Read one line as a message; ``None`` for an empty line.

    Raises:
        FrameError: it is no message; the refusal is what to answer.
    """
    frame = frame.removeprefix(b"\xef\xbb\xbf").strip()
    if not frame:
        return None
    try:
        message: JSONRPCMessage = jsonrpc_message_adapter.validate_json(frame, by_name=False)
    except ValidationError as error:
        raise _refusal(frame, error) from None
    if isinstance(message, JSONRPCNotification) and b'"id"' in frame and "id" in json.loads(frame):
        # The SDK reads a request with an unusable id as a notification: nobody would answer it.
        raise FrameError(INVALID_REQUEST, "Invalid request: the id must be a string or an integer.")
    return message


def _refusal(frame: bytes, error: ValidationError) -> FrameError:
    first = error.errors(include_url=False)[0]
    if first["type"] != "json_invalid":
        value = _lenient(frame)
        if isinstance(value, list):
            text = "Invalid request: batches are not supported, send one message per line."
            return FrameError(INVALID_REQUEST, text)
        text = "Invalid request: not a JSON-RPC 2.0 message (an object with jsonrpc, id, method)."
        return FrameError(INVALID_REQUEST, text, _id_of(value))
    try:
        frame.decode("utf-8")
        reason = str(first["ctx"]["error"])
    except UnicodeDecodeError as fault:
        reason = f"the bytes at position {fault.start} are not UTF-8"
    return FrameError(PARSE_ERROR, f"Parse error: {reason}.", _id_of(_lenient(frame)))


def _lenient(frame: bytes) -> Any:
    """The frame as Python's more forgiving reader sees it, only to find out whose request it is."""
    try:
        return json.loads(frame.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None


def _id_of(value: Any) -> str | int | None:
    found = value.get("id") if isinstance(value, dict) else None
    return found if isinstance(found, str | int) and not isinstance(found, bool) else None


def _line(message: dict[str, Any]) -> bytes:
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


class Pipes:
    """The process's standard input and output, taken over for the protocol.

    Afterwards descriptor 0 is empty and descriptor 1 leads to stderr: whatever a library prints
    cannot reach the client.
    """

    def __init__(self) -> None:
        sys.stdout.flush()
        self._input = os.dup(0)
        self._output = os.dup(1)
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, 0)
        try:
            os.dup2(2, 1)
        except OSError:  # started without stderr
            os.dup2(nothing, 1)
        os.close(nothing)

    def read(self) -> Iterator[bytes]:
        """The bytes of standard input as they come, until its end."""
        while True:
            try:
                chunk = os.read(self._input, _CHUNK)
            except OSError:
                return
            if not chunk:
                return
            yield chunk

    def write(self, data: bytes) -> None:
        """Write all of ``data`` to standard output; blocks while the client does not read."""
        view = memoryview(data)
        while view:
            view = view[os.write(self._output, view) :]


@asynccontextmanager
async def stdio_streams(
    pipes: Pipes, on_end: Callable[[], None]
) -> AsyncIterator[tuple[Incoming, Outgoing]]:
    """The message streams that ``mcp.server.Server.run`` takes, over ``pipes``.

    ``on_end`` is called once when input ends or the client stops reading. Calls that run at that
    moment still get answered if they finish within :data:`DRAIN_SECONDS`.
    """
    arriving, incoming = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    outgoing, leaving = anyio.create_memory_object_stream[SessionMessage](0)
    running: set[str | int] = set()
    writing = anyio.Lock()
    idle = anyio.Event()
    ended = False

    def settle(request_id: object) -> None:
        if isinstance(request_id, str | int):
            running.discard(request_id)
        if ended and not running:
            idle.set()

    async def send(data: bytes) -> None:
        async with writing:
            await anyio.to_thread.run_sync(pipes.write, data)

    async def accept(frame: bytes | None) -> None:
        try:
            await handle(frame)
        except Exception:  # whatever a frame does to us, the next one is still read
            _logger.exception("a frame could not be handled")

    async def handle(frame: bytes | None) -> None:
        try:
            if frame is None:
                text = f"Invalid request: a message above {MAX_FRAME_BYTES // 2**20} MiB."
                raise FrameError(INVALID_REQUEST, text)
            message = parse_frame(frame)
        except FrameError as refusal:
            _logger.warning("refused a frame: %s", refusal)
            with suppress(OSError):
                await send(refusal.frame())
            return
        if message is None:
            return
        if isinstance(message, JSONRPCRequest):
            running.add(message.id)
        elif isinstance(message, JSONRPCNotification) and (
            message.method == "notifications/cancelled"
        ):
            settle((message.params or {}).get("requestId"))  # it will get no answer
        with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
            await arriving.send(SessionMessage(message))

    async def end() -> None:
        nonlocal ended
        ended = True
        on_end()
        if running:
            with anyio.move_on_after(DRAIN_SECONDS):
                await idle.wait()
        await arriving.aclose()

    async def write() -> None:
        async with leaving:
            async for item in leaving:
                data = item.message.model_dump_json(by_alias=True, exclude_unset=True)
                try:
                    await send(data.encode() + b"\n")
                except OSError:
                    _logger.info("the client no longer reads")
                    on_end()
                    await arriving.aclose()
                    return
                settle(getattr(item.message, "id", None))

    def read(portal: BlockingPortal) -> None:
        # A thread of our own, daemonic and without locks: a blocked read must not keep the
        # process alive, which AnyIO's workers and buffered files would.
        with suppress(RuntimeError, CancelledError):  # the loop has ended
            for frame in split_frames(pipes.read()):
                portal.call(accept, frame)
            portal.call(end)

    async with BlockingPortal() as portal, anyio.create_task_group() as tasks:
        tasks.start_soon(write)
        threading.Thread(target=read, args=(portal,), name="stdin", daemon=True).start()
        try:
            yield incoming, outgoing
        finally:
            incoming.close()
            tasks.cancel_scope.cancel()
