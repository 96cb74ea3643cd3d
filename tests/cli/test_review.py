# SPDX-License-Identifier: AGPL-3.0-only
"""``memoryoss review``: the inbox as a person sees it, and decisions by key, id and place."""

from __future__ import annotations

from tests.cli.support import Cli


def test_an_empty_inbox_says_so(cli: Cli) -> None:
    assert "0 of 0 waiting" in cli("review").out
    assert cli.json("review")["summary"] == {
        "pending": 0, "candidate": 0, "contested": 0, "rejected": 0,
    }  # fmt: skip


def test_a_memory_is_rejected_found_in_the_inbox_and_superseded_by_place(cli: Cli) -> None:
    old = cli.store("The port is 8000.")
    new = cli.store("The port is 8443.")
    done = cli.json("review", "reject", old, "--actor", "mara")
    assert (done["action"], done["memory"]["status"]) == ("reject", "contested")
    assert done["memory"]["review_events"][0]["actor"] == "mara"
    assert done["memory"]["review_events"][0]["via"] == "review_cli"
    shown = cli("review").out
    assert "rejected" in shown
    assert "The port is 8000." in shown
    [item] = cli.json("review", "list")["items"]
    assert item["review_key"] == f"review:{old}"
    assert "superseded " in cli("review", "supersede", "1", "--by", new).out
    assert cli.json("inspect", old)["superseded_by"] == new
    confirmed = cli.json("review", "confirm", f"rq:{old}")
    assert confirmed["queue_kind_before"] is None  # it waited no more
    assert cli.json("inspect", old)["superseded_by"] is None


def test_a_key_names_the_same_memory_whatever_comes_before_it(cli: Cli) -> None:
    first, second = cli.store("The port is 8000."), cli.store("Ada likes tea.")
    for waiting in (first, second):
        cli("review", "reject", waiting)
    key = first.replace("-", "")[-8:]
    assert key in cli("review").out
    assert cli.json("review", "confirm", key)["memory"]["id"] == first
    assert cli("review", "confirm", key, "--json").error["code"] == "not_found"


def test_what_cannot_be_decided_is_refused(cli: Cli) -> None:
    memory_id = cli.store("The port is 8000.")
    for arguments, code, field in (
        (("confirm",), "invalid_input", "key"),
        (("supersede", memory_id), "invalid_input", "superseded_by"),
        (("list", memory_id), "invalid_input", "key"),
        (("confirm", "nonsense"), "invalid_id", "id"),
        (("confirm", "7"), "not_found", None),
        (("confirm", "0"), "not_found", None),
        (("approve", memory_id), "usage", None),
        (("list", "--limit", "0"), "invalid_input", "limit"),
    ):
        result = cli("review", *arguments, "--json")
        assert (result.error["code"], result.error["field"]) == (code, field), arguments
        assert result.code in (1, 2)
    assert cli.json("inspect", memory_id)["version"] == 1
