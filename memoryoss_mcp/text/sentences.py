# SPDX-License-Identifier: AGPL-3.0-only
"""A sentence splitter that knows code and Markdown.

A text is cut into blocks first: a fenced code block, a table and a list item (with its continuation
lines) are one unit each. What is left are paragraphs; they are cut at sentence ends. A full stop
ends a sentence only when a space follows, so file names, versions, hosts and decimal numbers never
break. A list that hangs on a clause which restricts it ("Never do any of these:") stays one unit
with that clause, and so does a dependent fragment ("Unless staging is down.") with its sentence.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate
from typing import Final

from memoryoss_mcp.text.stopwords import NEGATIONS, STOP_WORDS, word_set
from memoryoss_mcp.text.tokens import fold

Span = tuple[int, int]
"""Start and end offset in characters, end excluded."""


def split_sentences(text: str) -> list[str]:
    """Return the sentences of ``text`` in order, exactly as they stand in it."""
    return [text[start:end] for start, end in sentence_spans(text)]


def sentence_spans(text: str) -> list[Span]:
    """Return the sentences of ``text`` as ordered, disjoint spans.

    Every character that is not white space lies in exactly one span, no span begins or ends with
    white space, and what lies between two spans is white space: sentences joined by their
    separators are the text again.
    """
    spans: list[Span] = []
    for start, end, splittable in _blocks(text):
        ends = [*_sentence_ends(text, start, end), end] if splittable else [end]
        for stop in ends:
            span = _trimmed(text, start, stop)
            if span is not None:
                spans.append(span)
            start = stop
    return spans


def _trimmed(text: str, start: int, end: int) -> Span | None:
    while start < end and text[start].isspace():
        start += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    return (start, end) if start < end else None


# --- blocks

_FENCE: Final = re.compile(r"\s*(`{3,}(?=[^`]*$)|~{3,})")
_ITEM: Final = re.compile(r"(\s*)(?:[-*+\u2022\u25e6\u2013]|\(?\d{1,3}[.)]|\(?[a-zA-Z]\))\s+\S")
_HEADING: Final = re.compile(r"\s*#{1,6}\s+\S")
_TERMINATED: Final = re.compile(
    r"[.!?:;\u2026\u3002\uff01\uff1f\uff61][\"')\]\u201d\u2019\u00bb*_`\u300d\u300f]*\s*\Z"
)
_RESTRICTING: Final = NEGATIONS | word_set(
    "if unless when whenever only must except before after until avoid "
    "wenn falls sofern nur ausser si seulement solo solamente se soltanto apenas"
)
_CONTRACTED_NOT: Final = re.compile(r"n't\b")
_UNFINISHED: Final = STOP_WORDS | NEGATIONS
_LAST_WORD: Final = re.compile(r"\w+\Z")
_FULL_LINE: Final = 60
"""Characters; a line at least this long that has no sentence end was wrapped, not ended."""


def _blocks(text: str) -> Iterator[tuple[int, int, bool]]:
    """Yield ``(start, end, may be split)``; the blocks cover the text without gaps."""
    ends = list(accumulate(len(line) for line in text.splitlines(keepends=True)))
    lines = list(zip([0, *ends], ends, strict=False))
    at = 0
    while at < len(lines):
        first, kind = at, _line_kind(text, lines[at])
        if kind == "fence":
            at = _after_fence(text, lines, at)
        elif kind == "table":
            while at < len(lines) and _line_kind(text, lines[at]) == "table":
                at += 1
        elif kind == "item":
            at = _after_item(text, lines, at)
        elif kind == "heading":
            at += 1
        else:
            at += 1
            while at < len(lines) and _continues(text, lines[at - 1], lines[at]):
                at += 1
            if at < len(lines) and _introduces(text[lines[first][0] : lines[at - 1][1]]):
                intro_end = lines[at - 1][1]
                listed = at
                while listed < len(lines) and _line_kind(text, lines[listed]) == "blank":
                    listed += 1
                after = listed
                while after < len(lines) and _line_kind(text, lines[after]) == "item":
                    after = _after_item(text, lines, after)
                if after > listed:
                    # The sentences before the clause stay sentences of their own.
                    cuts = list(_sentence_ends(text, lines[first][0], intro_end))
                    clause = cuts[-1] if cuts else lines[first][0]
                    if clause > lines[first][0]:
                        yield lines[first][0], clause, True
                    yield clause, lines[after - 1][1], False
                    at = after
                    continue
        yield lines[first][0], lines[at - 1][1], kind == "text"


def _line_kind(text: str, line: Span) -> str:
    content = text[line[0] : line[1]]
    bare = content.strip()
    if not bare:
        return "blank"
    if _FENCE.match(content):
        return "fence"
    if bare.startswith("|") and bare.count("|") > 1:
        return "table"
    if _ITEM.match(content):
        return "item"
    if _HEADING.match(content):
        return "heading"
    return "text"


def _after_fence(text: str, lines: list[Span], at: int) -> int:
    """The line after the closing fence; an unclosed fence reaches to the end of the text."""
    opening = _FENCE.match(text, *lines[at])
    mark = opening[1] if opening else "```"
    for index in range(at + 1, len(lines)):
        closing = _FENCE.match(text, *lines[index])
        if closing and closing[1].startswith(mark):
            return index + 1
    return len(lines)


def _after_item(text: str, lines: list[Span], at: int) -> int:
    """The line after a list item, its indented or wrapped continuation included."""
    at += 1
    while at < len(lines) and _line_kind(text, lines[at]) == "text":
        content = text[lines[at][0] : lines[at][1]]
        if not content.startswith(("  ", "\t")) and not _continues(text, lines[at - 1], lines[at]):
            break
        at += 1
    return at


def _continues(text: str, previous: Span, line: Span) -> bool:
    """Whether a line goes on with the sentence of the line before it (hard-wrapped text)."""
    if _line_kind(text, line) != "text" or _line_kind(text, previous) == "blank":
        return False
    before, after = text[previous[0] : previous[1]].rstrip(), text[line[0] : line[1]].lstrip()
    if _DEPENDENT.match(after):
        return True
    if _TERMINATED.search(before[-20:]):
        return False
    if after[0].islower() or len(before) >= _FULL_LINE:
        return True
    return _last_word(before) in _UNFINISHED


def _introduces(paragraph: str) -> bool:
    """Whether a paragraph ends in a restricting clause that the list below it completes."""
    if not paragraph.rstrip().rstrip("*_").endswith((":", "\uff1a")):
        return False
    folded = fold(paragraph).replace("\u2019", "'")
    words = set(re.findall(r"[^\W\d_]+", folded))
    return not words.isdisjoint(_RESTRICTING) or _CONTRACTED_NOT.search(folded) is not None


def _last_word(text: str) -> str:
    word = _LAST_WORD.search(text[-40:])
    return fold(word[0]) if word else ""


# --- sentences of a paragraph

_END: Final = re.compile(
    r"(?P<cjk>[\u3002\uff01\uff1f\uff61]+)(?P<quoted>[\"'\u201d\u2019\u300d\u300f\uff09)\]]*)"
    r"|(?P<stop>[.!?\u061f\u06d4\u0964]+)(?P<closers>[\"')\]\u201d\u2019\u00bb*_]*)"
)
_PROTECTED: Final = re.compile(r"`[^`\n]+`|``.+?``|\([^()]{0,200}\)")
_NEVER_ENDS: Final = word_set(
    "e.g i.e eg ie cf vs viz approx mr mrs dr prof nr nos figs eqs vol resp incl excl z.b d.h s.o "
    "s.u bzw ggf evtl vgl inkl exkl mind bspw zzgl p.ex p.ej mme mlle sra srta dott"
)
_MAY_END: Final = word_set(
    "etc usw usf min max avg sec ms ed est inc ltd co corp bros u.s u.k u.s.a e.u a.m p.m am pm "
    "ph.d b.sc m.sc u.a d.c jr sr al st mt fig eq ch pp eds rev dept gen gov sen rep lt col sgt "
    "capt jan feb mar apr jun jul aug sep sept oct nov dec abs art str tel ca sog av ud uds sig"
)
_MONTHS: Final = word_set(
    "januar februar marz april mai juni juli august september oktober november dezember "
    "jan feb mrz apr jun jul aug sep okt nov dez"
)
_BEFORE_STOP: Final = re.compile(r"[^\s(\[\"'\u201c\u201e]*\Z")
_NEXT_WORD: Final = re.compile(r"\s*[\"'(\[\u201c\u201e\u00ab*_]*([^\W\d_]+)?")
_NUMBER_NEXT: Final = re.compile(r"\s*\d")
_DEPENDENT: Final = re.compile(
    r"\s*(?:unless|except|otherwise|provided(?:\s+that)?|nor|but\s+(?:not|never|only)"
    r"|only\s+(?:if|when|after|before|on|in)|not\s+(?:if|when|on|in|for|before|until)"
    r"|au(?:\u00df|ss)er|es\s+sei\s+denn|sofern|sauf|salvo|a\s+menos|a\s+meno)\b",
    re.IGNORECASE,
)


def _sentence_ends(text: str, start: int, end: int) -> Iterator[int]:
    """Offsets inside ``start:end`` after which a new sentence begins, without ``end`` itself."""
    protected = [match.span() for match in _PROTECTED.finditer(text, start, end)]
    starts = [first for first, _ in protected]
    last = start + len(text[start:end].rstrip())
    for match in _END.finditer(text, start, end):
        stop = match.end()
        if stop >= last:
            break
        around = bisect_right(starts, match.start()) - 1
        if around >= 0 and stop < protected[around][1]:
            continue
        if match["cjk"]:
            # A closing quotation mark with more behind it: 「...。」と言った
            if match["quoted"] and not text[stop].isspace():
                continue
        elif not text[stop].isspace() or not _ends(text, start, end, match):
            continue
        if _DEPENDENT.match(text, stop, end):
            continue
        yield stop


def _ends(text: str, start: int, end: int, match: re.Match[str]) -> bool:
    """Whether a full stop, question or exclamation mark before white space ends the sentence."""
    following = _NEXT_WORD.match(text, match.end(), end)
    word = following[1] if following and following[1] else ""
    if match["stop"] != ".":
        if "!" in match["stop"] or "?" in match["stop"]:
            # "Really?" he asked.
            return not (match["closers"] and word[:1].islower())
        return not match["stop"].startswith("..")
    head = _BEFORE_STOP.search(text, max(start, match.start() - 40), match.start())
    before = head[0] if head else ""
    folded = fold(before)
    opens = word[:1].isupper() and fold(word) in STOP_WORDS
    if folded in _MAY_END or (len(before) == 1 and before.isalpha()):
        return opens  # "at 5 p.m. The" and "plan B. It", but "U.S. Army" and "J. Smith"
    if folded in _NEVER_ENDS:
        return False
    if folded == "no":
        return _NUMBER_NEXT.match(text, match.end(), end) is None  # "No. 5"
    if before.isdigit() and len(before) <= 2:
        return fold(word) not in _MONTHS and not word[:1].islower()  # "am 8. Mai"
    return True
