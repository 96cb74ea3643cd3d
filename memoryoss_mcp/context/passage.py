# SPDX-License-Identifier: AGPL-3.0-only
"""A memory's text taken apart once: its sentences, what they cost in a prompt and what they say."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from memoryoss_mcp.context.markup import escape
from memoryoss_mcp.text.preview import estimate_tokens
from memoryoss_mcp.text.sentences import Span, sentence_spans
from memoryoss_mcp.text.tokens import index_terms


@dataclass(frozen=True, slots=True)
class Passage:
    """A cleaned text. ``costs`` are tokens of each sentence as it is written into a block,
    ``terms`` its analysed terms."""

    text: str
    spans: tuple[Span, ...]
    costs: tuple[int, ...]
    terms: tuple[frozenset[str], ...]

    def sentence(self, place: int) -> str:
        """One sentence, verbatim."""
        start, end = self.spans[place]
        return self.text[start:end]

    @property
    def sentences(self) -> list[str]:
        """All sentences, verbatim."""
        return [self.sentence(place) for place in range(len(self.spans))]


# The same memories are recalled again and again in one conversation.
@lru_cache(maxsize=512)
def passage(text: str) -> Passage:
    """Take a cleaned text apart."""
    spans = tuple(sentence_spans(text))
    sentences = [text[start:end] for start, end in spans]
    return Passage(
        text,
        spans,
        tuple(estimate_tokens(escape(sentence)) for sentence in sentences),
        tuple(frozenset(index_terms(sentence)) for sentence in sentences),
    )


@lru_cache(maxsize=2048)
def whole_cost(text: str) -> int:
    """Tokens of a whole cleaned text as it is written into a block."""
    return estimate_tokens(escape(text))
