# SPDX-License-Identifier: AGPL-3.0-only
"""New keys for sealed namespaces: everything stays readable, whatever interrupts the change."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from memoryoss_mcp.errors import KeyStateError, NotFoundError
from memoryoss_mcp.store import custody
from memoryoss_mcp.store.store import Store
from memoryoss_mcp.store.types import Filters, ListQuery
from tests.store import support
from tests.store.keeping import Place, Wrapping, canaries, silent


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.fixture
def store(place: Place) -> Iterator[Store]:
    with contextlib.closing(place.open()) as opened:
        yield opened


def walk(store: Store, grace_s: int = 0) -> None:
    while store.custodian.walk("default", grace_s):
        pass


def found(store: Store) -> int:
    candidates = store.candidates("default", support.probe(("fact",)))
    return 0 if candidates is None else len(candidates.numbers)


@pytest.mark.parametrize("steps", [0, 1, 2, 3])
def test_a_rotation_goes_on_where_it_was_interrupted(place: Place, steps: int) -> None:
    words = canaries(3)
    with contextlib.closing(place.open()) as store:
        entries = [support.entry(f"says {w} once", tags=("shared",), session=w) for w in words]
        ids = [stored.id for stored in store.insert(entries)]
        store.insert([support.entry(f"fact {n}", seed=n) for n in range(2 * custody.WALK_BATCH)])
        store.custodian.seal("default", silent)
        before = store.get_many("default", ids)
        store.custodian.rotate("default")
        for _ in range(steps):
            store.custodian.walk("default", grace_s=60)
        [old, new] = store.custodian.data_keys()
        assert (old.current, new.current) == (False, True)
        assert store.get_many("default", ids) == before
        for filters in (Filters(tags=("shared",)), Filters(session=words[2])):
            assert store.page(ListQuery("default", filters=filters)).total == (
                3 if filters.tags else 1
            )
        [again] = store.insert([replace(support.entry(f"says {words[0]} once"), distinct=False)])
        assert again.id == ids[0]
    with contextlib.closing(place.open()) as store:
        walk(store)
        assert store.custodian.rotating() == []
        assert store.custodian.expire() == 1
    with contextlib.closing(place.open()) as store:
        assert store.get_many("default", ids) == before
        assert found(store) == 2 * custody.WALK_BATCH
    assert place.leaks(words) == {}
    assert place.unsound() == []


def test_when_all_is_sealed_anew_the_old_key_retires_and_goes(store: Store) -> None:
    store.insert([support.entry("a fact")])
    store.custodian.seal("default", silent)
    store.custodian.rotate("default")
    assert store.custodian.rotating() == ["default"]
    [old, new] = store.custodian.data_keys()
    assert (old.retired_at, new.rotated) == (None, (0, 1))
    walk(store, grace_s=3_600)
    [old, new] = store.custodian.data_keys()
    assert old.retired_at is not None
    assert old.expires_at == old.retired_at + 3_600 * 10**9
    assert new.rotated is None
    assert store.custodian.expire() == 0
    store.custodian.revoke(old.id)
    assert [key.id for key in store.custodian.data_keys()] == ["key-default-2"]


def test_a_key_in_use_is_not_revoked(store: Store) -> None:
    store.insert([support.entry("a fact")])
    store.custodian.seal("default", silent)
    with pytest.raises(KeyStateError, match="in use"):
        store.custodian.revoke("key-default-1")
    store.custodian.rotate("default")
    with pytest.raises(KeyStateError, match="in use"):
        store.custodian.revoke("key-default-1")
    with pytest.raises(NotFoundError):
        store.custodian.revoke("key-default-3")


def test_a_second_rotation_overtakes_the_first(place: Place, store: Store) -> None:
    store.insert([support.entry(f"fact {n}", seed=n) for n in range(custody.WALK_BATCH + 10)])
    store.custodian.seal("default", silent)
    store.custodian.rotate("default")
    store.custodian.walk("default", grace_s=0)
    store.custodian.rotate("default")
    walk(store)
    assert store.custodian.expire() == 2
    assert len(store.custodian.data_keys()) == 1
    assert found(store) == custody.WALK_BATCH + 10
    assert place.unsound() == []


def test_a_store_that_was_open_reads_what_another_sealed_anew(place: Place, store: Store) -> None:
    [stored] = store.insert([support.entry("a fact", seed=1)])
    store.custodian.seal("default", silent)
    assert found(store) == 1
    with contextlib.closing(place.open()) as other:
        other.custodian.rotate("default")
        walk(other)
        other.custodian.expire()
        other.insert([support.entry("another fact", seed=2)])
    assert found(store) == 2
    assert store.get("default", stored.id).content == "a fact"


def test_another_provider_can_take_over(place: Place) -> None:
    with contextlib.closing(place.open()) as store:
        [stored] = store.insert([support.entry("a fact")])
        store.custodian.seal("default", silent)
        successor = Wrapping()
        successor.name = "successor"
        assert store.custodian.rewrap(successor) == 1
    place.provider = successor
    with contextlib.closing(place.open()) as store:
        assert store.get("default", stored.id).content == "a fact"
