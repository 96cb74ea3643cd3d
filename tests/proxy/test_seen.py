# SPDX-License-Identifier: AGPL-3.0-only
"""Only the new part of a conversation counts as new, also after a restart and after a crash."""

from __future__ import annotations

import os
import stat
import tempfile
from concurrent.futures import ThreadPoolExecutor
from hashlib import blake2b
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memoryoss_proxy.seen import SeenTurns


def conversation(*turns: str) -> list[str]:
    """The keys of a conversation: each depends on all turns up to it."""
    chain, keys = blake2b(digest_size=16), []
    for turn in turns:
        chain.update(turn.encode() + b"\0")
        keys.append(chain.hexdigest())
    return keys


CONVERSATIONS = st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=6), max_size=8)


def test_only_what_follows_the_last_seen_turn_is_new() -> None:
    seen = SeenTurns(None)
    assert seen.first_new(conversation("hello", "what now")) == 0
    seen.add(conversation("hello"))
    assert seen.first_new(conversation("hello", "what now")) == 1
    seen.add(conversation("hello", "what now"))
    assert seen.first_new(conversation("hello", "what now")) == 2
    assert seen.first_new(conversation("hello", "something else")) == 1
    assert seen.first_new(conversation("good day", "what now")) == 0
    assert seen.first_new([]) == 0


@pytest.mark.parametrize("most", [1, 3, 100])
def test_no_more_turns_are_remembered_than_allowed_and_the_latest_are(
    tmp_path: Path, most: int
) -> None:
    seen = SeenTurns(tmp_path / "seen", most)
    keys = [conversation(str(number)) for number in range(4 * most)]
    for key in keys:
        seen.add(key)
    for known in (seen, SeenTurns(tmp_path / "seen", most)):
        assert len(known) == most
        assert [known.first_new(key) for key in keys] == [0] * 3 * most + [1] * most


def test_a_turn_that_is_asked_for_is_not_forgotten() -> None:
    seen = SeenTurns(None, 2)
    old = conversation("old")
    seen.add(old)
    for number in range(5):
        seen.add(conversation(str(number)))
        assert seen.first_new(old) == 1


def test_the_file_stays_bounded_and_holds_nothing_but_digests(tmp_path: Path) -> None:
    path = tmp_path / "state" / "seen"
    seen = SeenTurns(path, 10)
    for number in range(500):
        seen.add(conversation("the launch is on Tuesday", str(number)))
    lines = path.read_text().splitlines()
    assert len(lines) <= 20
    assert all(len(line) == 32 and int(line, 16) >= 0 for line in lines)
    assert [file.name for file in path.parent.iterdir()] == ["seen"]
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_words_are_never_taken_for_a_key(tmp_path: Path) -> None:
    seen = SeenTurns(tmp_path / "seen")
    with pytest.raises(ValueError, match="not hexadecimal") as caught:
        seen.add([*conversation("a"), "the launch is on Tuesday"])
    assert "Tuesday" not in str(caught.value)
    assert len(seen) == 0
    assert not (tmp_path / "seen").exists()


def test_what_one_namespace_has_seen_is_new_to_another() -> None:
    seen = SeenTurns(None)
    seen.add(conversation("a"), namespace="one")
    assert seen.first_new(conversation("a"), namespace="one") == 1
    assert seen.first_new(conversation("a"), namespace="two") == 0
    assert seen.first_new(conversation("a")) == 0


def test_what_is_not_durable_is_never_written(tmp_path: Path) -> None:
    path = tmp_path / "seen"
    seen = SeenTurns(path, 5)
    seen.add(conversation("sealed"), durable=False)
    for number in range(4):
        seen.add(conversation(str(number)))
    assert seen.first_new(conversation("sealed")) == 1
    for number in range(30):  # often enough for the file to be written anew
        seen.first_new(conversation("sealed"))
        seen.add(conversation("more", str(number)))
    assert seen.first_new(conversation("sealed")) == 1
    assert SeenTurns(path, 5).first_new(conversation("sealed")) == 0
    seen.add(conversation("sealed"))
    assert SeenTurns(path, 5).first_new(conversation("sealed")) == 1


def test_a_disk_that_refuses_costs_nothing_but_the_memory_of_a_restart(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    seen = SeenTurns(blocked / "seen")
    seen.add(conversation("a"))
    assert seen.first_new(conversation("a")) == 1
    blocked.unlink()
    seen.add(conversation("b"))
    again = SeenTurns(blocked / "seen")
    assert [again.first_new(conversation(turn)) for turn in "ab"] == [1, 1]


@given(CONVERSATIONS, st.data())
def test_the_file_may_end_anywhere_and_is_used_on(
    turns: list[list[str]], data: st.DataObject
) -> None:
    """Whatever a crash cut off, whole lines count and later ones are not spoilt."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "seen"
        seen = SeenTurns(path)
        for each in turns:
            seen.add(conversation(*each))
        content = path.read_bytes() if path.exists() else b""
        end = data.draw(st.integers(0, len(content)))
        path.write_bytes(content[:end] + data.draw(st.sampled_from([b"", b"\0\0", b"\xff\xfe"])))
        after = SeenTurns(path)
        assert len(after) == content[:end].count(b"\n")
        after.add(conversation("later"))
        last = SeenTurns(path)
        assert last.first_new(conversation("later")) == 1
        assert len(last) >= len(after)


@given(CONVERSATIONS, CONVERSATIONS)
def test_a_restart_changes_no_answer(before: list[list[str]], asked: list[list[str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "seen"
        seen = SeenTurns(path)
        for turns in before:
            seen.add(conversation(*turns))
        again = SeenTurns(path)
        for turns in asked:
            keys = conversation(*turns)
            known = {tuple(each[: n + 1]) for each in before for n in range(len(each))}
            expected = max(n for n in range(len(turns) + 1) if not n or tuple(turns[:n]) in known)
            assert seen.first_new(keys) == again.first_new(keys) == expected


def test_threads_and_two_processes_worth_of_objects_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "seen"
    both = SeenTurns(path), SeenTurns(path)
    keys = [conversation(str(number)) for number in range(400)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: both[n % 2].add(keys[n]), range(400)))
    again = SeenTurns(path)
    assert all(again.first_new(key) == 1 for key in keys)
