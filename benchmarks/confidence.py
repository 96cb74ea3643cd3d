# SPDX-License-Identifier: AGPL-3.0-only
"""What the gate's confidence is fitted on: ``python -m benchmarks.confidence [--set NAME ...]``.

Stores are drawn from all development sets and asked (``benchmarks.drawing``); the features are
those that the gate itself gives. A logistic regression is fitted on all families of sets but one
and judged on that one, then on all of them: its weights are to be ``gate.WEIGHTS``.

Every family weighs the same and in it every kind of store, questions with an answer a little less
than those without. Left out are questions whose answer was not among the first ten (nothing is
gained by passing them) and, of the fit only, traps: no feature tells them.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from benchmarks import measures, report
from benchmarks.datasets import SETS
from benchmarks.drawing import FEW, SIZES, SMALL, WHOLE, Judged, draw
from memoryoss_mcp.recall import gate

if TYPE_CHECKING:
    from numpy.typing import NDArray

UNRELATED_SHARE: Final[Mapping[str, float]] = {WHOLE: 1 / 3, SMALL: 1 / 2, FEW: 2 / 3}
"""Of the questions without an answer, those about something else; more the less a store holds."""
ANSWERED_SHARE: Final = 0.45
"""Of all questions, those with an answer. Both are chosen, not fitted: they set where the default
threshold stands between passing too much and too little."""
RIDGE: Final = 0.01

MODELS: Final[Mapping[str, tuple[str, ...]]] = {
    "top": ("top",),
    "top, margin": ("top", "margin"),
    "top, margin, chance": tuple(gate.WEIGHTS),
}


@dataclass(frozen=True, slots=True)
class Model:
    """A logistic regression over some features by name."""

    weights: Mapping[str, float]
    bias: float

    def confidence(self, judged: Judged) -> float:
        """Its estimate for one question; nothing found is certain to answer nothing."""
        if not judged.features:
            return 0.0
        total = self.bias + sum(w * judged.features[name] for name, w in self.weights.items())
        return 1.0 / (1.0 + math.exp(-total))


def fit(rows: Sequence[Judged], names: Sequence[str]) -> Model:
    """Fit by Newton's method, with a ridge of ``RIDGE`` on the standardised features."""
    rows = [row for row in rows if row.fitted and row.features]
    values = np.array([[row.features[name] for name in names] for row in rows])
    right = np.array([float(row.answerable) for row in rows])
    shares = balanced(rows)
    mean, deviation = values.mean(axis=0), values.std(axis=0) + 1e-9
    inputs = np.column_stack(((values - mean) / deviation, np.ones(len(rows))))
    ridge = RIDGE * np.append(np.ones(len(names)), 0.0)
    solution = np.zeros(len(names) + 1)
    for _ in range(30):
        guess = 1.0 / (1.0 + np.exp(-np.clip(inputs @ solution, -30, 30)))
        slope = inputs.T @ (shares * (right - guess)) - ridge * solution
        curve = (inputs * (shares * guess * (1 - guess))[:, None]).T @ inputs + np.diag(ridge)
        solution += np.linalg.solve(curve, slope)
    weights = solution[:-1] / deviation
    return Model(
        dict(zip(names, weights.tolist(), strict=True)), float(solution[-1] - weights @ mean)
    )


def balanced(rows: Sequence[Judged]) -> NDArray[np.float64]:
    """How much each question weighs; all together 1."""
    groups = Counter(map(_group, rows))
    shares = np.array([_part(row) / groups[_group(row)] for row in rows])
    for name in {row.family for row in rows}:
        for side in (True, False):
            chosen = np.array([(row.family, row.answerable) == (name, side) for row in rows])
            if chosen.any():
                shares[chosen] *= (ANSWERED_SHARE if side else 1 - ANSWERED_SHARE) / shares[
                    chosen
                ].sum()
    total: NDArray[np.float64] = shares / shares.sum()
    return total


def _part(row: Judged) -> float:
    if row.answerable:
        return 1.0
    unrelated = UNRELATED_SHARE[row.kind]
    return unrelated if row.unrelated else 1 - unrelated


def _group(row: Judged) -> tuple[str, str, bool, bool]:
    return row.family, row.kind, row.answerable, row.unrelated


# --- from questions to figures


def summary(rows: Sequence[Judged]) -> dict[str, Any]:
    """The fitted weights, areas under the ROC curve with every family left out once, and what the
    gate as it is passes and rejects."""
    usable = [row for row in rows if row.usable]
    document: dict[str, Any] = {"questions": len(rows), "models": {}}
    for label, names in MODELS.items():
        model = fit(rows, names)
        document["models"][label] = {
            "weights": dict(model.weights),
            "bias": model.bias,
            "areas left out": areas(usable, left_out(rows, names)),
        }
    document["shipped"] = {
        "weights": dict(gate.WEIGHTS),
        "bias": gate.BIAS,
        "areas": areas(usable, lambda row: row.confidence),
        "decisions": decisions(usable),
    }
    return document


def left_out(rows: Sequence[Judged], names: Sequence[str]) -> Callable[[Judged], float]:
    """For each question the estimate of a model that saw nothing of its family."""
    families = {row.family for row in rows}
    models = {
        name: fit([row for row in rows if row.family != name], names)
        for name in (families if len(families) > 1 else ())
    }
    return lambda row: models[row.family].confidence(row) if models else math.nan


def areas(rows: Sequence[Judged], confidence: Callable[[Judged], float]) -> dict[str, float]:
    """Area under the ROC curve by kind of store, mean over the families; against questions about
    the same subject (without traps) and against those about something else."""
    found: dict[str, float] = {}
    for kind in (WHOLE, *SIZES):
        for unrelated, label in ((False, kind), (True, f"{kind}, something else")):
            each = []
            for name in sorted({row.family for row in rows}):
                own = [row for row in rows if (row.family, row.kind) == (name, kind) and row.fitted]
                with_answer = [confidence(row) for row in own if row.answerable]
                without = [
                    confidence(row)
                    for row in own
                    if not row.answerable and row.unrelated == unrelated
                ]
                each.append(measures.roc_auc(with_answer, without))
            found[label] = measures.mean(area for area in each if not math.isnan(area))
    return found


def decisions(rows: Sequence[Judged]) -> dict[str, dict[str, float]]:
    """Share passed of what has its answer, and rejected of what has none, by family and store."""
    stores: list[tuple[str, str, int | None]] = [(WHOLE, WHOLE, None), (SMALL, SMALL, None)]
    stores += [(FEW, f"{FEW} ({size})", size) for size in SIZES[FEW]]
    found = {}
    for name in sorted({row.family for row in rows}):
        for kind, label, size in stores:
            own = [
                row
                for row in rows
                if (row.family, row.kind) == (name, kind) and size in (None, row.size)
            ]
            if own:
                found[f"{name}, {label}"] = {
                    "questions": len(own),
                    "passed": measures.mean(float(r.injected) for r in own if r.answerable),
                    "rejected": measures.mean(
                        float(not r.injected) for r in own if not r.answerable and not r.unrelated
                    ),
                    "rejected, something else": measures.mean(
                        float(not r.injected) for r in own if r.unrelated
                    ),
                }
    return found


# --- the command


def show(document: Mapping[str, Any]) -> None:
    """Print weights, areas and decisions."""
    shipped = document["shipped"]
    models = {
        label: {**model, "areas": model["areas left out"]}
        for label, model in document["models"].items()
    } | {"as shipped, none left out": shipped}
    kinds = list(shipped["areas"])
    report.say(
        report.table(
            ("area under the ROC curve, family left out", *kinds),
            [[label, *(model["areas"][kind] for kind in kinds)] for label, model in models.items()],
        )
    )
    for label, model in models.items():
        weights = ", ".join(f"{name} {weight:.3f}" for name, weight in model["weights"].items())
        report.say(f"{label}: weights {weights}, bias {model['bias']:.3f}")
    rows = [[label, *figures.values()] for label, figures in shipped["decisions"].items()]
    columns = ("questions", "passed", "rejected", "rejected, something else")
    report.say("\n" + report.table(("the gate as shipped", *columns), rows))


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw, fit and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.confidence", description=__doc__)
    parser.add_argument("--set", action="append", choices=SETS, help="only this set (repeatable)")
    parser.add_argument("--json", type=Path, help="write the figures")
    options = parser.parse_args(arguments)
    facts = report.machine()
    rows = [row for name in options.set or SETS for row in draw(name)]
    document = summary(rows)
    show(document)
    if options.json:
        report.write_json(options.json, {"lane": "confidence", "machine": facts, **document})
    return 0


if __name__ == "__main__":
    sys.exit(main())
