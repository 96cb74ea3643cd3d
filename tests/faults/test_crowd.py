# SPDX-License-Identifier: AGPL-3.0-only
"""Several programs use one memory at once."""

from __future__ import annotations

from pathlib import Path

from benchmarks.faults import crowd


def test_eight_programs_at_once_lose_nothing_and_meet_no_lock(tmp_path: Path) -> None:
    """Each finds at once what it has written, all find in the end what all have written, and no
    caller is told that the file is busy."""
    found = crowd.run(tmp_path, processes=8, seconds=5)
    assert found.errors == {}
    assert found.problems == []
    assert set(found.milliseconds) == set(crowd.VERBS)
    assert found.memories > 8
