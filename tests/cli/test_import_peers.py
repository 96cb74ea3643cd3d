# SPDX-License-Identifier: AGPL-3.0-only
"""Files that other programs wrote go in whole: what is not stored is told, a second run adds
nothing, and the audit counts the same records."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cli.support import Cli

PEERS = Path(__file__).parent.parent / "exchange" / "peers"
SOURCES = {
    "mcp-memory": ("mcp-memory/memory.jsonl", 15),
    "mcp-memory-service": ("mcp-memory-service/sqlite_vec.db", 14),
    "basic-memory": ("basic-memory/notes", 40),
    "mem0 export": ("mem0/export.json", 13),
    "mem0 history": ("mem0/history.db", 13),
    "mem0 store": ("mem0/qdrant", 13),
    "claude-mem": ("claude-mem/claude-mem.db", 10),
}
"""Where each is, and how many memories there are in it at the least."""


@pytest.mark.parametrize("name", SOURCES)
def test_what_a_peer_wrote_is_stored_or_its_reason_is_told(cli: Cli, name: str) -> None:
    path, least = SOURCES[name]
    source = str(PEERS / path)
    planned = cli.json("import", source, "--dry-run")
    assert cli.json("list")["total"] == 0
    done = cli.json("import", source)
    assert done["kind"] == name.partition(" ")[0]
    assert done["decisions"] == planned["decisions"]
    _adds_up(done)
    stored = cli.json("list", "--limit", "200")
    new = done["decisions"]["create"] + done["decisions"]["conflict"]
    assert stored["total"] == new >= least
    assert {memory["origin"] for memory in stored["memories"]} == {"imported"}
    again = cli.json("import", source)
    _adds_up(again)
    assert again["records"] == done["records"]
    assert again["decisions"]["create"] == again["decisions"]["update"] == 0
    assert cli.json("list")["total"] == new
    audited = cli.json("import", source, "--audit")
    unreadable = sum(audited["unreadable"].values())
    assert audited["records"] + unreadable == done["records"]
    assert unreadable == done["decisions"]["skipped"]


def _adds_up(done: dict[str, Any]) -> None:
    """Records in are decisions out, and every skipped one has its reason."""
    assert sum(done["decisions"].values()) == done["records"]
    assert sum(done["skipped"].values()) == done["decisions"]["skipped"]
