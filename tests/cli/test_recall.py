# SPDX-License-Identifier: AGPL-3.0-only
"""``memoryoss recall``: the right memory first, filters that hold, and numbers that explain."""

from __future__ import annotations

import pytest

from tests.cli.support import Cli


def contents(document: dict[str, list[dict[str, str]]]) -> list[str]:
    return [memory["content"] for memory in document["memories"]]


def test_it_finds_by_meaning(library: Cli) -> None:
    found = library.json("recall", "which", "company", "handles", "card", "transactions")
    assert contents(found)[0] == "Payments are processed by Adyen."
    assert found["mode"] == "hybrid"


def test_it_finds_by_identifier(library: Cli) -> None:
    found = library.json("recall", "E_SEAT_RACE", "--limit", "1")
    assert contents(found) == ["Errors of type E_SEAT_RACE are retried one time."]


def test_the_document_has_a_stable_shape(library: Cli) -> None:
    found = library.json("recall", "deploy", "-n", "1")
    assert list(found) == [
        *("namespace", "namespace_source", "decision", "confidence", "reasons", "mode"),
        *("considered", "pending", "notes", "next_cursor", "memories"),
    ]
    assert (found["namespace"], found["namespace_source"]) == ("default", "default")
    assert {"id", "content", "tags", "created_at", "memory_type", "status", "version"} <= set(
        found["memories"][0]
    )
    assert list(found["memories"][0])[-8:] == [
        *("score", "parts", "provenance", "summary", "evidence", "low_trust", "trust"),
        "withheld",
    ]
    assert 0 <= found["memories"][0]["score"] <= 1


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--tag", "people"), {"Ingrid prefers short answers."}),
        (
            ("--tag", "people", "--tag", "setup"),
            {"Ingrid prefers short answers.", "The tests need a running Redis."},
        ),
        (("--agent", "ann"), {"The tests need a running Redis."}),
        (("--session", "s-1"), {"Errors of type E_SEAT_RACE are retried one time."}),
        (("--type", "procedural"), {"config/cache.toml holds the lifetime of the cache."}),
        (("--before", "2025-01-01"), {"Ingrid prefers short answers."}),
        (("--origin", "imported"), {"The lighthouse was painted red."}),
        (("--status", "candidate"), {"Payments are processed by Adyen."}),
        (("--agent", "nobody"), set()),
    ],
)
def test_filters_choose_what_is_listed(
    library: Cli, options: tuple[str, ...], expected: set[str]
) -> None:
    assert set(contents(library.json("list", *options))) == expected


def test_the_same_filters_choose_what_may_be_recalled(library: Cli) -> None:
    question = "at what o'clock does sailing number 3 leave"
    found = library.json("recall", question, "--tag", "sea", "--tag", "people")["memories"]
    assert found[0]["content"] == "Sailing number 3 leaves at 3 o'clock."
    assert {tag for memory in found for tag in memory["tags"]} <= {"sea", "people"}
    assert all(
        memory["tags"] == ["people"]
        for memory in library.json("recall", question, "--tag", "people")["memories"]
    )
    old = library.json("recall", question, "--tag", "sea", "--before", "2025-01-01")
    assert (old["memories"], old["decision"]) == ([], "abstain")


def test_pages_are_the_whole_answer_cut_into_pieces(library: Cli) -> None:
    question = "when does sailing number 3 leave"
    whole = library.json("recall", question, "--limit", "100")
    assert whole["next_cursor"] is None
    assert len(whole["memories"]) > 3
    seen: list[str] = []
    cursor: tuple[str, ...] = ()
    while True:
        page = library.json("recall", question, "--limit", "3", *cursor)
        assert len(page["memories"]) <= 3
        seen += [memory["id"] for memory in page["memories"]]
        if page["next_cursor"] is None:
            break
        cursor = ("--cursor", page["next_cursor"])
    assert len(seen) == len(set(seen))
    assert set(seen) == {memory["id"] for memory in whole["memories"]}


def test_explain_gives_every_number(library: Cli) -> None:
    found = library.json("recall", "config/cache.toml", "--explain", "--limit", "2")
    explanation = found["explanation"]
    assert list(explanation) == [
        *("terms", "identifiers", "kinds", "task", "time", "weights", "timings"),
        *("policy_firewall", "task_state", "features"),
    ]
    assert {"top", "margin", "chance"} <= set(explanation["features"])
    assert explanation["identifiers"] == ["config/cache.toml"]
    assert all(term["idf"] >= 0 for term in explanation["terms"])
    assert set(explanation["weights"]) == {"vector", "fts", "exact", "recency"}
    assert explanation["timings"]
    assert found["memories"][0]["parts"]
    plain = library.json("recall", "config/cache.toml", "--limit", "2")
    assert [m["id"] for m in plain["memories"]] == [m["id"] for m in found["memories"]]


def test_people_see_the_working(library: Cli) -> None:
    result = library("recall", "--explain", "config/cache.toml lifetime")
    assert result.code == 0
    words = ("The query", "identifiers", "The results", "vector", "margin", "The time", "ms")
    for word in words:
        assert word in result.out
    assert "█" in result.out


def test_explain_shows_the_policies_and_the_task(cli: Cli) -> None:
    rule = cli.store("Deployments of the billing service to production must be approved.")
    cli.store("The billing service is deployed to the heron cluster.")
    query = "deploy the billing service to production"
    explanation = cli.json("recall", query, "--explain")["explanation"]
    verdict, state = explanation["policy_firewall"], explanation["task_state"]
    assert (verdict["decision"], verdict["risky_actions"]) == ("require_confirmation", ["deploy"])
    assert [policy["memory_id"] for policy in verdict["matched_policies"]] == [rule]
    assert (state["kind"], state["goal"]) == ("deploy", query)
    assert [entry["memory_id"] for entry in state["constraints"]] == [rule]
    told = cli("recall", query, "--explain").out
    for words in ("The policies", "require_confirmation", "The task (deploy)", "constraint", rule):
        assert words in told
    asked = cli("recall", "where is the billing service?", "--explain").out
    assert "The policies" not in asked
    assert "The task" not in asked


def test_a_budget_bounds_what_is_shown(library: Cli) -> None:
    tight = library.json("recall", "sailing", "--budget", "12")
    assert sum(len(memory["summary"]) for memory in tight["memories"]) < 100
    assert "beyond the budget" in library("recall", "sailing", "--budget", "12").out


def test_an_empty_memory_abstains(cli: Cli) -> None:
    found = cli.json("recall", "anything")
    assert (found["decision"], found["memories"]) == ("abstain", [])
    assert "nothing stored answers" in cli("recall", "anything").out


def test_the_query_can_come_from_standard_input(library: Cli) -> None:
    found = library.json("recall", "-", "--limit", "1", given=b"E_SEAT_RACE\n")
    assert contents(found) == ["Errors of type E_SEAT_RACE are retried one time."]
