# SPDX-License-Identifier: AGPL-3.0-only
"""``memoryoss team``, and the owner rule on the command line."""

from __future__ import annotations

from tests.cli.support import Cli

PROPOSE = ("team", "propose", "Deploys need two approvals.", "--branch", "main", "--scope", "ops")


def test_a_proposal_is_reviewed_by_another_owner(cli: Cli) -> None:
    proposed = cli.json(
        *PROPOSE, "--review-required", "--owner", "ada", "--owner", "grace", "--watch", "linus",
        "--actor", "ada",
    )  # fmt: skip
    assert proposed["status"] == "candidate"
    for arguments in (
        ("review", "confirm", proposed["id"], "--actor", "ada"),
        ("review", "confirm", "1", "--actor", "mallory"),
        ("update", proposed["id"], "Deploys need none.", "--actor", "mallory"),
    ):
        refused = cli(*arguments, "--json")
        assert (refused.code, refused.error["code"]) == (1, "not_an_owner"), arguments
    report = cli.json("team", "report")
    assert report["summary"]["pending_review"] == 1
    assert report["branches"][0]["watchlist"] == ["linus"]
    confirmed = cli.json("review", "confirm", proposed["id"], "--actor", "grace")
    assert confirmed["memory"]["status"] == "active"
    assert "main / ops" in cli("team", "report").out


def test_bad_input_is_an_error(cli: Cli) -> None:
    for arguments in (
        ("team", "propose", "Text."),
        ("team", "propose", "--branch", "b", "--scope", "s"),
        ("team", "report", "text"),
    ):
        result = cli(*arguments, "--json")
        assert (result.code, result.error["code"]) == (2, "invalid_input"), arguments
