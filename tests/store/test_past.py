# SPDX-License-Identifier: AGPL-3.0-only
"""What a change replaced is kept until the memory is forgotten."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from memoryoss_mcp.model import Change, Lineage, new_id
from memoryoss_mcp.store import past
from memoryoss_mcp.store.ledger import LedgerQuery
from memoryoss_mcp.store.types import ForgetRequest, ListQuery

from . import support


def test_every_earlier_wording_is_kept_with_the_change_that_ended_it(tmp_path: Path) -> None:
    with support.opened(tmp_path / "memoryoss.db") as store:
        [stored] = store.insert([support.entry('the "first" wording', tags=("a", "b"))])
        first = store.get("default", stored.id)
        store.update(Change(stored.id, "default", content="zweiter Wörtlaut", session="s-2"), None)
        second = store.get("default", stored.id)
        store.update(Change(stored.id, "default", tags=("c",), source_key="k-3"), None)
        versions = store.versions("default", stored.id)
        changes = store.ledger(LedgerQuery(memory=stored.id))
    assert [version.memory.content for version in versions] == [first.content, second.content]
    assert [version.memory.tags for version in versions] == [("a", "b"), ("a", "b")]
    assert [version.author.session for version in versions] == ["s-2", None]
    assert [version.author.source_key for version in versions] == [None, "k-3"]
    assert [version.entry for version in versions] == [e.entry for e in changes[1::-1]]


def test_ties_of_a_version_are_kept_too(tmp_path: Path) -> None:
    lineage = Lineage(new_id(), (new_id(), new_id()), (new_id(),), (new_id(),))
    with support.opened(tmp_path / "memoryoss.db") as store:
        [stored] = store.insert([support.entry("tied")])
        for after in (lineage, Lineage()):
            store.amend(
                "default",
                lambda find, tied=after: [replace(find([stored.id])[stored.id], lineage=tied)],
                "review",
            )
        versions = store.versions("default", stored.id)
    assert [version.memory.lineage for version in versions] == [Lineage(), lineage]


def test_only_the_newest_versions_of_a_restless_memory_are_kept(tmp_path: Path) -> None:
    changes = past.KEPT + 3
    with support.opened(tmp_path / "memoryoss.db") as store:
        [stored] = store.insert([support.entry("wording 0")])
        for number in range(1, changes + 1):
            store.update(Change(stored.id, "default", content=f"wording {number}"), None)
        versions = store.versions("default", stored.id)
    assert len(versions) == past.KEPT
    assert versions[-1].memory.content == f"wording {changes - 1}"


def test_forgetting_takes_every_wording_along(tmp_path: Path) -> None:
    path = tmp_path / "memoryoss.db"
    with support.opened(path) as store:
        store.insert([support.entry("something that stays")])
        [stored] = store.insert([support.entry('the zebra\nsays "nothing"')])
        store.update(Change(stored.id, "default", content="the giraffe says nothing"), None)
        receipt = store.forget(ForgetRequest("default", ids=(stored.id,)))
        assert receipt.clean
        assert store.page(ListQuery("default")).total == 1
        files = support.bytes_of_files(tmp_path)
    for word in (b"zebra", b"giraffe", b"nothing"):
        assert [name for name, data in files.items() if word in data] == []
    assert support.unsound(path) == []
