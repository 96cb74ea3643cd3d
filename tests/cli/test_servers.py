# SPDX-License-Identifier: AGPL-3.0-only
"""The command line beside a running server, on the same memory at the same time."""

from __future__ import annotations

import subprocess

import anyio
import anyio.to_thread
import pytest

from memoryoss_mcp.server.client import ServerFailedError, ToolFailedError, start_server
from tests.cli.support import Cli


def test_each_sees_what_the_other_does(cli: Cli) -> None:
    async def both() -> None:
        server = ["--data-dir", str(cli.data_dir), "mcp-server", "--namespace", "shared"]
        async with start_server(server, environment=cli.environment) as session:
            stored = await session.call("memoryoss_store", {"content": "The pier was repaired."})
            assert stored["namespace"] == "shared"
            listed = await anyio.to_thread.run_sync(
                lambda: cli.json("list", "--namespace", "shared")
            )
            assert [memory["id"] for memory in listed["memories"]] == [stored["id"]]
            ours = await anyio.to_thread.run_sync(
                lambda: cli.store("The crane has a new cable.", "--namespace", "shared")
            )
            found = await session.call("memoryoss_recall", {"query": "crane cable"})
            assert found["memories"][0]["id"] == ours
            receipt = await anyio.to_thread.run_sync(
                lambda: cli.json("forget", stored["id"], "--namespace", "shared")
            )
            assert receipt["clean"] is True
            gone = await session.call("memoryoss_recall", {"query": "pier"})
            assert stored["id"] not in [memory["id"] for memory in gone["memories"]]

    anyio.run(both)


def test_an_error_of_a_tool_is_told_as_it_is(cli: Cli) -> None:
    async def ask() -> None:
        server = ["mcp-server", "--data-dir", str(cli.data_dir)]
        async with start_server(server, environment=cli.environment) as session:
            assert {tool.name for tool in await session.tools()} == {
                *("memoryoss_recall", "memoryoss_store", "memoryoss_update", "memoryoss_forget")
            }
            await session.call("memoryoss_recall", {"query": " "})

    with pytest.raises(ToolFailedError, match="query is empty"):
        anyio.run(ask)


def test_a_server_that_does_not_start_says_why(cli: Cli) -> None:
    async def fail() -> None:
        server = ["mcp-server", "--config", "nowhere.toml"]
        async with start_server(server, environment=cli.environment):
            raise AssertionError

    with pytest.raises(ServerFailedError, match=r"nowhere\.toml"):
        anyio.run(fail)


def test_the_server_writes_the_protocol_only_to_standard_output(cli: Cli) -> None:
    done = subprocess.run(
        cli.arguments("mcp-server", "--json", "--namespace", "not valid"),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        cwd=cli.folder,
        env=cli.environment,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"not a namespace name" in done.stderr
