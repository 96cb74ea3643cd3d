# SPDX-License-Identifier: AGPL-3.0-only
"""The TypeScript SDK, both of its generations, over stdio."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .conftest import Run

SCRIPT = Path(__file__).with_name("sdk.cjs")


@pytest.mark.parametrize("generation", ["v1", "v2"])
def test_a_whole_conversation(run: Run, server: list[str], generation: str) -> None:
    ended = run("node", str(SCRIPT), generation, *server)
    assert ended.returncode == 0, ended.stderr
    seen = json.loads(ended.stdout)
    assert seen["server"]["name"] == "memoryoss"
    assert seen["instructions"]
    assert [name for name, _, _ in seen["tools"]] == [
        "memoryoss_recall",
        "memoryoss_store",
        "memoryoss_update",
        "memoryoss_forget",
    ]
    assert seen["tools"][1][1:] == [
        "Store New Memory",
        {
            "readOnlyHint": False,
            "destructiveHint": False,
            "idempotentHint": False,
            "openWorldHint": False,
        },
    ]
    assert seen["sameText"]
    assert seen["sameFacts"]
    assert seen["resource"]
    assert seen["updated"] == 2
    assert seen["refused"][0] is True
    assert seen["refused"][1].startswith("invalid_input: ")
    assert seen["deleted"] == 1
    assert seen["prompt"] == "user"
    assert seen["unknown"] == -32602
    assert seen["errors"] == []
