# SPDX-License-Identifier: AGPL-3.0-only
"""Every field of a memory comes back as it was, and a damaged row never comes back as a memory."""

from __future__ import annotations

import random
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memoryoss_mcp.errors import StoreDamagedError
from memoryoss_mcp.model import (
    Lineage,
    Memory,
    MemoryType,
    Origin,
    Outcomes,
    QueueKind,
    ReviewAction,
    ReviewEvent,
    Status,
    TeamGovernance,
    hash_content,
    new_id,
)
from memoryoss_mcp.store.changes import Entry
from memoryoss_mcp.store.store import Store
from memoryoss_mcp.store.types import ListQuery

from . import support

texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30)
moments = st.integers(-(2**63), 2**63 - 1)
counts = st.integers(0, 2**40)
ids = st.lists(st.uuids(), max_size=3, unique=True).map(sorted).map(tuple)
records = st.builds(
    Memory,
    id=st.just(new_id()),
    namespace=st.sampled_from(("one", "two")),
    content=texts,
    created_at=moments,
    updated_at=moments,
    tags=st.lists(texts, max_size=4, unique=True).map(tuple),
    agent=st.none() | texts,
    session=st.none() | texts,
    memory_type=st.sampled_from(MemoryType),
    status=st.sampled_from(Status),
    version=st.integers(1, 2**31),
    origin=st.sampled_from(Origin),
    client=st.none() | texts,
    source_key=st.none() | texts,
    content_hash=texts.map(hash_content),
    archived=st.booleans(),
    confidence=st.none() | st.floats(0, 1),
    evidence_count=counts,
    last_verified_at=st.none() | moments,
    lineage=st.builds(
        Lineage,
        superseded_by=st.none() | st.uuids(),
        derived_from=ids,
        contradicts_with=ids,
    ),
    outcomes=st.builds(
        Outcomes,
        injection_count=counts,
        reuse_count=counts,
        confirm_count=counts,
        reject_count=counts,
        supersede_count=counts,
        last_injected_at=st.none() | moments,
        last_reused_at=st.none() | moments,
        last_outcome_at=st.none() | moments,
    ),
    review_events=st.lists(
        st.builds(
            ReviewEvent,
            at=moments,
            actor=texts,
            action=st.sampled_from(ReviewAction),
            via=texts,
            queue_kind=st.none() | st.sampled_from(QueueKind),
            superseded_by=st.none() | st.uuids(),
        ),
        max_size=3,
    ).map(tuple),
    team_governance=st.none()
    | st.builds(
        TeamGovernance,
        branch=texts,
        scope=texts,
        proposed_by=texts,
        proposed_at=moments,
        review_required=st.booleans(),
        owners=st.lists(texts, max_size=2).map(tuple),
        watchlist=st.lists(texts, max_size=2).map(tuple),
        merged_by=st.none() | texts,
        merged_at=st.none() | moments,
    ),
)
BY_THE_STORE = {"sequence", "embedding", "embedding_model", "embedding_revision"}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = tmp_path_factory.mktemp("rows") / "memoryoss.db"
    with support.opened(path) as store:
        yield store
    assert support.unsound(path) == []


@given(memory=records)
def test_every_field_comes_back(shared: Store, memory: Memory) -> None:
    memory = replace(memory, id=new_id())
    entry = Entry(memory, tuple(support.analyse(memory)), None)
    shared.insert([entry])
    read = shared.get(memory.namespace, memory.id)
    for field in fields(Memory):
        if field.name not in BY_THE_STORE:
            assert getattr(read, field.name) == getattr(memory, field.name), field.name
    assert read.sequence > 0


COLUMNS = (
    "content",
    "tags",
    "agent",
    "session",
    "memory_type",
    "status",
    "origin",
    "client",
    "source_key",
    "content_hash",
    "review_events",
    "team_governance",
)


@pytest.mark.parametrize("column", COLUMNS)
def test_one_flipped_bit_in_a_text_is_noticed(tmp_path: Path, column: str) -> None:
    path = tmp_path / "memoryoss.db"
    with support.opened(path) as store:
        entry = support.entry(
            "the door code is 4711", tags=("door",), agent="a", session="s", client="c"
        )
        memory = replace(
            entry.memory,
            source_key="k",
            team_governance=TeamGovernance("main", "team", "someone", 5),
            review_events=(ReviewEvent(1, "someone", ReviewAction.CONFIRM, "cli"),),
        )
        store.insert([replace(entry, memory=memory), support.entry("the other one")])
        choose = random.Random(column)
        with support.raw(path) as connection:
            [value] = connection.execute(
                f"SELECT CAST({column} AS BLOB) FROM memory WHERE number & 255 = 0"
            ).fetchone()
            assert value
            for bit in range(8):
                flipped = bytearray(value)
                flipped[choose.randrange(len(flipped))] ^= 1 << bit
                connection.execute(
                    f"UPDATE memory SET {column} = CAST(? AS TEXT) WHERE number & 255 = 0",
                    (bytes(flipped),),
                )
                with pytest.raises(StoreDamagedError) as caught:
                    store.get("default", memory.id)
                assert caught.value.code == "store_damaged"
                with pytest.raises(StoreDamagedError):
                    store.page(ListQuery("default"))
    findings = support.unsound(path)
    assert [finding.partition(":")[0] for finding in findings] == ["rows"]
    assert "1 memories are damaged" in findings[0]


@pytest.mark.parametrize(
    "damage",
    [
        "created_at = created_at + 1",
        "updated_at = 0",
        "version = version + 1",
        "archived = 1",
        "confidence = 0.5",
        "evidence_count = 2",
        "superseded_by = randomblob(16)",
        "superseded_by = randomblob(3)",
        "confirm_count = 1",
        "confirm_count = 'x'",
        "content = ''",
        "content = CAST(content AS BLOB)",
        "seq = seq + 7",
        "digest = zeroblob(8)",
        "digest = x''",
    ],
)
def test_any_altered_value_is_noticed(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "memoryoss.db"
    with support.opened(path) as store:
        [receipt] = store.insert([support.entry("the door code is 4711")])
        with support.raw(path) as connection:
            connection.execute(f"UPDATE memory SET {damage}")
        with pytest.raises(StoreDamagedError):
            store.get("default", receipt.id)
    assert [finding.partition(":")[0] for finding in support.unsound(path)] == ["rows"]
