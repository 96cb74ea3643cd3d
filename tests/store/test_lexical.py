# SPDX-License-Identifier: AGPL-3.0-only
"""The lexical index: exact frequencies, lengths to 4 %, segments without seams."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memoryoss_mcp.model import Change, Draft
from memoryoss_mcp.recall.indexing import document_terms
from memoryoss_mcp.store.changes import draft_memory
from memoryoss_mcp.store.lexical import NORM_LENGTHS, inverse_document_frequency, norm_of
from memoryoss_mcp.store.types import ForgetRequest

from . import support


@given(st.integers(0, 200_000))
def test_a_norm_byte_tells_the_length_to_four_percent(length: int) -> None:
    norm = norm_of(length)
    assert 0 <= norm <= 255
    kept = NORM_LENGTHS[norm]
    if length < 64:
        assert kept == length
    elif length <= NORM_LENGTHS[-1]:
        assert kept <= length < kept * 1.04 + 1
    else:
        assert norm == 255


@given(st.integers(0, 100_000), st.integers(0, 1_000_000))
def test_idf_is_never_negative_and_falls_with_frequency(matches: int, count: int) -> None:
    idf = inverse_document_frequency(matches, count)
    assert idf > 0
    assert inverse_document_frequency(matches + 1, count) < idf


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0")), st.text(max_size=9))
def test_the_analyser_keeps_its_promise_to_the_index(content: str, tag: str) -> None:
    """No term is empty or has white space in it: rows hold them separated by spaces."""
    tag = tag.encode("utf-8", "ignore").decode()
    memory = draft_memory(Draft(content, "default", tags=(tag,), agent="an agent"))
    terms = document_terms(memory)
    assert " ".join(terms).split() == terms


@pytest.mark.parametrize("packed", [False, True])
def test_frequencies_and_lengths_beyond_a_byte_saturate(tmp_path: Path, packed: bool) -> None:
    path = tmp_path / "memoryoss.db"
    with support.opened(path) as store:
        store.insert([support.entry("word " * 3_000), support.entry("word"), support.entry("x")])
        if packed:
            assert support.pack(path) == 3
        found = store.candidates("default", support.probe(["word"]))
        assert found is not None
        assert found.frequencies[:, 0].tolist() == [255, 1]
        assert found.lengths.tolist() == [NORM_LENGTHS[norm_of(3_000)], 1]
    assert support.unsound(path) == []


def test_memories_on_both_sides_of_a_segment_are_found_changed_and_forgotten(
    tmp_path: Path,
) -> None:
    path = tmp_path / "memoryoss.db"
    with support.opened(path) as store:
        store.insert([support.entry("start common")])
        with support.raw(path) as connection:
            # As if 65,533 memories had come and gone.
            connection.execute("UPDATE namespace SET next_slot = 65533")
            connection.execute("UPDATE setting SET value = 65533 WHERE name = 'seq'")
        stored = store.insert([support.entry(f"common fact{n}", seed=n) for n in range(6)])
        assert support.pack(path) == 7
        with support.raw(path) as connection:
            segments = connection.execute(
                "SELECT segment, length(data) / 4 FROM posting WHERE term = 'common'"
            ).fetchall()
        assert segments == [(0, 4), (1, 3)]

        def words() -> list[str]:
            found = store.candidates("default", support.probe(["common"], seed=1))
            assert found is not None
            rows = store.read(found.numbers.tolist())
            assert (found.frequencies[:, 0] > 0).tolist() == [
                "common" in rows[n].content for n in found.numbers.tolist()
            ]
            return sorted(memory.content for memory in rows.values())

        everything = ["start common", *(f"common fact{n}" for n in range(6))]
        assert words() == sorted(everything)
        store.update(Change(stored[2].id, "default", content="rare fact2"), support.encoded(2))
        store.forget(ForgetRequest("default", ids=(stored[3].id,)))
        assert words() == sorted({*everything, "rare fact2"} - {"common fact2", "common fact3"})
        support.pack(path)
        assert words() == sorted({*everything, "rare fact2"} - {"common fact2", "common fact3"})
    assert support.unsound(path) == []


def test_a_large_store_packs_its_tail_by_itself(tmp_path: Path) -> None:
    path = tmp_path / "memoryoss.db"
    with support.opened(path) as store:
        for start in range(0, 2_100, 100):
            store.insert(
                [support.entry(f"fact n{n}", seed=None) for n in range(start, start + 100)]
            )
        store.insert([support.entry("last", seed=None)])
    with support.opened(path) as store, support.raw(path) as connection:
        tail, packs = connection.execute("SELECT tail, packs FROM namespace").fetchone()
        assert packs == 1
        assert 0 < tail < 200
        found = store.candidates("default", support.probe(["n7", "n2050", "last"]))
        assert found is not None
        assert sorted(m.content for m in store.read(found.numbers.tolist()).values()) == [
            "fact n2050",
            "fact n7",
            "last",
        ]
    assert support.unsound(path) == []
