# SPDX-License-Identifier: AGPL-3.0-only
"""The context block: what recall found, as the text that stands beside a user's turn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal
from uuid import UUID

from memoryoss_mcp.context.exact import ExactFact, exact_facts
from memoryoss_mcp.context.excerpt import Excerpt, excerpt
from memoryoss_mcp.context.markup import clean, cost, element, framed, omitted
from memoryoss_mcp.context.passage import whole_cost
from memoryoss_mcp.context.selection import Selection, select
from memoryoss_mcp.context.task_state import compile_task_state
from memoryoss_mcp.recall.result import Decision, RecalledMemory, RecallResult
from memoryoss_mcp.text.preview import estimate_tokens
from memoryoss_mcp.text.tokens import query_terms

Kind = Literal["evidence", "task_state", "exact"]

FIRST_VIEW: Final = 224
"""Tokens that every memory may have before a better one gets more: enough for a short one whole."""

LONGEST_VIEW: Final = 768
"""Tokens that the best memory of a block may take."""


@dataclass(frozen=True, slots=True)
class Block:
    """A context block, or why there is none.

    ``text`` is the whole ``<memory_context>`` element, empty for nothing, and ``tokens`` an
    estimate of it. ``memories`` are the ids of exactly those memories whose words are in it, best
    first. ``decision`` is that of recall's gate. ``reason`` says in a stable word why nothing goes
    in (``None`` if something does). ``withheld`` counts, by reason, relevant memories that may not
    be injected unasked.
    """

    text: str
    memories: tuple[UUID, ...]
    tokens: int
    decision: Decision
    reason: str | None = None
    withheld: Mapping[str, int] = field(default_factory=dict)
    kind: Kind | None = None


def compile_block(
    question: str,
    result: RecallResult,
    budget_tokens: int,
    *,
    least_score: float,
    gated: bool = True,
    redact: Callable[[str], str] | None = None,
) -> Block:
    """The block for a question from what recall found, never more than ``budget_tokens``.

    Nothing goes in unless the gate says inject (``gated`` of false leaves it out of account);
    nothing that scores below ``least_score``, is withheld, of low trust or replaced by a newer
    statement. ``redact`` takes secrets out of a text. The same arguments give the same bytes.
    """
    decision = result.gate.decision
    if gated and decision is not Decision.INJECT:
        reason = next(iter(result.gate.reasons), decision.value)
        return Block("", (), 0, decision, reason)
    if not result.memories:
        return Block("", (), 0, decision, "no_candidates")
    chosen = select(question, result.memories, least_score)
    if not chosen.memories:
        return Block("", (), 0, decision, _why_nothing(chosen), chosen.withheld)
    contents = {
        entry.memory.id: clean(redact(entry.memory.content) if redact else entry.memory.content)
        for entry in chosen.memories
    }
    shown = [entry for entry in chosen.memories if contents[entry.memory.id]]
    room = budget_tokens - estimate_tokens(framed([])) - 1
    lines, memories, kind = _body(question, shown, contents, room)
    if not memories:
        return Block("", (), 0, decision, "no_budget", chosen.withheld)
    text = framed(lines)
    order = tuple(e.memory.id for e in shown if e.memory.id in memories)
    return Block(text, order, estimate_tokens(text), decision, None, chosen.withheld, kind)


def _why_nothing(chosen: Selection) -> str:
    """What kept most of the relevant memories out, if anything did."""
    if not chosen.withheld:
        return "below_threshold"
    most = max(chosen.withheld.values())
    return f"withheld:{min(why for why, count in chosen.withheld.items() if count == most)}"


def _body(
    question: str, shown: Sequence[RecalledMemory], contents: Mapping[UUID, str], room: int
) -> tuple[list[str], set[UUID], Kind]:
    """Lines of the block, the memories in them and its kind: exact facts first, then the state of
    the task if it holds as much as a list, else the list."""
    texts = [(entry.memory.id, contents[entry.memory.id]) for entry in shown]
    facts: list[ExactFact] = []
    for fact in exact_facts(question, texts):
        price = cost(element("exact_fact", fact.sentence))
        if price <= room:
            room -= price
            facts.append(fact)
    head = [element("exact_fact", fact.sentence) for fact in facts]
    told = {fact.memory_id for fact in facts if fact.sentence == contents[fact.memory_id]}
    rest = [entry for entry in shown if entry.memory.id not in told]
    lines, listed = _list(question, rest, contents, room)
    memories = {fact.memory_id for fact in facts}
    state = compile_task_state(question, rest, room, contents)
    if state is not None and len(state.memories) >= len(listed):
        more = [omitted(len(state.omitted))] if state.omitted else []
        if sum(map(cost, (*state.lines, *more))) <= room:
            return [*head, *state.lines, *more], memories | set(state.memories), "task_state"
    return [*head, *lines], memories | listed, "exact" if facts else "evidence"


def _list(
    question: str, entries: Sequence[RecalledMemory], contents: Mapping[UUID, str], room: int
) -> tuple[list[str], set[UUID]]:
    """Every memory's view, and how many found no room."""
    terms = query_terms(question)
    texts = [contents[entry.memory.id] for entry in entries]
    views = _views(texts, terms, room)
    if None in views:
        views = _views(texts, terms, room - cost(omitted(len(entries))))
    lines = [line for view in views if view is not None for line in view.lines]
    missing = views.count(None)
    if missing and cost(omitted(missing)) <= room - sum(map(cost, lines)):
        lines.append(omitted(missing))
    taken = zip(entries, views, strict=True)
    return lines, {entry.memory.id for entry, view in taken if view is not None}


def _views(texts: Sequence[str], terms: Sequence[str], room: int) -> list[Excerpt | None]:
    """A view of each text within ``room`` tokens together. Each may take half of what is left when
    the others have a short view, so that the best get most."""
    short = [min(whole_cost(text), FIRST_VIEW) for text in texts]
    waiting = sum(short)
    left = room
    views: list[Excerpt | None] = []
    for text, reserved in zip(texts, short, strict=True):
        waiting -= reserved
        most = max((left - waiting) // 2, FIRST_VIEW)
        view = excerpt(text, terms, min(most, LONGEST_VIEW, left))
        views.append(view)
        left -= view.cost if view is not None else 0
    return views
