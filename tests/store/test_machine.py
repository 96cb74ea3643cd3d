# SPDX-License-Identifier: AGPL-3.0-only
"""The store against a plain dictionary: whatever is done to it, in whatever order, by one program
or two, its rows, indexes and numbers are those that the dictionary gives."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import shutil
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from memoryoss_mcp.model import Change, EmbeddingState, MemoryType, Origin, Outcomes, Status
from memoryoss_mcp.store import vectors
from memoryoss_mcp.store.lexical import NORM_LENGTHS, norm_of
from memoryoss_mcp.store.search import Candidates, Probe, Searcher
from memoryoss_mcp.store.store import Store
from memoryoss_mcp.store.types import Filters, ForgetRequest, ListQuery

from . import support

SPACES = ("one", "two")
WORDS = ("red", "green", "blue", "port", "8001", "naïve", "日本", "x")
LABELS = (None, "a", "b")
STEPS = (
    "insert",
    "insert",
    "reword",
    "relabel",
    "forget_one",
    "forget_some",
    "judge",
    "fill_pending",
    "pack",
)
NEEDS_MEMORIES = ("reword", "relabel", "judge", "forget_one")
START = 1_700_000_000_000_000_000

spaces = st.sampled_from(("one", "one", "two"))
texts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=8).map(" ".join)
tag_sets = st.lists(st.sampled_from(("t1", "t2", "t3")), max_size=2, unique=True).map(tuple)
some_seed = st.integers(0, 50)
seeds = st.none() | some_seed
moments = st.integers(START, START + 4)
some_filters = st.builds(
    Filters,
    agent=st.sampled_from(LABELS),
    session=st.sampled_from(LABELS),
    memory_type=st.none() | st.sampled_from(MemoryType),
    tags=tag_sets,
    before=st.none() | moments,
    after=st.none() | moments,
    origins=st.lists(st.sampled_from(Origin), max_size=2, unique=True).map(tuple),
    statuses=st.lists(st.sampled_from(Status), max_size=2, unique=True).map(tuple),
    include_archived=st.booleans(),
)


@dataclasses.dataclass
class Kept:
    """What the dictionary knows of a memory. ``order`` is its rank of arrival."""

    content: str
    tags: tuple[str, ...]
    agent: str | None
    session: str | None
    memory_type: MemoryType
    origin: Origin
    status: Status
    archived: bool
    created_at: int
    seed: int | None
    order: int
    version: int = 1

    @property
    def terms(self) -> list[str]:
        return [*self.content.split(), *self.tags]

    def fulfils(self, filters: Filters) -> bool:
        return (
            (filters.include_archived or not self.archived)
            and filters.agent in (None, self.agent)
            and filters.session in (None, self.session)
            and filters.memory_type in (None, self.memory_type)
            and (not filters.tags or bool(set(filters.tags) & set(self.tags)))
            and (filters.before is None or self.created_at < filters.before)
            and (filters.after is None or self.created_at > filters.after)
            and (not filters.origins or self.origin in filters.origins)
            and (not filters.statuses or self.status in filters.statuses)
        )


def bm25(documents: dict[UUID, Kept], terms: tuple[str, ...]) -> dict[UUID, float]:
    """BM25 as the book has it, over every document, with lengths as coarse as the norm byte."""
    counts = {key: Counter(kept.terms) for key, kept in documents.items()}
    average = sum(len(kept.terms) for kept in documents.values()) / len(documents)
    sums = dict.fromkeys(documents, 0.0)
    for term in terms:
        matches = sum(1 for count in counts.values() if count[term])
        idf = math.log(1 + (len(documents) - matches + 0.5) / (matches + 0.5))
        for key, count in counts.items():
            length = NORM_LENGTHS[norm_of(sum(count.values()))]
            norm = support.K1 * (1 - support.B + support.B * length / average)
            sums[key] += idf * (support.K1 + 1) * count[term] / (count[term] + norm)
    return sums


class StoreMachine(RuleBasedStateMachine):
    """Two programs (two stores over one file) change memories; one of them searches all along."""

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="memoryoss-machine-"))
        self.path = self.folder / "memoryoss.db"
        self.stores = [support.open_store(self.path), support.open_store(self.path)]
        self.kept: dict[str, dict[UUID, Kept]] = {name: {} for name in SPACES}
        self.arrived = 0

    def teardown(self) -> None:
        if hasattr(self, "stores"):
            for store in self.stores:
                store.close()
            shutil.rmtree(self.folder)

    def one_of(self, draw: Any) -> tuple[str, UUID, Kept]:
        everything = [(name, key, kept) for name in SPACES for key, kept in self.kept[name].items()]
        return everything[draw.draw(st.integers(0, len(everything) - 1))]

    def writer(self, draw: Any) -> Store:
        return self.stores[draw.draw(st.integers(0, 1), "writer")]

    # What is done -------------------------------------------------------------------------

    @rule(draw=st.data(), steps=st.lists(st.sampled_from(STEPS), min_size=1, max_size=8))
    def change(self, draw: Any, steps: list[str]) -> None:
        """Several changes, by either program, before anyone searches again."""
        for step in steps:
            if step in NEEDS_MEMORIES and not any(self.kept.values()):
                step = "insert"
            getattr(self, step)(draw)

    def insert(self, draw: Any) -> None:
        space = draw.draw(spaces)
        fresh = [
            Kept(
                content=draw.draw(texts),
                tags=draw.draw(tag_sets),
                agent=draw.draw(st.sampled_from(LABELS)),
                session=draw.draw(st.sampled_from(("a", "a", "b", None))),
                memory_type=draw.draw(st.sampled_from(MemoryType)),
                origin=draw.draw(st.sampled_from(Origin)),
                status=draw.draw(st.sampled_from(Status)),
                archived=draw.draw(st.booleans()),
                created_at=draw.draw(moments),
                seed=draw.draw(seeds),
                order=self.arrived + index,
            )
            for index in range(draw.draw(st.integers(1, 3)))
        ]
        self.arrived += len(fresh)
        entries = []
        for kept in fresh:
            values = dataclasses.asdict(kept)
            del values["order"], values["version"]
            entries.append(support.entry(values.pop("content"), space, **values))
        stored = self.writer(draw).insert(entries)
        for receipt, kept in zip(stored, fresh, strict=True):
            ready = EmbeddingState.READY if kept.seed is not None else EmbeddingState.PENDING
            assert (receipt.namespace, receipt.version, receipt.embedding) == (space, 1, ready)
            self.kept[space][receipt.id] = kept

    def reword(self, draw: Any) -> None:
        space, key, kept = self.one_of(draw)
        content, seed = draw.draw(texts), draw.draw(seeds)
        updated = self.writer(draw).update(
            Change(key, space, content=content), support.encoded(seed)
        )
        if content != kept.content:
            kept.seed = seed
        kept.content = content
        kept.version += 1
        assert updated.version == kept.version

    def relabel(self, draw: Any) -> None:
        space, key, kept = self.one_of(draw)
        tags, memory_type = draw.draw(tag_sets), draw.draw(st.none() | st.sampled_from(MemoryType))
        change = Change(key, space, tags=tags, memory_type=memory_type)
        self.writer(draw).update(change, None)
        kept.tags = tags
        kept.memory_type = memory_type or kept.memory_type
        kept.version += 1

    def judge(self, draw: Any) -> None:
        space, key, kept = self.one_of(draw)
        good, bad = draw.draw(st.integers(0, 2)), draw.draw(st.integers(0, 2))
        outcomes = Outcomes(confirm_count=good, reject_count=bad)
        status = draw.draw(st.sampled_from(Status))
        store = self.writer(draw)
        store.amend(
            space,
            lambda find: [dataclasses.replace(find([key])[key], status=status, outcomes=outcomes)],
            "review",
        )
        kept.status = status
        kept.version += 1
        versions = [version.memory.version for version in store.versions(space, key)]
        assert versions == list(range(1, kept.version))

    def forget_one(self, draw: Any) -> None:
        space, key, _ = self.one_of(draw)
        receipt = self.writer(draw).forget(ForgetRequest(space, ids=(key,)))
        assert (receipt.deleted, receipt.missing) == ((key,), ())
        del self.kept[space][key]

    def forget_some(self, draw: Any) -> None:
        space, before = draw.draw(spaces), draw.draw(moments)
        tag = draw.draw(st.sampled_from(("t1", "t2", "t3")))
        gone = {
            key
            for key, kept in self.kept[space].items()
            if tag in kept.tags and kept.created_at < before
        }
        request = ForgetRequest(space, tags=(tag,), before=before)
        assert set(self.writer(draw).forget(request).deleted) == gone
        for key in gone:
            del self.kept[space][key]

    def fill_pending(self, draw: Any) -> None:
        store, limit, seed = self.writer(draw), draw.draw(st.integers(1, 5)), draw.draw(some_seed)
        vector = support.encoded(seed)
        assert vector is not None
        pending = store.pending(limit)
        filled = [(number, memory.content_hash or "", vector) for number, memory in pending]
        assert store.fill_vectors(filled) == len(pending)
        waiting = sum(kept.seed is None for space in SPACES for kept in self.kept[space].values())
        assert len(pending) == min(limit, waiting)
        for _, memory in pending:
            self.kept[memory.namespace][memory.id].seed = seed

    def pack(self, draw: Any) -> None:
        support.pack(self.path, draw.draw(st.integers(1, 4)))

    @rule(which=st.integers(0, 1))
    def reopen(self, which: int) -> None:
        self.stores[which].close()
        self.stores[which] = support.open_store(self.path)

    # What is seen -------------------------------------------------------------------------

    @rule(space=spaces, filters=some_filters, limit=st.integers(1, 4))
    def list_pages(self, space: str, filters: Filters, limit: int) -> None:
        expected = [
            key
            for key, kept in sorted(
                self.kept[space].items(),
                key=lambda item: (item[1].created_at, item[1].order),
                reverse=True,
            )
            if kept.fulfils(filters)
        ]
        listed: list[UUID] = []
        cursor = None
        while True:
            page = self.stores[0].page(ListQuery(space, limit, cursor, filters))
            assert page.total == len(expected)
            listed += [memory.id for memory in page.memories]
            cursor = page.next_cursor
            if cursor is None:
                break
            assert len(page.memories) == limit
        assert listed == expected

    @rule(
        space=spaces,
        filters=some_filters,
        terms=st.lists(st.sampled_from((*WORDS, "t1", "absent")), unique=True, max_size=5),
        seed=seeds,
        depth=st.sampled_from((1, 3, 1_000)),
    )
    def search(
        self, space: str, filters: Filters, terms: list[str], seed: int | None, depth: int
    ) -> None:
        probe = support.probe(terms, seed=seed, filters=filters, depth=depth)
        self.compare(space, probe, seed)

    @invariant()
    def the_doctor_is_content(self) -> None:
        assert support.unsound(self.path) == []

    @invariant()
    def rows_are_the_same(self) -> None:
        for space in SPACES:
            for key, kept in self.kept[space].items():
                memory = self.stores[0].get(space, key)
                for field in dataclasses.fields(kept):
                    if field.name not in {"seed", "order"}:
                        assert getattr(memory, field.name) == getattr(kept, field.name), field.name
                assert (memory.embedding is EmbeddingState.READY) == (kept.seed is not None)

    @invariant()
    def searches_find_everything(self) -> None:
        for space in SPACES:
            probe = support.probe(WORDS, seed=1, filters=Filters(include_archived=True))
            self.compare(space, probe, 1)

    def compare(self, space: str, probe: Probe, seed: int | None) -> None:
        """A searcher that last looked some changes ago sees what a fresh one sees."""
        with contextlib.closing(Searcher(self.path)) as fresh:
            loaded = self.check_search(fresh, space, probe, seed)
        caught_up = self.check_search(self.stores[0].searcher(), space, probe, seed)
        if loaded is None or caught_up is None:
            assert loaded is caught_up is None
        else:
            same(loaded, caught_up)

    def check_search(
        self, searcher: Searcher, space: str, probe: Probe, seed: int | None
    ) -> Candidates | None:
        documents = self.kept[space]
        found = searcher.candidates(space, probe)
        if found is None:
            assert not documents
            return None
        matches = {key for key, kept in documents.items() if kept.fulfils(probe.filters)}
        rest = searcher.remaining(space, probe, found.numbers, -1.0, 0, 1_000)
        numbers = [*found.numbers.tolist(), *rest]
        memories = self.stores[0].read(numbers)
        assert len(memories) == len(numbers)
        assert {memory.id for memory in memories.values()} == matches
        assert found.allowed == len(matches)
        assert found.state.live == len(documents)
        self.check_numbers(found, memories, probe.terms, seed, documents)
        return found

    def check_numbers(
        self,
        found: Candidates,
        memories: dict[int, Any],
        terms: tuple[str, ...],
        seed: int | None,
        documents: dict[UUID, Kept],
    ) -> None:
        sums = bm25(documents, terms) if documents else {}
        by_order: dict[str, list[UUID]] = {}
        for key, kept in sorted(documents.items(), key=lambda item: item[1].order):
            by_order.setdefault(kept.session or "", []).append(key)
        ids = [memories[number].id for number in found.numbers.tolist()]
        for place, key in enumerate(ids):
            kept = documents[key]
            assert math.isclose(found.bm25[place], sums[key], rel_tol=1e-4, abs_tol=1e-5)
            assert found.frequencies[place].tolist() == [kept.terms.count(term) for term in terms]
            if any(found.frequencies[place]):
                assert found.lengths[place] == NORM_LENGTHS[norm_of(len(kept.terms))]
            cosine = 0.0
            if seed is not None and kept.seed is not None:
                blob = support.encoded(kept.seed)
                assert blob is not None
                stored = vectors.decode([blob], support.DIMENSION)[0]
                cosine = float(stored @ support.unit(seed))
            assert math.isclose(found.similarity[place], cosine, abs_tol=1e-5)
            assert bool(found.flags[place] & vectors.READY) == (kept.seed is not None)
            assert found.created[place] == kept.created_at
            # Neighbours of a session in order of arrival, as far as they are candidates.
            siblings = by_order[kept.session] if kept.session else [key]
            assert found.session_sizes[place] == (len(siblings) if kept.session else 0)
            at = siblings.index(key)
            before = siblings[at - 1] if at else None
            after = siblings[at + 1] if at + 1 < len(siblings) else None
            for neighbour, column in ((before, found.previous), (after, found.following)):
                expected = ids.index(neighbour) if neighbour in ids else -1
                assert column[place] == expected


def same(one: Candidates, other: Candidates) -> None:
    """Two searches gave the same numbers, to the last bit. (``mean`` is an estimate that is made
    again from time to time only.)"""
    for field in dataclasses.fields(Candidates):
        if field.name in ("mean", "mean_similarity"):
            continue
        mine, theirs = getattr(one, field.name), getattr(other, field.name)
        if field.name == "encoded":
            for part, other_part in zip(mine, theirs, strict=True):
                np.testing.assert_array_equal(part, other_part, field.name)
        elif isinstance(mine, np.ndarray):
            np.testing.assert_array_equal(mine, theirs, field.name)
        else:
            assert mine == theirs, field.name


StoreMachine.TestCase.settings = settings(max_examples=15, stateful_step_count=12)
TestStoreMachine = StoreMachine.TestCase
