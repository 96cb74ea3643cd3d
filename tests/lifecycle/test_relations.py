# SPDX-License-Identifier: AGPL-3.0-only
"""What a new memory says anew, and what it is at odds with, is tied to it when it is stored."""

from __future__ import annotations

import time
from collections.abc import Callable
from uuid import UUID

import pytest

from memoryoss_mcp.config import Config
from memoryoss_mcp.lifecycle.review import Decision
from memoryoss_mcp.model import Change, Draft, EmbeddingState, Memory, Origin, ReviewAction, Status
from memoryoss_mcp.recall.query import RecallQuery
from memoryoss_mcp.runtime import Runtime
from memoryoss_mcp.store.types import Stored, UndoRequest

SPACE = "project"


def stored(runtime: Runtime, text: str, **more: object) -> Memory:
    receipt = runtime.store(Draft(text, SPACE, **more))  # type: ignore[arg-type]
    return runtime.inspect(receipt.id, SPACE)


def now(runtime: Runtime, memory: Memory | Stored) -> Memory:
    return runtime.inspect(memory.id, SPACE)


def test_a_new_value_is_tied_to_the_old_one_and_recalled_before_it(runtime: Runtime) -> None:
    old = stored(runtime, "The public API listens on port 8000.")
    for filler in ("Ada likes tea.", "Backups run at night.", "The office is in Graz."):
        stored(runtime, filler)
    receipt = runtime.store(Draft("The public API listens on port 8001.", SPACE))
    assert (receipt.duplicate, receipt.updates, receipt.contradicts) == (False, (old.id,), ())
    new = runtime.inspect(receipt.id, SPACE)
    assert new.lineage.updates == (old.id,)
    assert now(runtime, old) == old  # nothing was done to it
    # The question has the very words of the old one.
    found = runtime.recall(RecallQuery("public API listens on port 8000", SPACE)).memories
    assert [one.memory.id for one in found][:2] == [new.id, old.id]
    assert "newest_statement" in found[0].provenance
    assert "newer_exists" in found[1].provenance
    history = runtime.history(new.id, SPACE)
    assert [memory.id for memory in history.updates] == [old.id]


def test_who_asks_for_the_past_gets_it_first(runtime: Runtime) -> None:
    old = stored(runtime, "The public API listens on port 8000.")
    stored(runtime, "The public API listens on port 8001.")
    query = "was the public API listening on port 8000 before?"
    assert runtime.recall(RecallQuery(query, SPACE)).memories[0].memory.id == old.id


def test_who_names_the_old_value_gets_what_has_it_first(runtime: Runtime) -> None:
    runtime.store(Draft("The staging database is called bluewhale.", "default"))
    runtime.store(Draft("The staging database is called redpanda.", "default"))
    for named in ("bluewhale", "redpanda"):
        first = runtime.recall(RecallQuery(named, "default")).memories[0]
        assert named in first.memory.content
    asked = runtime.recall(RecallQuery("What is the staging database called?", "default"))
    assert "redpanda" in asked.memories[0].memory.content


def test_an_update_is_compared_with_what_is_known_too(runtime: Runtime) -> None:
    first = runtime.store(Draft("The staging database is called bluewhale.", "default"))
    other = runtime.store(Draft("Ann waters the plants.", "default"))
    text = "The staging database is called redpanda."
    updated = runtime.update(Change(other.id, "default", content=text))
    assert updated.version == 2
    memory = runtime.inspect(other.id, "default")
    assert memory.lineage.updates == (first.id,)
    assert memory.created_at == other.created_at
    asked = runtime.recall(RecallQuery("What is the staging database called?", "default"))
    assert asked.memories[0].memory.id == other.id
    denied = "We do not deploy on Fridays."
    told = runtime.store(Draft("We deploy on Fridays.", "default"))
    runtime.update(Change(other.id, "default", content=denied))
    assert runtime.inspect(told.id, "default").status is Status.CONTESTED
    runtime.update(Change(other.id, "default", tags=("plants",)))
    assert runtime.inspect(other.id, "default").version == 4


def test_statements_at_odds_are_shown_to_a_reviewer(runtime: Runtime) -> None:
    old = stored(runtime, "Force pushes to main are allowed.")
    new = stored(runtime, "Force pushes to main are forbidden.")
    old = now(runtime, old)
    assert (old.status, new.status) == (Status.CONTESTED, Status.CONTESTED)
    assert (old.lineage.contradicts_with, new.lineage.contradicts_with) == ((new.id,), (old.id,))
    inbox = runtime.inbox(SPACE)
    assert [item.suggested_action for item in inbox.items] == [ReviewAction.SUPERSEDE] * 2
    runtime.review(Decision(old.id, SPACE, ReviewAction.SUPERSEDE, "ada", superseded_by=new.id))
    assert now(runtime, new).status is Status.ACTIVE
    assert now(runtime, new).lineage.contradicts_with == ()


@pytest.mark.parametrize(
    "weaker",
    [
        {"origin": Origin.EXTRACTED, "status": Status.CANDIDATE, "confidence": 0.2},
        {"origin": Origin.TOOL},
        {"origin": Origin.IMPORTED},
        {"origin": Origin.CONNECTOR, "status": Status.CANDIDATE},
    ],
)
@pytest.mark.parametrize(
    "text", ["Deploys do not need an approval.", "Deploys no longer need an approval."]
)
def test_a_weaker_lane_never_moves_what_is_trusted(
    runtime: Runtime, weaker: dict[str, object], text: str
) -> None:
    trusted = stored(runtime, "Deploys need an approval.")
    doubtful = stored(runtime, text, **weaker)
    assert now(runtime, trusted).status is Status.ACTIVE
    assert doubtful.lineage.updates == ()
    assert doubtful.lineage.contradicts_with == (trusted.id,)
    assert doubtful.status is not Status.ACTIVE
    assert [item.memory.id for item in runtime.inbox(SPACE).items] == [doubtful.id]
    # A question that both answer gets the trusted one first.
    found = runtime.recall(RecallQuery("do deploys need an approval", SPACE)).memories
    assert found[0].memory.id == trusted.id


def test_what_was_known_before_is_tied_when_older_facts_are_added(runtime: Runtime) -> None:
    new = stored(runtime, "The office is in Graz.", created_at=2_000_000_000_000_000_000)
    old = stored(runtime, "The office is in Linz.", created_at=1_000_000_000_000_000_000)
    assert now(runtime, new).lineage.updates == (old.id,)
    assert old.lineage.updates == ()


def test_statements_of_one_batch_are_tied(runtime: Runtime) -> None:
    texts = ["The rate limit is 100 requests.", *(f"Filler {n} about trees." for n in range(70))]
    texts.append("The rate limit is 250 requests.")
    receipts = runtime.store_many([Draft(text, SPACE) for text in texts])
    assert receipts[-1].updates == (receipts[0].id,)
    last, new = runtime.store_many(
        [Draft(text, SPACE) for text in ("The team meets at 9:30.", "The team meets at 10:00.")]
    )
    assert new.updates == (last.id,)


def test_different_things_and_other_namespaces_are_left_alone(runtime: Runtime) -> None:
    keys: list[UUID] = []
    for text in ("Service A listens on port 80.", "Service B listens on port 25.", "Ada likes tea.",
                 "Ada likes coffee."):  # fmt: skip
        receipt = runtime.store(Draft(text, SPACE))
        assert (receipt.updates, receipt.contradicts) == ((), ())
        keys.append(receipt.id)
    elsewhere = runtime.store(Draft("Service A listens on port 81.", "elsewhere"))
    assert elsewhere.updates == ()
    assert all(runtime.inspect(key, SPACE).version == 1 for key in keys)


def test_an_undo_takes_the_doubt_back(runtime: Runtime) -> None:
    old = stored(runtime, "Force pushes to main are allowed.", session="good")
    stored(runtime, "Force pushes to main are forbidden.", session="bad")
    assert now(runtime, old).status is Status.CONTESTED
    receipt = runtime.undo(UndoRequest(SPACE, session="bad"))
    assert (len(receipt.deleted), len(receipt.reverted)) == (1, 1)
    after = now(runtime, old)
    assert (after.status, after.lineage) == (Status.ACTIVE, old.lineage)


@pytest.mark.parametrize(
    "question",
    [
        "Where is the shop hosted right now?",
        "What replaced Netlify?",
        "What did the shop migrate to?",
        "How has the hosting of the shop evolved?",
    ],
)
def test_what_a_change_left_comes_after_what_came(runtime: Runtime, question: str) -> None:
    old = stored(runtime, "The shop was initially hosted on Netlify.")
    for filler in ("Ada likes tea.", "The shop sells lamps.", "The office is in Graz."):
        stored(runtime, filler)
    receipt = runtime.store(Draft("We migrated from Netlify to Hetzner in April.", SPACE))
    assert receipt.updates == (old.id,)
    found = [one.memory.id for one in runtime.recall(RecallQuery(question, SPACE)).memories]
    assert found.index(receipt.id) < found.index(old.id)


def test_what_was_stored_before_the_model_was_there_is_tied_afterwards(config: Config) -> None:
    with Runtime.open(config) as before:
        old = stored(before, "The public API listens on port 8000.")
    with Runtime.open(config) as served:
        loading = served._encoder._lock
        with loading:  # the model takes its time
            served.warm()
            first = served.store(Draft("The public API listens on port 8001.", SPACE))
            second = served.store(Draft("The public API listens on port 8002.", SPACE))
        assert first.embedding is second.embedding is EmbeddingState.PENDING
        assert served.wait_until_ready(60)
        wait_for(lambda: set(now(served, second).lineage.updates) == {old.id, first.id})
        assert now(served, first).lineage.updates == (old.id,)


def wait_for(done: Callable[[], object]) -> None:
    end = time.monotonic() + 60
    while not done():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)
