# SPDX-License-Identifier: AGPL-3.0-only
"""What words name, as far as policies are compared with it: things, environments, or all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from memoryoss_mcp.policy import things
from memoryoss_mcp.policy.objects import ARTICLES, PREPOSITIONS
from memoryoss_mcp.policy.phrases import FILLERS
from memoryoss_mcp.policy.verbs import WORDS
from memoryoss_mcp.text.stopwords import STOP_WORDS, word_set


def scope(words: Sequence[str]) -> tuple[frozenset[str], frozenset[str], bool]:
    """What some words name: concepts and single words, environments, and whether all is meant."""
    named: set[str] = set()
    places: set[str] = set()
    for word in words:
        if word == "by":
            break  # who does it, or how, is no part of what it is done to
        if place := things.ENVIRONMENT.get(word):
            places.add(place)
        elif (known := things.concept(word, "data") or things.concept(word, "secret")) or (
            known := things.concept(word, "safeguard")
        ):
            named.add(known)
        elif len(word) > 2 and word not in STOP_WORDS | _IDLE and word not in WORDS:
            named.add(word.removesuffix("s") if len(word) > 4 else word)
    everything = not things.ALL.isdisjoint(words)
    return frozenset(named - {"everything"}), frozenset(places), everything


_IDLE: Final = (
    FILLERS
    | things.ALL
    | things.TIMES
    | ARTICLES
    | PREPOSITIONS
    | word_set(
    "old new latest last unused needed completely version update das fur alt neu alte alten "
    "neue neuen ancienne anciens nouvelle nueva nuevo vieja viejo nuova nuovo vecchia vecchio "
    "nova novo velho antiga antigos antigas nothing something thing things"
)
)  # fmt: skip
