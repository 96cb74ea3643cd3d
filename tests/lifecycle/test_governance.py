# SPDX-License-Identifier: AGPL-3.0-only
"""What a team governs is changed by its owners only, on whatever way."""

from __future__ import annotations

from dataclasses import replace

import pytest

from memoryoss_mcp.errors import InvalidInputError, NotAnOwnerError
from memoryoss_mcp.lifecycle.governance import Proposal
from memoryoss_mcp.lifecycle.review import Decision
from memoryoss_mcp.model import Change, Draft, Memory, ReviewAction, Status
from memoryoss_mcp.runtime import Runtime
from memoryoss_mcp.store.types import UndoRequest

SPACE = "team"
PROPOSAL = Proposal(
    branch="main",
    scope="deploys",
    proposed_by="ada",
    review_required=True,
    owners=("grace", " ada ", "grace"),
    watchlist=("linus", ""),
)


def proposed(runtime: Runtime, text: str = "Deploys need two approvals.", **more: object) -> Memory:
    proposal = replace(PROPOSAL, **more)  # type: ignore[arg-type]
    return runtime.propose(Draft(text, SPACE, session="s"), proposal)


def decide(runtime: Runtime, memory: Memory, action: ReviewAction, actor: str) -> Memory:
    return runtime.review(Decision(memory.id, SPACE, action, actor)).memory


def test_a_proposal_waits_for_another_owner(runtime: Runtime) -> None:
    memory = proposed(runtime)
    governance = memory.team_governance
    assert governance is not None
    assert (memory.status, governance.owners, governance.watchlist) == (
        Status.CANDIDATE,
        ("ada", "grace"),
        ("linus",),
    )
    for actor in ("ada", "mallory", ""):
        with pytest.raises(NotAnOwnerError):
            decide(runtime, memory, ReviewAction.CONFIRM, actor)
    assert runtime.inspect(memory.id, SPACE) == memory
    after = decide(runtime, memory, ReviewAction.CONFIRM, "grace")
    assert after.status is Status.ACTIVE
    assert after.team_governance is not None
    assert after.team_governance.merged_by == "grace"
    assert after.review_events[-1].actor == "grace"


def test_without_a_review_it_counts_at_once(runtime: Runtime) -> None:
    memory = proposed(runtime, review_required=False, owners=())
    governance = memory.team_governance
    assert governance is not None
    assert (memory.status, governance.owners, governance.merged_by) == (
        Status.ACTIVE,
        ("ada",),
        "ada",
    )
    assert decide(runtime, memory, ReviewAction.CONFIRM, "anybody").status is Status.ACTIVE


def test_the_owner_rule_holds_on_every_way(runtime: Runtime) -> None:
    memory = proposed(runtime)
    other = runtime.store(Draft("Deploys need one approval.", SPACE))
    for actor in ("mallory", None):
        with pytest.raises(NotAnOwnerError):
            runtime.update(Change(memory.id, SPACE, content="Deploys need none.", actor=actor))
    with pytest.raises(NotAnOwnerError):
        runtime.review(
            Decision(memory.id, SPACE, ReviewAction.SUPERSEDE, "mallory", superseded_by=other.id)
        )
    with pytest.raises(NotAnOwnerError):  # nor by making it the replacement of something
        runtime.review(
            Decision(other.id, SPACE, ReviewAction.SUPERSEDE, "mallory", superseded_by=memory.id)
        )
    receipt = runtime.undo(UndoRequest(SPACE, session="s"))
    assert [kept.reason for kept in receipt.kept] == ["protected"]
    runtime.store(Draft("Deploys need two approvals", SPACE))
    assert runtime.consolidate(SPACE).clusters == ()
    assert runtime.inspect(memory.id, SPACE).content == memory.content
    updated = runtime.update(Change(memory.id, SPACE, tags=("ops",), actor="grace"))
    assert updated.version > memory.version


def test_anybody_may_reject(runtime: Runtime) -> None:
    memory = proposed(runtime)
    assert decide(runtime, memory, ReviewAction.REJECT, "mallory").status is Status.CONTESTED


def test_the_report_shows_what_waits_first(runtime: Runtime) -> None:
    waiting = proposed(runtime)
    proposed(runtime, "Tags are signed.", branch="release", review_required=False)
    proposed(runtime, "Tags are signed.", branch="release", review_required=False)
    runtime.store(Draft("Nobody governs this.", SPACE))
    first, second = runtime.team_report(SPACE)
    assert (first.branch, first.scope, first.pending_review) == ("main", "deploys", 1)
    assert first.previews == (waiting.content,)
    assert (second.memory_count, second.duplicate_memories, second.stale_policies) == (2, 2, 0)
    assert runtime.team_report("elsewhere") == ()


@pytest.mark.parametrize("field", ["branch", "scope", "proposed_by"])
def test_names_are_needed(runtime: Runtime, field: str) -> None:
    with pytest.raises(InvalidInputError):
        proposed(runtime, **{field: " "})
    assert runtime.status().namespaces == ()
