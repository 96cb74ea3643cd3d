# SPDX-License-Identifier: AGPL-3.0-only
"""What claude-mem observed, from a database that it wrote itself."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.exchange.sources.claude_mem import ClaudeMem
from memoryoss_mcp.model import MemoryType, parse_time

from .foreign import PEERS, changing, read

PEER = PEERS / "claude-mem"
SOURCE = ClaudeMem()


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copy(PEER / "claude-mem.db", tmp_path))


def test_observations_and_summaries_are_found_and_prompts_skipped() -> None:
    found, skipped = read(SOURCE, PEER)
    assert read(SOURCE, PEER / "claude-mem.db") == (found, skipped)
    assert [record.place for record in found] == [
        *(f"observation {number}" for number in range(1, 9)),
        "summary 1",
        "summary 2",
    ]
    assert [(record.place, record.reason[:11]) for record in skipped] == [
        ("observation 9", "has no text"),
        *((f"prompt {number}", "is a prompt") for number in range(1, 5)),
    ]


def test_an_observation_is_one_text_with_its_facts_and_files() -> None:
    found = {record.place: record for record in read(SOURCE, PEER)[0]}
    fixed = found["observation 2"]
    assert fixed.content == (
        "Tax call gets a timeout of 2 seconds\n"
        "Falls back to the cached rate\n\n"
        "When the service does not answer in time the last known rate is used.\n\n"
        "- The rate is cached for one hour\n\n"
        "Files: checkout/tax.py"
    )
    assert fixed.tags == ("bugfix", "problem-solution", "webshop")
    assert fixed.memory_type is MemoryType.EPISODIC
    assert fixed.created_at == parse_time("2026-02-03T09:02:00.125Z")
    assert (fixed.agent, fixed.session) == ("claude", "memory-1")
    assert found["observation 3"].memory_type is MemoryType.SEMANTIC
    assert found["observation 4"].content.startswith("Größe der Warteschlange erhöht\n\nVon 100")
    assert found["observation 6"].content == (
        "Pages are grouped by task\n\n- Tutorials, guides, reference\n- 日本語のページは後で"
    )
    assert found["observation 7"].content == "Only a title"
    assert found["observation 8"].content == "The old generator was Sphinx."  # of an old version


def test_a_summary_says_what_each_part_is() -> None:
    (summary,) = [record for record in read(SOURCE, PEER)[0] if record.place == "summary 2"]
    assert summary.content == (
        "Request: Move the docs\n"
        "Completed: The docs are built with MkDocs\n"
        "Notes: Old URLs redirect"
    )
    assert summary.tags == ("session-summary", "docs-site")
    assert summary.memory_type is MemoryType.EPISODIC


def test_a_project_that_became_part_of_another_counts_as_that(copy: Path) -> None:
    with changing(copy) as connection:
        connection.execute("UPDATE observations SET merged_into_project = 'shop' WHERE id = 1")
    assert read(SOURCE, copy)[0][0].tags[-1] == "shop"


def test_databases_of_other_versions_are_read(copy: Path) -> None:
    before = [record.content for record in read(SOURCE, copy)[0]]
    with changing(copy) as connection:
        connection.execute("ALTER TABLE observations ADD COLUMN mood TEXT")
        connection.execute("ALTER TABLE session_summaries DROP COLUMN notes")
        for name in ("user_prompts_fts", "user_prompts", "sdk_sessions"):
            connection.execute("PRAGMA foreign_keys = OFF")
            connection.execute(f"DROP TABLE {name}")
    found, skipped = read(SOURCE, copy)
    assert [record.content for record in found[:-1]] == before[:-1]
    assert found[-1].content == "Request: Move the docs\nCompleted: The docs are built with MkDocs"
    assert found[0].agent is None
    assert len(skipped) == 1


def test_the_same_number_in_another_database_is_another_key(copy: Path) -> None:
    with changing(copy) as connection:
        connection.execute("UPDATE observations SET created_at_epoch = created_at_epoch + 1")
    keys = {record.key for record in read(SOURCE, PEER)[0] if "observation" in record.key}
    assert keys.isdisjoint(record.key for record in read(SOURCE, copy)[0])


def test_what_is_missing_is_said(copy: Path) -> None:
    with changing(copy) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("DROP TABLE session_summaries")
    other = PEERS / "mcp-memory-service" / "sqlite_vec.db"
    assert not SOURCE.recognises(copy)
    assert not SOURCE.recognises(other)
    for work in (SOURCE.count, lambda path: list(SOURCE.read(path))):
        with pytest.raises(InvalidInputError, match="no table 'session_summaries'"):
            work(copy)
        with pytest.raises(InvalidInputError, match="no table 'observations'"):
            work(other)
        with pytest.raises(InvalidInputError, match=r"holds no claude-mem\.db"):
            work(PEERS)


def test_its_usual_place_is_known(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CLAUDE_MEM_DATA_DIR", raising=False)
    assert SOURCE.default_path() == Path.home() / ".claude-mem" / "claude-mem.db"
    monkeypatch.setenv("CLAUDE_MEM_DATA_DIR", str(tmp_path))
    assert SOURCE.default_path() == tmp_path / "claude-mem.db"
