# SPDX-License-Identifier: AGPL-3.0-only
"""How a text speaks: of its author, of a change, of a past state; and which questions ask for the
present state."""

from __future__ import annotations

import re
from typing import Final

from memoryoss_mcp.text.tokens import fold

LOOKED_AT: Final = 400
"""Characters from the beginning that set the tone of a text."""

MOST_CHANGES: Final = 2


def speaks_in_first_person(text: str) -> bool:
    """Whether a text tells of its author: statements about oneself carry the facts that a memory
    is asked for, more than the questions, advice and quoted material around them."""
    return _FIRST_PERSON.search(text, 0, LOOKED_AT) is not None


def announced_changes(text: str) -> int:
    """How many words say that something has changed, at most :data:`MOST_CHANGES`."""
    found = 0
    for _ in _CHANGE.finditer(text, 0, LOOKED_AT):
        found += 1
        if found == MOST_CHANGES:
            break
    return found


def speaks_of_the_past(text: str) -> bool:
    """Whether a text says that a state is over or was the first one."""
    return _PAST_STATE.search(text, 0, LOOKED_AT) is not None


def asks_for_present_state(query: str) -> bool:
    """Whether a question is about how things are, not how they were or came to be."""
    return _PRESENT.search(query) is not None and _BYGONE.search(query) is None


def asks_for_the_past(query: str) -> bool:
    """Whether a question is about how things were or came to be."""
    return _BYGONE.search(query) is not None


def asks_for_what_came(query: str) -> bool:
    """Whether a question is about what took the place of something, or how it changed: what is
    newer answers it although it shares fewer of its words."""
    return _CAME.search(fold(query)) is not None


# "I" only as a capital, because a small one is a variable of code.
_FIRST_PERSON: Final = re.compile(
    r"\b(?:I|[Mm]y|[Mm]e|[Mm]ine|[Mm]yself|[Ww]e|[Oo]urs?|"
    r"[Ii]ch|[Mm]ein(?:e[nmrs]?)?|[Mm]ir|[Mm]ich|[Ww]ir|[Uu]ns(?:er(?:e[nmrs]?)?)?|"
    r"[Jj]e|[Mm]es|[Mm]oi|[Nn]ous|[Nn]otre|[Yy]o|[Mm]is|[Nn]osotr[oa]s|[Nn]uestr[oa]s?|"
    r"[Mm]i[oa]|[Mm]iei|[Nn]ostr[oaie]|[Ee]u|[Mm]eus?|[Mm]inhas?|[Nn]oss[oa]s?)\b"
    r"|\bj'(?=\w)"
)
_CHANGE: Final = re.compile(
    r"\b(?:now|recent(?:ly)?|latest|updat(?:es?|ed|ing)|new(?:ly|er)?|chang(?:es?|ed|ing)"
    r"|increas(?:es?|ed|ing)|decreas(?:es?|ed|ing)|reduc(?:es?|ed|ing)|rais(?:es?|ed|ing)"
    r"|lower(?:s|ed|ing)|doubled|tripled|halved|gr[eo]wn?|growth|shr[aiu]nk"
    r"|expand(?:s|ed|ing)?|exten(?:ds?|ded|ding|sion)|shorten(?:s|ed|ing)?"
    r"|reschedul(?:es?|ed|ing)|postponed?|delay(?:s|ed)|moved?|moving|switch(?:es|ed|ing)?"
    r"|migrat(?:es?|ed|ing|ion)|upgrad(?:es?|ed|ing)|downgrad(?:es?|ed|ing)"
    r"|replac(?:es?|ed|ing)|renam(?:es?|ed|ing)|convert(?:s|ed|ing)?|adjust(?:s|ed|ing)?"
    r"|revis(?:es?|ed|ing)|correct(?:ed|ion)|improv(?:es|ed|ing)|bec[ao]me|instead"
    r"|no longer|any ?more|since then|as of|from now on|these days"
    r"|adopted|dropped|abandoned|deprecated|removed|added"
    r"|jetzt|inzwischen|mittlerweile|ge[aä]ndert|umgestellt|ersetzt|verschoben|stattdessen)\b",
    re.IGNORECASE,
)
_PAST_STATE: Final = re.compile(
    r"\b(?:original(?:ly)?|initial(?:ly)?|previous(?:ly)?|former(?:ly)?|used to|at first"
    r"|in the past|back then|no longer|deprecated|legacy"
    r"|urspr[uü]nglich|fr[uü]her|damals|zun[aä]chst)\b",
    re.IGNORECASE,
)
_PRESENT: Final = re.compile(
    r"\b(?:is|are|am|do|does|has|have|should|can|will|currently?|now|today|latest|my"
    r"|ist|sind|hat|haben|soll|aktuell\w*|derzeit)\b|'s\b|'re\b",
    re.IGNORECASE,
)
_BYGONE: Final = re.compile(
    r"\b(?:did|was|were|had|ago|used to|original(?:ly)?|initial(?:ly)?|at first|before"
    r"|previous(?:ly)?|history|war|waren|hatten?|fr[uü]her|zuerst)\b",
    re.IGNORECASE,
)
_CAME: Final = re.compile(
    r"\b(?:replac\w+|supersed\w+|successor|evolv\w+|in place of|instead of|after the (?:migration"
    r"|move|switch|change|upgrade|rewrite)|(?:migrat|mov|switch|chang|upgrad|convert)\w* (?:to|into"
    r"|away)|changed"
    r"|ersetz\w*|abgelost|nachfolger\w*|anstelle|statt|umgestellt|gewechselt|umgezogen|geandert"
    r"|nach (?:der|dem) (?:migration|umstellung|umzug|wechsel|update)"
    r"|remplac\w+|migre\w*|au lieu de|succes\w+|apres la migration"
    r"|reemplaz\w+|sustitu\w+|en lugar de|migr[oa]\w*|sostitu\w+|invece di|substitu\w+"
    r"|em vez de|no lugar de)\b"
)
