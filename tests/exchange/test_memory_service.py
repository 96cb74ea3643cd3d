# SPDX-License-Identifier: AGPL-3.0-only
"""Memories of mcp-memory-service, from a database that it wrote itself."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.exchange.sources.memory_service import MemoryService
from memoryoss_mcp.model import MemoryType, Status, parse_time

from .foreign import PEERS, changing, read

PEER = PEERS / "mcp-memory-service"
SOURCE = MemoryService()


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copy(PEER / "sqlite_vec.db", tmp_path))


def test_every_memory_is_found_or_skipped() -> None:
    found, skipped = read(SOURCE, PEER)
    assert read(SOURCE, PEER / "sqlite_vec.db") == (found, skipped)
    assert len(found) == 14
    assert [record.reason for record in skipped] == ["was deleted in its program"] * 2
    contents = [record.content for record in found]
    assert "客户会议改到星期四下午三点。" in contents
    assert "Emoji survive: 🚀 means a release." in contents
    assert "A line\nand another line, with \"quotes\" and a 'tick'." in contents
    assert "Old office address: 12 Harbour Street." not in contents


def test_a_memory_keeps_what_the_service_knows_of_it() -> None:
    found = {record.content: record for record in read(SOURCE, PEER)[0]}
    first = found["The staging database runs PostgreSQL 17 on port 5433."]
    assert first.tags == ("database", "staging", "reference")
    assert first.created_at == first.updated_at == parse_time("2026-01-01T00:00:00.25Z")
    assert first.agent == "claude-code"
    assert len(first.key) == 64
    changed = found["Deploys to production need two approvals."]
    assert changed.tags == ("deploy", "process", "approved", "observation")
    assert changed.created_at is not None
    assert changed.updated_at is not None
    assert changed.updated_at > changed.created_at
    assert found["Run `make seed` before the integration tests."].memory_type is (
        MemoryType.PROCEDURAL
    )
    assert found["客户会议改到星期四下午三点。"].memory_type is MemoryType.EPISODIC
    assert found["Nobody tagged this one."].tags == ()
    assert "store:work" in found["Anna leads the payments team."].tags


def test_what_a_newer_version_replaced_is_stale() -> None:
    status = {record.content: record.status for record in read(SOURCE, PEER)[0]}
    assert status["The retry limit of the queue worker is 5."] is Status.STALE
    assert status["The retry limit of the queue worker is 8."] is Status.ACTIVE
    assert list(status.values()).count(Status.STALE) == 1


def test_a_database_of_the_first_versions_is_read(tmp_path: Path) -> None:
    file = tmp_path / "sqlite_vec.db"
    with changing(file) as connection:
        connection.execute(
            "CREATE TABLE memories (id INTEGER PRIMARY KEY, content_hash TEXT UNIQUE NOT NULL,"
            " content TEXT NOT NULL, tags TEXT, created_at_iso TEXT)"
        )
        connection.execute(
            "INSERT INTO memories VALUES (7, 'abc', 'Old but good.', '[\"a\", \"b\"]',"
            " '2024-05-06T07:08:09Z')"
        )
    (record,), skipped = read(SOURCE, file)
    assert (record.tags, record.created_at) == (("a", "b"), parse_time("2024-05-06T07:08:09Z"))
    assert record.status is Status.ACTIVE
    assert skipped == []


def test_new_columns_and_odd_values_do_no_harm(copy: Path) -> None:
    with changing(copy) as connection:
        connection.execute("ALTER TABLE memories ADD COLUMN mood TEXT DEFAULT 'calm'")
        connection.execute("UPDATE memories SET metadata = '{' WHERE id = 1")
        connection.execute("UPDATE memories SET created_at = 'soon' WHERE id = 2")
        connection.execute("UPDATE memories SET content = ' ' WHERE id = 3")
        connection.execute("UPDATE memories SET content = X'00ff' WHERE id = 4")
        connection.execute("UPDATE memories SET content_hash = '' WHERE id = 5")
    found, skipped = read(SOURCE, copy)
    assert len(found) == 11
    assert found[0].agent is None
    assert found[1].created_at == parse_time("2026-01-01T01:00:00.25Z")  # from its other column
    assert sorted(record.reason for record in skipped) == [
        "has no content hash, by which its program knows it",
        "has no text",
        "has no text",
        "was deleted in its program",
        "was deleted in its program",
    ]


def test_what_is_missing_is_said(copy: Path, tmp_path: Path) -> None:
    with changing(copy) as connection:
        connection.execute("ALTER TABLE memories RENAME COLUMN content_hash TO digest")
    assert not SOURCE.recognises(copy)
    for work in (SOURCE.count, lambda path: list(SOURCE.read(path))):
        with pytest.raises(InvalidInputError, match="no column 'content_hash'"):
            work(copy)
        with pytest.raises(InvalidInputError, match="no table 'memories'"):
            work(PEERS / "claude-mem" / "claude-mem.db")
        with pytest.raises(InvalidInputError, match=r"holds no sqlite_vec\.db"):
            work(PEERS)
        with pytest.raises(InvalidInputError, match="There is no file"):
            work(tmp_path / "nothing.db")
    assert not SOURCE.recognises(PEERS)


def test_it_is_read_while_the_service_runs(copy: Path) -> None:
    connection = sqlite3.connect(copy, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("DROP TRIGGER IF EXISTS memories_fts_ai")
        connection.execute(
            "INSERT INTO memories (content_hash, content) VALUES ('new', 'Only in the log.')"
        )
        assert [record.content for record in read(SOURCE, copy)[0]][-1] == "Only in the log."
    finally:
        connection.close()


def test_its_usual_place_is_known(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("SQLITE_PATH", "SQLITEVEC_PATH", "BASE_DIR"):
        monkeypatch.delenv(f"MCP_MEMORY_{name}", raising=False)
    assert SOURCE.default_path().parts[-2:] == ("mcp-memory", "sqlite_vec.db")
    monkeypatch.setenv("MCP_MEMORY_BASE_DIR", str(tmp_path))
    assert SOURCE.default_path() == tmp_path / "sqlite_vec.db"
    monkeypatch.setenv("MCP_MEMORY_SQLITE_PATH", str(tmp_path / "x.db"))
    assert SOURCE.default_path() == tmp_path / "x.db"
