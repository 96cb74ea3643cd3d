# SPDX-License-Identifier: AGPL-3.0-only
"""A block that was sent is sent again to the byte, within bounded memory."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from memoryoss_mcp.model import new_id
from memoryoss_proxy.blocks import SAME_REQUEST_SECS, SentBlocks

SCOPE = ("default", None)


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


def test_a_block_is_found_by_its_turn_in_its_namespace_only() -> None:
    blocks = SentBlocks()
    memory = new_id()
    blocks.add(SCOPE, "a", "text", (memory,), 3)
    assert blocks.find(SCOPE, ["a", "b"])["a"].text == "text"
    assert blocks.find(SCOPE, ["a"])["a"].memories == (memory,)
    assert not blocks.find(("other", None), ["a"])
    assert not blocks.find(("default", 5), ["a"])


def test_the_first_of_two_blocks_for_a_turn_counts_until_it_is_old() -> None:
    clock = Clock()
    blocks = SentBlocks(clock=clock)
    blocks.add(SCOPE, "a", "first", (), 1)
    assert blocks.add(SCOPE, "a", "second", (), 1).text == "first"
    clock.at = SAME_REQUEST_SECS + 1
    assert not blocks.is_recent(blocks.find(SCOPE, ["a"])["a"])
    assert blocks.add(SCOPE, "a", "third", (), 1).text == "third"


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(1, 40)), max_size=60))
def test_memory_is_bounded(added: list[tuple[int, int]]) -> None:
    blocks = SentBlocks(most_bytes=100, most_blocks=5)
    for key, size in added:
        blocks.add(SCOPE, str(key), "x" * size, (), 1)
        held = blocks.find(SCOPE, map(str, range(13)))
        assert len(held) == len(blocks) <= 5
        assert sum(len(block.text) for block in held.values()) <= 100
        assert str(key) in held


def test_dropped_blocks_are_gone() -> None:
    blocks = SentBlocks(most_bytes=10)
    blocks.add(SCOPE, "a", "x" * 8, (UUID(int=1),), 1)
    blocks.drop(SCOPE, blocks.find(SCOPE, ["a"]))
    assert len(blocks) == 0
    blocks.add(SCOPE, "b", "x" * 10, (), 1)
    assert len(blocks) == 1
