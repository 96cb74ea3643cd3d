# SPDX-License-Identifier: AGPL-3.0-only
"""Views of a memory: a summary and the sentences that answer, verbatim, within a token budget."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from memoryoss_mcp.text.preview import best_sentences, estimate_tokens, fit_tokens
from memoryoss_mcp.text.sentences import split_sentences

WHOLE_TOKENS: Final = 128
"""A memory of up to so many tokens is shown whole."""

SUMMARY_TOKENS: Final = 64
EVIDENCE_TOKENS: Final = 160


def view(
    content: str, terms: Sequence[str], budget: int | None = None
) -> tuple[str, tuple[str, ...], int]:
    """Summary, evidence and their cost in tokens.

    A short memory is its own summary. Of a longer one the summary is its beginning, cut at a
    sentence, and the evidence the sentences that match the query best. ``budget`` bounds both
    together; with none left both are empty.
    """
    if budget is not None and budget <= 0:
        return "", (), 0
    whole = _tokens(content)
    if whole <= (WHOLE_TOKENS if budget is None else min(WHOLE_TOKENS, budget)):
        return content, (), whole
    room = SUMMARY_TOKENS if budget is None else min(SUMMARY_TOKENS, budget)
    sentences = _sentences(content)
    leading = 0
    spent = 0
    while leading < len(sentences) and spent + _tokens(sentences[leading]) < room:
        spent += _tokens(sentences[leading])
        leading += 1
    if leading:
        summary = content[: content.index(sentences[leading - 1]) + len(sentences[leading - 1])]
    else:
        summary = fit_tokens(content, room)
        spent = _tokens(summary)
    room = EVIDENCE_TOKENS if budget is None else min(EVIDENCE_TOKENS, budget - spent)
    rest = sentences[leading:]
    if room <= 0 or not rest:
        return summary, (), spent
    evidence = tuple(best_sentences(rest, terms, room))
    return summary, evidence, spent + sum(map(_tokens, evidence))


# The same memories are recalled again and again in one conversation.
_tokens = lru_cache(maxsize=4096)(estimate_tokens)


@lru_cache(maxsize=512)
def _sentences(content: str) -> tuple[str, ...]:
    return tuple(split_sentences(content))
