# SPDX-License-Identifier: AGPL-3.0-only
"""How statements worth keeping are worded, one module for each language."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from memoryoss_proxy.extraction.languages.english import ENGLISH
from memoryoss_proxy.extraction.languages.french import FRENCH
from memoryoss_proxy.extraction.languages.german import GERMAN
from memoryoss_proxy.extraction.languages.italian import ITALIAN
from memoryoss_proxy.extraction.languages.language import WORD, Language
from memoryoss_proxy.extraction.languages.portuguese import PORTUGUESE
from memoryoss_proxy.extraction.languages.spanish import SPANISH

LANGUAGES: Final = (ENGLISH, GERMAN, FRENCH, SPANISH, ITALIAN, PORTUGUESE)

__all__ = ["LANGUAGES", "WORD", "Language", "language_of"]


@lru_cache(maxsize=256)
def language_of(flat: str, likely: Language = ENGLISH) -> Language:
    """The language with most of its little words in a flattened text; ``likely`` if none has more
    than it."""
    words = set(WORD.findall(flat))
    best, most = likely, len(words & likely.words)
    for language in LANGUAGES:
        found = len(words & language.words)
        if found > most:
            best, most = language, found
    return best
