# SPDX-License-Identifier: AGPL-3.0-only
"""An explanation says how the policies judge the query and what is known for its task."""

from __future__ import annotations

import json

import pytest

from memoryoss_mcp.model import Draft, Origin
from memoryoss_mcp.recall.query import RecallQuery
from memoryoss_mcp.recall.result import Explanation
from memoryoss_mcp.runtime import Runtime

SPACE = "project"
QUERY = "Please deploy the billing service to production."
RULE = "Deployments of the billing service to production must be approved."
FACTS = (
    "The billing service is deployed to the heron cluster.",
    "Maria rolled the billing service back on Tuesday.",
)


@pytest.fixture
def billing(runtime: Runtime) -> Runtime:
    """A project with two facts and a rule of the user's, and another that came from a tool."""
    runtime.store_many([Draft(text, SPACE) for text in (*FACTS, RULE)])
    tool = "The billing service must never be deployed to production."
    runtime.store(Draft(tool, SPACE, origin=Origin.TOOL, session="s"))
    return runtime


def explain(runtime: Runtime, text: str, **more: int) -> Explanation:
    return runtime.explain(RecallQuery(text, SPACE, **more))  # type: ignore[arg-type]


def test_the_verdict_is_that_of_the_firewall(billing: Runtime) -> None:
    verdict = explain(billing, QUERY).policy_firewall
    assert verdict == billing.firewall.evaluate(SPACE, QUERY).as_json()
    assert verdict["decision"] == "require_confirmation"
    assert [policy["content"] for policy in verdict["matched_policies"]] == [RULE]
    assert json.loads(json.dumps(verdict)) == verdict


def test_a_question_asks_for_nothing_risky(billing: Runtime) -> None:
    verdict = explain(billing, "Where is the billing service deployed?").policy_firewall
    assert verdict is not None
    assert (verdict["active"], verdict["decision"]) == (False, "allow")


def test_the_state_is_made_of_what_may_be_injected(billing: Runtime) -> None:
    explanation = explain(billing, QUERY)
    state = explanation.task_state
    assert state is not None
    assert (state["kind"], state["goal"]) == ("deploy", QUERY)
    shown = {
        entry["summary"]
        for section in ("facts", "constraints", "recent_actions")
        for entry in state[section]
    }
    assert RULE in shown
    assert shown <= {*FACTS, RULE}
    assert state["open_questions"] == []
    found = {str(entry.memory.id) for entry in explanation.result.memories}
    assert set(state["inputs"]["selected_memory_ids"]) <= found


def test_without_a_task_or_room_there_is_no_state(billing: Runtime) -> None:
    assert explain(billing, "Who is Maria?").task_state is None
    assert explain(billing, QUERY, budget_tokens=20).task_state is None


def test_recall_is_explained_as_it_answers(billing: Runtime) -> None:
    found = billing.recall(RecallQuery(QUERY, SPACE))
    assert explain(billing, QUERY).result.memories == found.memories
