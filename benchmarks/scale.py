# SPDX-License-Identifier: AGPL-3.0-only
"""How figures grow with the store: ``python -m benchmarks.scale [--sizes 1000,10000,...]``.

With ``--folder`` the stores are built there once and used again by later runs; a million memories
take minutes to build.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks import report
from benchmarks.speed import RECALL_LIMITS, checks, run

UNKNOWN: Final = (float("nan"), float("nan"))
SIZES: Final = "1000,10000,100000,1000000"


def plots(folder: Path, figures: Sequence[dict[str, Any]]) -> None:
    """Recall, storing, and what the store takes, over its size."""
    sizes = [entry["memories"] for entry in figures]
    best = [entry["recall"]["best"] for entry in figures]
    report.plot_lines(
        folder / "scale-recall.png",
        "Whole recall, warm, through the library",
        sizes,
        {
            "recall p50": [entry["recall"]["p50"] for entry in best],
            "recall p95": [entry["recall"]["p95"] for entry in best],
            "floor: embed + scan + lexical": [entry["floor_p50"] for entry in best],
            "floor: embed": [entry["embed"]["p50"] for entry in best],
            "floor: sign scan": [entry["scan"]["p50"] for entry in best],
            "floor: lexical": [entry["lexical"]["p50"] for entry in best],
        },
        "milliseconds",
        {
            "required": [RECALL_LIMITS.get(size, UNKNOWN)[0] for size in sizes],
            "aim": [RECALL_LIMITS.get(size, UNKNOWN)[1] for size in sizes],
        },
    )
    report.plot_lines(
        folder / "scale-parts.png",
        "Parts of a recall",
        sizes,
        {
            step: [entry["recall"]["parts"][step]["p50"] for entry in figures]
            for step in figures[0]["recall"]["parts"]
        },
        "milliseconds, p50",
    )
    report.plot_lines(
        folder / "scale-store.png",
        "Storing, embedding included",
        sizes,
        {
            "durable single store p50 (ms)": [
                entry["store"]["single"]["best"]["p50"] for entry in figures
            ],
            "durable single store p95 (ms)": [
                entry["store"]["single"]["best"]["p95"] for entry in figures
            ],
            "batch (memories/s)": [entry["store"]["batch_per_second"]["best"] for entry in figures],
        },
        "ms, memories/s",
    )
    report.plot_lines(
        folder / "scale-size.png",
        "File, memory, start",
        sizes,
        {
            "file (MB)": [entry["file_bytes"] / 1e6 for entry in figures],
            "resident after two recalls (MiB)": [
                entry["cold"].get("second_recall_mib", float("nan")) for entry in figures
            ],
            "first recall of a new process (ms)": [
                entry["cold"]["first_recall_ms"] for entry in figures
            ],
            "memoryoss recall from a shell (ms)": [entry["shell"]["p50"] for entry in figures],
        },
        "MB, MiB, ms",
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the lane; 0 if every figure that is asked for was reached."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__)
    parser.add_argument("--sizes", default=SIZES, help=f"store sizes (default {SIZES})")
    parser.add_argument("--folder", type=Path, help="build the stores here and keep them")
    parser.add_argument("--json", type=Path, help="write the figures (and plots beside it)")
    options = parser.parse_args(arguments)
    document = run([int(size) for size in options.sizes.split(",")], options.folder)
    required = checks(document["sizes"])
    report.say("\n" + report.verdict(required))
    if options.json:
        document |= {"lane": "scale", "required": [check.as_json() for check in required]}
        report.write_json(options.json, document)
        plots(options.json.parent, document["sizes"])
    return 0 if all(check.passed for check in required) else 1


if __name__ == "__main__":
    sys.exit(main())
