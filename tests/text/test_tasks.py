# SPDX-License-Identifier: AGPL-3.0-only
import pytest

from memoryoss_mcp.text.tasks import detect_task, task_hits


@pytest.mark.parametrize(
    ("query", "kind"),
    [
        ("How do we ship to staging?", "deploy"),
        ("steps for deploying the proxy to production", "deploy"),
        ("can I roll back", "deploy"),
        ("the login crashes with an exception", "bugfix"),
        ("what was the root cause of the outage", "bugfix"),
        ("please review this pull request", "review"),
        ("run the linters over the diff", "review"),
        ("rewrite it in a concise tone", "style"),
        ("Summaries as bullet points, please", "style"),
    ],
)
def test_a_task_is_recognised(query: str, kind: str) -> None:
    match = detect_task(query)
    assert match is not None
    assert match.kind == kind
    assert match.hits >= 1


@pytest.mark.parametrize(
    "query", ["", "where does Alice live", "東京の天気", "the prose of Proust"]
)
def test_no_task_is_no_context(query: str) -> None:
    assert detect_task(query) is None


def test_two_tasks_level_are_no_context() -> None:
    assert detect_task("fix it, then deploy") is None


def test_the_task_with_more_different_words_wins() -> None:
    match = detect_task("deploy the hotfix for the crash; the error, the error")
    assert match is not None
    assert match.kind == "bugfix"
    assert match.hits == 3


def test_a_word_said_twice_counts_once() -> None:
    match = detect_task("deploy, deployed, deployment")
    assert match is not None
    assert match.hits == 1


def test_hits_in_a_memory_are_told_apart() -> None:
    assert task_hits("deploy", ["release", "Staging"], "Runbook: canary, then production.") == (
        2,
        3,
    )
    assert task_hits("style", ["release"], "Runbook: canary, then production.") == (0, 0)
    assert task_hits("review", [], "") == (0, 0)
