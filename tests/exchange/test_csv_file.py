# SPDX-License-Identifier: AGPL-3.0-only
"""Tables as memories: delimiters, quotes, byte order marks, wrong rows."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.exchange.record import Found, Skipped
from memoryoss_mcp.exchange.sources import detect
from memoryoss_mcp.exchange.sources.csv_file import CsvFile
from memoryoss_mcp.model import parse_time


def read(path: Path, **columns: str) -> list[Found | Skipped]:
    source = CsvFile(columns)
    records = list(source.read(path))
    assert source.count(path) == len(records)
    return records


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_the_delimiter_is_found_out(tmp_path: Path, delimiter: str, start: str) -> None:
    file = tmp_path / "a.csv"
    rows = [
        ["id", "Memory", "tags", "created at"],
        ["7", "Tea, coffee; and cake | at four.", "food", "2024-03-01"],
    ]
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(rows)
    file.write_text(start + out.getvalue(), "utf-8")
    assert read(file) == [
        Found(rows[1][1], "7", "line 2", ("food",), parse_time("2024-03-01")),
    ]
    assert detect(file).kind == "csv"


def test_quotes_and_line_ends_inside_of_cells_stay(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    text = 'note,tags\n"He said ""no"".\nThen left.","a, b"\nSecond.,\n'
    file.write_bytes(text.replace("\n", "\r\n").encode())
    records = read(file)
    assert [(r.content, r.place) for r in records if isinstance(r, Found)] == [
        ('He said "no".\r\nThen left.', "line 2"),
        ("Second.", "line 4"),
    ]


def test_rows_that_do_not_fit_are_told_and_empty_ones_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("text,tags\nOne.,a,b\n\n,\n,only a tag\nTwo.\n", "utf-8")
    records = read(file)
    assert [(r.place, r.reason) for r in records if isinstance(r, Skipped)] == [
        ("line 2", "more cells than columns"),
        ("line 5", "no content"),
    ]
    assert [r.content for r in records if isinstance(r, Found)] == ["Two."]


def test_a_table_without_content_needs_a_mapping(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("lesson,port\nTea is hot.,80\n", "utf-8")
    assert not CsvFile().recognises(file)
    with pytest.raises(InvalidInputError, match=r"lesson, port.*--map"):
        read(file)
    [record] = read(file, content="lesson")
    assert isinstance(record, Found)
    assert record.content == "Tea is hot."
    assert detect(file, {"content": "lesson"}).kind == "csv"


def test_another_encoding_is_an_error_that_says_so(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes("text\nZoë trinkt Tee.\n".encode("cp1252"))
    with pytest.raises(InvalidInputError, match="not UTF-8"):
        read(file)


def test_a_missing_or_empty_file(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="cannot be read"):
        read(tmp_path / "none.csv")
    (tmp_path / "empty.csv").touch()
    with pytest.raises(InvalidInputError, match="no column"):
        read(tmp_path / "empty.csv")


_CELL = st.text(
    st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from('\n,;"'), max_size=30
)


@given(st.lists(st.tuples(_CELL, _CELL), min_size=1, max_size=8))
def test_what_was_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]
) -> None:
    file = tmp_path_factory.mktemp("csv") / "a.csv"
    with file.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows([("content", "agent"), *rows])
    found = [record.content for record in read(file) if isinstance(record, Found)]
    assert found == [content for content, _ in rows if content.strip()]
