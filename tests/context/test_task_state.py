# SPDX-License-Identifier: AGPL-3.0-only
"""What is known for a piece of work, sorted."""

from __future__ import annotations

import json
from dataclasses import replace

from memoryoss_mcp.context.task_state import compile_task_state
from memoryoss_mcp.model import Status
from memoryoss_mcp.recall.result import RecalledMemory
from tests.context.support import recalled

QUESTION = "Deploy the billing release to production, please. It is urgent."
RULE = "Releases must be approved by two people."
FACT = "The production database of billing is called heron."
DONE = "Maria rolled the release back on Tuesday."
OPEN = "Is the migration of billing reversible?"


def memories() -> list[RecalledMemory]:
    return [recalled(text, 0.9 - n / 10) for n, text in enumerate((FACT, RULE, DONE, OPEN))]


def test_every_memory_is_filed_by_what_it_says() -> None:
    state = compile_task_state(QUESTION, memories(), 2_000)
    assert state is not None
    assert state.kind == "deploy"
    assert state.goal == "Deploy the billing release to production, please."
    assert state.lines == [
        '<task_state kind="deploy">',
        "<goal>Deploy the billing release to production, please.</goal>",
        f"<facts><fact>{FACT}</fact></facts>",
        f"<constraints><constraint>{RULE}</constraint></constraints>",
        f"<recent_actions><recent_action>{DONE}</recent_action></recent_actions>",
        f"<open_questions><question>{OPEN}</question></open_questions>",
        "</task_state>",
    ]


def test_what_is_contested_is_an_open_question() -> None:
    contested = recalled(RULE)
    contested = replace(contested, memory=replace(contested.memory, status=Status.CONTESTED))
    state = compile_task_state(QUESTION, [contested, recalled(FACT)], 2_000)
    assert state is not None
    assert [entry.view.summary for entry in state.of("question")] == [RULE]
    assert state.of("constraint") == ()


def test_the_json_form_says_where_everything_came_from() -> None:
    found = memories()
    long = " ".join(f"Step {n} of the billing release is to call the bank." for n in range(80))
    found.append(recalled(long, 0.5, tags=("runbook",)))
    state = compile_task_state(QUESTION, found, 2_000)
    assert state is not None
    document = json.loads(json.dumps(state.as_json()))
    assert list(document) == [
        "kind", "goal", "facts", "constraints", "recent_actions", "open_questions", "evidence",
        "inputs", "decisions",
    ]  # fmt: skip
    (rule,) = document["constraints"]
    assert rule == {
        "memory_id": str(found[1].memory.id),
        "summary": RULE,
        "score": 0.8,
        "trust_score": None,
        "status": "active",
        "tags": [],
        "provenance": ["vector"],
    }
    assert document["open_questions"] == [OPEN]
    (evidence,) = document["evidence"]
    assert evidence["memory_id"] == str(found[4].memory.id)
    assert document["inputs"]["selected_memory_ids"] == [str(one.memory.id) for one in found]
    assert document["inputs"]["omitted_memory_ids"] == []
    assert all(isinstance(line, str) for line in document["decisions"])


def test_where_sorting_says_no_more_there_is_no_state() -> None:
    assert compile_task_state("What is our favourite colour?", memories(), 2_000) is None
    assert compile_task_state(QUESTION, memories()[:1], 2_000) is None
    assert compile_task_state(QUESTION, [recalled(FACT), recalled(FACT)], 2_000) is None
    assert compile_task_state(QUESTION, memories(), 40) is None


def test_what_finds_no_room_is_named() -> None:
    found = [*memories(), *(recalled(f"{FACT} Number {n}.", 0.4) for n in range(40))]
    state = compile_task_state(QUESTION, found, 300)
    assert state is not None
    assert state.omitted
    assert len(state.memories) + len(state.omitted) == len(found)
    assert str(state.omitted[0].memory.id) in state.as_json()["inputs"]["omitted_memory_ids"]
