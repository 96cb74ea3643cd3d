# SPDX-License-Identifier: AGPL-3.0-only
"""Candidates that give what a question asks for different values: "the budget is $500", and later
"with the increased budget of $650"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numpy as np

from memoryoss_mcp.text.values import Asked, Stated, stated_values

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from memoryoss_mcp.store.search import Candidates

VALUED: Final = 12
"""Places in which statements of other values are looked for."""
SAME_VALUED: Final = 0.3
"""Share of the query's words (by rarity) that two sentences with values have to have in common."""

SAME_NAMED: Final = 0.15
"""The same where one of them is the word for what has the value ("budget", "deadline")."""

KEPT: Final = 0.6
KEPT_CHANGED: Final = 0.3
"""Share of the question's words of an older sentence with a value that a newer one has to have,
and the same where it announces a change. Chosen on beam_100k: what gives another value of another
thing has fewer of them."""


def on_the_subject(
    candidates: Candidates, places: NDArray[np.intp], asked: Asked
) -> NDArray[np.int64]:
    """The row keys of those candidates that may give what the question asks for a value: they have
    enough of its words, among them the word for what has the value."""
    present = candidates.frequencies[places] > 0
    whole = max(float(candidates.idf.sum()), 1e-6)
    kept = (present @ candidates.idf) / whole >= (SAME_NAMED if asked.terms else SAME_VALUED)
    if asked.terms:
        named = [at for at, term in enumerate(candidates.terms) if term in asked.terms]
        kept &= present[:, named].any(axis=1)
    return candidates.numbers[places[kept]]


def restated(
    candidates: Candidates, contents: Mapping[int, str], asked: Asked
) -> list[tuple[int, int]]:
    """Pairs (newer, older) of row keys among some memories that give what the question asks for
    different values: both have a sentence with such a value and enough of the question's words in
    common, among them the word for what has the value; and the newer sentence has as many of the
    question's words, or fewer and announces a change."""
    idf = dict(zip(candidates.terms, candidates.idf.tolist(), strict=True))
    created = dict(zip(candidates.numbers.tolist(), candidates.created.tolist(), strict=True))
    whole = max(sum(idf.values()), 1e-6)
    stated = {
        number: [(s, _share(s.terms, idf, whole)) for s in stated_values(text)]
        for number, text in contents.items()
    }
    ordered = sorted(contents, key=lambda number: (created[number], number))
    return [
        (newer, older)
        for place, newer in enumerate(ordered)
        for older in ordered[:place]
        if any(
            share >= (KEPT_CHANGED if new.changes else KEPT) * before
            and _revalued(new, old, asked)
            and _share(new.terms & old.terms, idf, whole)
            >= (SAME_NAMED if asked.terms else SAME_VALUED)
            for new, share in stated[newer]
            for old, before in stated[older]
        )
    ]


def _share(terms: frozenset[str], idf: Mapping[str, float], whole: float) -> float:
    return sum(idf.get(term, 0.0) for term in terms) / whole


def _revalued(new: Stated, old: Stated, asked: Asked) -> bool:
    """Whether two sentences give the same thing other values of the same kind."""
    if asked.terms and asked.terms.isdisjoint(new.terms & old.terms):
        return False
    return any(
        kind in new.values and kind in old.values and not new.values[kind] <= old.values[kind]
        for kind in asked.kinds
    )
