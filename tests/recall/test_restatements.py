# SPDX-License-Identifier: AGPL-3.0-only
"""Of statements that give the same thing different values the newest comes first, for who asks
for the present one."""

from __future__ import annotations

from memoryoss_mcp.model import Draft, now
from memoryoss_mcp.recall.query import RecallQuery
from memoryoss_mcp.recall.result import RecalledMemory
from memoryoss_mcp.runtime import Runtime

_DAY_NS = 86_400 * 10**9
OLD = (
    "I'm planning the garden party with Ines; our budget for the garden party is $400, which "
    "should cover drinks and the band for the whole garden party."
)
NEW = "Can you suggest snacks? We increased the party budget to $550 because more people come."
OTHERS = (
    "The band plays at the garden until ten.",
    "Ines wants lanterns in the garden.",
    "I spent $35 on seeds for the vegetable patch.",
    "My monthly budget for books is $60.",
)


def ask(runtime: Runtime, question: str, *, swap: bool = False) -> list[RecalledMemory]:
    start = now() - 10 * _DAY_NS
    told = (NEW, OLD) if swap else (OLD, NEW)
    for day, text in enumerate((told[0], *OTHERS, told[1])):
        runtime.store(Draft(text, "home", created_at=start + day * _DAY_NS))
    return list(runtime.recall(RecallQuery(question, "home")).memories)


def place(found: list[RecalledMemory], text: str) -> int:
    return [one.memory.content for one in found].index(text)


def test_the_newest_value_comes_before_the_outdated_one(runtime: Runtime) -> None:
    found = ask(runtime, "What is the budget for the garden party?")
    new, old = place(found, NEW), place(found, OLD)
    assert new < old
    assert "newest_value" in found[new].provenance
    assert "newer_value_exists" in found[old].provenance


def test_what_was_stored_later_counts_not_what_is_larger(runtime: Runtime) -> None:
    found = ask(runtime, "What is the budget for the garden party?", swap=True)
    assert place(found, OLD) < place(found, NEW)


def test_who_asks_how_it_was_gets_what_fits_best(runtime: Runtime) -> None:
    found = ask(runtime, "What was the budget for the garden party originally?")
    assert place(found, OLD) < place(found, NEW)


def test_a_value_of_another_thing_outdates_nothing(runtime: Runtime) -> None:
    found = ask(runtime, "What is my monthly budget for books?")
    assert found[0].memory.content == OTHERS[3]
