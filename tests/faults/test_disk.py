# SPDX-License-Identifier: AGPL-3.0-only
"""The disk is full, or may not be written: the caller is told, and nothing is half there."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.faults import disk

needs_permissions = pytest.mark.skipif(
    not disk.permissions_matter(),
    reason="nothing can be forbidden to this user (Windows, or root with all its privileges)",
)


@pytest.mark.parametrize("way", ["tmpfs", "file size limit"])
def test_a_full_disk_refuses_writes_keeps_all_and_serves_again_with_room(
    tmp_path: Path, way: str
) -> None:
    if way not in disk.ways():
        pytest.skip(f"this system does not allow it: {way}")
    found = disk.full(tmp_path / "disk", way)
    assert found.problems == []
    assert found.codes["full, store"] == "store_full"
    assert found.codes["full, first start"] == "store_full"
    assert found.codes["room again, store"] == "done"


@needs_permissions
def test_a_file_or_folder_without_permission_refuses_writes_and_keeps_all(tmp_path: Path) -> None:
    found = disk.forbidden(tmp_path / "disk")
    assert [problem for problem in found.problems if "lifted" not in problem] == []
    refusals = ("read-only file, store", "read-only folder, open", "no access, open")
    for refusal in (*refusals, "no new folder"):
        assert found.codes[refusal] == "store_read_only"


@needs_permissions
def test_a_file_serves_again_when_it_may_be_written_again(tmp_path: Path) -> None:
    found = disk.forbidden(tmp_path / "disk")
    assert [problem for problem in found.problems if "lifted" in problem] == []
    assert found.codes["read-only file, lifted, store"] == "done"
