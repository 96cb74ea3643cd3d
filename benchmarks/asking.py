# SPDX-License-Identifier: AGPL-3.0-only
"""Storing a haystack and asking it questions, through the library.

A set without timestamps has no order in time. All its memories get one moment, that of the run, so
that being stored last (as a prefeval question's own memory is) says nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

from benchmarks.datasets import Document
from memoryoss_mcp.config import Config
from memoryoss_mcp.model import Draft, now
from memoryoss_mcp.recall.query import RecallQuery
from memoryoss_mcp.recall.result import Mode
from memoryoss_mcp.runtime import Runtime
from memoryoss_mcp.store.types import ForgetRequest

PAGE: Final = 20
LARGEST_PAGE: Final = 100
SCORE_DIGITS: Final = 3
"""Places to which the MCP tool rounds scores and confidence; both faces are compared with these."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One recall: document ids, best first, with their scores, and what the gate said."""

    ranking: tuple[str, ...]
    scores: tuple[float, ...]
    confidence: float
    decision: str

    @property
    def best_score(self) -> float:
        """Score of the first result, 0 for none."""
        return self.scores[0] if self.scores else 0.0

    def rounded(self) -> Answer:
        """The answer with the places that every face shows."""
        return Answer(
            self.ranking,
            tuple(round(score, SCORE_DIGITS) for score in self.scores),
            round(self.confidence, SCORE_DIGITS),
            self.decision,
        )


class Memory(Protocol):
    """A face of the product as this lane uses it."""

    def store(self, namespace: str, documents: Sequence[Document]) -> int:
        """Store documents, in order. Returns how many were left out because they are longer than
        the product takes."""

    def forget(self, namespace: str, document: str) -> None:
        """Forget one document."""

    def ask(self, namespace: str, text: str, *, whole: bool = False) -> Answer:
        """The first page of an answer, or with ``whole`` every memory of the namespace."""

    @property
    def names(self) -> Mapping[UUID, str]:
        """Document id of each memory that was stored."""


def accepted(documents: Sequence[Document], config: Config) -> list[Document]:
    """The documents that are not longer than the product takes."""
    return [d for d in documents if len(d.text.encode()) <= config.limits.max_content_bytes]


class Library:
    """The product as a library."""

    def __init__(self, runtime: Runtime, moment: int | None = None) -> None:
        self._runtime = runtime
        self.names: dict[UUID, str] = {}
        self._ids: dict[tuple[str, str], UUID] = {}
        self._moment = now() if moment is None else moment

    def store(self, namespace: str, documents: Sequence[Document]) -> int:
        """See :meth:`Memory.store`."""
        kept = accepted(documents, self._runtime.config)
        stored = self._runtime.store_many(
            [
                Draft(
                    content=document.text,
                    namespace=namespace,
                    session=document.session,
                    created_at=(
                        self._moment if document.created_at is None else document.created_at
                    ),
                )
                for document in kept
            ]
        )
        for document, receipt in zip(kept, stored, strict=True):
            self.names[receipt.id] = document.id
            self._ids[namespace, document.id] = receipt.id
        return len(documents) - len(kept)

    def forget(self, namespace: str, document: str) -> None:
        """See :meth:`Memory.forget`."""
        memory_id = self._ids.pop((namespace, document))
        self._runtime.forget(ForgetRequest(namespace, ids=(memory_id,)))

    def ask(self, namespace: str, text: str, *, whole: bool = False) -> Answer:
        """See :meth:`Memory.ask`."""
        query = RecallQuery(text, namespace, limit=LARGEST_PAGE if whole else PAGE)
        result = self._runtime.recall(query)
        if result.mode is not Mode.HYBRID or result.pending:
            raise RuntimeError(f"not a hybrid recall: {result.notes}")
        first, found = result, list(result.memories)
        while whole and result.next_cursor is not None:
            result = self._runtime.recall(
                RecallQuery(text, namespace, limit=LARGEST_PAGE, cursor=result.next_cursor)
            )
            found += result.memories
        return Answer(
            ranking=tuple(self.names[entry.memory.id] for entry in found),
            scores=tuple(entry.score for entry in found),
            confidence=first.gate.confidence,
            decision=first.gate.decision.value,
        )
