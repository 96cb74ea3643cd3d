# SPDX-License-Identifier: AGPL-3.0-only
"""The registry of who signs changes in one step, with an entry in the ledger, or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.store import file
from memoryoss_mcp.store.fabric import (
    HERE,
    Catalog,
    Edit,
    Identity,
    Issued,
    Pin,
    Restoration,
    Revocation,
    Row,
    Rows,
)
from memoryoss_mcp.store.ledger import LedgerQuery

from . import support

KEY = os.urandom(32)
ANN = Identity("author:ann", HERE, "author", "Ann", KEY, 5)
LISTED = Identity("author:ann", "team", "author", "Ann B.", KEY, 6)
BOB = Identity("author:bob", "team", "author", "Bob", None, 7)
EVERYTHING: tuple[Row, ...] = (
    ANN,
    LISTED,
    BOB,
    Revocation("author:bob", "team", "author", "left", 8, "author:ann"),
    Restoration("author:bob", 9),
    Pin("author:ann", KEY, 10),
    Catalog("team", "The team", "device:1", 3, 11, 12),
    Issued("mine", 4, 13),
)


def test_what_is_written_is_read_again_and_one_identity_alone(tmp_path: Path) -> None:
    path = tmp_path / "memoryoss.db"
    with support.opened(path) as store:
        assert store.registry() == Rows()
        store.edit_registry(lambda _: [Edit("trust_import", "team", EVERYTHING)])
    with support.opened(path) as store:
        rows = store.registry()
        assert rows.identities == (ANN, LISTED, BOB)
        kept = (rows.revocations, rows.restorations, rows.pins, rows.catalogs, rows.issued)
        assert kept == tuple((row,) for row in EVERYTHING[3:])
        one = store.registry(["author:ann"])
        assert (one.identities, one.pins) == ((ANN, LISTED), rows.pins)
        assert (one.revocations, one.restorations) == ((), ())
        assert one.catalogs == rows.catalogs
        assert store.registry([]).identities == ()
    assert support.unsound(path) == []


def test_each_change_is_in_the_ledger(tmp_path: Path) -> None:
    with support.opened(tmp_path / "memoryoss.db") as store:
        store.edit_registry(
            lambda _: [
                Edit("trust_register", "author:ann", (ANN,)),
                Edit("trust_import", "team", (LISTED,), version=3),
            ]
        )
        store.edit_registry(lambda _: [])
        entries = store.ledger(LedgerQuery())
        told = [(entry.action, entry.namespace, entry.subject, entry.version) for entry in entries]
        assert told == [
            ("trust_import", "team", "tests", 3),
            ("trust_register", "author:ann", "tests", 0),
        ]
        assert store.ledger_report().problem is None


def test_a_row_with_the_same_keys_is_replaced_and_removed_by_them(tmp_path: Path) -> None:
    with support.opened(tmp_path / "memoryoss.db") as store:
        store.edit_registry(lambda _: [Edit("trust_import", "team", EVERYTHING)])
        renamed = Identity("author:ann", "team", "author", "Another", KEY, 6)
        store.edit_registry(lambda _: [Edit("trust_import", "team", (renamed,), (BOB,))])
        assert store.registry().identities == (ANN, renamed)
        store.edit_registry(lambda _: [Edit("trust_unpin", "author:ann", remove=EVERYTHING)])
        assert store.registry() == Rows()


def test_a_rule_sees_the_present_state_and_may_refuse(tmp_path: Path) -> None:
    with support.opened(tmp_path / "memoryoss.db") as store:
        store.edit_registry(lambda _: [Edit("trust_register", "author:ann", (ANN,))])

        def refuse(rows: Rows) -> list[Edit]:
            assert rows.identities == (ANN,)
            raise InvalidInputError("No.")

        with pytest.raises(InvalidInputError, match="No"):
            store.edit_registry(refuse)
        assert store.registry().identities == (ANN,)
        assert len(store.ledger(LedgerQuery())) == 1


def test_a_snapshot_has_the_registry(tmp_path: Path) -> None:
    path = tmp_path / "memoryoss.db"
    with support.opened(path) as store:
        store.edit_registry(lambda _: [Edit("trust_import", "team", EVERYTHING)])
        rows = store.registry()
    with support.opened(file.snapshot(path, 4)) as store:
        assert store.registry() == rows


def test_forgetting_stays_clean_beside_a_registry(tmp_path: Path) -> None:
    from memoryoss_mcp.store.types import ForgetRequest

    with support.opened(tmp_path / "memoryoss.db") as store:
        store.edit_registry(lambda _: [Edit("trust_import", "team", EVERYTHING)])
        [stored] = store.insert([support.entry("Ann left the team on a sunny afternoon")])
        receipt = store.forget(ForgetRequest("default", ids=(stored.id,)))
        assert receipt.clean
        assert store.registry().identities == (ANN, LISTED, BOB)
