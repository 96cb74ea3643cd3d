# SPDX-License-Identifier: AGPL-3.0-only
"""Forgotten memories leave no bytes behind, and nothing needs a network."""

from __future__ import annotations

from pathlib import Path

from benchmarks.faults import traces


def test_no_byte_of_a_forgotten_memory_is_left_in_any_file(tmp_path: Path) -> None:
    """Neither words, tags and agents of any version of it, nor its vectors: not in the file, its
    log or a snapshot, while a program has it open and after."""
    found = traces.residue(tmp_path / "data", 40)
    assert found.problems == []
    assert found.hits == {}
    assert found.bytes == 0
    assert found.unclean == 0
    assert found.searched > 500


def test_without_a_network_everything_works(tmp_path: Path) -> None:
    found = traces.offline(tmp_path / "data")
    assert found.problems == [], found.way
