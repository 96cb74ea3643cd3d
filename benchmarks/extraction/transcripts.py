# SPDX-License-Identifier: AGPL-3.0-only
"""Labelled conversations, and how what was extracted from them is counted."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from memoryoss_proxy.extraction import Exchange, Fact

TRANSCRIPTS: Final = Path(__file__).with_name("transcripts.jsonl")

Wanted = tuple[tuple[str, ...], ...]
"""Groups of alternatives: a fact contains one of each group."""


@dataclass(frozen=True, slots=True)
class Transcript:
    """A conversation and what is worth keeping of it. ``half`` is ``development``, ``held_out`` or
    ``paraphrase`` (a held-out positive in other words), ``kind`` is ``positive``, ``negative`` or
    ``hard`` (a negative with the words of a positive). An ``optional`` fact counts neither way."""

    id: str
    half: str
    language: str
    domain: str
    kind: str
    exchange: Exchange
    expected: tuple[Wanted, ...]
    optional: tuple[Wanted, ...]


@dataclass(frozen=True, slots=True)
class Count:
    """What was found in some transcripts."""

    transcripts: int
    expected: int
    hit: int
    facts: int
    right: int
    repeated: int
    negatives: int
    clean: int

    @property
    def recall(self) -> float:
        """Share of the expected facts that were found."""
        return self.hit / self.expected if self.expected else float("nan")

    @property
    def precision(self) -> float:
        """Share of the found facts that were expected."""
        return self.right / self.facts if self.facts else float("nan")

    @property
    def specificity(self) -> float:
        """Share of the negatives in which nothing was found."""
        return self.clean / self.negatives if self.negatives else float("nan")

    def as_json(self) -> dict[str, Any]:
        """The counts and shares as one JSON object."""
        return {
            "transcripts": self.transcripts,
            "recall": self.recall,
            "precision": self.precision,
            "specificity": self.specificity,
            "repeated": self.repeated,
            "facts a positive": self.facts / max(self.transcripts - self.negatives, 1),
        }


def load_transcripts(path: Path = TRANSCRIPTS) -> list[Transcript]:
    """All transcripts of a file."""
    return [_transcript(json.loads(line)) for line in path.read_text("utf-8").splitlines()]


def says(fact: Fact, wanted: Wanted) -> bool:
    """Whether a fact has a word of every group."""
    content = fact.content.lower()
    return all(any(word in content for word in group) for group in wanted)


def count(results: Iterable[tuple[Transcript, Sequence[Fact]]]) -> Count:
    """What is right and wrong in the facts of transcripts."""
    transcripts = expected = hit = facts = right = repeated = negatives = clean = 0
    for transcript, found in results:
        transcripts += 1
        if transcript.kind != "positive":
            negatives += 1
            clean += not found
        expected += len(transcript.expected)
        hit += sum(any(says(fact, wanted) for fact in found) for wanted in transcript.expected)
        met: set[Wanted] = set()
        for fact in found:
            matches = [wanted for wanted in transcript.expected if says(fact, wanted)]
            if not matches and any(says(fact, wanted) for wanted in transcript.optional):
                continue
            facts += 1
            right += bool(matches)
            repeated += bool(matches) and met.issuperset(matches)
            met.update(matches)
    return Count(transcripts, expected, hit, facts, right, repeated, negatives, clean)


def _transcript(row: dict[str, Any]) -> Transcript:
    messages = tuple((role, text) for role, text in row["messages"])
    return Transcript(
        row["id"],
        row["half"],
        row["language"],
        row["domain"],
        row["kind"],
        Exchange(messages, row["reply"], row["new_from"]),
        _wanted(row["expected"]),
        _wanted(row.get("optional", [])),
    )


def _wanted(facts: list[list[list[str]]]) -> tuple[Wanted, ...]:
    return tuple(tuple(tuple(group) for group in fact) for fact in facts)
