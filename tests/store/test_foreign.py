# SPDX-License-Identifier: AGPL-3.0-only
"""Files of other programs are read as they are, and nothing of them or beside them changes."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.store.foreign import ForeignFile, Row, has_tables, is_sqlite

SCHEMA = """
CREATE TABLE note (id INTEGER PRIMARY KEY, topic TEXT, body TEXT, "odd ""name" REAL);
CREATE TABLE pair (a TEXT PRIMARY KEY, b INTEGER) WITHOUT ROWID;
CREATE VIEW seen AS SELECT body FROM note;
CREATE VIRTUAL TABLE words USING fts5(body);
"""
NOTES = [("tea", "green"), ("coffee", "black"), ("tea", "white"), ("tea", "öölong 茶")]


@contextlib.contextmanager
def writer(path: Path, journal: str = "delete") -> Iterator[sqlite3.Connection]:
    """A connection of the other program, closed without leaving anything behind."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(f"PRAGMA journal_mode = {journal}")
    try:
        yield connection
    finally:
        connection.close()


def make(path: Path, journal: str = "delete") -> Path:
    with writer(path, journal) as connection:
        connection.executescript(SCHEMA)
        connection.executemany("INSERT INTO note(topic, body) VALUES (?, ?)", NOTES)
        connection.execute("INSERT INTO pair VALUES ('x', 1), ('y', 2)")
    return path


def bodies(path: Path) -> list[object]:
    with ForeignFile(path) as file:
        return [row["body"] for row in file.rows("note", ("body",))]


def footprint(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Every file of a folder with its bytes and the time of its last change."""
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return make(tmp_path / "notes.db")


@pytest.fixture
def copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def test_tables_are_listed_with_their_columns(file: Path) -> None:
    with ForeignFile(file) as foreign:
        tables = foreign.tables()
    assert tables["note"] == ("id", "topic", "body", 'odd "name')
    assert tables["pair"] == ("a", "b")
    assert not {"seen", "words"} & set(tables)  # a view and a virtual table are code


def test_rows_come_in_order_and_columns_that_are_not_there_are_none(file: Path) -> None:
    with ForeignFile(file) as foreign:
        rows: list[Row] = list(foreign.rows("note", ("body", "deleted_at", "id")))
        assert list(foreign.rows("pair", ("a", "b"))) == [{"a": "x", "b": 1}, {"a": "y", "b": 2}]
        assert list(foreign.rows("note", ("new",))) == [{"new": None}] * len(NOTES)
        backwards = [row["body"] for row in foreign.rows("note", ("body",), newest_first=True)]
    assert rows == [
        {"body": body, "deleted_at": None, "id": number}
        for number, (_, body) in enumerate(NOTES, 1)
    ]
    assert backwards == [body for _, body in reversed(NOTES)]


def test_the_last_row_of_each_value_can_be_had(file: Path) -> None:
    with ForeignFile(file) as foreign:
        rows = list(foreign.rows("note", ("topic", "body"), last_per="topic"))
        assert foreign.count("note") == len(NOTES)
        assert foreign.count("note", per="topic") == len(rows)
    assert rows == [{"topic": "coffee", "body": "black"}, {"topic": "tea", "body": "öölong 茶"}]


def test_what_is_missing_is_named(file: Path) -> None:
    with ForeignFile(file) as foreign:
        foreign.require("note", ("id", "body"))
        with pytest.raises(InvalidInputError, match="no table 'memories'"):
            foreign.require("memories", ("id",))
        with pytest.raises(InvalidInputError, match="no column 'hash', 'tags' in its table 'note'"):
            foreign.require("note", ("hash", "body", "tags"))
    assert has_tables(file, {"note": ("id",), "pair": ()})
    assert not has_tables(file, {"note": ("hash",)})
    assert not has_tables(file, {"memories": ()})


@pytest.mark.parametrize("journal", ["delete", "truncate", "persist", "wal"])
def test_a_file_at_rest_stays_as_it_is(tmp_path: Path, journal: str) -> None:
    file = make(tmp_path / "notes.db", journal)
    before = footprint(tmp_path)
    assert bodies(file) == [body for _, body in NOTES]
    assert has_tables(file, {"note": ()})
    assert footprint(tmp_path) == before


def test_changes_that_wait_in_the_log_are_read_while_it_is_written(
    tmp_path: Path, copies: Path
) -> None:
    (tmp_path / "live").mkdir()
    file = make(tmp_path / "live" / "notes.db")
    with writer(file, "wal") as connection:
        connection.execute("INSERT INTO note(body) VALUES ('only in the log')")
        before = footprint(file.parent)
        assert set(before) == {"notes.db", "notes.db-wal", "notes.db-shm"}
        assert bodies(file)[-1] == "only in the log"
        assert footprint(file.parent) == before
        connection.execute("INSERT INTO note(body) VALUES ('and on')")  # nobody is in its way
    assert list(copies.iterdir()) == []


def test_a_log_that_was_left_behind_is_read(tmp_path: Path, copies: Path) -> None:
    file = make(tmp_path / "notes.db")
    left = tmp_path / "left"
    left.mkdir()
    with writer(file, "wal") as connection:
        connection.execute("INSERT INTO note(body) VALUES ('only in the log')")
        for name in ("notes.db", "notes.db-wal"):
            shutil.copy(tmp_path / name, left)
    before = footprint(left)
    assert bodies(left / "notes.db")[-1] == "only in the log"
    assert footprint(left) == before
    assert list(copies.iterdir()) == []


def test_a_change_that_was_broken_off_is_not_read(tmp_path: Path) -> None:
    file = make(tmp_path / "notes.db")
    left = tmp_path / "left"
    left.mkdir()
    with writer(file) as connection:
        connection.execute("PRAGMA cache_size = 1")
        connection.execute("PRAGMA cache_spill = 1")
        connection.execute("BEGIN EXCLUSIVE")
        connection.execute("UPDATE note SET body = 'half done'")
        for _ in range(200):
            connection.execute("INSERT INTO note(body) VALUES (?)", ("filler " * 100,))
        for name in ("notes.db", "notes.db-journal"):
            shutil.copy(tmp_path / name, left)
        connection.execute("ROLLBACK")
    before = footprint(left)
    assert before["notes.db"][0] != file.read_bytes()  # the change had reached the file
    assert bodies(left / "notes.db") == [body for _, body in NOTES]
    assert footprint(left) == before


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")
def test_the_log_is_beside_the_file_and_not_beside_a_link_to_it(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    file = make(tmp_path / "real" / "notes.db")
    link = tmp_path / "link.db"
    link.symlink_to(file)
    with writer(file, "wal") as connection:
        connection.execute("INSERT INTO note(body) VALUES ('only in the log')")
        assert bodies(link)[-1] == "only in the log"


def test_any_name_of_a_file_will_do(tmp_path: Path) -> None:
    folder = tmp_path / "a b#c%41"
    folder.mkdir()
    file = make(folder / ("ü&mode=rw.db" if sys.platform == "win32" else "ü?mode=rw.db"), "wal")
    assert len(bodies(file)) == len(NOTES)
    assert list(folder.iterdir()) == [file]


def test_a_file_that_changes_meanwhile_is_not_read_to_its_end(file: Path) -> None:
    with ForeignFile(file) as foreign:
        rows = foreign.rows("note", ("body",))
        assert next(rows) == {"body": "green"}
        with writer(file) as connection:  # it is not locked
            connection.execute("DELETE FROM note WHERE body = 'white'")
            connection.execute("VACUUM")
        with pytest.raises(InvalidInputError, match="changed while it was read"):
            list(rows)


@pytest.mark.parametrize(
    ("name", "message"),
    [("none.db", "There is no file"), ("folder", "is a folder"), ("text.db", "not an SQLite")],
)
def test_what_is_no_database_is_said_to_be_none(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "text.db").write_text("SQLite format 4\0 and more")
    with pytest.raises(InvalidInputError, match=message):
        ForeignFile(tmp_path / name)
    assert not is_sqlite(tmp_path / name)
    assert not has_tables(tmp_path / name, {})


def test_a_text_that_is_none_is_an_error(file: Path) -> None:
    with writer(file) as connection:
        connection.execute("INSERT INTO note(body) VALUES (CAST(X'ff' AS TEXT))")
    with pytest.raises(InvalidInputError, match="not UTF-8"):
        bodies(file)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_damage_is_an_error_or_a_right_answer_or_less(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = make(tmp_path_factory.mktemp("damaged") / "notes.db")
    content = bytearray(file.read_bytes())
    if data.draw(st.booleans(), label="cut"):
        del content[data.draw(st.integers(0, len(content) - 1)) :]
    else:
        for _ in range(data.draw(st.integers(1, 20))):
            content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    file.write_bytes(content)
    before = footprint(file.parent)
    with contextlib.suppress(InvalidInputError), ForeignFile(file) as foreign:
        for table in foreign.tables():
            list(foreign.rows(table, foreign.tables()[table]))
            foreign.count(table)
    assert footprint(file.parent) == before
