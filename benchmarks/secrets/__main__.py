# SPDX-License-Identifier: AGPL-3.0-only
"""``python -m benchmarks.secrets``: secrets made for this run, in the texts they are met in; texts
without any; and the development sets, where nearly nothing may be touched.

A secret counts as redacted when no part of it is left but the prefix that its vendor published. The
package ``redact-secret`` is measured beside it if it is installed.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from random import Random
from statistics import median
from typing import Any, Final

from benchmarks import report
from benchmarks.datasets import SETS, DataMissingError, load_set
from benchmarks.secrets import carriers, making
from benchmarks.secrets.clean import clean_texts
from memoryoss_mcp.screen.secrets import Secret, find, redact

LEAST_LEFT: Final = 6
"""So many characters of a secret that are left in a row are a leak (of a shorter one: all)."""

OTHER: Final = "redact-secret"


@dataclass(frozen=True, slots=True)
class Sample:
    """A text with one secret; ``start`` and ``end`` are its place."""

    group: str
    kind: str
    text: str
    start: int
    end: int

    @property
    def secret(self) -> str:
        """The secret."""
        return self.text[self.start : self.end]


def samples(seed: int, rounds: int = 1) -> Iterator[Sample]:
    """Every kind of secret in every text that it may stand in."""
    choose = Random(seed)
    for _ in range(rounds):
        for kind, make in making.VENDORS.items():
            frame = carriers.WEBHOOKS.get(kind, "{}")
            for carrier in carriers.ANYWHERE:
                yield _sample("vendors", kind, carrier, make(choose), frame)
        for kind, make in making.BLOCKS.items():
            for carrier in carriers.ANYWHERE:
                yield _sample("blocks", kind, carrier, make(choose), "{}")
        for kind, make in making.PASSWORDS.items():
            for carrier in carriers.PASSWORDS:
                yield _sample("passwords", kind, carrier, make(choose), "{}")
            for carrier in carriers.ADDRESSES:
                yield _sample("addresses", kind, carrier, make(choose), "{}")
        for kind, make in making.TOKENS.items():
            for carrier in carriers.TOKENS:
                yield _sample("tokens", kind, carrier, make(choose), "{}")


def _sample(group: str, kind: str, carrier: str, secret: str, frame: str) -> Sample:
    before, _, after = carrier.format("\0").partition("\0")
    lead, _, tail = frame.partition("{}")
    before, after = before + lead, tail + after
    return Sample(group, kind, before + secret + after, len(before), len(before) + len(secret))


def leaks(sample: Sample, output: str) -> bool:
    """Whether a part of the secret is left in the output."""
    secret = sample.secret
    size = min(LEAST_LEFT, len(secret))
    if len(secret) > 2 * _PREFIX:
        secret = secret[_PREFIX:]
    carrier = sample.text[: sample.start] + "\0" + sample.text[sample.end :]
    pieces = (secret[place : place + size] for place in range(len(secret) - size + 1))
    return any(piece in output and piece not in carrier for piece in pieces)


_PREFIX: Final = 20
"""Characters that published prefixes have at the most."""


def touched(texts: Sequence[tuple[str, str]]) -> list[tuple[str, str, tuple[Secret, ...]]]:
    """Ids, texts and findings of those in which something is found."""
    found = ((name, text, find(text)) for name, text in texts)
    return [(name, text, secrets) for name, text, secrets in found if secrets]


def development_texts() -> tuple[list[tuple[str, str]], str | None]:
    """Ids and texts of the development sets, and why there are none."""
    texts = []
    for name in SETS:
        try:
            haystacks = load_set(name)
        except DataMissingError as error:
            return [], str(error)
        for haystack in haystacks:
            own = [question.own for question in haystack.questions if question.own]
            texts += [
                (f"{name}/{haystack.name}/{document.id}", document.text)
                for document in (*haystack.documents, *own)
            ]
    return texts, None


def other_redactor() -> Callable[[str], str] | None:
    """The function of the package that is measured beside ours."""
    if find_spec("redact_secret") is None:
        return None
    module: Any = import_module("redact_secret")
    return lambda text: str(module.scan_and_redact(text).text)


def milliseconds(texts: Sequence[str], rounds: int = 5) -> float:
    """Processor time: the median over texts of the best of a text."""
    best = []
    for text in texts:
        times = []
        for _ in range(rounds):
            begin = time.thread_time()
            redact(text)
            times.append(time.thread_time() - begin)
        best.append(min(times) * 1e3)
    return median(best)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the lane; exit code 1 if a figure falls short."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.secrets")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=3, help="secrets for each kind and text")
    parser.add_argument("--show", action="store_true", help="list what went wrong")
    options = parser.parse_args(arguments)
    document: dict[str, Any] = {"machine": report.machine(), "seed": options.seed}
    checks = [
        *_recall(options.seed, options.rounds, document, show=options.show),
        *_clean(options.seed, document, show=options.show),
        *_times(document),
    ]
    report.say("\n" + report.verdict(checks))
    document["checks"] = [check.as_json() for check in checks]
    report.write_json(report.RESULTS / "secrets.json", document)
    return 0 if all(check.passed for check in checks) else 1


def _recall(seed: int, rounds: int, document: dict[str, Any], *, show: bool) -> list[report.Check]:
    other = other_redactor()
    kinds: dict[tuple[str, str], list[int]] = {}
    right = wrong = 0
    excess = []
    for sample in samples(seed, rounds):
        redacted = redact(sample.text)
        leaked = leaks(sample, redacted.text)
        count = kinds.setdefault((sample.group, sample.kind), [0, 0, 0])
        count[0] += 1
        count[1] += not leaked
        count[2] += other is not None and not leaks(sample, other(sample.text))
        for secret in redacted.found:
            if secret.start < sample.end and secret.end > sample.start:
                right += 1
                whole = max(secret.end, sample.end) - min(secret.start, sample.start)
                excess.append(whole - (sample.end - sample.start))
            else:
                wrong += 1
                if show:
                    report.say(f"too much ({secret.kind}): {sample.text!r}")
        if leaked and show:
            report.say(f"missed ({sample.group}, {sample.kind}): {sample.text!r}")
    rows = [
        (f"{group}: {kind}", count[0], count[1] / count[0], count[2] / count[0] if other else None)
        for (group, kind), count in kinds.items()
    ]
    report.say(report.table(("kind", "texts", "recall", OTHER), rows))
    groups = {group: [0, 0, 0] for group, _ in kinds}
    for (group, _), count in kinds.items():
        groups[group] = [sum(pair) for pair in zip(groups[group], count, strict=True)]
    precision = right / (right + wrong) if right + wrong else 0.0
    exact = sum(not more for more in excess) / len(excess)
    report.say(f"\nprecision {precision:.4f}; exact spans {exact:.3f}")
    document["recall"] = {
        f"{group}: {kind}": {"texts": count[0], "recall": count[1] / count[0]}
        | ({OTHER: count[2] / count[0]} if other else {})
        for (group, kind), count in kinds.items()
    }
    document["precision"], document["exact spans"] = precision, exact
    floors = {"vendors": 0.98, "blocks": 0.98, "passwords": 0.95, "addresses": 0.95, "tokens": 0.95}
    return [
        *(
            report.Check(f"recall, {group} ({count[0]} texts)", count[1] / count[0], floors[group])
            for group, count in groups.items()
        ),
        report.Check("precision", precision, 0.99),
    ]


def _clean(seed: int, document: dict[str, Any], *, show: bool) -> list[report.Check]:
    own = clean_texts(seed)
    sets, missing = development_texts()
    checks = []
    document["clean"] = {}
    for name, texts in (("own look-alikes", own), ("development sets", sets)):
        if not texts:
            report.say(f"{name}: left out, {missing}")
            continue
        found = touched(texts)
        share = len(found) / len(texts)
        report.say(f"{name}: {len(found)} of {len(texts)} touched, {1000 * share:.2f} per 1,000")
        if show:
            for place, text, secrets in found:
                for secret in secrets:
                    around = text[max(0, secret.start - 60) : secret.end + 30]
                    report.say(f"touched ({secret.kind}): {place}: {around!r}")
        document["clean"][name] = {
            "texts": len(texts),
            "per 1,000": 1000 * share,
            "touched": [place for place, _, _ in found],
        }
        checks.append(report.Check(f"share touched, {name}", share, 0.001, ceiling=True))
    return checks


def _times(document: dict[str, Any]) -> list[report.Check]:
    checks = []
    for name, texts in (
        ("development sets", development_texts()[0]),
        ("look-alikes", clean_texts()),
    ):
        words = " ".join(text for _, text in texts)
        source = words * (20 * 32_768 // len(words) + 1) if words else ""
        for size, bound in ((500, 0.3), (32_768, 5.0)):
            parts = [source[start : start + size] for start in range(0, 20 * size, size)]
            measured = milliseconds(parts) if source else math.nan
            document[f"milliseconds, {size} characters of {name}"] = measured
            if name == "look-alikes":
                # Every sentence of these is about secrets: the worst that honest text can be.
                report.say(f"{size} characters of {name}: {measured:.2f} ms")
            elif source:
                label = f"time, {size} characters of {name}"
                checks.append(report.Check(label, measured, bound, ceiling=True, unit="ms"))
    return checks


if __name__ == "__main__":
    sys.exit(main())
