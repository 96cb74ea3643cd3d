# SPDX-License-Identifier: AGPL-3.0-only
"""Is anything lost when processes are killed, write at once, or meet a bad disk?

``python -m benchmarks.faults``; each part also alone, with ``--only``.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks import report
from benchmarks.faults import crowd, custody, damage, disk, kills, traces
from benchmarks.measures import percentile
from benchmarks.report import Check, say

P99_MS: Final = 2_000.0
"""What the slowest of a hundred calls may take when eight processes write at once."""

SHOWN: Final = 10
"""Problems of a part that are printed; all are in the JSON."""


@dataclass(frozen=True, slots=True)
class Options:
    """How much of everything."""

    kills: int
    seconds: float
    processes: int
    flips: int
    memories: int
    seed: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a part measured, what is asked of it, a table of it, and what went wrong."""

    figures: Mapping[str, Any]
    checks: Sequence[Check]
    rows: Sequence[tuple[Any, ...]]
    problems: Sequence[str] = ()


def _none(name: str, count: float) -> Check:
    return Check(name, float(count), 0.0, ceiling=True)


def run_kills(folder: Path, options: Options) -> Outcome:
    """The kill -9 matrix."""
    found = kills.run(folder, options.kills, seed=options.seed, report=say)
    rows: list[tuple[Any, ...]] = sorted(found.cycles.items())
    rows += [
        ("acknowledged changes", found.acknowledged),
        *((f"under way: {verb}", count) for verb, count in sorted(found.under_way.items())),
        ("files of a killed first start left behind", found.drafts),
        ("seconds a cycle", found.seconds / max(1, options.kills)),
    ]
    checks = [
        Check("kill cycles", float(sum(found.cycles.values())), float(options.kills)),
        _none("broken promises after kill -9", len(found.problems)),
        _none("snapshots in place that are not whole", len(found.snapshots)),
    ]
    return Outcome(vars(found), checks, rows, [*found.problems, *found.snapshots])


def run_crowd(folder: Path, options: Options) -> Outcome:
    """Several processes at once."""
    found = crowd.run(folder, options.processes, options.seconds, report=say)
    times = {
        verb: {
            "calls": len(taken),
            "p50_ms": percentile(taken, 0.5),
            "p99_ms": percentile(taken, 0.99),
            "max_ms": max(taken),
        }
        for verb, taken in found.milliseconds.items()
    }
    rows = [
        (f"{verb}: {time['calls']} calls, p50 / p99 / max ms",
         f"{time['p50_ms']:.1f} / {time['p99_ms']:.1f} / {time['max_ms']:.1f}")
        for verb, time in sorted(times.items())
    ]  # fmt: skip
    rows += [
        ("memories in the end", str(found.memories)),
        ("changes refused for another's", str(found.refused)),
        ("receipts that say that bytes are left", str(found.unclean)),
    ]
    among = f"among {options.processes} processes"
    checks = [
        _none("lock or other errors that reached a caller", sum(found.errors.values())),
        _none(f"broken promises {among}", len(found.problems)),
        *(
            Check(f"{verb} {among}, p99", time["p99_ms"], P99_MS, ceiling=True, unit="ms")
            for verb, time in sorted(times.items())
        ),
    ]
    figures = vars(found) | {"milliseconds": times, "processes": options.processes}
    return Outcome(figures, checks, rows, found.problems)


def run_disk(folder: Path, options: Options) -> Outcome:
    """No room and no permission."""
    filled = [disk.full(folder / way.replace(" ", "-"), way) for way in disk.ways()]
    locked = [disk.forbidden(folder / "locked")] if disk.permissions_matter() else []
    rows = [
        (f"{found.way}: {name}", code)
        for found in (*filled, *locked)
        for name, code in found.codes.items()
    ]
    problems = [f"{found.way}: {p}" for found in (*filled, *locked) for p in found.problems]
    checks = [
        _none("broken promises on a full disk", sum(len(f.problems) for f in filled)),
        _none("broken promises without permission", sum(len(f.problems) for f in locked)),
    ]
    figures = {"full": [vars(f) for f in filled], "forbidden": [vars(f) for f in locked]}
    return Outcome(figures, checks, rows, problems)


def run_damage(folder: Path, options: Options) -> Outcome:
    """Flipped bytes and cut ends."""
    found = damage.run(folder, options.flips, seed=options.seed, report=say)
    rows: list[tuple[Any, ...]] = sorted(found.outcomes.items())
    rows += [(f"code {code}", count) for code, count in sorted(found.codes.items())]
    rows.append(("memories hidden, and only the doctor says so", len(found.lists_short)))
    checks = [
        _none("crashes on damaged files", len(found.crashes)),
        _none("wrong answers from damaged files", len(found.problems)),
        _none("repairs that left undamaged memories behind", len(found.unsaved)),
    ]
    return Outcome(vars(found), checks, rows, [*found.crashes, *found.problems, *found.unsaved])


def run_residue(folder: Path, options: Options) -> Outcome:
    """Bytes of forgotten memories."""
    found = traces.residue(folder, options.memories, seed=options.seed, report=say)
    rows: list[tuple[Any, ...]] = [("pieces searched for", found.searched), *found.hits.items()]
    rows.append(("receipts that say that bytes are left", found.unclean))
    checks = [
        _none("residue bytes after forget", found.bytes),
        _none("broken promises about residue", len(found.problems)),
    ]
    return Outcome(vars(found), checks, rows, found.problems)


def run_custody(folder: Path, options: Options) -> Outcome:
    """Bytes of sealed memories."""
    cycles = max(4, options.kills // 20)
    found = custody.custody(folder / "data", 1_000, cycles, seed=options.seed, report=say)
    rows: list[tuple[Any, ...]] = [
        ("pieces searched for", found.searched),
        ("searches of all files", found.scans),
        ("rotations killed", found.kills),
        ("of them under way", found.kills_under_way),
        *found.hits.items(),
    ]
    checks = [
        _none("pieces of sealed memories in clear", sum(found.hits.values())),
        _none("broken promises about sealed memories", len(found.problems)),
    ]
    return Outcome(vars(found), checks, rows, found.problems)


def run_offline(folder: Path, options: Options) -> Outcome:
    """No network."""
    found = traces.offline(folder)
    checks = [_none("what fails without a network", len(found.problems))]
    return Outcome(vars(found), checks, [("how", found.way)], found.problems)


PARTS: Final[dict[str, Callable[[Path, Options], Outcome]]] = {
    "kills": run_kills,
    "crowd": run_crowd,
    "disk": run_disk,
    "damage": run_damage,
    "residue": run_residue,
    "custody": run_custody,
    "offline": run_offline,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the lane; 0 if every figure that is asked for was reached."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faults", description=__doc__)
    parser.add_argument("--kills", type=int, default=1_000, help="kill -9 cycles")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long processes compete")
    parser.add_argument("--processes", type=int, default=8, help="how many compete")
    parser.add_argument("--flips", type=int, default=1_000, help="damaged copies")
    parser.add_argument("--memories", type=int, default=300, help="memories for the residue")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=PARTS, action="append", help="one part (repeatable)")
    parser.add_argument("--folder", type=Path, help="where the files are made (default: temporary)")
    parser.add_argument("--json", type=Path, help="write the figures")
    given = parser.parse_args(arguments)
    options = Options(
        given.kills, given.seconds, given.processes, given.flips, given.memories, given.seed
    )
    document: dict[str, Any] = {"machine": report.machine(), "options": asdict(options)}
    checks: list[Check] = []
    with tempfile.TemporaryDirectory(prefix="faults-", dir=given.folder) as name:
        for part in given.only or PARTS:
            started = time.perf_counter()
            folder = Path(name) / part
            folder.mkdir()
            outcome = PARTS[part](folder, options)
            seconds = time.perf_counter() - started
            say("\n" + report.table((f"{part}, {seconds:.1f} s", ""), outcome.rows))
            for problem in outcome.problems[:SHOWN]:
                say(f"  ! {problem}")
            if len(outcome.problems) > SHOWN:
                say(f"  ! and {len(outcome.problems) - SHOWN} more")
            say()
            checks += outcome.checks
            document[part] = dict(outcome.figures) | {"seconds": seconds}
    say(report.verdict(checks))
    if given.json:
        document |= {"lane": "faults", "required": [check.as_json() for check in checks]}
        report.write_json(given.json, document)
        if "crowd" in document:
            _plot(given.json.with_suffix(".png"), document["crowd"])
    return 0 if all(check.passed for check in checks) else 1


def _plot(path: Path, figures: Mapping[str, Any]) -> None:
    times = figures["milliseconds"]
    verbs = sorted(times)
    series = {
        label: [times[verb][key] for verb in verbs]
        for label, key in (("median", "p50_ms"), ("99 of 100 below", "p99_ms"))
    }
    title = f"{figures['processes']} processes on one file"
    report.plot_bars(path, title, verbs, series, "milliseconds a call")


if __name__ == "__main__":
    sys.exit(main())
