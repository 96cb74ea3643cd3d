# SPDX-License-Identifier: AGPL-3.0-only
"""``memoryoss forget``: gone is gone, and nothing goes that was not meant."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.cli.support import Cli

SECRET = "The safe in the cellar opens with the number of the old house."


def occurrences(cli: Cli, text: str) -> int:
    """How many files of the data folder hold the text."""
    files = [path for path in cli.data_dir.rglob("*") if path.is_file()]
    return sum(text.encode() in path.read_bytes() for path in files)


def test_a_forgotten_memory_leaves_no_byte(cli: Cli) -> None:
    memory_id = cli.store(SECRET)
    assert occurrences(cli, SECRET) > 0
    receipt = cli.json("forget", memory_id)
    assert (receipt["deleted"], receipt["clean"]) == ([memory_id], True)
    assert any(entry["path"].endswith("memoryoss.db") for entry in receipt["scanned"])
    assert all(entry["residues"] == 0 for entry in receipt["scanned"])
    assert occurrences(cli, SECRET) == 0
    assert occurrences(cli, "cellar") == 0
    again = cli("forget", memory_id, "--json")
    assert (again.code, again.document["missing"]) == (1, [memory_id])


def test_a_dry_run_lists_and_deletes_nothing(cli: Cli) -> None:
    ids = cli.load(*({"content": f"Note {n}", "tags": ["old"]} for n in range(3)))
    planned = cli.json("forget", "--tag", "old", "--dry-run")
    assert planned["dry_run"] is True
    assert set(planned["deleted"]) == set(ids)
    assert {entry["preview"] for entry in planned["previews"]} == {"Note 0", "Note 1", "Note 2"}
    assert "would forget 3 memories" in cli("forget", "--tag", "old", "--dry-run").out
    assert cli.json("list")["total"] == 3


def test_selectors_must_all_hold(cli: Cli) -> None:
    kept = cli.load(
        {"content": "a", "agent": "ann"},
        {"content": "b", "session": "s", "created_at": "2024-01-01"},
        {"content": "c", "agent": "ann", "session": "s"},
    )
    cli.load({"content": "d", "agent": "ann", "session": "s", "created_at": "2024-01-01"})
    receipt = cli.json(
        *("forget", "--agent", "ann", "--session", "s", "--before", "2025-01-01", "--yes")
    )
    assert len(receipt["deleted"]) == 1
    assert {memory["id"] for memory in cli.json("list")["memories"]} == set(kept)


def test_without_anybody_to_ask_selectors_need_a_yes(cli: Cli) -> None:
    cli.store("Note", "--tag", "old")
    refused = cli("forget", "--tag", "old", "--json")
    assert (refused.code, refused.error["code"]) == (2, "unconfirmed")
    assert "--yes" in refused.error["hint"]
    nothing = cli("forget", "--yes", "--json")
    assert (nothing.code, nothing.error["code"]) == (2, "empty_selector")
    assert cli.json("list")["total"] == 1


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals in Python")
@pytest.mark.parametrize(("answer", "code", "left"), [("n", 1, 2), ("", 1, 2), ("y", 0, 1)])
def test_on_a_terminal_a_person_is_asked(cli: Cli, answer: str, code: int, left: int) -> None:
    import pty

    cli.load({"content": "Goes away", "tags": ["old"]}, {"content": "Stays here"})
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        cli.arguments("forget", "--tag", "old", "--json"),
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=cli.folder,
        env=cli.environment,
        text=True,
        encoding="utf-8",
    )
    os.write(ours, f"{answer}\n".encode())
    out, err = process.communicate(timeout=60)
    os.close(ours)
    os.close(theirs)
    assert process.returncode == code, err
    assert "Goes away" in err
    assert "Stays here" not in err
    assert "Forget this memory" in err
    assert ("declined" in out) == (code == 1)
    assert cli.json("list")["total"] == left
