# SPDX-License-Identifier: AGPL-3.0-only
"""The doctor: says what is wrong, rebuilds what is derived, salvages beside what is damaged."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from memoryoss_mcp.model import Change
from memoryoss_mcp.store import doctor
from memoryoss_mcp.store.types import DoctorReport, ForgetRequest, ListQuery

from . import support


def made(path: Path, count: int = 12) -> list[str]:
    """A store with packed and unpacked, ready and pending memories; returns the contents."""
    with support.opened(path) as store:
        for n in range(count):
            entry = support.entry(
                f"fact number{n} shared",
                ("one", "two")[n % 2],
                seed=None if n % 5 == 4 else n,
                tags=(f"tag{n % 3}",),
                session="s",
            )
            store.insert([entry])
            if n == count // 2:
                support.pack(path)
    return sorted(f"fact number{n} shared" for n in range(count))


def contents(path: Path) -> list[str]:
    with support.opened(path) as store:
        return sorted(
            memory.content
            for space in ("one", "two")
            for memory in store.page(ListQuery(space, 1_000)).memories
        )


def examine(path: Path, *, repair: bool = False) -> DoctorReport:
    return doctor.examine(path, support.MODEL, support.analyse, repair=repair)


def wrong(report: DoctorReport) -> list[str]:
    return [finding.check for finding in report.findings if finding.level == "error"]


def test_a_sound_file_has_nothing_wrong(tmp_path: Path) -> None:
    made(tmp_path / "memoryoss.db")
    report = examine(tmp_path / "memoryoss.db")
    assert report.healthy
    assert {finding.level for finding in report.findings} == {"ok"}
    assert {finding.check for finding in report.findings} >= {
        "integrity",
        "rows",
        "ledger",
        "lexical",
        "vectors",
        "counters",
    }


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    report = examine(tmp_path / "memoryoss.db", repair=True)
    assert report.healthy
    assert list(tmp_path.iterdir()) == []


def test_looking_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "memoryoss.db"
    made(path)
    before = path.read_bytes()
    examine(path)
    examine(path, repair=True)
    assert path.read_bytes() == before
    assert support.data_files(tmp_path) == [path]


def test_progress_is_told(tmp_path: Path) -> None:
    made(tmp_path / "memoryoss.db")
    steps: list[tuple[str, int, int]] = []
    doctor.examine(
        tmp_path / "memoryoss.db",
        support.MODEL,
        support.analyse,
        progress=lambda *step: steps.append(step),
    )
    assert steps
    assert all(0 <= done <= total for _, done, total in steps)
    assert steps[-1][1] == steps[-1][2]


@pytest.mark.parametrize(
    ("harm", "check"),
    [
        ("DELETE FROM lexical WHERE number & 7 = 1", "lexical"),
        ("DELETE FROM posting WHERE term = 'shared'", "lexical"),
        (
            "UPDATE posting SET data = CAST(data || x'00000101' AS BLOB) WHERE term = 'shared'",
            "lexical",
        ),
        # One entry points to another memory; frequency and length of another are altered.
        (
            "UPDATE posting SET data = CAST(x'0900' || substr(data, 3) AS BLOB)"
            " WHERE term = 'shared'",
            "lexical",
        ),
        (
            "UPDATE posting SET data = CAST(substr(data, 1, 2) || x'05' || substr(data, 4) AS BLOB)"
            " WHERE term = 'shared'",
            "lexical",
        ),
        (
            "UPDATE posting SET data = CAST(substr(data, 1, 3) || x'20' || substr(data, 5) AS BLOB)"
            " WHERE term = 'shared'",
            "lexical",
        ),
        ("UPDATE lexical SET terms = 'fact wrong shared' WHERE number & 7 = 1", "lexical"),
        ("UPDATE lexical SET length = length + 1 WHERE number & 7 = 1", "lexical"),
        ("INSERT INTO lexical VALUES(5 << 40, 0, 1, 'x', x'01')", "lexical"),
        ("DELETE FROM vector_index WHERE number & 7 = 1", "vectors"),
        ("DELETE FROM vector WHERE number & 7 = 1", "vectors"),
        ("UPDATE vector SET data = x'00' WHERE number & 7 = 1", "vectors"),
        ("UPDATE vector_index_metadatachunks00 SET data = zeroblob(4096)", "vectors"),
        ("UPDATE vector_index_metadatachunks01 SET data = zeroblob(4096)", "vectors"),
        ("UPDATE vector_index_metadatachunks03 SET data = zeroblob(4096)", "vectors"),
        ("UPDATE vector_index_vector_chunks00 SET vectors = zeroblob(4096)", "vectors"),
        ("UPDATE vector_index_chunks SET validity = zeroblob(64)", "vectors"),
        ("INSERT INTO vector SELECT 5 << 40, model, data FROM vector LIMIT 1", "vectors"),
        ("DELETE FROM tag WHERE number & 7 = 1", "tags"),
        ("INSERT INTO tag SELECT ns, 'wrong', number FROM memory LIMIT 1", "tags"),
        ("UPDATE namespace SET live = live + 1", "counters"),
        ("UPDATE namespace SET terms = 0", "counters"),
        ("UPDATE namespace SET tail = 5", "counters"),
        ("UPDATE namespace SET pending = 7", "counters"),
        ("UPDATE namespace SET next_slot = 1", "counters"),
        ("UPDATE namespace SET next_slot = 1 << 39", "counters"),
    ],
)
def test_what_is_derived_is_checked_and_made_anew(tmp_path: Path, harm: str, check: str) -> None:
    path = tmp_path / "memoryoss.db"
    expected = made(path)
    with support.raw(path) as connection:
        connection.execute(harm)
    report = examine(path)
    assert check in wrong(report)
    assert not report.healthy
    repaired = examine(path, repair=True)
    assert check in wrong(repaired)
    assert repaired.healthy
    assert support.unsound(path) == []
    assert contents(path) == expected
    assert support.data_files(tmp_path) == [path]
    with support.opened(path) as store:
        found = store.candidates("one", support.probe(["number4", "shared"], seed=1))
        assert found is not None
        assert len(found.numbers) == len(expected) // 2
        [receipt] = store.insert([support.entry("after the repair", "one")])
        store.update(Change(receipt.id, "one", content="changed after it"), None)
        assert store.forget(ForgetRequest("one", ids=(receipt.id,))).deleted == (receipt.id,)
    assert support.unsound(path) == []


def test_a_running_program_sees_the_repair(tmp_path: Path) -> None:
    path = tmp_path / "memoryoss.db"
    made(path)
    with support.opened(path) as store:
        probe = support.probe(["shared"])
        before = store.candidates("one", probe)
        assert before is not None
        with support.raw(path) as connection:
            connection.execute("DELETE FROM posting")
        assert examine(path, repair=True).healthy
        after = store.candidates("one", probe)
        assert after is not None
        assert after.numbers.tolist() == before.numbers.tolist()
        assert after.bm25.tolist() == before.bm25.tolist()


def test_a_damaged_memory_is_left_behind_in_a_salvaged_copy(tmp_path: Path) -> None:
    path = tmp_path / "memoryoss.db"
    expected = made(path)
    with support.raw(path) as connection:
        connection.execute("UPDATE memory SET content = 'forged' WHERE content LIKE '%number3 %'")
    before = path.read_bytes()
    report = examine(path, repair=True)
    assert "rows" in wrong(report)
    assert path.read_bytes() == before
    [copy] = [file for file in support.data_files(tmp_path) if file != path]
    assert copy.name.startswith("memoryoss-salvaged-")
    assert support.unsound(copy) == []
    assert contents(copy) == [text for text in expected if text != "fact number3 shared"]
    [told] = [finding.message for finding in report.findings if finding.check == "salvage"]
    assert copy.name in told
    assert "11 memories" in told
    with support.opened(path) as old, support.opened(copy) as new:
        for memory in new.page(ListQuery("one", 100)).memories:
            original = old.get("one", memory.id)
            assert memory.tags == original.tags
            assert memory.created_at == original.created_at
            assert memory.version == original.version
            assert memory.embedding == original.embedding


def test_a_salvage_never_takes_vectors_for_those_of_another_model(tmp_path: Path) -> None:
    path = tmp_path / "memoryoss.db"
    expected = made(path)
    with support.raw(path) as connection:
        connection.execute("UPDATE memory SET content = 'forged' WHERE content LIKE '%number3 %'")
    other = ("another", "1", support.DIMENSION)
    doctor.examine(path, other, support.analyse, repair=True)
    [copy] = [file for file in support.data_files(tmp_path) if file != path]
    with support.opened(copy, model=other) as store:
        assert sum(space.pending for space in store.status().namespaces) == len(expected) - 1


def test_a_foreign_or_newer_file_is_neither_repaired_nor_salvaged(tmp_path: Path) -> None:
    path = tmp_path / "memoryoss.db"
    made(path)
    with support.raw(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    before = path.read_bytes()
    report = examine(path, repair=True)
    assert not report.healthy
    assert path.read_bytes() == before
    assert support.data_files(tmp_path) == [path]
    path.write_bytes(b"the user's own text file, not ours" * 100)
    report = examine(path, repair=True)
    assert not report.healthy
    assert support.data_files(tmp_path) == [path]


def test_a_sound_file_is_found_sound_while_others_write(tmp_path: Path) -> None:
    path = tmp_path / "memoryoss.db"
    made(path)
    stop = threading.Event()

    def write() -> None:
        with support.opened(path) as store:
            n = 0
            while not stop.is_set():
                n += 1
                batch = store.insert([support.entry(f"more {n} {i}", "one") for i in range(5)])
                store.update(Change(batch[0].id, "one", content=f"changed {n}"), None)
                store.forget(ForgetRequest("one", ids=(batch[1].id,)))
                support.pack(path, 3)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(15):
            assert support.unsound(path) == []
    finally:
        stop.set()
        writer.join()
