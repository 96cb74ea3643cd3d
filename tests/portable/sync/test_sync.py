# SPDX-License-Identifier: AGPL-3.0-only
"""Folder sync as two or three machines of one person see it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from memoryoss_mcp.lifecycle import review
from memoryoss_mcp.model import Memory, Origin, ReviewAction, Status
from memoryoss_mcp.portable.sync.folder import PLACE, SyncError
from memoryoss_mcp.portable.sync.state import digest_of, memory_in, state_of
from memoryoss_mcp.store.changes import Entry
from tests.store import support

from .support import SPACE, Machine, exchange, machines, prepare, silent


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[list[Machine]]:
    """Two machines over one folder."""
    with machines(tmp_path, 2, shared=True) as found:
        yield found


@pytest.fixture
def three(tmp_path: Path) -> Iterator[list[Machine]]:
    """Three machines over one folder."""
    with machines(tmp_path, 3, shared=True) as found:
        yield found


def sync(*found: Machine) -> None:
    """Everybody exports, then everybody imports."""
    for machine in found:
        machine.export()
    for machine in found:
        machine.import_()


def test_memories_arrive_as_they_are(pair: list[Machine]) -> None:
    here, there = pair
    key = here.say(
        "Deploys go to staging first.", tags=("b", "a"), agent="ann", session="s-1",
        client="editor", source_key="k-1", origin=Origin.AGENT, confidence=0.25,
    )  # fmt: skip
    here.decide(key, ReviewAction.CONFIRM)
    done = here.export()
    assert (done.records, done.forgotten, len(done.chunks)) == (1, 0, 1)
    imported = there.import_()
    assert imported.created == (key,)
    mine, theirs = here.get(key), there.get(key)
    assert state_of(mine) == state_of(theirs)
    assert (theirs.version, theirs.updated_at) == (mine.version, mine.updated_at)
    assert theirs.review_events == mine.review_events
    assert there.store.count(SPACE) == 1
    assert support.unsound(there.store.path) == []


def test_only_what_changed_is_written(pair: list[Machine]) -> None:
    here, there = pair
    keys = [here.say(f"memory number {number}") for number in range(5)]
    assert here.export().records == 5
    assert not here.export().chunks
    there.import_()
    assert not there.export().chunks
    here.tag(keys[0], "new")
    here.use(keys[1])
    assert here.export().records == 1
    assert there.import_().replaced == (keys[0],)
    assert there.get(keys[0]).tags == ("new",)
    assert not there.import_().chunks


def test_use_counts_are_everybodys_own(pair: list[Machine]) -> None:
    here, there = pair
    key = here.say("counted")
    sync(here, there)
    there.use(key)
    here.reword(key, "counted anew")
    sync(here, there)
    found = there.get(key)
    assert found.content == "counted anew"
    assert found.outcomes.injection_count == 1
    assert here.get(key).outcomes.injection_count == 0


def test_changes_beside_the_content_are_merged(pair: list[Machine]) -> None:
    here, there = pair
    key = here.say("shared", tags=("both",))
    sync(here, there)
    here.tag(key, "both", "here")
    there.tag(key, "both", "there")
    there.decide(key, ReviewAction.CONFIRM)
    sync(here, there)
    assert here.states() == there.states()
    found = here.get(key)
    assert sorted(found.tags) == ["both", "here", "there"]
    assert [event.action for event in found.review_events] == [ReviewAction.CONFIRM]
    assert found.evidence_count == 2


def test_new_words_and_new_tags_are_no_conflict(pair: list[Machine]) -> None:
    here, there = pair
    key = here.say("the port is 8000")
    sync(here, there)
    here.reword(key, "the port is 8001")
    there.tag(key, "network")
    there.export()
    here.export()
    for machine in pair:
        done = machine.import_()
        assert (done.merged, done.conflicts) == ((key,), {})
    assert here.states() == there.states()
    assert here.get(key).content == "the port is 8001"
    assert here.get(key).tags == ("network",)
    assert here.get(key).status is Status.ACTIVE


def conflict(here: Machine, there: Machine) -> tuple[Memory, Memory]:
    """A memory that was reworded in two ways, and the memory with the other words."""
    key = here.say("the port is 8000")
    sync(here, there)
    here.reword(key, "the port is 8001")
    there.reword(key, "the port is 8002")
    sync(here, there)
    assert here.states() == there.states()
    winner = here.get(key)
    [other] = winner.lineage.contradicts_with
    return winner, here.get(other)


def test_a_conflict_waits_for_a_review_and_nothing_is_lost(pair: list[Machine]) -> None:
    here, there = pair
    winner, loser = conflict(here, there)
    assert {winner.content, loser.content} == {"the port is 8001", "the port is 8002"}
    assert winner.content == "the port is 8002"  # said last
    assert loser.lineage.contradicts_with == (winner.id,)
    for machine in pair:
        inbox = review.inbox(machine.store, SPACE, 10)
        assert {item.memory.id for item in inbox.items} == {winner.id, loser.id}
    assert not here.export().records
    assert here.status().conflicts == 1
    assert support.unsound(here.store.path) == []


def test_a_decision_about_a_conflict_reaches_everybody(three: list[Machine]) -> None:
    here, there, late = three
    winner, loser = conflict(here, there)
    here.decide(winner.id, ReviewAction.SUPERSEDE, loser.id)
    here.export()
    for machine in (there, late):
        machine.import_()
        assert machine.states() == here.states()
        assert machine.get(winner.id).lineage.superseded_by == loser.id
        assert machine.get(loser.id).status is Status.ACTIVE
    assert not there.export().records


def test_whatever_changes_one_side_keeps_the_other(three: list[Machine]) -> None:
    here, there, late = three
    winner, loser = conflict(here, there)
    here.tag(winner.id, "looked at")
    here.export()
    for machine in (there, late):
        machine.import_()
        assert machine.get(loser.id).content == loser.content
        assert machine.states() == here.states()


def test_a_conflict_that_its_author_has_left_is_no_more(three: list[Machine]) -> None:
    here, there, other = three
    key = here.say("one")
    sync(*three)
    here.reword(key, "two")
    there.reword(key, "three")
    here.export()
    there.export()
    other.import_()
    assert len(other.memories()) == 2
    there.import_()
    here.reword(key, "four")  # without having seen "three"
    here.export()
    done = other.import_()
    there.import_()
    assert len(done.withdrawn) == 1
    assert other.states() == there.states()
    assert {memory.content for memory in other.memories().values()} == {"three", "four"}


def test_what_was_made_of_the_other_side_stays(three: list[Machine]) -> None:
    here, there, other = three
    winner, loser = conflict(here, there)
    there.tag(loser.id, "mine")
    here.decide(winner.id, ReviewAction.CONFIRM)
    here.forget(loser.id)
    here.export()
    there.import_()
    assert loser.id not in there.memories()  # what is forgotten is forgotten
    sync(*three)
    assert here.states() == there.states() == other.states()
    assert list(here.memories()) == [winner.id]


def test_forgotten_is_forgotten_everywhere(pair: list[Machine]) -> None:
    here, there = pair
    key, kept = here.say("a canary sings"), here.say("stays")
    sync(here, there)
    there.tag(key, "changed meanwhile")
    here.forget(key)
    done = here.export()
    assert (done.records, done.forgotten) == (0, 1)
    assert done.rewritten
    assert not done.held_by
    imported = there.import_()
    assert imported.forgotten == (key,)
    assert imported.receipt is not None
    assert imported.receipt.clean
    assert list(there.memories()) == [kept]
    there.export()
    for path in here.files():
        assert b"canary" not in path.read_bytes()
    here.import_()
    assert here.states() == there.states()
    assert not here.export().chunks


def test_who_still_holds_what_is_forgotten_is_told(pair: list[Machine]) -> None:
    here, there = pair
    key = here.say("first words")
    sync(here, there)
    there.reword(key, "a canary sings")
    sync(here, there)
    here.forget(key)
    assert here.export().held_by == {there.device: 1}
    there.import_()
    done = there.export()
    assert (len(done.rewritten), done.held_by) == (1, {})
    assert not here.export().held_by
    assert not any(b"canary" in path.read_bytes() for path in here.files())


def test_what_is_forgotten_does_not_come_back(three: list[Machine]) -> None:
    here, there, late = three
    key = here.say("once")
    sync(*three)
    late.reword(key, "said on a machine that was away")
    here.forget(key)
    here.export()
    sync(*three)
    assert not any(machine.memories() for machine in three)
    here.store.insert([support.entry("restored", id=key)])
    assert here.export().came_back == 1
    there.say("news")
    there.export()
    assert here.import_().forgotten == (key,)


def test_a_rewritten_chunk_outranks_its_earlier_edition(
    pair: list[Machine], tmp_path: Path
) -> None:
    here, there = pair
    key = here.say("a canary sings")
    here.say("stays")
    here.export()
    [old] = here.files()
    kept = tmp_path / "kept"
    shutil.copyfile(old, kept)
    here.forget(key)
    here.export()
    shutil.copyfile(kept, old)  # as a tool does that brings back what it misses
    done = there.import_()
    assert key not in there.memories()
    assert not done.problems
    here.export()
    assert not old.exists()


def test_a_second_folder_gets_everything(pair: list[Machine], tmp_path: Path) -> None:
    here, there = pair
    ours, theirs = here.say("ours"), there.say("theirs")
    sync(here, there)
    gone = here.say("gone")
    sync(here, there)
    here.forget(gone)
    here.export()
    stick = tmp_path / "stick"
    stick.mkdir()
    done = here.export(folder=stick)
    assert (done.records, done.forgotten) == (2, 1)
    assert not here.export(folder=stick).chunks
    with machines(tmp_path / "more", 1) as [third]:
        key = here.fabric.own_device().public_key
        assert key is not None
        third.fabric.register_key(here.fabric.own_device().kind, "first", key)
        third.import_(folder=stick)
        assert set(third.memories()) == {ours, theirs}


def test_a_restored_memory_file_loses_nothing(tmp_path: Path) -> None:
    with machines(tmp_path, 2, shared=True) as [here, there]:
        key = here.say("first")
        here.export()
        here.store.close()
        backup = tmp_path / "backup.db"
        shutil.copyfile(here.store.path, backup)
        again = support.open_store(here.store.path)
        here = Machine(again, type(here.fabric)(again, tmp_path / "machine0" / "keys"), here.folder)
        here.reword(key, "second, and lost with the disk")
        here.export()
        there.import_()
        again.close()
        shutil.copyfile(backup, again.path)
        for suffix in ("-wal", "-shm"):
            Path(f"{again.path}{suffix}").unlink(missing_ok=True)
        with support.opened(again.path) as restored:
            here = Machine(restored, type(here.fabric)(restored, tmp_path / "machine0" / "keys"),
                           here.folder)  # fmt: skip
            here.reword(key, "third, said without knowing the second")
            sync(here, there)
            exchange(here, there)
            assert here.states() == there.states()
            contents = {memory.content for memory in here.memories().values()}
            assert contents == {
                "second, and lost with the disk",
                "third, said without knowing the second",
            }


def test_the_same_memory_from_elsewhere_is_one(pair: list[Machine]) -> None:
    here, there = pair
    key = here.say("from a passport")
    memory = here.get(key)
    same = memory_in(state_of(memory), digest_of(memory), SPACE)
    there.store.insert([Entry(same, ("x",), None)])
    sync(here, there)
    assert here.states() == there.states()
    assert there.get(key).version == 1


def test_a_dry_run_tells_and_does_nothing(pair: list[Machine]) -> None:
    here, there = pair
    new, same, gone = here.say("new"), here.say("reworded"), here.say("gone")
    assert here.export(dry_run=True).records == 3
    assert not here.files()
    sync(here, there)
    here.reword(same, "reworded here")
    there.reword(same, "reworded there")
    here.forget(gone)
    more = here.say("more")
    here.export()
    before = there.states()
    planned = there.import_(dry_run=True)
    assert there.states() == before
    done = there.import_()
    for part in ("created", "replaced", "merged", "conflicts", "forgotten"):
        assert getattr(planned, part) == getattr(done, part)
    assert done.created == (more,)
    assert list(done.conflicts) == [same]
    assert done.forgotten == (gone,)
    assert new in there.memories()


def test_an_interrupted_import_leaves_nothing_half(pair: list[Machine]) -> None:
    here, there = pair
    for number in range(600):
        here.say(f"memory {number}", seed=None)
    here.export()

    def stop(step: str, done: int, _total: int) -> None:
        if step == "writing" and done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        there.import_(progress=stop)
    assert not there.memories()
    assert len(there.import_().created) == 600


def test_a_change_during_an_import_is_not_lost(pair: list[Machine]) -> None:
    here, there = pair
    key = here.say("one")
    sync(here, there)
    here.reword(key, "two")
    here.export()
    changes = ["three"]

    def slow(memories: list[Memory]) -> list[Entry]:
        if changes:
            there.reword(key, changes.pop())
        return prepare(memories)

    done = type(there.sync)(there.store, there.fabric, slow).import_(  # type: ignore[arg-type]
        there.folder, SPACE, progress=silent
    )
    assert list(done.conflicts) == [key]
    assert {memory.content for memory in there.memories().values()} == {"two", "three"}


def test_namespaces_do_not_mix(pair: list[Machine]) -> None:
    here, there = pair
    here.say("of one project")
    other = Machine(here.store, here.fabric, here.folder, space="other")
    other.say("of another")
    here.export()
    other.export()
    there.import_()
    assert [memory.content for memory in there.memories().values()] == ["of one project"]
    assert there.store.count("other") == 0
    assert [device.chunks for device in there.status().devices] == [1]


def test_the_status_says_what_is_to_be_done(pair: list[Machine]) -> None:
    here, there = pair
    gone, _ = here.say("gone"), here.say("stays")
    assert (here.status().changed, here.status().devices) == (2, ())
    here.export()
    there.say("new there")
    status = there.status()
    assert (status.changed, status.forgotten) == (1, 0)
    [device] = status.devices
    assert (device.device, device.own, device.trusted) == (here.device, False, True)
    assert (device.chunks, device.unread) == (1, 1)
    there.import_()
    assert there.status().devices[0].unread == 0
    here.forget(gone)
    assert here.status().forgotten == 1
    assert here.status().devices[0].own


def test_a_folder_that_is_not_there_is_not_made(pair: list[Machine], tmp_path: Path) -> None:
    here, _ = pair
    with pytest.raises(Exception, match="not a folder"):
        here.export(folder=tmp_path / "unmounted")
    assert not (tmp_path / "unmounted").exists()


def test_two_exports_at_once_do_not_write_one_number_twice(pair: list[Machine]) -> None:
    here, _ = pair
    here.say("one")

    def meanwhile(step: str, _done: int, _total: int) -> None:
        if step == "writing":
            here.export()

    with pytest.raises(SyncError, match="Another export"):
        here.export(progress=meanwhile)
    assert len(here.files()) == 1
    assert not list(here.folder.rglob("*.tmp"))
    assert not here.export().chunks


def test_what_could_not_be_put_there_is_written_the_next_time(
    pair: list[Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = pair
    key = here.say("one")

    def full(self: Path, _target: Path) -> Path:
        raise OSError(28, "No space left on device", str(self))

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", full)
        with pytest.raises(SyncError, match="No space left"):
            here.export()
    assert not here.files()
    assert not list(here.folder.rglob("*.tmp"))
    assert here.export().records == 1
    done = there.import_()
    assert (done.created, done.problems) == ((key,), ())


def test_what_was_lost_from_the_folder_is_written_again(pair: list[Machine]) -> None:
    here, there = pair
    key = here.say("one")
    here.export()
    shutil.rmtree(here.folder / PLACE)
    assert here.export().records == 1
    assert there.import_().created == (key,)
    here.say("two")
    here.export()
    assert not there.import_().problems
