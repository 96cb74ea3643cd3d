# SPDX-License-Identifier: AGPL-3.0-only
"""What relevance alone does not order: newer before older, and the same thing only once."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from memoryoss_mcp.model import Status
from memoryoss_mcp.store.vectors import CHANGES_SHIFT, PAST_STATE, STATUS_SHIFT, STATUSES
from memoryoss_mcp.text.cues import MOST_CHANGES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from memoryoss_mcp.recall.score import Scores, Wishes
    from memoryoss_mcp.store.search import Candidates

COMPARED: Final = 10
"""Candidates that are put in order of currency; nobody leaves them or enters."""
SHARED: Final = 0.1
SHARED_SPAN: Final = 0.3
"""Share of the query's words (by rarity) that two candidates both have, from which they may speak
of the same thing, and up to full belief."""
CHANGE_GAIN: Final = 4.0
PAST_GAIN: Final = 2.0
"""Deviations between a memory that announces changes (speaks of a past state) and one that does
not. Chosen on the knowledge updates of beam_100k; cosine alone does not tell which of two similar
memories is outdated."""

MISSED: Final = 0.5
"""Share of the query's words (by rarity) that a newer statement may lack of what the older has."""

WINDOW: Final = 32
NEAR_COPY: Final = 0.9
"""Cosine from which a memory repeats another; different memories of one topic stay below."""
SIGNS_APART: Final = 0.25
"""Share of differing signs above which no two vectors are near copies: at a cosine of .9 it is .14,
with a deviation of about .02."""


def current(candidates: Candidates, scores: Scores, wishes: Wishes) -> NDArray[np.float32]:
    """What each candidate gains or loses, in deviations, because another states the same thing
    earlier or later. Only questions about the present state ask for that."""
    currency = np.zeros(len(candidates.numbers), np.float32)
    top = np.argsort(-scores.evidence, kind="stable")[:COMPARED]
    if len(top) < 2 or not (wishes.present_state or wishes.latest) or not len(candidates.idf):
        return currency
    flags = candidates.flags[top]
    changes = (flags >> CHANGES_SHIFT).astype(np.float32) / MOST_CHANGES
    past = ((flags & PAST_STATE) != 0).astype(np.float32)
    present = (candidates.frequencies[top] > 0).astype(np.float32)
    both = (present * candidates.idf) @ present.T / max(float(candidates.idf.sum()), 1e-6)
    same = np.clip((both - SHARED) / SHARED_SPAN, 0.0, 1.0)
    arrival = np.lexsort((candidates.numbers[top], candidates.created[top])).argsort()
    newer = arrival[:, None] > arrival[None, :]
    # [newer, older]: how much more current the newer one speaks.
    ahead = CHANGE_GAIN * np.maximum(changes[:, None] - changes[None, :], 0.0)
    ahead = ahead + PAST_GAIN * np.maximum(past[None, :] - past[:, None], 0.0)
    # What is not (or no longer) taken for true makes nothing outdated.
    counts = ((flags >> STATUS_SHIFT) & 7) == STATUSES.index(Status.ACTIVE)
    step = same * newer * ahead * counts[:, None]
    moved = step.max(axis=1) - step.max(axis=0)
    if wishes.latest:
        moved = moved - PAST_GAIN * past
    evidence = scores.evidence[top]
    currency[top] = np.maximum(evidence + moved, evidence.min()) - evidence
    return currency


def answering(candidates: Candidates, pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Those pairs (newer, older) of row keys whose newer statement answers the question as well: it
    does not where it lacks the words that the question is about and the older one has. Who asks for
    port 8000 by its number wants what is known of it."""
    weights = candidates.idf
    if not pairs or not len(weights):
        return list(pairs)
    places = {number: place for place, number in enumerate(candidates.numbers.tolist())}
    most = MISSED * float(weights.sum())
    kept = []
    for newer, older in pairs:
        has = candidates.frequencies[[places[newer], places[older]]] > 0
        if float(weights[has[1] & ~has[0]].sum()) <= most:
            kept.append((newer, older))
    return kept


def preceded(
    order: NDArray[np.intp], head: NDArray[np.int64], pairs: Sequence[tuple[int, int]]
) -> NDArray[np.intp]:
    """The order with every newer statement of a pair (newer, older) of row keys right before the
    older one, if it stood behind it. ``head`` are the row keys of the first places."""
    keys: list[int] = head.tolist()
    places = dict(zip(keys, order[: len(keys)].tolist(), strict=True))
    # The oldest first, so that the newest of a chain ends up before all of them.
    for newer, older in sorted(pairs):
        if newer in places and older in places and keys.index(newer) > keys.index(older):
            keys.remove(newer)
            keys.insert(keys.index(older), newer)
    return np.concatenate(([places[key] for key in keys], order[len(keys) :])).astype(np.intp)


def diversified(
    order: NDArray[np.intp],
    candidates: Candidates,
    total: NDArray[np.float32],
    factor: float,
) -> NDArray[np.intp]:
    """Maximal marginal relevance (Carbonell & Goldstein 1998) over the first ``WINDOW`` places.

    Only near copies of what stands before are moved back, by up to ``factor`` of their score: two
    good memories that say different things both keep their place.
    """
    head = order[:WINDOW]
    if factor <= 0 or len(head) < 3:
        return order
    copies = _copies(candidates.vectors(head))
    if not copies:
        return order
    values: list[float] = total[head].tolist()
    repeated = [0.0] * len(head)

    def value(place: int) -> float:
        return values[place] * (1.0 - factor * repeated[place])

    # A queue whose entries may promise too much: what is taken is looked at again.
    queue = [(-values[place], place) for place in range(len(head))]
    heapq.heapify(queue)
    chosen: list[int] = []
    while queue:
        promised, place = heapq.heappop(queue)
        if -promised > value(place):
            heapq.heappush(queue, (-value(place), place))
            continue
        chosen.append(place)
        for other, copied in copies.get(place, ()):
            repeated[other] = max(repeated[other], copied)
    return np.concatenate((head[chosen], order[WINDOW:]))


def _copies(rows: NDArray[np.float32]) -> dict[int, list[tuple[int, float]]]:
    """For each row those that repeat it, and how much of it (0 to 1). Signs that differ at many
    places rule most pairs out before anything is multiplied."""
    signs = np.packbits(rows > 0, axis=1).view(np.uint64)
    apart = np.bitwise_count(signs[:, None, :] ^ signs[None, :, :]).sum(axis=2, dtype=np.uint16)
    first, second = np.nonzero(np.triu(apart <= SIGNS_APART * rows.shape[1], 1))
    cosines = np.einsum("ij,ij->i", rows[first], rows[second])
    copied = np.minimum((cosines - NEAR_COPY) / (1.0 - NEAR_COPY), 1.0)
    found: dict[int, list[tuple[int, float]]] = {}
    for one, other, share in zip(first.tolist(), second.tolist(), copied.tolist(), strict=True):
        if share > 0:
            found.setdefault(one, []).append((other, share))
            found.setdefault(other, []).append((one, share))
    return found
