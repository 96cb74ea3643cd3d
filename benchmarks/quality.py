# SPDX-License-Identifier: AGPL-3.0-only
"""How well recall finds: ``python -m benchmarks.quality [--set NAME ...] [--via library|mcp]``.

Each haystack is stored in a namespace of its own in a temporary data folder and asked through
``Runtime.recall`` (or the MCP tool). In the same run the same questions go to BM25 alone, the
vector alone and their reciprocal rank fusion, exact over the whole haystack.

The haystack of a prefeval question is 600 shared memories and one of its own. The shared ones are
stored once; before each question its own memory is stored, after it forgotten. That is the same
haystack as a store of its own would hold: counts, lengths and document frequencies are exact after
a deletion.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from benchmarks import measures, report
from benchmarks.asking import Answer, Library, Memory
from benchmarks.comparison import Comparison
from benchmarks.datasets import SETS, Haystack, Question, load_set
from benchmarks.scratch import scratch_config
from benchmarks.workload import load_embedder
from memoryoss_mcp.config import Config
from memoryoss_mcp.runtime import Runtime

RECALL: Final = "recall"
ADVERSARIAL: Final = "adversarial"
UPDATE_CATEGORY: Final = "knowledge_update"
UPDATE_SETS: Final = ("beam_100k",)
ABSTENTION_SETS: Final = ("beam_100k", "devmem_claude")

MEASURES: Final[Mapping[str, Callable[[Sequence[str], Mapping[str, int]], float]]] = {
    "R@5": lambda ranking, gold: measures.recall_at(ranking, gold, 5),
    "R@10": lambda ranking, gold: measures.recall_at(ranking, gold, 10),
    "hit@10": lambda ranking, gold: measures.hit_at(ranking, gold, 10),
    "all@10": lambda ranking, gold: measures.all_at(ranking, gold, 10),
    "nDCG@10": lambda ranking, gold: measures.ndcg_at(ranking, gold, 10),
    "MRR@10": lambda ranking, gold: measures.reciprocal_rank_at(ranking, gold, 10),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """One question with the answer of every ranker; ``recall`` has its gate as well."""

    question: Question
    answer: Answer
    rankings: Mapping[str, Sequence[str]]


@dataclass(slots=True)
class SetRun:
    """What was measured on one set."""

    name: str
    memories: int = 0
    haystacks: int = 0
    refused: int = 0
    asked: list[Asked] = field(default_factory=list)
    seconds: float = 0.0


def run_set(name: str, haystacks: Sequence[Haystack], memory: Memory, config: Config) -> SetRun:
    """Store and ask all haystacks of a set."""
    start = time.monotonic()
    run = SetRun(name, haystacks=len(haystacks))
    embedder = load_embedder(config)
    for haystack in haystacks:
        namespace = f"{name}-{haystack.name}"
        run.refused += memory.store(namespace, haystack.documents)
        run.memories += len(haystack.documents) + sum(q.own is not None for q in haystack.questions)
        comparison = Comparison(config.store_path, namespace, embedder, memory.names)
        comparison.refresh()
        for question in haystack.questions:
            with _own_memory(memory, comparison, namespace, question):
                run.asked.append(_ask(memory, comparison, namespace, question))
    run.seconds = time.monotonic() - start
    return run


@contextmanager
def _own_memory(
    memory: Memory, comparison: Comparison, namespace: str, question: Question
) -> Iterator[None]:
    """The question's own memory is in the namespace inside this block."""
    if question.own is None:
        yield
        return
    memory.store(namespace, [question.own])
    comparison.refresh()
    yield
    memory.forget(namespace, question.own.id)


def _ask(memory: Memory, comparison: Comparison, namespace: str, question: Question) -> Asked:
    # The place of an outdated statement may be far down: ask for everything.
    whole = bool(question.outdated) or question.category == UPDATE_CATEGORY
    answer = memory.ask(namespace, question.text, whole=whole)
    rankings = comparison.rankings(question.text, whole=whole)
    return Asked(question, answer, {**rankings, RECALL: answer.ranking})


# --- from answers to figures


def summary(run: SetRun) -> dict[str, Any]:
    """All figures of a set as one JSON object."""
    answerable = [asked for asked in run.asked if asked.question.gold]
    groups = {"all": answerable}
    for asked in answerable:
        groups.setdefault(asked.question.category, []).append(asked)
    if ADVERSARIAL in groups:
        groups[f"all but {ADVERSARIAL}"] = [
            asked for asked in answerable if asked.question.category != ADVERSARIAL
        ]
    document: dict[str, Any] = {
        "haystacks": run.haystacks,
        "memories": run.memories,
        "refused": run.refused,
        "questions": len(run.asked),
        "answerable": len(answerable),
        "seconds": run.seconds,
        "groups": {
            group: {"questions": len(members), **_figures(members)}
            for group, members in groups.items()
        },
    }
    if (stale := staleness(run)) is not None:
        document["staleness"] = stale
    if len(answerable) < len(run.asked):
        document["abstention"] = abstention(run.asked)
    return document


def _figures(members: Sequence[Asked]) -> dict[str, dict[str, float]]:
    return {
        ranker: {
            name: measures.mean(
                measure(asked.rankings[ranker], asked.question.gold) for asked in members
            )
            for name, measure in MEASURES.items()
        }
        for ranker in members[0].rankings
    }


def stale_pairs(question: Question) -> tuple[list[str], list[str]]:
    """Documents that are right now and documents that are outdated.

    A knowledge update of beam_100k grades its gold: 2 for the newer statement, 1 for the one that
    it replaced. devmem_claude lists what must not outrank the gold.
    """
    if question.outdated:
        return list(question.gold), list(question.outdated)
    if question.category != UPDATE_CATEGORY:
        return [], []
    newer = [document for document, relevance in question.gold.items() if relevance > 1]
    return newer, [document for document in question.gold if document not in newer]


def staleness(run: SetRun) -> dict[str, Any] | None:
    """Share of pairs (newer, outdated) in the right order, per ranker; ``None`` if the set has no
    such pairs."""
    pairs = [(asked, *stale_pairs(asked.question)) for asked in run.asked]
    pairs = [(asked, newer, older) for asked, newer, older in pairs if newer and older]
    if not pairs:
        return None
    figures: dict[str, Any] = {
        "questions": len(pairs),
        "pairs": sum(len(newer) * len(older) for _, newer, older in pairs),
    }
    for ranker in pairs[0][0].rankings:
        won = [
            measures.won_pairs(asked.rankings[ranker], newer, older)
            for asked, newer, older in pairs
        ]
        figures[ranker] = sum(right for right, _ in won) / figures["pairs"]
        figures[f"{ranker}, questions with every pair right"] = measures.mean(
            float(right == count) for right, count in won
        )
    return figures


def abstention(asked: Sequence[Asked]) -> dict[str, Any]:
    """How well recall tells answerable from unanswerable questions."""
    with_gold = [a.answer for a in asked if a.question.gold]
    without = [a.answer for a in asked if not a.question.gold]
    unanswerable = [not a.question.gold for a in asked]
    strict = measures.detection([a.answer.decision == "abstain" for a in asked], unanswerable)
    loose = measures.detection([a.answer.decision != "inject" for a in asked], unanswerable)
    return {
        "unanswerable": len(without),
        "auc_confidence": measures.roc_auc(
            [answer.confidence for answer in with_gold], [answer.confidence for answer in without]
        ),
        "auc_best_score": measures.roc_auc(
            [answer.best_score for answer in with_gold], [answer.best_score for answer in without]
        ),
        "abstain": {"precision": strict.precision, "recall": strict.recall, "said": strict.said},
        "abstain_or_need_more_evidence": {
            "precision": loose.precision,
            "recall": loose.recall,
            "said": loose.said,
        },
    }


def checks(sets: Mapping[str, Mapping[str, Any]]) -> list[report.Check]:
    """The figures that are asked for, over the sets that were run."""

    def r10(name: str, ranker: str) -> float:
        return float(sets[name]["groups"]["all"][ranker]["R@10"])

    found = []
    for name in sets:
        better = max(r10(name, ranker) for ranker in Comparison.SINGLE)
        found.append(
            report.Check(f"{name}: R@10, better channel - .01", r10(name, RECALL), better - 0.01)
        )
    if "locomo" in sets:
        found.append(report.Check("locomo: R@10 over all turns", r10("locomo", RECALL), 0.74))
    if "prefeval_implicit_persona" in sets:
        measured = r10("prefeval_implicit_persona", RECALL)
        found.append(report.Check("prefeval_implicit_persona: R@10", measured, 0.88))
    if "scifact" in sets:
        better = max(r10("scifact", ranker) for ranker in Comparison.SINGLE)
        found.append(
            report.Check("scifact: R@10, above the better channel", r10("scifact", RECALL), better)
        )
    for name in UPDATE_SETS:
        if name in sets:
            measured = float(sets[name]["staleness"][RECALL])
            found.append(report.Check(f"{name}: newer above outdated", measured, 0.75))
    for name in ABSTENTION_SETS:
        if name in sets:
            measured = float(sets[name]["abstention"]["auc_confidence"])
            found.append(report.Check(f"{name}: abstention AUC", measured, 0.80))
    return found


# --- the command


def show(name: str, document: Mapping[str, Any]) -> None:
    """Print the figures of one set."""
    report.say(
        f"\n{name}: {document['haystacks']} haystacks, {document['memories']} memories, "
        f"{document['answerable']} of {document['questions']} questions answerable "
        f"({document['seconds']:.0f} s)"
    )
    rows: list[list[Any]] = []
    for group, figures in document["groups"].items():
        for ranker in (*Comparison.RANKERS, RECALL):
            label = f"{group} ({figures['questions']})" if ranker == Comparison.RANKERS[0] else ""
            rows.append([label, ranker, *figures[ranker].values()])
    report.say(report.table(("questions", "ranker", *MEASURES), rows))
    if "staleness" in document:
        stale = document["staleness"]
        shares = ", ".join(f"{r} {stale[r]:.3f}" for r in (*Comparison.RANKERS, RECALL))
        report.say(f"newer above outdated ({stale['pairs']} pairs): {shares}")
    if "abstention" in document:
        found = document["abstention"]
        strict = found["abstain"]
        report.say(
            f"abstention ({found['unanswerable']} unanswerable): AUC {found['auc_confidence']:.3f} "
            f"by confidence, {found['auc_best_score']:.3f} by best score; abstained "
            f"{strict['said']} times, precision {strict['precision']:.3f}, "
            f"recall {strict['recall']:.3f}"
        )


def plots(folder: Path, sets: Mapping[str, Mapping[str, Any]]) -> None:
    """R@10 and nDCG@10 of every ranker on every set."""
    for measure in ("R@10", "nDCG@10"):
        report.plot_bars(
            folder / f"quality-{measure.replace('@', '').lower()}.png",
            f"{measure} by set",
            list(sets),
            {
                ranker: [sets[name]["groups"]["all"][ranker][measure] for name in sets]
                for ranker in (*Comparison.RANKERS, RECALL)
            },
            measure,
        )


@contextmanager
def library_memory(folder: Path) -> Iterator[tuple[Memory, Config]]:
    """The library over a new data folder."""
    config = scratch_config(folder)
    with Runtime.open(config) as runtime:
        if not runtime.wait_until_ready():
            raise SystemExit(f"no embedding model: {runtime.model_error}")
        yield Library(runtime), config


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the lane; 0 if every figure that is asked for was reached."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality", description=__doc__)
    parser.add_argument("--set", action="append", choices=SETS, help="only this set (repeatable)")
    parser.add_argument("--via", choices=("library", "mcp"), default="library")
    parser.add_argument("--json", type=Path, help="write the figures (and plots beside it)")
    options = parser.parse_args(arguments)
    if options.via == "mcp":
        from benchmarks.over_mcp import compare_faces

        return compare_faces(options.set, options.json)
    sets: dict[str, dict[str, Any]] = {}
    facts = report.machine()
    for name in options.set or SETS:
        with tempfile.TemporaryDirectory(prefix="quality-") as folder:
            opened: AbstractContextManager[tuple[Memory, Config]] = library_memory(Path(folder))
            with opened as (memory, config):
                sets[name] = summary(run_set(name, load_set(name), memory, config))
        show(name, sets[name])
    required = checks(sets)
    report.say("\n" + report.verdict(required))
    if options.json:
        document = {
            "lane": "quality",
            "machine": facts,
            "sets": sets,
            "required": [check.as_json() for check in required],
        }
        report.write_json(options.json, document)
        plots(options.json.parent, sets)
    return 0 if all(check.passed for check in required) else 1


if __name__ == "__main__":
    sys.exit(main())
