# SPDX-License-Identifier: AGPL-3.0-only
"""A spool gives back what was put in, in memory or in a file, as often as it is asked."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memoryoss_mcp.portable import spool
from memoryoss_mcp.portable.spool import NoRoomError, Spool


@given(st.lists(st.binary(max_size=40), max_size=30), st.integers(0, 64), st.integers(4, 64))
def test_what_was_added_comes_back_in_order(parts: list[bytes], in_memory: int, ahead: int) -> None:
    with pytest.MonkeyPatch.context() as patch, Spool() as found:
        patch.setattr(spool, "IN_MEMORY", in_memory)
        patch.setattr(spool, "_AHEAD", ahead)
        for part in parts:
            found.append(part)
        assert len(found) == len(parts)
        assert list(found) == parts
        twice = list(zip(found, found, strict=True))
        assert [one for one, _ in twice] == [other for _, other in twice] == parts


@pytest.mark.skipif(sys.platform == "win32", reason="there are no limits of this kind")
def test_a_disk_without_room_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    import resource  # not on Windows

    monkeypatch.setattr(spool, "IN_MEMORY", 100)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 14, before[1]))
    try:
        with Spool() as found, pytest.raises(NoRoomError, match="Nothing was changed"):
            found.append(b"x" * 100_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
