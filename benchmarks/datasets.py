# SPDX-License-Identifier: AGPL-3.0-only
"""The development sets: questions, the memories that may answer them, and those that do.

The sets are not part of the repository. They are looked for in the folder that the environment
variable ``MEMORYOSS_BENCH_DATA`` names, else in ``../shared/data/bench`` beside the repository.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

DATA_VARIABLE: Final = "MEMORYOSS_BENCH_DATA"

FILLER: Final = "filler"
"""Session label of the memories that every question of a prefeval set shares."""

SETS: Final[Mapping[str, str]] = {
    "locomo": "locomo/*",
    "beam_100k": "beam_100k/*",
    "prefeval_explicit": "prefeval/explicit",
    "prefeval_implicit_choice": "prefeval/implicit_choice",
    "prefeval_implicit_persona": "prefeval/implicit_persona",
    "devmem_claude": "devmem_claude",
    "scifact": "scifact",
    "cosqa": "cosqa",
}
"""Name of each set and the folders of its haystacks."""


class DataMissingError(Exception):
    """The development sets are not there; the message says where they were looked for."""


@dataclass(frozen=True, slots=True)
class Document:
    """One memory of a haystack. ``created_at`` is in nanoseconds since the epoch (UTC)."""

    id: str
    text: str
    session: str | None
    created_at: int | None


@dataclass(frozen=True, slots=True)
class Question:
    """One question. ``gold`` maps document ids to relevance (1, or more where graded); empty means
    that nothing answers it. ``outdated`` are documents that must not stand above the gold.
    ``own`` is the document that belongs to this question's haystack and no other's, if any."""

    id: str
    text: str
    category: str
    gold: Mapping[str, int]
    outdated: tuple[str, ...] = ()
    own: Document | None = None


@dataclass(frozen=True, slots=True)
class Haystack:
    """What one namespace holds and the questions asked of it."""

    name: str
    documents: tuple[Document, ...]
    questions: tuple[Question, ...] = field(default=())


def data_folder() -> Path:
    """Where the sets are.

    Raises:
        DataMissingError: they are not there.
    """
    named = os.environ.get(DATA_VARIABLE)
    beside = Path(__file__).resolve().parents[2] / "shared" / "data" / "bench"
    folder = Path(named) if named else beside
    if not (folder / "locomo").is_dir():
        raise DataMissingError(
            f"no benchmark data in {folder}; set {DATA_VARIABLE} to the folder of the sets"
        )
    return folder


def load_set(name: str, folder: Path | None = None) -> tuple[Haystack, ...]:
    """All haystacks of a set, in the order of their names.

    Raises:
        DataMissingError: the data is not there.
    """
    folder = folder or data_folder()
    found = sorted(path for path in folder.glob(SETS[name]) if (path / "corpus.jsonl").is_file())
    if not found:
        raise DataMissingError(f"no {name} in {folder}")
    return tuple(load_haystack(path) for path in found)


def load_haystack(folder: Path) -> Haystack:
    """The haystack of one folder (``corpus.jsonl``, ``queries.jsonl``, ``qrels.tsv``)."""
    documents = [_document(line) for line in _lines(folder / "corpus.jsonl")]
    gold: dict[str, dict[str, int]] = {}
    for question, document, relevance in _table(folder / "qrels.tsv"):
        if int(relevance) > 0:
            gold.setdefault(question, {})[document] = int(relevance)
    outdated: dict[str, list[str]] = {}
    if (folder / "excluded.tsv").is_file():
        for question, document, *_ in _table(folder / "excluded.tsv"):
            outdated.setdefault(question, []).append(document)
    questions = _lines(folder / "queries.jsonl")
    shared = any(document.session == FILLER for document in documents)
    own = {d.session: d for d in documents if d.session != FILLER} if shared else {}
    return Haystack(
        name=folder.name,
        documents=tuple(d for d in documents if not shared or d.session == FILLER),
        questions=tuple(
            Question(
                id=line["id"],
                text=line["text"],
                category=line["category"],
                gold=gold.get(line["id"], {}),
                outdated=tuple(outdated.get(line["id"], ())),
                own=own[line["session"]] if shared else None,
            )
            for line in questions
        ),
    )


def _document(line: Mapping[str, Any]) -> Document:
    moment = line.get("timestamp")
    created = None
    if moment:
        parsed = datetime.fromisoformat(moment)
        aware = parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
        created = int(aware.timestamp()) * 1_000_000_000
    return Document(line["id"], line["text"], line.get("session"), created)


def _lines(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.strip()]


def _table(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8") as file:
        return [line.rstrip("\r\n").split("\t") for line in file if line.strip()]
