# SPDX-License-Identifier: AGPL-3.0-only
"""``memoryoss update``: what is named changes, what is not stays."""

from __future__ import annotations

import secrets

from tests.cli.support import Cli


def test_content_tags_and_type_change_one_by_one(cli: Cli) -> None:
    memory_id = cli.store("The port is 8000.", "--tag", "net", "--type", "working")
    receipt = cli.json("update", memory_id, "The", "port", "is", "8001.")
    assert list(receipt) == [
        *("id", "namespace", "version", "updated_at", "status", "embedding", "redacted"),
        "namespace_source",
    ]
    assert receipt["version"] == 2
    memory = cli.json("inspect", memory_id)
    assert (memory["content"], memory["tags"]) == ("The port is 8001.", ["net"])
    assert memory["memory_type"] == "working"
    assert "version 3" in cli("update", memory_id, "--clear-tags", "--type", "semantic").out
    found = cli.json("recall", "8001", "--limit", "1")["memories"][0]
    assert (found["version"], found["content"]) == (3, "The port is 8001.")
    assert (found["tags"], found["memory_type"]) == ([], "semantic")
    cli.json("update", memory_id, "--tag", "a", "--tag", "b")
    assert cli.json("inspect", memory_id)["tags"] == ["a", "b"]


def test_a_secret_does_not_get_in_by_an_update(cli: Cli) -> None:
    memory_id = cli.store("The key is in the vault.")
    result = cli("update", memory_id, "The", "key", "is", "npm_" + secrets.token_hex(18))
    assert "1 secret was redacted: npm_token" in result.out
    assert cli.json("inspect", memory_id)["content"] == "The key is [redacted:npm_token]"


def test_an_update_that_cannot_be_leaves_the_memory_as_it_was(cli: Cli) -> None:
    memory_id = cli.store("The port is 8000.")
    stale = cli("update", memory_id, "new", "--expect-version", "7", "--json")
    assert (stale.code, stale.error["code"]) == (1, "version_conflict")
    empty = cli("update", memory_id)
    assert empty.code == 2
    assert "The memory is unchanged." in empty.err
    both = cli("update", memory_id, "--tag", "x", "--clear-tags", "--json")
    assert (both.code, both.error["code"]) == (2, "usage")
    foreign = cli("update", memory_id, "new", "--namespace", "other", "--json")
    assert (foreign.code, foreign.error["code"]) == (1, "not_found")
    memory = cli.json("inspect", memory_id)
    assert (memory["content"], memory["version"]) == ("The port is 8000.", 1)
