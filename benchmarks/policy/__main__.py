# SPDX-License-Identifier: AGPL-3.0-only
"""``python -m benchmarks.policy``: precision and recall of the risky actions that are found in
labelled requests, per class and per language, and what a request without one costs.

The requests were written for this lane, in two halves. The rules are made with an eye on
``development.jsonl``; ``held_out.jsonl`` was written before them and is measured only. Each line
has the language, the style (``chat`` or ``agent``), the text and the classes that it asks for.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks import report
from memoryoss_mcp.policy.actions import risky_actions
from memoryoss_mcp.policy.kinds import Kind

HERE: Final = Path(__file__).parent
HALVES: Final = ("development", "held_out")
LEAST_RECALL: Final = 0.9
LEAST_PRECISION: Final = 0.95
MOST_MS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Request:
    """One labelled request."""

    language: str
    style: str
    text: str
    labels: frozenset[str]


@dataclass(frozen=True, slots=True)
class Judged:
    """A request and the classes that were found in it."""

    request: Request
    found: frozenset[str]


@dataclass(frozen=True, slots=True)
class Counts:
    """Right, wrong and missed findings."""

    right: int
    wrong: int
    missed: int

    @property
    def precision(self) -> float:
        return self.right / (self.right + self.wrong) if self.right + self.wrong else float("nan")

    @property
    def recall(self) -> float:
        return self.right / (self.right + self.missed) if self.right + self.missed else float("nan")


def load(half: str) -> list[Request]:
    """The requests of one half."""
    lines = (HERE / f"{half}.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    return [Request(r["language"], r["style"], r["text"], frozenset(r["labels"])) for r in rows]


def judge(requests: Sequence[Request]) -> list[Judged]:
    """What is found in each request."""
    return [
        Judged(request, frozenset(action.kind.value for action in risky_actions(request.text)))
        for request in requests
    ]


def counts(judged: Sequence[Judged], kinds: Sequence[str]) -> Counts:
    """The findings of some classes."""
    pairs = [(kind in j.request.labels, kind in j.found) for j in judged for kind in kinds]
    return Counts(
        right=sum(asked and found for asked, found in pairs),
        wrong=sum(found and not asked for asked, found in pairs),
        missed=sum(asked and not found for asked, found in pairs),
    )


def milliseconds(requests: Sequence[Request], rounds: int = 20) -> float:
    """Mean time of a request in which nothing risky is found."""
    calm = [request.text for request in requests if not risky_actions(request.text)]
    start = time.perf_counter()
    for _ in range(rounds):
        for text in calm:
            risky_actions(text)
    return (time.perf_counter() - start) * 1000 / (rounds * len(calm))


def main() -> int:
    """Run the lane; exit code 1 if a figure falls short."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.policy")
    parser.add_argument("--half", choices=HALVES, help="only this half")
    parser.add_argument("--errors", action="store_true", help="show what was judged wrongly")
    options = parser.parse_args()
    kinds = [kind.value for kind in Kind]
    document: dict[str, Any] = {"machine": report.machine()}
    checks: list[report.Check] = []
    for half in [options.half] if options.half else HALVES:
        judged = judge(load(half))
        groups = [(kind, judged, [kind]) for kind in kinds]
        for language in sorted({j.request.language for j in judged}):
            groups.append((language, [j for j in judged if j.request.language == language], kinds))
        for style in ("chat", "agent"):
            groups.append((style, [j for j in judged if j.request.style == style], kinds))
        groups.append(("all", judged, kinds))
        rows = []
        for name, some, which in groups:
            c = counts(some, which)
            rows.append((name, c.right, c.wrong, c.missed, c.precision, c.recall))
        calm = [j for j in judged if not j.request.labels]
        stirred = sum(bool(j.found) for j in calm)
        report.say(f"\n{half}: {len(judged)} requests, {len(calm)} of them harmless")
        report.say(report.table(("", "right", "wrong", "missed", "precision", "recall"), rows))
        report.say(f"harmless requests with a finding: {stirred} of {len(calm)}")
        document[half] = {
            "requests": len(judged),
            "harmless": len(calm),
            "harmless with a finding": stirred,
            "groups": {
                name: dict(
                    zip(("right", "wrong", "missed", "precision", "recall"), row, strict=True)
                )
                for name, *row in rows
            },
        }
        if options.errors:
            for j in judged:
                if j.found != j.request.labels:
                    wanted, found = sorted(j.request.labels), sorted(j.found)
                    report.say(f"  {j.request.language} {wanted} found {found}: {j.request.text!r}")
        if half == "held_out":
            for kind in kinds:
                c = counts(judged, [kind])
                checks.append(report.Check(f"{kind}: precision", c.precision, LEAST_PRECISION))
                checks.append(report.Check(f"{kind}: recall", c.recall, LEAST_RECALL))
    cost = milliseconds(load("development"))
    checks.append(
        report.Check("a request without a finding", cost, MOST_MS, ceiling=True, unit="ms")
    )
    report.say("\n" + report.verdict(checks))
    if options.half is None:
        document["milliseconds without a finding"] = cost
        document["checks"] = [check.as_json() for check in checks]
        report.write_json(report.RESULTS / "policy.json", document)
    return 0 if all(check.passed for check in checks) else 1


if __name__ == "__main__":
    sys.exit(main())
