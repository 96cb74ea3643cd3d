# SPDX-License-Identifier: AGPL-3.0-only
"""Reading the development sets: a small one made here, and the real ones where they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import datasets
from benchmarks.datasets import DATA_VARIABLE, SETS, DataMissingError, load_haystack, load_set


def write(folder: Path, name: str, lines: list[dict[str, Any]]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (folder / name).write_text(text, encoding="utf-8")


def test_a_haystack_is_read_with_gold_times_and_what_is_outdated(tmp_path: Path) -> None:
    write(
        tmp_path,
        "corpus.jsonl",
        [
            {"id": "a", "text": "Port 8001.", "session": "s", "timestamp": "2024-01-02T00:00:00"},
            {
                "id": "b",
                "text": "Port 8000.",
                "session": "s",
                "timestamp": "1970-01-01T01:00+01:00",
            },
            {"id": "c", "text": "No time.", "session": None, "timestamp": None},
        ],
    )
    write(tmp_path, "queries.jsonl", [{"id": "q", "text": "Which port?", "category": "easy"}])
    (tmp_path / "qrels.tsv").write_text("q\ta\t2\nq\tc\t0\n", encoding="utf-8")
    (tmp_path / "excluded.tsv").write_text("q\tb\n", encoding="utf-8")

    haystack = load_haystack(tmp_path)

    assert [d.created_at for d in haystack.documents] == [1_704_153_600_000_000_000, 0, None]
    (question,) = haystack.questions
    assert question.gold == {"a": 2}, "a relevance of 0 is no gold"
    assert question.outdated == ("b",)
    assert question.own is None


def test_beside_filler_each_question_has_a_memory_of_its_own(tmp_path: Path) -> None:
    write(
        tmp_path,
        "corpus.jsonl",
        [
            {"id": "f", "text": "Shared.", "session": "filler", "timestamp": None},
            {"id": "p1", "text": "I dislike trains.", "session": "u1", "timestamp": None},
            {"id": "p2", "text": "I like trains.", "session": "u2", "timestamp": None},
        ],
    )
    write(
        tmp_path,
        "queries.jsonl",
        [
            {"id": "q1", "text": "How do I travel?", "category": "x", "session": "u1"},
            {"id": "q2", "text": "And now?", "category": "x", "session": "u2"},
        ],
    )
    (tmp_path / "qrels.tsv").write_text("q1\tp1\t1\nq2\tp2\t1\n", encoding="utf-8")

    haystack = load_haystack(tmp_path)

    assert [d.id for d in haystack.documents] == ["f"]
    assert [q.own.id for q in haystack.questions if q.own] == ["p1", "p2"]


def test_missing_data_is_told_with_the_place_and_the_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path / "nowhere"))
    with pytest.raises(DataMissingError, match=f"nowhere.*{DATA_VARIABLE}"):
        datasets.data_folder()


@pytest.mark.parametrize("name", SETS)
def test_every_set_holds_together(name: str) -> None:
    try:
        haystacks = load_set(name)
    except DataMissingError as missing:
        pytest.skip(str(missing))
    assert haystacks
    for haystack in haystacks:
        shared = {d.id for d in haystack.documents}
        assert len(shared) == len(haystack.documents), "ids are unique"
        assert any(question.gold for question in haystack.questions)
        for question in haystack.questions:
            reachable = shared | ({question.own.id} if question.own else set())
            assert question.gold.keys() <= reachable
            assert set(question.outdated) <= reachable
