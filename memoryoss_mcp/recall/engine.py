# SPDX-License-Identifier: AGPL-3.0-only
"""Recall: analyse, search, score, gate, diversify, present. One run serves recall and explain."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

from memoryoss_mcp.config import Config
from memoryoss_mcp.errors import InvalidCursorError
from memoryoss_mcp.model import Memory, check_namespace, now
from memoryoss_mcp.model.trust import Trust
from memoryoss_mcp.recall import plan as planning
from memoryoss_mcp.recall import present
from memoryoss_mcp.recall.encoder import Encoder
from memoryoss_mcp.recall.plan import Plan
from memoryoss_mcp.recall.query import RecallQuery, Weights
from memoryoss_mcp.recall.result import (
    Decision,
    Explanation,
    Gate,
    Mode,
    RecalledMemory,
    RecallResult,
)
from memoryoss_mcp.store.listing import make_cursor, read_cursor
from memoryoss_mcp.store.store import Store

if TYPE_CHECKING:
    from memoryoss_mcp.recall.ranking import Ranking
    from memoryoss_mcp.store.search import Candidates, Probe


@dataclass
class _Run:
    """One recall under way: what explain shows of it afterwards."""

    plan: Plan
    weights: Weights
    mode: Mode
    timings: dict[str, float] = field(default_factory=dict)
    ranking: Ranking | None = None

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Add the time of a step in milliseconds."""
        start = time.perf_counter()
        yield
        self.timings[name] = (time.perf_counter() - start) * 1000


Assess = Callable[[str, Sequence[Memory]], Mapping[UUID, Trust]]
"""The trust in some memories of a namespace."""


class Engine:
    """Answers questions from one store. Thread-safe. ``assess`` (if given) says how far to trust
    what is found."""

    def __init__(
        self, config: Config, store: Store, encoder: Encoder, assess: Assess | None = None
    ) -> None:
        self._config = config
        self._store = store
        self._encoder = encoder
        self._assess = assess

    def recall(self, query: RecallQuery) -> RecallResult:
        """Find the memories that answer a question."""
        return self._answer(query)[0]

    def explain(self, query: RecallQuery) -> Explanation:
        """The same, with every number that was used."""
        result, run = self._answer(query)
        candidates = run.ranking.candidates if run.ranking else None
        terms = (
            tuple(zip(candidates.terms, map(float, candidates.idf), strict=True))
            if candidates
            else tuple((term, 0.0) for term in run.plan.terms)
        )
        return Explanation(
            result=result,
            terms=terms,
            identifiers=tuple(identifier.text for identifier in run.plan.identifiers),
            kinds=run.plan.kinds,
            task=run.plan.task.kind if run.plan.task else None,
            time=run.plan.time.kind if run.plan.time else None,
            weights={name: getattr(run.weights, name) for name in Weights.__slots__},
            timings=run.timings,
        )

    def _answer(self, query: RecallQuery) -> tuple[RecallResult, _Run]:
        settings = self._config.recall
        planning.check(query, self._config.limits)
        check_namespace(query.namespace, self._config.limits.max_namespace_length)
        plan = planning.analyse(
            query, identifier_first=settings.identifier_first_routing, now=now()
        )
        weights = query.weights or Weights(
            settings.vector, settings.fts, settings.exact, settings.recency
        )
        run = _Run(plan, weights, Mode.HYBRID if self._encoder.ready else Mode.LEXICAL)
        from memoryoss_mcp.recall import ranking  # start-up time: imports numpy

        fingerprint = _fingerprint(query)
        offset = 0
        if query.cursor is not None:
            mark, offset = read_cursor(query.cursor, 2)
            if mark != fingerprint or offset < 0:
                raise InvalidCursorError(
                    "That cursor belongs to another query.",
                    field="cursor",
                    hint="Repeat the query with the same words and filters, or leave it out.",
                )
        with run.step("embed"):
            vector = self._encoder.query(query.text)
        probe = ranking.probe(plan, vector, self._store.model.key)
        with run.step("search"):
            candidates = self._store.candidates(query.namespace, probe)
        if candidates is None or candidates.allowed == 0:
            gate = Gate(Decision.ABSTAIN, 0.0, ("no_candidates",))
            return RecallResult(query.namespace, (), gate, run.mode, 0), run
        with run.step("score"):
            run.ranking = ranking.rank(
                candidates, plan, vector, weights, settings, self._store.replacements, self._texts
            )
            gate = run.ranking.gate
        notes = _notes(run.mode, candidates, self._encoder)
        if query.confident_only and gate.decision is not Decision.INJECT:
            return RecallResult(
                query.namespace,
                (),
                gate,
                run.mode,
                len(candidates.numbers),
                candidates.state.pending,
                notes=notes,
            ), run
        with run.step("read"):
            least = ranking.floor(vector, settings)
            numbers, more = self._page(query, probe, run.ranking, offset, least)
            memories = self._store.read(numbers)
        with run.step("trust"):
            trust = self._assess(query.namespace, tuple(memories.values())) if self._assess else {}
        with run.step("present"):
            results = _present(query, run.ranking, numbers, memories, trust)
        end = offset + len(numbers)
        return RecallResult(
            namespace=query.namespace,
            memories=results,
            gate=gate,
            mode=run.mode,
            considered=len(candidates.numbers),
            pending=candidates.state.pending,
            next_cursor=make_cursor(fingerprint, end) if more else None,
            notes=notes,
        ), run

    def _texts(self, numbers: Sequence[int]) -> dict[int, str]:
        return {n: memory.content for n, memory in self._store.read(numbers).items()}

    def _page(
        self,
        query: RecallQuery,
        probe: Probe,
        ranking: Ranking,
        offset: int,
        least: float,
    ) -> tuple[list[int], bool]:
        """Row keys of one page and whether another follows. Behind the last candidate the other
        matches come in the order of a coarse score, so that paging reaches every one."""
        order, candidates, wanted = ranking.order, ranking.candidates, query.limit + 1
        numbers: list[int] = candidates.numbers[order[offset : offset + wanted]].tolist()
        if len(numbers) < wanted and candidates.allowed > len(candidates.numbers):
            beyond = max(offset - len(order), 0)
            numbers += self._store.searcher().remaining(
                query.namespace, probe, candidates.numbers, least, beyond, wanted - len(numbers)
            )
        return numbers[: query.limit], len(numbers) > query.limit


def _present(
    query: RecallQuery,
    ranking: Ranking,
    numbers: Sequence[int],
    memories: Mapping[int, Memory],
    trust: Mapping[UUID, Trust],
) -> tuple[RecalledMemory, ...]:
    from memoryoss_mcp.recall.ranking import BEYOND  # start-up time: imports numpy

    left = query.budget_tokens
    described = ranking.describe(numbers)
    results = []
    for number in numbers:
        memory = memories.get(number)
        if memory is None:
            continue  # forgotten since the search
        summary, evidence, cost = present.view(memory.content, ranking.terms, left)
        if left is not None:
            left -= cost
        score, parts, provenance = described.get(number, BEYOND)
        results.append(
            RecalledMemory(
                memory, score, parts, provenance, summary, evidence, trust.get(memory.id)
            )
        )
    return tuple(results)


def _notes(mode: Mode, candidates: Candidates, encoder: Encoder) -> tuple[str, ...]:
    notes = []
    if mode is Mode.LEXICAL:
        why = str(encoder.error) if encoder.error else "The embedding model is still loading."
        notes.append(f"Searched by words only. {why}")
    if candidates.state.pending:
        notes.append(
            f"{candidates.state.pending} memories have no vector yet and are found by words only."
        )
    return tuple(notes)


def _fingerprint(query: RecallQuery) -> int:
    """A number that ties a cursor to its query."""
    return zlib.crc32(
        repr((query.text, query.namespace, query.filters, query.weights)).encode(
            "utf-8", "backslashreplace"
        )
    )
