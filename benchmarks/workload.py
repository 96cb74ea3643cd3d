# SPDX-License-Identifier: AGPL-3.0-only
"""Stores of any size for the speed lanes: documents of about 40 words, questions of about 14.

Documents are two or three sentences of the development sets put together, so that vocabulary and
frequencies are those of real text; where the sets are absent, words are drawn by Zipf's law from a
made-up vocabulary. Vectors are real for the first ``embedded`` documents. Beyond that a vector is a
noisy copy of one of those (noise of 0.5 / sqrt(dimension) per dimension): synthetic, as embedding a
million texts would take most of an hour and change nothing about the time of a search.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.datasets import SETS, DataMissingError, load_set
from memoryoss_mcp.config import Config
from memoryoss_mcp.embed import Embedder, find_model, load
from memoryoss_mcp.model import Draft, Memory
from memoryoss_mcp.recall.indexing import document_terms
from memoryoss_mcp.store import vectors
from memoryoss_mcp.store.changes import Entry, draft_memory
from memoryoss_mcp.store.store import Store

NAMESPACE: Final = "bench"
SEED: Final = 20_261_123
WORDS_PER_DOCUMENT: Final = 40
MEMORIES_PER_SESSION: Final = 20
INSERT_BATCH: Final = 512
_FIRST_MOMENT: Final = 1_600_000_000_000_000_000
_MINUTE: Final = 60_000_000_000
_SENTENCE_END: Final = re.compile(r"(?<=[.!?])\s+")


@dataclass(frozen=True, slots=True)
class Workload:
    """Sentences to make documents of, and questions that none of them was made for."""

    sentences: tuple[str, ...]
    questions: tuple[str, ...]
    source: str

    def documents(self, count: int, seed: int = SEED) -> Iterator[str]:
        """``count`` documents; the first n are the same for every larger count."""
        choose = random.Random(seed)
        for _ in range(count):
            parts: list[str] = []
            words = 0
            while words < WORDS_PER_DOCUMENT - 8:
                sentence = choose.choice(self.sentences)
                parts.append(sentence)
                words += len(sentence.split())
            yield " ".join(parts)


def make_workload() -> Workload:
    """From the development sets if they are there, else from a made-up vocabulary."""
    try:
        return _from_sets()
    except DataMissingError:
        return _from_zipf()


def _from_sets() -> Workload:
    sentences: dict[str, None] = {}
    questions: dict[str, None] = {}
    for name in SETS:
        for haystack in load_set(name):
            for document in haystack.documents:
                for sentence in _SENTENCE_END.split(document.text):
                    if 4 <= len(sentence.split()) <= WORDS_PER_DOCUMENT:
                        sentences[sentence] = None
            for question in haystack.questions:
                if 12 <= len(question.text.split()) <= 16:
                    questions[question.text] = None
    asked = list(questions)
    random.Random(SEED).shuffle(asked)
    return Workload(tuple(sentences), tuple(asked), "development sets")


def _from_zipf(vocabulary: int = 60_000, sentences: int = 50_000) -> Workload:
    choose = random.Random(SEED)
    letters = "etaoinshrdlucmfwypvbgkjqxz"
    weights = [1 / rank for rank in range(2, len(letters) + 2)]
    words = [
        "".join(choose.choices(letters, weights, k=choose.randint(2, 10)))
        for _ in range(vocabulary)
    ]
    frequencies = np.cumsum([1 / rank for rank in range(1, vocabulary + 1)]).tolist()

    def sentence(length: int) -> str:
        return " ".join(choose.choices(words, cum_weights=frequencies, k=length)) + "."

    return Workload(
        tuple(sentence(choose.randint(6, 22)) for _ in range(sentences)),
        tuple(sentence(14) for _ in range(1_000)),
        "Zipf vocabulary",
    )


def embed_documents(workload: Workload, embedder: Embedder, count: int) -> NDArray[np.float32]:
    """Real vectors of the first ``count`` documents, (count, dimension)."""
    texts = list(workload.documents(count))
    parts = [embedder.embed(texts[i : i + 64]) for i in range(0, count, 64)]
    return np.concatenate(parts)


class VectorSource:
    """Vectors of documents in their order: the real ones first, then noisy copies of them."""

    def __init__(self, real: NDArray[np.float32]) -> None:
        self._real = real
        self._random = np.random.default_rng(SEED)
        self._given = 0

    def take(self, count: int) -> list[bytes]:
        """The next ``count`` vectors, encoded."""
        which = np.arange(self._given, self._given + count)
        self._given += count
        rows = self._real[which % len(self._real)].copy()
        copies = which >= len(self._real)
        if copies.any():
            shape = (int(copies.sum()), rows.shape[1])
            noise = self._random.standard_normal(shape, np.float32)
            rows[copies] += noise * np.float32(0.5 / np.sqrt(rows.shape[1]))
            rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        return vectors.encode(rows)


def open_store(config: Config) -> Store:
    """The store of a configuration, as the runtime would open it."""
    spec = find_model(config.embeddings.model)
    return Store(
        config.store_path,
        model=(spec.name, spec.revision, spec.dimension),
        analyse=document_terms,
        subject="benchmark",
    )


def load_embedder(config: Config) -> Embedder:
    """The configured model."""
    spec = find_model(config.embeddings.model)
    return load(spec, config.models_dir, threads=config.embeddings.threads)


def draft(text: str, index: int) -> Draft:
    """The document of an index: twenty make a session, one comes every minute."""
    return Draft(
        content=text,
        namespace=NAMESPACE,
        session=f"session-{index // MEMORIES_PER_SESSION}",
        created_at=_FIRST_MOMENT + index * _MINUTE,
    )


def fill(store: Store, workload: Workload, count: int, source: VectorSource) -> None:
    """Store the first ``count`` documents with prepared vectors, in batches."""
    batch: list[tuple[Memory, tuple[str, ...]]] = []
    for index, text in enumerate(workload.documents(count)):
        memory = draft_memory(draft(text, index))
        batch.append((memory, tuple(document_terms(memory))))
        if len(batch) == INSERT_BATCH or index == count - 1:
            encoded = source.take(len(batch))
            store.insert(
                [
                    Entry(entry, terms, vector)
                    for (entry, terms), vector in zip(batch, encoded, strict=True)
                ]
            )
            batch = []


def extra_documents(workload: Workload, count: int) -> list[Draft]:
    """``count`` documents that no store was filled with, as drafts of today."""
    return [
        Draft(content=text, namespace=NAMESPACE, session=f"extra-{index // MEMORIES_PER_SESSION}")
        for index, text in enumerate(workload.documents(count, seed=SEED + 1))
    ]
