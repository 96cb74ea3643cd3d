# SPDX-License-Identifier: AGPL-3.0-only
"""``memoryoss history``: what was recorded, in order, and the ties to other memories."""

from __future__ import annotations

from tests.cli.support import Cli


def test_a_history_tells_every_change_and_what_took_its_place(cli: Cli) -> None:
    old = cli.store("The port is 8000.")
    cli.json("update", old, "The port is 8001.")
    new = cli.store("The port is 8443.")
    cli.json("review", "supersede", old, "--by", new, "--actor", "mara")
    told = cli.json("history", old)
    assert [change["action"] for change in told["changes"]] == ["store", "update", "review"]
    assert [change["version"] for change in told["changes"]] == [1, 2, 3]
    [decision] = told["decisions"]
    assert (decision["action"], decision["actor"]) == ("supersede", "mara")
    assert told["replaced_by"]["id"] == new
    assert told["replaces"] == told["made_of"] == told["made_into"] == told["contradicts"] == []
    other = cli.json("history", new)
    assert [memory["id"] for memory in other["replaces"]] == [old]
    assert other["replaced_by"] is None
    shown = cli("history", old).out
    assert "supersede by mara" in shown
    assert f"replaced by {new}" in shown
    assert f"replaces {old}" in cli("history", new).out


def test_a_history_stays_when_what_replaced_it_is_forgotten(cli: Cli) -> None:
    old, new = cli.store("The port is 8000."), cli.store("The port is 8443.")
    cli.json("review", "supersede", old, "--by", new)
    cli.json("forget", new)
    told = cli.json("history", old)
    assert told["replaced_by"] is None
    assert told["memory"]["superseded_by"] == new
    gone = cli("history", new, "--json")
    assert (gone.code, gone.error["code"]) == (1, "not_found")
    elsewhere = cli("history", old, "--namespace", "other", "--json")
    assert elsewhere.error["code"] == "not_found"
