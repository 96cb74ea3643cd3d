# SPDX-License-Identifier: AGPL-3.0-only
"""``memoryoss status``, ``doctor`` and ``migrate``: they say how things are, and change nothing
unasked."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import sys
from typing import Any

import pytest

from tests.cli.support import Cli


def test_status_counts_what_is_there(library: Cli) -> None:
    status = library.json("status")
    assert status["path"] == str(library.data_dir / "memoryoss.db")
    assert status["data_dir"] == str(library.data_dir)
    assert (status["config"], status["namespace"]) == (None, "default")
    assert [(n["name"], n["total"], n["candidate"]) for n in status["namespaces"]] == [
        ("default", 13, 1)
    ]
    assert status["ledger_entries"] >= 13  # the doctor of another test leaves two
    assert status["embedding_model"] == "all-minilm-l6-v2"
    shown = library("status")
    assert "all-minilm-l6-v2 (384 dimensions)" in shown.out
    assert f"{status['ledger_entries']} entries" in shown.out


def test_a_well_memory_is_healthy(cli: Cli) -> None:
    cli.store("The harbour is dredged every spring.")
    report = cli.json("doctor")
    assert report["healthy"] is True
    assert {finding["level"] for finding in report["findings"]} == {"ok"}
    assert {"check", "level", "message", "repairable", "repaired"} == set(report["findings"][0])
    assert "The memory is well." in cli("doctor").out


def finding(report: dict[str, Any], check: str) -> dict[str, Any]:
    """The one finding of a check."""
    [found] = [entry for entry in report["findings"] if entry["check"] == check]
    assert isinstance(found, dict)
    return found


def test_a_trial_memory_makes_the_round_trip_and_leaves_nothing_but_ledger_entries(
    cli: Cli,
) -> None:
    cli.store("The harbour is dredged every spring.")
    before = cli.json("status")
    told = finding(cli.json("doctor"), "canary")
    assert told["level"] == "ok"
    assert "recalled by words and meaning" in told["message"]
    after = cli.json("status")
    assert after["namespaces"] == before["namespaces"]
    assert after["ledger_entries"] == before["ledger_entries"] + 2
    assert cli.json("list", "--namespace", "memoryoss-doctor")["total"] == 0
    for path in cli.data_dir.rglob("*.db*"):
        assert b"canary" not in path.read_bytes()
    # Again, in the place that the first one had, and with another namespace beside it.
    cli.store("A lock gate was replaced.", "--namespace", "other")
    assert cli.json("doctor")["healthy"] is True
    assert cli.json("doctor")["healthy"] is True


def choose_model(cli: Cli, name: str) -> None:
    """Write a configuration that names a model."""
    cli.data_dir.mkdir(exist_ok=True)
    (cli.data_dir / "memoryoss.toml").write_text(f'[embeddings]\nmodel = "{name}"\n')


def test_without_its_model_the_doctor_says_what_is_missing_and_what_still_works(cli: Cli) -> None:
    choose_model(cli, "bge-small-en-v1.5")
    cli.store("The harbour is dredged every spring.")
    report = cli.json("doctor", code=1)
    model = finding(report, "model")
    assert model["level"] == "error"
    assert "models pull bge-small-en-v1.5" in model["message"]
    pending = finding(report, "pending")
    assert (pending["level"], pending["repairable"]) == ("warning", True)
    assert pending["message"].startswith("1 memory has no vector yet")
    assert "recalled by words only" in finding(report, "canary")["message"]
    unrepaired = finding(cli.json("doctor", "--repair", code=1), "pending")
    assert unrepaired["repaired"] is False


def test_a_model_file_that_is_not_the_published_one_is_told(cli: Cli) -> None:
    choose_model(cli, "bge-small-en-v1.5")
    folder = cli.data_dir / "models" / "bge-small-en-v1.5"
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(b"half a model")
    told = finding(cli.json("doctor", code=1), "model")
    assert told["level"] == "error"
    assert "damaged" in told["message"]


def test_repair_makes_the_vectors_that_were_missing(cli: Cli) -> None:
    choose_model(cli, "bge-small-en-v1.5")
    cli.load(*({"content": f"Ship {n} lies at quay {n}."} for n in range(40)))
    choose_model(cli, "all-minilm-l6-v2")
    assert [space["pending"] for space in cli.json("status")["namespaces"]] == [40]
    looked = cli("doctor")
    assert looked.code == 0
    assert "--repair" in looked.out
    assert [space["pending"] for space in cli.json("status")["namespaces"]] == [40]
    repaired = finding(cli.json("doctor", "--repair"), "pending")
    assert (repaired["level"], repaired["repaired"]) == ("warning", True)
    assert [space["pending"] for space in cli.json("status")["namespaces"]] == [0]
    assert {f["level"] for f in cli.json("doctor")["findings"]} == {"ok"}


def test_all_memories_get_vectors_of_another_model(cli: Cli) -> None:
    choose_model(cli, "bge-small-en-v1.5")
    cli.load(*({"content": f"Ship {n} lies at quay {n}."} for n in range(40)))
    planned = cli.json("migrate-embeddings", "--model", "all-minilm-l6-v2", "--dry-run")
    assert (planned["pending"], planned["embedded"]) == (40, 0)
    missing = cli("--json", "migrate-embeddings")
    assert missing.code == 1
    assert missing.error["code"] == "model_missing"
    done = cli.json("migrate-embeddings", "--model", "all-minilm-l6-v2")
    assert (done["embedded"], done["pending"], done["configured"]) == (40, 0, False)
    choose_model(cli, "all-minilm-l6-v2")
    assert cli.json("migrate-embeddings")["embedded"] == 0
    assert [space["pending"] for space in cli.json("status")["namespaces"]] == [0]
    assert "Ship 7" in cli.json("recall", "Where is ship 7?")["memories"][0]["content"]
    unknown = cli("--json", "migrate-embeddings", "--model", "no-such-model")
    assert (unknown.code, unknown.error["code"]) == (2, "model_unknown")


def test_damage_is_told_and_repaired_only_when_asked(cli: Cli) -> None:
    cli.load(*({"content": f"Fact {n} of the harbour"} for n in range(5)))
    path = cli.data_dir / "memoryoss.db"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("DELETE FROM lexical WHERE number = (SELECT min(number) FROM lexical)")
        connection.commit()
    sick = cli("doctor")
    assert sick.code == 1
    assert "Something is wrong." in sick.out
    assert "--repair" in sick.out
    assert cli.json("doctor", code=1)["healthy"] is False
    repaired = cli.json("doctor", "--repair")
    assert repaired["healthy"] is True
    assert any(finding["repaired"] for finding in repaired["findings"])
    assert cli.json("doctor")["healthy"] is True
    assert len(cli.json("recall", "harbour")["memories"]) == 5


def test_a_salvaged_memory_is_not_called_well_before_the_copy_is_in_use(cli: Cli) -> None:
    cli.load(*({"content": f"Fact {n} of the harbour"} for n in range(5)))
    path = cli.data_dir / "memoryoss.db"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("UPDATE memory SET content = 'forged' WHERE content LIKE '%2%'")
        connection.commit()
    repair = cli("doctor", "--repair")
    assert repair.code == 1
    assert "The memory is well." not in repair.out
    assert "4 memories were salvaged" in " ".join(repair.out.split())
    [copy] = cli.data_dir.glob("memoryoss-salvaged-*.db")
    for part in cli.data_dir.glob("memoryoss.db*"):
        part.unlink()
    copy.rename(path)
    assert cli.json("doctor")["healthy"] is True
    assert len(cli.json("recall", "harbour")["memories"]) == 4


def test_a_file_that_is_not_ours_is_left_untouched(cli: Cli) -> None:
    cli.data_dir.mkdir()
    path = cli.data_dir / "memoryoss.db"
    path.write_bytes(b"this is a letter, not a database" * 100)
    before = path.read_bytes()
    for command in (("list",), ("store", "x"), ("status",), ("migrate",)):
        refused = cli(*command, "--json")
        assert refused.code == 1
        assert refused.error["code"] in {"store_damaged", "store_foreign"}
    assert cli("doctor").code == 1
    assert path.read_bytes() == before


def test_the_doctor_of_no_memory_has_nothing_to_say_against_it(cli: Cli) -> None:
    assert cli.json("doctor")["healthy"] is True
    assert not (cli.data_dir / "memoryoss.db").exists()


def test_migrate_says_that_there_is_nothing_to_do(library: Cli, cli: Cli) -> None:
    plan = library.json("migrate", "--dry-run")
    assert plan == {
        "current": plan["target"],
        "target": plan["target"],
        "steps": [],
        "applied": False,
        "snapshot": None,
    }
    assert "present schema" in library("migrate").out
    assert cli.json("migrate")["current"] is None
    assert "no memory file" in cli("migrate").out


def test_a_newer_file_is_refused(cli: Cli) -> None:
    cli.store("Something")
    path = cli.data_dir / "memoryoss.db"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 999")
        connection.commit()
    refused = cli("list", "--json")
    assert (refused.code, refused.error["code"]) == (1, "store_newer")
    assert refused.error["hint"]
    before = path.read_bytes()
    told = finding(cli.json("doctor", "--repair", code=1), "canary")
    assert told["level"] == "warning"
    assert "Nothing was stored" in told["message"]
    assert path.read_bytes() == before


@pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() == 0, reason="this user may write everything"
)
def test_a_file_that_cannot_be_written_is_looked_at_and_left_alone(cli: Cli) -> None:
    cli.store("Something")
    path = cli.data_dir / "memoryoss.db"
    before = path.read_bytes()
    path.chmod(0o400)
    cli.data_dir.chmod(0o500)
    try:
        told = finding(cli.json("doctor"), "canary")
    finally:
        cli.data_dir.chmod(0o700)
    assert told["level"] == "warning"
    assert "cannot be written" in told["message"]
    assert path.read_bytes() == before
