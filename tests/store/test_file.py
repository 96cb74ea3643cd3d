# SPDX-License-Identifier: AGPL-3.0-only
"""The file is made whole or not at all, never taken for another, migrated with a snapshot."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import apsw
import pytest

from memoryoss_mcp.errors import (
    StoreDamagedError,
    StoreError,
    StoreForeignError,
    StoreNewerError,
)
from memoryoss_mcp.model import Outcomes, Status
from memoryoss_mcp.store import description, doctor, drafts, file, schema
from memoryoss_mcp.store.connection import APPLICATION_ID, check_sqlite
from memoryoss_mcp.store.file import Migration
from memoryoss_mcp.store.trust import Reputation
from memoryoss_mcp.store.types import ListQuery

from . import support


def contents(path: Path) -> list[str]:
    with support.opened(path) as store:
        return sorted(memory.content for memory in store.page(ListQuery("default", 1_000)).memories)


def made(path: Path, *texts: str) -> Path:
    with support.opened(path) as store:
        store.insert([support.entry(text, seed=n) for n, text in enumerate(texts)])
    return path


# Making it ------------------------------------------------------------------------------------


def test_opening_makes_the_folder_and_one_file(tmp_path: Path) -> None:
    path = tmp_path / "new" / "deeper" / "memoryoss.db"
    made(path, "fact")
    assert support.data_files(tmp_path / "new") == [path]
    assert path.read_bytes()[:16] == b"SQLite format 3\0"
    with support.raw(path) as connection:
        assert connection.pragma("application_id") == APPLICATION_ID
        assert connection.pragma("user_version") == schema.SCHEMA_VERSION
        assert connection.pragma("journal_mode") == "wal"


@pytest.mark.skipif(os.name != "posix", reason="permissions are those of POSIX")
def test_only_the_owner_may_read_what_is_made(tmp_path: Path) -> None:
    path = made(tmp_path / "new" / "memoryoss.db", "fact")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_programs_that_start_together_share_one_file(tmp_path: Path) -> None:
    path = tmp_path / "data" / "memoryoss.db"
    program = (
        "import sys; from pathlib import Path; from store import support; sys.stdin.readline();\n"
        "with support.opened(Path(sys.argv[1])) as store:\n"
        "    store.insert([support.entry(sys.argv[2])])\n"
    )
    repository = Path(__file__).resolve().parents[2]
    children = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(path), f"from {n}"],
            stdin=subprocess.PIPE,
            env=support.environment(repository, repository / "tests"),
        )
        for n in range(6)
    ]
    for child in children:
        assert child.stdin is not None
        child.stdin.write(b"go\n")
        child.stdin.flush()
    for child in children:
        child.communicate(timeout=180)
        assert child.returncode == 0
    assert contents(path) == [f"from {n}" for n in range(6)]
    assert support.data_files(tmp_path) == [path]
    assert support.unsound(path) == []


# Refusing what is not ours --------------------------------------------------------------------


def test_an_empty_file_is_refused_and_left(tmp_path: Path) -> None:
    path = tmp_path / "memoryoss.db"
    path.touch()
    with pytest.raises(StoreDamagedError) as caught:
        support.open_store(path)
    assert caught.value.code == "store_damaged"
    assert path.read_bytes() == b""
    assert support.data_files(tmp_path) == [path]


@pytest.mark.parametrize("content", [b"x", b"not a database\n" * 500, bytes(4096), b"SQLite"])
def test_a_file_of_another_kind_is_refused_and_left(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "memoryoss.db"
    path.write_bytes(content)
    with pytest.raises(StoreError) as caught:
        support.open_store(path)
    assert caught.value.code in {"store_foreign", "store_damaged"}
    assert path.read_bytes() == content
    assert support.data_files(tmp_path) == [path]


@pytest.mark.parametrize("application", [0, 7])
def test_a_foreign_database_is_refused_and_left(tmp_path: Path, application: int) -> None:
    path = tmp_path / "memoryoss.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE memory(content)")
    connection.execute(f"PRAGMA application_id = {application}")
    connection.commit()
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StoreForeignError) as caught:
        support.open_store(path)
    assert caught.value.code == "store_foreign"
    assert path.read_bytes() == before


def test_a_newer_file_is_refused_with_advice_and_left(tmp_path: Path) -> None:
    path = made(tmp_path / "memoryoss.db", "fact")
    with support.raw(path) as connection:
        connection.execute(f"PRAGMA user_version = {schema.SCHEMA_VERSION + 1}")
    before = path.read_bytes()
    with pytest.raises(StoreNewerError, match="Update") as caught:
        support.open_store(path)
    assert caught.value.code == "store_newer"
    assert path.read_bytes() == before


def test_a_folder_in_the_place_of_the_file_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "memoryoss.db"
    path.mkdir()
    with pytest.raises(StoreError):
        support.open_store(path)


def test_a_file_in_the_place_of_the_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("x")
    with pytest.raises(StoreError):
        support.open_store(tmp_path / "data" / "memoryoss.db")
    assert (tmp_path / "data").read_text() == "x"


def test_a_log_without_its_file_is_never_replayed_into_a_new_one(tmp_path: Path) -> None:
    path = made(tmp_path / "memoryoss.db", "first")
    with support.opened(path) as store:
        store.insert([support.entry("second")])
        log = Path(f"{path}-wal").read_bytes()
        assert log
    path.unlink()
    Path(f"{path}-wal").write_bytes(log)
    with pytest.raises(StoreDamagedError) as caught:
        support.open_store(path)
    assert caught.value.code == "store_damaged"
    assert not path.exists()
    assert Path(f"{path}-wal").read_bytes() == log


@pytest.mark.parametrize("version", ["3.7.0", "3.40.1", "3.51.2"])
def test_an_sqlite_that_can_lose_commits_is_refused(version: str) -> None:
    with pytest.raises(StoreError, match="lose commits"):
        check_sqlite(version)
    check_sqlite("3.51.3")
    check_sqlite()


def letter(path: Path, before: str, after: str, name: str) -> None:
    """Put a wrong letter into the description of a table."""
    with support.raw(path) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute(
            "UPDATE sqlite_schema SET sql = replace(sql, ?, ?) WHERE name = ?",
            (before, after, name),
        )


@pytest.mark.parametrize(
    ("before", "after", "name"),
    [
        ("chunk_id ", "chunk_ie ", "vector_index_rowids"),
        ("bit[", "bis[", "vector_index"),
        ("packed = 0", "packed = 1", "lexical_tail"),
        ("seq INTEGER NOT NULL,\n  content", "seq INTEGFR NOT NULL,\n  content", "memory"),
        ("value", "valve", "setting"),
        ("value\n) WITHOUT ROWID", "value\n) WITHOUT ROWIX", "setting"),
    ],
)
def test_a_damaged_description_of_the_tables_is_refused_and_healed_beside(
    tmp_path: Path, before: str, after: str, name: str
) -> None:
    path = made(tmp_path / "memoryoss.db", "one", "two")
    sound = path.read_bytes()
    letter(path, before, after, name)
    left = path.read_bytes()
    assert left != sound
    with pytest.raises(StoreDamagedError, match="doctor --repair"):
        support.open_store(path)
    assert path.read_bytes() == left
    doctor.examine(path, support.MODEL, support.analyse, repair=True)
    assert path.read_bytes() == left
    [copy] = tmp_path.glob("memoryoss-salvaged-*.db")
    assert contents(copy) == ["one", "two"]
    assert support.unsound(copy) == []


def test_the_description_may_change_as_the_program_changes_it(tmp_path: Path) -> None:
    """Rewriting the file, another model, a rebuilt index: it is the same file, and opens."""
    path = made(tmp_path / "memoryoss.db", "one")
    with support.raw(path) as connection:
        connection.execute("VACUUM")
        connection.execute("ANALYZE")
    assert contents(path) == ["one"]
    with support.raw(path) as connection:
        connection.execute("DELETE FROM posting")
        connection.execute("DELETE FROM lexical")
    assert doctor.examine(path, support.MODEL, support.analyse, repair=True).healthy
    assert contents(path) == ["one"]
    other = ("another", "1", 2 * support.DIMENSION)
    for _ in range(2):
        with support.opened(path, model=other) as store:
            assert store.model.dimension == 2 * support.DIMENSION
    assert contents(path) == ["one"]


def test_the_log_of_a_refused_file_stays_as_it_is(tmp_path: Path) -> None:
    path = made(tmp_path / "memoryoss.db", "first")
    with support.opened(path) as store:
        store.insert([support.entry("second")])
        with support.raw(path) as connection:
            connection.execute(f"PRAGMA user_version = {schema.SCHEMA_VERSION + 1}")
        files = support.bytes_of_files(tmp_path)
    wal = Path(f"{path}-wal")
    path.write_bytes(files[path.name])
    wal.write_bytes(files[wal.name])
    with pytest.raises(StoreNewerError):
        support.open_store(path)
    assert path.read_bytes() == files[path.name]
    assert wal.read_bytes() == files[wal.name] != b""


# What a killed program leaves -----------------------------------------------------------------


def test_drafts_of_killed_programs_are_removed_when_they_are_old(tmp_path: Path) -> None:
    path = made(tmp_path / "memoryoss.db", "fact")
    (tmp_path / "snapshots").mkdir()
    old = [
        tmp_path / "memoryoss.db.new-123-456",
        tmp_path / "memoryoss.db.new-123-456-wal",
        tmp_path / "memoryoss-salvaged-20200101T000000-1.db.new-1-2",
        tmp_path / "snapshots" / "memoryoss-v1-20200101T000000-1.db.new-1-2",
    ]
    written = tmp_path / "memoryoss.db.new-77-1"  # its log is young: somebody works on it
    young = [tmp_path / "memoryoss.db.new-9-9", Path(f"{written}-wal")]
    others = [
        tmp_path / "other.db.new-1-2",
        tmp_path / "memoryoss.db.new-year",
        tmp_path / "memoryoss-salvaged-20200101T000000-1.db",
        tmp_path / "snapshots" / "memoryoss-v1-20200101T000000-1.db",
    ]
    for draft in (*old, written, *young, *others):
        draft.write_bytes(b"half")
    past = time.time() - drafts.ABANDONED_S - 60
    for draft in (*old, written, *others):
        os.utime(draft, (past, past))
    assert contents(path) == ["fact"]
    left = support.data_files(tmp_path)
    assert not set(old) & set(left)
    assert {path, written, *young, *others} <= set(left)


def test_a_snapshot_that_could_not_be_finished_is_none(tmp_path: Path) -> None:
    path = made(tmp_path / "memoryoss.db", *(f"fact {n}" for n in range(50)))
    with support.raw(path) as connection:
        [(page, size)] = connection.execute(
            "SELECT rootpage, (SELECT page_size FROM pragma_page_size) FROM sqlite_schema"
            " WHERE name = 'ledger'"
        )
    with path.open("r+b") as handle:
        handle.seek((page - 1) * size)
        handle.write(b"\xff" * size)
    with pytest.raises(StoreError):
        file.snapshot(path, 1)
    assert list((tmp_path / "snapshots").iterdir()) == []


# Migrating ------------------------------------------------------------------------------------


def add_column(connection: apsw.Connection) -> None:
    connection.execute("ALTER TABLE memory ADD COLUMN mood TEXT")


def fill_column(connection: apsw.Connection) -> None:
    connection.execute("UPDATE memory SET mood = 'calm'")


STEPS = (
    Migration(schema.SCHEMA_VERSION + 1, "a mood for every memory", add_column),
    Migration(schema.SCHEMA_VERSION + 2, "everyone calm", fill_column),
)


def moods(path: Path) -> list[str | None]:
    with support.raw(path) as connection:
        return [row[0] for row in connection.execute("SELECT mood FROM memory")]


def test_a_file_that_is_up_to_date_is_not_touched(tmp_path: Path) -> None:
    path = made(tmp_path / "memoryoss.db", "fact")
    done = file.migrate(path, 3)
    assert (done.applied, done.steps, done.snapshot) == (False, (), None)
    assert done.current == done.target == schema.SCHEMA_VERSION
    assert support.data_files(tmp_path) == [path]


def test_a_plan_changes_nothing(tmp_path: Path) -> None:
    path = made(tmp_path / "memoryoss.db", "fact")
    planned = file.plan(path, STEPS)
    assert planned.steps == ("a mood for every memory", "everyone calm")
    assert (planned.current, planned.target) == (schema.SCHEMA_VERSION, STEPS[-1].version)
    assert not planned.applied
    assert contents(path) == ["fact"]
    assert support.data_files(tmp_path) == [path]


def test_steps_are_applied_in_order_after_a_snapshot(tmp_path: Path) -> None:
    path = made(tmp_path / "memoryoss.db", "one", "two")
    done = file.migrate(path, 3, STEPS)
    assert done.applied
    assert moods(path) == ["calm", "calm"]
    with support.raw(path) as connection:
        assert connection.pragma("user_version") == STEPS[-1].version
    assert done.snapshot is not None
    assert file.snapshots(path) == (done.snapshot,)
    # The snapshot is the file as it was, and opens as one.
    assert contents(done.snapshot) == ["one", "two"]
    assert support.unsound(done.snapshot) == []
    assert list(done.snapshot.parent.iterdir()) == [done.snapshot]


def test_a_half_migrated_file_goes_on_from_where_it_is(tmp_path: Path) -> None:
    path = made(tmp_path / "memoryoss.db", "one")
    before = schema.SCHEMA_VERSION
    assert file.migrate(path, 3, STEPS[:1]).target == before + 1
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schema, "SCHEMA_VERSION", before + 2)
        done = file.migrate(path, 3, STEPS)
    assert (done.current, done.target, done.steps) == (before + 1, before + 2, ("everyone calm",))
    assert moods(path) == ["calm"]


@pytest.mark.parametrize("failing", [0, 1])
def test_a_failing_step_leaves_the_file_as_it_was(tmp_path: Path, failing: int) -> None:
    path = made(tmp_path / "memoryoss.db", "one", "two")

    def fail(connection: apsw.Connection) -> None:
        connection.execute("DELETE FROM memory")
        connection.execute("INSERT INTO no_such_table VALUES(1)")

    steps = list(STEPS)
    steps[failing] = Migration(steps[failing].version, "fails", fail)
    with pytest.raises(StoreError):
        file.migrate(path, 3, steps)
    assert contents(path) == ["one", "two"]
    assert support.unsound(path) == []
    with support.raw(path) as connection:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(memory)")]
        assert "mood" not in columns
        assert connection.pragma("user_version") == schema.SCHEMA_VERSION
    [saved] = file.snapshots(path)
    assert contents(saved) == ["one", "two"]


def test_opening_an_older_file_migrates_it(tmp_path: Path) -> None:
    path = made(tmp_path / "memoryoss.db", "one")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schema, "SCHEMA_VERSION", STEPS[-1].version)
        patch.setattr(file, "MIGRATIONS", STEPS)
        assert contents(path) == ["one"]
        assert contents(path) == ["one"]
    assert moods(path) == ["calm"]
    assert len(file.snapshots(path)) == 1


def test_only_the_newest_snapshots_are_kept(tmp_path: Path) -> None:
    path = made(tmp_path / "memoryoss.db", "one")
    folder = tmp_path / "snapshots"
    folder.mkdir()
    for day in range(1, 5):
        (folder / f"memoryoss-v1-2020010{day}T000000-1.db").write_bytes(b"old")
    (folder / "notes.txt").write_text("the user's own")
    file.migrate(path, 2, STEPS)
    kept = file.snapshots(path)
    assert len(kept) == 2
    assert kept[0].name == "memoryoss-v1-20200104T000000-1.db"
    assert contents(kept[1]) == ["one"]
    assert (folder / "notes.txt").exists()


def test_a_snapshot_is_whole_while_others_write(tmp_path: Path) -> None:
    path = made(tmp_path / "memoryoss.db", "one")
    with support.opened(path) as store:
        for n in range(5):
            store.insert([support.entry(f"more {n}")])
            saved = file.snapshot(path, n)
            assert support.unsound(saved) == []
            assert len(contents(saved)) == n + 2


def test_a_restored_snapshot_is_a_working_store(tmp_path: Path) -> None:
    path = made(tmp_path / "memoryoss.db", "one", "two")
    saved = file.snapshot(path, 1)
    made(path, "three")
    saved.replace(path)
    assert contents(path) == ["one", "two"]
    made(path, "four")
    assert contents(path) == ["four", "one", "two"]
    assert support.unsound(path) == []


SINCE_THE_THIRD = (
    "DROP TABLE identity",
    "DROP TABLE revocation",
    "DROP TABLE restoration",
    "DROP TABLE pin",
    "DROP TABLE catalog",
    "DROP TABLE issued",
    "DROP TABLE sync_state",
    "DROP TABLE sync_chunk",
)
SINCE_THE_SECOND = (
    *SINCE_THE_THIRD,
    "DROP INDEX ledger_memory",
    "DROP TABLE past",
    "DROP INDEX memory_governed",
    "DROP TABLE reputation",
    "DROP TABLE centroid",
    "DROP TABLE certificate",
    "DROP TABLE data_key",
    "ALTER TABLE namespace DROP COLUMN key",
    "ALTER TABLE memory DROP COLUMN sealed",
)


def test_a_file_of_the_third_schema_gets_the_registry_and_the_state_of_synchronisation(
    tmp_path: Path,
) -> None:
    path = made(tmp_path / "memoryoss.db", "kept")
    with support.raw(path) as connection, connection:
        new = set(connection.execute("SELECT type, name, sql FROM sqlite_schema"))
        for statement in SINCE_THE_THIRD:
            connection.execute(statement)
        connection.execute("PRAGMA user_version = 3")
        description.sign(connection)
    assert contents(path) == ["kept"]
    with support.raw(path) as connection:
        assert set(connection.execute("SELECT type, name, sql FROM sqlite_schema")) == new
    assert support.unsound(path) == []
    [saved] = file.snapshots(path)
    assert "-v3-" in saved.name


def test_a_file_of_the_second_schema_gets_what_trust_rests_on(tmp_path: Path) -> None:
    path = tmp_path / "memoryoss.db"
    outcomes = Outcomes(confirm_count=2, reject_count=1)
    with support.opened(path) as store:
        entry = support.entry("kept", client="desk")
        store.insert([replace(entry, memory=replace(entry.memory, outcomes=outcomes))])
        expected = store.reputations("default")
        [memory] = store.page(ListQuery("default")).memories
        standing = store.standings("default", [memory])
    assert expected == [Reputation("desk", 2, 1)]
    with support.raw(path) as connection, connection:
        for statement in SINCE_THE_SECOND:
            connection.execute(statement)
        connection.execute("PRAGMA user_version = 2")
        description.sign(connection)
    with support.opened(path) as store:
        assert store.reputations("default") == expected
        assert store.standings("default", [memory]) == standing
    assert support.unsound(path) == []


def test_a_file_of_the_first_schema_gets_the_indexes_of_the_second(tmp_path: Path) -> None:
    path = tmp_path / "memoryoss.db"
    with support.opened(path) as store:
        [stored] = store.insert([support.entry("kept", status=Status.CANDIDATE)])
    with support.raw(path) as connection, connection:  # as the first release left it
        connection.execute("DROP INDEX memory_review")
        connection.execute("DROP INDEX memory_superseded")
        for statement in SINCE_THE_SECOND:
            connection.execute(statement)
        connection.execute("PRAGMA user_version = 1")
        description.sign(connection)
    with support.opened(path) as store:
        assert [memory.id for memory in store.waiting("default", 5).memories] == [stored.id]
    assert support.unsound(path) == []
    with support.raw(path) as connection:
        plan = list(
            connection.execute(
                f"EXPLAIN QUERY PLAN SELECT number FROM memory WHERE ns = 1 AND {schema.WAITING}"
                f" ORDER BY ({schema.REVIEW_RANK}), created_at DESC LIMIT 5"
            )
        )
    assert "memory_review" in str(plan)
    assert "TEMP B-TREE" not in str(plan)
    assert len(file.snapshots(path)) == 1
