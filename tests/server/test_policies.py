# SPDX-License-Identifier: AGPL-3.0-only
"""A recall that announces a risky action is told what the stored policies say of it."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from memoryoss_mcp.config import Config
from memoryoss_mcp.model import Draft
from memoryoss_mcp.server import policies
from memoryoss_mcp.server.handle import RuntimeHandle

from .conftest import NAMESPACE, Talk
from .wire import PATIENCE, Wire

pytestmark = pytest.mark.anyio

RULE = "Never delete audit logs."
DEED = "Please delete the audit logs of 2019."


def user_says(handle: RuntimeHandle, text: str) -> str:
    return str(handle.runtime().store(Draft(text, NAMESPACE)).id)


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine may take its time."""
    monkeypatch.setattr(policies, "PATIENCE_SECONDS", PATIENCE)


async def test_a_policy_that_forbids_it_is_told(talk: Talk, handle: RuntimeHandle) -> None:
    rule = user_says(handle, RULE)
    answer = await talk.call("recall", query=DEED)
    assert answer["policy"] == {
        "decision": "block",
        "risky_actions": ["delete"],
        "reasons": [f"A policy forbids it (delete): {RULE}"],
        "memory_ids": [rule],
    }
    assert any("forbids" in note and "delete" in note for note in answer["notes"])
    assert answer["memories"][0]["content"] == RULE
    (tool, *_) = (await talk.client.list_tools()).tools
    assert tool.output_schema is not None
    Draft202012Validator(tool.output_schema | {"additionalProperties": False}).validate(answer)


@pytest.mark.parametrize(
    ("text", "decision"),
    [
        ("Deploying to production needs approval.", "require_confirmation"),
        ("Be careful when deploying to production.", "warn"),
    ],
)
async def test_every_decision_has_its_note(
    talk: Talk, handle: RuntimeHandle, text: str, decision: str
) -> None:
    user_says(handle, text)
    answer = await talk.call("recall", query="deploy it to production")
    assert answer["policy"]["decision"] == decision
    assert any("deploy" in note for note in answer["notes"])


async def test_what_an_agent_noted_asks_for_a_confirmation_at_most(talk: Talk) -> None:
    await talk.call("store", content=RULE)
    answer = await talk.call("recall", query=DEED)
    assert answer["policy"]["decision"] == "require_confirmation"


@pytest.mark.parametrize(
    "query",
    [
        "How do I delete audit logs?",
        "Which port does the metrics service have?",
        "Please deploy the website.",
    ],
)
async def test_where_nothing_is_governed_there_is_no_word_of_it(
    talk: Talk, handle: RuntimeHandle, query: str
) -> None:
    user_says(handle, RULE)
    answer = await talk.call("recall", query=query)
    assert "policy" not in answer
    assert not any("policy" in note for note in answer.get("notes", ()))


async def test_a_policy_of_another_namespace_has_no_say(talk: Talk, handle: RuntimeHandle) -> None:
    user_says(handle, RULE)
    assert "policy" not in await talk.call("recall", query=DEED, namespace="other")


async def test_every_change_acts_on_the_next_recall(talk: Talk, handle: RuntimeHandle) -> None:
    assert "policy" not in await talk.call("recall", query=DEED)
    rule = user_says(handle, RULE)
    assert "policy" in await talk.call("recall", query=DEED)
    await talk.call("forget", ids=[rule])
    assert "policy" not in await talk.call("recall", query=DEED)


async def test_explain_shows_the_verdict_and_the_task(talk: Talk, handle: RuntimeHandle) -> None:
    handle.runtime().wait_until_ready()
    for text in (
        "The billing service is deployed to the heron cluster.",
        "Deployments of the billing service to production must be approved.",
        "Maria rolled the billing release back on Tuesday.",
    ):
        user_says(handle, text)
    query = "deploy the billing service to production"
    working = (await talk.call("recall", query=query, explain=True))["explanation"]
    assert working["policy_firewall"]["decision"] == "require_confirmation"
    assert working["task_state"]["kind"] == "deploy"
    assert working["task_state"]["goal"] == query
    plain = await talk.call("recall", query="What is the weather like?", explain=True)
    assert not {"policy_firewall", "task_state"} & set(plain["explanation"])


async def test_no_answer_waits_for_policies_that_are_still_being_read(
    talk: Talk, handle: RuntimeHandle, monkeypatch: pytest.MonkeyPatch
) -> None:
    user_says(handle, RULE)
    monkeypatch.setattr(policies, "PATIENCE_SECONDS", 0.1)
    runtime = handle.runtime()
    reading = runtime.firewall._guards[runtime.namespace().name]
    reading.acquire()
    try:
        answer = await talk.call("recall", query=DEED)
    finally:
        reading.release()
    assert answer["memories"][0]["content"] == RULE
    assert answer["policy"] == {"decision": "unknown", "risky_actions": ["delete"]}
    assert any("still being read" in note for note in answer["notes"])
    monkeypatch.setattr(policies, "PATIENCE_SECONDS", PATIENCE)
    assert (await talk.call("recall", query=DEED))["policy"]["decision"] == "block"


async def test_policies_that_cannot_be_read_do_not_cost_the_answer(
    talk: Talk, handle: RuntimeHandle, config: Config
) -> None:
    handle.runtime().wait_until_ready()
    damaged = user_says(handle, "The lighthouse was painted red.")
    user_says(handle, RULE)
    with contextlib.closing(sqlite3.connect(config.store_path)) as connection, connection:
        changed = connection.execute(
            "UPDATE memory SET content = 'The lighthouse was painted green.' WHERE id = ?",
            (bytes.fromhex(damaged.replace("-", "")),),
        )
        assert changed.rowcount == 1
    answer = await talk.call("recall", query=DEED, limit=1)
    assert answer["memories"][0]["content"] == RULE
    assert answer["policy"]["decision"] == "unknown"
    assert any("cannot be read" in note and "doctor" in note for note in answer["notes"])


def test_over_the_wire_the_first_recall_of_a_process_is_judged(tmp_path: Path) -> None:
    with Wire(tmp_path) as wire:
        wire.handshake()
        kept = wire.call("store", content=RULE)["structuredContent"]["id"]
    with Wire(tmp_path) as wire:
        wire.handshake()
        answer = wire.call("recall", query=DEED)["structuredContent"]
        while answer["policy"]["decision"] == "unknown":  # a very busy machine
            answer = wire.call("recall", query=DEED)["structuredContent"]
        assert answer["policy"]["decision"] == "require_confirmation"
        assert answer["policy"]["memory_ids"] == [kept]
        assert "policy" not in wire.call("recall", query="audit logs")["structuredContent"]
        wire.end_input()
        assert wire.wait() == 0
