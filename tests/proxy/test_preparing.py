# SPDX-License-Identifier: AGPL-3.0-only
"""What memory does for a request: the block beside the latest turn, the same again later, and the
verdict of the firewall, also while the core is down."""

from __future__ import annotations

import json
from typing import Any

import pytest

from memoryoss_mcp.model import Draft, Origin, now
from memoryoss_mcp.policy.policies import Decision
from memoryoss_mcp.runtime import Runtime
from memoryoss_mcp.store.types import ForgetRequest
from memoryoss_proxy.blocks import SentBlocks
from memoryoss_proxy.modes import Mode, ModeKind
from memoryoss_proxy.preparing import Guard, Injector, PolicyUnknownError
from memoryoss_proxy.wire import FORMS
from memoryoss_proxy.wire.conversation import Conversation
from tests.proxy.callers import settings

FULL = Mode(ModeKind.FULL)
SPACE = "default"
FACTS = (
    "The staging database of the shop runs PostgreSQL 16 on port 5544.",
    "Invoices are rendered with WeasyPrint 62.3.",
    "Ada prefers short answers without bullet points.",
    "The office is in Graz.",
)
QUESTION = "On which port does the staging database of the shop run?"


def chat(*messages: dict[str, Any]) -> Conversation:
    body = {"model": "gpt-4o", "messages": list(messages)}
    return FORMS["openai_chat"].read(json.dumps(body).encode())


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


@pytest.fixture
def injector(runtime: Runtime) -> Injector:
    for fact in FACTS:
        runtime.store(Draft(fact, SPACE, origin=Origin.USER))
    return Injector(settings(), SentBlocks())


def test_the_memory_that_answers_stands_beside_the_turn(
    runtime: Runtime, injector: Injector
) -> None:
    prepared = injector.prepare(runtime, chat(user(QUESTION)), SPACE, FULL)
    assert prepared.gate == "inject"
    assert prepared.reason is None
    assert "port 5544" in prepared.blocks[0]
    assert len(prepared.injected) >= 1
    assert 0 < prepared.block_tokens < 200


def test_what_nothing_answers_gets_no_block_and_a_reason(
    runtime: Runtime, injector: Injector
) -> None:
    prepared = injector.prepare(runtime, chat(user("Tell me a joke about penguins.")), SPACE, FULL)
    assert prepared.blocks == {}
    assert prepared.reason


def test_later_requests_repeat_the_block_whatever_was_stored_meanwhile(
    runtime: Runtime, injector: Injector
) -> None:
    first = injector.prepare(runtime, chat(user(QUESTION)), SPACE, FULL).blocks[0]
    runtime.store(Draft("The staging database listens on port 6000 now.", SPACE))
    said = {"role": "assistant", "content": "On port 5544."}
    later = chat(user(QUESTION), said, user("And how are invoices rendered?"))
    prepared = injector.prepare(runtime, later, SPACE, FULL)
    assert prepared.blocks[0] == first
    assert "WeasyPrint" in prepared.blocks[1]
    again = injector.prepare(runtime, later, SPACE, FULL)
    assert again.blocks == prepared.blocks
    assert again.reason == "repeated"


def test_a_round_of_tools_keeps_the_block_and_gets_none_of_its_own(
    runtime: Runtime, injector: Injector
) -> None:
    first = injector.prepare(runtime, chat(user(QUESTION)), SPACE, FULL).blocks
    call = {"id": "c", "type": "function", "function": {"name": "ls", "arguments": "{}"}}
    looped = chat(
        user(QUESTION),
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c", "content": "README.md"},
    )
    prepared = injector.prepare(runtime, looped, SPACE, FULL)
    assert prepared.blocks == first
    assert prepared.reason == "continued_turn"


def test_a_block_with_a_forgotten_memory_is_not_repeated(
    runtime: Runtime, injector: Injector
) -> None:
    prepared = injector.prepare(runtime, chat(user(QUESTION)), SPACE, FULL)
    runtime.forget(ForgetRequest(SPACE, ids=prepared.injected))
    said = {"role": "assistant", "content": "On port 5544."}
    later = chat(user(QUESTION), said, user("Thanks!"))
    assert 0 not in injector.prepare(runtime, later, SPACE, FULL).blocks


def test_another_namespace_sees_nothing(runtime: Runtime, injector: Injector) -> None:
    injector.prepare(runtime, chat(user(QUESTION)), SPACE, FULL)
    assert injector.prepare(runtime, chat(user(QUESTION)), "other", FULL).blocks == {}


def test_the_mode_after_leaves_out_what_is_older(runtime: Runtime, injector: Injector) -> None:
    after = Mode(ModeKind.AFTER, now())
    assert injector.prepare(runtime, chat(user(QUESTION)), SPACE, after).blocks == {}
    before = Mode(ModeKind.AFTER, now() - 3_600 * 10**9)
    assert "5544" in injector.prepare(runtime, chat(user(QUESTION)), SPACE, before).blocks[0]


def test_two_memories_that_answer_equally_well_both_go_in(runtime: Runtime) -> None:
    runtime.store(Draft("Deployments of the shop go to the eu-west-1 region.", SPACE))
    runtime.store(Draft("Deployments of the shop need two approvals.", SPACE))
    runtime.store(Draft("Ada likes tea.", SPACE))
    prepared = Injector(settings(), SentBlocks()).prepare(
        runtime, chat(user("What about deployments of the shop?")), SPACE, FULL
    )
    assert "eu-west-1" in prepared.blocks[0]
    assert "two approvals" in prepared.blocks[0]


def test_a_secret_in_a_memory_does_not_go_out(runtime: Runtime) -> None:
    # What was stored before secrets were kept out.
    secret = "ghp_" + "a1B2c3D4e5F6g7H8i9J0" + "k1L2m3N4o5P6q7R8"
    injector = Injector(settings(), SentBlocks())
    runtime.store(Draft("The deploy token of the shop lies in the vault of the shop.", SPACE))
    prepared = injector.prepare(
        runtime, chat(user(f"Where is the deploy token of the shop? It was {secret}")), SPACE, FULL
    )
    assert all(secret not in block for block in prepared.blocks.values())


# The firewall -----------------------------------------------------------------------------------


def policy(runtime: Runtime, text: str) -> None:
    runtime.store(Draft(text, SPACE, tags=("policy",), origin=Origin.USER))


def test_a_policy_decides_and_holds_while_the_core_is_down(runtime: Runtime) -> None:
    policy(runtime, "Never delete the production database.")
    guard = Guard()
    actions = guard.actions(chat(user("Please delete the production database.")))
    assert guard.judge(actions, SPACE, runtime).decision is Decision.BLOCK
    assert guard.judge(actions, SPACE, None).decision is Decision.BLOCK


def test_something_risky_does_not_pass_while_no_policy_is_known() -> None:
    guard = Guard()
    actions = guard.actions(chat(user("Please delete the production database.")))
    with pytest.raises(PolicyUnknownError):
        guard.judge(actions, SPACE, None)


def test_a_confirmation_counts_for_the_turn(runtime: Runtime) -> None:
    policy(runtime, "Deployments to production need approval first.")
    guard = Guard()
    asked = chat(user("Deploy the shop to production."))
    verdict = guard.judge(guard.actions(asked), SPACE, runtime)
    assert verdict.decision is Decision.REQUIRE_CONFIRMATION
    assert not guard.passes(verdict, asked, caller="a", confirmed=False)
    assert guard.passes(verdict, asked, caller="a", confirmed=True)
    call = {"id": "c", "type": "function", "function": {"name": "sh", "arguments": "{}"}}
    rounds = chat(
        user("Deploy the shop to production."),
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c", "content": "done"},
    )
    assert guard.passes(verdict, rounds, caller="a", confirmed=False)
    assert not guard.passes(verdict, rounds, caller="b", confirmed=False)
    # The same words, said anew.
    assert not guard.passes(verdict, asked, caller="a", confirmed=False)
