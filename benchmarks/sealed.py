# SPDX-License-Identifier: AGPL-3.0-only
"""What sealing costs: ``python -m benchmarks.sealed [--sizes 10000 100000]``.

The same store in clear and sealed: how long sealing, unlocking (the first search of a process,
which builds the index in memory) and a rotation take, and what recall and store take after that.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks import report
from benchmarks.scratch import scratch_config
from benchmarks.timing import each, spread
from benchmarks.workload import (
    NAMESPACE,
    VectorSource,
    Workload,
    embed_documents,
    extra_documents,
    fill,
    load_embedder,
    make_workload,
    open_store,
)
from memoryoss_mcp.recall.query import RecallQuery
from memoryoss_mcp.runtime import Runtime

SIZES: Final = (10_000, 100_000)
EMBEDDED: Final = 10_000
QUESTIONS: Final = 150
WARM_UP: Final = 40
STORES: Final = 100
RESULT: Final = "sealed.json"


def figures(folder: Path, workload: Workload) -> dict[str, Any]:
    """Times of one store as it is, in milliseconds."""
    config = scratch_config(folder)
    with Runtime.open(config) as runtime:
        runtime.wait_until_ready()
        start = time.perf_counter()
        runtime.recall(RecallQuery(workload.questions[0], NAMESPACE))
        first = 1000 * (time.perf_counter() - start)

        def ask(text: str) -> object:
            return runtime.recall(RecallQuery(text, NAMESPACE))

        each(ask, workload.questions[1:WARM_UP])
        recall = each(ask, workload.questions[WARM_UP : WARM_UP + QUESTIONS])
        stored = each(runtime.store, extra_documents(workload, STORES))
    return {
        "first recall": first,
        "recall": spread(recall),
        "store": spread(stored),
        "file_bytes": config.store_path.stat().st_size,
    }


def measured(folder: Path, workload: Workload, size: int, source: VectorSource) -> dict[str, Any]:
    """One size: in clear, then sealed."""
    config = scratch_config(folder)
    folder.mkdir(parents=True)
    store = open_store(config)
    try:
        fill(store, workload, size, source)
    finally:
        store.close()
    found: dict[str, Any] = {"memories": size, "clear": _child(folder)}
    with Runtime.open(config) as runtime:
        start = time.perf_counter()
        runtime.keys.seal(NAMESPACE, lambda *_: None)
        found["seal_s"] = time.perf_counter() - start
    found["sealed"] = _child(folder)
    with Runtime.open(config) as runtime:
        start = time.perf_counter()
        runtime.keys.rotate(NAMESPACE, lambda *_: None)
        found["rotate_s"] = time.perf_counter() - start
    shutil.rmtree(folder)
    return found


def _child(folder: Path) -> dict[str, Any]:
    """:func:`figures` in a process of its own, whose memory tells what the index takes."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.sealed", "--child", str(folder)],
        check=True,
        capture_output=True,
        encoding="utf-8",
        cwd=Path(__file__).parents[1],
    )
    loaded: dict[str, Any] = json.loads(done.stdout)
    return loaded


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the lane."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sealed", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    workload = make_workload()
    if options.child:
        found = figures(options.child, workload)
        found["resident_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        report.say(json.dumps(report.plain(found)))
        return 0
    facts = report.machine()
    embedder = load_embedder(scratch_config(Path("unused")))
    real = embed_documents(workload, embedder, min(EMBEDDED, max(options.sizes)))
    del embedder
    sizes = []
    with tempfile.TemporaryDirectory(prefix="sealed-") as name:
        for size in options.sizes:
            source = VectorSource(real)
            sizes.append(measured(Path(name) / str(size), workload, size, source))
            entry = sizes[-1]
            clear, sealed = entry["clear"], entry["sealed"]
            rows = [
                ("first recall, ms", clear["first recall"], sealed["first recall"]),
                ("recall p50, ms", clear["recall"]["p50"], sealed["recall"]["p50"]),
                ("store p50, ms", clear["store"]["p50"], sealed["store"]["p50"]),
                ("file, MB", clear["file_bytes"] / 1e6, sealed["file_bytes"] / 1e6),
                ("resident, MiB", clear["resident_mib"], sealed["resident_mib"]),
                ("to seal it, s", 0.0, entry["seal_s"]),
                ("to change its key, s", 0.0, entry["rotate_s"]),
            ]
            report.say("\n" + report.table((f"{size:,} memories", "clear", "sealed"), rows))
    document = {"lane": "sealed", "machine": facts, "sizes": report.plain(sizes)}
    report.write_json(report.RESULTS / RESULT, document)
    return 0


if __name__ == "__main__":
    sys.exit(main())
