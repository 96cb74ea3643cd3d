# SPDX-License-Identifier: AGPL-3.0-only
"""A text as sentences of words with their places: what is quoted is marked, code blocks are apart.

Words are folded one by one, so that every one of them keeps its place in the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from memoryoss_mcp.text.tokens import fold


@dataclass(slots=True)
class Token:
    """A word of a sentence. ``breaks`` is the mark or the conjunction that parts it from the word
    before, empty inside a clause. ``quoted`` words name something, they do not ask for it."""

    word: str
    start: int
    end: int
    breaks: str = ""
    quoted: bool = False
    capital: bool = False


@dataclass(slots=True)
class Sentence:
    """The words of a sentence, and whether it ends in a question mark."""

    tokens: list[Token] = field(default_factory=list)
    question: bool = False

    def words(self, start: int, end: int) -> list[str]:
        """The words of a part."""
        return [token.word for token in self.tokens[start:end]]

    def clause(self, at: int) -> tuple[int, int]:
        """Start and end of the clause of a word: between two marks or conjunctions."""
        start, end = at, at + 1
        while start > 0 and not self.tokens[start].breaks:
            start -= 1
        while end < len(self.tokens) and not self.tokens[end].breaks:
            end += 1
        return start, end


@dataclass(frozen=True, slots=True)
class Block:
    """Code that stands apart: where it begins, its text, and what was said last before it."""

    start: int
    code: str
    before: str


_FENCE: Final = re.compile(
    r"^[ \t]*(`{3,}|~{3,})[^\n`]*\n(?P<code>.*?)(?:^[ \t]*\1[`~]*[ \t]*$|\Z)",
    re.MULTILINE | re.DOTALL,
)
_CITED: Final = re.compile(r"^[ \t]*>[^\n]*$", re.MULTILINE)
_INLINE: Final = re.compile(r"`([^`\n]+)`")
_QUOTED: Final = re.compile(
    r"\"[^\"\n]{1,400}\"|\u201c[^\u201d\n]{1,400}\u201d"
    r"|\u201e[^\u201c\u201d\n]{1,400}[\u201c\u201d]"
    r"|\u00ab[^\u00bb\n]{1,400}\u00bb|\u00bb[^\u00ab\n]{1,400}\u00ab"
    r"|(?<![\w])'[^'\n]{1,400}'(?!\w)"
)
_PIECE: Final = re.compile(
    r"(?P<gap>\n[ \t]*\n\s*|\n(?=[ \t]*(?:[-*+\u2022]|\d{1,3}[.)])\s)"
    r"|\n(?=[ \t]*[A-Z\u00c0-\u00de#|]))"
    r"|(?P<flag>(?<![\w-])--?[a-zA-Z][\w-]*)"
    r"|(?P<name>https?://[^\s<>\"'`)]+|[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64})+"
    r"|[~.]?/[\w.@~/*-]{2,}|(?<![\w.])\.[a-z]\w*|\w+(?:[/\\_:@]+[\w.\\@-]+)+"
    r"|\w+\.[a-z]{2,5}(?![\w.]))"
    r"|(?P<word>[^\W_]+(?:[\u2019'](?:t|s|ll|re|ve|d|m)(?!\w))?)"
    r"|(?P<stop>[.!?\u2026\u3002]+(?=\s|$|[\"'\u201d\u00bb)])|[;])"
    r"|(?P<mark>[,:()\[\]{}\u2013\u2014]|(?<=\s)-(?=\s))"
)
_CONJUNCTIONS: Final = frozenset(
    [
        "and",
        "or",
        "then",
        "nor",
        "but",
        "und",
        "oder",
        "dann",
        "aber",
        "danach",
        "sowie",
        "et",
        "ou",
        "puis",
        "ensuite",
        "mais",
        "y",
        "e",
        "o",
        "luego",
        "despues",
        "pero",
        "u",
        "poi",
        "ma",
        "depois",
        "mas",
    ]
)
_ITEM: Final = re.compile(r"\s*(?:[-*+\u2022]|\d{1,3}[.)])\s+(?:\[[ xX]\]\s+)?")

MOST_WORDS: Final = 200
"""Words of a sentence; what is longer is none, and is cut."""
LONGEST: Final = 1_000_000
"""Characters that are looked at: of a longer text the halves at both ends."""


def bounded(text: str) -> list[tuple[int, str]]:
    """The parts of a text that are looked at, with their offsets."""
    if len(text) <= LONGEST:
        return [(0, text)]
    half = LONGEST // 2
    return [(0, text[:half]), (len(text) - half, text[-half:])]


def blocks(text: str) -> tuple[str, list[Block]]:
    """The text with blanks where code blocks and cited lines are, and the code blocks."""
    found: list[Block] = []
    if "```" in text or "~~~" in text:
        for match in _FENCE.finditer(text):
            before = text[max(0, match.start() - 400) : match.start()].rstrip()
            found.append(Block(match.start("code"), match["code"], before.rsplit("\n", 1)[-1]))
        text = _FENCE.sub(_blank, text)
    if ">" in text:
        text = _CITED.sub(_blank, text)
    return text, found


def _blank(match: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", match[0])


def inline_code(text: str) -> Iterator[tuple[int, str]]:
    """Pieces between single back ticks, with their places."""
    for match in _INLINE.finditer(text):
        yield match.start(1), match[1]


def sentences(
    text: str, start: int = 0, end: int | None = None, quotes: list[tuple[int, int]] | None = None
) -> Iterator[Sentence]:
    """The sentences of a part of a text. A line break ends one where the next line begins anew
    (with a capital, or as an item of a list), else the sentence goes on behind it. ``quotes`` are
    the places of quotations, if they are known."""
    end = len(text) if end is None else end
    quotes = quotations(text, start, end) if quotes is None else quotes
    at = 0
    current = Sentence()
    breaks = ""
    for match in _PIECE.finditer(text, start, end):
        kind = match.lastgroup
        if kind in ("gap", "stop"):
            if kind == "stop" and current.tokens and "?" in match[0]:
                current.question = True
            if current.tokens:
                yield current
            current, breaks = Sentence(), ""
        elif kind == "mark":
            breaks = breaks or match[0]
        else:
            while at < len(quotes) and quotes[at][1] <= match.start():
                at += 1
            quoted = at < len(quotes) and quotes[at][0] <= match.start()
            if len(current.tokens) >= MOST_WORDS:
                yield current
                current, breaks = Sentence(), breaks or ","
            word = folded(match[0])
            if word in _CONJUNCTIONS and not quoted:
                breaks = f"{breaks} {word}".strip()
                continue
            current.tokens.append(
                Token(word, match.start(), match.end(), breaks, quoted, match[0][0].isupper())
            )
            breaks = ""
    if current.tokens:
        yield current


def quotations(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Where something is quoted. A text that is nothing but a quotation is none."""
    found = [match.span() for match in _QUOTED.finditer(text, start, end)]
    found += [match.span() for match in _INLINE.finditer(text, start, end)]
    whole = text[start:end].strip()
    return sorted(span for span in found if span[1] - span[0] < len(whole))


@lru_cache(maxsize=4_096)
def folded(word: str) -> str:
    """A word as the tables have it."""
    return fold(word.replace("\u2019", "'"))
