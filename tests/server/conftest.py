# SPDX-License-Identifier: AGPL-3.0-only
"""A server over the real runtime, with a client in the same process or over real pipes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from memoryoss_mcp.config import Config, Namespaces
from memoryoss_mcp.server.app import build_server
from memoryoss_mcp.server.handle import RuntimeHandle

from .wire import Wire

NAMESPACE = "tests"


class Talk:
    """A connected client, with the short forms that the tests need."""

    def __init__(self, client: Client) -> None:
        self.client = client

    async def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Call ``memoryoss_{tool}``; its structured answer. Fails the test on an error result."""
        result = await self.client.call_tool(f"memoryoss_{tool}", arguments)
        assert not result.is_error, result.content
        assert isinstance(result.structured_content, dict)
        return result.structured_content

    async def refused(self, tool: str, **arguments: Any) -> str:
        """Call ``memoryoss_{tool}``; the text of its error result."""
        result = await self.client.call_tool(f"memoryoss_{tool}", arguments)
        assert result.is_error, result.content
        assert result.structured_content is None
        (block,) = result.content
        assert block.type == "text"
        return block.text


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def handle(config: Config) -> Iterator[RuntimeHandle]:
    """A handle over an empty folder whose requests go to the namespace ``tests``."""
    opened = RuntimeHandle(replace(config, namespaces=Namespaces(default=NAMESPACE)))
    yield opened
    opened.close()


@pytest.fixture
async def talk(handle: RuntimeHandle) -> AsyncIterator[Talk]:
    """A client of the newest protocol in the same process, over the real runtime."""
    async with Client(build_server(handle)) as client:
        yield Talk(client)


@pytest.fixture
def wire(tmp_path: Path) -> Iterator[Wire]:
    """A server process that was just started; the test speaks to it line by line."""
    with Wire(tmp_path / "data") as started:
        yield started
