# SPDX-License-Identifier: AGPL-3.0-only
"""Memories that arrive from elsewhere: exactly as they are, all of them or none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from memoryoss_mcp.errors import ConflictError, NotFoundError
from memoryoss_mcp.model import Memory, Status, new_id
from memoryoss_mcp.store import lexical
from memoryoss_mcp.store.changes import Find
from memoryoss_mcp.store.intake import Arrival, Changed, Exact, Taken
from memoryoss_mcp.store.ledger import LedgerQuery
from memoryoss_mcp.store.past import Author
from memoryoss_mcp.store.store import Store
from memoryoss_mcp.store.types import ListQuery

from . import support

SPACE = "default"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "memoryoss.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with support.opened(path) as opened:
        yield opened


def take(
    store: Store, *arrivals: Arrival, progress: Callable[[int], None] = lambda _: None
) -> Taken:
    return store.take(SPACE, lambda _find: arrivals, "import", progress)


def kept(store: Store) -> list[Memory]:
    return list(store.page(ListQuery(SPACE, 1_000)).memories)


def test_a_new_memory_is_as_it_was_given(store: Store) -> None:
    entry = support.entry("fact", seed=1)
    memory = replace(entry.memory, version=7, created_at=5, updated_at=9, archived=True)
    assert take(store, replace(entry, memory=memory)) == Taken(1, 0)
    found = store.get(SPACE, memory.id)
    assert (found.version, found.created_at, found.updated_at) == (7, 5, 9)
    assert found.archived


def test_a_known_memory_gets_other_states_and_tags_as_its_next_version(store: Store) -> None:
    [stored] = store.insert([support.entry("fact", seed=1, tags=("one",))])
    known = store.get(SPACE, stored.id)
    arriving = replace(known, tags=("one", "two"), status=Status.CONTESTED)
    take(store, Changed(arriving, "passport:1"))
    found = store.get(SPACE, stored.id)
    assert (found.tags, found.status, found.version) == (("one", "two"), Status.CONTESTED, 2)
    [before] = store.versions(SPACE, stored.id)
    assert before.memory.tags == ("one",)
    assert before.author == Author(source_key="passport:1")
    assert store.candidates(SPACE, support.probe(["two"])) is not None


def test_a_known_memory_is_replaced_as_a_whole(store: Store, path: Path) -> None:
    [stored] = store.insert([support.entry("fact", seed=1)])
    other = support.entry("another", seed=2)
    memory = replace(other.memory, id=stored.id, version=40, updated_at=77)
    assert take(store, Exact(replace(other, memory=memory))) == Taken(0, 1)
    found = store.get(SPACE, stored.id)
    assert (found.content, found.version, found.updated_at) == ("another", 40, 77)
    assert support.unsound(path) == []


def test_one_that_cannot_be_taken_keeps_all_out(store: Store, path: Path) -> None:
    [stored] = store.insert([support.entry("there", seed=1)])
    taken = replace(support.entry("new", seed=2).memory, id=stored.id)
    with pytest.raises(ConflictError):
        take(store, support.entry("first", seed=3), replace(support.entry("x"), memory=taken))
    missing = replace(support.entry("y").memory, id=new_id())
    with pytest.raises(NotFoundError):
        take(store, support.entry("first", seed=3), Changed(missing))
    assert [memory.content for memory in kept(store)] == ["there"]
    assert support.unsound(path) == []


def test_what_arrives_may_depend_on_what_is_there(store: Store) -> None:
    [stored] = store.insert([support.entry("fact", seed=1)])

    def arrivals(find: Find) -> Iterator[Arrival]:
        known = find([stored.id])[stored.id]
        yield Changed(replace(known, evidence_count=known.evidence_count + 1))

    store.take(SPACE, arrivals, "import", lambda _: None)
    assert store.get(SPACE, stored.id).evidence_count == 2


def test_everything_that_arrived_is_in_the_ledger(store: Store) -> None:
    entries = [support.entry(f"fact {n}", seed=n) for n in range(3)]
    take(store, *entries)
    found = store.ledger(LedgerQuery(limit=10, namespace=SPACE))
    assert [(entry.action, entry.memory) for entry in reversed(found)] == [
        ("import", entry.memory.id) for entry in entries
    ]
    assert store.ledger_report().problem is None


def test_thousands_are_packed_on_the_way(store: Store, path: Path) -> None:
    count = lexical.TAIL_LIMIT + 10
    told: list[int] = []
    take(
        store, *(support.entry(f"fact {n}", seed=None) for n in range(count)), progress=told.append
    )
    assert told == list(range(500, count, 500))
    assert store.count(SPACE) == count
    with support.raw(path) as connection:
        [(tail,)] = connection.execute("SELECT tail FROM namespace")
    assert tail < lexical.TAIL_LIMIT
    assert support.unsound(path) in ([], [f for f in support.unsound(path) if "pending" in f])


def test_memories_are_visited_by_id_and_found_by_their_words(store: Store) -> None:
    entries = [support.entry(f"fact {n % 3}", seed=n) for n in range(7)]
    take(store, *entries)
    seen: list[Memory] = []
    store.visit(SPACE, seen.append)
    assert [memory.id for memory in seen] == sorted(entry.memory.id for entry in entries)
    wanted = entries[0].memory.content_hash
    assert wanted is not None
    found = store.same_words(SPACE, [wanted, "0" * 64, wanted])
    assert [memory.content for memory in found[wanted]] == ["fact 0"] * 3
    assert list(found) == [wanted]
    assert store.same_words("other", [wanted]) == {}
    assert store.holds(SPACE)
    assert not store.holds("other")
