# SPDX-License-Identifier: AGPL-3.0-only
"""Clients and validators of other makers, run against the server as a process.

They come from npm, in the versions of ``package.json``, in a folder outside the repository::

    cp tests/clients/package.json FOLDER/
    npm install --prefix FOLDER --no-package-lock
    MEMORYOSS_NODE_MODULES=FOLDER/node_modules pytest tests/clients
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import memoryoss_mcp

NODE_MODULES = "MEMORYOSS_NODE_MODULES"
ROOT = Path(__file__).parents[2]
TIMEOUT = 180.0

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def node_modules() -> Path:
    """The folder with the npm packages; without it the tests that need it are skipped."""
    folder = os.environ.get(NODE_MODULES)
    if not folder:
        pytest.skip(f"{NODE_MODULES} is not set: the npm packages of tests/clients are not there")
    path = Path(folder)
    if not (path / ".bin").is_dir():
        pytest.fail(f"{NODE_MODULES}={folder} holds no npm packages")
    return path


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A clean environment: a home of its own, this interpreter's programs first, our package."""
    home = tmp_path / "home"
    home.mkdir()
    kept = {
        k: v for k, v in os.environ.items() if not k.startswith(("MEMORYOSS_", "CLAUDE", "XDG_"))
    }
    scripts = str(Path(sys.executable).parent)
    places = [str(Path(memoryoss_mcp.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    return {
        **kept,
        "HOME": str(home),
        "PATH": os.pathsep.join((scripts, os.environ.get("PATH", ""))),
        "PYTHONPATH": os.pathsep.join(filter(None, places)),
    }


@pytest.fixture
def server(tmp_path: Path) -> list[str]:
    """The command that starts the server over an empty folder."""
    data = str(tmp_path / "data")
    return [sys.executable, "-m", "memoryoss_mcp.server", "--data-dir", data, "--namespace", "t"]


@pytest.fixture
def run(node_modules: Path, environment: dict[str, str]) -> Run:
    """Run an npm program by name, with the Node.js that came with the packages."""

    def program(name: str, *arguments: str, **extra: str) -> subprocess.CompletedProcess[str]:
        path = os.pathsep.join((str(node_modules / ".bin"), environment["PATH"]))
        return subprocess.run(
            [str(node_modules / ".bin" / name), *arguments],
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=TIMEOUT,
            env={**environment, "PATH": path, NODE_MODULES: str(node_modules), **extra},
            check=False,
        )

    return program
