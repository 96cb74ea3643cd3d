# SPDX-License-Identifier: AGPL-3.0-only
"""Values that something named like a secret is said to have: in configuration, code, command lines
and sentences of six languages.

The name has to stand for the secret itself, which ``password_policy``, ``token budget`` and
``secretName`` do not. How much a value has to look like a secret depends on how plainly it is
given: after ``password = "`` nearly everything is one, after "password" alone hardly anything.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from memoryoss_mcp.screen.secrets.names import Name, names
from memoryoss_mcp.screen.secrets.span import MARK_START, Span, marks
from memoryoss_mcp.screen.secrets.values import (
    is_chosen,
    is_ordinary,
    is_phrase,
    is_stand_in,
    is_strong,
    is_token,
    is_word,
)


def spans(text: str) -> Iterator[Span]:
    """Where such values stand."""
    redacted = marks(text)
    starts = [start for start, _ in redacted]
    for name in names(text):
        before = bisect_right(starts, name.start) - 1
        if before >= 0 and name.start < redacted[before][1]:
            continue  # The name of a kind in a mark.
        if found := _after(text, name) or _before(text, name):
            yield *found, name.kind


def _after(text: str, name: Name) -> tuple[int, int] | None:
    """The value that stands behind a name."""
    end = name.end
    if match := _ASSIGNED.match(text, end):
        whole_line = match[0] == "=" and _LINE_START.fullmatch(
            text, *_line_before(text, name.start)
        )
        how = "given" if match["sep"] in ("=", ":=", "=>", "==", "===") else "said"
        return _read(text, match.end(), name, "line" if whole_line else how)
    if match := _ELEMENT.match(text, end):
        value = match["value"]
        return match.span("value") if _passes(value, name, "given", quoted=True) else None
    if match := _LISTED.match(text, end):
        return _read(text, match.end(), name, "is" if "|" in match[0] else "given")
    if match := _FALLBACK.match(text, end):
        return _read(text, match.end(), name, "near")
    if (match := _BLANK.match(text, end)) and _OPTION.search(
        text, max(0, name.start - _REACH // 3), name.start
    ):
        return _read(text, match.end(), name, "line")
    if (match := _TO.match(text, end)) and _CHANGES.search(
        text, max(0, name.start - _REACH // 2), name.start
    ):
        return _read(text, match.end(), name, "is")
    if match := _SAID.match(text, end):
        return _read(text, match.end(), name, "said" if match["colon"] else "is")
    if match := _NEAR.match(text, end):
        statement = text[name.start : end].isupper()  # SQL: PASSWORD '…'
        return _read(text, match.end(), name, "is" if statement else "near")
    return None


def _before(text: str, name: Name) -> tuple[int, int] | None:
    """The value in front of a name: "use … as the password"."""
    if _TURNED.search(text, max(0, name.start - _REACH // 3), name.start) is None:
        return None
    match = _REVERSED.search(text, max(0, name.start - _REACH), name.start)
    if match is None or not _passes(match["value"], name, "turned", quoted=False):
        return None
    return match.span("value")


def _line_before(text: str, place: int) -> tuple[int, int]:
    """The part of the line before a place, as far as it is looked at."""
    return max(text.rfind("\n", 0, place) + 1, place - _REACH), place


def _read(text: str, start: int, name: Name, how: str) -> tuple[int, int] | None:
    """The value that begins here, if it passes for one."""
    if name.pair and (pair := _PAIR.match(text, start)):
        start, name = pair.end(), replace(name, weak=False)
    if opened := _OPENED.match(text, start):
        closed = _closing(text, opened)
        if closed is not None:
            value = text[opened.end() : closed].partition(MARK_START)[0]
            if not _passes(value, name, how, quoted=True):
                return None
            return opened.end(), opened.end() + len(value)
        start = opened.end()
    if name.phrase and (words := _WORDS.match(text, start)) and is_phrase(words[0]):
        return words.span()
    match = (_LINE_VALUE if how == "line" else _VALUE).match(text, start)
    if match is None:
        return None
    value = match[0].partition(MARK_START)[0]
    if how == "given":
        value = _SEPARATOR.split(value, maxsplit=1)[0]
    cut_off = len(value) == _JUDGED
    value = value if cut_off else _trimmed(value)
    if not _passes(value, name, how, quoted=False):
        return None
    end = start + len(value)
    if cut_off and (rest := _REST.match(text, end)):
        return start, end + len(rest[0].partition(MARK_START)[0])
    # A number or a word is a secret only where nothing goes on ("is 12 characters").
    goes_on = value.isdigit() or (value.isalpha() and how == "said")
    return None if goes_on and _CLAUSE_END.match(text, end) is None else (start, end)


def _closing(text: str, opened: re.Match[str]) -> int | None:
    """Where a quoted value ends, on the same line."""
    quote = opened[0].lstrip("rbfuRBFU")
    if len(quote) > 1:
        place = text.find(quote, opened.end(), opened.end() + _LONGEST)
    else:
        last = _CLOSERS.get(quote, quote)
        inside = _INSIDE[last].match(text, opened.end(), opened.end() + _LONGEST)
        place = inside.end() if inside and text.startswith(last, inside.end()) else -1
    return None if place < 0 or "\n" in text[opened.end() : place] else place


def _trimmed(value: str) -> str:
    """A value without the punctuation of the sentence around it."""
    value = value.rstrip(".,;:\\…»”’")
    for opening, closing in ("()", "[]", "{}"):
        while value.endswith(closing) and value.count(closing) > value.count(opening):
            value = value[:-1].rstrip(".,;:\\")
    return value[:-1] if value.endswith("?") and value[:-1].isalnum() else value


def _passes(value: str, name: Name, how: str, *, quoted: bool) -> bool:
    """Whether a value given so may be the secret of that name."""
    value = value[:_JUDGED]
    if is_stand_in(value):
        return False
    if name.kind == "pin":
        return value.isdigit() and 4 <= len(value) <= 8 and how != "near"
    if not name.chosen:
        if how in ("near", "turned"):
            return is_token(value, 12 if quoted else 20)
        least = 20 if name.weak else 8 if quoted or how == "line" else 10
        chosen = len(value) >= 8 and is_chosen(value) and any(map(str.isdigit, value))
        return is_token(value, least) or (chosen and (quoted or how == "line") and not name.weak)
    if any(map(str.isspace, value)):
        return quoted and how != "near" and is_phrase(value)
    if value.isdigit():
        return len(value) >= 4 and how not in ("near", "turned") and not name.weak
    if how == "near":
        return is_chosen(value) if quoted and any(map(str.isdigit, value)) else is_strong(value)
    if is_chosen(value):
        return how in ("given", "line") or quoted or not name.weak
    if name.weak or how == "turned" or (how == "is" and not quoted):
        return False
    return not is_ordinary(value) and (is_word(value) or (quoted and len(value) > 3))


_REACH: Final = 120
_LONGEST: Final = 4096
_JUDGED: Final = 160
"""Characters of a value that are judged; what follows them is redacted with them."""
_QUOTE: Final = r"""\\{0,3}["'`]"""
_ASSIGNED: Final = re.compile(
    rf"(?:{_QUOTE}|[*_\])]){{0,3}}[ \t]*"
    # The type in between: "password: str = ".
    r"(?::[ \t]?[A-Za-z][\w.\[\]| ]{0,40}?[ \t](?==[^=]))?"
    r"(?P<sep>={1,3}>?|:=|:|：|->|→)[ \t*_]{0,4}(?:(?<=[:* \t])\r?\n[ \t]*(?:```\w*\r?\n)?)?"
)
_ELEMENT: Final = re.compile(r"(?:[ \t][^<>\n]{0,80})?>\s*(?P<value>[^<>\s]{3,200})\s*</")
_LISTED: Final = re.compile(
    r"""["'`*]{0,2}[ \t]*(?:(?:,[ \t]*|,?\r?\n[ \t]*(?:-[ \t]*)?)["']?value["']?[ \t]*[:=]"""
    r"""|\|(?!\|))[ \t]*""",
    re.IGNORECASE,
)
_FALLBACK: Final = re.compile(
    r"""["']?[\])]{0,2}[ \t]*(?:,|\|\||\?\?|or)[ \t]*(?=["'])""", re.IGNORECASE
)
_BLANK: Final = re.compile(r"[ \t]+")
_PREPOSITION: Final = (
    "for|of|to|on|at|in|from|für|zum|zur|von|vom|des|der|im|am|beim|pour|du|de|d['’]|dos?|das|del"
    "|della|dell['’]|per|para|da|no|na|al|sur|auf|delle|degli|di"
)
_CHANGED: Final = (
    "set|changed|reset|updated|rotated|switched|geändert|gesetzt|changé|modifié|cambiad[ao]"
    "|cambiat[ao]|modificat[ao]|alterad[ao]|mudad[ao]|impostat[ao]"
)
_SAID: Final = re.compile(
    rf"(?:[ \t]+(?:{_PREPOSITION})(?<![A-Za-z])(?:\b|(?<=['’]))[^\n.:;=?!\"]{{1,50}}?"
    rf"|[ \t]+(?:{_PREPOSITION})\b[^\n.:;=?!\"]{{1,50}}?)?"
    r"(?:[ \t]*(?P<colon>[:=])[ \t]*"
    r"|[ \t]+(?:is|was|are|ist|war|lautet|heißt|est|était|es|era|è|é|fue|foi|será|sarà|reads"
    r"|remains|becomes)[ \t]+(?:(?:now|currently|still|just|simply|jetzt|nun|aktuell|weiterhin"
    r"|maintenant|toujours|ahora|ora|adesso|agora)[ \t]+)?"
    rf"(?:(?:{_CHANGED})[ \t]+(?:to|auf|zu|en|a|in|para|à)[ \t]+)?:?[ \t]*"
    rf"|[ \t]+(?:(?:has been|was|a été|ha sido|è stat[ao])[ \t]+)?(?:{_CHANGED})[ \t]+"
    r"(?:to|auf|zu|en|a|in|para|à)[ \t]+)",
    re.IGNORECASE,
)
_TO: Final = re.compile(r"[ \t]+(?:to|auf|zu|en|a|in|para|à|por)[ \t]+", re.IGNORECASE)
_CHANGES: Final = re.compile(
    r"\b(?:set|chang|reset|updat|rotat|switch|änder|geändert|setz|gesetzt|modifi|cambi|alter|mud|impost"
    r"|aggiorn|actualiz|atualiz)",
    re.IGNORECASE,
)
_NEAR: Final = re.compile(r"[ \t]+(?:auf[ \t]+)?\(?")
_TURNED: Final = re.compile(r"\s(?:is|as|was|ist|als|war|est|comme|es|como|è|come|é)\s", re.I)
_REVERSED: Final = re.compile(
    r"(?:^|(?<=[\s\"'`(“„«]))(?P<value>[^\s\"'`()“”„«»]{5,64})[\"'`”“»]?[ \t]+"
    r"(?:is|as|was|ist|als|war|est|comme|es|como|è|come|é)[ \t]+"
    r"(?:[^\W\d_]+(?:['’]s)?['’ \t-]+){0,4}\Z",
    re.IGNORECASE | re.MULTILINE,
)
_OPENED: Final = re.compile(rf"[rbfuRBFU]?(?:{_QUOTE}|[“„«]\s?)")
_CLOSERS: Final = {"“": "”", "„": "“", "«": "»", "« ": "»"}
_INSIDE: Final = {
    last: re.compile(rf"(?:\\.|[^\\\n{last}])*") for last in ('"', "'", "`", "”", "“", "»")
}
_LINE_START: Final = re.compile(
    r"[ \t]*(?:(?:export|set|env|arg|setx|-|-e|--env)[ \t]+|\$env:)?[\w.-]*", re.IGNORECASE
)
_OPTION: Final = re.compile(r"(?:^|(?<=\s))--?(?:[A-Za-z][\w-]*-)?\Z")
_LINE_VALUE: Final = re.compile(rf"\S{{1,{_JUDGED}}}")
_VALUE: Final = re.compile(rf"[^\s\"'`<>|]{{1,{_JUDGED}}}")
_REST: Final = re.compile(r"[^\s\"'`<>|]+")
_SEPARATOR: Final = re.compile(r"[;&,]")
_CLAUSE_END: Final = re.compile(r"[.,;!)\]}]*(?:\s*\Z|\s*[\n;|]|[.,;!)\]}](?:\s|\Z)| [-–—(])")
_PAIR: Final = re.compile(r"[\w.@+-]{2,40}[ \t]?[/:][ \t]?")
_WORDS: Final = re.compile(r"[a-z]{3,12}(?:[ -][a-z]{3,12}){2,}")
