# SPDX-License-Identifier: AGPL-3.0-only
"""Vectors as data, and the change of the model that makes them: nothing is lost on the way."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memoryoss_mcp.model import Change, EmbeddingState
from memoryoss_mcp.store import vectors
from memoryoss_mcp.store.store import Store
from memoryoss_mcp.store.types import ForgetRequest, ListQuery

from . import support

OTHER_NAME = ("other", "1", 64)
OTHER_REVISION = ("random", "2", 64)
OTHER_DIMENSION = ("random", "1", 128)


@given(st.integers(0, 10_000), st.integers(1, 6).map(lambda n: n * 64))
def test_an_encoded_vector_is_nearly_the_vector(seed: int, dimension: int) -> None:
    vector = support.unit(seed, dimension)
    [blob] = vectors.encode(vector[None])
    assert len(blob) == 4 + dimension
    back = vectors.decode([blob], dimension)[0]
    assert np.abs(back - vector).max() <= np.abs(vector).max() / 254 * 1.01
    assert float(back @ vector) / float(np.linalg.norm(back)) > 0.999
    bits = np.unpackbits(np.frombuffer(vectors.signs(blob), np.uint8), bitorder="little")
    assert ((back > 0) == bits.astype(bool)).all()


def test_a_zero_vector_is_kept_as_zero() -> None:
    [blob] = vectors.encode(np.zeros((1, 64), np.float32))
    assert not vectors.decode([blob], 64).any()


@given(st.text(st.characters(codec="utf-8")))
def test_a_label_has_one_hash_and_only_none_has_zero(label: str) -> None:
    assert vectors.label_hash(label) == vectors.label_hash(label) != 0
    assert -(2**63) <= vectors.label_hash(label) < 2**63
    assert vectors.label_hash(None) == 0


def fill(store: Store, seed: int = 1) -> None:
    vector = support.encoded(seed, store.model.dimension)
    assert vector is not None
    while pending := store.pending(2):
        filled = [(number, memory.content_hash or "", vector) for number, memory in pending]
        assert store.fill_vectors(filled) == len(filled)


def found(store: Store, word: str, vector: bool) -> list[str]:
    probe = support.probe([word], model=store.model.key)
    if vector:
        unit = support.unit(1, store.model.dimension)
        probe = replace(probe, vector=unit)
    candidates = store.candidates("default", probe)
    assert candidates is not None
    memories = store.read(candidates.numbers.tolist())
    return sorted(memory.content for memory in memories.values())


@pytest.mark.parametrize("model", [OTHER_NAME, OTHER_REVISION, OTHER_DIMENSION])
def test_a_change_of_model_loses_nothing(tmp_path: Path, model: tuple[str, str, int]) -> None:
    path = tmp_path / "memoryoss.db"
    with support.opened(path) as store:
        store.insert([support.entry(f"fact number{n}", seed=n) for n in range(5)])
        store.insert([support.entry("fact of another", "other", seed=9)])
        before = store.page(ListQuery("default")).memories
    with support.opened(path, model=model) as store:
        # Detected at opening: everything is pending, nothing is gone, words still find it.
        status = store.status()
        assert (status.embedding_model, status.embedding_revision) == model[:2]
        assert status.embedding_dimension == model[2]
        assert [space.pending for space in status.namespaces] == [5, 1]
        page = store.page(ListQuery("default"))
        assert [memory.content for memory in page.memories] == [m.content for m in before]
        assert {memory.embedding for memory in page.memories} == {EmbeddingState.PENDING}
        assert found(store, "number3", vector=True) == ["fact number3"]
        assert support.unsound(path, model) == []
        # Memories that come and change meanwhile are like any other.
        [fresh] = store.insert([support.entry("fresh", seed=None)])
        store.update(Change(before[0].id, "default", content="fact reworded"), None)
        store.forget(ForgetRequest("default", ids=(before[1].id,)))
        assert support.unsound(path, model) == []
        # Filled again, in steps.
        [(number, memory)] = store.pending(1)
        vector = support.encoded(1, model[2])
        assert vector is not None
        assert store.fill_vectors([(number, memory.content_hash or "", vector)]) == 1
        assert sum(space.pending for space in store.status().namespaces) == 5
        assert support.unsound(path, model) == []
        fill(store)
        assert [space.pending for space in store.status().namespaces] == [0, 0]
        memory = store.get("default", fresh.id)
        assert (memory.embedding, memory.embedding_model) == (EmbeddingState.READY, model[0])
        assert memory.embedding_revision == model[1]
        assert len(found(store, "absent", vector=True)) == 5
        assert store.ledger_report().problem is None
    assert support.unsound(path, model) == []


def test_going_back_before_the_refill_needs_no_refill(tmp_path: Path) -> None:
    path = tmp_path / "memoryoss.db"
    with support.opened(path) as store:
        store.insert([support.entry(f"fact {n}", seed=n) for n in range(5)])
    with support.opened(path, model=OTHER_DIMENSION) as store:
        number, memory = store.pending(1)[0]
        vector = support.encoded(1, 128)
        assert vector is not None
        store.fill_vectors([(number, memory.content_hash or "", vector)])
    with support.opened(path) as store:
        assert store.status().namespaces[0].pending == 1
    assert support.unsound(path) == []


def test_the_same_model_is_no_change(tmp_path: Path) -> None:
    path = tmp_path / "memoryoss.db"
    with support.opened(path) as store:
        store.insert([support.entry("fact", seed=1)])
    before = path.read_bytes()
    with support.opened(path) as store:
        assert store.status().namespaces[0].pending == 0
    assert path.read_bytes() == before


def test_two_programs_with_different_models_harm_nothing(tmp_path: Path) -> None:
    path = tmp_path / "memoryoss.db"
    with support.opened(path) as old:
        old.insert([support.entry("first", seed=1)])
        assert found(old, "absent", vector=True) == ["first"]
        with support.opened(path, model=OTHER_DIMENSION) as new:
            # The older program goes on by words; what it stores waits for the newer one.
            [receipt] = old.insert([support.entry("second", seed=2)])
            assert receipt.embedding is EmbeddingState.PENDING
            updated = old.update(
                Change(receipt.id, "default", content="second, changed"), support.encoded(3)
            )
            assert updated.embedding is EmbeddingState.PENDING
            assert found(old, "second", vector=True) == []
            assert found(old, "second,", vector=True) == ["second, changed"]
            assert support.unsound(path, OTHER_DIMENSION) == []
            stale = support.encoded(4)
            assert stale is not None
            pending = old.pending(10)
            assert old.fill_vectors([(n, m.content_hash or "", stale) for n, m in pending]) == 0
            fill(new)
            assert new.status().namespaces[0].pending == 0
            assert found(new, "absent", vector=True) == ["first", "second, changed"]
    assert support.unsound(path, OTHER_DIMENSION) == []


def test_a_vector_for_content_that_changed_meanwhile_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "memoryoss.db"
    with support.opened(path) as store:
        [one, two] = store.insert(
            [support.entry("one", seed=None), support.entry("two", seed=None)]
        )
        pending = store.pending(10)
        store.update(Change(one.id, "default", content="changed"), None)
        store.forget(ForgetRequest("default", ids=(two.id,)))
        vector = support.encoded(1)
        assert vector is not None
        filled = [(number, memory.content_hash or "", vector) for number, memory in pending]
        assert store.fill_vectors(filled) == 0
        assert store.get("default", one.id).embedding is EmbeddingState.PENDING
        fill(store)
        assert store.get("default", one.id).embedding is EmbeddingState.READY
    assert support.unsound(path) == []


def test_pending_memories_are_given_newest_first_over_all_namespaces(tmp_path: Path) -> None:
    with support.opened(tmp_path / "memoryoss.db") as store:
        store.insert([support.entry(f"a{n}", "a", seed=None) for n in range(3)])
        store.insert([support.entry("b0", "b", seed=1), support.entry("b1", "b", seed=None)])
        assert [memory.content for _, memory in store.pending(3)] == ["a2", "a1", "a0"]
        assert {memory.content for _, memory in store.pending(9)} == {"a0", "a1", "a2", "b1"}
        assert store.pending(0) == []
