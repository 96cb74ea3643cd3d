# SPDX-License-Identifier: AGPL-3.0-only
"""Recall as a caller sees it, with the real model and a real file."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from memoryoss_mcp.config import Config, load_config
from memoryoss_mcp.errors import InvalidCursorError, InvalidInputError, LimitExceededError
from memoryoss_mcp.model import Draft, MemoryType, Origin, parse_time
from memoryoss_mcp.recall.encoder import fill_pending
from memoryoss_mcp.recall.query import Filters, RecallQuery, Weights
from memoryoss_mcp.recall.result import Decision, Mode, RecallResult
from memoryoss_mcp.runtime import Runtime
from memoryoss_mcp.store.search import Candidates, Probe

FACTS = (
    "We deploy to staging first and to production only after the smoke tests.",
    "The public API listens on port 8001, the admin API on 8002.",
    "Never log customer e-mail addresses.",
    "The flaky test in tests/auth/test_login.py was fixed by freezing the clock.",
    "Anna prefers short answers without bullet points.",
    "Backups are kept in the object store for thirty days.",
    "HTTP_PROXY must be set on the build machines.",
    "Invoices are rendered with WeasyPrint 62.3.",
)


@pytest.fixture(scope="module")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    config = load_config(data_dir=tmp_path_factory.mktemp("data"), environ={})
    with Runtime.open(config) as runtime:
        runtime.store_many([Draft(fact, "project") for fact in FACTS])
        yield runtime


def texts(result: RecallResult) -> list[str]:
    return [found.memory.content for found in result.memories]


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("how do we roll out a release?", FACTS[0]),
        ("on which port does the public API listen", FACTS[1]),
        ("privacy of our users' mail", FACTS[2]),
        ("tests/auth/test_login.py", FACTS[3]),
        ("how should I write to Anna?", FACTS[4]),
        ("HTTP_PROXY", FACTS[6]),
        ("which library makes the PDF bills", FACTS[7]),
    ],
)
def test_the_memory_that_answers_comes_first(memory: Runtime, question: str, answer: str) -> None:
    result = memory.recall(RecallQuery(question, "project"))
    assert texts(result)[0] == answer
    assert result.mode is Mode.HYBRID


def test_a_question_without_an_answer_is_not_called_answered(memory: Runtime) -> None:
    result = memory.recall(RecallQuery("who won the chess championship in 1972?", "project"))
    assert result.gate.decision is Decision.ABSTAIN


def test_an_empty_namespace_abstains(memory: Runtime) -> None:
    result = memory.recall(RecallQuery("anything", "nothing-here"))
    assert result.memories == ()
    assert result.gate.decision is Decision.ABSTAIN
    assert result.gate.reasons == ("no_candidates",)


def test_explain_is_the_recall_itself(memory: Runtime) -> None:
    query = RecallQuery("which port?", "project")
    explanation = memory.explain(query)
    assert explanation.result == memory.recall(query)
    best = explanation.result.memories[0]
    assert {"vector", "words", "exact", "session", "recency"} <= best.parts.keys()
    assert ("port", pytest.approx(1.79, abs=0.3)) in explanation.terms


def test_weights_switch_channels_off(memory: Runtime) -> None:
    words_only = Weights(vector=0.0, fts=1.0, exact=1.0, recency=0.0)
    result = memory.recall(RecallQuery("port", "project", weights=words_only))
    assert all(found.parts["vector"] == 0 for found in result.memories)
    assert texts(result)[0] == FACTS[1]


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_below_one_is_refused(memory: Runtime, limit: int) -> None:
    with pytest.raises(InvalidInputError) as caught:
        memory.recall(RecallQuery("port", "project", limit=limit))
    assert caught.value.field == "limit"


def test_a_huge_limit_is_refused(memory: Runtime) -> None:
    with pytest.raises(LimitExceededError):
        memory.recall(RecallQuery("port", "project", limit=10**9))


@pytest.mark.parametrize("text", ["", "  \n", "a\0b"])
def test_a_query_without_words_is_refused(memory: Runtime, text: str) -> None:
    with pytest.raises(InvalidInputError):
        memory.recall(RecallQuery(text, "project"))


def test_a_cursor_of_another_query_is_refused(memory: Runtime) -> None:
    cursor = memory.recall(
        RecallQuery("rules for production and backups", "project", limit=1)
    ).next_cursor
    assert cursor is not None
    with pytest.raises(InvalidCursorError):
        memory.recall(RecallQuery("the backups", "project", limit=1, cursor=cursor))
    with pytest.raises(InvalidCursorError):
        memory.recall(
            RecallQuery(
                "rules for production and backups", "project", limit=1, cursor="not a cursor"
            )
        )


def test_a_budget_bounds_what_is_shown_not_what_is_found(memory: Runtime) -> None:
    result = memory.recall(
        RecallQuery("rules for production and backups", "project", budget_tokens=12)
    )
    shown = [found for found in result.memories if found.summary]
    assert len(shown) < len(result.memories)
    assert result.memories[0].summary


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Runtime]:
    with Runtime.open(load_config(data_dir=tmp_path, environ={})) as runtime:
        yield runtime


def test_paging_reaches_every_match_once(empty: Runtime) -> None:
    drafts = [Draft(f"Build {n} of the release pipeline passed.", "many") for n in range(1_300)]
    stored = {receipt.id for receipt in empty.store_many(drafts)}
    seen: list[object] = []
    cursor = None
    while True:
        query = RecallQuery("release pipeline builds", "many", limit=100, cursor=cursor)
        page = empty.recall(query)
        seen += [found.memory.id for found in page.memories]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert len(seen) == len(set(seen))
    assert set(seen) == stored


def test_two_equally_good_memories_are_both_returned(empty: Runtime) -> None:
    empty.store(Draft("Reports are written in German for the Munich office.", "pair"))
    empty.store(Draft("Reports are written in French for the Geneva office.", "pair"))
    empty.store(Draft("The cafeteria closes at three.", "pair"))
    result = empty.recall(RecallQuery("in which language are reports written?", "pair", limit=2))
    assert {text.split()[4] for text in texts(result)} == {"German", "French"}


def test_a_large_neighbour_changes_nothing(empty: Runtime, tmp_path: Path) -> None:
    empty.store_many([Draft(fact, "small") for fact in FACTS])
    before = empty.recall(RecallQuery("port of the public API", "small"))
    empty.store_many([Draft(f"Port {n} of the public API is taken.", "large") for n in range(300)])
    after = empty.recall(RecallQuery("port of the public API", "small"))
    assert before == after


def test_filters_take_any_value(empty: Runtime) -> None:
    march, april = parse_time("2026-03-01"), parse_time("2026-04-01")
    empty.store(
        Draft(
            "Release notes are drafted by the Claude-Code agent.",
            "f",
            tags=("Release:Notes", "größe"),
            agent="Claude-Code 2.1",
            session="feat/ÜX-1",
            memory_type=MemoryType.PROCEDURAL,
            origin=Origin.AGENT,
            created_at=march,
        )
    )
    empty.store(Draft("Release notes are read by the customers.", "f", created_at=april))
    matching = (
        Filters(agent="Claude-Code 2.1"),
        Filters(session="feat/ÜX-1"),
        Filters(tags=("Release:Notes", "unused")),
        Filters(tags=("größe",)),
        Filters(memory_type=MemoryType.PROCEDURAL),
        Filters(origins=(Origin.AGENT,)),
        Filters(before=april),
        Filters(before=april, after=march - 1),
    )
    for filters in matching:
        found = texts(empty.recall(RecallQuery("release notes", "f", filters=filters)))
        assert found == ["Release notes are drafted by the Claude-Code agent."], filters
    nothing = Filters(agent="claude-code 2.1")
    assert texts(empty.recall(RecallQuery("release notes", "f", filters=nothing))) == []


def test_old_memories_stay_findable(empty: Runtime) -> None:
    old = "The database password rotates every ninety days."
    empty.store(Draft(old, "age", created_at=parse_time("2019-01-01")))
    empty.store_many([Draft(f"Lunch on day {n} was good.", "age") for n in range(30)])
    assert texts(empty.recall(RecallQuery("how often do passwords rotate", "age")))[0] == old


def test_the_latest_wins_when_the_latest_is_asked_for(empty: Runtime) -> None:
    for month, count in (("01", 40), ("03", 55), ("02", 48)):
        empty.store(
            Draft(
                f"The team has {count} members.",
                "t",
                created_at=parse_time(f"2026-{month}-01"),
            )
        )
    result = empty.recall(RecallQuery("how many members does the team currently have?", "t"))
    assert texts(result)[0] == "The team has 55 members."


def test_summaries_keep_identifiers_and_negations(empty: Runtime) -> None:
    text = (
        "Set cache.ttl in config/app.prod.toml to v1.2.3 semantics. "
        + "This paragraph explains the background of the decision at length. " * 12
        + "Do not change deploy/Makefile.inc without approval."
    )
    empty.store(Draft(text, "long"))
    found = empty.recall(RecallQuery("may I change deploy/Makefile.inc?", "long")).memories[0]
    assert "config/app.prod.toml" in found.summary
    assert any("Do not change deploy/Makefile.inc without" in piece for piece in found.evidence)
    assert all(piece in text for piece in found.evidence)


def test_recall_before_the_model_is_there_answers_by_words(tmp_path: Path) -> None:
    config = load_config(data_dir=tmp_path, environ={})
    missing = dataclasses.replace(
        config, embeddings=dataclasses.replace(config.embeddings, model="bge-small-en-v1.5")
    )
    check_words_only(missing)


def test_a_vector_that_arrives_in_the_middle_of_a_recall_disturbs_nothing(
    empty: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the search for candidates and the page behind the last of them."""
    with monkeypatch.context() as patch:
        patch.setattr(empty._encoder, "vectors", lambda _: None)
        empty.store(Draft("Kept here and nowhere else.", "p"))
    search = empty._store.candidates

    def meanwhile(namespace: str, probe: Probe) -> Candidates | None:
        found = search(namespace, probe)
        fill_pending(empty._encoder, empty._store)
        return found

    monkeypatch.setattr(empty._store, "candidates", meanwhile)
    result = empty.recall(RecallQuery("where", "p"))  # a stop word: nothing but the vector
    assert result.gate.decision is Decision.ABSTAIN
    assert {found.score for found in result.memories} <= {0.0}


def check_words_only(config: Config) -> None:
    with Runtime.open(config) as runtime:
        runtime.store(Draft("The mascot is an otter.", "w"))
        result = runtime.recall(RecallQuery("which animal is the mascot?", "w"))
        assert texts(result) == ["The mascot is an otter."]
        assert result.mode is Mode.LEXICAL
        assert result.pending == 1
        assert any("words only" in note for note in result.notes)
        assert runtime.model_error is not None
