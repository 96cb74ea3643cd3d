# SPDX-License-Identifier: AGPL-3.0-only
"""What the gate says: of the first memories of a store, of small talk, of identifiers, of memories
that say one thing again and again, and of those that have no vector."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memoryoss_mcp.cli import story
from memoryoss_mcp.config import KEYS_DIR_VARIABLE, Config, load_config
from memoryoss_mcp.model import Draft
from memoryoss_mcp.recall import gate
from memoryoss_mcp.recall.query import RecallQuery
from memoryoss_mcp.recall.result import Decision, Gate, Mode
from memoryoss_mcp.runtime import Runtime

ASKED = {
    "Releases leave on Thursdays after the smoke tests.": "When do releases leave?",
    "The public API listens on port 8001.": "on which port does the public API listen",
    "Anna prefers short answers without bullet points.": "how should I write to Anna?",
    "I am allergic to peanuts.": "Do I have any allergies?",
    "The mascot is an otter.": "which animal is the mascot?",
    "The export was empty because its worker ran on local time.": "why was the export empty?",
    "Our database is PostgreSQL 16.": "which version of postgres runs here?",
    "Wir veröffentlichen neue Versionen nur dienstags.": "Wann veröffentlichen wir?",
}
"""First memories, each with a question in other words."""

SMALL_TALK = (
    "Tell me a joke.",
    "How are you today?",
    "Write a haiku about autumn.",
    "What is the capital of Mongolia?",
    "Summarize the plot of Hamlet.",
    "Translate 'good morning' into Japanese.",
    "Explain how TCP slow start works.",
    "Draft a birthday message for my aunt.",
)

PROJECT = tuple(fact.content for fact in story.FACTS)


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    """One file, in which every test takes namespaces of its own."""
    folder = tmp_path_factory.mktemp("gate")
    environ = {KEYS_DIR_VARIABLE: str(folder / "keys")}
    with Runtime.open(load_config(data_dir=folder / "data", environ=environ)) as runtime:
        assert runtime.wait_until_ready()
        runtime.store_many([Draft(text, "project") for text in PROJECT])
        yield runtime


def judged(stores: Runtime, namespace: str, question: str) -> Gate:
    result = stores.recall(RecallQuery(question, namespace))
    assert result.mode is Mode.HYBRID
    return result.gate


def remember(stores: Runtime, namespace: str, texts: Sequence[str]) -> None:
    stores.store_many([Draft(text, namespace) for text in texts])


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8])
def test_the_first_memories_of_a_store_answer_at_once(stores: Runtime, count: int) -> None:
    known = list(ASKED)
    for first, (text, question) in enumerate(ASKED.items()):
        namespace = f"first-{count}-{first}"
        remember(stores, namespace, [known[(first + n) % len(known)] for n in range(count)])
        found = stores.recall(RecallQuery(question, namespace))
        assert found.memories[0].memory.content == text
        assert found.gate.decision is Decision.INJECT, (question, found.gate)


@pytest.mark.parametrize("question", SMALL_TALK)
def test_small_talk_is_not_answered_from_memory(stores: Runtime, question: str) -> None:
    assert judged(stores, "project", question).decision is not Decision.INJECT
    for count in (1, 3):
        namespace = f"talk-{count}-{SMALL_TALK.index(question)}"
        remember(stores, namespace, list(ASKED)[:count])
        assert judged(stores, namespace, question).decision is not Decision.INJECT


@pytest.mark.parametrize("question", [q.text for q in story.QUESTIONS if q.by == "identifier"])
def test_an_identifier_is_enough(stores: Runtime, question: str) -> None:
    assert judged(stores, "project", question).decision is Decision.INJECT


def test_an_identifier_that_many_name_in_a_long_message_is_enough(stores: Runtime) -> None:
    said = (
        "Anna looked at ERR_CONN_4711 on Monday.",
        "We talked about ERR_CONN_4711 in the stand-up.",
        "The page on ERR_CONN_4711 was moved to the wiki.",
        "Somebody asked about ERR_CONN_4711 in the chat.",
        "Remember to check ERR_CONN_4711 before the release.",
        "The documentation of ERR_CONN_4711 is outdated.",
    )
    remember(stores, "named", [*PROJECT, *said])
    message = (
        "The nightly job ran for four hours, then the log said something about {} and after that "
        "the disk was full, the pager went off and everybody went home. Could you summarise in "
        "two sentences what happened, in a friendly tone, for the weekly newsletter?"
    )
    named = judged(stores, "named", message.format("ERR_CONN_4711"))
    assert named.decision is Decision.INJECT
    other = judged(stores, "named", message.format("ERR_DISK_1234"))
    assert other.confidence < named.confidence


def test_a_word_in_quotes_can_be_found_by_chance(stores: Runtime) -> None:
    remember(stores, "quotes", [*PROJECT, "The lunch in the canteen is good."])
    quoted = judged(stores, "quotes", "How do you say 'good' in Japanese?")
    named = judged(stores, "quotes", "How do you say E_SEAT_RACE in Japanese?")
    assert quoted.features["chance"] > 2
    assert named.features["chance"] == 0


def test_what_is_said_again_and_again_still_answers(stores: Runtime) -> None:
    ports = (
        "The billing service listens on port 8000.",
        "The billing service now listens on port 9000.",
        "We moved the billing service to port 9100.",
        "Billing listens on port 9200 since the migration.",
        "Since May the billing service listens on port 9400.",
        "The billing service's port is 9500 now.",
    )
    remember(stores, "again", ports)
    found = judged(stores, "again", "On which port does the billing service listen?")
    assert found.decision is Decision.INJECT


def test_memories_of_one_subject_do_not_make_an_answer(stores: Runtime) -> None:
    """The more alike they are, the closer a question has to come."""
    question = "Who cooks the lunch on the ferry?"
    remember(stores, "subject", PROJECT)
    apart = judged(stores, "subject", question)
    remember(
        stores,
        "subject",
        [f"The ferry to {place} leaves at {n} o'clock." for n, place in enumerate(
            ("Bergen", "Oslo", "Kiel", "Turku", "Gdynia", "Visby"), 6)],
    )  # fmt: skip
    together = judged(stores, "subject", question)
    assert together.features["cohesion"] > apart.features["cohesion"]
    assert together.decision is not Decision.INJECT


def test_the_gate_can_be_switched_off(tmp_path: Path) -> None:
    config = load_config(data_dir=tmp_path, environ={})
    config = dataclasses.replace(
        config, recall=dataclasses.replace(config.recall, confidence_gate=False)
    )
    with Runtime.open(config) as runtime:
        runtime.store_many([Draft(text, "project") for text in PROJECT])
        found = judged(runtime, "project", "What is the capital of Mongolia?")
    assert found.decision is Decision.INJECT
    assert found.confidence < config.recall.min_recall_score


@pytest.mark.parametrize(
    ("above", "decision", "reason"),
    [
        (0.0, Decision.INJECT, "strong_top_candidate"),
        (0.01, Decision.NEED_MORE_EVIDENCE, "top_candidate_near_threshold"),
        (0.14, Decision.NEED_MORE_EVIDENCE, "top_candidate_near_threshold"),
        (0.16, Decision.ABSTAIN, "no_plausible_candidate"),
    ],
)
def test_the_decision_follows_the_configured_threshold(
    stores: Runtime, config: Config, above: float, decision: Decision, reason: str
) -> None:
    question = "On which weekdays may a new release go out?"
    threshold = judged(stores, "project", question).confidence + above
    changed = dataclasses.replace(
        config, recall=dataclasses.replace(config.recall, min_recall_score=threshold)
    )
    with Runtime.open(changed) as runtime:
        runtime.store_many([Draft(text, "project") for text in PROJECT])
        found = judged(runtime, "project", question)
    assert (found.decision, found.reasons) == (decision, (reason,))


def test_a_sealed_namespace_is_judged_as_an_open_one(stores: Runtime) -> None:
    remember(stores, "sealed", PROJECT)
    questions = [*(question.text for question in story.QUESTIONS), story.UNANSWERED]
    stores._store.custodian.seal("sealed", lambda *_: None)
    for question in questions:
        closed, opened = judged(stores, "sealed", question), judged(stores, "project", question)
        assert closed.decision is opened.decision
        assert closed.confidence == pytest.approx(opened.confidence, abs=1e-6)
        assert closed.features == pytest.approx(opened.features, abs=1e-6)


def test_what_has_no_vector_yet_is_judged_by_its_words(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime.store_many([Draft(text, "p") for text in PROJECT])
    with monkeypatch.context() as patch:
        patch.setattr(runtime._encoder, "vectors", lambda _: None)
        runtime.store(Draft("The lighthouse keeper's parrot is called Boatswain.", "p"))
    result = runtime.recall(RecallQuery("who is Boatswain, the lighthouse keeper's parrot?", "p"))
    assert (result.mode, result.pending) == (Mode.HYBRID, 1)
    assert result.gate.decision is Decision.INJECT
    assert result.gate.confidence == pytest.approx(result.memories[0].score, abs=1e-6)
    assert result.gate.features == {}
    # What is asked of the others is judged as ever.
    found = judged(runtime, "p", "On which weekdays may a new release go out?")
    assert found.decision is Decision.INJECT
    assert found.features


def test_without_a_model_the_best_score_decides(tmp_path: Path) -> None:
    config = load_config(data_dir=tmp_path, environ={})
    config = dataclasses.replace(
        config, embeddings=dataclasses.replace(config.embeddings, model="bge-small-en-v1.5")
    )
    with Runtime.open(config) as runtime:
        runtime.store_many([Draft(text, "p") for text in PROJECT])
        result = runtime.recall(RecallQuery("HARBOUR_CACHE_TTL in config/cache.toml", "p"))
    assert result.mode is Mode.LEXICAL
    assert result.gate.confidence == pytest.approx(result.memories[0].score, abs=1e-6)
    assert result.gate.features == {}


def test_the_features_are_what_the_confidence_is_made_of(stores: Runtime) -> None:
    for question in (story.QUESTIONS[0].text, story.UNANSWERED, "config/cache.toml"):
        found = judged(stores, "project", question)
        assert gate.confidence(found.features) == found.confidence
        assert found.features["cohesion"] <= gate.MOST_COHESION


@given(
    top=st.floats(-5, 30),
    margin=st.floats(-1, 1.5),
    count=st.integers(1, 10_000_000),
    more=st.floats(0.01, 2),
)
def test_confidence_grows_with_evidence_and_falls_with_the_number_of_memories(
    top: float, margin: float, count: int, more: float
) -> None:
    def sure(top: float, margin: float, count: int) -> float:
        return gate.confidence({"top": top, "margin": margin, "chance": gate.chance(count)})

    confidence = sure(top, margin, count)
    assert 0.0 <= confidence <= 1.0
    assert sure(top + more, margin, count) >= confidence
    assert sure(top, margin + more, count) >= confidence
    assert sure(top, margin, 2 * count) <= confidence
