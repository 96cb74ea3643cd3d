# SPDX-License-Identifier: AGPL-3.0-only
"""``memoryoss consolidate`` and ``memoryoss decay``: show, do, take back."""

from __future__ import annotations

from tests.cli.support import Cli

SAME = ("The spare key is in the cellar.", "Spare key is in the cellar.")


def test_copies_are_shown_merged_and_taken_apart(cli: Cli) -> None:
    ids = [cli.store(text) for text in (*SAME, "The office is in Graz.")]
    planned = cli.json("consolidate", "--dry-run")
    assert (planned["total_merged"], planned["active_before"], planned["active_after"]) == (2, 3, 2)
    assert "would merge 2 memories into 1" in cli("consolidate", "--dry-run").out
    assert cli.json("list")["total"] == 3
    done = cli.json("consolidate")
    [group] = done["groups"]
    assert set(group["source_ids"]) == set(ids[:2])
    assert cli.json("list")["total"] == 2
    back = cli.json("consolidate", "--undo", group["derived_id"])
    assert {memory["id"] for memory in back["restored"]} == set(ids[:2])
    assert cli.json("list")["total"] == 3


def test_idle_candidates_decay_and_come_back(cli: Cli) -> None:
    [old] = cli.load({"content": "Old.", "status": "candidate", "created_at": "2020-01-01"})
    planned = cli.json("decay", "--dry-run")
    assert [(one["id"], one["becomes"]) for one in planned["decayed"]] == [(old, "stale")]
    assert "would turn 1 stale" in cli("decay", "--dry-run").out
    assert cli.json("decay", "--after-days", "90")["after_days"] == 90
    assert cli.json("inspect", old)["status"] == "stale"
    early = cli("decay", "--restore", old, "--json")
    assert (early.code, early.error["code"]) == (2, "invalid_input")


def test_bad_values_are_errors(cli: Cli) -> None:
    for arguments in (
        ("consolidate", "--threshold", "2"),
        ("consolidate", "--max-clusters", "0"),
        ("decay", "--after-days", "0"),
        ("consolidate", "--undo", "01890a5d-ac96-774b-bcce-b302099a8057", "--dry-run"),
    ):
        result = cli(*arguments, "--json")
        assert (result.code, result.error["code"]) == (2, "invalid_input"), arguments
    missing = cli("consolidate", "--undo", "01890a5d-ac96-774b-bcce-b302099a8057", "--json")
    assert (missing.code, missing.error["code"]) == (1, "not_found")
    assert cli("consolidate", "--threshold", "x", "--json").code == 2
