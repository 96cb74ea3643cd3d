# SPDX-License-Identifier: AGPL-3.0-only
"""What is said around a statement that a newer one replaced: ``python -m benchmarks.restated``.

Invented dialogues over several sessions, drawn with a fixed seed: a user tells what value something
has, is answered and answers; weeks later the value is another one. Measured is the share of pairs
(newer, older) in the right order, by what the two are: the statements, or what is said around them.
Half of the topics are for development, the others for a look afterwards.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks import measures, report
from benchmarks.asking import Memory
from benchmarks.datasets import Document
from benchmarks.quality import library_memory
from benchmarks.restated_topics import PEOPLE, REPLIES, SMALL_TALK, THANKS, TOPICS, Topic

SEED: Final = 20_240_611
DIALOGUES: Final = 24
"""Dialogues of a half."""
CHANGED: Final = 3
UNCHANGED: Final = 2
SESSIONS: Final = 4
EXCHANGES: Final = 5
"""Exchanges about something else in a session."""

HALVES: Final = ("development", "held out")
PARTS: Final = ("statement", "around")

_FIRST_NS: Final = 1_717_200_000 * 10**9
_DAY_NS: Final = 86_400 * 10**9
_MINUTE_NS: Final = 60 * 10**9


@dataclass(frozen=True, slots=True)
class Told:
    """One telling of a value: the ids of the statement and of what is said around it."""

    statement: str
    around: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Inquiry:
    """A question about a topic: ``present`` for the value of today, ``first`` for the first one,
    ``only`` for one that never changed. ``tellings`` are in the order of time."""

    text: str
    kind: str
    tellings: tuple[Told, ...]

    @property
    def gold(self) -> dict[str, int]:
        """The statement that answers."""
        return {self.tellings[0 if self.kind == "first" else -1].statement: 1}


@dataclass(frozen=True, slots=True)
class Dialogue:
    """A dialogue over several sessions and what is asked of it."""

    documents: tuple[Document, ...]
    inquiries: tuple[Inquiry, ...]


def draw(half: str, count: int = DIALOGUES, seed: int = SEED) -> tuple[Dialogue, ...]:
    """The dialogues of a half, always the same ones."""
    rng = random.Random(f"{seed} {half}")
    topics = TOPICS[HALVES.index(half) :: len(HALVES)]
    return tuple(_dialogue(rng, rng.sample(topics, CHANGED + UNCHANGED)) for _ in range(count))


def _dialogue(rng: random.Random, topics: Sequence[Topic]) -> Dialogue:
    """The first of the changed topics is told three times, the other two twice."""
    talks: list[list[list[str]]] = [[] for _ in range(SESSIONS)]
    told: list[list[tuple[int, list[str]]]] = []
    for place, topic in enumerate(topics):
        times = (3 if place == 0 else 2) if place < CHANGED else 1
        values = sorted(rng.sample(range(len(topic.told)), times))
        sessions = sorted(rng.sample(range(SESSIONS), times))
        told.append([])
        for value, session in zip(values, sessions, strict=True):
            talk = _telling(rng, topic, value)
            talks[session].append(talk)
            told[-1].append((session, talk))
        for aside in topic.asides:
            talks[rng.randrange(SESSIONS)].append(
                [aside, rng.choice(REPLIES[1]).format(thing=topic.thing)]
            )
    small = rng.sample(SMALL_TALK, len(SMALL_TALK))
    documents: list[Document] = []
    ids: dict[int, list[str]] = {}
    for session, parts in enumerate(talks):
        parts += [list(small.pop()) for _ in range(EXCHANGES)]
        rng.shuffle(parts)
        turn = 0
        for part in parts:
            for text in part:
                name = f"{session}-{turn}"
                created = _FIRST_NS + 20 * session * _DAY_NS + turn * _MINUTE_NS
                documents.append(Document(name, text, f"session-{session}", created))
                ids.setdefault(id(part), []).append(name)
                turn += 1
    inquiries: list[Inquiry] = []
    for place, topic in enumerate(topics):
        names = [ids[id(talk)] for _, talk in told[place]]
        tellings = tuple(Told(first, tuple(rest)) for first, *rest in names)
        kind = "present" if place < CHANGED else "only"
        inquiries += [Inquiry(ask, kind, tellings) for ask in topic.asks]
        if kind == "present":
            inquiries.append(Inquiry(topic.asked_once, "first", tellings))
    return Dialogue(tuple(documents), tuple(inquiries))


def _telling(rng: random.Random, topic: Topic, value: int) -> list[str]:
    """A statement, the answer to it, and what the user says then."""
    statement, said = topic.told[value]
    words = {"value": said, "thing": topic.thing, "person": rng.choice(PEOPLE)}
    around = [rng.choice(rng.choice(said)).format(**words) for said in (REPLIES, THANKS)]
    return [statement, *(text[0].upper() + text[1:] for text in around)]


def measure(dialogues: Sequence[Dialogue], memory: Memory, name: str) -> dict[str, Any]:
    """All figures of some dialogues, each stored in a namespace of its own."""
    won = {f"{newer} over {older}": [0, 0] for newer in PARTS for older in PARTS}
    rankings: dict[str, list[tuple[Sequence[str], dict[str, int]]]] = {}
    for number, dialogue in enumerate(dialogues):
        namespace = f"{name}-{number}"
        memory.store(namespace, dialogue.documents)
        for inquiry in dialogue.inquiries:
            ranking = memory.ask(namespace, inquiry.text, whole=True).ranking
            rankings.setdefault(inquiry.kind, []).append((ranking, inquiry.gold))
            if inquiry.kind == "present":
                _count(won, ranking, inquiry.tellings)
    right, pairs = (sum(counts[i] for counts in won.values()) for i in (0, 1))
    return {
        "dialogues": len(dialogues),
        "memories": sum(len(dialogue.documents) for dialogue in dialogues),
        "pairs": pairs,
        "newer above older": right / pairs,
        **{kind: counts[0] / counts[1] for kind, counts in won.items()},
        "questions": {
            kind: {
                "asked": len(members),
                "R@10": measures.mean(measures.recall_at(r, g, 10) for r, g in members),
                "MRR@10": measures.mean(measures.reciprocal_rank_at(r, g, 10) for r, g in members),
            }
            for kind, members in rankings.items()
        },
    }


def _count(won: dict[str, list[int]], ranking: Sequence[str], tellings: Sequence[Told]) -> None:
    *older, newest = tellings
    for one in PARTS:
        for other in PARTS:
            right, pairs = measures.won_pairs(
                ranking,
                _ids(newest, one),
                [name for told in older for name in _ids(told, other)],
            )
            counts = won[f"{one} over {other}"]
            counts[0] += right
            counts[1] += pairs


def _ids(told: Told, part: str) -> tuple[str, ...]:
    return (told.statement,) if part == "statement" else told.around


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the lane; 0 if every figure that is asked for was reached."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.restated", description=__doc__)
    parser.add_argument("--half", action="append", choices=HALVES, help="only this half")
    parser.add_argument("--json", type=Path, help="write the figures")
    options = parser.parse_args(arguments)
    figures: dict[str, dict[str, Any]] = {}
    for half in options.half or HALVES:
        with (
            tempfile.TemporaryDirectory(prefix="restated-") as folder,
            library_memory(Path(folder)) as (memory, _),
        ):
            figures[half] = measure(draw(half), memory, half.replace(" ", "-"))
        _show(half, figures[half])
    if options.json:
        document = {"lane": "restated", "machine": report.machine(), "halves": figures}
        report.write_json(options.json, document)
    return 0


def _show(half: str, figures: dict[str, Any]) -> None:
    report.say(f"\n{half}: {figures['dialogues']} dialogues, {figures['memories']} memories")
    kinds = [f"{newer} over {older}" for newer in PARTS for older in PARTS]
    rows: list[list[Any]] = [[kind, figures[kind]] for kind in ("newer above older", *kinds)]
    report.say(report.table((f"pairs ({figures['pairs']})", "right"), rows))
    rows = [[kind, *values.values()] for kind, values in figures["questions"].items()]
    report.say(report.table(("questions", "asked", "R@10", "MRR@10"), rows))


if __name__ == "__main__":
    sys.exit(main())
