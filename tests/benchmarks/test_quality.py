# SPDX-License-Identifier: AGPL-3.0-only
"""From answers to figures: groups, staleness, abstention and the verdict."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from benchmarks import quality
from benchmarks.asking import Answer
from benchmarks.comparison import Comparison
from benchmarks.datasets import Document, Haystack, Question
from benchmarks.quality import Asked, SetRun
from memoryoss_mcp.config import load_config
from memoryoss_mcp.runtime import Runtime


def asked(
    ranking: Sequence[str],
    gold: Mapping[str, int],
    category: str = "plain",
    confidence: float = 1.0,
    decision: str = "inject",
    outdated: tuple[str, ...] = (),
) -> Asked:
    answer = Answer(tuple(ranking), tuple(1.0 for _ in ranking), confidence, decision)
    rankings = {ranker: ["x"] for ranker in Comparison.RANKERS}
    question = Question("q", "?", category, gold, outdated)
    return Asked(question, answer, {**rankings, quality.RECALL: answer.ranking})


def test_figures_are_means_over_answerable_questions_by_category() -> None:
    run = SetRun("locomo")
    run.asked = [
        asked(["a"], {"a": 1}),
        asked(["b"], {"a": 1}, category="adversarial"),
        asked(["b"], {}, category="abstention"),
    ]
    document = quality.summary(run)
    groups = document["groups"]
    assert (document["questions"], document["answerable"]) == (3, 2)
    assert groups["all"][quality.RECALL]["R@10"] == 0.5
    assert groups["all"]["vector"]["R@10"] == 0
    assert groups["all but adversarial"]["questions"] == 1
    assert groups["all but adversarial"][quality.RECALL]["MRR@10"] == 1


def test_a_graded_update_pairs_the_newer_with_the_older_statement() -> None:
    run = SetRun("beam_100k")
    run.asked = [
        asked(["new", "old"], {"new": 2, "old": 1}, category="knowledge_update"),
        asked(["old", "new"], {"new": 2, "old": 1}, category="knowledge_update"),
        asked(["old"], {"old": 1}, category="knowledge_update"),
        asked(["new", "old"], {"new": 2, "old": 1}, category="summarization"),
    ]
    stale = quality.staleness(run)
    assert stale is not None
    assert (stale["questions"], stale["pairs"]) == (2, 2)
    assert stale[quality.RECALL] == 0.5


def test_what_must_not_outrank_the_gold_makes_pairs_too() -> None:
    run = SetRun("devmem_claude")
    run.asked = [asked(["gold", "stale"], {"gold": 1}, outdated=("stale", "missing"))]
    stale = quality.staleness(run)
    assert stale is not None
    assert (stale["pairs"], stale[quality.RECALL]) == (2, 1.0)
    assert quality.staleness(SetRun("scifact", asked=[asked(["a"], {"a": 1})])) is None


def test_abstention_tells_ranking_and_decision_apart() -> None:
    figures = quality.abstention(
        [
            asked(["a"], {"a": 1}, confidence=0.9),
            asked(["a"], {"a": 1}, confidence=0.4, decision="need_more_evidence"),
            asked(["a"], {}, confidence=0.5, decision="inject"),
            asked(["a"], {}, confidence=0.1, decision="abstain"),
        ]
    )
    assert figures["auc_confidence"] == 0.75
    assert figures["abstain"] == {"precision": 1.0, "recall": 0.5, "said": 1}
    loose = figures["abstain_or_need_more_evidence"]
    assert loose == {"precision": 0.5, "recall": 0.5, "said": 2}


def test_recall_may_not_fall_below_the_better_channel() -> None:
    def figures(recall: float) -> dict[str, object]:
        rankers = {"bm25": 0.5, "bm25 b=.3": 0.4, "vector": 0.8, "rrf k=60": 0.9}
        values = {name: {"R@10": value} for name, value in rankers.items()}
        return {"groups": {"all": {**values, quality.RECALL: {"R@10": recall}}}}

    (enough,) = quality.checks({"cosqa": figures(0.795)})
    (below,) = quality.checks({"cosqa": figures(0.785)})
    assert (enough.passed, below.passed) == (True, False)


@pytest.mark.slow
def test_a_question_finds_its_own_memory_and_leaves_no_trace(tmp_path: Path) -> None:
    shared = tuple(
        Document(f"f{i}", f"Filler number {i} is about gardening.", "filler", None)
        for i in range(5)
    )
    own = [
        Document("p1", "I never fly, I take the train.", "u1", None),
        Document("p2", "My dog is called Waldo.", "u2", None),
    ]
    questions = (
        Question("q1", "Which train do I take?", "x", {"p1": 1}, own=own[0]),
        Question("q2", "What is the name of my dog?", "x", {"p2": 1}, own=own[1]),
    )
    with quality.library_memory(tmp_path) as (memory, config):
        haystack = Haystack("small", shared, questions)
        run = quality.run_set("tiny", [haystack], memory, config)
    for entry in run.asked:
        assert entry.question.own is not None
        assert entry.answer.ranking[0] == entry.question.own.id
        other = {"p1", "p2"} - {entry.question.own.id}
        assert other.isdisjoint(entry.answer.ranking)
        assert entry.rankings["vector"][0] == entry.question.own.id
        assert len(entry.rankings["vector"]) == len(shared) + 1, "and not the other question's"
    with Runtime.open(load_config(data_dir=tmp_path, environ={})) as runtime:
        (namespace,) = runtime.status().namespaces
        assert namespace.total == len(shared)


def test_not_a_number_is_null_in_the_json() -> None:
    assert quality.report.plain({"a": [math.nan, 0.123456], "b": "x"}) == {
        "a": [None, 0.1235],
        "b": "x",
    }
