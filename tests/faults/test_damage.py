# SPDX-License-Identifier: AGPL-3.0-only
"""A damaged file gives right answers or an error, and what is whole in it can be saved."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.faults import damage
from benchmarks.faults.damaging import Case, originals
from benchmarks.faults.memories import FILE


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> damage.Damage:
    """Forty damages, each with what came of it."""
    return damage.run(tmp_path_factory.mktemp("damage"), 40)


def test_no_damage_ends_the_program(found: damage.Damage) -> None:
    assert found.crashes == []


def test_no_damage_gives_a_wrong_answer_or_a_silently_new_store(found: damage.Damage) -> None:
    """A caller gets what was stored, or an error with a code; what is hidden, the doctor names."""
    assert found.problems == []
    assert found.codes["store_damaged"] > 0


def test_repair_saves_everything_that_is_undamaged(found: damage.Damage) -> None:
    assert found.unsaved == []


def test_a_damaged_description_of_an_index_does_not_end_the_program(tmp_path: Path) -> None:
    """A wrong letter in the name of a column that the vector index needs."""
    history = originals(tmp_path)
    data = (tmp_path / "whole" / FILE).read_bytes()
    place = data.index(b"chunk_id", data.index(b'"vector_index_rowids"(rowid'))
    case: Case = {"number": 0, "how": "schema", "place": place, "flips": [(place + 3, 0x01)]}
    found = damage.inflict(tmp_path, history, [case])
    assert found.crashes == []
    assert found.problems == []
