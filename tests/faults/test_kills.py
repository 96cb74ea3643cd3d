# SPDX-License-Identifier: AGPL-3.0-only
"""A program that uses the memory may be killed at any moment."""

from __future__ import annotations

from pathlib import Path

from benchmarks.faults import kills


def test_what_was_acknowledged_survives_kill_9(tmp_path: Path) -> None:
    """Ids, versions and forgettings that were returned hold, what was under way is there whole or
    not at all, the doctor finds everything in step, and the next write goes on from there."""
    found = kills.run(tmp_path, 25, seed=2)
    assert found.problems == []
    assert sum(found.cycles.values()) == 25
    assert {name.partition(",")[0] for name in found.cycles} == {
        "creation",
        "migration",
        "runtime",
        "store",
    }
    assert found.acknowledged > 25


def test_a_killed_migration_is_done_or_not_begun_and_can_be_finished(tmp_path: Path) -> None:
    found = kills.migrations(tmp_path, 10, seed=3)
    assert found.problems == []
    assert sum(found.cycles.values()) == 10


def test_a_killed_migration_leaves_no_broken_snapshot_to_restore_from(tmp_path: Path) -> None:
    assert kills.migrations(tmp_path, 10, seed=4).snapshots == []
