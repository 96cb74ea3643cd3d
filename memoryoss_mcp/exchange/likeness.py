# SPDX-License-Identifier: AGPL-3.0-only
"""Texts that are nearly the same, and pairs that may speak of the same thing, among many: found by
the rarest of their words, so that not every text is compared with every other."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from math import ceil
from typing import Final

NEAR: Final = 0.9
"""Share of the words of both texts that near duplicates have in common (Jaccard)."""

RELATED: Final = 0.6
"""Share of words that two texts of the same thing have in common at least (Dice)."""

KEYS: Final = 3
"""Rare words of a text by which those of the same thing are looked for."""

MOST_ALIKE: Final = 32
"""Texts of the same rare word that one is compared with, the latest ones. A word that more texts
share says little about them."""

MOST_RELATED: Final = 2
"""Texts of the same thing that are named for one, the likest."""

Words = frozenset[str]


def near_duplicates(texts: Sequence[Words]) -> Iterator[tuple[int, int]]:
    """Places of texts and of an earlier one that is nearly the same: at least :data:`NEAR` of the
    words are shared, and no word with a digit differs. Every text is named once at most; texts
    without words never.

    Two sets that share so many words share one of their few rarest (Bayardo, Ma & Srikant 2007:
    prefix filtering), which is why only those are looked up.
    """
    frequency = _frequency(texts)
    same: dict[Words, int] = {}
    postings: dict[str, list[int]] = defaultdict(list)
    for place, words in enumerate(texts):
        if not words:
            continue
        if words in same:
            yield place, same[words]
            continue
        same[words] = place
        rarest = sorted(words, key=lambda word: (frequency[word], word))
        prefix = rarest[: len(words) - ceil(NEAR * len(words)) + 1]
        seen: set[int] = set()
        for word in prefix:
            seen.update(postings[word][-MOST_ALIKE:])
            postings[word].append(place)
        found = [other for other in seen if _nearly_same(words, texts[other])]
        if found:
            yield place, min(found)


def related(texts: Sequence[Words]) -> Iterator[tuple[int, int]]:
    """Places of texts and of earlier ones that share a rare word and at least :data:`RELATED` of
    all."""
    frequency = _frequency(texts)
    postings: dict[str, list[int]] = defaultdict(list)
    for place, words in enumerate(texts):
        known = (word for word in words if frequency[word] > 1)
        keys = sorted(known, key=lambda word: (frequency[word], word))[:KEYS]
        shared: Counter[int] = Counter()
        for word in keys:
            shared.update(postings[word][-MOST_ALIKE:])
            postings[word].append(place)
        likest = sorted(
            ((_dice(words, texts[other]), other) for other in shared),
            key=lambda pair: (-pair[0], pair[1]),
        )
        yield from ((place, other) for share, other in likest[:MOST_RELATED] if share >= RELATED)


def _frequency(texts: Sequence[Words]) -> Counter[str]:
    frequency: Counter[str] = Counter()
    for words in texts:
        frequency.update(words)
    return frequency


def _nearly_same(one: Words, other: Words) -> bool:
    if NEAR * max(len(one), len(other)) > min(len(one), len(other)):
        return False
    common = len(one & other)
    if common < NEAR * (len(one) + len(other) - common):
        return False
    return not any(any(map(str.isdigit, word)) for word in one ^ other)


def _dice(one: Words, other: Words) -> float:
    return 2 * len(one & other) / (len(one) + len(other))
