# SPDX-License-Identifier: AGPL-3.0-only
"""How long recall and store take at 1,000, 10,000 and 100,000 memories, beside their floors:
``python -m benchmarks.speed``."""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks import report
from benchmarks.scratch import scratch_config
from benchmarks.timing import build, measure
from benchmarks.workload import VectorSource, embed_documents, load_embedder, make_workload

SIZES: Final = (1_000, 10_000, 100_000)
EMBEDDED: Final = 10_000
"""Documents with real vectors; beyond them vectors are noisy copies (see ``workload``)."""

RECALL_LIMITS: Final[Mapping[int, tuple[float, float]]] = {
    10_000: (5.0, 2.5),
    100_000: (10.0, 5.0),
    1_000_000: (40.0, 20.0),
}
"""Whole recall, p50 in milliseconds: what is required and what is aimed at."""

FLOOR_RATIO: Final = 2.0
SINGLE_STORE_MS: Final = 10.0
BATCH_PER_SECOND: Final = 300.0
DEGRADATION: Final = 2.0
SHELL_MS: Final = 400.0


def run(sizes: Sequence[int], folder: Path | None = None) -> dict[str, Any]:
    """Build and measure stores of all sizes; in ``folder`` they are kept."""
    facts = report.machine()
    workload = make_workload()
    embedder = load_embedder(scratch_config(Path("unused")))
    count = min(EMBEDDED, max(sizes))
    report.say(f"{workload.source}; embedding {count:,} documents")
    real = embed_documents(workload, embedder, count)
    del embedder
    figures = []
    with contextlib.ExitStack() as stack:
        kept = folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="speed-")))
        for size in sizes:
            built = build(kept / f"store-{size}", workload, size, VectorSource(real))
            figures.append(measure(built, workload, kept / "scratch"))
    return {
        "machine": facts | {"load_average_at_the_end": report.machine()["load_average"]},
        "workload": {"source": workload.source, "real_vectors": count},
        "sizes": figures,
    }


def checks(figures: Sequence[Mapping[str, Any]]) -> list[report.Check]:
    """The figures that are asked for, over the sizes that were measured."""
    found = []
    for entry in figures:
        size, best = entry["memories"], entry["recall"]["best"]
        if size in RECALL_LIMITS:
            limit, aim = RECALL_LIMITS[size]
            name = f"recall p50 at {size:,} (aim {aim:g})"
            found.append(report.Check(name, best["recall"]["p50"], limit, True, "ms"))
            name = f"recall / floors at {size:,}"
            found.append(report.Check(name, best["ratio"], FLOOR_RATIO, True))
        differing = float(entry["recall"]["explained in another order"])
        found.append(report.Check(f"explained in another order at {size:,}", differing, 0.0, True))
        single = entry["store"]["single"]["best"]["p50"]
        batch = entry["store"]["batch_per_second"]["best"]
        found.append(
            report.Check(f"single store p50 at {size:,}", single, SINGLE_STORE_MS, True, "ms")
        )
        found.append(report.Check(f"batch store at {size:,}", batch, BATCH_PER_SECOND, unit="/s"))
        found.append(
            report.Check(
                f"memoryoss recall, cold shell, at {size:,}",
                entry["shell"]["p50"],
                SHELL_MS,
                True,
                "ms",
            )
        )
    by_size = {entry["memories"]: entry for entry in figures}
    if 1_000 in by_size and 100_000 in by_size:
        small, large = by_size[1_000]["store"], by_size[100_000]["store"]
        growth = large["single"]["best"]["p50"] / small["single"]["best"]["p50"]
        found.append(report.Check("single store, 100k over 1k", growth, DEGRADATION, True))
        slower = large["review"]["best"]["p50"] / small["review"]["best"]["p50"]
        found.append(report.Check("review, 100k over 1k", slower, DEGRADATION, True))
        loss = small["batch_per_second"]["best"] / large["batch_per_second"]["best"]
        found.append(report.Check("batch store, 1k over 100k", loss, DEGRADATION, True))
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the lane; 0 if every figure that is asked for was reached."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=__doc__)
    parser.add_argument("--folder", type=Path, help="build the stores here and keep them")
    parser.add_argument("--json", type=Path, help="write the figures")
    options = parser.parse_args(arguments)
    document = run(SIZES, options.folder)
    required = checks(document["sizes"])
    report.say("\n" + report.verdict(required))
    if options.json:
        document |= {"lane": "speed", "required": [check.as_json() for check in required]}
        report.write_json(options.json, document)
    return 0 if all(check.passed for check in required) else 1


if __name__ == "__main__":
    sys.exit(main())
