# SPDX-License-Identifier: AGPL-3.0-only
"""Whatever else is damaged, no sound memory is left behind, and what was lost is told."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from memoryoss_mcp.model import EmbeddingState, Memory
from memoryoss_mcp.store import doctor
from memoryoss_mcp.store.connection import connect_damaged
from memoryoss_mcp.store.types import DoctorReport, ListQuery
from memoryoss_mcp.store.wreck import Wreck

from . import support

COUNT = 40


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store with forty memories in two namespaces, one of them linked to another."""
    path = tmp_path / "memoryoss.db"
    with support.opened(path) as store:
        stored = store.insert(
            [
                support.entry(f"fact number{n}", ("one", "two")[n % 2], seed=n, tags=(f"tag{n}",))
                for n in range(COUNT)
            ]
        )
    with support.raw(path) as connection:
        connection.execute(
            "INSERT INTO edge SELECT number, 'derived_from', ? FROM memory WHERE id = ?",
            (stored[0].id.bytes, stored[2].id.bytes),
        )
    return path


def memories(path: Path) -> list[Memory]:
    with support.opened(path) as store:
        spaces = [space.name for space in store.status().namespaces]
        return [m for s in spaces for m in store.page(ListQuery(s, 1_000)).memories]


def contents(found: Iterable[Memory]) -> list[tuple[str, str]]:
    return sorted((memory.namespace, memory.content) for memory in found)


def ruin(path: Path, *names: str) -> None:
    """Overwrite the first page of tables and indexes with nonsense."""
    with support.raw(path) as connection:
        size = connection.pragma("page_size")
        assert isinstance(size, int)
        pages = [
            page
            for name in names
            for (page,) in connection.execute(
                "SELECT rootpage FROM sqlite_schema WHERE name = ?", (name,)
            )
        ]
    assert len(pages) == len(names)
    with path.open("r+b") as handle:
        for page in pages:
            handle.seek((page - 1) * size)
            handle.write(b"\xff" * size)


def salvaged(path: Path) -> tuple[Path, str]:
    """The copy that a repair makes, and what it says; the damaged file stays as it is."""
    before = path.read_bytes()
    report = repair(path)
    assert path.read_bytes() == before
    [copy] = path.parent.glob("memoryoss-salvaged-*")
    assert copy.suffix == ".db"
    assert support.unsound(copy) == []
    [told] = [finding.message for finding in report.findings if finding.check == "salvage"]
    assert copy.name in told
    return copy, told


def repair(path: Path) -> DoctorReport:
    return doctor.examine(path, support.MODEL, support.analyse, repair=True)


@pytest.mark.parametrize(
    "names",
    [
        ("vector",),
        ("embedding_model",),
        ("setting",),
        ("namespace",),
        ("edge",),
        ("tag", "lexical", "ledger"),
        ("memory_id", "memory_seq", "memory_created", "memory_hash"),
        ("namespace", "memory_id", "memory_seq", "memory_created", "memory_hash", "vector"),
    ],
    ids=" ".join,
)
def test_damage_elsewhere_costs_no_memory(path: Path, names: tuple[str, ...]) -> None:
    before = contents(memories(path))
    ruin(path, *names)
    copy, told = salvaged(path)
    after = memories(copy)
    assert contents(after) == before
    assert f"{COUNT} memories were salvaged" in told
    assert "0 could not be read" in told
    ready = {memory.embedding for memory in after} == {EmbeddingState.READY}
    assert ready is not bool({"vector", "embedding_model"} & set(names))
    linked = [memory.lineage.derived_from for memory in after if memory.lineage.derived_from]
    assert len(linked) == ("edge" not in names)
    assert ("links" in told) is ("edge" in names)


def test_a_namespace_whose_name_is_lost_keeps_its_memories_together(path: Path) -> None:
    """The ledger knows the names; without it they get one of their own, which is told."""
    ruin(path, "namespace", "ledger")
    copy, told = salvaged(path)
    found = memories(copy)
    assert {memory.namespace for memory in found} == {"salvaged-1", "salvaged-2"}
    assert sorted(m.content for m in found if m.namespace == "salvaged-1") == sorted(
        f"fact number{n}" for n in range(0, COUNT, 2)
    )
    assert "salvaged-1, salvaged-2" in told


def test_a_made_up_name_is_never_that_of_another_namespace(path: Path) -> None:
    with support.raw(path) as connection:
        connection.execute("UPDATE namespace SET name = 'salvaged-2' WHERE ns = 1")
        connection.execute("DELETE FROM namespace WHERE ns = 2")
    ruin(path, "ledger")
    copy, told = salvaged(path)
    assert {memory.namespace for memory in memories(copy)} == {"salvaged-2", "salvaged-2-"}
    assert "in: salvaged-2-." in told


def test_a_name_that_the_ledger_never_heard_of_is_put_right(path: Path) -> None:
    before = contents(memories(path))
    with support.raw(path) as connection:
        connection.execute("UPDATE namespace SET name = 'onf' WHERE name = 'one'")
    ruin(path, "vector")
    assert contents(memories(salvaged(path)[0])) == before


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_file_that_ends_too_early_gives_what_is_left(tmp_path: Path, share: float) -> None:
    path = tmp_path / "memoryoss.db"
    with support.opened(path) as store:
        for n in range(20):
            store.insert([support.entry(f"fact {n} {i} " + "x" * 600) for i in range(15)])
    data = path.read_bytes()
    assert len(data) > 100 * 4_096
    path.write_bytes(data[: int(len(data) * share)])
    before = path.read_bytes()
    report = repair(path)
    assert path.read_bytes() == before
    assert report.findings[0].level == "error"
    [told] = [finding.message for finding in report.findings if finding.check == "salvage"]
    copies = list(path.parent.glob("memoryoss-salvaged-*.db"))
    if not copies:
        assert share < 0.5
        assert "No memory of memoryoss.db can be read" in told
        return
    found = {memory.content for memory in memories(copies[0])}
    assert found <= {f"fact {n} {i} " + "x" * 600 for n in range(20) for i in range(15)}
    assert len(found) > 300 * (share - 0.3)
    assert f"{len(found)} memories were salvaged" in told
    assert f"{300 - len(found)} could not be read" in told


def test_memories_behind_a_bad_page_are_found(tmp_path: Path) -> None:
    """The scan stops there from both sides; indexes and the walk over all keys go on."""
    path = tmp_path / "memoryoss.db"
    with support.opened(path) as store:
        store.insert([support.entry(f"fact {n} " + "x" * 1_000, seed=n) for n in range(100)])
    with support.raw(path) as connection:
        [(size,)] = connection.execute("PRAGMA page_size")
    data = bytearray(path.read_bytes())
    for n in (30, 60):  # two leaves; between them neither direction of a scan arrives
        page = data.index(b"fact %d xxx" % n) // size * size
        data[page : page + 8] = b"\xff" * 8
    path.write_bytes(data)
    copy, told = salvaged(path)
    found = {memory.content.split()[1] for memory in memories(copy)}
    assert len(found) >= 90
    assert {"0", "45", "99"} <= found
    assert f"{100 - len(found)} could not be read" in told


def test_what_waits_in_the_log_is_saved_and_stays_in_the_log(path: Path) -> None:
    with support.opened(path) as store:
        store.insert([support.entry("only in the log", "one")])
        log = support.bytes_of_files(path.parent)[f"{path.name}-wal"]
    ruin(path, "edge")
    wal = Path(f"{path}-wal")
    wal.write_bytes(log)
    before = path.read_bytes()
    repair(path)
    [copy] = path.parent.glob("memoryoss-salvaged-*.db")
    assert ("one", "only in the log") in contents(memories(copy))
    assert path.read_bytes() == before
    assert wal.read_bytes() == log


def test_columns_are_known_by_their_place(path: Path) -> None:
    """Names and types of columns can be damaged while the rows are whole."""
    before = contents(memories(path))
    with support.raw(path) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute(
            "UPDATE sqlite_schema SET sql = replace(replace(sql, 'content TEXT', 'contenu TEXT'),"
            " 'confidence REAL', 'confidence RFAL') WHERE name = 'memory'"
        )
    assert contents(memories(salvaged(path)[0])) == before


def test_tables_that_lost_columns_cost_no_memory(path: Path) -> None:
    before = contents(memories(path))
    with support.raw(path) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        for name in ("ledger", "vector", "namespace", "embedding_model"):
            connection.execute(
                "UPDATE sqlite_schema SET sql = ? WHERE name = ?",
                (f"CREATE TABLE {name}(entry INTEGER PRIMARY KEY)", name),
            )
    found = memories(salvaged(path)[0])
    assert sorted(m.content for m in found) == sorted(content for _, content in before)
    assert {m.namespace for m in found} == {"salvaged-1", "salvaged-2"}


def test_a_vector_that_nobody_can_have_written_is_left_out(path: Path) -> None:
    with support.raw(path) as connection:
        connection.execute("UPDATE vector SET data = CAST(x'0000c07f' || substr(data, 5) AS BLOB)")
    with closing(connect_damaged(path)) as connection, support.opened(path) as store:
        wreck = Wreck(connection)
        found = {wreck.vector(number, m, store.model) for number, m in wreck.memories()}
        assert found == {None}


def test_the_source_of_a_salvage_cannot_be_written(path: Path) -> None:
    with closing(connect_damaged(path)) as connection, pytest.raises(apsw.ReadOnlyError):
        connection.execute("DELETE FROM memory")


def test_who_is_trusted_and_what_was_certified_is_saved_too(path: Path) -> None:
    with support.raw(path) as connection:
        connection.execute(
            "INSERT INTO revocation VALUES('device:1', '', 'device', 'stolen', 7, NULL)"
        )
        connection.execute("INSERT INTO certificate VALUES(x'01', 5, 'one', '{}')")
    ruin(path, "tag", "lexical", "ledger")
    copy, told = salvaged(path)
    assert "registry" not in told
    with support.raw(copy) as connection:
        [row] = connection.execute("SELECT id, reason FROM revocation")
        assert row == ("device:1", "stolen")
        assert list(connection.execute("SELECT document FROM certificate")) == [("{}",)]
    copy.unlink()
    ruin(path, "revocation")
    _, told = salvaged(path)
    assert "Not all of this could be read: the registry of who signs." in told


def test_a_salvage_that_saves_nothing_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "memoryoss.db"
    with support.opened(path) as store:
        store.insert([support.entry("one fact")])
    ruin(path, "memory")
    report = repair(path)
    assert not report.healthy
    assert support.data_files(tmp_path) == [path]
