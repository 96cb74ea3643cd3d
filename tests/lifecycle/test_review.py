# SPDX-License-Identifier: AGPL-3.0-only
"""Decisions about memories: what each makes of a memory, who decided, and what is left of it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from memoryoss_mcp.config import load_config
from memoryoss_mcp.errors import InvalidIdError, InvalidInputError, NotFoundError
from memoryoss_mcp.lifecycle.review import Decided, Decision, parse_key
from memoryoss_mcp.lifecycle.transitions import MOST_EVENTS
from memoryoss_mcp.maintenance import examine
from memoryoss_mcp.model import (
    Draft,
    Memory,
    QueueKind,
    ReviewAction,
    Status,
    new_id,
    parse_time,
)
from memoryoss_mcp.recall.query import RecallQuery
from memoryoss_mcp.runtime import Runtime

CONFIRM, REJECT, SUPERSEDE = ReviewAction


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Runtime]:
    config = load_config(data_dir=tmp_path, environ={})
    with Runtime.open(config) as runtime:
        yield runtime
        assert examine(config).healthy


def add(memory: Runtime, text: str, **more: object) -> UUID:
    return memory.store(Draft(text, "team", **more)).id  # type: ignore[arg-type]


def candidate(memory: Runtime, text: str, **more: object) -> UUID:
    return add(memory, text, status=Status.CANDIDATE, confidence=0.2, evidence_count=0, **more)


def decide(
    memory: Runtime, key: UUID, action: ReviewAction, by: UUID | None = None, actor: str = "mara"
) -> Decided:
    return memory.review(Decision(key, "team", action, actor, superseded_by=by))


def look(memory: Runtime, key: UUID) -> Memory:
    return memory.inspect(key, "team")


def test_confirming_a_candidate_makes_it_active_and_says_who_did(memory: Runtime) -> None:
    key = candidate(memory, "Releases are cut on Thursdays.")
    before = look(memory, key)
    decided = decide(memory, key, CONFIRM)
    after = look(memory, key)
    assert decided.memory == after
    assert decided.queue_kind_before is QueueKind.CANDIDATE
    assert (after.status, after.evidence_count, after.confidence) == (Status.ACTIVE, 1, 0.45)
    assert after.outcomes.confirm_count == 1
    assert after.last_verified_at == after.outcomes.last_outcome_at
    assert (after.version, after.content) == (before.version + 1, before.content)
    assert after.sequence > before.sequence
    [event] = after.review_events
    assert (event.actor, event.action, event.queue_kind) == ("mara", CONFIRM, QueueKind.CANDIDATE)


def test_rejecting_contests_and_halves_the_confidence(memory: Runtime) -> None:
    key = add(memory, "The API is public.")
    assert look(memory, key).confidence is None
    decide(memory, key, REJECT)
    assert (look(memory, key).status, look(memory, key).confidence) == (Status.CONTESTED, 0.3)
    decide(memory, key, REJECT)
    assert look(memory, key).confidence == 0.15
    assert look(memory, key).outcomes.reject_count == 2


def test_superseding_points_to_what_is_true_and_confirms_that(memory: Runtime) -> None:
    old = add(memory, "The port is 8000.")
    new = candidate(memory, "The port is 8443.")
    decided = decide(memory, old, SUPERSEDE, new)
    assert decided.memory.status is Status.STALE
    assert decided.memory.lineage.superseded_by == new
    assert decided.replacement == look(memory, new)
    assert look(memory, new).status is Status.ACTIVE
    [event] = look(memory, new).review_events
    assert (event.action, event.via) == (CONFIRM, "review_supersede_target")
    result = memory.recall(RecallQuery("which port?", "team"))
    assert [r.memory.id for r in result.memories] == [new, old]
    assert result.memories[1].parts["status"] < 0


def test_taking_a_decision_back_leaves_no_circle(memory: Runtime) -> None:
    old, new = add(memory, "The port is 8000."), add(memory, "The port is 8443.")
    decide(memory, old, SUPERSEDE, new)
    decide(memory, new, SUPERSEDE, old)
    assert look(memory, old).lineage.superseded_by is None
    assert look(memory, new).lineage.superseded_by == old


@pytest.mark.parametrize(
    ("action", "by", "field"),
    [(SUPERSEDE, None, "superseded_by"), (SUPERSEDE, "itself", "superseded_by"),
     (CONFIRM, "other", "superseded_by"), (REJECT, "other", "superseded_by")],
)  # fmt: skip
def test_a_decision_that_makes_no_sense_changes_nothing(
    memory: Runtime, action: ReviewAction, by: str | None, field: str
) -> None:
    key, other = add(memory, "One."), add(memory, "Two.")
    target = {"itself": key, "other": other}.get(by or "")
    with pytest.raises(InvalidInputError) as caught:
        decide(memory, key, action, target)
    assert caught.value.field == field
    assert (look(memory, key).version, look(memory, other).version) == (1, 1)


def test_what_is_not_there_is_not_decided_about(memory: Runtime) -> None:
    key = add(memory, "One.")
    with pytest.raises(NotFoundError):
        decide(memory, new_id(), CONFIRM)
    with pytest.raises(NotFoundError):
        decide(memory, key, SUPERSEDE, new_id())
    with pytest.raises(NotFoundError):
        memory.review(Decision(key, "another-team", CONFIRM, "mara"))
    assert look(memory, key).version == 1


def test_the_inbox_shows_first_what_is_in_doubt_and_newest_first(memory: Runtime) -> None:
    add(memory, "Active memories do not wait.")
    first = candidate(memory, "An older guess.", created_at=parse_time("2026-01-01"))
    second = candidate(memory, "A newer guess.", created_at=parse_time("2026-02-01"))
    wrong = add(memory, "This is wrong.")
    decide(memory, wrong, REJECT)
    inbox = memory.inbox("team")
    assert [item.memory.id for item in inbox.items] == [wrong, second, first]
    assert [item.suggested_action for item in inbox.items] == [REJECT, CONFIRM, CONFIRM]
    assert inbox.counts == {
        QueueKind.CONTESTED: 0, QueueKind.REJECTED: 1, QueueKind.CANDIDATE: 2,
    }  # fmt: skip
    assert inbox.oldest_at == parse_time("2026-01-01")
    assert [item.memory.id for item in memory.inbox("team", 1).items] == [wrong]
    assert memory.inbox("team", 1).pending == 3
    decide(memory, first, CONFIRM)
    assert memory.inbox("team").pending == 2
    assert memory.inbox("nobody").items == ()


def test_keys_are_read_in_every_form() -> None:
    key = new_id()
    for text in (f"review:{key}", f"rq:{key}", f" {key}", key.hex):
        assert parse_key(text) == key
    with pytest.raises(InvalidIdError):
        parse_key("review:")


def test_any_sequence_of_decisions_keeps_the_rules(memory: Runtime) -> None:
    choose = random.Random(3)
    keys = [candidate(memory, f"Guess number {n}.") for n in range(4)]
    decisions = 0
    for _ in range(120):
        key, other = choose.sample(keys, 2)
        action = choose.choice(list(ReviewAction))
        decide(memory, key, action, other if action is SUPERSEDE else None)
        decisions += 1 + (action is SUPERSEDE)
        found = {k: look(memory, k) for k in keys}
        for one in found.values():
            assert len(one.review_events) <= MOST_EVENTS
            assert one.confidence is not None
            assert 0 <= one.confidence <= 1
            assert (one.status is Status.STALE) == (one.lineage.superseded_by is not None)
            seen = set()
            while one.lineage.superseded_by is not None:  # every chain ends
                assert one.id not in seen
                seen.add(one.id)
                one = found[one.lineage.superseded_by]
        waiting = [
            k
            for k in keys
            if found[k].status is not Status.ACTIVE and found[k].lineage.superseded_by is None
        ]
        assert memory.inbox("team").pending == len(waiting)
    assert memory.status().ledger_entries == len(keys) + decisions
