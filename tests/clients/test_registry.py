# SPDX-License-Identifier: AGPL-3.0-only
"""The entry of the MCP registry agrees with its schema, the package and the README."""

from __future__ import annotations

import json
import os
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from memoryoss_mcp import __version__

from .conftest import ROOT

NAME = "io.github.memoryOSScom/memoryoss"
BENCH_DATA = "MEMORYOSS_BENCH_DATA"


@pytest.fixture
def server() -> dict[str, Any]:
    document = json.loads((ROOT / "server.json").read_text(encoding="utf-8"))
    assert isinstance(document, dict)
    return document


def test_it_is_valid_by_the_registrys_schema(server: dict[str, Any]) -> None:
    data = Path(os.environ.get(BENCH_DATA, ROOT.parent / "shared" / "data" / "bench"))
    schema = data.parent / "mcp-server.schema.json"
    if not schema.is_file():
        pytest.skip(f"the registry's schema is not beside the benchmark data ({BENCH_DATA})")
    loaded = json.loads(schema.read_text(encoding="utf-8"))
    assert server["$schema"] == loaded["$id"]
    assert [error.message for error in Draft7Validator(loaded).iter_errors(server)] == []


def test_names_and_versions_agree(server: dict[str, Any]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (package,) = server["packages"]
    assert server["name"] == NAME
    assert server["version"] == package["version"] == project["version"] == __version__
    assert package["identifier"] == project["name"]
    assert package["identifier"] in project["scripts"]  # what uvx starts
    assert (package["registryType"], package["runtimeHint"]) == ("pypi", "uvx")
    assert package["transport"] == {"type": "stdio"}


def test_limits_that_the_registry_enforces(server: dict[str, Any]) -> None:
    assert 1 <= len(server["description"]) <= 100
    assert len(server["title"]) <= 100
    assert re.fullmatch(r"[a-zA-Z0-9.-]+/[a-zA-Z0-9._-]+", server["name"])

    def keys(node: Any) -> set[str]:
        if isinstance(node, list):
            return set().union(*map(keys, node)) if node else set()
        if isinstance(node, dict):
            return set(node) | set().union(*map(keys, node.values()))
        return set()

    # The schema lets unknown keys pass, also snake_case ones, which the registry then loses.
    assert not [key for key in keys(server) if "_" in key]


def test_the_readme_proves_ownership() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.search(rf"mcp-name: {re.escape(NAME)}(?![A-Za-z0-9._/-])", readme)


def test_the_variables_are_read_by_the_server(
    server: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from memoryoss_mcp.config import load_config

    names = {entry["name"] for entry in server["packages"][0]["environmentVariables"]}
    assert names == {"MEMORYOSS_DATA_DIR", "MEMORYOSS_NAMESPACE"}
    config = load_config(
        environ={"MEMORYOSS_DATA_DIR": str(tmp_path / "x"), "MEMORYOSS_NAMESPACE": "y"}
    )
    assert config.data_dir == tmp_path / "x"
    assert config.namespaces.default == "y"
