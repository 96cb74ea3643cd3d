# SPDX-License-Identifier: AGPL-3.0-only
"""Lines of JSON and JSON arrays as memories, whatever their columns are called."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.exchange.record import Found, Skipped
from memoryoss_mcp.exchange.sources import detect
from memoryoss_mcp.exchange.sources.columns import Columns, moment
from memoryoss_mcp.exchange.sources.jsonl import Jsonl
from memoryoss_mcp.model import MemoryType, Status, parse_time


def write(path: Path, *values: Any) -> Path:
    path.write_text("\n".join(json.dumps(value) for value in values), "utf-8")
    return path


def read(path: Path, source: Jsonl | None = None) -> list[Found | Skipped]:
    source = source or Jsonl()
    records = list(source.read(path))
    assert source.count(path) == len(records)
    return records


def test_the_usual_names_are_understood(tmp_path: Path) -> None:
    file = write(
        tmp_path / "a.jsonl",
        {
            "Text": "Redis runs on port 6380.",
            "labels": ["infra", "redis"],
            "Created-At": "2024-03-01T10:00:00Z",
            "uuid": "abc",
            "type": "episodic",
            "session_id": "s-1",
            "agent": "ann",
            "status": "candidate",
        },
    )
    [record] = read(file)
    assert record == Found(
        "Redis runs on port 6380.",
        "abc",
        "line 1",
        ("infra", "redis"),
        parse_time("2024-03-01T10:00:00Z"),
        memory_type=MemoryType.EPISODIC,
        status=Status.CANDIDATE,
        agent="ann",
        session="s-1",
    )
    assert detect(file).kind == "jsonl"


def test_what_is_no_memory_is_skipped_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    lines = [b'\xef\xbb\xbf{"content": "One."}', b"", b"{oops", b"[1]", b'{"content": 3}']
    lines += [b'{"content": " "}', b'{"title": "x"}', b'{"content": "\xff"}', b'"Two."']
    file.write_bytes(b"\r\n".join(lines))
    records = read(file)
    assert [record.content for record in records if isinstance(record, Found)] == ["One.", "Two."]
    assert [(record.place, record.reason) for record in records if isinstance(record, Skipped)] == [
        ("line 3", "not JSON"),
        ("line 4", "not a JSON object"),
        ("line 5", "the content is not a text"),
        ("line 6", "no content"),
        ("line 7", "no content"),
        ("line 8", "not UTF-8"),
    ]


@pytest.mark.parametrize("shape", ["array", "object", "pretty"])
def test_arrays_are_read_like_lines(tmp_path: Path, shape: str) -> None:
    values = [{"note": f"Fact {n} is true."} for n in range(3)]
    file = tmp_path / "a.json"
    document: Any = {"version": 2, "memories": values} if shape == "object" else values
    file.write_text(json.dumps(document, indent=2 if shape == "pretty" else None), "utf-8")
    records = read(file)
    assert [record.content for record in records if isinstance(record, Found)] == [
        value["note"] for value in values
    ]
    assert detect(file).kind == "jsonl"


def test_a_column_of_another_name_can_be_mapped(tmp_path: Path) -> None:
    file = write(tmp_path / "a.jsonl", {"lesson": "Tea is hot.", "text": "no", "about": "tea; hot"})
    [record] = read(file, Jsonl({"content": "Lesson", "tags": "about"}))
    assert isinstance(record, Found)
    assert (record.content, record.tags) == ("Tea is hot.", ("tea", "hot"))
    with pytest.raises(InvalidInputError, match="not a field"):
        Jsonl({"colour": "x"})


def test_lines_of_our_own_export_keep_their_ids(tmp_path: Path) -> None:
    identity = "01890a5d-ac96-774b-bcce-b302099a8057"
    ours = {"memory": {"id": identity, "content": "Tea is hot.", "tags": ["tea"]}, "versions": []}
    foreign = {"id": identity, "content": "Tea is cold."}
    records = read(write(tmp_path / "a.jsonl", ours, foreign))
    assert [str(record.id) for record in records if isinstance(record, Found)] == [identity, "None"]


def test_without_an_id_the_words_are_the_key(tmp_path: Path) -> None:
    first = read(write(tmp_path / "a.jsonl", {"text": "One."}, {"text": "Two."}))
    second = read(write(tmp_path / "b.jsonl", {"text": "New."}, {"text": "One."}))
    assert isinstance(first[0], Found)
    assert isinstance(second[1], Found)
    assert first[0].key == second[1].key


def test_a_type_that_is_not_ours_becomes_a_tag() -> None:
    record = Columns().read({"content": "We use Go.", "type": "Decision"}, "line 1")
    assert isinstance(record, Found)
    assert (record.memory_type, record.tags) == (MemoryType.SEMANTIC, ("decision",))


@pytest.mark.parametrize(
    "written",
    [
        1_709_287_200,
        1_709_287_200_000,
        1_709_287_200_000_000,
        "1709287200",
        1_709_287_200.0,
        "2024-03-01 10:00:00",
        "2024/03/01 10:00:00",
        "2024-03-01T10:00:00+00:00",
        "Fri, 01 Mar 2024 10:00:00 GMT",
        "2024-03-01T11:00:00+01:00",
    ],
)
def test_times_in_their_usual_forms(written: object) -> None:
    assert moment(written) == parse_time("2024-03-01T10:00:00Z")


@pytest.mark.parametrize("written", ["soon", "", None, -5, float("nan"), float("inf"), [], 10**30])
def test_what_is_no_time_is_none(written: object) -> None:
    assert moment(written) is None


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="cannot be read"):
        list(Jsonl().read(tmp_path / "none.jsonl"))
    with pytest.raises(InvalidInputError, match="There is no"):
        detect(tmp_path / "none.jsonl")


def test_lines_without_content_are_not_recognised(tmp_path: Path) -> None:
    file = write(tmp_path / "a.jsonl", {"level": "info", "port": 80})
    assert not Jsonl().recognises(file)
    with pytest.raises(InvalidInputError, match="level, port"):
        detect(file)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["content", "id", "tags",
        "created_at", "memory", "type"]) | st.text(), inner),
    max_leaves=12,
)  # fmt: skip


@given(st.dictionaries(st.sampled_from(["content", "id", "tags", "time", "memory", "type"]), _JSON))
def test_no_record_breaks_the_reader(record: dict[str, Any]) -> None:
    found = Columns().read(record, "line 1")
    assert isinstance(found, Skipped) or (found.content.strip() and found.key)
