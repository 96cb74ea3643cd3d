# SPDX-License-Identifier: AGPL-3.0-only
"""``memoryoss audit``: every change is in the ledger, in order, and a changed ledger is noticed."""

from __future__ import annotations

import json
import sqlite3
from itertools import pairwise

from tests.cli.support import Cli


def test_every_change_is_there_and_the_chain_holds(cli: Cli) -> None:
    memory_id = cli.store("The port is 8000.")
    cli.json("update", memory_id, "The port is 8001.")
    cli.json("review", "confirm", memory_id)
    cli.store("Elsewhere.", "--namespace", "other")
    cli.json("forget", memory_id)
    report = cli.json("audit", "verify")
    assert (report["holds"], report["entries"], report["problem"]) == (True, 5, None)
    assert "the chain holds" in cli("audit", "verify").out
    shown = cli.json("audit", "show")["entries"]
    assert [entry["action"] for entry in shown] == ["forget", "review", "update", "store"]
    assert {entry["memory"] for entry in shown} == {memory_id}
    assert [entry["version"] for entry in shown] == [3, 3, 2, 1]
    assert len(cli.json("audit", "show", "--all")["entries"]) == 5
    assert len(cli.json("audit", "show", "--limit", "2")["entries"]) == 2
    assert [e["entry"] for e in cli.json("audit", "show", "--before", "3")["entries"]] == [2, 1]
    assert "memoryoss-cli" in cli("audit", "show").out


def test_an_export_is_the_whole_ledger(cli: Cli) -> None:
    for number in range(3):
        cli.store(f"Fact {number}.")
    target = cli.folder / "ledger.jsonl"
    assert cli.json("audit", "export", str(target)) == {"file": str(target), "entries": 3}
    lines = [json.loads(line) for line in target.read_text("utf-8").splitlines()]
    assert [line["entry"] for line in lines] == [1, 2, 3]
    assert all(after["previous"] == before["hash"] for before, after in pairwise(lines))
    assert "Fact" not in target.read_text("utf-8")
    again = cli("audit", "export", str(target), "--json")
    assert (again.code, again.error["code"]) == (1, "export_failed")
    nowhere = cli("audit", "export", str(cli.folder / "no" / "folder"), "--json")
    assert (nowhere.code, nowhere.error["code"]) == (1, "export_failed")
    assert list(cli.folder.glob("*.part")) == []


def test_an_altered_entry_is_found(cli: Cli) -> None:
    cli.store("One.")
    cli.store("Two.")
    connection = sqlite3.connect(cli.data_dir / "memoryoss.db")
    connection.execute("UPDATE ledger SET subject = 'somebody else' WHERE entry = 1")
    connection.commit()
    connection.close()
    report = cli.json("audit", "verify", code=1)
    assert (report["holds"], report["problem"]) == (False, "entry 1 was altered")
    assert "the chain is broken: entry 1" in cli("audit", "verify").out


def test_wrong_arguments_are_refused(cli: Cli) -> None:
    for arguments, code in (
        (("export",), "invalid_input"),
        (("verify", "file"), "invalid_input"),
        (("show", "--limit", "0"), "invalid_input"),
        (("show", "--memory", "x"), "invalid_id"),
        (("burn",), "usage"),
    ):
        result = cli("audit", *arguments, "--json")
        assert (result.code, result.error["code"]) == (2, code), arguments
