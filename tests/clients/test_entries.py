# SPDX-License-Identifier: AGPL-3.0-only
"""The entries that users copy: each starts the server exactly as the documentation shows it."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters

from .conftest import ROOT

pytestmark = pytest.mark.anyio

FOLDER = ROOT / "manifest" / "clients"
DOCUMENT = ROOT / "docs" / "clients.md"
FILES = sorted(path.name for path in FOLDER.iterdir())


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def entry(path: Path) -> dict[str, Any]:
    """The server's entry in a file, in whichever form its client reads."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".sh":
        words = shlex.split(text)
        assert words[:4] == ["claude", "mcp", "add", "memoryoss"]
        command, *arguments = words[words.index("--") + 1 :]
        return {"command": command, "args": arguments}
    document = tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
    ((key, servers),) = document.items()
    assert key == {"vscode.json": "servers", "codex.toml": "mcp_servers"}.get(
        path.name, "mcpServers"
    )
    ((name, found),) = servers.items()
    assert name == "memoryoss"
    assert isinstance(found, dict)
    return found


def test_there_is_one_for_each_client() -> None:
    stems = {name.partition(".")[0] for name in FILES}
    assert stems == {"claude-desktop", "claude-code", "cursor", "codex", "vscode"}


@pytest.mark.parametrize("name", FILES)
def test_the_documentation_shows_the_file_as_it_is(name: str) -> None:
    shown = re.search(
        rf"<!-- manifest/clients/{re.escape(name)} -->\n```\w+\n(.*?)```",
        DOCUMENT.read_text(encoding="utf-8"),
        re.DOTALL,
    )
    assert shown is not None
    assert shown[1] == (FOLDER / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", FILES)
async def test_the_entry_starts_a_working_server(
    name: str, environment: dict[str, str], tmp_path: Path
) -> None:
    found = entry(FOLDER / name)
    command = shutil.which(found["command"], path=environment["PATH"])
    if command is None:
        pytest.skip(f"{found['command']} is not installed beside this interpreter")
    parameters = StdioServerParameters(
        command=command,
        args=found["args"],
        env={**environment, **found.get("env", {})},
        cwd=tmp_path,
    )
    async with Client(parameters) as client:
        assert len((await client.list_tools()).tools) == 4
        stored = await client.call_tool("memoryoss_store", {"content": f"Kept by {name}."})
        assert not stored.is_error, stored.content
    async with Client(parameters) as client:
        recalled = await client.call_tool("memoryoss_recall", {"query": "Kept by whom?"})
        assert recalled.structured_content is not None
        (memory,) = recalled.structured_content["memories"]
        assert memory["content"] == f"Kept by {name}."
        assert recalled.structured_content["namespace"] == "default"
