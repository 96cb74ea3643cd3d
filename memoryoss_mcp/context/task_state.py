# SPDX-License-Identifier: AGPL-3.0-only
"""What is known for a piece of work, sorted by what it is good for: facts, constraints, recent
actions, open questions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from memoryoss_mcp.context.excerpt import Excerpt, excerpt
from memoryoss_mcp.context.markup import clean, cost, element
from memoryoss_mcp.context.roles import Role, main_role
from memoryoss_mcp.model import Status
from memoryoss_mcp.recall.result import RecalledMemory
from memoryoss_mcp.text.preview import fit_tokens
from memoryoss_mcp.text.sentences import split_sentences
from memoryoss_mcp.text.tasks import TaskKind, detect_task
from memoryoss_mcp.text.tokens import query_terms

FEWEST: Final = 2
"""Memories that make a state."""

GOAL_TOKENS: Final = 48
ENTRY_TOKENS: Final = 224
"""Tokens of one memory, evidence included."""

_UNCONFIRMED: Final = frozenset({Status.CANDIDATE, Status.CONTESTED})
_SECTIONS: Final[Mapping[Role, tuple[str, str]]] = {
    "fact": ("facts", "fact"),
    "constraint": ("constraints", "constraint"),
    "action": ("recent_actions", "recent_action"),
    "question": ("open_questions", "question"),
}
"""In the order of the block: the tag around a section and that of its entries."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One memory in the state, with the part that it plays."""

    found: RecalledMemory
    role: Role
    view: Excerpt


@dataclass(frozen=True, slots=True)
class TaskState:
    """The state of a task. ``entries`` are in the order of recall; ``omitted`` are memories that
    found no room in it."""

    kind: TaskKind
    goal: str
    entries: tuple[Entry, ...]
    omitted: tuple[RecalledMemory, ...] = ()

    def of(self, role: Role) -> tuple[Entry, ...]:
        """The entries of one section."""
        return tuple(entry for entry in self.entries if entry.role == role)

    @property
    def memories(self) -> tuple[UUID, ...]:
        """Ids of the memories whose words are in the state."""
        return tuple(entry.found.memory.id for entry in self.entries)

    @property
    def lines(self) -> list[str]:
        """Its lines of the block; a section without entries is left out."""
        lines = [f'<task_state kind="{self.kind}">', element("goal", self.goal)]
        for role, (section, tag) in _SECTIONS.items():
            entries = self.of(role)
            if entries:
                inside = "".join(element(tag, entry.view.summary) for entry in entries)
                lines.append(f"<{section}>{inside}</{section}>")
        evidence = [entry.view.evidence for entry in self.entries if entry.view.evidence]
        if evidence:
            inside = "".join(element("item", piece) for piece in evidence)
            lines.append(f"<evidence>{inside}</evidence>")
        return [*lines, "</task_state>"]

    def as_json(self) -> dict[str, Any]:
        """The state as one JSON object, with where everything in it came from."""
        selected = [str(name) for name in self.memories]
        left = [str(found.memory.id) for found in self.omitted]
        return {
            "kind": self.kind,
            "goal": self.goal,
            "facts": [_described(entry) for entry in self.of("fact")],
            "constraints": [_described(entry) for entry in self.of("constraint")],
            "recent_actions": [_described(entry) for entry in self.of("action")],
            "open_questions": [entry.view.summary for entry in self.of("question")],
            "evidence": [
                {
                    "memory_id": str(entry.found.memory.id),
                    "preview": entry.view.evidence,
                    "provenance": list(entry.found.provenance),
                }
                for entry in self.entries
                if entry.view.evidence
            ],
            "inputs": {
                "candidate_memory_ids": [*selected, *left],
                "selected_memory_ids": selected,
                "omitted_memory_ids": left,
            },
            "decisions": self._decisions(),
        }

    def _decisions(self) -> list[str]:
        counts = [
            f"{len(entries)} {section.replace('_', ' ')}"
            for role, (section, _) in _SECTIONS.items()
            if (entries := self.of(role))
        ]
        said = [f"The question is about {self.kind} work.", f"Filed as {', '.join(counts)}."]
        unconfirmed = sum(entry.found.memory.status in _UNCONFIRMED for entry in self.entries)
        if unconfirmed:
            said.append(f"{unconfirmed} unconfirmed or contested, filed as open questions.")
        if self.omitted:
            said.append(f"{len(self.omitted)} left out for want of room.")
        return said


def compile_task_state(
    question: str,
    found: Sequence[RecalledMemory],
    budget_tokens: int,
    contents: Mapping[UUID, str] | None = None,
) -> TaskState | None:
    """The state of the task that a question is about, from recalled memories (best first) within
    ``budget_tokens``.

    ``None`` if the question is about no task, or if sorting would say no more than a list: fewer
    than :data:`FEWEST` memories, or nothing but facts. ``contents`` are cleaned texts by memory
    id, made here if missing.
    """
    task = detect_task(question)
    if task is None or len(found) < FEWEST:
        return None
    terms = query_terms(question)
    state = TaskState(task.kind, fit_tokens(clean(_goal(question)), GOAL_TOKENS), ())
    left = budget_tokens - sum(map(cost, state.lines)) - _SECTION_TOKENS
    entries, omitted = [], []
    for entry in found:
        text = (contents or {}).get(entry.memory.id) or clean(entry.memory.content)
        view = excerpt(text, terms, min(left, ENTRY_TOKENS))
        if view is None:
            omitted.append(entry)
            continue
        left -= view.cost
        entries.append(Entry(entry, _role(entry, view), view))
    if len(entries) < FEWEST or all(entry.role == "fact" for entry in entries):
        return None
    return TaskState(task.kind, state.goal, tuple(entries), tuple(omitted))


_SECTION_TOKENS: Final = sum(
    cost(f"<{section}></{section}>")
    for section in (*(section for section, _ in _SECTIONS.values()), "evidence")
)
"""What the tags around the sections cost; those of an entry cost less than a summary's."""


def _goal(question: str) -> str:
    """The sentence that names the task, else the first."""
    sentences = split_sentences(question)
    return next((one for one in sentences if detect_task(one) is not None), sentences[0])


def _role(found: RecalledMemory, view: Excerpt) -> Role:
    if found.memory.status in _UNCONFIRMED:
        return "question"
    return main_role(split_sentences(view.summary))


def _described(entry: Entry) -> dict[str, Any]:
    memory, trust = entry.found.memory, entry.found.trust
    return {
        "memory_id": str(memory.id),
        "summary": entry.view.summary,
        "score": round(entry.found.score, 4),
        "trust_score": None if trust is None else round(trust.score, 4),
        "status": memory.status.value,
        "tags": list(memory.tags),
        "provenance": list(entry.found.provenance),
    }
