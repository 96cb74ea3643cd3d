# SPDX-License-Identifier: AGPL-3.0-only
"""Sealed namespaces: the same memory to its user, nothing to whoever has the files."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from memoryoss_mcp.errors import KeyStateError, SealedError, StoreDamagedError
from memoryoss_mcp.model import Change, Outcomes, Status
from memoryoss_mcp.store import doctor, file
from memoryoss_mcp.store.schema import SLOT_MASK
from memoryoss_mcp.store.search import Probe
from memoryoss_mcp.store.store import Store
from memoryoss_mcp.store.types import Filters, ForgetRequest, ListQuery
from tests.store import support
from tests.store.keeping import Place, canaries, silent


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.fixture
def store(place: Place) -> Iterator[Store]:
    with contextlib.closing(place.open()) as opened:
        yield opened


def filled(store: Store, words: list[str]) -> list[UUID]:
    """Memories in whose every field one of the words stands."""
    entries = [
        support.entry(
            f"says {word} once",
            seed=number,
            tags=(f"tag-{word}", "shared"),
            agent=f"agent-{word}",
            session=f"session-{word}",
            client=f"client-{word}",
            source_key=f"source-{word}",
        )
        for number, word in enumerate(words)
    ]
    return [stored.id for stored in store.insert(entries)]


def count(store: Store, word: str) -> int:
    """How many memories a search for one word finds."""
    found = store.candidates("default", support.probe((word,)))
    return 0 if found is None else len(found.numbers)


def test_a_sealed_namespace_leaves_nothing_in_clear(place: Place, store: Store) -> None:
    words = canaries(20)
    ids = filled(store, words)
    store.update(Change(ids[0], "default", content=f"now {words[0]} is past"), None)
    assert place.leaks(words)
    sealed = store.custodian.seal("default", silent)
    assert sealed.memories == 20
    assert sealed.erasure is not None
    assert sealed.erasure.clean, sealed.erasure.notes
    assert place.leaks(words) == {}
    more = canaries(5)
    later = filled(store, more)
    store.update(Change(later[0], "default", content=f"now {more[0]} is past", tags=("t",)), None)
    assert place.leaks(words + more) == {}
    assert place.unsound() == []


def test_what_was_sealed_is_the_same_after_a_restart(place: Place) -> None:
    with contextlib.closing(place.open()) as store:
        ids = filled(store, canaries(5))
        store.update(Change(ids[1], "default", content="another wording"), None)
        before = store.get_many("default", ids)
        versions = store.versions("default", ids[1])
        store.custodian.seal("default", silent)
    with contextlib.closing(place.open()) as store:
        assert store.get_many("default", ids) == before
        assert store.versions("default", ids[1]) == versions


SAME = (
    ["similarity", "mean_similarity", "embedded", "bm25", "frequencies", "lengths", "idf"],
    ["session", "flags", "previous", "following", "session_sizes"],
)


@pytest.mark.parametrize(
    "probe",
    [
        support.probe(("word1", "both"), seed=3),
        support.probe(("word2",), filters=Filters(tags=("t1",))),
        support.probe((), seed=9, filters=Filters(session="s2")),
        support.probe(("nothing",)),
    ],
    ids=["both", "tags", "session", "nothing"],
)
def test_search_finds_the_same_sealed_as_in_clear(store: Store, probe: Probe) -> None:
    for name in ("clear", "sealed"):
        more = [{"tags": (f"t{n % 2}",), "session": f"s{n % 4}"} for n in range(60)]
        store.insert(
            [
                support.entry(f"word{n % 7} word{n % 3} both", name, seed=n, **more[n])
                for n in range(60)
            ]
        )
    store.custodian.seal("sealed", silent)
    clear, sealed = (store.candidates(name, probe) for name in ("clear", "sealed"))
    assert clear is not None
    assert sealed is not None
    assert (clear.numbers & SLOT_MASK).tolist() == (sealed.numbers & SLOT_MASK).tolist()
    for field in (*SAME[0], *SAME[1]):
        assert getattr(clear, field).tolist() == getattr(sealed, field).tolist(), field


def test_changes_after_sealing_are_found(place: Place, store: Store) -> None:
    store.insert([support.entry("the first fact", seed=1)])
    store.custodian.seal("default", silent)
    assert count(store, "first") == 1
    [stored] = store.insert([support.entry("the second fact", seed=2, tags=("mine",))])
    assert count(store, "fact") == 2
    store.update(Change(stored.id, "default", content="the third fact"), support.encoded(3))
    assert (count(store, "second"), count(store, "third")) == (0, 1)
    assert store.page(ListQuery("default", filters=Filters(tags=("mine",)))).total == 1
    with contextlib.closing(place.open()) as other:  # as another process would
        other.insert([support.entry("the fourth fact", seed=4)])
    assert count(store, "fact") == 3
    assert store.forget(ForgetRequest("default", ids=(stored.id,))).clean
    assert count(store, "third") == 0
    assert place.unsound() == []


def test_the_same_words_are_recognised_in_a_sealed_namespace(store: Store) -> None:
    entry = replace(support.entry("said twice"), distinct=False)
    store.insert([entry])
    store.custodian.seal("default", silent)
    [stored] = store.insert([replace(support.entry("said twice"), distinct=False)])
    assert stored.duplicate
    assert stored.id == entry.memory.id


def test_reputations_and_coherence_are_the_same_sealed(store: Store) -> None:
    outcomes = Outcomes(confirm_count=3, reject_count=1)
    entry = support.entry("trusted", seed=1, source_key="somebody")
    store.insert([replace(entry, memory=replace(entry.memory, outcomes=outcomes))])
    store.insert([support.entry(f"other {n}", seed=n) for n in range(2, 6)])
    memory = store.get("default", entry.memory.id)

    def standing() -> object:
        return store.reputations("default"), store.standings("default", [memory])

    before = standing()
    for step in (
        lambda: store.custodian.seal("default", silent),
        lambda: store.custodian.rotate("default"),
        lambda: store.custodian.unseal("default", silent),
    ):
        step()
        assert standing() == before


def test_without_the_key_a_namespace_stays_closed_and_others_work(place: Place) -> None:
    with contextlib.closing(place.open()) as store:
        [stored] = store.insert([support.entry("hidden fact", "secret")])
        store.insert([support.entry("open fact")])
        store.custodian.seal("secret", silent)
    place.provider.reachable = False
    with contextlib.closing(place.open()) as store:
        for attempt in (
            lambda: store.get("secret", stored.id),
            lambda: store.candidates("secret", support.probe(("hidden",))),
            lambda: store.insert([support.entry("more", "secret")]),
            lambda: store.update(Change(stored.id, "secret", content="x"), None),
            lambda: store.page(ListQuery("secret")),
            lambda: store.custodian.unseal("secret", silent),
            lambda: store.custodian.rotate("secret"),
            lambda: store.custodian.seal("default", silent),
        ):
            with pytest.raises(SealedError, match="does not answer"):
                attempt()
        assert set(store.custodian.locked()) == {"secret"}
        assert count(store, "open") == 1
        store.insert([support.entry("another open fact")])
        assert [space.total for space in store.status().namespaces] == [2, 1]
        assert store.pending(10) == []
    [finding] = place.unsound()
    assert finding.startswith("sealed: Namespace 'secret' is sealed")
    place.provider.reachable = True
    with contextlib.closing(place.open()) as store:
        assert store.get("secret", stored.id).content == "hidden fact"


def test_another_provider_opens_nothing(place: Place) -> None:
    with contextlib.closing(place.open()) as store:
        [stored] = store.insert([support.entry("hidden fact")])
        store.custodian.seal("default", silent)
    place.provider.name = "another"
    with contextlib.closing(place.open()) as store, pytest.raises(SealedError, match="another"):
        store.get("default", stored.id)


def test_unsealed_it_is_as_it_was(place: Place, store: Store) -> None:
    words = canaries(4)
    ids = filled(store, words)
    before = store.get_many("default", ids)
    store.custodian.seal("default", silent)
    assert store.custodian.unseal("default", silent).memories == 4
    assert store.get_many("default", ids) == before
    assert count(store, words[2]) == 1
    assert store.custodian.data_keys() == []
    assert support.unsound(place.path) == []
    with pytest.raises(KeyStateError):
        store.custodian.unseal("default", silent)


def test_a_dry_run_seals_nothing(place: Place, store: Store) -> None:
    words = canaries(1)
    filled(store, words)
    assert store.custodian.seal("default", silent, dry_run=True).memories == 1
    assert store.custodian.data_keys() == []
    assert place.leaks(words)


def test_snapshots_that_have_it_in_clear_go(place: Place, store: Store) -> None:
    words = canaries(1)
    filled(store, words)
    copy = file.snapshot(place.path, 3)
    sealed = store.custodian.seal("default", silent)
    assert not copy.exists()
    assert sealed.erasure is not None
    assert copy.name in " ".join(sealed.erasure.notes)
    kept = file.snapshot(place.path, 3)
    store.insert([support.entry("in clear", "elsewhere")])
    store.custodian.seal("elsewhere", silent)
    assert kept.exists()
    assert place.leaks(words) == {}


def test_new_namespaces_are_sealed_if_wished(place: Place) -> None:
    words = canaries(3)
    with contextlib.closing(place.open(seal_new=True)) as store:
        filled(store, words)
        assert [key.id for key in store.custodian.data_keys()] == ["key-default-1"]
    assert place.leaks(words) == {}
    assert place.unsound() == []


def test_what_was_moved_to_another_memory_does_not_open(place: Place, store: Store) -> None:
    for number in range(2):
        store.insert([support.entry(f"fact {number}", seed=number)])
    store.custodian.seal("default", silent)
    with support.raw(place.path) as connection:
        for table, column in (("lexical", "terms"), ("vector", "data")):
            [(_, first), (number, _)] = connection.execute(
                f"SELECT number, {column} FROM {table} ORDER BY number"
            ).fetchall()
            connection.execute(f"UPDATE {table} SET {column} = ? WHERE number = ?", (first, number))
    with pytest.raises(StoreDamagedError):
        store.candidates("default", support.probe(("fact",), seed=1))
    assert place.unsound()


def test_states_can_be_listed_and_filtered_while_sealed(store: Store) -> None:
    store.insert([support.entry("an extraction", status=Status.CANDIDATE, session="s", agent="a")])
    store.insert([support.entry("a fact", session="t")])
    store.custodian.seal("default", silent)
    for filters, total in (
        (Filters(statuses=(Status.CANDIDATE,)), 1),
        (Filters(session="s"), 1),
        (Filters(agent="a"), 1),
        (Filters(agent="nobody"), 0),
        (Filters(), 2),
    ):
        assert store.page(ListQuery("default", filters=filters)).total == total
    [waiting] = store.waiting("default", 5).memories
    assert waiting.content == "an extraction"


@pytest.mark.parametrize("reachable", [True, False])
def test_a_sealed_namespace_is_salvaged_sealed(place: Place, reachable: bool) -> None:
    words = canaries(6)
    with contextlib.closing(place.open()) as store:
        filled(store, words)
        store.insert([support.entry("in clear", "elsewhere")])
        store.custodian.seal("default", silent)
        before = {m.id: m.content for m in store.page(ListQuery("default")).memories}
    with support.raw(place.path) as connection:
        connection.execute("UPDATE memory SET version = version + 1 WHERE number % 3 = 0")
    place.provider.reachable = reachable
    report = doctor.examine(
        place.path, support.MODEL, support.analyse, repair=True, keys=place.ring
    )
    [told] = [finding.message for finding in report.findings if finding.check == "salvage"]
    [copy] = place.path.parent.glob("memoryoss-salvaged-*.db")
    assert place.leaks(words) == {}
    place.provider.reachable, place.path = True, copy
    with contextlib.closing(place.open()) as store:
        saved = {m.id: m.content for m in store.page(ListQuery("default")).memories}
        assert saved.items() <= before.items()
        assert len(saved) == (4 if reachable else 0)
        assert store.page(ListQuery("elsewhere")).total == 1
    assert ("keys cannot be had" in told) is not reachable
