# SPDX-License-Identifier: AGPL-3.0-only
"""What reaches a prompt: ``python -m benchmarks.injection [--set NAME ...] [--limit N]``.

The questions of a set are asked as the last user turn of a chat. What recall finds is compiled into
a context block with the default budget (a tenth of 128,000 tokens) and with a small one. A question
of prefeval is asked twice: with its own memory stored, and with nothing that answers it.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from benchmarks import measures, report
from benchmarks.asking import Library
from benchmarks.datasets import SETS, Document, Haystack, Question, load_set
from benchmarks.scratch import scratch_config
from memoryoss_mcp.context.block import Block, compile_block
from memoryoss_mcp.context.markup import clean, escape
from memoryoss_mcp.recall.query import RecallQuery
from memoryoss_mcp.recall.result import RecallResult
from memoryoss_mcp.runtime import Runtime

BUDGETS: Final = (12_800, 2_000)
"""Tokens: 10 % of 128,000, the default, and a small window's."""

DEFAULT_SETS: Final = ("devmem_claude",)
REQUIRED_SET: Final = "devmem_claude"
GOLD_SHARE: Final = 0.80
EMPTY_SHARE: Final = 0.85


@dataclass(frozen=True, slots=True)
class Turn:
    """One question as a chat turn: the documents in its block, best first, which of its gold is
    named there and which stands there word for word, and what the block cost."""

    category: str
    gold: frozenset[str]
    injected: tuple[str, ...]
    quoted: frozenset[str]
    tokens: int
    milliseconds: float
    kind: str | None
    reason: str | None


@dataclass(slots=True)
class SetRun:
    """All turns of one set with one budget."""

    budget: int
    turns: list[Turn] = field(default_factory=list)


def run_set(
    name: str, haystacks: Sequence[Haystack], limit: int, least_score: float | None = None
) -> list[SetRun]:
    """Store all haystacks of a set, ask all questions and compile their blocks."""
    runs = [SetRun(budget) for budget in BUDGETS]
    with (
        tempfile.TemporaryDirectory(prefix="injection-") as folder,
        Runtime.open(scratch_config(Path(folder))) as runtime,
    ):
        if not runtime.wait_until_ready():
            raise SystemExit(f"no embedding model: {runtime.model_error}")
        least = runtime.config.recall.min_recall_score if least_score is None else least_score
        library = Library(runtime)
        for haystack in haystacks:
            namespace = f"{name}-{haystack.name}"
            library.store(namespace, haystack.documents)
            for question, gold in _asked(library, namespace, haystack):
                result = runtime.recall(RecallQuery(question.text, namespace, limit=limit))
                for run in runs:
                    run.turns.append(
                        _turn(question, gold, result, run.budget, least, library.names)
                    )
    return runs


def _asked(
    library: Library, namespace: str, haystack: Haystack
) -> Iterator[tuple[Question, Mapping[str, Document]]]:
    """Each question with the documents in the store that answer it."""
    documents = {document.id: document for document in haystack.documents}
    for question in haystack.questions:
        if question.own is None:
            yield question, {name: documents[name] for name in question.gold if name in documents}
            continue
        library.store(namespace, [question.own])
        yield question, {question.own.id: question.own}
        library.forget(namespace, question.own.id)
        yield question, {}


def _turn(
    question: Question,
    gold: Mapping[str, Document],
    result: RecallResult,
    budget: int,
    least_score: float,
    names: Mapping[Any, str],
) -> Turn:
    start = time.perf_counter()
    block: Block = compile_block(question.text, result, budget, least_score=least_score)
    milliseconds = (time.perf_counter() - start) * 1000
    if block.tokens > budget:
        raise AssertionError(f"a block of {block.tokens} tokens in a budget of {budget}")
    return Turn(
        category=question.category,
        gold=frozenset(gold),
        injected=tuple(names[memory] for memory in block.memories),
        quoted=frozenset(
            name for name, document in gold.items() if escape(clean(document.text)) in block.text
        ),
        tokens=block.tokens,
        milliseconds=milliseconds,
        kind=block.kind,
        reason=block.reason,
    )


# --- from turns to figures


def summary(turns: Sequence[Turn]) -> dict[str, Any]:
    """The figures of one set with one budget as one JSON object."""
    answerable = [turn for turn in turns if turn.gold]
    unanswerable = [turn for turn in turns if not turn.gold]
    filled = [turn for turn in turns if turn.injected]

    def share(of: Sequence[Turn], what: Callable[[Turn], bool]) -> float:
        return measures.mean(float(what(turn)) for turn in of)

    reasons: dict[str, int] = {}
    kinds: dict[str, int] = {}
    for turn in turns:
        if turn.reason is not None:
            reasons[turn.reason] = reasons.get(turn.reason, 0) + 1
        if turn.kind is not None:
            kinds[turn.kind] = kinds.get(turn.kind, 0) + 1
    return {
        "answerable": len(answerable),
        "unanswerable": len(unanswerable),
        "gold text in the block": share(answerable, lambda turn: bool(turn.quoted)),
        "words of the gold in the block": share(
            answerable, lambda turn: not turn.gold.isdisjoint(turn.injected)
        ),
        "share of the gold in the block": measures.mean(
            len(turn.gold.intersection(turn.injected)) / len(turn.gold) for turn in answerable
        ),
        "empty where nothing answers": share(unanswerable, lambda turn: not turn.injected),
        "memories a block": measures.mean(float(len(turn.injected)) for turn in filled),
        "gold-free memories in blocks": measures.mean(
            1 - len(turn.gold.intersection(turn.injected)) / len(turn.injected)
            for turn in answerable
            if turn.injected
        ),
        "tokens a block": measures.mean(float(turn.tokens) for turn in filled),
        "tokens a turn": measures.mean(float(turn.tokens) for turn in turns),
        "ms a block, p50": measures.percentile([turn.milliseconds for turn in filled], 0.5),
        "ms a block, p99": measures.percentile([turn.milliseconds for turn in filled], 0.99),
        "kinds": dict(sorted(kinds.items())),
        "nothing because": dict(sorted(reasons.items())),
    }


def checks(sets: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> list[report.Check]:
    """The figures that are asked for: those of the default budget."""
    if REQUIRED_SET not in sets:
        return []
    figures = sets[REQUIRED_SET][str(BUDGETS[0])]
    return [
        report.Check(
            f"{REQUIRED_SET}: gold text in the block",
            float(figures["gold text in the block"]),
            GOLD_SHARE,
        ),
        report.Check(
            f"{REQUIRED_SET}: empty where nothing answers",
            float(figures["empty where nothing answers"]),
            EMPTY_SHARE,
        ),
    ]


def show(sets: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> None:
    """Print the figures of all sets side by side."""
    columns = [(name, budget) for name, budgets in sets.items() for budget in budgets]
    first = sets[columns[0][0]][columns[0][1]]
    rows = [
        [label, *(sets[name][budget][label] for name, budget in columns)]
        for label, value in first.items()
        if not isinstance(value, Mapping)
    ]
    report.say(report.table(("", *(f"{name} {budget}" for name, budget in columns)), rows))
    for name, budget in columns:
        figures = sets[name][budget]
        report.say(f"{name} {budget}: kinds {figures['kinds']}, none {figures['nothing because']}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the lane; 0 if every figure that is asked for was reached."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.injection", description=__doc__)
    parser.add_argument("--set", action="append", choices=SETS, help="only this set (repeatable)")
    parser.add_argument("--limit", type=int, default=20, help="memories that recall returns")
    parser.add_argument("--least", type=float, help="another least score than the configured one")
    parser.add_argument("--json", type=Path, help="write the figures")
    options = parser.parse_args(arguments)
    facts = report.machine()
    sets: dict[str, dict[str, dict[str, Any]]] = {}
    for name in options.set or DEFAULT_SETS:
        runs = run_set(name, load_set(name), options.limit, options.least)
        sets[name] = {str(run.budget): summary(run.turns) for run in runs}
    show(sets)
    required = checks(sets)
    if required:
        report.say("\n" + report.verdict(required))
    if options.json:
        document = {
            "lane": "injection",
            "machine": facts,
            "limit": options.limit,
            "sets": sets,
            "required": [check.as_json() for check in required],
        }
        report.write_json(options.json, document)
    return 0 if all(check.passed for check in required) else 1


if __name__ == "__main__":
    sys.exit(main())
