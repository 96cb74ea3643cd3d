# SPDX-License-Identifier: AGPL-3.0-only
"""A client of our own server: starts it as MCP clients do, and calls its tools.

It serves demonstrations and checks of an installation; the server itself does not need it.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import IO, Any

from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.shared.exceptions import MCPError
from mcp_types import TextContent

from memoryoss_mcp.errors import MemoryOSSError

CALL_SECONDS = 30.0
"""Until a call that got no answer fails."""

_LOG_LINES = 5


class ServerFailedError(MemoryOSSError):
    """The server did not start or did not answer; the message ends with what it said on stderr."""

    code = "server_failed"


class ToolFailedError(MemoryOSSError):
    """A tool answered with an error. The message is what a model would read."""

    code = "tool_failed"


@dataclass(frozen=True, slots=True)
class ToolInfo:
    """A tool as the server lists it."""

    name: str
    title: str
    description: str


class ServerSession:
    """One session with a running server."""

    def __init__(self, client: Client) -> None:
        self._client = client

    @property
    def protocol_version(self) -> str:
        """What both sides agreed on."""
        return self._client.protocol_version

    @property
    def server(self) -> str:
        """The server's name for itself and its version."""
        info = self._client.server_info
        return "unnamed" if info is None else f"{info.title or info.name} {info.version}"

    async def tools(self) -> tuple[ToolInfo, ...]:
        """The tools on offer."""
        listed = await self._client.list_tools()
        return tuple(
            ToolInfo(tool.name, tool.title or tool.name, tool.description or "")
            for tool in listed.tools
        )

    async def call(self, tool: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Call a tool; its structured result.

        Raises:
            ToolFailedError: it answered with an error.
        """
        result = await self._client.call_tool(tool, dict(arguments))
        text = "".join(part.text for part in result.content if isinstance(part, TextContent))
        if result.is_error:
            raise ToolFailedError(f"{tool}: {text}")
        return dict(result.structured_content or json.loads(text))


@asynccontextmanager
async def start_server(
    arguments: Sequence[str], *, environment: Mapping[str, str] | None = None
) -> AsyncIterator[ServerSession]:
    """Run ``python -m memoryoss_mcp`` with ``arguments`` as a subprocess and talk to it; the
    process has ended behind the block. It sees only harmless variables of this environment, and
    those of ``environment``.

    Raises:
        ServerFailedError: it did not start, or ended before it answered.
    """
    parameters = StdioServerParameters(
        command=sys.executable,
        args=["-m", "memoryoss_mcp", *arguments],
        env=dict(environment or {}),
    )
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as log:
        transport = stdio_client(parameters, errlog=log)
        try:
            async with Client(transport, read_timeout_seconds=CALL_SECONDS) as client:
                yield ServerSession(client)
        except BaseExceptionGroup as group:  # task groups wrap what happens inside of them
            raise _translated(_first(group), log) from group
        except (MCPError, OSError) as error:
            raise _translated(error, log) from error


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _translated(error: BaseException, log: IO[str]) -> BaseException:
    """A failure of the connection as an error that shows what the server said last."""
    if not isinstance(error, MCPError | OSError):
        return error
    log.seek(0)
    said = log.read().strip().splitlines()[-_LOG_LINES:]
    reason = " ".join([f"The server does not answer: {error}.", *said])
    return ServerFailedError(reason, hint="Start 'memoryoss mcp-server' by hand to see why.")
