# SPDX-License-Identifier: AGPL-3.0-only
"""Memories of mem0, from the history, the vector store and the export that it wrote itself."""

from __future__ import annotations

import json
import pickle
import shutil
from pathlib import Path
from typing import Any

import pytest

from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.exchange.record import Found
from memoryoss_mcp.exchange.sources.mem0 import Mem0
from memoryoss_mcp.model import MemoryType, Status

from .foreign import PEERS, changing, read

PEER = PEERS / "mem0"
SOURCE = Mem0()
STORE = PEER / "qdrant" / "collection" / "mem0" / "storage.sqlite"


def by_key(path: Path) -> dict[str, Found]:
    return {record.key: record for record in read(SOURCE, path)[0]}


def test_the_export_and_the_vector_store_say_the_same() -> None:
    exported, stored = by_key(PEER / "export.json"), by_key(STORE)
    assert set(exported) == set(stored)
    assert len(exported) == 13
    for key, record in exported.items():
        other = stored[key]
        assert (record.content, record.tags) == (other.content, other.tags)
        assert (record.created_at, record.updated_at) == (other.created_at, other.updated_at)
        assert (record.agent, record.session) == (other.agent, other.session)


def test_the_history_gives_the_final_state_of_each_memory() -> None:
    exported = by_key(PEER / "export.json")
    found, skipped = read(SOURCE, PEER / "history.db")
    assert {record.key: record.content for record in found} == {
        key: record.content for key, record in exported.items()
    }
    assert [record.reason for record in skipped] == ["was deleted in its program"] * 2
    contents = [record.content for record in found]
    assert "Uses DuckDB at work." in contents
    assert "Uses PostgreSQL at work." not in contents
    assert "Lives in Zürich with two cats, Mochi and Øre." in contents
    for record in found:
        assert record.created_at == exported[record.key].created_at


def test_a_folder_is_its_vector_store_or_else_its_history(tmp_path: Path) -> None:
    for folder in (PEER, PEER / "qdrant", STORE.parent):
        assert by_key(folder) == by_key(STORE)
    shutil.copy(PEER / "history.db", tmp_path)
    assert by_key(tmp_path) == by_key(PEER / "history.db")
    with pytest.raises(InvalidInputError, match=r"neither history\.db nor a vector store"):
        SOURCE.count(PEERS / "claude-mem")
    assert not SOURCE.recognises(PEERS / "claude-mem")


def test_a_memory_keeps_what_mem0_knows_of_it() -> None:
    found = {record.content: record for record in read(SOURCE, PEER / "export.json")[0]}
    work = found["Works as a staff data engineer at a shipping company."]
    assert work.tags == ("work", "user:robin")
    assert work.agent == "planner"
    assert work.created_at is not None
    assert work.updated_at is not None
    assert work.updated_at > work.created_at
    trip = found["Plans a trip to Lisbon in May."]
    assert trip.session == "run-7"
    assert trip.status is Status.STALE  # expired on 2026-06-01
    assert found["Is allergic to peanuts."].status is Status.ACTIVE


def export(folder: Path, whole: Any) -> Path:
    file = folder / "export.json"
    file.write_text(json.dumps(whole), encoding="utf-8")
    return file


def test_other_forms_of_an_export_are_read(tmp_path: Path) -> None:
    item = {
        "id": "m1",
        "memory": "Knows the way.",
        "categories": ["travel", "health"],
        "metadata": {"memory_type": "procedural_memory", "tags": "a, b"},
        "created_at": 1_767_225_600,
        "expiration_date": "2999-01-01",
    }
    for whole in ([item], {"next": None, "results": [item]}, {"memories": [item]}):
        (record,), skipped = read(SOURCE, export(tmp_path, whole))
        assert record.tags == ("travel", "health", "a", "b")
        assert record.memory_type is MemoryType.PROCEDURAL
        assert record.created_at == 1_767_225_600 * 10**9
        assert record.status is Status.ACTIVE
        assert skipped == []


def test_what_is_no_memory_is_skipped(tmp_path: Path) -> None:
    good = {"id": "m1", "memory": "Good."}
    bad = [7, {"memory": "No id."}, {"id": "m2"}, {"id": "m3", "memory": " "}, good]
    found, skipped = read(SOURCE, export(tmp_path, [good, *bad]))
    assert [record.content for record in found] == ["Good."]
    assert [(record.place, record.reason) for record in skipped] == [
        ("entry 2", "is not a JSON object"),
        ("entry 3", "has no id"),
        ("entry 4", "has no text"),
        ("entry 5", "has no text"),
        ("entry 6", "is in the file already, further up"),
    ]


def test_an_empty_export_is_one_and_other_json_is_none(tmp_path: Path) -> None:
    assert SOURCE.count(export(tmp_path, {"results": []})) == 0
    for whole, message in (
        ({"name": "x"}, "has no list 'results'"),
        ([{"id": 1, "text": "x"}], "no export of mem0"),
    ):
        file = export(tmp_path, whole)
        assert not SOURCE.recognises(file)
        with pytest.raises(InvalidInputError, match=message):
            SOURCE.count(file)
        with pytest.raises(InvalidInputError, match=message):
            list(SOURCE.read(file))


def test_a_history_of_another_version_is_read(tmp_path: Path) -> None:
    file = tmp_path / "history.db"
    with changing(file) as connection:
        connection.execute(
            "CREATE TABLE history (id TEXT PRIMARY KEY, memory_id TEXT, old_memory TEXT,"
            " new_memory TEXT, new_value TEXT, event TEXT)"
        )
        connection.executemany(
            "INSERT INTO history VALUES (?, ?, ?, ?, NULL, ?)",
            [
                ("z", "m1", None, "first", "ADD"),
                ("a", "m1", "first", "second", "UPDATE"),
                ("b", "m2", None, "gone", "ADD"),
                ("c", "m2", "gone", None, "DELETE"),
                ("d", None, None, "whose?", "ADD"),
            ],
        )
    found, skipped = read(SOURCE, file)
    assert [(record.key, record.content) for record in found] == [("m1", "second")]
    assert [record.reason for record in skipped] == ["was deleted in its program", "has no id"]
    with changing(file) as connection:
        connection.execute("ALTER TABLE history RENAME COLUMN new_memory TO text")
    with pytest.raises(InvalidInputError, match="no column 'new_memory'"):
        SOURCE.count(file)


class _Dangerous:
    """Creates a file when it is unpickled in the usual way."""

    def __init__(self, trace: Path) -> None:
        self._trace = trace

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self._trace,)


def test_reading_the_vector_store_runs_no_code_of_it(tmp_path: Path) -> None:
    file = Path(shutil.copy(STORE, tmp_path))
    trace = tmp_path / "trace"
    bomb = pickle.dumps(_Dangerous(trace))
    points = [bomb, b"", b"\x80\x04.", bomb[:-3], pickle.dumps({"id": "x", "payload": {}}), None]
    with changing(file) as connection:
        for number, point in enumerate(points):
            connection.execute("INSERT INTO points VALUES (?, ?)", (f"bad {number}", point))
    found, skipped = read(SOURCE, file)
    assert not trace.exists()
    assert len(found) == 13
    assert [record.reason for record in skipped] == ["cannot be read"] * len(points)
    pickle.loads(bomb)
    assert trace.exists()


def test_an_outdated_copy_of_a_point_is_skipped(tmp_path: Path) -> None:
    file = Path(shutil.copy(STORE, tmp_path))
    with changing(file) as connection:
        (point,) = connection.execute(
            "SELECT point FROM points WHERE instr(point, CAST('Neovim' AS BLOB))"
        ).fetchone()
        newer = point.replace(b"Neovim with a Dvorak", b"Helix_ with a Dvorak")
        connection.execute("INSERT INTO points VALUES ('another key', ?)", (newer,))
    found, skipped = read(SOURCE, file)
    assert "Uses Helix_ with a Dvorak layout." in [record.content for record in found]
    assert [record.reason for record in skipped] == ["is an outdated copy"]


def test_other_collections_beside_it_are_left_alone(tmp_path: Path) -> None:
    shutil.copytree(PEER / "qdrant", tmp_path, dirs_exist_ok=True)
    entities = tmp_path / "collection" / "mem0_entities"
    shutil.copytree(STORE.parent, entities)
    with changing(entities / "storage.sqlite") as connection:
        for key, point in connection.execute("SELECT id, point FROM points").fetchall():
            other = point.replace(b"\x8c\x04hash", b"\x8c\x04kind")
            connection.execute("UPDATE points SET point = ? WHERE id = ?", (other, key))
    assert by_key(tmp_path) == by_key(STORE)


def test_its_usual_place_is_known(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("MEM0_DIR", raising=False)
    assert SOURCE.default_path() == Path.home() / ".mem0" / "history.db"
    monkeypatch.setenv("MEM0_DIR", str(tmp_path))
    assert SOURCE.default_path() == tmp_path / "history.db"
