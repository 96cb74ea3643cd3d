# SPDX-License-Identifier: AGPL-3.0-only
"""How well statements are compared: ``python -m benchmarks.contradictions``.

Three measurements. The labelled pairs of ``benchmarks/statements/``: precision and recall of every
relation, by language; those of ``held_out.jsonl`` were written afterwards and never looked at while
the rules were. The knowledge updates of beam_100k and the superseded facts
of devmem_claude: of the pairs (newer, outdated) how many are found when the newer one is compared
with its :data:`NEAREST` nearest memories of the haystack, and how many memories are linked in all.
And 3,000 distinct dialogue turns: how many are taken for duplicates.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks import report
from benchmarks.datasets import Document, Haystack, load_set
from benchmarks.quality import stale_pairs
from benchmarks.scratch import scratch_config
from benchmarks.workload import load_embedder
from memoryoss_mcp.text.statements import Comparison, Relation, compare
from memoryoss_mcp.text.tokens import index_terms

PAIRS: Final = Path(__file__).parent / "statements" / "pairs.jsonl"
HELD_OUT: Final = PAIRS.with_name("held_out.jsonl")
NEAREST: Final = 8
TURNS: Final = 3_000
SHOWN: Final = 12


@dataclass(frozen=True, slots=True)
class Pair:
    """A labelled pair of statements."""

    language: str
    relation: Relation
    older: str
    newer: str


def load_pairs(path: Path = PAIRS) -> list[Pair]:
    """The labelled pairs of a file."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [Pair(**{**json.loads(line), "relation": _relation(line)}) for line in lines]


def _relation(line: str) -> Relation:
    return Relation(json.loads(line)["relation"])


class Vectors:
    """Vectors of texts, each made once."""

    def __init__(self) -> None:
        self._embedder = load_embedder(scratch_config(Path("unused")))
        self._known: dict[str, NDArray[np.float32]] = {}

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        fresh = [text for text in dict.fromkeys(texts) if text not in self._known]
        for start in range(0, len(fresh), 64):
            batch = fresh[start : start + 64]
            self._known |= zip(batch, self._embedder.embed(batch), strict=True)
        return np.stack([self._known[text] for text in texts])


def measure_pairs(pairs: Sequence[Pair], vectors: Vectors) -> dict[str, Any]:
    """Precision and recall of every relation, and what was judged wrongly."""
    olds, news = vectors([p.older for p in pairs]), vectors([p.newer for p in pairs])
    cosines = (olds * news).sum(axis=1).tolist()
    found = [compare(p.older, p.newer, c).relation for p, c in zip(pairs, cosines, strict=True)]
    wrong = [
        {"language": p.language, "older": p.older, "newer": p.newer, "is": p.relation, "taken": f}
        for p, f in zip(pairs, found, strict=True)
        if p.relation is not f
    ]
    languages = dict.fromkeys(p.language for p in pairs)
    return {
        "pairs": len(pairs),
        "right": sum(p.relation is f for p, f in zip(pairs, found, strict=True)) / len(pairs),
        "relations": {r.value: _scores(pairs, found, r) for r in Relation},
        "languages": {
            language: report.plain(
                float(
                    np.mean(
                        [
                            p.relation is f
                            for p, f in zip(pairs, found, strict=True)
                            if p.language == language
                        ]
                    )
                )
            )
            for language in languages
        },
        "wrong": wrong,
    }


def _scores(
    pairs: Sequence[Pair], found: Sequence[Relation], relation: Relation
) -> dict[str, float]:
    right = sum(p.relation is f is relation for p, f in zip(pairs, found, strict=True))
    taken = sum(f is relation for f in found)
    there = sum(p.relation is relation for p in pairs)
    return {
        "precision": right / taken if taken else 1.0,
        "recall": right / there if there else 1.0,
        "pairs": there,
    }


def in_order(haystack: Haystack) -> list[Document]:
    """The documents as they were stated: by time, then as they stand."""
    return sorted(haystack.documents, key=lambda document: document.created_at or 0)


def measure_updates(name: str, vectors: Vectors) -> dict[str, Any]:
    """Of the pairs (newer, outdated) of a set, how many are linked, and how many links it has."""
    pairs = linked = found = memories = 0
    for haystack in load_set(name):
        links = {
            (newer.id, older.id): comparison
            for newer, older, comparison in _compared(in_order(haystack), vectors)
            if comparison.relation in {Relation.UPDATE, Relation.CONTRADICTION}
        }
        memories += len(haystack.documents)
        linked += len(links)
        for question in haystack.questions:
            for newer in stale_pairs(question)[0]:
                for older in stale_pairs(question)[1]:
                    pairs += 1
                    found += (newer, older) in links
    return {"pairs": pairs, "found": found, "links": linked, "memories": memories}


def _compared(
    documents: Sequence[Document], vectors: Vectors
) -> Iterator[tuple[Document, Document, Comparison]]:
    """Every document with the nearest of those that came before it."""
    rows = vectors([document.text for document in documents])
    for place in range(1, len(documents)):
        cosines = rows[:place] @ rows[place]
        for other in np.argsort(-cosines)[:NEAREST].tolist():
            newer, older = documents[place], documents[other]
            yield newer, older, compare(older.text, newer.text, float(cosines[other]))


def measure_turns(vectors: Vectors) -> dict[str, Any]:
    """Distinct dialogue turns that are taken for duplicates of an earlier one."""
    texts: dict[tuple[str, ...], Document] = {}
    for name in ("locomo", "beam_100k"):
        for haystack in load_set(name):
            for document in haystack.documents:
                texts.setdefault(tuple(index_terms(document.text)), document)
    documents = list(texts.values())[:TURNS]
    taken = [
        {"older": older.text[:200], "newer": newer.text[:200]}
        for newer, older, comparison in _compared(documents, vectors)
        if comparison.relation is Relation.DUPLICATE
    ]
    kinds = Counter(c.relation.value for _, _, c in _compared(documents, vectors))
    return {"turns": len(documents), "duplicates": len(taken), "taken": taken, "kinds": kinds}


def main() -> int:
    """Run the lane; exit code 1 if a figure falls short."""
    vectors = Vectors()
    own = measure_pairs(load_pairs(), vectors)
    held_out = measure_pairs(load_pairs(HELD_OUT), vectors)
    updates = {name: measure_updates(name, vectors) for name in ("beam_100k", "devmem_claude")}
    turns = measure_turns(vectors)
    checks = [
        report.Check("own pairs, right", own["right"], 0.9),
        *(
            report.Check(f"own pairs, {relation}, precision", scores["precision"], 0.9)
            for relation, scores in own["relations"].items()
        ),
        report.Check("held-out pairs, right", held_out["right"], 0.8),
        report.Check("distinct turns taken for duplicates", turns["duplicates"], 0, ceiling=True),
    ]
    for part, figures in (("own", own), ("held out", held_out)):
        report.say(f"{part}: {figures['pairs']} pairs, {figures['right']:.3f} right")
        for relation, scores in figures["relations"].items():
            told = f"precision {scores['precision']:.3f} recall {scores['recall']:.3f}"
            report.say(f"  {relation}: {told}")
        for wrong in figures["wrong"][:SHOWN]:
            words = f"{wrong['older']} | {wrong['newer']}"
            report.say(f"  {wrong['is']} taken for {wrong['taken']}: {words}")
    for name, figures in updates.items():
        report.say(f"{name}: {figures}")
    report.say(f"turns: {turns['turns']}, {turns['kinds']}")
    report.say("\n" + report.verdict(checks))
    document: dict[str, Any] = {
        "machine": report.machine(),
        "own": own,
        "held_out": held_out,
        "updates": updates,
        "turns": turns,
    }
    document["checks"] = [check.as_json() for check in checks]
    report.write_json(report.RESULTS / "contradictions.json", document)
    return 0 if all(check.passed for check in checks) else 1


if __name__ == "__main__":
    sys.exit(main())
