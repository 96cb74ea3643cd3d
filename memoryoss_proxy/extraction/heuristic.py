# SPDX-License-Identifier: AGPL-3.0-only
"""``local_heuristic``: facts found by grammar and wording, without a model and without network.

A sentence is a fact when it says that something holds beyond the moment: a decision, a convention,
a preference, a fix with its cause, a constraint, or something about the speaker, the team or the
project. Questions, requests, suppositions, what everybody knows and what passes are none. Rather
nothing than something wrong: a missed fact will be said again, a wrong one has to be forgotten.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from memoryoss_mcp.text.identifiers import extract_identifiers
from memoryoss_mcp.text.polarity import NUMBERS
from memoryoss_mcp.text.stopwords import NEGATIONS, word_set
from memoryoss_proxy.extraction.facts import (
    LONGEST_FACT,
    Exchange,
    Fact,
    Kind,
    Speaker,
    distinct,
    is_harmless,
)
from memoryoss_proxy.extraction.languages import LANGUAGES, WORD, Language, language_of
from memoryoss_proxy.extraction.source import Sentence, flattened, sentences

LONGEST_SENTENCE: Final = 800
"""Characters with all that is asked in it; what is longer is not read."""
LONGEST_CLAUSE: Final = 400
"""Characters; what is longer is no statement of one thing."""
FEWEST_WORDS: Final = 3
MOST_SENTENCES: Final = 20
"""Sentences from which a turn is taken for a pasted document: then only what stands around it, at
its beginning and its end, is read."""
AROUND: Final = 3
"""Sentences that are read at either end of a document."""
FEW_SENTENCES: Final = 6
"""Sentences of a turn up to which a statement counts that names neither speaker nor project."""
OWN_WEIGHT: Final = 1.5
"""Weight of a statement that does, at the least."""
FOREIGN_WEIGHT: Final = 1.0
"""Weight of one that does not."""
MOST_MARKS: Final = 0.06
"""Share of the characters of code in a sentence of words."""
MOST_TURNS: Final = 8
"""New turns that are read, the latest ones."""
MOST_NAMES: Final = 3
"""Identifiers among the tags of a fact."""
LONGEST_TAG: Final = 64


class LocalHeuristic:
    """Finds facts in what the user says; in a reply only a fix that it reports as made. Holds no
    state: the same exchange gives the same facts."""

    def extract(self, exchange: Exchange) -> tuple[Fact, ...]:
        """At most five facts: by their certainty, then in order. Never raises."""
        claims = [
            (claim, text, speaker)
            for speaker, text in exchange.new_turns()[-MOST_TURNS:]
            for claim in _claims(text, speaker)
        ]
        claims.sort(key=lambda entry: -entry[0].weight)
        return distinct(fact for entry in claims if (fact := _fact(*entry)) is not None)


@dataclass(frozen=True, slots=True)
class _Clause:
    """A sentence without filler before it and requests behind it."""

    start: int
    end: int
    flat: str
    language: Language
    asked: bool
    """Whether nothing but a question or request is in it."""


@dataclass(frozen=True, slots=True)
class _Claim:
    start: int
    end: int
    kind: Kind
    weight: float


def _fact(claim: _Claim, text: str, speaker: Speaker) -> Fact | None:
    evidence = text[claim.start : claim.end]
    content = " ".join(evidence.split())
    if len(content) > LONGEST_FACT or not is_harmless(content, speaker):
        return None
    names = [i.text.casefold() for i in extract_identifiers(evidence) if i.kind != "quoted"]
    tags = [name for name in dict.fromkeys(names) if len(name) <= LONGEST_TAG][:MOST_NAMES]
    return Fact(content[0].upper() + content[1:], (claim.kind, *tags), evidence, speaker)


def _claims(text: str, speaker: Speaker) -> Iterator[_Claim]:
    likely = language_of(flattened(text[:LONGEST_SENTENCE]))
    passages = list(sentences(text))
    length = sum(map(len, passages))
    least = OWN_WEIGHT if length > FEW_SENTENCES else 0.0
    for passage in _around(passages, length) if speaker == "user" else passages:
        clauses = list(_clauses(passage, likely))
        fixes = list(_fixes(clauses, text, speaker))
        yield from fixes
        if speaker == "assistant":
            continue
        mocked = any(clause.language.mocking.match(clause.flat) for clause in clauses)
        taken = {at for fix in fixes for at in range(len(clauses)) if _within(clauses[at], fix)}
        for at, clause in enumerate(clauses):
            if at in taken or clause.asked:
                continue
            verdict = _judged(clause, text)
            if verdict is None or verdict[1] < least or (mocked and verdict[0] == "preference"):
                continue
            start = clause.start
            if clause.language.unresolved.match(clause.flat):
                before = clauses[at - 1] if at else None
                if before is None or before.asked or _is_unreal(before):
                    continue
                start = before.start
            yield _Claim(start, clause.end, *verdict)


def _around(passages: Sequence[list[Sentence]], length: int) -> list[list[Sentence]]:
    """The passages, or of a document its beginning and its end."""
    if length <= MOST_SENTENCES:
        return list(passages)
    whole = [sentence for passage in passages for sentence in passage]
    return [whole[:AROUND], whole[-AROUND:]]


def _within(clause: _Clause, claim: _Claim) -> bool:
    return claim.start <= clause.start and clause.end <= claim.end


# --- from sentences to clauses

_MARKS: Final = re.compile(r"[{}()\[\]<>=;|\\]|//|::|->|\w\.\w+\(")
_JOINED: Final = re.compile(r"[?!]\w")


def _is_code(text: str) -> bool:
    """Whether a sentence is code without a fence, or several run together in a copied page."""
    marks = _MARKS.findall(_SPAN.sub("", text))
    return len(marks) > max(2, MOST_MARKS * len(text)) or _JOINED.search(text) is not None


_SPAN: Final = re.compile(r"`[^`\n]*`|https?://\S+")
_MARKER: Final = re.compile(r"(?:[-*+\u2022]|\(?\d{1,3}[.)]|#{1,6})\s+|[(\[\"']+")
_TAIL: Final = re.compile(r"(?:\s*[,;:.!]|\s+[\u2013\u2014-])\s+|\s+(?:and|so|und|et|y|e)\s+")
_CLOSE: Final = " \t\n,;:.\u2013\u2014-"


def _clauses(passage: Sequence[Sentence], likely: Language) -> Iterator[_Clause]:
    """The clauses of a passage, up to a request to work on a text, which follows."""
    for sentence in passage:
        flat = sentence.flat
        if len(flat) > LONGEST_SENTENCE or _is_code(sentence.text):
            continue
        language = language_of(flat, likely)
        start = _after(_MARKER, flat, 0)
        start = _after(language.filler, flat, start)
        material = any(each.material.match(flat, start) for each in (language, *LANGUAGES[:1]))
        if material and not language.ordered.match(flat, start):
            return
        end = len(flat)
        asked = _asks(flat, start, end, language)
        for tail in () if asked else _TAIL.finditer(flat, start):
            rest = tail.end()
            if _asks(flat, rest, len(flat), language, within=True):
                end = tail.start()
                break
        else:
            asked = asked or flat.rstrip().endswith("?")
        clause = flat[start:end].rstrip(_CLOSE if end < len(flat) else None)
        if clause:
            first = sentence.start + start
            yield _Clause(first, first + len(clause), clause, language, asked)


def _after(pattern: re.Pattern[str], flat: str, start: int) -> int:
    match = pattern.match(flat, start)
    return match.end() if match and match.end() < len(flat) else start


def _asks(flat: str, start: int, end: int, language: Language, within: bool = False) -> bool:
    """Whether a question or request begins at ``start``. An order that holds always is none, and
    inside a sentence only a question is sure to be one, or what follows a "please"."""
    if flat.startswith(("\u00bf",), start):
        return True
    if language.ordered.match(flat, start):
        return False
    asks = language.asks.match(flat, start)
    if asks is None:
        return False
    if not within:
        return not language.standing.search(flat, start)
    return flat.rstrip().endswith("?") or not _RELATIVE.match(flat, start)


_RELATIVE: Final = re.compile(
    r"(?:which|who|whose|whom|what|how|why|was|wer|wo|wie|welche[rsnm]?|der|die|das|qui|que|ou|quoi"
    r"|quand|dont|comme|como|donde|quien|che|chi|dove|quem|onde)\b"
)


# --- judging a clause


def _judged(clause: _Clause, text: str) -> tuple[Kind, float] | None:
    """Kind and weight of what a clause states, or nothing."""
    flat, words = clause.flat, clause.language
    if len(flat) > LONGEST_CLAUSE or len(flat.split()) < FEWEST_WORDS or _is_unreal(clause):
        return None
    own = words.own.search(flat) is not None
    ordered = words.ordered.match(flat) is not None
    if words.general.search(flat) and not ordered:
        return None
    passing = words.passing.search(flat) is not None
    if words.decided.search(flat) and (own or words.together.match(flat)):
        return ("decision", 3.0)
    if passing:
        return None
    wish = words.wish.search(flat)
    if (
        wish
        and words.manner.search(flat)
        and words.lasting.search(flat)
        and not _points_at_hand(clause)
    ):
        return ("preference", 2.5)
    if ordered and not _points_at_hand(clause):
        return ("convention", 2.5)
    if own and words.taste.search(flat):
        return ("preference", 2.5)
    ever = words.ever.search(flat) is not None
    every = words.every.match(flat) is not None
    standing = words.standing.search(flat) is not None
    if words.together.match(flat):
        return None
    if own and (standing or (ever and words.habit.search(flat))):
        return ("convention", 2.5)
    if own and words.body.search(flat):
        return ("fact", 2.5)
    strict = ever or not NEGATIONS.isdisjoint(WORD.findall(flat)) or "n't" in flat
    if words.limit.search(flat):
        if _is_exact(clause, text):
            return ("constraint", 2.0 if own else FOREIGN_WEIGHT)
        if own and strict and not _points_at_hand(clause):
            return ("constraint", OWN_WEIGHT)
    if own and words.habit.search(flat):
        return ("fact", OWN_WEIGHT)
    if every and (words.limit.search(flat) or words.state.search(flat)):
        return ("convention", FOREIGN_WEIGHT)
    role = words.role.search(flat) is not None
    if not (role or ever or standing or words.state.search(flat)) or not _is_exact(clause, text):
        return None
    weight = OWN_WEIGHT if own else FOREIGN_WEIGHT
    if role:
        return ("fact", weight)
    return ("convention", weight) if ever or standing else ("fact", FOREIGN_WEIGHT)


def _is_unreal(clause: _Clause) -> bool:
    return clause.language.unreal.search(clause.flat) is not None


def _points_at_hand(clause: _Clause) -> bool:
    return clause.language.deictic.search(clause.flat) is not None


_NUMBER: Final = re.compile(r"\d")
_AMOUNTS: Final = NUMBERS - word_set("one once due sei daily")
"""Amounts in words, without those that are other words too."""
_NAME: Final = re.compile(r"(?<![.!?:] )(?<!^)\b(?:[A-Z][a-z]\w+|[A-Z]{2,}\w*|\w*[a-z][A-Z]\w*)\b")
_CAPITAL_NOUNS: Final = frozenset({"de"})
_DAY: Final = re.compile(
    r"\b(?:(?:mon|tues|wednes|thurs|fri|satur|sun)days?|(?:mon|diens|donners|frei|sams|sonn)tags?"
    r"|mittwochs?|lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|lunes|martes|miercoles"
    r"|jueves|viernes|sabados?|domingos?)\b"
)


def _is_exact(clause: _Clause, text: str) -> bool:
    """Whether a clause names something: a number, an identifier, a name or a day."""
    if _NUMBER.search(clause.flat) or _DAY.search(clause.flat):
        return True
    if not _AMOUNTS.isdisjoint(WORD.findall(clause.flat)):
        return True
    written = text[clause.start : clause.end]
    if clause.language.name not in _CAPITAL_NOUNS and _NAME.search(written):
        return True
    return any(i.kind != "quoted" for i in extract_identifiers(written))


# --- fixes


def _fixes(clauses: Sequence[_Clause], text: str, speaker: Speaker) -> Iterator[_Claim]:
    """Cause and cure, in one sentence or in neighbours; from an assistant only what it says it has
    changed, and something exact."""
    at = 0
    while at < len(clauses):
        group = _group(clauses, at)
        if group:
            first, last = clauses[group[0]], clauses[group[-1]]
            exact = any(_is_exact(clauses[index], text) for index in group)
            made = any(clauses[i].language.done.search(clauses[i].flat) for i in group)
            if speaker == "user" or (exact and made):
                yield _Claim(first.start, last.end, "fix", 3.0)
            at = group[-1] + 1
        else:
            at += 1


def _group(clauses: Sequence[_Clause], at: int) -> range | None:
    """The clauses from ``at`` on that tell of one trouble, its cause and its cure; two or three at
    the most."""
    cause = found = cure = trouble = False
    for last in range(at, min(at + 3, len(clauses))):
        clause = clauses[last]
        flat, words = clause.flat, clause.language
        if clause.asked or _is_supposed(clause) or words.general.search(flat):
            return None
        here = [p.search(flat) is not None for p in (words.cause, words.found, words.cure,
                                                      words.trouble)]  # fmt: skip
        if not any(here):
            return None
        cause, found, cure, trouble = (
            a or b for a, b in zip((cause, found, cure, trouble), here, strict=True)
        )
        if cure and (found or (cause and trouble)):
            opening = clauses[at]
            if opening.language.unresolved.match(
                opening.flat
            ) and not opening.language.found.search(opening.flat):
                return None
            return range(at, last + 1)
    return None


def _is_supposed(clause: _Clause) -> bool:
    return _is_unreal(clause) and not clause.language.cure.search(clause.flat)
