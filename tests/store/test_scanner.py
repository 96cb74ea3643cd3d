# SPDX-License-Identifier: AGPL-3.0-only
"""The scanner finds what a plain search finds, however the data is cut into blocks."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import example, given
from hypothesis import strategies as st

from memoryoss_mcp.store import scanner
from memoryoss_mcp.store.scanner import SHORTEST, WINDOW, Pieces, batches, pieces, scan

few_letters = st.text("ab\0", max_size=24).map(str.encode)


def strings(found: Pieces) -> set[bytes]:
    """The byte strings of a set of pieces."""
    return {
        int(key).to_bytes(WINDOW, "little")[:length]
        for length, keys in found.groups.items()
        for key in keys
    }


def expected_pieces(values: Sequence[bytes]) -> set[bytes]:
    short = {value for value in values if SHORTEST <= len(value) < WINDOW}
    return short | {
        value[n : n + WINDOW] for value in values for n in range(len(value) - WINDOW + 1)
    }


@given(st.lists(few_letters, max_size=6), st.lists(few_letters, max_size=6))
@example([b"abab"], [b"ab", b"ab"])
@example([b"abababab"], [b"abab", b"abab"])
@example([b"baaaa", b"aaaabbbb"], [b"aaaabbb", b"b"])
def test_exactly_the_pieces_in_the_data_are_found(values: list[bytes], blocks: list[bytes]) -> None:
    wanted, whole = pieces(values)
    assert whole
    assert strings(wanted) == expected_pieces(values)
    assert len(wanted) == len(strings(wanted))
    # A value that ends in zeros is found at the end of the data, too: nothing is there.
    data = b"".join(blocks) + bytes(WINDOW)
    assert strings(scan(blocks, wanted)) == {piece for piece in strings(wanted) if piece in data}


@given(st.lists(few_letters, max_size=6), st.lists(few_letters, max_size=6))
def test_pieces_are_sets(values: list[bytes], others: list[bytes]) -> None:
    one, other = pieces(values)[0], pieces(others)[0]
    assert strings(one - other) == strings(one) - strings(other)
    assert strings(one | other) == strings(one) | strings(other)
    assert bool(one - one) is False


@given(st.lists(few_letters, max_size=9), st.integers(1, 40))
def test_values_are_apart_in_batches(values: list[bytes], size: int) -> None:
    assert b"".join(batches(values, size)) == b"".join(value + b"\0" for value in values)


def test_of_very_much_a_part_is_searched_for_and_that_is_said() -> None:
    values = [n.to_bytes(3, "big") * 400_000 for n in range(8)]
    wanted, whole = pieces(values)
    assert not whole
    assert sum(map(len, values)) > scanner.PIECES_LIMIT
    assert 0 < len(wanted) <= scanner.PIECES_LIMIT
