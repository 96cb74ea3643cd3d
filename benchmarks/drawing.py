# SPDX-License-Identifier: AGPL-3.0-only
"""Stores drawn from the development sets, and questions with and without an answer in them.

There are whole haystacks (of long ones 600 memories), small stores of 12 to 120 memories and stores
of a few, 1 to 8. A question is asked where its answer lies in the store and where it does not, and
each store is asked about something else altogether.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.asking import Library
from benchmarks.datasets import SETS, Document, Haystack, Question, load_set
from benchmarks.scratch import scratch_config
from memoryoss_mcp.recall.query import RecallQuery
from memoryoss_mcp.recall.result import Decision
from memoryoss_mcp.runtime import Runtime

WHOLE: Final = "whole"
SMALL: Final = "small"
FEW: Final = "few"
SIZES: Final[Mapping[str, tuple[int, ...]]] = {SMALL: (12, 20, 35, 60, 120), FEW: (1, 2, 3, 5, 8)}
STORES: Final[Mapping[str, int]] = {SMALL: 12, FEW: 100}
"""Stores of each kind that are drawn from a set."""
ASKED: Final[Mapping[str, int]] = {SMALL: 6, FEW: 1}
"""Questions with an answer, and as many without, asked of each."""
LONGEST: Final = 1_200
EXCERPT: Final = 600
"""Memories that are taken of a haystack which has more than ``LONGEST``."""
QUESTIONS: Final = 200
"""Questions with an answer, and as many without, asked of the whole haystacks of a set."""
ELSEWHERE: Final = 60
"""Questions about something else asked of them."""
TRAPS: Final = ("beam", "locomo")
"""Families whose unanswerable questions are traps: they ask for a detail that is missing from what
is stored of their subject."""
SEED: Final = 7

TURNS: Final = (
    "Thanks, that worked!",
    "Tell me a joke.",
    "How are you today?",
    "Please go on.",
    "Can you make it shorter?",
    "Write a haiku about autumn.",
    "Why is the sky blue?",
    "What is 17 times 23?",
    "Summarize the plot of Hamlet.",
    "What is the capital of Mongolia?",
    "Translate 'good morning' into Japanese.",
    "Explain how TCP slow start works.",
    "Draft a birthday message for my aunt.",
    "Write a regular expression that matches ISO dates.",
    "Refactor this function to use a dict comprehension.",
)
"""What people say to an assistant that no memory of the sets has to do with."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One question to one store: whether the store holds its answer, whether it is about something
    else altogether, whether the answer was found, and what the gate said."""

    family: str
    kind: str
    size: int
    answerable: bool
    unrelated: bool
    found: bool
    features: Mapping[str, float]
    confidence: float
    injected: bool

    @property
    def usable(self) -> bool:
        """Whether passing it would be right, or wrong."""
        return self.found or not self.answerable

    @property
    def fitted(self) -> bool:
        """Whether the regression sees it."""
        trap = self.kind == WHOLE and self.family in TRAPS
        return self.usable and (self.answerable or self.unrelated or not trap)


def family(name: str) -> str:
    """The source of a set."""
    return name.split("_")[0]


def draw(name: str) -> list[Judged]:
    """Store and ask everything that comes from a set."""
    elsewhere = [
        question.text
        for other in SETS
        if family(other) != family(name)
        for haystack in load_set(other)
        for question in haystack.questions
    ]
    return draw_from(name, load_set(name), elsewhere)


def draw_from(name: str, haystacks: Sequence[Haystack], elsewhere: Sequence[str]) -> list[Judged]:
    """The same of any haystacks; ``elsewhere`` are questions about something else."""
    with (
        tempfile.TemporaryDirectory(prefix="confidence-") as folder,
        Runtime.open(scratch_config(Path(folder))) as runtime,
    ):
        if not runtime.wait_until_ready():
            raise SystemExit(f"no embedding model: {runtime.model_error}")
        return list(_Draw(name, runtime, elsewhere).judged(haystacks))


class _Draw:
    """The stores of one set and what was asked of them, always the same for a seed."""

    def __init__(self, name: str, runtime: Runtime, elsewhere: Sequence[str]) -> None:
        self._name, self._runtime, self._elsewhere = name, runtime, elsewhere
        self._library = Library(runtime)
        self._family = family(name)
        self._random = random.Random(SEED)

    def judged(self, haystacks: Sequence[Haystack]) -> Iterator[Judged]:
        """Everything that is asked of a set."""
        count = len(haystacks)
        for haystack in haystacks:
            yield from self._whole(haystack, QUESTIONS // count, ELSEWHERE // count)
            for kind, sizes in SIZES.items():
                for number in range(max(1, STORES[kind] // count)):
                    yield from self._part(haystack, kind, sizes[number % len(sizes)], number)

    def _whole(self, haystack: Haystack, questions: int, elsewhere: int) -> Iterator[Judged]:
        documents: Sequence[Document] = haystack.documents
        if len(documents) > LONGEST:
            documents = self._random.sample(documents, EXCERPT)
        namespace = f"{self._name}-{haystack.name}"
        self._library.store(namespace, documents)
        kept = {document.id for document in documents}
        # Of an excerpt, few questions have their answer in it: all of those are asked first.
        asked = self._random.sample(haystack.questions, len(haystack.questions))
        inside = [q for q in asked if q.own or kept & q.gold.keys()][:questions]
        outside = [q for q in asked if not q.own and not kept & q.gold.keys()][:questions]
        for question in inside + outside:
            if question.own is not None:
                self._library.store(namespace, [question.own])
                yield self._ask(namespace, WHOLE, len(documents), question.text, question.gold)
                self._library.forget(namespace, question.own.id)
                yield self._ask(namespace, WHOLE, len(documents), question.text)
            else:
                gold = kept & question.gold.keys()
                yield self._ask(namespace, WHOLE, len(documents), question.text, gold)
        yield from self._unrelated(namespace, WHOLE, len(documents), max(1, elsewhere))

    def _part(self, haystack: Haystack, kind: str, size: int, number: int) -> Iterator[Judged]:
        """A store of ``size`` memories: the answers of some questions, none of those of others."""
        known = {document.id: document for document in haystack.documents}
        answers = {
            question.id: [known[key] for key in question.gold if key in known]
            + ([question.own] if question.own is not None else [])
            for question in haystack.questions
        }
        asked = [q for q in haystack.questions if 0 < len(answers[q.id]) <= size]
        if len(asked) < 2:
            return
        asked = self._random.sample(asked, min(len(asked), 2 * ASKED[kind]))
        outside = asked[len(asked) // 2 :]
        missing = {document.id for question in outside for document in answers[question.id]}
        inside: list[Question] = []
        stored: dict[str, Document] = {}
        for question in asked[: len(asked) // 2]:
            added = {document.id: document for document in answers[question.id]}
            if missing.isdisjoint(added) and len(stored | added) <= size:
                stored |= added
                inside.append(question)
        rest = [d for d in haystack.documents if d.id not in missing and d.id not in stored]
        chosen = self._random.sample(rest, min(len(rest), size - len(stored)))
        documents = [*stored.values(), *chosen]
        self._random.shuffle(documents)
        namespace = f"{self._name}-{haystack.name}-{kind}-{number}"
        self._library.store(namespace, documents)
        for question in inside:
            gold = [document.id for document in answers[question.id]]
            yield self._ask(namespace, kind, size, question.text, gold)
        for question in outside:
            yield self._ask(namespace, kind, size, question.text)
        yield from self._unrelated(namespace, kind, size, 2)

    def _unrelated(self, namespace: str, kind: str, size: int, count: int) -> Iterator[Judged]:
        for place in range(count):
            text = self._random.choice(TURNS if place % 2 else self._elsewhere)
            yield self._ask(namespace, kind, size, text, unrelated=True)

    def _ask(
        self,
        namespace: str,
        kind: str,
        size: int,
        text: str,
        gold: Collection[str] = (),
        *,
        unrelated: bool = False,
    ) -> Judged:
        result = self._runtime.recall(RecallQuery(text, namespace, limit=10))
        names = self._library.names
        return Judged(
            family=self._family,
            kind=kind,
            size=size,
            answerable=bool(gold),
            unrelated=unrelated,
            found=any(names[entry.memory.id] in gold for entry in result.memories),
            features=result.gate.features,
            confidence=result.gate.confidence,
            injected=result.gate.decision is Decision.INJECT,
        )
