# SPDX-License-Identifier: AGPL-3.0-only
"""``memoryoss export``: everything, archived and earlier, and only of the namespace."""

from __future__ import annotations

import json

from tests.cli.support import Cli


def test_everything_that_is_kept_is_written(cli: Cli) -> None:
    ids = [cli.store(text) for text in ("The key is in the cellar.", "Key is in the cellar.")]
    cli.store("Elsewhere.", "--namespace", "other")
    changed = cli.store("The port is 8000.", "--agent", "ann", "--session", "s-1")
    cli.json("update", changed, "The port is 8001.")
    [group] = cli.json("consolidate")["groups"]
    target = cli.folder / "all.jsonl"
    told = cli.json("export", str(target))
    assert (told["memories"], told["archived"]) == (4, 2)
    records = [json.loads(line) for line in target.read_text("utf-8").splitlines()]
    found = {record["memory"]["id"]: record for record in records}
    assert set(found) == {*ids, changed, group["derived_id"]}
    assert found[ids[0]]["memory"]["archived"] is True
    assert [v["content"] for v in found[changed]["versions"]] == ["The port is 8000."]
    assert [c["action"] for c in found[changed]["changes"]] == ["store", "update"]
    assert "Elsewhere" not in target.read_text("utf-8")


def test_the_part_of_one_agent_or_session(cli: Cli) -> None:
    cli.load(
        {"content": "One.", "agent": "ann"},
        {"content": "Two.", "session": "s"},
        {"content": "Three.", "agent": "ann", "session": "s"},
    )
    for options, count in ((("--agent", "ann"), 2), (("--session", "s"), 2), ((), 3)):
        target = cli.folder / f"{len(options)}{count}{'-'.join(options)}.jsonl"
        assert cli.json("export", str(target), *options)["memories"] == count


def test_a_file_that_is_there_is_not_touched(cli: Cli) -> None:
    cli.store("One.")
    target = cli.folder / "taken"
    target.write_text("mine", "utf-8")
    refused = cli("export", str(target), "--json")
    assert (refused.code, refused.error["code"]) == (1, "export_failed")
    assert target.read_text("utf-8") == "mine"
    assert "exported" in cli("export", str(cli.folder / "new")).out
