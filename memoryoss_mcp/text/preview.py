# SPDX-License-Identifier: AGPL-3.0-only
"""Views of a text within a token budget: how many tokens, cut to fit, the sentences that matter."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from functools import cache
from math import ceil
from typing import Final

from memoryoss_mcp.text.sentences import sentence_spans
from memoryoss_mcp.text.tokens import index_terms

ELLIPSIS: Final = "…"

# Least squares (non-negative, relative error) against the byte-pair vocabularies cl100k_base and
# o200k_base on dialogue, chats, abstracts, Python code, technical Markdown and interface texts of
# ten European languages; the mean of both is the target for Latin script, the larger of both for
# all others. Every cost includes the share of the space before the run.
_WORD: Final = re.compile(r"[A-Za-z\u00c0-\u024f]+")
_WORD_COSTS: Final = (0.0, *[0.82] * 6, *[1.41] * 3)
_LONG_WORD_COST: Final = (1.15, 0.40)
"""For a word of n > 9 letters: 1.15 + 0.40 (n - 9)."""
_DIGITS: Final = re.compile(r"\d{1,3}")
_DIGITS_COST: Final = 1.3
_MARKS: Final = re.compile(r"[!-/:-@\[-^`{-~]+|[\u00a1-\u00bf\u2010-\u205e]+")
_MARKS_COST: Final = 1.2
_INDENT: Final = re.compile(r"[^\S\n]{2,}")
_INDENT_COST: Final = 0.56
_ACCENTED: Final = re.compile(r"[\u00c0-\u024f]")
_ACCENTED_COST: Final = 0.97
_ALPHABETIC: Final = re.compile(r"[\u0370-\u052f]")
_ALPHABETIC_COST: Final = 0.40
_OTHER: Final = re.compile(r"[^\x00-\u024f\u0370-\u052f\u2010-\u205e\s\U00010000-\U0010ffff]")
_OTHER_COST: Final = 1.15
"""Han, Kana, Hangul, Thai, Arabic, Hebrew, Devanagari …: the older vocabulary needs up to 1.2
tokens a character.
"""
_ASTRAL: Final = re.compile(r"[\U00010000-\U0010ffff]")
_ASTRAL_COST: Final = 3.0


def estimate_tokens(text: str) -> int:
    """Return about how many tokens a language model makes of ``text``, without a vocabulary.

    Over collections of texts within 7 % of cl100k_base and o200k_base for English, code and
    Markdown and within 12 % for German; for Chinese, Japanese and Korean above the mean of both (3
    to 37 %). A single short text may be 15 to 20 % off. The estimate of a prefix never exceeds that
    of the whole text.
    """
    base, more = _LONG_WORD_COST
    cost = 0.0
    for length in map(len, _WORD.findall(text)):
        cost += _WORD_COSTS[length] if length < 10 else base + more * (length - 9)
    cost += _DIGITS_COST * len(_DIGITS.findall(text))
    cost += _MARKS_COST * len(_MARKS.findall(text))
    cost += _INDENT_COST * len(_INDENT.findall(text))
    if not text.isascii():
        cost += _ACCENTED_COST * len(_ACCENTED.findall(text))
        cost += _ALPHABETIC_COST * len(_ALPHABETIC.findall(text))
        cost += _OTHER_COST * len(_OTHER.findall(text))
        cost += _ASTRAL_COST * len(_ASTRAL.findall(text))
    return ceil(cost - 1e-9)


def fit_tokens(text: str, budget: int) -> str:
    """Return ``text`` if it fits into ``budget`` tokens, else its beginning with "…" at the end.

    The cut is after a sentence when that uses at least half of the budget, else after a word; an
    identifier, that is anything without a space inside, is never cut. The result never exceeds the
    budget; it is empty when not even the first word fits.
    """
    window = text[: _WINDOW * (budget + 8)] if budget > 0 else ""
    if len(window) == len(text) or estimate_tokens(window) <= budget:
        if estimate_tokens(text) <= budget:
            return text
        window = text
    best = _longest(window, [end for _, end in sentence_spans(window)], budget)
    if 2 * estimate_tokens(best) < budget:
        best = _longest(window, [match.start() for match in _gaps().finditer(window)], budget)
    return best


_WINDOW: Final = 32
"""Characters per token of budget that are looked at before the whole of a long text is."""

_UNSPACED: Final = (
    "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
)


@cache
def _gaps() -> re.Pattern[str]:
    # Start-up time: 2 ms to compile.
    return re.compile(rf"(?<=\S)(?=\s)|(?<=[{_UNSPACED}])(?=[{_UNSPACED}])|(?<=[\u3001\u3002])")


def _longest(text: str, cuts: Sequence[int], budget: int) -> str:
    """The longest prefix that ends at one of the ascending ``cuts`` and fits with its ellipsis;
    else nothing.
    """

    def cost(cut: int) -> int:
        return estimate_tokens(_cut(text, cut))

    # Doubling first keeps the work in proportion to the result, not to the text.
    bound = 1
    while bound < len(cuts) and cost(cuts[bound - 1]) <= budget:
        bound *= 2
    fitting = bisect_right(cuts, budget, bound // 2, min(bound, len(cuts)), key=cost)
    return _cut(text, cuts[fitting - 1]) if fitting else ""


def _cut(text: str, end: int) -> str:
    return f"{text[:end].rstrip()} {ELLIPSIS}" if text[:end].strip() else ""


def best_sentences(
    sentences: Sequence[str], query_terms: Sequence[str], budget_tokens: int
) -> list[str]:
    """Return the sentences of one memory that answer best, in their original order, within the
    budget.

    Sentences are ranked by BM25+ over ``query_terms`` (analysed terms) with the memory as the
    collection; BM25+, because the inverse document frequency of BM25 as usually written is zero or
    negative for a term in half of a few sentences. Only sentences with a query term count; if there
    are none, the first sentences are taken. If the best one alone does not fit, it is cut by
    :func:`fit_tokens`.
    """
    analysed = [index_terms(sentence) for sentence in sentences]
    wanted = set(query_terms)
    matching = [index for index, terms in enumerate(analysed) if not wanted.isdisjoint(terms)]
    order = list(range(len(sentences)))
    if matching and len(sentences) > 1:
        # Start-up time: rank_bm25 imports numpy.
        from rank_bm25 import BM25Plus

        scores = BM25Plus(analysed).get_scores(list(query_terms))
        order = sorted(matching, key=lambda index: (-scores[index], index))
    chosen: dict[int, str] = {}
    left = budget_tokens
    for index in order:
        sentence = sentences[index]
        cost = estimate_tokens(sentence)
        if cost > left:
            if chosen:
                continue
            sentence = fit_tokens(sentence, left)
            if not sentence:
                break
            cost = estimate_tokens(sentence)
        chosen[index] = sentence
        left -= cost
    return [chosen[index] for index in sorted(chosen)]
