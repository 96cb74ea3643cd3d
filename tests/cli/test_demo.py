# SPDX-License-Identifier: AGPL-3.0-only
"""``memoryoss demo``: the whole story through real server processes, end to end."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.support import Cli

STEPS = [
    *("start-1", "tools", "store", "end-1", "start-2", "ready"),
    *["recall"] * 7,
    *("newer", "abstain", "explain", "update", "forget", "gone", "residue", "end-2"),
]


@pytest.fixture
def program(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """The program without ``--data-dir``; folders for data and temporary files are the test's."""
    monkeypatch.setenv("TMPDIR", str(cli.folder))
    return DemoCli(cli.data_dir, cli.folder)


class DemoCli(Cli):
    """The demonstration has a folder of its own."""

    def arguments(self, *arguments: str) -> list[str]:
        whole = super().arguments(*arguments)
        return [part for part in whole if part not in {"--data-dir", str(self.data_dir)}]


def test_every_step_does_what_it_says_and_is_told(program: Cli) -> None:
    result = program("demo")
    assert result.code == 0, result.out
    assert "✗" not in result.out
    assert f"{len(STEPS)} of {len(STEPS)} steps" in result.out
    for text in ("Session 1", "Session 2", "E_SEAT_RACE", "vector", "after: nowhere"):
        assert text in result.out
    assert list(program.folder.glob("memoryoss-demo-*")) == []


def test_the_transcript_is_there_for_machines_and_the_memories_for_people(program: Cli) -> None:
    kept = program.folder / "kept"
    transcript = program.json("demo", "--keep", str(kept))
    assert transcript["ok"] is True
    assert [step["name"] for step in transcript["steps"]] == STEPS
    assert all(step["milliseconds"] >= 0 for step in transcript["steps"])
    assert transcript["data_dir"] == str(kept)
    library = Cli(kept, program.folder)
    assert library.json("list", "--namespace", "harbour")["total"] == 12
    assert "lillesand" not in (kept / "memoryoss.db").read_bytes().decode("latin-1").lower()
    refused = program("demo", "--keep", str(kept), "--json")
    assert (refused.code, refused.error["field"]) == (2, "keep")


def test_it_leaves_the_own_memories_alone(cli: Cli, tmp_path: Path) -> None:
    refused = cli("demo", "--json")
    assert (refused.code, refused.error["field"]) == (2, "data_dir")
    assert not cli.data_dir.exists()
