# SPDX-License-Identifier: AGPL-3.0-only
"""Undo takes back what one origin wrote, whole and exactly, and nothing of anybody else's."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memoryoss_mcp.errors import EmptySelectorError
from memoryoss_mcp.model import Change, Memory, Outcomes, Status, new_id, now
from memoryoss_mcp.store.store import Store
from memoryoss_mcp.store.types import ForgetRequest, ListQuery, UndoReceipt, UndoRequest
from memoryoss_mcp.store.undoing import CHANGED_LATER, PROTECTED, REPLACEMENT_GONE

from . import support


def free(_memory: Memory) -> bool:
    return False


def undo(store: Store, protects: Callable[[Memory], bool] = free, **more: object) -> UndoReceipt:
    return store.undo(UndoRequest("default", **more), protects)  # type: ignore[arg-type]


def contents(store: Store) -> dict[UUID, Memory]:
    page = store.page(ListQuery("default", 1_000))
    return {memory.id: memory for memory in page.memories}


def substance(memory: Memory) -> Memory:
    """A memory without what every change moves."""
    return replace(
        memory,
        version=0,
        updated_at=0,
        sequence=0,
        embedding=memory.embedding.READY,
        embedding_model=None,
        embedding_revision=None,
    )


def amend(store: Store, key: UUID, **fields: object) -> None:
    def rule(find: Callable[[list[UUID]], dict[UUID, Memory]]) -> list[Memory]:
        return [replace(find([key])[key], **fields)]  # type: ignore[arg-type]

    store.amend("default", rule, "review")  # type: ignore[arg-type]


def test_what_a_session_stored_is_gone_with_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "memoryoss.db"
    with support.opened(path) as store:
        [kept] = store.insert([support.entry("a fact of another day", session="good")])
        poison = store.insert(
            [support.entry(f"zanzibar {n}", seed=n, session="bad") for n in range(3)]
        )
        receipt = undo(store, session="bad")
        assert {one.id for one in receipt.deleted} == {stored.id for stored in poison}
        assert receipt.clean
        assert set(contents(store)) == {kept.id}
        files = support.bytes_of_files(tmp_path)
    assert [name for name, data in files.items() if b"zanzibar" in data] == []
    assert support.unsound(path) == []


def test_what_a_session_changed_goes_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "memoryoss.db"
    with support.opened(path) as store:
        [stored] = store.insert([support.entry("the port is 8000", tags=("net",))])
        before = store.get("default", stored.id)
        for text in ("the port is 9000", "there is no port"):
            store.update(Change(stored.id, "default", content=text, session="bad"), None)
        receipt = undo(store, session="bad")
        [one] = receipt.reverted
        assert (one.id, one.version, one.restores) == (stored.id, 3, 1)
        after = store.get("default", stored.id)
        assert substance(after) == substance(before)
        assert after.version == 4
        actions = [entry.action for entry in store.ledger_from(0, 100)]
        assert actions == ["store", "update", "update", "undo", "undo"]
    assert support.unsound(path) == []


def test_a_dry_run_tells_the_same_and_changes_nothing(tmp_path: Path) -> None:
    with support.opened(tmp_path / "memoryoss.db") as store:
        [first] = store.insert([support.entry("good")])
        store.insert([support.entry("bad thing", session="bad")])
        store.update(Change(first.id, "default", tags=("x",), session="bad"), None)
        before = contents(store)
        planned = undo(store, session="bad", dry_run=True)
        assert contents(store) == before
        done = undo(store, session="bad")
    assert (planned.deleted, planned.reverted) == (done.deleted, done.reverted)
    assert (planned.dry_run, done.dry_run) == (True, False)


def test_what_somebody_changed_later_is_left_alone_and_named(tmp_path: Path) -> None:
    with support.opened(tmp_path / "memoryoss.db") as store:
        [stored] = store.insert([support.entry("one")])
        store.update(Change(stored.id, "default", content="two", session="bad"), None)
        store.update(Change(stored.id, "default", content="three", session="good"), None)
        receipt = undo(store, session="bad")
        assert [(one.id, one.reason) for one in receipt.kept] == [(stored.id, CHANGED_LATER)]
        assert store.get("default", stored.id).content == "three"


def test_what_was_given_up_for_a_deleted_memory_is_named(tmp_path: Path) -> None:
    with support.opened(tmp_path / "memoryoss.db", subject="desk") as store:
        [old] = store.insert([support.entry("old")])
        [new] = store.insert([support.entry("new", session="bad")])
        lineage = replace(store.get("default", old.id).lineage, superseded_by=new.id)
        amend(store, old.id, lineage=lineage, status=Status.STALE)
        receipt = undo(store, session="bad")
    assert [one.id for one in receipt.deleted] == [new.id]
    assert [(one.id, one.reason) for one in receipt.kept] == [(old.id, REPLACEMENT_GONE)]


def test_what_a_team_protects_stays(tmp_path: Path) -> None:
    with support.opened(tmp_path / "memoryoss.db") as store:
        [one] = store.insert([support.entry("policy", session="bad")])
        [other] = store.insert([support.entry("agreed", session="bad")])
        receipt = undo(store, lambda memory: memory.id == one.id, session="bad")
        assert [(kept.id, kept.reason) for kept in receipt.kept] == [(one.id, PROTECTED)]
        assert [gone.id for gone in receipt.deleted] == [other.id]
        assert set(contents(store)) == {one.id}


def test_selectors_must_all_hold(tmp_path: Path) -> None:
    path = tmp_path / "memoryoss.db"
    with support.opened(path, subject="editor") as editor:
        [first] = editor.insert([support.entry("by the editor", session="s")])
        moment = now()
        [second] = editor.insert([support.entry("later", session="s", source_key="k")])
    with support.opened(path, subject="chat") as chat:
        [third] = chat.insert([support.entry("by the chat", session="s")])
        [fourth] = chat.insert([support.entry("for the editor", session="s", client="editor")])

        def named(**more: object) -> set[UUID]:
            return {one.id for one in undo(chat, dry_run=True, **more).deleted}

        assert named(session="s") == {first.id, second.id, third.id, fourth.id}
        assert named(client="editor") == {first.id, second.id, fourth.id}
        assert named(client="chat") == {third.id, fourth.id}
        assert named(client="editor", since=moment) == {second.id, fourth.id}
        assert named(source_key="k") == {second.id}
        assert named(session="other") == set()
        assert named(since=now() + 1) == set()


def test_the_time_that_a_memory_claims_does_not_hide_it(tmp_path: Path) -> None:
    with support.opened(tmp_path / "memoryoss.db") as store:
        moment = now()
        [stored] = store.insert([support.entry("claims to be old", created_at=1)])
        assert [one.id for one in undo(store, since=moment).deleted] == [stored.id]


def test_nothing_named_is_refused(tmp_path: Path) -> None:
    with support.opened(tmp_path / "memoryoss.db") as store:
        store.insert([support.entry("stays")])
        with pytest.raises(EmptySelectorError):
            undo(store)
        assert len(contents(store)) == 1


def test_other_namespaces_are_not_touched(tmp_path: Path) -> None:
    with support.opened(tmp_path / "memoryoss.db") as store:
        store.insert([support.entry("here", session="s"), support.entry("there", "b", session="s")])
        undo(store, session="s")
        assert store.page(ListQuery("b")).total == 1


STEPS = ("store", "reword", "judge", "forget")


@settings(max_examples=40, deadline=None)
@given(st.data(), st.lists(st.sampled_from(STEPS), max_size=8), st.lists(st.sampled_from(STEPS)))
def test_undo_is_as_if_it_had_never_been(
    data: st.DataObject, before: list[str], bad: list[str]
) -> None:
    """Whatever one client did after all others, short of forgetting: afterwards the memories are
    those that were there before, in all their fields."""
    with tempfile.TemporaryDirectory(prefix="memoryoss-undo-") as folder:
        path = Path(folder) / "memoryoss.db"
        with support.opened(path, subject="good") as store:
            for step in before:
                _do(store, step, data)
            known = {key: substance(memory) for key, memory in contents(store).items()}
            reputations = store.reputations("default")
        with support.opened(path, subject="bad") as store:
            for step in bad:
                if step != "forget":
                    _do(store, step, data)
            store.undo(UndoRequest("default", client="bad"), free)
            found = {key: substance(memory) for key, memory in contents(store).items()}
            assert found == known
            assert store.reputations("default") == reputations
        assert support.unsound(path) == []


def _do(store: Store, step: str, data: st.DataObject) -> None:
    keys = sorted(contents(store))
    seed = data.draw(st.integers(0, 50))
    if step == "store" or not keys:
        store.insert([support.entry(f"text {seed}", seed=seed)])
        return
    key = data.draw(st.sampled_from(keys))
    if step == "reword":
        change = Change(key, "default", content=f"reworded {seed}", tags=(f"t{seed % 3}",))
        store.update(change, support.encoded(seed))
    elif step == "judge":
        old = store.get("default", key)
        outcomes = Outcomes(confirm_count=seed % 3, reject_count=seed % 2)
        lineage = dataclasses.replace(old.lineage, contradicts_with=(new_id(),) * (seed % 2))
        amend(store, key, outcomes=outcomes, lineage=lineage, status=tuple(Status)[seed % 4])
    else:
        store.forget(ForgetRequest("default", ids=(key,)))
