# SPDX-License-Identifier: AGPL-3.0-only
"""Stores with whatever may be in them, and what it takes to send documents between them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from uuid import UUID

from hypothesis import strategies as st

from memoryoss_mcp.model import (
    Draft,
    Limits,
    Lineage,
    Memory,
    MemoryType,
    Origin,
    QueueKind,
    ReviewAction,
    ReviewEvent,
    Status,
    TeamGovernance,
    hash_content,
)
from memoryoss_mcp.portable import document
from memoryoss_mcp.portable.artifact import Artifact, open_artifact
from memoryoss_mcp.portable.importing import Importer
from memoryoss_mcp.portable.records import rounded
from memoryoss_mcp.portable.trust.fabric import Fabric
from memoryoss_mcp.screen import screen_draft
from memoryoss_mcp.store.changes import Entry
from memoryoss_mcp.store.store import Store
from tests.store import support

TIMES = st.integers(0, 4_000_000_000).map(lambda s: s * 1_000_000_000) | st.integers(
    1_500_000_000_000_000_000, 1_900_000_000_000_000_000
)
TEXTS = st.text(
    st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=60
).filter(lambda text: text.strip() == text and text != "")
LABELS = st.none() | TEXTS


def unscreened(draft: Draft) -> tuple[str, tuple[str, ...]]:
    """The limits alone: whatever looks like a secret in random text stays."""
    return screen_draft(draft, Limits(), "keep").draft.content, ()


def unembedded(memories: Sequence[Memory]) -> list[Entry]:
    """Memories without vectors: nothing is compared by meaning."""
    return [Entry(memory, tuple(support.analyse(memory)), None) for memory in memories]


def importer(store: Store) -> Importer:
    """An importer that embeds nothing and redacts nothing."""
    return Importer(store, unembedded, unscreened)


def fabric(store: Store, keys: Path) -> Fabric:
    """The fabric of a store; who shares the keys is the same installation."""
    return Fabric(store, keys)


def put(store: Store, namespace: str, memories: Sequence[Memory]) -> None:
    """Write memories exactly as they are."""
    store.take(namespace, lambda _find: unembedded(memories), "store", lambda _done: None)


def everything(store: Store, namespace: str) -> dict[UUID, Memory]:
    """All memories of a namespace without what differs from file to file."""
    found: dict[UUID, Memory] = {}
    store.visit(
        namespace,
        lambda memory: found.__setitem__(
            memory.id, replace(memory, sequence=0, embedding_model=None, embedding_revision=None)
        ),
    )
    return found


def data(artifact: Artifact) -> bytes:
    """A document as it is written."""
    out = io.BytesIO()
    document.write(artifact, out)
    return out.getvalue()


def sent(artifact: Artifact) -> Artifact:
    """A document as who gets it reads it."""
    return open_artifact(data(artifact))


def silent(_step: str, _done: int, _total: int) -> None:
    """Nobody watches."""


@st.composite
def memories(draw: st.DrawFn, namespace: str = "demo") -> list[Memory]:
    """The memories of a namespace, tied to each other in any way."""
    ids = draw(st.lists(st.uuids(), unique=True, max_size=5))
    return [_memory(draw, key, [other for other in ids if other != key], namespace) for key in ids]


def _memory(draw: st.DrawFn, key: UUID, others: Sequence[UUID], namespace: str) -> Memory:
    some = st.sets(st.sampled_from(others)) if others else st.just(set[UUID]())
    one = st.none() | st.sampled_from(others) if others else st.none()
    content = draw(TEXTS)
    created, updated = sorted((draw(TIMES), draw(TIMES)))
    return Memory(
        id=key,
        namespace=namespace,
        content=content,
        created_at=created,
        updated_at=updated,
        tags=tuple(draw(st.lists(TEXTS, unique=True, max_size=3))),
        agent=draw(LABELS),
        session=draw(LABELS),
        memory_type=draw(st.sampled_from(MemoryType)),
        status=draw(st.sampled_from(Status)),
        version=draw(st.integers(1, 2**40)),
        origin=draw(st.sampled_from(Origin)),
        client=draw(LABELS),
        source_key=draw(LABELS),
        content_hash=hash_content(content),
        archived=draw(st.booleans()),
        confidence=rounded(draw(st.none() | st.floats(0, 1))),
        evidence_count=draw(st.integers(0, 2**32 - 1)),
        last_verified_at=draw(st.none() | TIMES),
        lineage=Lineage(
            draw(one),
            tuple(sorted(draw(some))),
            tuple(sorted(draw(some))),
            tuple(sorted(draw(some))),
        ),
        review_events=tuple(draw(st.lists(_events(others), max_size=2))),
        team_governance=draw(st.none() | _governance()),
    )


def _events(others: Sequence[UUID]) -> st.SearchStrategy[ReviewEvent]:
    return st.builds(
        ReviewEvent,
        TIMES,
        TEXTS,
        st.sampled_from(ReviewAction),
        TEXTS,
        st.none() | st.sampled_from(QueueKind),
        st.none() | st.sampled_from(others) if others else st.none(),
    )


def _governance() -> st.SearchStrategy[TeamGovernance]:
    names = st.lists(TEXTS, unique=True, max_size=2).map(lambda found: tuple(sorted(found)))
    return st.builds(
        TeamGovernance,
        TEXTS,
        TEXTS,
        TEXTS,
        TIMES,
        st.booleans(),
        names,
        names,
        LABELS,
        st.none() | TIMES,
    )
