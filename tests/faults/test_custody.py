# SPDX-License-Identifier: AGPL-3.0-only
"""A sealed namespace leaves nothing in clear, whatever happens to the process."""

from __future__ import annotations

from pathlib import Path

from benchmarks.faults import custody


def test_no_word_and_no_vector_of_a_sealed_namespace_is_on_disk(tmp_path: Path) -> None:
    """Neither after sealing, nor while its key is changed and the process is killed, nor in a
    backup or a snapshot; and everything is still there."""
    found = custody.custody(tmp_path / "data", 1_000, 4)
    assert found.problems == []
    assert found.hits == {}
    assert found.kills == 4
    assert found.kills_under_way > 0
    assert found.searched > 400
