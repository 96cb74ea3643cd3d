# SPDX-License-Identifier: AGPL-3.0-only
"""The MCP Inspector, as a command, in every era."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .conftest import Run

ERAS = ["legacy", "modern", "auto"]


def inspect(run: Run, server: list[str], *options: str) -> tuple[int, dict[str, Any], str]:
    ended = run("mcp-inspector", "--cli", "--format", "json", *options, "--", *server)
    lines = [line for line in ended.stdout.splitlines() if line.startswith("{")]
    return ended.returncode, json.loads(lines[-1]) if lines else {}, ended.stderr


@pytest.mark.parametrize("era", ERAS)
def test_the_schemas_are_portable(run: Run, server: list[str], era: str) -> None:
    options = ("--protocol-era", era, "--strict", "--method", "tools/list")
    code, answer, errors = inspect(run, server, *options)
    assert code == 0, errors
    names = [tool["name"].removeprefix("memoryoss_") for tool in answer["result"]["tools"]]
    assert names == ["recall", "store", "update", "forget"]
    assert "portability" not in errors.lower(), errors


@pytest.mark.parametrize("era", ["legacy", "modern"])
def test_tools_are_called(run: Run, server: list[str], era: str) -> None:
    call = ("--protocol-era", era, "--method", "tools/call", "--tool-name")
    given = json.dumps({"content": "The inspector was here.", "tags": ["visit"]})
    code, stored, errors = inspect(run, server, *call, "memoryoss_store", "--tool-args-json", given)
    assert code == 0, errors
    # --tool-arg sends what it reads from the command line, like models do.
    arguments = ("--tool-arg", "query=inspector", "--tool-arg", "limit=3")
    code, recalled, errors = inspect(run, server, *call, "memoryoss_recall", *arguments)
    assert code == 0, errors
    (found,) = recalled["result"]["structuredContent"]["memories"]
    assert found["id"] == stored["result"]["structuredContent"]["id"]


@pytest.mark.parametrize("arguments", ["{}", '{"query":"x","limit":0}', '{"query":"x","k":1}'])
def test_an_error_result_is_seen_as_one(run: Run, server: list[str], arguments: str) -> None:
    call = ("--method", "tools/call", "--tool-name", "memoryoss_recall")
    code, answer, _ = inspect(run, server, *call, "--tool-args-json", arguments)
    assert code == 5
    assert answer["result"]["isError"]
    assert answer["result"]["content"][0]["text"].startswith("invalid_input: ")


@pytest.mark.parametrize(
    ("method", "key", "count"),
    [
        ("resources/list", "resources", 2),
        ("resources/templates/list", "resourceTemplates", 1),
        ("prompts/list", "prompts", 2),
    ],
)
def test_the_other_lists(run: Run, server: list[str], method: str, key: str, count: int) -> None:
    code, answer, errors = inspect(run, server, "--method", method)
    assert code == 0, errors
    assert len(answer["result"][key]) == count


def test_a_burst_of_calls_is_served_without_an_error(run: Run, server: list[str]) -> None:
    load = ("--load", "--load-requests", "60", "--load-concurrency", "6")
    call = ("--method", "tools/call", "--tool-name", "memoryoss_recall", "--tool-arg", "query=x")
    code, answer, errors = inspect(run, server, *load, *call)
    assert code == 0, errors
    summary = answer.get("result", answer)
    assert (summary["ok"], summary["errorRate"]) == (60, 0)
