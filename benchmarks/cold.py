# SPDX-License-Identifier: AGPL-3.0-only
"""The first recall of a new process: ``python -m benchmarks.cold FOLDER NAMESPACE QUERY``.

Prints one JSON object: milliseconds since the process was started (by the clock of the system, told
in ``BENCH_STARTED``) until each step was done, and resident memory after it. The speed lane starts
it; it imports nothing but the product, so that its memory is the product's.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

STARTED_VARIABLE = "BENCH_STARTED"


def resident_mib() -> float | None:
    """Resident memory of this process, where the system tells it in /proc."""
    status = Path("/proc/self/status")
    if not status.is_file():
        return None
    for line in status.read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return round(int(line.split()[1]) / 1024, 1)
    return None


def main() -> None:
    """Open, recall, recall again."""
    started = float(os.environ[STARTED_VARIABLE])
    folder, namespace, text = sys.argv[1:]
    steps: dict[str, float | None] = {}

    def mark(step: str) -> None:
        steps[f"{step}_ms"] = (time.time() - started) * 1000
        steps[f"{step}_mib"] = resident_mib()

    from benchmarks.scratch import scratch_config
    from memoryoss_mcp.recall.query import RecallQuery
    from memoryoss_mcp.runtime import Runtime

    mark("imported")
    with Runtime.open(scratch_config(Path(folder))) as runtime:
        mark("opened")
        runtime.recall(RecallQuery(text, namespace))
        mark("first_recall")
        runtime.recall(RecallQuery(text[::-1], namespace))
        mark("second_recall")
    sys.stdout.write(json.dumps(steps) + "\n")


if __name__ == "__main__":
    main()
