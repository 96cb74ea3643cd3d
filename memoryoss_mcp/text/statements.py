# SPDX-License-Identifier: AGPL-3.0-only
"""Comparing two statements: do they say the same, does the newer say the same thing anew, are they
at odds, or have they nothing to do with each other?

Digits, identifiers, names, negation, words of opposite meaning and times are compared before
anything else. Likeness alone makes no two statements the same, and the rules are made for few
wrong verdicts rather than for many right ones.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from functools import lru_cache
from typing import Final

from memoryoss_mcp.text.polarity import (
    ARTICLES,
    CHANGED,
    ENDED,
    FUNCTION_WORDS,
    NEGATIONS,
    NEVER,
    NUMBERS,
    OPPOSITES,
    PRESENT,
    SINGLE,
    TIMES,
    UNSPACED_CHANGED,
    UNSPACED_NEGATIONS,
)
from memoryoss_mcp.text.tokens import fold, index_terms, is_unspaced
from memoryoss_mcp.text.transitions import transitions, was_left

MOST_CHARACTERS: Final = 300
"""Longer texts, those of several sentences and questions do not state one thing; only their exact
repetition is recognised."""

SAME_SHARE: Final = 0.6
"""Share of the words that statements at odds have in common."""
FRAME_SHARE: Final = 0.5
"""Share of the words that an update has in common with what it replaces."""
LONGEST_SLOT: Final = 4
"""Words of a value at the most."""
MOST_SLOTS: Final = 2
MOST_MORE: Final = 1.5
"""How many times the words of a text another may have to say the same."""
LIKE: Final = 0.8
"""Cosine from which a statement that announces a change is taken for one about the same thing
although its words are others."""

REPLACED: Final = 0.8
"""How sure it is that a statement is outdated of which another names what replaced its thing."""


class Relation(StrEnum):
    """How a newer statement stands to an older one."""

    DUPLICATE = "duplicate"
    UPDATE = "update"
    CONTRADICTION = "contradiction"
    DISTINCT = "distinct"


@dataclass(frozen=True, slots=True)
class Comparison:
    """The relation of a newer statement to an older one, how sure it is (0 to 1), and what differs:
    pairs of old and new words."""

    relation: Relation
    confidence: float = 0.0
    slots: tuple[tuple[str, str], ...] = ()


_DISTINCT: Final = Comparison(Relation.DISTINCT)


def compare(older: str, newer: str, similarity: float | None = None) -> Comparison:
    """Compare two statements; ``similarity`` is the cosine of their vectors, if it is known."""
    if older == newer:
        return Comparison(Relation.DUPLICATE, 1.0)
    old, new = _read(older), _read(newer)
    if old.plain == new.plain and old.plain:
        return Comparison(Relation.DUPLICATE, 1.0)
    if not (old.words and new.words and is_statement(older) and is_statement(newer)):
        return _DISTINCT
    if not old.denied and any(was_left(older, left) for left in transitions(newer)):
        return Comparison(Relation.UPDATE, REPLACED)
    shared = Counter(old.keys) & Counter(new.keys)
    attainable = 2 * shared.total() / (len(old.keys) + len(new.keys))
    if attainable < FRAME_SHARE and not (similarity is not None and similarity >= LIKE):
        return _DISTINCT
    blocks = SequenceMatcher(None, old.keys, new.keys, autojunk=False).get_opcodes()
    common = sum(i2 - i1 for tag, i1, i2, _, _ in blocks if tag == "equal")
    share = 2 * common / (len(old.keys) + len(new.keys))
    if old.denied != new.denied:
        return _at_odds(old, new, blocks, common, share)
    return _newly_said(old, new, blocks, share, similarity)


@dataclass(frozen=True, slots=True)
class _Word:
    """``key`` is what is compared, ``kind`` is ``number``, ``time``, ``name`` or ``word``."""

    text: str
    key: str
    kind: str


@dataclass(frozen=True, slots=True)
class _Statement:
    words: tuple[_Word, ...]
    keys: tuple[str, ...]
    plain: tuple[str, ...]
    denied: bool
    changed: bool
    present: bool
    ended: bool
    verb: int
    """Place of the first word whose object is one at a time, -1 if there is none."""


def says_all(one: str, other: str) -> bool:
    """Whether a text says all that another says and nothing against it: the same numbers, names,
    times and denials, and every word of the other."""
    whole, part = _read(one), _read(other)
    if whole.plain == part.plain:
        return True
    if whole.denied != part.denied or whole.ended != part.ended:
        return False
    values = [Counter(w.key for w in s.words if w.kind != "word") for s in (whole, part)]
    if values[0] != values[1] or _in_order(whole) != _in_order(part):
        return False
    words = [Counter(_stem(w.key) for w in s.words if w.kind == "word") for s in (whole, part)]
    missing = words[1] - words[0]
    return not missing and words[0].total() <= MOST_MORE * max(words[1].total(), 1)


def _in_order(statement: _Statement) -> list[str]:
    return [word.key for word in statement.words if word.kind != "word"]


def _stem(word: str) -> str:
    return index_terms(word)[0] if word.isalpha() else word


def is_statement(text: str) -> bool:
    """Whether a text states one thing, as far as its form tells."""
    body = text.strip()
    return len(body) <= MOST_CHARACTERS and not _NO_STATEMENT.search(body)


_NO_STATEMENT: Final = re.compile(
    r"[.!?。！？…][\s\"'”’)]+\S|[.。！？][^\x00-\x7f]|[?？]\W*$|\n\s*\S"
)
"""The end of a sentence before another, or of a question."""

_Blocks = Sequence[tuple[str, int, int, int, int]]


def _at_odds(
    old: _Statement, new: _Statement, blocks: _Blocks, common: int, share: float
) -> Comparison:
    """Statements of which one denies: at odds if they deny the same thing."""
    if share < SAME_SHARE or common < 2 or blocks[0][0] == "replace":
        return _DISTINCT
    if any(
        word.kind != "word"
        for tag, i1, i2, j1, j2 in blocks
        if tag != "equal"
        for word in (*old.words[i1:i2], *new.words[j1:j2])
    ):
        return _DISTINCT  # of other numbers, names or times, both can hold
    if new.ended or new.changed:
        return Comparison(Relation.UPDATE, share)
    return Comparison(Relation.CONTRADICTION, share)


def _newly_said(
    old: _Statement, new: _Statement, blocks: _Blocks, share: float, similarity: float | None
) -> Comparison:
    """Statements that affirm (or deny) alike: the newer may give the same thing another value."""
    slots = [(i1, i2, j1, j2) for tag, i1, i2, j1, j2 in blocks if tag == "replace"]
    moved = new.changed or new.ended
    found = tuple((_shown(old.words[i1:i2]), _shown(new.words[j1:j2])) for i1, i2, j1, j2 in slots)
    fitting = (
        slots
        and len(slots) <= MOST_SLOTS
        and share >= FRAME_SHARE
        and all(_is_value(old.words[i1:i2], new.words[j1:j2]) for i1, i2, j1, j2 in slots)
        and (
            _same_subject(old, new, slots[0], several=len(slots) > 1)
            or (new.present and len(slots) == 1)
        )
    )
    if fitting:
        exact = all(
            word.kind in {"number", "time"} for i1, i2, _, _ in slots for word in old.words[i1:i2]
        )
        if moved or old.verb >= 0 or new.verb >= 0 or exact:
            return Comparison(Relation.UPDATE, share, found)
    if moved and similarity is not None and similarity >= LIKE and _same_kinds(old, new):
        return Comparison(Relation.UPDATE, similarity * 0.8, found if fitting else ())
    return _DISTINCT


def _is_value(old: Sequence[_Word], new: Sequence[_Word]) -> bool:
    """Whether two runs of words may be values of the same thing: short, and of one kind."""
    if max(len(old), len(new)) > LONGEST_SLOT:
        return False
    kinds = {word.kind for word in old}, {word.kind for word in new}
    return kinds[0] == kinds[1] or (kinds[1] < kinds[0] and "word" not in kinds[1])


def _same_subject(
    old: _Statement, new: _Statement, slot: tuple[int, int, int, int], *, several: bool
) -> bool:
    """Whether the first difference comes after what is spoken of: not at the beginning, not before
    the verb, and with the same names and numbers before it. Where more than one thing differs,
    the verb has to be a known one."""
    if slot[0] == 0 or slot[2] == 0 or slot[0] < old.verb or slot[2] < new.verb:
        return False
    if several and not (0 <= old.verb <= slot[0] and 0 <= new.verb <= slot[2]):
        return False
    before, after = old.words[: slot[0]], new.words[: slot[2]]
    named = [word.key for word in before if word.kind != "word"]
    return named == [word.key for word in after if word.kind != "word"]


def _same_kinds(old: _Statement, new: _Statement) -> bool:
    """Whether both have values, of the same kinds, and not the same ones."""
    kinds = [{w.kind for w in s.words if w.kind != "word"} for s in (old, new)]
    values = [{w.key for w in s.words if w.kind != "word"} for s in (old, new)]
    words = [{w.key for w in s.words if w.kind == "word"} for s in (old, new)]
    return bool(kinds[0] & kinds[1]) and values[0] != values[1] and len(words[0] & words[1]) >= 2


def _shown(words: Sequence[_Word]) -> str:
    return " ".join(word.text for word in words)


_PIECE: Final = re.compile(r"[^\s,;!?¡¿\"“”„«»()\[\]{}…。、，！？：；]+")
_EDGES: Final = ".:'’`*_-"
_CONTRACTED: Final = re.compile(r"n['’]t$")
_ELIDED: Final = re.compile(r"^(?:[cdjlmnst]|qu)['’](?=\w)", re.IGNORECASE)
_SENTENCE_END: Final = re.compile(r"[.!?:]$")


@lru_cache(maxsize=2_048)
def _read(text: str) -> _Statement:
    words: list[_Word] = []
    plain: list[str] = []
    denials, denied, verb = 0, False, -1
    changed = present = False
    folded = fold(text)
    starts = True
    for piece in _PIECE.findall(text):
        for part in _parts(piece):
            word = fold(part)
            if word not in ARTICLES:
                plain.append(word)
            if word in NEGATIONS or _CONTRACTED.search(word):
                denied = True
                if word not in OPPOSITES:
                    continue
            changed = changed or word in CHANGED
            present = present or word in PRESENT
            if word in SINGLE and verb < 0:
                verb = len(words)
            opposite = OPPOSITES.get(word) or OPPOSITES.get(_key(word))
            if opposite is not None:
                name, sign = opposite
                if name in NEVER:
                    denied = denied or sign == 1
                else:
                    denials += sign
                words.append(_Word(part, f"±{name}", "word"))
            elif word and word not in FUNCTION_WORDS and word not in CHANGED:
                words.append(_Word(part, _key(word), _kind(part, word, starts)))
            starts = False
        starts = starts or _SENTENCE_END.search(piece) is not None
    ended = _ENDED.search(folded) is not None
    denied = denied or ended
    denials += denied + sum(folded.count(mark) for mark in UNSPACED_NEGATIONS)
    changed = changed or any(mark in text for mark in UNSPACED_CHANGED)
    return _Statement(
        tuple(words),
        tuple(word.key for word in words),
        tuple(plain),
        denials % 2 == 1,
        changed,
        present,
        ended,
        verb,
    )


def _parts(piece: str) -> list[str]:
    """A piece without its punctuation; unspaced scripts character by character."""
    piece = _ELIDED.sub("", piece).strip(_EDGES)
    if not any(map(is_unspaced, piece)):
        return [piece] if piece else []
    return re.findall(r"[A-Za-z0-9][\w.:/-]*[A-Za-z0-9]|[A-Za-z0-9]|\S", piece)


def _phrase(phrase: str) -> str:
    """A pattern for the words of a phrase in this order, with little between them."""
    if not phrase.isascii() and " " not in phrase:
        return re.escape(phrase)
    return r"\b" + r"\b\W+(?:\w+\W+){0,3}?".join(map(re.escape, phrase.split())) + r"\b"


_ENDED: Final = re.compile("|".join(map(_phrase, ENDED)))


def _kind(part: str, word: str, starts: bool) -> str:
    if any(char.isdigit() for char in word) or word in NUMBERS:
        return "number"
    if word in TIMES:
        return "time"
    if re.search(r"\w[./_@\\]\w", part) or (not starts and part[:1].isupper()):
        return "name"
    return "name" if re.search(r"[a-z][A-Z]|^[A-Z]{2,}$", part) else "word"


def _key(word: str) -> str:
    """A word without the ending of a plural or of a third person."""
    if len(word) > 4 and word.isalpha() and word.endswith("s") and not word.endswith("ss"):
        return word[:-1]
    return word
