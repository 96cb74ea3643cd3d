# SPDX-License-Identifier: AGPL-3.0-only
"""The audit chain: one entry per change, and no entry can be altered unnoticed."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memoryoss_mcp.model import Change, new_id
from memoryoss_mcp.store.ledger import GENESIS, LedgerEntry
from memoryoss_mcp.store.types import ForgetRequest

from . import support


def history(path: Path) -> None:
    """Three memories stored, one updated, one forgotten: five entries."""
    with support.opened(path) as store:
        stored = store.insert([support.entry(f"fact {n}") for n in range(3)])
        store.update(Change(stored[0].id, "default", content="fact, updated"), None)
        store.forget(ForgetRequest("default", ids=(stored[1].id,)))


def verdict(path: Path) -> str | None:
    with support.opened(path) as store:
        return store.ledger_report().problem


def test_every_change_has_its_entry(tmp_path: Path) -> None:
    path = tmp_path / "memoryoss.db"
    history(path)
    assert verdict(path) is None
    with support.raw(path) as connection:
        entries = connection.execute(
            "SELECT entry, action, namespace, subject, version FROM ledger ORDER BY entry"
        ).fetchall()
    assert [entry[0] for entry in entries] == [1, 2, 3, 4, 5]
    assert [entry[1] for entry in entries] == ["store", "store", "store", "update", "forget"]
    assert {entry[2:4] for entry in entries} == {("default", "tests")}
    assert [entry[4] for entry in entries] == [1, 1, 1, 2, 1]


def test_the_ledger_holds_no_content(tmp_path: Path) -> None:
    path = tmp_path / "memoryoss.db"
    history(path)
    with support.raw(path) as connection:
        for row in connection.execute("SELECT * FROM ledger"):
            assert b"fact" not in b"".join(
                value if isinstance(value, bytes) else str(value).encode() for value in row
            )


def test_a_refused_change_has_no_entry(tmp_path: Path) -> None:
    path, taken = tmp_path / "memoryoss.db", new_id()
    with support.opened(path) as store:
        store.insert([support.entry("fact", id=taken)])
        with pytest.raises(Exception, match="already has"):
            store.insert([support.entry("fact", id=taken)])
        store.forget(ForgetRequest("default", ids=(new_id(),)))
        store.forget(ForgetRequest("default", ids=(taken,), dry_run=True))
        assert store.status().ledger_entries == 1
        assert store.ledger_report().problem is None


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE ledger SET action = 'update' WHERE entry = 2",
        "UPDATE ledger SET at = at + 1 WHERE entry = 5",
        "UPDATE ledger SET namespace = 'other' WHERE entry = 1",
        "UPDATE ledger SET subject = 'nobody' WHERE entry = 3",
        "UPDATE ledger SET memory = randomblob(16) WHERE entry = 4",
        "UPDATE ledger SET memory = randomblob(5) WHERE entry = 4",
        "UPDATE ledger SET memory = NULL WHERE entry = 4",
        "UPDATE ledger SET version = 9 WHERE entry = 4",
        "UPDATE ledger SET version = 'x' WHERE entry = 4",
        "UPDATE ledger SET action = x'00' WHERE entry = 4",
        "UPDATE ledger SET previous = randomblob(32) WHERE entry = 3",
        "UPDATE ledger SET hash = randomblob(32) WHERE entry = 5",
        "DELETE FROM ledger WHERE entry = 1",
        "DELETE FROM ledger WHERE entry = 3",
        "DELETE FROM ledger WHERE entry <= 2",
        # Two rows change places.
        "UPDATE ledger SET entry = CASE entry WHEN 2 THEN -3 ELSE -2 END WHERE entry IN (2, 3);"
        "UPDATE ledger SET entry = -entry WHERE entry < 0",
        # A row goes and those behind it move up.
        "DELETE FROM ledger WHERE entry = 2;UPDATE ledger SET entry = entry - 1 WHERE entry > 2",
        # A row is put in between without its proper hash.
        "INSERT INTO ledger SELECT 6, at, action, namespace, subject, memory, version, hash, hash"
        " FROM ledger WHERE entry = 5",
    ],
)
def test_tampering_is_noticed_by_verify_and_doctor(tmp_path: Path, tampering: str) -> None:
    path = tmp_path / "memoryoss.db"
    history(path)
    with support.raw(path) as connection:
        connection.execute(tampering)
    assert verdict(path)
    assert [finding.partition(":")[0] for finding in support.unsound(path)] == ["ledger"]


def test_the_chain_goes_on_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "memoryoss.db"
    for _ in range(3):
        history(path)
    assert verdict(path) is None
    with support.opened(path) as store:
        assert store.status().ledger_entries == 15


entries = st.builds(
    LedgerEntry,
    entry=st.integers(1, 2**40),
    at=st.integers(0, 2**62),
    action=st.sampled_from(("store", "update", "forget", "review")),
    namespace=st.text(st.characters(codec="utf-8"), max_size=8),
    subject=st.text(st.characters(codec="utf-8"), max_size=8),
    memory=st.none() | st.uuids(),
    version=st.integers(1, 2**31),
    previous=st.just(GENESIS) | st.binary(min_size=32, max_size=32),
    hash=st.just(b""),
)


@given(entries, entries)
def test_different_entries_have_different_hashes(one: LedgerEntry, other: LedgerEntry) -> None:
    assert (one.computed_hash() == other.computed_hash()) == (one == other)


@given(st.text(st.characters(codec="ascii"), min_size=2, max_size=9), st.integers(1, 8))
def test_moving_a_letter_between_fields_changes_the_hash(text: str, cut: int) -> None:
    cut = min(cut, len(text) - 1)
    one = LedgerEntry(1, 1, "store", text[:cut], text[cut:], None, 1, GENESIS, b"")
    other = LedgerEntry(1, 1, "store", text[: cut - 1], text[cut - 1 :], None, 1, GENESIS, b"")
    assert one.computed_hash() != other.computed_hash()
