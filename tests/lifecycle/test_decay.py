# SPDX-License-Identifier: AGPL-3.0-only
"""What nobody uses turns stale, then is archived, and can be brought back."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memoryoss_mcp.errors import InvalidInputError, NotFoundError
from memoryoss_mcp.lifecycle import decay
from memoryoss_mcp.lifecycle.decay import Reason, verdict
from memoryoss_mcp.model import Draft, Lineage, Memory, Outcomes, Status, new_id
from memoryoss_mcp.recall.query import RecallQuery
from memoryoss_mcp.runtime import Runtime

DAY = 86_400_000_000_000
START = 1_700_000_000_000_000_000
SPACE = "project"
DAYS = 14


def memory(**more: object) -> Memory:
    plain = Memory(new_id(), SPACE, "a fact", START, START)
    return replace(plain, **more)  # type: ignore[arg-type]


def becomes(one: Memory, *, idle: int = DAYS, trust: float = 1.0) -> tuple[bool, Reason] | None:
    found = verdict(one, START + idle * DAY, DAYS, trust)
    return None if found is None else (found.archived, found.reason)


def test_the_rules() -> None:
    used = Outcomes(injection_count=9, reuse_count=1)
    vain = Outcomes(injection_count=3)
    rejected = Outcomes(reject_count=1)
    assert becomes(memory()) is None
    assert becomes(memory(), trust=0.4) == (False, Reason.DOUBTED)
    assert becomes(memory(evidence_count=2), trust=0.4) is None
    assert becomes(memory(outcomes=used), trust=0.4) is None
    assert becomes(memory(outcomes=vain)) == (False, Reason.SHOWN_IN_VAIN)
    assert becomes(memory(outcomes=rejected)) == (False, Reason.GIVEN_UP)
    assert becomes(memory(status=Status.CANDIDATE)) == (False, Reason.NEVER_CONFIRMED)
    assert becomes(memory(status=Status.CANDIDATE, outcomes=used)) is None
    assert becomes(memory(status=Status.STALE)) == (True, Reason.UNUSED)
    assert becomes(memory(status=Status.CONTESTED)) == (True, Reason.UNUSED)
    given_up = memory(lineage=Lineage(superseded_by=new_id()))
    assert becomes(given_up, idle=0) == (False, Reason.SUPERSEDED)


@given(
    st.sampled_from(Status),
    st.builds(Outcomes, *[st.integers(0, 4)] * 5),
    st.integers(0, DAYS - 1),
    st.floats(0, 1),
)
def test_nothing_that_was_alive_lately_decays(
    status: Status, outcomes: Outcomes, idle: int, trust: float
) -> None:
    one = memory(status=status, outcomes=outcomes)
    assert becomes(one, idle=idle, trust=trust) is None
    late = replace(one, outcomes=replace(outcomes, last_reused_at=START + 40 * DAY))
    assert becomes(late, idle=40 + idle, trust=trust) is None


@given(st.sampled_from(Status), st.integers(0, 400), st.floats(0, 1))
def test_nothing_active_is_archived_at_once(status: Status, idle: int, trust: float) -> None:
    found = becomes(memory(status=status), idle=idle, trust=trust)
    if found is not None and status in {Status.ACTIVE, Status.CANDIDATE}:
        assert found[0] is False


def old(runtime: Runtime, text: str, **more: object) -> Memory:
    """A memory of long ago."""
    receipt = runtime.store(Draft(text, SPACE, created_at=START, **more))  # type: ignore[arg-type]
    return runtime.inspect(receipt.id, SPACE)


def later(monkeypatch: pytest.MonkeyPatch, days: int) -> None:
    """Let the sweep run some days from now."""
    from memoryoss_mcp.model import now

    monkeypatch.setattr(decay, "now", lambda: now() + days * DAY)


def test_two_phases_and_a_way_back(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    forgotten = old(runtime, "The intern's desk is by the window.", status=Status.CANDIDATE)
    fresh = runtime.store(Draft("The office is in Graz.", SPACE)).id
    planned = runtime.decay(SPACE, dry_run=True)
    assert [one.memory.id for one in planned.decayed] == [forgotten.id]
    assert runtime.inspect(forgotten.id, SPACE) == forgotten
    runtime.decay(SPACE)
    assert runtime.inspect(forgotten.id, SPACE).status is Status.STALE
    assert runtime.decay(SPACE).decayed == ()  # not at once
    later(monkeypatch, DAYS + 1)
    [gone] = [one for one in runtime.decay(SPACE).decayed if one.archived]
    assert gone.memory.id == forgotten.id
    query = RecallQuery("where is the intern's desk", SPACE)
    assert forgotten.id not in {one.memory.id for one in runtime.recall(query).memories}
    [back] = runtime.unarchive([forgotten.id], SPACE)
    assert (back.archived, back.status, back.content) == (
        False,
        Status.CANDIDATE,
        forgotten.content,
    )
    assert forgotten.id in {one.memory.id for one in runtime.recall(query).memories}
    assert runtime.inspect(fresh, SPACE).version <= 2
    assert runtime.doctor().healthy


def test_reading_never_ages_anything(runtime: Runtime) -> None:
    one = old(runtime, "Never confirmed by anybody.", status=Status.CANDIDATE)
    runtime.recall(RecallQuery("confirmed by anybody", SPACE))
    runtime.inspect(one.id, SPACE)
    runtime.history(one.id, SPACE)
    runtime.inbox(SPACE)
    runtime.status()
    assert runtime.inspect(one.id, SPACE) == one


def test_what_is_old_but_was_never_swept_is_still_recalled(runtime: Runtime) -> None:
    one = old(runtime, "The safe is behind the painting.")
    [found] = runtime.recall(RecallQuery("where is the safe", SPACE)).memories
    assert found.memory == one
    assert (found.memory.status, found.low_trust) == (Status.ACTIVE, False)


def test_only_what_is_archived_can_be_brought_back(runtime: Runtime) -> None:
    one = old(runtime, "Still here.")
    with pytest.raises(InvalidInputError):
        runtime.unarchive([one.id], SPACE)
    with pytest.raises(NotFoundError):
        runtime.unarchive([new_id()], SPACE)
    with pytest.raises(InvalidInputError):
        runtime.decay(SPACE, after_days=0)
