# SPDX-License-Identifier: AGPL-3.0-only
"""Namespaces do not leak: no number of one depends on what another holds."""

from __future__ import annotations

import dataclasses
import random
from pathlib import Path

import numpy as np
import pytest

from memoryoss_mcp.errors import NotFoundError
from memoryoss_mcp.model import Change, new_id
from memoryoss_mcp.store.search import Candidates
from memoryoss_mcp.store.store import Store
from memoryoss_mcp.store.types import Filters, ForgetRequest, ListQuery

from . import support

WORDS = [f"word{n}" for n in range(40)]
PROBE = support.probe((*WORDS[:8], "absent", "rare"), seed=5, depth=30)


def own_memories(store: Store) -> None:
    """Sixty memories of ``mine``, half of them packed, some changed, some gone."""
    choose = random.Random(1)
    stored = [
        store.insert(
            [
                support.entry(
                    " ".join(choose.choices(WORDS, k=choose.randint(1, 30))),
                    "mine",
                    seed=choose.randint(0, 9_999),
                    session=choose.choice("abc"),
                    agent=choose.choice("xy"),
                    tags=(choose.choice("pq"),),
                    created_at=index,
                )
            ]
        )[0]
        for index in range(60)
    ]
    support.pack(store.path, 50)
    for receipt in stored[5:10]:
        store.update(Change(receipt.id, "mine", content="word1 changed"), support.encoded(3))
    store.forget(ForgetRequest("mine", ids=tuple(receipt.id for receipt in stored[20:25])))


def foreign_memories(store: Store, seed: int) -> None:
    """A far larger tenant with the same words, sessions, agents and tags."""
    choose = random.Random(seed)
    store.insert(
        [
            support.entry(
                " ".join([*choose.choices(WORDS[:10], k=20), "rare"]),
                f"theirs{seed}",
                seed=choose.randint(0, 9_999),
                session=choose.choice("abc"),
                agent=choose.choice("xy"),
                tags=(choose.choice("pq"),),
                created_at=index,
            )
            for index in range(700)
        ]
    )


def numbers(store: Store) -> tuple[Candidates, list[str]]:
    found = store.candidates("mine", PROBE)
    assert found is not None
    memories = store.read(found.numbers.tolist())
    return found, [memories[number].content for number in found.numbers.tolist()]


def test_every_number_is_the_same_with_and_without_a_large_neighbour(tmp_path: Path) -> None:
    with (
        support.opened(tmp_path / "alone.db") as alone,
        support.opened(tmp_path / "b.db") as beside,
    ):
        foreign_memories(beside, 2)
        own_memories(alone)
        own_memories(beside)
        foreign_memories(beside, 3)
        support.pack(beside.path)
        support.pack(alone.path)
        one, contents = numbers(alone)
        other, same_contents = numbers(beside)
        assert contents == same_contents
        for field in dataclasses.fields(Candidates):
            mine, theirs = getattr(one, field.name), getattr(other, field.name)
            if field.name == "numbers":
                continue  # row keys carry the namespace
            if field.name == "state":
                keys = ("live", "terms", "tail", "pending", "average_length", "next_slot")
                assert [getattr(mine, k) for k in keys] == [getattr(theirs, k) for k in keys]
            elif field.name == "encoded":
                for part, same_part in zip(mine, theirs, strict=True):
                    np.testing.assert_array_equal(part, same_part, field.name)
            elif isinstance(mine, np.ndarray):
                np.testing.assert_array_equal(mine, theirs, field.name)
            else:
                assert mine == theirs, field.name
        status = {space.name: space for space in beside.status().namespaces}
        assert status["mine"] == alone.status().namespaces[0]


def test_nothing_of_another_namespace_is_reached_by_its_id(tmp_path: Path) -> None:
    with support.opened(tmp_path / "memoryoss.db") as store:
        [receipt] = store.insert([support.entry("secret", "theirs", tags=("t",), session="s")])
        store.insert([support.entry("own", "mine")])
        with pytest.raises(NotFoundError):
            store.get("mine", receipt.id)
        with pytest.raises(NotFoundError):
            store.update(Change(receipt.id, "mine", content="taken"), None)
        for request in (
            ForgetRequest("mine", ids=(receipt.id,)),
            ForgetRequest("mine", tags=("t",)),
            ForgetRequest("mine", session="s"),
            ForgetRequest("missing", ids=(receipt.id,)),
            ForgetRequest("missing", before=2**62),
        ):
            assert store.forget(request).deleted == ()
        assert store.get("theirs", receipt.id).content == "secret"
        assert store.page(ListQuery("mine", filters=Filters(tags=("t",)))).total == 0


def test_the_error_for_a_foreign_id_is_that_for_no_id(tmp_path: Path) -> None:
    with support.opened(tmp_path / "memoryoss.db") as store:
        [receipt] = store.insert([support.entry("secret", "theirs")])
        unknown = new_id()
        texts = []
        for key in (receipt.id, unknown):
            with pytest.raises(NotFoundError) as caught:
                store.get("mine", key)
            texts.append(str(caught.value).replace(str(key), "ID"))
        assert texts[0] == texts[1]


def test_the_same_id_may_live_in_two_namespaces(tmp_path: Path) -> None:
    shared = new_id()
    with support.opened(tmp_path / "memoryoss.db") as store:
        store.insert([support.entry("one", "a", id=shared), support.entry("two", "b", id=shared)])
        store.forget(ForgetRequest("a", ids=(shared,)))
        assert store.get("b", shared).content == "two"
    assert support.unsound(tmp_path / "memoryoss.db") == []
