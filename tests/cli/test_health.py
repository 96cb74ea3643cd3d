# SPDX-License-Identifier: AGPL-3.0-only
"""``memoryoss status``, ``doctor`` and ``migrate``: they say how things are, and change nothing
unasked."""

from __future__ import annotations

import contextlib
import sqlite3

from tests.cli.support import Cli


def test_status_counts_what_is_there(library: Cli) -> None:
    status = library.json("status")
    assert status["path"] == str(library.data_dir / "memoryoss.db")
    assert status["data_dir"] == str(library.data_dir)
    assert (status["config"], status["namespace"]) == (None, "default")
    assert [(n["name"], n["total"], n["candidate"]) for n in status["namespaces"]] == [
        ("default", 13, 1)
    ]
    assert status["ledger_entries"] == 13
    assert status["embedding_model"] == "all-minilm-l6-v2"
    shown = library("status")
    assert "all-minilm-l6-v2 (384 dimensions)" in shown.out
    assert "13 entries" in shown.out


def test_a_well_memory_is_healthy(library: Cli) -> None:
    report = library.json("doctor")
    assert report["healthy"] is True
    assert {finding["level"] for finding in report["findings"]} == {"ok"}
    assert {"check", "level", "message", "repairable", "repaired"} == set(report["findings"][0])
    assert "The memory is well." in library("doctor").out


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
