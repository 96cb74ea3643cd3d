# SPDX-License-Identifier: AGPL-3.0-only
"""Which memories leave in a passport, what of them is taken out, and a report of what stays."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final
from uuid import UUID

from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.model import Memory, hash_content
from memoryoss_mcp.portable.lines import Scope
from memoryoss_mcp.screen.secrets import redact

SCOPES: Final[tuple[Scope, ...]] = ("all", "personal", "project", "team")
REDACTIONS: Final = ("secrets", "paths", "labels", "people")
"""What can be taken out: keys and passwords; folders of this machine; agents, sessions and keys of
sources; the names of people who decided."""

EXAMPLES: Final = 5
"""Ids that a report names of each kind."""

_PERSONAL: Final = frozenset(
    {"preference", "user-preference", "display", "verbosity", "style", "personal"}
)
_TEAM: Final = frozenset(
    {"team", "policy", "shared", "security", "review", "runbook", "compliance"}
)
_PROJECT: Final = frozenset(
    {"decision", "incident", "project", "rule", "deploy", "bugfix", "constraint"}
)

_HOME: Final = re.compile(
    r"(?:file://|(?<![\w/.]))"
    r"(?:(?:/mnt/[a-z]|/[a-z]|/var)?/(?:home|Users)/[^/\s\"'`<>|:]+|/root(?=/|\b)"
    r"|/?[A-Za-z]:[\\/]+[Uu]sers[\\/]+[^\\/\s\"'`<>|:]+)"
)
"""A home folder, with the name of its owner: as a path or a URL, also as Windows is mounted."""


def parse_scope(text: str) -> Scope:
    """The scope of that name, however it is written.

    Raises:
        InvalidInputError: there is none.
    """
    for scope in SCOPES:
        if text.strip().lower() == scope:
            return scope
    raise InvalidInputError(
        f"{text[:40]!r} is not a scope.", field="scope", hint=f"Use {', '.join(SCOPES)}."
    )


@dataclass
class Report:
    """What left and what stayed: numbers by reason, with the first ids of each. ``dangling`` counts
    links to memories that stayed, ``redacted`` what was taken out, by kind."""

    selected: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[UUID]] = field(default_factory=dict)
    redacted: Counter[str] = field(default_factory=Counter)
    dangling: int = 0

    def leave(self, memory: Memory, reason: str) -> None:
        """Note a memory that stays."""
        self.left_out[reason] += 1
        known = self.examples.setdefault(reason, [])
        if len(known) < EXAMPLES:
            known.append(memory.id)


def left_out(memory: Memory, scope: Scope) -> str | None:
    """Why a memory stays, in stable words; ``None`` if it is in the scope."""
    if memory.archived:
        return "archived"
    if scope == "all":
        return None
    tags = {_lowered(tag) for tag in memory.tags}
    personal = _personal(memory, tags)
    team = bool(tags & _TEAM)
    if scope == "personal":
        return None if personal else "not_personal"
    if scope == "team":
        return None if team else "not_team"
    if tags & _PROJECT or not (personal or team):
        return None
    if not personal:
        return "team"
    return "personal_tag" if tags & _PERSONAL else "has_agent_or_session"


def scoped(tag: str) -> bool:
    """Whether a tag says something of the scopes that a memory is in."""
    return _lowered(tag) in _PERSONAL | _TEAM | _PROJECT


def redacted(memory: Memory, kinds: Iterable[str], counts: Counter[str]) -> Memory:
    """A memory without what shall not leave; what was taken out is counted by kind."""
    wanted = frozenset(kinds)
    texts = [memory.content, *memory.tags]
    if "secrets" in wanted:
        for place, text in enumerate(texts):
            found = redact(text)
            counts.update(secret.kind for secret in found.found)
            texts[place] = found.text
    labels: tuple[str | None, ...]
    labels = (memory.agent, memory.session, memory.client, memory.source_key)
    if "paths" in wanted:
        texts = [_homeless(text, counts) for text in texts]
        labels = tuple(label and _homeless(label, counts) for label in labels)
    agent, session, client, source_key = labels
    content, *tags = texts
    memory = replace(
        memory,
        agent=agent,
        session=session,
        client=client,
        source_key=source_key,
        content=content,
        tags=tuple(dict.fromkeys(tags)),
        content_hash=hash_content(content),
    )
    if "labels" in wanted:
        told = (agent, session, source_key)
        _count(counts, "label", sum(label is not None for label in told))
        memory = replace(memory, agent=None, session=None, source_key=None, client=None)
    if "people" in wanted:
        _count(counts, "person", len(memory.review_events))
        events = tuple(replace(event, actor="redacted") for event in memory.review_events)
        memory = replace(memory, review_events=events)
        if memory.team_governance is not None:
            _count(counts, "person", 1)
            memory = replace(memory, team_governance=None)
    return memory


def _homeless(text: str, counts: Counter[str]) -> str:
    """A text with ``~`` for every home folder."""
    text, number = _HOME.subn("~", text)
    _count(counts, "home_folder", number)
    return text


def _count(counts: Counter[str], kind: str, number: int) -> None:
    if number:
        counts[kind] += number


def _personal(memory: Memory, tags: set[str]) -> bool:
    return memory.agent is not None or memory.session is not None or bool(tags & _PERSONAL)


def _lowered(tag: str) -> str:
    """A tag with its ASCII letters lowered, as the line compares them."""
    return tag.lower() if tag.isascii() else tag
