# SPDX-License-Identifier: AGPL-3.0-only
"""The numbers of a recall, as explain shows them: what they add up to, what they do not depend on,
and what moves a memory up or down."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import pytest

from memoryoss_mcp.config import load_config
from memoryoss_mcp.model import Draft, parse_time
from memoryoss_mcp.recall.query import RecallQuery
from memoryoss_mcp.recall.result import RecalledMemory, RecallResult
from memoryoss_mcp.recall.score import HALFWAY, SPREAD
from memoryoss_mcp.runtime import Runtime

PARTS = ("vector", "words", "exact", "speaker", "session", "recency", "status", "currency")
NOISE = (
    "Lunch is at noon in the courtyard.",
    "The printer on the second floor is out of toner.",
    "Paula waters the plants on Mondays.",
    "The bicycle shed has a new lock.",
    "Parking permits expire in December.",
    "The coffee machine needs descaling.",
)


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Runtime]:
    with Runtime.open(load_config(data_dir=tmp_path, environ={})) as runtime:
        runtime.store_many([Draft(text, "s") for text in NOISE])
        yield runtime


def remember(
    memory: Runtime, text: str, day: str = "2026-05-01", session: str | None = None
) -> None:
    memory.store(Draft(text, "s", created_at=parse_time(day), session=session))


def ask(memory: Runtime, question: str, limit: int = 10) -> RecallResult:
    return memory.recall(RecallQuery(question, "s", limit=limit))


def found(memory: Runtime, question: str, text: str) -> RecalledMemory:
    return next(r for r in ask(memory, question, 50).memories if r.memory.content == text)


def order(memory: Runtime, question: str, *texts: str) -> list[str]:
    contents = [r.memory.content for r in ask(memory, question, 50).memories]
    return [content for content in contents if content in texts]


def test_the_score_is_made_of_its_parts_and_nothing_else(memory: Runtime) -> None:
    remember(memory, "I moved the API from port 8000 to port 8443 in config/api.toml.", session="x")
    remember(memory, "Originally the API was on port 8000.", "2026-01-01", session="x")
    for question in (
        "which port is my API on now?",
        "config/api.toml",
        "what did we change in January 2026?",
    ):
        for result in ask(memory, question).memories:
            evidence = sum(result.parts[name] for name in PARTS)
            expected = 1 / (1 + math.exp(-(evidence - HALFWAY) / SPREAD))
            assert result.score == pytest.approx(expected, abs=0.001), (question, result)


def test_the_page_that_is_asked_for_changes_no_score(memory: Runtime) -> None:
    remember(memory, "Releases are cut on Thursdays.")
    question = "on which day do we cut releases, and who waters the plants?"
    short, long = ask(memory, question, 1), ask(memory, question, 50)
    assert short.memories[0] == long.memories[0]
    assert short.gate == long.gate


def test_a_better_match_beside_it_takes_nothing_from_a_memory(memory: Runtime) -> None:
    # Enough others that one more hardly moves how rare a word of the namespace is.
    memory.store_many([Draft(f"Ticket {n} was closed by {name}.", "s")
                       for n in range(60) for name in ("Ada", "Bo", "Cy")])  # fmt: skip
    text = "The staging database is restored every night."
    remember(memory, text)
    question = "when is the staging database restored?"
    before = found(memory, question, text)
    remember(memory, "The staging database is restored at 2 o'clock.", "2020-01-01")
    after = found(memory, question, text)
    assert after.score == pytest.approx(before.score, abs=0.03)


def test_statements_about_oneself_come_before_advice_when_one_asks_about_oneself(
    memory: Runtime,
) -> None:
    own = "I take the night train to Vienna for customer visits."
    advice = "Take the night train to Vienna for customer visits."
    remember(memory, own)
    remember(memory, advice)
    question = "how do I travel to my customers in Vienna?"
    assert order(memory, question, own, advice) == [own, advice]
    mine, other = found(memory, question, own), found(memory, question, advice)
    assert mine.parts["speaker"] > other.parts["speaker"] == 0


OLD = "The nightly export limit of the reporting service is 500 rows."
NEW = "The nightly export limit of the reporting service was recently raised to 800 rows."


@pytest.mark.parametrize("first", [OLD, NEW])
def test_the_newer_statement_comes_first_when_the_present_is_asked_for(
    memory: Runtime, first: str
) -> None:
    days = {OLD: "2026-02-01", NEW: "2026-06-01"}
    for text in (first, NEW if first is OLD else OLD):  # the order of storing does not matter
        remember(memory, text, days[text])
    question = "what is the nightly export limit of the reporting service?"
    assert order(memory, question, OLD, NEW) == [NEW, OLD]
    assert "newest_statement" in found(memory, question, NEW).provenance
    assert "newer_exists" in found(memory, question, OLD).provenance


def test_a_question_about_the_past_moves_nothing(memory: Runtime) -> None:
    remember(memory, OLD, "2026-02-01")
    remember(memory, NEW, "2026-06-01")
    question = "what was the nightly export limit of the reporting service originally?"
    assert {r.parts["currency"] for r in ask(memory, question).memories} == {0.0}


def test_an_announced_change_of_something_else_moves_nothing(memory: Runtime) -> None:
    remember(memory, OLD, "2026-02-01")
    remember(memory, "The office was recently moved to the Hafenstrasse.", "2026-06-01")
    question = "what is the nightly export limit of the reporting service?"
    assert found(memory, question, OLD).parts["currency"] == 0


def test_near_copies_give_way_to_what_is_new(memory: Runtime) -> None:
    copies = [f"Deploys to production need the approval of Mara{end}" for end in (".", "!", " .")]
    other = "Deploys to production are frozen between Christmas and New Year."
    for text in (*copies, other):
        remember(memory, text)
    contents = [r.memory.content for r in ask(memory, "rules for deploys to production").memories]
    assert other in contents[:2]
    assert set(copies) <= set(contents)


def test_different_values_of_one_kind_are_no_copies(memory: Runtime) -> None:
    ports = [f"The {name} service listens on port {port}." for name, port in
             (("billing", 7001), ("search", 7002), ("mail", 7003))]  # fmt: skip
    for text in ports:
        remember(memory, text)
    result = ask(memory, "on which ports do our services listen?")
    assert {r.memory.content for r in result.memories[:3]} == set(ports)


def test_neighbours_in_a_session_support_each_other(memory: Runtime) -> None:
    question = "what did the doctor recommend for the back pain?"
    told = "The doctor recommends swimming against the back pain."
    answer = "Twice a week, and no running."
    for text in (told, answer):
        remember(memory, text, session="visit")
    remember(memory, "Twice a month, and no exceptions.")
    result = found(memory, question, answer)
    assert result.parts["session"] > 0
    assert found(memory, question, "Twice a month, and no exceptions.").parts["session"] == 0


def test_a_named_period_lifts_what_falls_into_it(memory: Runtime) -> None:
    march, june = "We met the auditors in Graz.", "We met the auditors in Linz."
    remember(memory, march, "2026-03-10")
    remember(memory, june, "2026-06-10")
    for question, first in (
        ("where did we meet the auditors in March 2026?", march),
        ("where did we meet the auditors in June 2026?", june),
    ):
        assert order(memory, question, march, june)[0] == first
        assert found(memory, question, first).parts["recency"] > 0
