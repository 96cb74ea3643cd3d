# SPDX-License-Identifier: AGPL-3.0-only
"""The record: frozen, and with a content hash that others can compute."""

from __future__ import annotations

import dataclasses
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memoryoss_mcp.model import Draft, Memory, MemoryType, Origin, Status, hash_content, new_id, now


@given(st.text(st.characters(codec="utf-8")))
def test_the_content_hash_is_sha256_of_the_bytes(content: str) -> None:
    assert hash_content(content) == hashlib.sha256(content.encode()).hexdigest()


def test_a_memory_cannot_be_changed_in_place() -> None:
    memory = Memory(new_id(), "default", "text", now(), now())
    with pytest.raises(dataclasses.FrozenInstanceError):
        memory.content = "other"  # type: ignore[misc]


def test_defaults_are_those_of_the_published_record() -> None:
    draft = Draft("text", "default")
    memory = Memory(new_id(), "default", "text", now(), now())
    for record in (draft, memory):
        assert record.memory_type is MemoryType.SEMANTIC
        assert record.status is Status.ACTIVE
        assert record.origin is Origin.USER
        assert record.evidence_count == 1
        assert record.confidence is None
    assert memory.version == 1
    assert not memory.archived
