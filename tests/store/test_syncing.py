# SPDX-License-Identifier: AGPL-3.0-only
"""What a store keeps for folder sync: clocks and digests, and nothing that was forgotten."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterable
from pathlib import Path

import pytest

from memoryoss_mcp.errors import ConflictError
from memoryoss_mcp.model import new_id
from memoryoss_mcp.store.changes import Find
from memoryoss_mcp.store.intake import Arrival
from memoryoss_mcp.store.syncing import DIGEST_BYTES, UNKNOWN, Known, Merger
from tests.store import support
from tests.store.keeping import Place, canaries, silent

FOLDER = "/somewhere"


def digest(text: str) -> bytes:
    """Bytes as long as a digest of a state."""
    return hashlib.sha384(text.encode()).digest()[:DIGEST_BYTES]


def ignored(_count: int) -> None:
    """Progress that nobody watches."""


def test_what_is_noted_is_known(tmp_path: Path) -> None:
    with support.opened(tmp_path / "memoryoss.db") as store:
        store.insert([support.entry("so that there is a namespace")])
        one, two = new_id(), new_id()
        known = {one: Known('{"a":1}', digest("one")), two: Known('{"b":2}', None)}
        store.note_sync("default", known, FOLDER, {"x/1": b"1", "x/2": b"2"})
        assert store.sync_states("default") == known
        assert store.sync_chunks(FOLDER) == {"x/1": b"1", "x/2": b"2"}
        assert store.sync_chunks("/elsewhere") == {}
        store.note_sync("default", {one: None}, FOLDER, {"x/1": None})
        assert store.sync_states("default") == {two: known[two]}
        assert store.sync_chunks(FOLDER) == {"x/2": b"2"}
        assert store.sync_states("other") == {}


def test_a_check_can_refuse(tmp_path: Path) -> None:
    with support.opened(tmp_path / "memoryoss.db") as store:
        store.note_sync("default", {}, FOLDER, {"x/1": b"1"})

        def check(chunks: object) -> None:
            assert chunks == {"x/1": b"1"}
            raise ConflictError("no")

        with pytest.raises(ConflictError):
            store.note_sync("default", {}, FOLDER, {"x/2": b"2"}, check)
        assert store.sync_chunks(FOLDER) == {"x/1": b"1"}


def test_a_merger_is_carried_out_as_a_whole_or_not_at_all(tmp_path: Path) -> None:
    with support.opened(tmp_path / "memoryoss.db") as store:
        [gone] = store.insert([support.entry("a canary sings")])
        new = support.entry("new")
        known = {new.memory.id: Known("{}", digest("new")), gone.id: Known("{}", None)}

        def failing(_find: Find) -> Iterable[Arrival]:
            yield new
            raise ConflictError("no")

        with pytest.raises(ConflictError):
            store.merge("default", Merger(failing, (gone.id,), known), ignored)
        assert store.get("default", gone.id)
        assert store.count("default") == 1
        assert store.sync_states("default") == {}
        done = store.merge("default", Merger(lambda _: [new], (gone.id,), known), ignored)
        assert done.taken.created == 1
        assert done.receipt is not None
        assert (done.receipt.deleted, done.receipt.clean) == ((gone.id,), True)
        assert store.sync_states("default") == known
        assert set(store.get_many("default", [gone.id, new.memory.id])) == {new.memory.id}
        actions = [entry.action for entry in store.ledger_from(0, 10)]
        assert actions == ["store", "sync", "forget"]
    assert support.unsound(tmp_path / "memoryoss.db") == []
    assert not any(b"canary" in data for data in support.bytes_of_files(tmp_path).values())


def test_the_digests_of_a_sealed_namespace_are_sealed(tmp_path: Path) -> None:
    place, [word] = Place(tmp_path), canaries(1)
    with contextlib.closing(place.open()) as store:
        [stored] = store.insert([support.entry(word)])
        known = {stored.id: Known("{}", digest(word))}
        store.note_sync("default", known, FOLDER, {})
        store.custodian.seal("default", silent)
        assert store.sync_states("default") == known
        store.note_sync("default", {}, FOLDER, {})
        assert store.sync_states("default") == known
        with support.raw(place.path) as connection:
            [(kept,)] = connection.execute("SELECT digest FROM sync_state").fetchall()
        assert digest(word) not in kept


def test_a_digest_whose_key_is_gone_is_that_of_another_state(tmp_path: Path) -> None:
    place = Place(tmp_path)
    with contextlib.closing(place.open()) as store:
        [stored] = store.insert([support.entry("sealed")])
        store.custodian.seal("default", silent)
        store.note_sync("default", {stored.id: Known("{}", digest("x"))}, FOLDER, {})
        with support.raw(place.path) as connection:
            connection.execute("UPDATE sync_state SET digest = randomblob(90)")
        assert store.sync_states("default")[stored.id].digest == UNKNOWN
