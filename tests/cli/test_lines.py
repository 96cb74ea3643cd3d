# SPDX-License-Identifier: AGPL-3.0-only
"""A line of a file says exactly one memory, or exactly what is wrong with it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memoryoss_mcp.cli.lines import read_draft
from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.model import Draft, MemoryType, Origin, Status, format_time

DEFAULTS = Draft(content="", namespace="n", tags=("d",), agent="a", created_at=5)

TEXT = st.text(st.characters(codec="utf-8"), min_size=1)


@given(
    st.builds(
        Draft,
        content=TEXT,
        namespace=TEXT,
        tags=st.lists(TEXT).map(tuple),
        agent=TEXT,
        session=TEXT,
        memory_type=st.sampled_from(MemoryType),
        origin=st.sampled_from(Origin),
        client=st.none(),
        source_key=TEXT,
        created_at=st.integers(0, 2**62),
        id=st.uuids(),
        status=st.sampled_from(Status),
        confidence=st.floats(0, 1),
        evidence_count=st.integers(0, 2**31 - 1),
    )
)
def test_a_draft_survives_its_line(draft: Draft) -> None:
    record = {
        name: getattr(draft, name)
        for name in (
            *("content", "namespace", "agent", "session", "memory_type", "origin", "source_key"),
            *("status", "confidence", "evidence_count"),
        )
    }
    assert draft.created_at is not None
    record |= {
        "tags": list(draft.tags),
        "created_at": format_time(draft.created_at),
        "id": str(draft.id),
    }
    assert read_draft(json.dumps(record).encode(), DEFAULTS) == draft


def test_what_a_line_leaves_out_is_taken_from_the_options() -> None:
    draft = read_draft(b'\xef\xbb\xbf{"content": "x", "agent": null, "tags": []}\r\n', DEFAULTS)
    assert draft == Draft(content="x", namespace="n", tags=(), agent="a", created_at=5)


@pytest.mark.parametrize(
    ("line", "field", "message"),
    [
        (b"\xff", "line", "not UTF-8 (byte 1)"),
        (b"{", "line", "Not JSON"),
        (b"[" * 100_000, "line", "Not JSON"),
        (b'["content"]', "line", "object"),
        (b"{}", "content", "no 'content'"),
        (b'{"content": null}', "content", "no 'content'"),
        (b'{"content": 5}', "content", "not a text"),
        (b'{"content": "x", "content": "y"}', "line", "twice"),
        (b'{"content": "x", "colour": 1}', "line", "'colour'"),
        (b'{"content": "x", "tags": "a"}', "tags", "list of texts"),
        (b'{"content": "x", "tags": [1]}', "tags", "list of texts"),
        (b'{"content": "x", "memory_type": "song"}', "memory_type", "'song'"),
        (b'{"content": "x", "origin": "moon"}', "origin", "'moon'"),
        (b'{"content": "x", "status": true}', "status", "not a text"),
        (b'{"content": "x", "created_at": "soon"}', "created_at", "'soon'"),
        (b'{"content": "x", "created_at": 1}', "created_at", "not a text"),
        (b'{"content": "x", "confidence": "1"}', "confidence", "not a number"),
        (b'{"content": "x", "evidence_count": -1}', "evidence_count", "whole number"),
        (b'{"content": "x", "evidence_count": true}', "evidence_count", "whole number"),
        (b'{"content": "x", "id": "7"}', "id", "'7'"),
    ],
)
def test_a_wrong_line_is_told_with_the_field(line: bytes, field: str, message: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        read_draft(line, DEFAULTS)
    assert caught.value.field == field
    assert message in str(caught.value)


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists, max_leaves=5))
def test_no_json_value_breaks_the_reader(value: Any) -> None:
    with pytest.raises(InvalidInputError):
        read_draft(json.dumps({"content": "x", "tags": value, "no": value}).encode(), DEFAULTS)
