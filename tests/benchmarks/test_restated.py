# SPDX-License-Identifier: AGPL-3.0-only
"""The dialogues in which values are told again: always the same ones, and counted rightly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

import pytest

from benchmarks import restated
from benchmarks.asking import Answer
from benchmarks.datasets import Document


class InOrder:
    """Gives back what was stored, the newest first or the oldest first."""

    def __init__(self, *, newest_first: bool) -> None:
        self.names: Mapping[UUID, str] = {}
        self._newest_first = newest_first
        self._stored: dict[str, list[str]] = {}

    def store(self, namespace: str, documents: Sequence[Document]) -> int:
        ordered = sorted(documents, key=lambda d: d.created_at or 0, reverse=self._newest_first)
        self._stored[namespace] = [document.id for document in ordered]
        return 0

    def forget(self, namespace: str, document: str) -> None:
        self._stored[namespace].remove(document)

    def ask(self, namespace: str, text: str, *, whole: bool = False) -> Answer:
        ranking = tuple(self._stored[namespace])
        return Answer(ranking, tuple(1.0 for _ in ranking), 1.0, "inject")


def test_the_dialogues_are_the_same_every_time() -> None:
    assert restated.draw("development", 3) == restated.draw("development", 3)


def test_the_halves_have_no_topic_in_common() -> None:
    asked = [
        {inquiry.text for dialogue in restated.draw(half) for inquiry in dialogue.inquiries}
        for half in restated.HALVES
    ]
    assert asked[0].isdisjoint(asked[1])


@pytest.mark.parametrize("half", restated.HALVES)
def test_a_value_is_told_in_different_sessions_with_talk_around_it(half: str) -> None:
    for dialogue in restated.draw(half):
        told = {document.id: document for document in dialogue.documents}
        for inquiry in dialogue.inquiries:
            statements = [told[one.statement] for one in inquiry.tellings]
            moments = [statement.created_at or 0 for statement in statements]
            assert moments == sorted(moments)
            assert len({statement.session for statement in statements}) == len(statements)
            for one, statement in zip(inquiry.tellings, statements, strict=True):
                assert [told[name].session for name in one.around] == [statement.session] * 2


@pytest.mark.parametrize(("newest_first", "share"), [(True, 1.0), (False, 0.0)])
def test_pairs_are_won_by_what_is_newer(newest_first: bool, share: float) -> None:
    figures = restated.measure(
        restated.draw("development", 4), InOrder(newest_first=newest_first), "x"
    )
    assert figures["newer above older"] == share
    assert all(figures[f"{a} over {b}"] == share for a in restated.PARTS for b in restated.PARTS)
    # 4 dialogues, each 3 questions' worth of tellings (2 + 1 + 1 older ones), asked twice, 3 x 3.
    assert figures["pairs"] == 4 * (2 + 1 + 1) * 2 * 9
