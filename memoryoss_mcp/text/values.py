# SPDX-License-Identifier: AGPL-3.0-only
"""Values in texts: amounts of money, shares, times, dates, durations, versions and counts; and
which of them a question asks for.

Statements that give the same thing different values are told apart by them: likeness does not say
which of "the budget is $500" and "the budget is now $650" answers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from memoryoss_mcp.text.cues import announced_changes
from memoryoss_mcp.text.periods import MONTHS
from memoryoss_mcp.text.polarity import FUNCTION_WORDS
from memoryoss_mcp.text.sentences import split_sentences
from memoryoss_mcp.text.stopwords import word_set
from memoryoss_mcp.text.tokens import fold, index_terms

LOOKED_AT: Final = 800
"""Characters from the beginning in which values are looked for."""

LONGEST_BEFORE: Final = 16
"""Characters before a numeral that say what it is."""

_MONTH: Final = "|".join(
    sorted(
        {fold(month) for month in MONTHS}
        | word_set(
            "jan feb mar apr jun jul aug sep sept oct nov dec "
            "januar februar marz mai juni juli oktober dezember "
            "janvier fevrier mars avril juin juillet aout septembre octobre novembre decembre "
            "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre "
            "diciembre gennaio febbraio aprile maggio giugno luglio settembre ottobre dicembre "
            "janeiro fevereiro maio junho julho setembro outubro dezembro"
        ),
        key=lambda name: (-len(name), name),
    )
)
_UNIT: Final = (
    r"ms|millise\w+|s|secs?|seconds?|mins?|minutes?|h|hrs?|hours?|days?|weeks?|months?|years?"
    r"|sekunden?|minuten?|stunden?|tagen?|tage|wochen?|monaten?|monate|jahren?|jahre"
    r"|secondes?|heures?|jours?|semaines?|mois|ans?|annees?|segundos?|minutos?|horas?|dias?"
    r"|semanas?|mes(?:es)?|anos?|secondi|minuti|ore|giorni|settimane|mesi|anni|segundos"
)
_NUMERAL: Final = re.compile(r"(?P<sign>[$€£¥₹] ?)?\b(?P<v>v)?(?P<digits>\d+(?:[.,:/h–-]\d+)*)")
_BEHIND: Final = re.compile(
    r" ?(?:(?P<percent>%|(?:percent|per cent|prozent|pour cent|por ciento|per cento|por cento)\b)"
    r"|(?:k|m|bn)? ?(?P<money>[$€£¥₹]|(?:usd|eur|gbp|chf|dollars?|euros?|pounds?)\b)"
    r"|(?P<clock>[ap]\.?m\b|uhr\b|heures?\b|h\b)"
    rf"|(?:st|nd|rd|th|\.)? ?(?:de |of )?(?P<date>(?:{_MONTH})\b)"
    rf"|(?:(?:to|bis|a|und) \d+ )?-?(?P<duration>(?:{_UNIT})\b))"
)
_MONTH_BEFORE: Final = re.compile(rf"\b(?P<month>{_MONTH})\.? (?:the )?$")
_VERSION_BEFORE: Final = re.compile(r"\bversion(?:en|es)? $")
_WORD: Final = re.compile(
    r"\b(?:(?P<count>two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
    r"|zwei|drei|vier|funf|sechs|sieben|acht|neun|zehn|zwolf|deux|trois|quatre|cinq|sept|huit|neuf"
    r"|dix|douze|dos|tres|cuatro|cinco|siete|ocho|nueve|diez|due|quattro|cinque|sette|otto|dieci"
    r"|dois|quatro|oito|dez|doze)"
    r"|(?P<date>(?:mon|tues|wednes|thurs|fri|satur|sun)days?|tomorrow"
    r"|(?:mon|diens|donners|frei|sams|sonn)tags?|mittwochs?|lundi|mardi|mercredi|jeudi|vendredi"
    r"|samedi|dimanche|lunes|martes|miercoles|jueves|viernes|sabado|domingo)"
    r"|(?P<clock>noon|midnight|mitternacht|midi|minuit|mediodia|medianoche))\b"
)

_COUNTED: Final = re.compile(
    r"\b(?:(?:how many|number of|wie ?viele|anzahl(?: der)?)(?P<last>(?: [\w'-]+){1,4})"
    r"|(?:combien d[e']|nombre de|cuant[oa]s|numero d[ei]|quant[ie]|quant[oa]s)"
    r" ?(?P<first>[\w'-]+))"
)
"""What is counted: the last word before a function word, or the first in Romance languages."""

_ENDS: Final = FUNCTION_WORDS | word_set(
    "hat haben hatte hatten ist sind war waren gibt werden wurden liegen stehen brauchen passen"
)

_ASKED: Final[Mapping[str, frozenset[str]]] = {
    r"how much|wie ?viel|cuanto|quanto": frozenset({"money", "percent", "count", "duration"}),
    r"how (?:long|often)|wie (?:lange|oft)|combien de temps": frozenset({"duration", "date"}),
    r"what time|which hour|wie ?viel uhr|quelle heure|que hora|che ora": frozenset({"clock"}),
    r"when|wann|quand|cuando|quando": frozenset({"date", "clock"}),
}
"""Words that ask for a value of any thing."""

_ATTRIBUTES: Final[Mapping[str, frozenset[str]]] = {
    r"deadlines?|due date|date|datum|termin|frist|fecha|scadenza|prazo|echeance": frozenset(
        {"date", "clock"}
    ),
    r"budgets?|prices?|costs?|fees?|rents?|salary|wages?|preis|kosten|gehalt|miete|prix|cout|loyer"
    r"|precio|coste|presupuesto|prezzo|costo|preco|custo|orcamento": frozenset({"money"}),
    r"rates?|percentages?|accuracy|share|coverage|scores?|genauigkeit|anteil|abdeckung|taux"
    r"|tasa|tasso|taxa": frozenset({"percent", "count", "money"}),
    r"times?|latency|latenz|duration|timeout|interval|dauer|duree|duracion|durata": frozenset(
        {"duration", "clock"}
    ),
    r"versions?|version(?:en|es)?|releases?": frozenset({"version", "count"}),
    r"port|limits?|sizes?|thresholds?|quota|length|total|goals?|targets?|maximum|minimum|grenze"
    r"|ziel|limite|objectif|objetivo|obiettivo": frozenset(
        {"count", "duration", "money", "percent"}
    ),
}
"""Words for what has a value of some kind."""


_KINDS_THEMSELVES: Final = frozenset(
    index_terms("date datum fecha data time times duration dauer duree duracion durata")
)
"""Terms of the words for a kind of value, rather than for what has one."""


def _compiled(
    kinds: Mapping[str, frozenset[str]],
) -> tuple[tuple[re.Pattern[str], frozenset[str]], ...]:
    return tuple((re.compile(rf"\b(?:{words})\b"), found) for words, found in kinds.items())


_ASKING: Final = _compiled(_ASKED)
_NAMING: Final = _compiled(_ATTRIBUTES)


@dataclass(frozen=True, slots=True)
class Asked:
    """What value a question asks for: its kinds, and the terms for what has it (empty if the
    question has no word for that)."""

    kinds: frozenset[str]
    terms: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Stated:
    """A sentence with values: its terms, the values by kind, and whether it announces a change."""

    terms: frozenset[str]
    values: Mapping[str, frozenset[str]]
    changes: bool


def asked_value(query: str) -> Asked | None:
    """The value that a question asks for, ``None`` if it asks for none."""
    folded = fold(query)
    counted = _counted(folded)
    if counted is not None:
        return counted
    for pattern, kinds in _ASKING:
        if pattern.search(folded):
            return Asked(kinds)
    named: set[str] = set()
    terms: set[str] = set()
    for pattern, kinds in _NAMING:
        for match in pattern.finditer(folded):
            named |= kinds
            terms.update(index_terms(match.group()))
    if not named:
        return None
    # What is asked for by the name of its kind alone need not be told with that name: "the launch
    # is on 3 May" gives its date.
    return Asked(frozenset(named), frozenset() if terms <= _KINDS_THEMSELVES else frozenset(terms))


def _counted(folded: str) -> Asked | None:
    match = _COUNTED.search(folded)
    if match is None:
        return None
    if match["first"]:
        word = match["first"]
    else:
        words = match["last"].split()
        ends = [at for at, word in enumerate(words) if at and word in _ENDS]
        word = words[ends[0] - 1] if ends else words[-1]
    if re.fullmatch(_UNIT, word):
        return Asked(frozenset({"duration", "date"}))
    return Asked(frozenset({"count"}), frozenset(index_terms(word)))


@lru_cache(maxsize=2_048)
def stated_values(text: str) -> tuple[Stated, ...]:
    """The sentences of a text's beginning that have values."""
    found = []
    for sentence in split_sentences(text[:LOOKED_AT]):
        values: dict[str, set[str]] = {}
        for kind, value in _values(fold(sentence)):
            values.setdefault(kind, set()).add(value)
        if values:
            frozen = {kind: frozenset(those) for kind, those in values.items()}
            terms = frozenset(index_terms(sentence))
            found.append(Stated(terms, frozen, announced_changes(sentence) > 0))
    return tuple(found)


def _values(folded: str) -> Iterator[tuple[str, str]]:
    """Kinds and values of a folded sentence, a value with its unit."""
    for match in _NUMERAL.finditer(folded):
        yield _valued(folded, match)
    for word in _WORD.finditer(folded):
        yield word.lastgroup or "count", word.group()


def _valued(folded: str, match: re.Match[str]) -> tuple[str, str]:
    """The kind of value of a numeral, by what stands around it, and the value."""
    digits = match["digits"]
    value = match.group().replace(" ", "")
    behind = _BEHIND.match(folded, match.end())
    if match["sign"]:
        return "money", value
    if ":" in digits or "h" in digits:
        return "clock", value + (behind["clock"] or "" if behind else "")
    if behind is not None and behind.lastgroup is not None:
        return behind.lastgroup, value + (behind[behind.lastgroup] or "")
    before = folded[max(match.start() - LONGEST_BEFORE, 0) : match.start()]
    month = _MONTH_BEFORE.search(before)
    if month is not None:
        return "date", month["month"] + value
    if "/" in digits or _ISO.match(digits):
        return "date", value
    if match["v"] or digits.count(".") > 1 or _VERSION_BEFORE.search(before):
        return "version", value
    return "count", value


_ISO: Final = re.compile(r"\d{4}-\d\d-\d\d$")
