# SPDX-License-Identifier: AGPL-3.0-only
"""What a text says was replaced: "we migrated from Heroku to AWS", "zod instead of yup"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from memoryoss_mcp.text.polarity import CHANGED, FUNCTION_WORDS
from memoryoss_mcp.text.tokens import fold, index_terms

MOST_WORDS: Final = 4
"""Words of the name of something that was replaced, at the most."""


@dataclass(frozen=True, slots=True)
class Transition:
    """A change from one thing to another: the terms of what was left, and of what came. Of a new
    version of the same thing (``versioned``) both have its name."""

    left: frozenset[str]
    came: frozenset[str]
    versioned: str | None = None


@lru_cache(maxsize=2_048)
def transitions(text: str) -> tuple[Transition, ...]:
    """The changes from one thing to another that a text tells of."""
    found = []
    folded = fold(text)
    if not _HINT.search(folded):
        return ()
    for pattern in _REPLACED:
        for match in pattern.finditer(folded):
            left, came = _terms(match["left"]), _terms(match["came"])
            if left and came and left != came:
                found.append(Transition(left, came))
    for pattern in _UPGRADED:
        for match in pattern.finditer(folded):
            left, came = (
                _terms(match["name"]),
                _terms(match[0][match.start("name") - match.start() :]),
            )
            if left and left < came:
                found.append(Transition(left, came, match["name"]))
    return tuple(dict.fromkeys(found))


def was_left(older: str, transition: Transition) -> bool:
    """Whether an older text is about what a change left: it names all of it, and not all of what
    came instead. One that tells of another change from there is not."""
    terms = frozenset(index_terms(older))
    if not transition.left <= terms or transition.came - transition.left <= terms:
        return False
    if transition.versioned is not None:
        named = re.escape(transition.versioned)
        return re.search(rf"\b{named}\W{{0,2}}v?\d", fold(older)) is not None
    return all(other.left != transition.left for other in transitions(older))


def _terms(words: str) -> frozenset[str]:
    """The terms of a name: the words up to the first function word behind it."""
    kept: list[str] = []
    for word in words.split():
        if word.strip(".,;:'\"`()") in _NOT_NAMES:
            if kept:
                break
            continue
        kept.append(word)
        if word[-1] in ".,;:":
            break
    return frozenset(index_terms(" ".join(kept)))


_NOT_NAMES: Final = FUNCTION_WORDS | CHANGED

_NAMED: Final = r"[\w.+#@/'\"`&-]+"
_NAME: Final = rf"{_NAMED}(?: {_NAMED}){{0,{MOST_WORDS - 1}}}"
_LEFT: Final = rf"(?P<left>{_NAME}?)"
_CAME: Final = rf"(?P<came>{_NAME})"

_REPLACED: Final = tuple(
    re.compile(pattern)
    for pattern in (
        # Verbs of motion and change with both ends.
        r"\b(?:migrat|mov|switch|chang|convert|transition|port|go|went|gone|upgrad|downgrad|renam"
        r"|rebrand|relocat|shift)\w*\b[^.;]{0,40}?\bfrom "
        rf"{_LEFT} (?:to|into|over to|onto) {_CAME}",
        r"\b(?:replac\w+|swapp?\w*|supersed\w+|substitut\w+|drop\w*|ditch\w*|abandon\w*|retir\w*"
        r"|deprecat\w*|trad\w+) "
        rf"{_LEFT} (?:with|by|for|in favou?r of) {_CAME}",
        rf"\b{_LEFT} (?:was|were|has been|have been|got|is|are)(?: now)? (?:replaced|superseded"
        rf"|swapped)(?: out)? (?:with|by|for) {_CAME}",
        rf"\b(?:us\w+|chose|choos\w+|adopt\w+|prefer\w*|pick\w*|run\w*) {_CAME} "
        rf"(?:instead of|rather than|in place of) {_LEFT}(?=[.,;!?]|$)",
        rf"(?:^|[.;:] ?){_LEFT} ?(?:->|→|=>) ?{_CAME}",
        # German
        rf"\bvo[nm] {_LEFT} (?:auf|zu|zum|zur|nach|in) {_CAME} "
        r"(?:um|ge|migr|gewechselt|verschoben)\w*",
        r"\b(?:wechsel|migr|umgestellt|umgezogen|umzug|umstellung)\w* (?:\w+ )?vo[nm] "
        rf"{_LEFT} (?:auf|zu|zum|zur|nach|in) {_CAME}",
        rf"\b{_LEFT} (?:\w+ )?durch {_CAME} (?:ersetzt|abgelost|ausgetauscht)",
        rf"\b{_CAME} (?:statt|anstatt|anstelle von) {_LEFT}(?=[.,;!?]|$)",
        # French, Spanish, Italian, Portuguese
        r"\b(?:migr|pass|chang|bascul|demenag|mov|cambi|mud|traslad|spost|transf)\w*\b"
        rf"[^.;]{{0,40}}?\bd[eau]l? {_LEFT} (?:a|au|aux|vers|para|al|alla|ao|hacia) {_CAME}",
        r"\b(?:remplac|reemplaz|sustitu|sostitu|substitu)\w+ "
        rf"{_LEFT} (?:par|por|con|com) {_CAME}",
    )
)

_VERSIONED: Final = r"(?P<name>[a-z][\w.+#-]*) v?\d[\w.]*"

_UPGRADED: Final = tuple(
    re.compile(pattern)
    for pattern in (
        rf"\b(?:upgrad|bump|updat|downgrad|mov|switch|migrat|go|went)\w* (?:\w+ ){{0,3}}?to "
        rf"{_VERSIONED}",
        rf"\bauf {_VERSIONED} (?:aktualisiert|umgestellt|gehoben|gewechselt|migriert)",
        rf"\b(?:mis\w* a jour|pass\w+|migr\w+) (?:vers|a|en) {_VERSIONED}",
        rf"\b(?:actualiz|aggiorn|atualiz|migr|pas|cambi)\w+ a {_VERSIONED}",
    )
)

_HINT: Final = re.compile(
    r"\b(?:migr|mov|switch|chang|convert|transit|port|go|went|gone|upgrad|downgrad|renam|rebrand"
    r"|reloc|shift|replac|swap|supersed|substit|drop|ditch|aband|retir|deprec|trad|instead|rather"
    r"|in place|bump|updat|von|vom|wechsel|gewechselt|umge|umzug|umstell|durch|statt|anstatt"
    r"|anstelle|pass|bascul|demenag|cambi|mud|traslad|spost|transf|rempl|reempl|sustit|sostit"
    r"|mis|actual|aggiorn|atual|auf)|->|→|=>"
)
"""One of these stands in every text that tells of a change."""
