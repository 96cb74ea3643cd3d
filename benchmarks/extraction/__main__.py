# SPDX-License-Identifier: AGPL-3.0-only
"""``python -m benchmarks.extraction``: what is found in labelled conversations, by half and by
language, and in texts of other people.

The transcripts were written for this lane, the held-out half and the paraphrases before the
rules, and what was wrong in them was never looked up. But their author made the rules too and knew
them, so their figures flatter. Therefore also texts of others: of the development sets' statements,
questions and turns those at odd places; those at even places were read for the rules. With
``--provider`` a language model is asked instead; its key is in ``MEMORYOSS_EXTRACT_API_KEY``.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks import report
from benchmarks.extraction.transcripts import Transcript, count, load_transcripts, says
from memoryoss_proxy.extraction import (
    Exchange,
    ExtractionError,
    Extractor,
    Fact,
    LLMExtractor,
    LLMSettings,
    LocalHeuristic,
)

RECALL: Final = 0.8
PRECISION: Final = 0.85
SPECIFICITY: Final = 0.95
MILLISECONDS: Final = 5.0
LONG: Final = 2_000
"""Characters of the exchange that is timed."""
KEY: Final = "MEMORYOSS_EXTRACT_API_KEY"
HALVES: Final = ("development", "held_out", "paraphrase")
ATTACKS: Final = Path(__file__).parents[1] / "poison" / "attacks.jsonl"

Results = list[tuple[Transcript, Sequence[Fact]]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and 0 if the required figures were reached."""
    options = _options(arguments)
    extractor = _extractor(options)
    results, times, failed = _run(extractor, load_transcripts())
    document: dict[str, Any] = {"machine": report.machine(), "extractor": options.provider}
    document["figures"] = _figures(results)
    document["failed"] = failed
    if failed:
        report.say(f"{failed} transcripts got no answer; they count as without facts.")
    milliseconds = statistics.median(times) * 1e3
    report.say(f"\nmedian of a transcript: {milliseconds:.2f} ms")
    held = count((t, f) for t, f in results if t.half == "held_out")
    again = count((t, f) for t, f in results if t.half == "paraphrase")
    checks = [
        report.Check("held-out recall", held.recall, RECALL),
        report.Check("held-out precision", held.precision, PRECISION),
        report.Check("held-out specificity", held.specificity, SPECIFICITY),
        report.Check("paraphrase recall", again.recall, RECALL),
    ]
    if isinstance(extractor, LLMExtractor):
        usage = extractor.usage
        document["tokens"] = {"input": usage.input_tokens, "output": usage.output_tokens}
        report.say(f"tokens: {usage.input_tokens} in, {usage.output_tokens} out")
        extractor.close()
    else:
        long = _timed(extractor, _long_exchange(results))
        document["milliseconds of a long exchange"] = long
        checks.append(
            report.Check(f"{LONG:,} characters", long, MILLISECONDS, ceiling=True, unit="ms")
        )
        document["texts of others"] = _others(extractor)
    document["milliseconds"] = milliseconds
    if options.wrong:
        _show_wrong(results, options.wrong)
    report.say("\n" + report.verdict(checks))
    document["checks"] = [check.as_json() for check in checks]
    if options.json:
        report.write_json(options.json, document)
    return 0 if all(check.passed for check in checks) else 1


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.extraction")
    parser.add_argument("--provider", choices=("openai", "claude", "ollama"))
    parser.add_argument("--model", default="")
    parser.add_argument("--endpoint")
    parser.add_argument("--json", type=Path, help="write all figures to this file")
    parser.add_argument("--wrong", choices=HALVES, help="show what is wrong in this half")
    return parser.parse_args(arguments)


def _extractor(options: argparse.Namespace) -> Extractor:
    if options.provider is None:
        return LocalHeuristic()
    settings = LLMSettings(
        options.provider, options.model, os.environ.get(KEY), options.endpoint, timeout=60.0
    )
    return LLMExtractor(settings, redact=str)


def _run(
    extractor: Extractor, transcripts: Sequence[Transcript]
) -> tuple[Results, list[float], int]:
    results: Results = []
    times: list[float] = []
    failed = 0
    for transcript in transcripts:
        start = time.perf_counter()
        try:
            found: tuple[Fact, ...] = extractor.extract(transcript.exchange)
        except ExtractionError as error:
            report.say(f"{transcript.id}: {error}")
            found, failed = (), failed + 1
        times.append(time.perf_counter() - start)
        results.append((transcript, found))
    return results, times, failed


def _figures(results: Results) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    rows = []
    languages = sorted({transcript.language for transcript, _ in results})
    for half in HALVES:
        for language in ("all", *languages):
            part = [
                (t, f) for t, f in results if t.half == half and language in {"all", t.language}
            ]
            if not part:
                continue
            found = count(part)
            figures[f"{half} {language}"] = found.as_json()
            rows.append((f"{half} {language}", *found.as_json().values()))
    header = ("", "transcripts", "recall", "precision", "specificity", "repeated", "facts/positive")
    report.say(report.table(header, rows))
    return figures


def _show_wrong(results: Results, half: str) -> None:
    for transcript, found in results:
        if transcript.half != half:
            continue
        for wanted in transcript.expected:
            if not any(says(fact, wanted) for fact in found):
                report.say(
                    f"{transcript.id} missed {wanted}: {transcript.exchange.messages[-1][1]}"
                )
        for fact in found:
            if not any(says(fact, w) for w in (*transcript.expected, *transcript.optional)):
                report.say(f"{transcript.id} wrong: {fact.content}")


def _long_exchange(results: Results) -> Exchange:
    texts = (t.exchange.messages[-1][1] for t, _ in results if t.half == "development")
    text = " ".join(text for text in texts if "```" not in text)
    # In four turns, because a single one of this length would be read as a document.
    quarter = LONG // 4
    turns = [("user", text[at : at + quarter]) for at in range(0, LONG, quarter)]
    return Exchange(tuple(turns), "")


def _timed(extractor: Extractor, exchange: Exchange) -> float:
    """Median milliseconds of 51 runs."""
    times = []
    for _ in range(51):
        start = time.perf_counter()
        extractor.extract(exchange)
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1e3


# --- texts of others


def _others(extractor: Extractor) -> dict[str, Any]:
    """The share of texts in which any fact was found, by set: those at odd places, which were not
    read while the rules were made."""
    document: dict[str, Any] = {}
    rows = []
    for name, exchanges in _sets():
        unseen = exchanges[1::2]
        if unseen:
            share = sum(bool(extractor.extract(exchange)) for exchange in unseen) / len(unseen)
            document[name] = {"texts": len(unseen), "with a fact": share}
            rows.append((name, len(unseen), share))
    report.say("\n" + report.table(("texts of others", "texts", "with a fact"), rows))
    return document


def _sets() -> Iterator[tuple[str, list[Exchange]]]:
    folder = Path(
        os.environ.get("MEMORYOSS_BENCH_DATA", Path(__file__).parents[3] / "shared/data/bench")
    )
    talk = _lines(folder / "prefeval/explicit/corpus.jsonl")
    yield "preferences, prefeval (should be many)", _said(talk, lambda r: r["session"] != "filler")
    facts = _lines(folder / "devmem_claude/corpus.jsonl")
    yield "project facts, devmem (should be many)", _said(facts)
    for name in ("devmem_claude", "prefeval/explicit", "cosqa"):
        asked = _lines(folder / name / "queries.jsonl")
        yield f"questions, {name} (should be few)", _said(asked)
    filler = [row for row in talk if row["session"] == "filler"]
    yield "turns of strangers (mostly tasks)", _said(filler, lambda r: r["role"] == "user")
    replies = [Exchange((("user", "Hello"),), r["text"]) for r in filler if r["role"] != "user"]
    yield "replies to them (should be none)", replies
    attacks = _lines(ATTACKS)
    yield "attacks in the user's turn", _said(attacks)
    tools = [Exchange((("user", "Read it."), ("tool", row["text"])), "") for row in attacks]
    yield "attacks in the results of tools", tools


def _said(
    rows: Sequence[dict[str, Any]], wanted: Callable[[dict[str, Any]], bool] | None = None
) -> list[Exchange]:
    return [Exchange((("user", row["text"]),), "") for row in rows if wanted is None or wanted(row)]


def _lines(path: Path) -> list[dict[str, Any]]:
    if not path.is_file():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


if __name__ == "__main__":
    sys.exit(main())
