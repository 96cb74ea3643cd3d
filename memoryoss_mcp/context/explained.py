# SPDX-License-Identifier: AGPL-3.0-only
"""What an explanation says beside the numbers of recall: how the policies judge the query, and the
state of the task that it is about."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from memoryoss_mcp.context.selection import select
from memoryoss_mcp.context.task_state import compile_task_state
from memoryoss_mcp.recall.query import RecallQuery
from memoryoss_mcp.recall.result import Explanation

if TYPE_CHECKING:
    from memoryoss_mcp.policy.firewall import Firewall

BUDGET_TOKENS: Final = 12_800
"""Tokens of a task state where the query sets no budget: a tenth of a window of 128,000."""


def with_context(
    explanation: Explanation, query: RecallQuery, firewall: Firewall, least_score: float
) -> Explanation:
    """The explanation of a query with the firewall's verdict and, if it is about a task, the state
    compiled from those of its results that may be injected and score at least ``least_score``.

    Raises:
        MemoryOSSError: the query asks for something risky and the policies cannot be read.
    """
    verdict = firewall.evaluate(query.namespace, query.text)
    chosen = select(query.text, explanation.result.memories, least_score)
    budget = BUDGET_TOKENS if query.budget_tokens is None else query.budget_tokens
    state = compile_task_state(query.text, chosen.memories, budget)
    return replace(
        explanation,
        policy_firewall=verdict.as_json(),
        task_state=None if state is None else state.as_json(),
    )
