# SPDX-License-Identifier: AGPL-3.0-only
"""How fast consolidation is, and whether it merges what it should: ``python -m
benchmarks.consolidation [--size N]``.

A namespace of ``size`` memories, of which a tenth are copies of others in form only (an article, a
full stop, capitals) and as many differ from another in one number. The former have to be merged,
the latter must not be.
"""

from __future__ import annotations

import argparse
import random
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from benchmarks import report
from benchmarks.scratch import scratch_config
from benchmarks.workload import make_workload
from memoryoss_mcp.model import Draft, new_id
from memoryoss_mcp.runtime import Runtime

SIZE: Final = 20_000
LIMIT_S: Final = 60.0
NAMESPACE: Final = "consolidation"
_SEED: Final = 7


def make_texts(size: int) -> tuple[list[str], dict[int, int]]:
    """Texts in random order, and which of them (by place) are copies of which other."""
    chosen = random.Random(_SEED)
    plain = [f"Note {n}: {text[:240]}" for n, text in enumerate(make_workload().documents(size))]
    share = size // 10
    base = plain[: size - 2 * share]
    copies = {size - 2 * share + n: n for n in range(share)}
    texts = base + [_another_form(base[n], chosen) for n in range(share)]
    texts += [f"Job {n} keeps {n % 97} files of user {n // 7}." for n in range(share)]
    return texts, copies


def _another_form(text: str, chosen: random.Random) -> str:
    return chosen.choice((text.rstrip(".") + ".", text.replace("Note", "The note"), text + "!"))


def main() -> int:
    """Run the lane; exit code 1 if a figure falls short."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=SIZE)
    size = parser.parse_args().size
    texts, copies = make_texts(size)
    with (
        tempfile.TemporaryDirectory(prefix="memoryoss-") as folder,
        Runtime.open(scratch_config(Path(folder) / "data")) as runtime,
    ):
        drafts = [Draft(text, NAMESPACE, id=new_id()) for text in texts]
        stored = runtime.store_many(drafts, progress=_told)
        places = {receipt.id: place for place, receipt in enumerate(stored)}
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        start = time.perf_counter()
        planned = runtime.consolidate(NAMESPACE, max_clusters=size, dry_run=True)
        dry = time.perf_counter() - start
        start = time.perf_counter()
        done = runtime.consolidate(NAMESPACE, max_clusters=size)
        real = time.perf_counter() - start
        extra = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        healthy = runtime.doctor().healthy
    found, wrong = 0, []
    for cluster in done.clusters:
        members = {places[cluster.kept.id], *(places[memory.id] for memory in cluster.merged)}
        roots = {copies.get(place, place) for place in members}
        if len(roots) == 1:
            found += len(members) - 1
        else:
            wrong.append([texts[place] for place in sorted(members)])
    document: dict[str, Any] = {
        "machine": report.machine(),
        "size": size,
        "copies": len(copies),
        "found": found,
        "other mergers": wrong[:20],
        "clusters": len(done.clusters),
        "planned": len(planned.clusters),
        "dry run, s": report.plain(dry),
        "run, s": report.plain(real),
        "extra memory, MiB": extra // 1024,
        "healthy": healthy,
    }
    checks = [
        report.Check("dry run", dry, LIMIT_S, ceiling=True, unit="s"),
        report.Check("run", real, LIMIT_S, ceiling=True, unit="s"),
        report.Check("copies that were merged", found / len(copies), 0.9),
    ]
    for name, value in document.items():
        report.say(f"{name}: {value}")
    report.say("\n" + report.verdict(checks))
    document["checks"] = [check.as_json() for check in checks]
    report.write_json(report.RESULTS / "consolidation.json", document)
    return 0 if all(check.passed for check in checks) and healthy else 1


def _told(step: str, done: int, total: int) -> None:
    if done % 2_048 == 0:
        report.say(f"{step} {done} of {total}")


if __name__ == "__main__":
    sys.exit(main())
