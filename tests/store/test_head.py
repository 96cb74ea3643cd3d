# SPDX-License-Identifier: AGPL-3.0-only
"""The signed head: a ledger that lost its end, or was written anew, is noticed."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from memoryoss_mcp.errors import VaultError
from memoryoss_mcp.store import ledger
from memoryoss_mcp.store.connection import write_transaction
from memoryoss_mcp.store.ledger import LedgerReport
from memoryoss_mcp.vault import signing

from . import support


def store_some(path: Path, keys: Path, count: int = 3) -> None:
    with support.opened(path, signing=keys) as store:
        for number in range(count):
            store.insert([support.entry(f"fact {number}")])


def report(path: Path, keys: Path) -> LedgerReport:
    with support.opened(path, signing=keys) as store:
        return store.ledger_report()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "memoryoss.db"


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    return tmp_path / "keys"


def test_what_was_written_is_signed_when_the_store_is_closed(path: Path, keys: Path) -> None:
    store_some(path, keys)
    found = report(path, keys)
    assert (found.entries, found.signed, found.problem) == (3, 3, None)
    store_some(path, keys, 2)
    assert report(path, keys).signed == 5


def test_a_cut_end_is_noticed(path: Path, keys: Path) -> None:
    store_some(path, keys)
    with support.raw(path) as connection:
        connection.execute("DELETE FROM ledger WHERE entry > 1")
        assert ledger.verify(connection) is None  # the chain alone does not tell
    problem = report(path, keys).problem or ""
    assert "2 entries are missing at the end" in problem


def test_a_chain_that_was_written_anew_is_noticed(path: Path, keys: Path) -> None:
    store_some(path, keys)
    with support.raw(path) as connection, write_transaction(connection):
        connection.execute("DELETE FROM ledger")
        for _ in range(3):
            ledger.append(connection, "store", "default", "somebody", None, 1)
        assert ledger.verify(connection) is None
    problem = report(path, keys).problem or ""
    assert "is not the one that was signed" in problem


def test_a_forged_head_is_noticed(path: Path, keys: Path) -> None:
    store_some(path, keys)
    [head] = (keys / "heads").iterdir()
    fields = json.loads(head.read_text("utf-8"))
    head.write_text(json.dumps(fields | {"entry": 1}), "utf-8")
    assert "signature" in (report(path, keys).problem or "")
    other = signing.Signer.load(keys / "other.key")
    signed = fields | {"key": other.public_key.hex(), "signature": "00" * 64}
    head.write_text(json.dumps(signed), "utf-8")
    assert "signature" in (report(path, keys).problem or "")
    head.write_text("no head", "utf-8")
    assert "cannot be read" in (report(path, keys).problem or "")


def test_an_owner_may_accept_a_copy_that_was_put_back(path: Path, keys: Path) -> None:
    store_some(path, keys)
    with support.raw(path) as connection:
        connection.execute("DELETE FROM ledger WHERE entry > 1")
    with support.opened(path, signing=keys) as store:
        assert store.sign_ledger() == 1
        assert store.ledger_report() == LedgerReport(1, store.ledger_report().head, None, 1)


def test_without_a_place_for_keys_memories_are_stored_all_the_same(
    path: Path, keys: Path, caplog: pytest.LogCaptureFixture
) -> None:
    keys.parent.mkdir(exist_ok=True)
    keys.write_text("in the way", "utf-8")
    store_some(path, keys)
    assert len([r for r in caplog.records if "cannot be signed" in r.message]) == 1
    keys.unlink()
    found = report(path, keys)
    assert (found.entries, found.signed, found.problem) == (3, None, None)
    with support.opened(path) as store, pytest.raises(VaultError):
        store.sign_ledger()


@pytest.mark.skipif(os.name != "posix", reason="Windows has other permissions")
def test_a_key_that_others_can_read_is_not_used(path: Path, keys: Path) -> None:
    store_some(path, keys)
    (keys / "signing.key").chmod(0o644)
    assert "can be read by others" in (report(path, keys).problem or "")
