# SPDX-License-Identifier: AGPL-3.0-only
"""How long the product takes on one store: the measurements that the lanes speed and scale share.

No question is asked twice, so that no cache can know it; rounds ask different questions. The
machine may be busy with other things: each figure is given for every round, and ``best`` is the
round with the lowest median.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from benchmarks import report
from benchmarks.cold import STARTED_VARIABLE
from benchmarks.floors import Floors
from benchmarks.measures import percentile
from benchmarks.scratch import scratch_config
from benchmarks.workload import (
    NAMESPACE,
    VectorSource,
    Workload,
    extra_documents,
    fill,
    load_embedder,
    open_store,
)
from memoryoss_mcp.config import Config, load_config
from memoryoss_mcp.lifecycle.review import Decision
from memoryoss_mcp.model import ReviewAction
from memoryoss_mcp.recall.query import RecallQuery
from memoryoss_mcp.recall.result import RecallResult
from memoryoss_mcp.runtime import Runtime
from memoryoss_mcp.store.types import Stored
from memoryoss_mcp.text.tokens import query_terms

WARM_UP: Final = 40
ROUNDS: Final = 3
PER_ROUND: Final = 150
BLOCK: Final = 25
SINGLE_STORES: Final = 100
BATCH: Final = 512
COLD_STARTS: Final = 5


def milliseconds(call: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    call()
    return (time.perf_counter() - start) * 1000


def each(call: Callable[[Any], object], arguments: Iterable[Any]) -> list[float]:
    """Wall time of a call on each argument, in milliseconds."""
    return [milliseconds(partial(call, argument)) for argument in arguments]


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median, 95th percentile and extremes."""
    return {
        "p50": percentile(values, 0.5),
        "p95": percentile(values, 0.95),
        "min": min(values),
        "max": max(values),
    }


@dataclass(frozen=True, slots=True)
class Built:
    """A store that was built (or found from an earlier run) and what that took."""

    config: Config
    memories: int
    seconds: float | None
    bytes: int


def build(folder: Path, workload: Workload, count: int, source: VectorSource) -> Built:
    """The store of ``count`` memories in ``folder``; one that is there already is used as it is."""
    config = load_config(data_dir=folder, environ={"MEMORYOSS_NAMESPACE": NAMESPACE})
    seconds = None
    if not config.store_path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        start = time.perf_counter()
        store = open_store(config)
        try:
            fill(store, workload, count, source)
        finally:
            store.close()
        seconds = time.perf_counter() - start
    return Built(config, count, seconds, config.store_path.stat().st_size)


def recall_figures(built: Built, questions: Sequence[str]) -> dict[str, Any]:
    """Whole recalls in blocks that alternate with the floors of the same questions; then the parts.

    In blocks, because two models do not fit into a processor's cache together: the lane's own copy
    (for the floor) and the product's would slow each other down.
    """
    wanted = WARM_UP + ROUNDS * PER_ROUND
    if len(questions) < wanted + PER_ROUND:
        raise ValueError(f"{len(questions)} questions are too few")
    floors = Floors(built.config.store_path)
    embedder = load_embedder(built.config)
    with Runtime.open(built.config, warm=True) as runtime:
        runtime.wait_until_ready()

        def block(texts: Sequence[str]) -> dict[str, list[float]]:
            found = {
                "recall": each(lambda text: runtime.recall(RecallQuery(text, NAMESPACE)), texts)
            }
            found["embed"] = each(embedder.embed_query, texts)
            # The model keeps the vectors of recent questions: this is no second embedding.
            found["scan"] = each(floors.scan, [embedder.embed_query(text) for text in texts])
            found["lexical"] = each(floors.lexical, [query_terms(text) for text in texts])
            return found

        block(questions[:WARM_UP])
        rounds = [
            _round(block, questions[start : start + PER_ROUND])
            for start in range(WARM_UP, wanted, PER_ROUND)
        ]
        parts: dict[str, list[float]] = {}
        differing = 0
        for text in questions[wanted : wanted + PER_ROUND]:
            explained = runtime.explain(RecallQuery(text, NAMESPACE))
            recalled = runtime.recall(RecallQuery(text, NAMESPACE))
            differing += _order(explained.result) != _order(recalled)
            for step, part in explained.timings.items():
                parts.setdefault(step, []).append(part)
    floors.close()
    return {
        "best": min(rounds, key=lambda figures: figures["recall"]["p50"]),
        "rounds": rounds,
        "explained in another order": differing,
        "parts": {step: spread(values) for step, values in parts.items()},
    }


def _order(result: RecallResult) -> list[UUID]:
    return [found.memory.id for found in result.memories]


def _round(
    block: Callable[[Sequence[str]], dict[str, list[float]]], questions: Sequence[str]
) -> dict[str, Any]:
    taken: dict[str, list[float]] = {}
    for start in range(0, len(questions), BLOCK):
        for name, values in block(questions[start : start + BLOCK]).items():
            taken.setdefault(name, []).extend(values)
    figures: dict[str, Any] = {name: spread(values) for name, values in taken.items()}
    figures["floor_p50"] = sum(figures[name]["p50"] for name in ("embed", "scan", "lexical"))
    figures["ratio"] = figures["recall"]["p50"] / figures["floor_p50"]
    return figures


def store_figures(built: Built, workload: Workload, scratch: Path) -> dict[str, Any]:
    """Durable stores, one by one and as a batch, embedding included, into a copy of the store."""
    scratch.mkdir(parents=True)
    try:
        config = scratch_config(scratch)
        shutil.copy(built.config.store_path, config.store_path)
        drafts = extra_documents(workload, ROUNDS * (SINGLE_STORES + BATCH) + 10)
        warm, drafts = drafts[:10], drafts[10:]
        singles, batches, reviews = [], [], []
        stored: list[Stored] = []
        with Runtime.open(config) as runtime:
            runtime.wait_until_ready()
            for draft in warm:
                runtime.store(draft)
            for number in range(ROUNDS):
                start = number * (SINGLE_STORES + BATCH)
                alone = drafts[start : start + SINGLE_STORES]
                together = drafts[start + SINGLE_STORES : start + SINGLE_STORES + BATCH]
                stored.clear()
                taken = each(lambda draft: stored.append(runtime.store(draft)), alone)
                singles.append(spread(taken))
                reviews.append(spread(each(runtime.review, _decisions(stored))))
                whole = milliseconds(partial(runtime.store_many, together))
                batches.append(BATCH * 1000 / whole)
    finally:
        shutil.rmtree(scratch)
    return {
        "single": {"best": min(singles, key=lambda figures: figures["p50"]), "rounds": singles},
        "review": {"best": min(reviews, key=lambda figures: figures["p50"]), "rounds": reviews},
        "batch_per_second": {"best": max(batches), "rounds": batches},
    }


def _decisions(stored: Sequence[Stored]) -> list[Decision]:
    """Feedback on some memories: confirmed, rejected, confirmed and so on."""
    actions = (ReviewAction.CONFIRM, ReviewAction.REJECT)
    return [
        Decision(receipt.id, NAMESPACE, actions[place % 2], actor="benchmark")
        for place, receipt in enumerate(stored)
    ]


def cold_figures(built: Built, questions: Sequence[str]) -> dict[str, Any]:
    """The first recall of new processes (the file is in the system's cache)."""
    runs = []
    for text in questions[:COLD_STARTS]:
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "benchmarks.cold",
                str(built.config.data_dir),
                NAMESPACE,
                text,
            ],
            cwd=Path(__file__).parents[1],
            env={**os.environ, STARTED_VARIABLE: repr(time.time())},
            check=True,
            capture_output=True,
            encoding="utf-8",
        )
        runs.append(json.loads(done.stdout))
    return {
        step: percentile([run[step] for run in runs], 0.5)
        for step in runs[0]
        if all(run[step] is not None for run in runs)
    } | {"first_recall_ms_best": min(run["first_recall_ms"] for run in runs)}


def shell_figures(built: Built, questions: Sequence[str]) -> dict[str, float]:
    """Wall time of ``memoryoss recall`` from a shell, in milliseconds."""
    command = [sys.executable, "-m", "memoryoss_mcp", "recall", "--json"]
    command += ["--data-dir", str(built.config.data_dir), "--namespace", NAMESPACE]

    def ask(text: str) -> None:
        subprocess.run([*command, text], check=True, capture_output=True)

    return spread(each(ask, questions[:COLD_STARTS]))


def measure(built: Built, workload: Workload, scratch: Path) -> dict[str, Any]:
    """Everything about one store, told on the way."""
    report.say(f"\n{built.memories:,} memories ({built.bytes / 1e6:.0f} MB)")
    figures: dict[str, Any] = {
        "memories": built.memories,
        "file_bytes": built.bytes,
        "build_seconds": built.seconds,
        "build_per_second": built.memories / built.seconds if built.seconds else None,
    }
    figures["recall"] = recall_figures(built, workload.questions)
    best = figures["recall"]["best"]
    p50 = {name: best[name]["p50"] for name in ("recall", "embed", "scan", "lexical")}
    report.say(
        f"  recall p50 {p50['recall']:.2f} p95 {best['recall']['p95']:.2f} ms; floors: embed "
        f"{p50['embed']:.2f} + scan {p50['scan']:.2f} + lexical {p50['lexical']:.2f} = "
        f"{best['floor_p50']:.2f} ms; ratio {best['ratio']:.2f}"
    )
    parts = figures["recall"]["parts"]
    report.say("  parts: " + ", ".join(f"{k} {v['p50']:.2f}" for k, v in parts.items()))
    figures["store"] = store_figures(built, workload, scratch)
    single = figures["store"]["single"]["best"]
    report.say(
        f"  durable single store p50 {single['p50']:.2f} p95 {single['p95']:.2f} ms; batch"
        f" {figures['store']['batch_per_second']['best']:.0f} memories/s; review p50"
        f" {figures['store']['review']['best']['p50']:.2f} ms"
    )
    figures["cold"] = cold_figures(built, workload.questions)
    figures["shell"] = shell_figures(built, workload.questions)
    cold = figures["cold"]
    report.say(
        f"  new process: first recall after {cold['first_recall_ms']:.0f} ms,"
        f" {cold.get('second_recall_mib', float('nan')):.0f} MiB resident;"
        f" 'memoryoss recall' {figures['shell']['p50']:.0f} ms"
    )
    return figures
