# SPDX-License-Identifier: AGPL-3.0-only
"""How far a capture has come is kept without any text, and survives what happens to files."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memoryoss_mcp.exchange.connectors import marks as marks_module
from memoryoss_mcp.exchange.connectors.marks import FILE_NAME, Marks, MarksError, advancing

PATH = Path("history")
COMMANDS = st.lists(st.sampled_from(["make", "make test", "npm start", "ls"]), max_size=30)


def numbered(first: int, last: int) -> list[str]:
    return [f"command {number}" for number in range(first, last)]


def test_a_new_file_is_read_from_its_start_and_then_behind_its_end(tmp_path: Path) -> None:
    marks = Marks()
    assert marks.start_of(PATH, numbered(0, 50)) == 0
    marks.ended(PATH, numbered(0, 50))
    marks.save(tmp_path)
    loaded = Marks.load(tmp_path)
    assert loaded == marks
    assert loaded.start_of(PATH, numbered(0, 50)) == 50
    assert loaded.start_of(PATH, numbered(0, 53)) == 50
    assert loaded.start_of(Path("another"), numbered(0, 50)) == 0


def test_a_file_that_was_cut_at_its_front_goes_on_where_it_ended() -> None:
    marks = Marks()
    marks.ended(PATH, numbered(0, 50))
    assert marks.start_of(PATH, numbered(30, 60)) == 20
    assert marks.start_of(PATH, numbered(46, 60)) == 4


def test_a_file_with_nothing_in_common_is_read_whole() -> None:
    marks = Marks()
    marks.ended(PATH, numbered(0, 50))
    assert marks.start_of(PATH, numbered(60, 90)) == 0
    assert marks.start_of(PATH, []) == 0


@given(before=COMMANDS, after=COMMANDS)
def test_what_was_appended_is_read_once(before: list[str], after: list[str]) -> None:
    marks = Marks()
    marks.ended(PATH, before)
    assert marks.start_of(PATH, before + after) == len(before)
    marks.ended(PATH, before + after)
    assert marks.start_of(PATH, before + after) == len(before + after)


def test_no_text_is_kept(tmp_path: Path) -> None:
    with advancing(tmp_path) as marks:
        marks.ended(PATH, ["make shipment"])
        assert marks.offer("make shipment")
        marks.count("make harbour")
    written = (tmp_path / FILE_NAME).read_text(encoding="utf-8")
    assert "shipment" not in written
    assert "harbour" not in written
    assert "history" not in written
    loaded = Marks.load(tmp_path)
    assert not loaded.offer("make shipment")
    assert loaded.is_offered("make shipment")
    assert loaded.count("make harbour") == 2


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "null", '{"version": 2}', '{"version": 1, "ends": [1], "offered": 3}',
     '{"version": 1, "ends": {"a": 1, "b": {"read": 1, "tail": 2}}, "worked": {"x": "y"}}'],
)  # fmt: skip
def test_a_damaged_file_counts_as_none(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE_NAME).write_text(content, encoding="utf-8")
    loaded = Marks.load(tmp_path)
    assert loaded == Marks()


def test_an_error_leaves_the_marks_as_they_were(tmp_path: Path) -> None:
    def fail() -> None:
        with advancing(tmp_path) as marks:
            marks.offer("make")
            raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011
        fail()
    assert not (tmp_path / FILE_NAME).exists()


def test_only_so_many_hashes_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marks_module, "MOST", 3)
    with advancing(tmp_path) as marks:
        for text in numbered(0, 5):
            marks.offer(text)
    kept = Marks.load(tmp_path)
    assert [kept.is_offered(text) for text in numbered(0, 5)] == [False, False, True, True, True]
    assert json.loads((tmp_path / FILE_NAME).read_text(encoding="utf-8"))["version"] == 1


def test_runs_wait_for_each_other(tmp_path: Path) -> None:
    def work() -> None:
        for _ in range(5):
            with advancing(tmp_path) as marks:
                marks.count("make")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Marks.load(tmp_path).count("make") == 21


def test_a_run_that_has_to_wait_too_long_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(marks_module, "WAIT_S", 0.05)
    with advancing(tmp_path), pytest.raises(MarksError, match="at work"), advancing(tmp_path):
        pass


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(MarksError), advancing(tmp_path / "file"):
        pass
