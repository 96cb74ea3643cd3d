# SPDX-License-Identifier: AGPL-3.0-only
"""Views of a memory: a summary and the sentences that answer, verbatim, within a token budget."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from memoryoss_mcp.text.preview import best_sentences, estimate_tokens, fit_tokens
from memoryoss_mcp.text.sentences import split_sentences

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
    room = SUMMARY_TOKENS if budget is None else min(SUMMARY_TOKENS, budget)
    if room <= 0:
        return "", (), 0
    whole = estimate_tokens(content)
    if whole <= room:
        return content, (), whole
    sentences = split_sentences(content)
    summary = fit_tokens(content, room) if len(sentences) > 1 else fit_tokens(sentences[0], room)
    spent = estimate_tokens(summary)
    room = EVIDENCE_TOKENS if budget is None else min(EVIDENCE_TOKENS, budget - spent)
    if room <= 0:
        return summary, (), spent
    rest = [sentence for sentence in sentences if sentence not in summary]
    evidence = tuple(best_sentences(rest, terms, room)) if rest else ()
    return summary, evidence, spent + sum(map(estimate_tokens, evidence))
