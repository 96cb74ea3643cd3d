# SPDX-License-Identifier: AGPL-3.0-only
"""What a query asks for: terms, identifiers, kind of work, words about time."""

from __future__ import annotations

from dataclasses import dataclass

from memoryoss_mcp.errors import InvalidInputError, LimitExceededError
from memoryoss_mcp.model import Limits, to_datetime
from memoryoss_mcp.recall.query import RecallQuery
from memoryoss_mcp.text.identifiers import Identifier, extract_identifiers, query_kinds
from memoryoss_mcp.text.tasks import TaskMatch, detect_task
from memoryoss_mcp.text.timewords import Recency, is_time_seeking
from memoryoss_mcp.text.tokens import index_terms, query_terms


@dataclass(frozen=True, slots=True)
class Plan:
    """A query, analysed. ``identifier_terms`` are the terms among ``terms`` that stand for a whole
    identifier; ``routed`` says whether identifiers lead the search."""

    query: RecallQuery
    terms: tuple[str, ...]
    identifiers: tuple[Identifier, ...]
    identifier_terms: tuple[str, ...]
    kinds: tuple[str, ...]
    task: TaskMatch | None
    time: Recency | None
    routed: bool


def analyse(query: RecallQuery, *, identifier_first: bool, now: int) -> Plan:
    """Turn a query into a plan. ``now`` (nanoseconds) gives "last week" its meaning."""
    identifiers = extract_identifiers(query.text)
    terms = dict.fromkeys(query_terms(query.text))
    whole: dict[str, None] = {}
    for identifier in identifiers:
        parts = index_terms(identifier.text)
        # The analyser puts an identifier as a whole before its parts.
        if parts and (identifier.kind != "quoted" or len(parts) == 1):
            whole[parts[0]] = None
            terms[parts[0]] = None
    return Plan(
        query=query,
        terms=tuple(terms),
        identifiers=identifiers,
        identifier_terms=tuple(whole),
        kinds=query_kinds(query.text, identifiers) if identifier_first else (),
        task=detect_task(query.text),
        time=is_time_seeking(query.text, to_datetime(now)),
        routed=identifier_first and bool(whole),
    )


def check(query: RecallQuery, limits: Limits) -> None:
    """Refuse a query that breaks a rule of the interface.

    Raises:
        InvalidInputError: empty text, a NUL character, a limit below 1, bounds that exclude all.
        LimitExceededError: text or limit too large.
    """
    text = query.text
    if not text.strip():
        raise InvalidInputError(
            "The query is empty.", field="query", hint="Say what to look for in a few words."
        )
    if "\0" in text:
        raise InvalidInputError("The query holds a NUL character.", field="query")
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > limits.max_content_bytes:
        raise LimitExceededError(
            f"The query has {size} bytes; {limits.max_content_bytes} are allowed.",
            field="query",
            hint="Send the question, not the whole document.",
        )
    if query.limit < 1:
        raise InvalidInputError(
            f"limit is {query.limit}; it must be at least 1.",
            field="limit",
            hint=f"Send a number from 1 to {limits.max_recall_limit}.",
        )
    if query.limit > limits.max_recall_limit:
        raise LimitExceededError(
            f"limit is {query.limit}; {limits.max_recall_limit} is the most for one page.",
            field="limit",
            hint="Take the next page with next_cursor.",
        )
    filters = query.filters
    if filters.after is not None and filters.before is not None and filters.after >= filters.before:
        raise InvalidInputError(
            "after is not earlier than before: nothing can match.", field="after"
        )
