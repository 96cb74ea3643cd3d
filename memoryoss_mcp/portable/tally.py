# SPDX-License-Identifier: AGPL-3.0-only
"""What the memories of an artifact come to, counted in one walk: no memory is kept, but for the
beginnings of the first ones and for the few that are tied to each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from memoryoss_mcp.model import format_time, hash_content
from memoryoss_mcp.portable import lines
from memoryoss_mcp.portable.artifact import Artifact, values
from memoryoss_mcp.portable.integrity import read_line

PREVIEWS: Final = 5
"""Contents that are shown of an artifact."""
PREVIEW: Final = 100
"""Characters of each."""
MOST_TAGS: Final = 10_000
"""Different tags that are counted one by one."""
MOST_TIED: Final = 40
"""Memories that are tied to each other and are still drawn."""
LONGEST_TEXT: Final = 4_000
"""Characters of a listed memory."""

_MOST_UNKNOWN: Final = 20
_ENTRY_FIELDS: Final = frozenset(lines.Entry.model_fields)


def preview(text: str) -> str:
    """The beginning of a content, as the published views show it."""
    return text if len(text) <= PREVIEW else text[:PREVIEW] + "..."


def links(entry: lines.Entry) -> Iterator[tuple[lines.EdgeKind, UUID]]:
    """The other memories that a memory names, and what they are to it."""
    if entry.superseded_by is not None:
        yield "superseded_by", entry.superseded_by
    for other in entry.derived_from:
        yield "derived_from", other
    for other in entry.contradicts_with:
        yield "contradicts_with", other


@dataclass(frozen=True, slots=True)
class Listed:
    """A memory in a list. ``text`` is its content, or the beginning of a long one; ``length`` the
    characters of all of it."""

    entry: lines.Entry
    text: str
    length: int

    @classmethod
    def of(cls, entry: lines.Entry) -> Listed:
        """The memory, with its content only once and not too much of it."""
        text = entry.content
        short = entry.model_copy(update={"content": ""})
        return cls(short, text[:LONGEST_TEXT], len(text))

    def document(self) -> dict[str, Any]:
        """What a program gets to see of it, nulls printed."""
        entry = self.entry
        return {
            "id": str(entry.id),
            "memory_type": entry.memory_type.value,
            "status": entry.status.value,
            "archived": entry.archived,
            "tags": list(entry.tags),
            "agent": entry.agent,
            "session": entry.session,
            "created_at": format_time(entry.created_at),
            "updated_at": format_time(entry.updated_at),
            "confidence": entry.confidence,
            "evidence_count": entry.evidence_count,
            "superseded_by": entry.superseded_by and str(entry.superseded_by),
            "derived_from": list(map(str, entry.derived_from)),
            "contradicts_with": list(map(str, entry.contradicts_with)),
            "review_event_count": len(entry.review_events),
            "preview": preview(self.text),
            "content_length": self.length,
        }


@dataclass(frozen=True, slots=True)
class Tie:
    """A line from one memory to another. The older stands first, where there is an order."""

    source: UUID
    target: UUID
    kind: lines.EdgeKind


@dataclass(slots=True)
class Tally:
    """The counts. ``months`` are memories by the month in which they were made (``2026-03``) and
    by status; ``linked`` names others; ``outside`` are memories that are named and not there.
    ``ties`` and ``tied`` are empty when more than :data:`MOST_TIED` are tied."""

    memories: int = 0
    archived: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    types: Counter[str] = field(default_factory=Counter)
    tags: Counter[str] = field(default_factory=Counter)
    months: dict[str, Counter[str]] = field(default_factory=dict)
    links: Counter[str] = field(default_factory=Counter)
    linked: int = 0
    outside: int = 0
    reviewed: int = 0
    review_events: int = 0
    governed: int = 0
    wrong_hashes: int = 0
    repeated_ids: int = 0
    root_missing: bool = False
    unknown_fields: list[str] = field(default_factory=list)
    first_created: int | None = None
    last_created: int | None = None
    last_updated: int | None = None
    previews: list[str] = field(default_factory=list)
    listed: list[Listed] = field(default_factory=list)
    ties: list[Tie] = field(default_factory=list)
    tied: list[Listed] = field(default_factory=list)

    @property
    def visible(self) -> int:
        """Memories that are not archived."""
        return self.memories - self.archived


def tally(artifact: Artifact, document: lines.Passport | lines.History, listed: int = 0) -> Tally:
    """Count the memories of an artifact whose fields are known to be well-formed. The first
    ``listed`` of them are kept in short."""
    counts, seen, named = Tally(), set[bytes](), set[bytes]()
    ties: set[Tie] | None = set()
    if isinstance(document, lines.History):
        ties = _within({Tie(edge.from_, edge.to, edge.kind) for edge in document.edges})
    for value in values(artifact.memories):
        entry = read_line(lines.Entry, value)
        _count(counts, entry, value)
        if len(counts.listed) < listed:
            counts.listed.append(Listed.of(entry))
        counts.repeated_ids += entry.id.bytes in seen
        seen.add(entry.id.bytes)
        found = {_tie(entry.id, kind, other) for kind, other in links(entry)}
        named.update(other.bytes for _, other in links(entry))
        if found and ties is not None and isinstance(document, lines.Passport):
            ties = _within(ties | found)
    counts.outside = len(named - seen)
    if isinstance(document, lines.History):
        counts.root_missing = document.root_id.bytes not in seen
    if ties:
        counts.ties = sorted(ties, key=lambda tie: (tie.source, tie.target, tie.kind))
        counts.tied = _tied(artifact, ties)
    return counts


def _count(counts: Tally, entry: lines.Entry, value: Mapping[str, Any]) -> None:
    status = entry.status.value
    counts.memories += 1
    counts.archived += entry.archived
    counts.statuses[status] += 1
    counts.types[entry.memory_type.value] += 1
    for tag in dict.fromkeys(entry.tags):
        if tag in counts.tags or len(counts.tags) < MOST_TAGS:
            counts.tags[tag] += 1
    month = format_time(entry.created_at)[:7]
    counts.months.setdefault(month, Counter())[status] += 1
    kinds = [kind for kind, _ in links(entry)]
    counts.links.update(kinds)
    counts.linked += bool(kinds)
    counts.reviewed += bool(entry.review_events)
    counts.review_events += len(entry.review_events)
    counts.governed += entry.team_governance is not None
    if entry.content_hash is not None and entry.content_hash != hash_content(entry.content):
        counts.wrong_hashes += 1
    for name in value.keys() - _ENTRY_FIELDS:
        if name not in counts.unknown_fields and len(counts.unknown_fields) < _MOST_UNKNOWN:
            counts.unknown_fields.append(name)
    created, updated = entry.created_at, entry.updated_at
    first, last, changed = counts.first_created, counts.last_created, counts.last_updated
    counts.first_created = created if first is None else min(first, created)
    counts.last_created = created if last is None else max(last, created)
    counts.last_updated = updated if changed is None else max(changed, updated)
    if len(counts.previews) < PREVIEWS:
        counts.previews.append(preview(entry.content))


def _tie(memory: UUID, kind: lines.EdgeKind, other: UUID) -> Tie:
    if kind == "superseded_by":
        return Tie(memory, other, kind)
    if kind == "derived_from":
        return Tie(other, memory, kind)
    return Tie(min(memory, other), max(memory, other), kind)


def _within(ties: set[Tie]) -> set[Tie] | None:
    """The ties, unless they are too many to draw."""
    return ties if len(_ends(ties)) <= MOST_TIED else None


def _ends(ties: Iterable[Tie]) -> set[UUID]:
    return {end for tie in ties for end in (tie.source, tie.target)}


def _tied(artifact: Artifact, ties: set[Tie]) -> list[Listed]:
    """Those of the tied memories that are there, the oldest first."""
    ends, found = _ends(ties), dict[UUID, Listed]()
    for value in values(artifact.memories):
        entry = read_line(lines.Entry, value)
        if entry.id in ends:
            found.setdefault(entry.id, Listed.of(entry))
    return sorted(found.values(), key=lambda one: (one.entry.created_at, one.entry.id))
