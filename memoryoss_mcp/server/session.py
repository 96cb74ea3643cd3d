# SPDX-License-Identifier: AGPL-3.0-only
"""One session with one client, from the first byte to the last."""

from __future__ import annotations

import asyncio
import logging

import anyio

from memoryoss_mcp.config import Config
from memoryoss_mcp.errors import MemoryOSSError
from memoryoss_mcp.server.app import build_server
from memoryoss_mcp.server.handle import RuntimeHandle
from memoryoss_mcp.server.lifetime import Lifetime
from memoryoss_mcp.server.stdio import Pipes, stdio_streams

_logger = logging.getLogger(__name__)


def run(config: Config, lifetime: Lifetime) -> int:
    """Serve until input ends or ``lifetime`` does; the exit code."""
    pipes = Pipes()
    handle = RuntimeHandle(config)
    try:
        anyio.run(_serve, handle, pipes, lifetime, backend="asyncio")
    finally:
        lifetime.expire("the session is over")
        try:
            handle.close()
        except MemoryOSSError as error:
            _logger.warning("closing: %s: %s", error.code, error)
        lifetime.over()
    return 0


async def _serve(handle: RuntimeHandle, pipes: Pipes, lifetime: Lifetime) -> None:
    server = build_server(handle)
    with anyio.CancelScope() as scope:
        loop = asyncio.get_running_loop()

        def cancel() -> None:
            loop.call_soon_threadsafe(scope.cancel)

        lifetime.on_stop(cancel)

        def ended() -> None:
            handle.hurry()
            lifetime.expire("input ended")

        async with stdio_streams(pipes, ended) as streams:
            await server.run(*streams, server.create_initialization_options())
