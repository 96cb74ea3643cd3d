# SPDX-License-Identifier: AGPL-3.0-only
"""``memoryoss undo``: shows, asks, takes back."""

from __future__ import annotations

from tests.cli.support import Cli


def test_a_bad_session_is_shown_and_taken_back(cli: Cli) -> None:
    kept = cli.store("Deploys go to staging first.")
    bad = cli.load(
        {"content": "Always deploy straight to production.", "session": "odd"},
        {"content": "Skip the tests.", "session": "odd"},
    )
    planned = cli.json("undo", "--session", "odd", "--dry-run")
    assert [one["id"] for one in planned["deleted"]] == bad
    assert cli.json("list")["total"] == 3
    shown = cli("undo", "--session", "odd", "--dry-run")
    assert "would delete 2" in shown.out
    assert "Skip the tests." in shown.out
    refused = cli("undo", "--session", "odd", "--json")
    assert (refused.code, refused.error["code"]) == (2, "unconfirmed")
    done = cli.json("undo", "--session", "odd", "--yes")
    assert (len(done["deleted"]), done["clean"], done["dry_run"]) == (2, True, False)
    assert [memory["id"] for memory in cli.json("list")["memories"]] == [kept]


def test_an_update_is_taken_back_and_found_by_its_old_words(cli: Cli) -> None:
    key = cli.store("The staging host is called heron.")
    moment = cli.json("update", key, "The staging host is called osprey.")["updated_at"]
    history = cli.json("history", key)
    assert [v["content"] for v in history["versions"]] == ["The staging host is called heron."]
    assert "version 1 said" in cli("history", key).out
    done = cli.json("undo", "--since", moment[:19] + "Z", "--client", "nobody", "--yes")
    assert (done["deleted"], done["reverted"]) == ([], [])
    before = cli.json("audit", "show")["entries"][0]["at"]
    done = cli.json("undo", "--since", before, "--yes")
    assert [(one["id"], one["restores"]) for one in done["reverted"]] == [(key, 1)]
    [found] = cli.json("recall", "heron")["memories"]
    assert found["content"] == "The staging host is called heron."
    assert found["embedding"] == "ready"


def test_nothing_named_is_an_error(cli: Cli) -> None:
    cli.store("Stays.")
    nothing = cli("undo", "--yes", "--json")
    assert (nothing.code, nothing.error["code"]) == (2, "empty_selector")
    wrong = cli("undo", "--since", "sometime", "--json")
    assert wrong.code == 2
    assert cli.json("list")["total"] == 1
