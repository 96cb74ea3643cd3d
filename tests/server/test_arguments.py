# SPDX-License-Identifier: AGPL-3.0-only
"""What models send: forgiven where the meaning is clear, refused with advice where it is not."""

from __future__ import annotations

import pytest

from .conftest import Talk

pytestmark = pytest.mark.anyio

UNKNOWN_ID = "01890a5d-ac96-774b-bcce-b302099a8057"


async def test_null_means_left_out(talk: Talk) -> None:
    kept = await talk.call(
        "store",
        content="Null is nothing.",
        tags=None,
        agent=None,
        session=None,
        namespace=None,
        memory_type=None,
        created_at=None,
    )
    answer = await talk.call(
        "recall",
        query="Null is nothing.",
        limit=None,
        tags=None,
        agent=None,
        session=None,
        namespace=None,
        memory_type=None,
        after=None,
        before=None,
        cursor=None,
        max_tokens=None,
        explain=None,
    )
    assert len(answer["memories"]) == 1
    await talk.call("update", id=kept["id"], content="Still here.", tags=None, namespace=None)
    gone = await talk.call("forget", ids=[kept["id"]], dry_run=None, namespace=None)
    assert gone["deleted"] == 1


async def test_numbers_may_come_as_strings(talk: Talk) -> None:
    for number in range(3):
        await talk.call("store", content=f"Lamp {number} is lit.")
    answer = await talk.call("recall", query="lamp", limit="2", max_tokens="500", explain="false")
    assert len(answer["memories"]) == 2
    assert "explanation" not in answer


@pytest.mark.parametrize("tags", ["solo", ["solo"], '["solo"]'])
async def test_a_lone_string_stands_for_a_list(talk: Talk, tags: object) -> None:
    kept = await talk.call("store", content="Tagged once.", tags=tags)
    (found,) = (await talk.call("recall", query="Tagged once.", tags=tags))["memories"]
    assert found["tags"] == ["solo"]
    gone = await talk.call("forget", ids=kept["id"])
    assert gone["deleted"] == 1


async def test_a_number_may_stand_for_a_text(talk: Talk) -> None:
    await talk.call("store", content="Room 4711 is locked.", session=12)
    (found,) = (await talk.call("recall", query=4711))["memories"]
    assert found["session"] == "12"


@pytest.mark.parametrize(
    ("tool", "arguments", "code", "mentions"),
    [
        ("recall", {}, "invalid_input", ["query", "required"]),
        ("recall", {"query": None}, "invalid_input", ["query"]),
        ("recall", {"query": ""}, "invalid_input", ["query"]),
        ("recall", {"query": "   "}, "invalid_input", ["query"]),
        ("recall", {"query": {"a": 1}}, "invalid_input", ["query", "string", "an object"]),
        ("recall", {"query": "x", "limit": 0}, "invalid_input", ["limit"]),
        ("recall", {"query": "x", "limit": -1}, "invalid_input", ["limit"]),
        ("recall", {"query": "x", "limit": 10**9}, "", ["limit"]),
        ("recall", {"query": "x", "limit": 10**30}, "", ["limit"]),
        ("recall", {"query": "x", "limit": "many"}, "invalid_input", ["limit", "whole number"]),
        ("recall", {"query": "x", "limit": 2.5}, "invalid_input", ["limit", "whole number"]),
        ("recall", {"query": "x", "limit": True}, "invalid_input", ["limit", "whole number"]),
        ("recall", {"query": "x", "max_tokens": 0}, "invalid_input", ["max_tokens"]),
        ("recall", {"query": "x", "explain": "perhaps"}, "invalid_input", ["true or false"]),
        ("recall", {"query": "x", "cursor": "made-up"}, "invalid_cursor", []),
        ("recall", {"query": "x", "after": "yesterday"}, "invalid_input", ["time", "RFC 3339"]),
        ("recall", {"query": "x", "before": "2026-13-01"}, "invalid_input", ["RFC 3339"]),
        ("recall", {"query": "x", "tags": [{}]}, "invalid_input", ["tags", "list of strings"]),
        ("recall", {"query": "x", "tags": {"a": 1}}, "invalid_input", ["tags", "an object"]),
        ("recall", {"query": "x", "memory_type": "funny"}, "invalid_input", ["episodic", "funny"]),
        ("recall", {"query": "x", "namespace": "a/b"}, "invalid_input", ["namespace"]),
        ("recall", {"query": "x", "top_k": 5}, "invalid_input", ["'top_k'", "limit", "query"]),
        ("recall", {"query": "x", "a": 1, "b": 2}, "invalid_input", ["'a'", "'b'"]),
        ("store", {}, "invalid_input", ["content", "required"]),
        ("store", {"content": ""}, "invalid_input", ["content"]),
        ("store", {"content": " \n\t "}, "invalid_input", ["content"]),
        ("store", {"content": "a\x00b"}, "invalid_input", ["NUL"]),
        ("store", {"content": "x" * 100_000}, "limit_exceeded", ["content", "32768"]),
        ("store", {"content": "x", "tags": ["t"] * 10_000}, "limit_exceeded", ["tags"]),
        (
            "store",
            {"content": "x", "tags": [f"t{n}" for n in range(10_000)]},
            "limit_exceeded",
            ["tags"],
        ),
        ("store", {"content": "x", "tags": ["t" * 10_000]}, "limit_exceeded", ["tag"]),
        ("store", {"content": "x", "agent": "a" * 10_000}, "limit_exceeded", ["agent"]),
        ("store", {"content": "x", "memory_type": "note"}, "invalid_input", ["procedural"]),
        ("store", {"content": "x", "namespace": "a b"}, "invalid_input", ["namespace"]),
        ("store", {"content": "x", "namespace": ""}, "invalid_input", ["namespace"]),
        ("store", {"content": "x", "namespace": "n" * 500}, "invalid_input", ["namespace"]),
        ("store", {"content": "x", "created_at": "1066-10-14"}, "invalid_input", ["time"]),
        ("store", {"content": "x", "text": "y"}, "invalid_input", ["'text'", "content"]),
        ("update", {}, "invalid_input", ["id", "required"]),
        ("update", {"id": UNKNOWN_ID}, "invalid_input", ["nothing to change", "content"]),
        ("update", {"id": UNKNOWN_ID, "content": "x"}, "not_found", [UNKNOWN_ID]),
        ("update", {"id": "42", "content": "x"}, "invalid_id", ["'42'", "recall"]),
        ("update", {"id": UNKNOWN_ID, "content": ""}, "invalid_input", ["content"]),
        ("forget", {"ids": ["nope"]}, "invalid_id", ["'nope'"]),
        ("forget", {"ids": [UNKNOWN_ID, 7]}, "invalid_id", ["'7'"]),
        ("forget", {"ids": ["*"]}, "invalid_id", ["'*'"]),
        ("forget", {"all": True}, "invalid_input", ["'all'", "ids"]),
        ("forget", {"ids": [UNKNOWN_ID], "dry_run": 7}, "invalid_input", ["dry_run"]),
    ],
    ids=lambda value: str(value)[:40] if isinstance(value, dict) else None,
)
async def test_a_wrong_value_gets_a_code_and_advice(
    talk: Talk, tool: str, arguments: dict[str, object], code: str, mentions: list[str]
) -> None:
    await talk.call("store", content="A witness that must survive.")
    text = await talk.refused(tool, **arguments)
    given, _, message = text.partition(": ")
    assert given == code or (not code and given in {"invalid_input", "limit_exceeded"})
    for word in mentions:
        assert word in message
    assert "pydantic" not in text
    assert "://" not in text
    assert len(text) < 500
    answer = await talk.call("recall", query="witness")
    assert len(answer["memories"]) == 1
