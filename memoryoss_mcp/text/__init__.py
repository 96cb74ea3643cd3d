# SPDX-License-Identifier: AGPL-3.0-only
"""Pure text: terms, identifiers, sentences, previews within a token budget, task and time words."""

from memoryoss_mcp.text.identifiers import (
    Identifier,
    contains_identifier,
    extract_identifiers,
    query_kinds,
)
from memoryoss_mcp.text.periods import DateRange
from memoryoss_mcp.text.preview import best_sentences, estimate_tokens, fit_tokens
from memoryoss_mcp.text.sentences import sentence_spans, split_sentences
from memoryoss_mcp.text.shapes import IdentifierKind
from memoryoss_mcp.text.stopwords import NEGATIONS, STOP_WORDS
from memoryoss_mcp.text.tasks import TaskKind, TaskMatch, detect_task, task_hits
from memoryoss_mcp.text.timewords import Recency, date_terms, is_time_seeking
from memoryoss_mcp.text.tokens import ANALYZER_VERSION, fold, index_terms, query_terms

__all__ = [
    "ANALYZER_VERSION",
    "NEGATIONS",
    "STOP_WORDS",
    "DateRange",
    "Identifier",
    "IdentifierKind",
    "Recency",
    "TaskKind",
    "TaskMatch",
    "best_sentences",
    "contains_identifier",
    "date_terms",
    "detect_task",
    "estimate_tokens",
    "extract_identifiers",
    "fit_tokens",
    "fold",
    "index_terms",
    "is_time_seeking",
    "query_kinds",
    "query_terms",
    "sentence_spans",
    "split_sentences",
    "task_hits",
]
