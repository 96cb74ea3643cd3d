# SPDX-License-Identifier: AGPL-3.0-only
"""What was extracted from a conversation waits for a person or for another conversation."""

from __future__ import annotations

from typing import Any

import pytest

from memoryoss_mcp.lifecycle.review import Decision
from memoryoss_mcp.model import Draft, Memory, Origin, ReviewAction, Status
from memoryoss_mcp.runtime import Runtime
from memoryoss_mcp.screen.injectable import withheld
from memoryoss_mcp.store.types import ListQuery

SPACE = "default"
FACT = "The nightly backup runs at two in the morning."


def extracted(runtime: Runtime, text: str = FACT, **more: Any) -> Memory:
    """Store what an extraction found; the memory as it is now."""
    stored = runtime.store(Draft(text, SPACE, origin=Origin.EXTRACTED, **more))
    return runtime.inspect(stored.id, SPACE)


def test_an_extraction_begins_as_a_candidate_whatever_it_claims(runtime: Runtime) -> None:
    memory = extracted(runtime, session="a", status=Status.ACTIVE, confidence=1.0)
    assert (memory.status, memory.confidence) == (Status.CANDIDATE, 0.35)
    assert memory.evidence_count == 0
    plain = extracted(runtime, "The cache is emptied on Mondays.", session="a")
    assert (plain.status, plain.confidence) == (Status.CANDIDATE, 0.2)
    assert withheld(plain) == "candidate"


def test_the_same_conversation_extracted_twice_stays_a_candidate(runtime: Runtime) -> None:
    first = extracted(runtime, session="a", source_key="turn-1")
    for turn in range(2, 6):
        assert extracted(runtime, session="a", source_key=f"turn-{turn}") == first
    assert runtime.list(ListQuery(SPACE)).total == 1


@pytest.mark.parametrize("sessions", [(None, None), ("a", None), (None, "a")])
def test_who_does_not_say_which_conversation_is_no_other_one(
    runtime: Runtime, sessions: tuple[str | None, str | None]
) -> None:
    first, second = (extracted(runtime, session=session) for session in sessions)
    assert second == first


def test_an_independent_conversation_promotes_it_once(runtime: Runtime) -> None:
    first = extracted(runtime, session="a")
    second = extracted(runtime, session="b")
    assert second.id == first.id
    assert (second.status, second.evidence_count) == (Status.ACTIVE, 1)
    assert second.confidence == pytest.approx(0.55)
    assert second.content == FACT
    for session in ("a", "b", "a"):
        assert extracted(runtime, session=session) == second
    [before] = runtime.history(first.id, SPACE).versions
    assert before.memory.status is Status.CANDIDATE
    assert withheld(second) == "unconfirmed"  # a person has to agree before it is injected unasked


def test_a_person_promotes_it_at_once(runtime: Runtime) -> None:
    memory = extracted(runtime, session="a")
    decision = Decision(memory.id, SPACE, ReviewAction.CONFIRM, actor="ann")
    after = runtime.review(decision).memory
    assert after.status is Status.ACTIVE
    assert withheld(after) is None


def test_an_extracted_negation_leaves_an_active_memory_active(runtime: Runtime) -> None:
    told = runtime.store(Draft("We deploy with Argo.", SPACE))
    negation = extracted(runtime, "We do not deploy with Argo.", session="a")
    extracted(runtime, "We do not deploy with Argo.", session="b")
    assert runtime.inspect(told.id, SPACE).status is Status.ACTIVE
    assert runtime.inspect(told.id, SPACE).content == "We deploy with Argo."
    # Something stands against it: another conversation alone does not make it true.
    assert runtime.inspect(negation.id, SPACE).status is Status.CANDIDATE


def test_stored_text_never_changes_through_extraction(runtime: Runtime) -> None:
    told = runtime.store(Draft("The staging port is 8000.", SPACE))
    for session in ("a", "b"):
        extracted(runtime, "The staging port is 8001.", session=session)
        extracted(runtime, "the staging port is 8000", session=session)
    assert runtime.inspect(told.id, SPACE).content == "The staging port is 8000."
    assert runtime.inspect(told.id, SPACE).status is Status.ACTIVE


def test_what_a_person_said_before_answers_an_extraction(runtime: Runtime) -> None:
    told = runtime.store(Draft(FACT, SPACE, session="a"))
    assert extracted(runtime, session="b") == runtime.inspect(told.id, SPACE)
