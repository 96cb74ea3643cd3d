# SPDX-License-Identifier: AGPL-3.0-only
"""The same words twice are one memory; different words never are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from memoryoss_mcp.config import load_config
from memoryoss_mcp.lifecycle.review import Decision
from memoryoss_mcp.maintenance import examine
from memoryoss_mcp.model import Change, Draft, ReviewAction, Status, new_id, parse_time
from memoryoss_mcp.runtime import Runtime
from memoryoss_mcp.store.types import ForgetRequest, ListQuery

TEXT = "The API listens on port 8000."


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Runtime]:
    config = load_config(data_dir=tmp_path, environ={})
    with Runtime.open(config) as runtime:
        yield runtime
        assert examine(config).healthy


def count(memory: Runtime) -> int:
    return memory.list(ListQuery("p")).total


def test_the_same_words_are_answered_with_the_memory_that_is_there(memory: Runtime) -> None:
    first = memory.store(Draft(TEXT, "p", tags=("net",)))
    again = memory.store(Draft(TEXT, "p", session="another"))
    assert (first.duplicate, again.duplicate) == (False, True)
    assert (again.id, again.version, again.created_at) == (first.id, 1, first.created_at)
    assert count(memory) == 1
    assert memory.audit().entries == 1


def test_in_a_batch_too(memory: Runtime) -> None:
    stored = memory.store_many([Draft(text, "p") for text in (TEXT, "Other.", TEXT)])
    assert [receipt.duplicate for receipt in stored] == [False, False, True]
    assert stored[2].id == stored[0].id


@pytest.mark.parametrize(
    "other",
    [
        "The API listens on port 8001.",
        "The API does not listen on port 8000.",
        "the API listens on port 8000.",
        "The API listens on port 8000. ",
    ],
)
def test_what_is_almost_the_same_is_stored(memory: Runtime, other: str) -> None:
    memory.store(Draft(TEXT, "p"))
    assert not memory.store(Draft(other, "p")).duplicate
    assert count(memory) == 2


def test_another_namespace_knows_nothing_of_it(memory: Runtime) -> None:
    memory.store(Draft(TEXT, "q"))
    assert not memory.store(Draft(TEXT, "p")).duplicate


def test_a_statement_with_a_time_or_an_id_of_its_own_is_kept(memory: Runtime) -> None:
    memory.store(Draft(TEXT, "p"))
    assert not memory.store(Draft(TEXT, "p", created_at=parse_time("2026-01-01"))).duplicate
    assert not memory.store(Draft(TEXT, "p", id=new_id())).duplicate
    assert count(memory) == 3


def given_up(memory: Runtime, key: UUID) -> None:
    by = memory.store(Draft("The API listens on port 9000.", "p")).id
    memory.review(Decision(key, "p", ReviewAction.SUPERSEDE, "mara", superseded_by=by))


def doubted(memory: Runtime, key: UUID) -> None:
    memory.review(Decision(key, "p", ReviewAction.REJECT, "mara"))


def reworded(memory: Runtime, key: UUID) -> None:
    memory.update(Change(key, "p", content="It moved."))


def forgotten(memory: Runtime, key: UUID) -> None:
    memory.forget(ForgetRequest("p", ids=(key,)))


@pytest.mark.parametrize("what", [given_up, doubted, reworded, forgotten])
def test_what_is_no_longer_held_true_can_be_said_again(memory: Runtime, what: object) -> None:
    key = memory.store(Draft(TEXT, "p")).id
    what(memory, key)  # type: ignore[operator]
    again = memory.store(Draft(TEXT, "p"))
    assert not again.duplicate
    assert again.id != key
    assert memory.inspect(again.id, "p").status is Status.ACTIVE


def test_a_guess_is_no_answer_to_a_statement_but_a_statement_to_a_guess(memory: Runtime) -> None:
    guess = Draft(TEXT, "p", status=Status.CANDIDATE, confidence=0.2)
    first = memory.store(guess)
    assert memory.store(guess).id == first.id
    stated = memory.store(Draft(TEXT, "p"))
    assert not stated.duplicate
    assert memory.inspect(first.id, "p").status is Status.CANDIDATE
