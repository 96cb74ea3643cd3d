# SPDX-License-Identifier: AGPL-3.0-only
"""The desktop bundle: accepted by the bundler, and working once it is unpacked."""

from __future__ import annotations

import importlib.util
import json
import struct
import sys
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from mcp import Client, StdioServerParameters

from memoryoss_mcp import __version__
from memoryoss_mcp.server.prompts import DECISIONS
from memoryoss_mcp.server.tools import TOOLS

from .conftest import ROOT, Run

pytestmark = pytest.mark.anyio

MANIFEST = ROOT / "manifest"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def builder() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bundle_build", MANIFEST / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def manifest() -> dict[str, Any]:
    document = json.loads((MANIFEST / "manifest.json").read_text(encoding="utf-8"))
    assert isinstance(document, dict)
    return document


def test_the_manifest_tells_what_the_server_does(manifest: dict[str, Any]) -> None:
    assert manifest["version"] == __version__
    assert [tool["name"] for tool in manifest["tools"]] == list(TOOLS)
    assert [prompt["name"] for prompt in manifest["prompts"]] == [DECISIONS]
    assert manifest["privacy_policies"]
    assert all(url.startswith("https://") for url in manifest["privacy_policies"])
    assert set(manifest["compatibility"]["platforms"]) == {"darwin", "win32", "linux"}


def test_the_icon_is_a_png_of_512_pixels() -> None:
    head = (MANIFEST / "icon.png").read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", head[16:24]) == (512, 512)


def test_the_sources_are_whole_and_clean(tmp_path: Path) -> None:
    folder = builder().build(tmp_path / "bundle")
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert {"manifest.json", "icon.png", "privacy.md", "LICENSE", "pyproject.toml"} <= names
    assert {"src/server.py", "src/memoryoss_mcp/server/app.py"} <= names
    assert "src/memoryoss_minilm/tokenizer.json" in names
    assert not [name for name in names if "__pycache__" in name or "test" in name]
    project = (folder / "pyproject.toml").read_text(encoding="utf-8")
    assert '"mcp' in project
    assert "memoryoss-mcp" not in project  # it carries that itself


def test_it_refuses_a_folder_that_holds_something(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(SystemExit, match="not empty"):
        builder().build(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_the_bundler_accepts_the_manifest(run: Run) -> None:
    checked = run("mcpb", "validate", str(MANIFEST / "manifest.json"))
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize("given", [False, True], ids=["usual folder", "chosen folder"])
async def test_the_unpacked_bundle_serves(
    run: Run, environment: dict[str, str], tmp_path: Path, given: bool
) -> None:
    """Started as a host starts it, with this interpreter in uv's place."""
    sources = builder().build(tmp_path / "sources")
    packed = tmp_path / "memoryoss.mcpb"
    made = run("mcpb", "pack", str(sources), str(packed))
    assert made.returncode == 0, made.stdout + made.stderr
    unpacked = tmp_path / "unpacked"
    zipfile.ZipFile(packed).extractall(unpacked)
    chosen = [str(tmp_path / "chosen")] if given else []
    script = str(Path(__file__).with_name("bundle.mjs"))
    told = run("node", script, str(unpacked), *chosen)
    assert told.returncode == 0, told.stderr
    entry = json.loads(told.stdout)
    assert entry["command"] == "uv"
    assert entry["args"] == ["run", "--directory", str(unpacked), "src/server.py"]
    usual = tmp_path / "home" / "usual"
    parameters = StdioServerParameters(
        command=sys.executable,
        args=[entry["args"][-1]],
        cwd=unpacked,
        env={**environment, **entry["env"], "PYTHONPATH": "", "XDG_DATA_HOME": str(usual)},
    )
    async with Client(parameters) as client:
        result = await client.call_tool("memoryoss_store", {"content": "Kept by the bundle."})
        assert not result.is_error, result.content
        status = await client.read_resource("memoryoss://status")
    file = Path(json.loads(status.contents[0].text)["file"])  # type: ignore[union-attr]
    assert file.is_file()
    assert file.is_relative_to(tmp_path / ("chosen" if given else "home"))
    assert not list(unpacked.glob("*user_config*"))
