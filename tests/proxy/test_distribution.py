# SPDX-License-Identifier: AGPL-3.0-only
"""The proxy's own distribution says the same as its package and as the core."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import memoryoss_mcp
import memoryoss_proxy

ROOT = Path(__file__).resolve().parents[2]


def project(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))
    return content["project"]  # type: ignore[no-any-return]


def test_version_python_and_licence_are_those_of_package_and_core() -> None:
    core, proxy = project(ROOT), project(ROOT / "memoryoss_proxy")
    assert proxy["version"] == memoryoss_proxy.__version__
    assert proxy["requires-python"] == core["requires-python"]
    assert proxy["license"] == core["license"]
    text = (ROOT / "memoryoss_proxy" / "LICENSE").read_bytes()
    assert text == (ROOT / "LICENSE").read_bytes()


def test_it_needs_the_core_of_the_same_line() -> None:
    major, minor = memoryoss_mcp.__version__.split(".")[:2]
    needed = f"memoryoss-mcp>={major}.{minor},<{major}.{int(minor) + 1}"
    assert needed in project(ROOT / "memoryoss_proxy")["dependencies"]


def test_the_core_finds_its_commands_by_entry_point() -> None:
    proxy = project(ROOT / "memoryoss_proxy")
    assert set(proxy["entry-points"]["memoryoss.plugins"]) == {"serve", "dev"}
    assert set(proxy["scripts"]) == {"memoryoss-proxy"}
