# SPDX-License-Identifier: AGPL-3.0-only
"""What a memory is when several versions of it were made without knowledge of each other: a
function of the set of these versions.

Changes beside the content are merged. So are they with a change of the content that was made
elsewhere meanwhile. Where the content itself was changed in two ways, the newest content keeps the
id; every other one becomes a memory of its own, under an id that follows from its versions, and all
of them are contested, for a person to decide. As long as nobody has changed the memory in knowledge
of the conflict, everybody derives the same losing sides from the same versions. Whoever changes it
writes them down as records of their own first, so nothing is lost with the conflict.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Final, TypeVar
from uuid import UUID, uuid5

from memoryoss_mcp.lifecycle.transitions import MOST_EVENTS
from memoryoss_mcp.model import Limits, Memory, Origin, ReviewEvent, Status
from memoryoss_mcp.portable.sync import clock as clocks
from memoryoss_mcp.portable.sync.clock import Clock
from memoryoss_mcp.portable.sync.state import digest_of

_STATUSES: Final = (Status.CONTESTED, Status.CANDIDATE, Status.STALE, Status.ACTIVE)
"""Of two, the one that comes first holds: what asks for a person most."""

_LANES: Final = (
    Origin.IMPORTED,
    Origin.CONNECTOR,
    Origin.EXTRACTED,
    Origin.TOOL,
    Origin.AGENT,
    Origin.USER,
)
"""Of two, the one that comes first holds: what is trusted least."""

_MOST_TAGS: Final = Limits().max_tags
_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a memory. Its digest is that of :mod:`.state`."""

    clock: Clock
    memory: Memory
    digest: bytes


@dataclass(frozen=True, slots=True)
class Resolved:
    """What versions make together: the memory with its digest, a clock that knows them all, and the
    losing sides of a conflict, if there is one. ``merged`` says that it is none of the versions."""

    memory: Memory
    digest: bytes
    clock: Clock
    losers: tuple[Version, ...] = ()
    merged: bool = False


def resolve(versions: Sequence[Version]) -> Resolved:
    """The memory that versions of one id make, none of which knows another; at least one."""
    clock = reduce(clocks.joined, (version.clock for version in versions))
    if len({version.digest for version in versions}) == 1:
        return Resolved(versions[0].memory, versions[0].digest, clock)
    sides = _sides(versions)
    latest = max(version.memory.version for version in versions) + 1
    if len(sides) == 1:
        return Resolved(sides[0].memory, digest_of(sides[0].memory), clock, merged=True)
    winner = max(sides, key=lambda side: _rank(side.memory))
    names = _names(sides)
    key = winner.memory.id
    ids = {uuid5(key, names[place]): side for place, side in enumerate(sides) if side is not winner}
    losers = []
    for loser, side in sorted(ids.items()):
        memory = _contested(replace(side.memory, id=loser, version=1), (key,))
        losers.append(Version(clocks.derived(key), memory, digest_of(memory)))
    memory = replace(_contested(winner.memory, ids), version=latest)
    return Resolved(memory, digest_of(memory), clock, tuple(losers), merged=True)


@dataclass(frozen=True, slots=True)
class _Side:
    """The versions with one content, and those whose content it replaced, as one memory."""

    memory: Memory
    versions: tuple[Version, ...]


def _sides(versions: Sequence[Version]) -> list[_Side]:
    leading = [v for v in versions if not any(clocks.rewords(w.clock, v.clock) for w in versions)]
    followers = [v for v in versions if v not in leading]
    contents: dict[str, list[Version]] = {}
    for version in leading:
        contents.setdefault(version.memory.content, []).append(version)
    sides = []
    for content, members in contents.items():
        members = [
            *members,
            *(v for v in followers if any(clocks.rewords(m.clock, v.clock) for m in members)),
        ]
        sides.append(_Side(_merged(content, members), tuple(members)))
    return sides


def _names(sides: Sequence[_Side]) -> list[str]:
    """A name for each side, from the clocks of its versions: content must not show in an id."""
    plain = ["\n".join(sorted(clocks.text_of(v.clock) for v in side.versions)) for side in sides]
    ranks = Counter[str]()
    names = dict[int, str]()
    for place in sorted(range(len(sides)), key=lambda place: digest_of(sides[place].memory)):
        rank = ranks[plain[place]]
        ranks[plain[place]] += 1
        names[place] = f"{plain[place]}#{rank}" if rank else plain[place]
    return [names[place] for place in range(len(sides))]


def _merged(content: str, versions: Sequence[Version]) -> Memory:
    """The memory with a content that versions make together."""
    if len({version.digest for version in versions}) == 1:
        return versions[0].memory
    memories = [v.memory for v in sorted(versions, key=lambda v: _rank(v.memory), reverse=True)]
    first = memories[0]
    lineage = first.lineage
    superseded = _first(memories, lambda memory: memory.lineage.superseded_by)
    confidences = [m.confidence for m in memories if m.confidence is not None]
    verified = [m.last_verified_at for m in memories if m.last_verified_at is not None]
    hashes = {m.content: m.content_hash for m in memories}

    def union(name: str) -> tuple[UUID, ...]:
        found = {key for memory in memories for key in getattr(memory.lineage, name)}
        return tuple(sorted(found - {first.id}))

    return replace(
        first,
        content=content,
        content_hash=hashes[content],
        created_at=min(memory.created_at for memory in memories),
        version=max(memory.version for memory in memories) + 1,
        tags=_tags(memories),
        agent=_first(memories, lambda memory: memory.agent),
        session=_first(memories, lambda memory: memory.session),
        client=_first(memories, lambda memory: memory.client),
        source_key=_first(memories, lambda memory: memory.source_key),
        team_governance=_first(memories, lambda memory: memory.team_governance),
        status=min((memory.status for memory in memories), key=_STATUSES.index),
        origin=min((memory.origin for memory in memories), key=_LANES.index),
        archived=(all if superseded is None else any)(memory.archived for memory in memories),
        confidence=min(confidences, default=None),
        evidence_count=max(memory.evidence_count for memory in memories),
        last_verified_at=max(verified, default=None),
        lineage=replace(
            lineage,
            superseded_by=superseded,
            derived_from=union("derived_from"),
            contradicts_with=union("contradicts_with"),
            updates=union("updates"),
        ),
        review_events=_events(memories),
    )


def _contested(memory: Memory, others: Iterable[UUID]) -> Memory:
    against = tuple(sorted({*memory.lineage.contradicts_with, *others} - {memory.id}))
    lineage = replace(memory.lineage, contradicts_with=against)
    return replace(memory, status=Status.CONTESTED, lineage=lineage)


def _rank(memory: Memory) -> tuple[int, int, bytes]:
    return memory.updated_at, memory.version, digest_of(memory)


def _first(memories: Iterable[Memory], part: Callable[[Memory], _Value | None]) -> _Value | None:
    return next((value for memory in memories if (value := part(memory)) is not None), None)


def _tags(memories: Sequence[Memory]) -> tuple[str, ...]:
    first = memories[0].tags
    more = {tag for memory in memories for tag in memory.tags} - set(first)
    return (*first, *sorted(more))[: max(_MOST_TAGS, len(first))]


def _events(memories: Sequence[Memory]) -> tuple[ReviewEvent, ...]:
    found = {event for memory in memories for event in memory.review_events}
    return tuple(sorted(found, key=_event_rank)[-MOST_EVENTS:])


def _event_rank(event: ReviewEvent) -> tuple[int, str, str, str, str, str]:
    kind, target = event.queue_kind or "", event.superseded_by or ""
    return event.at, event.actor, event.action.value, event.via, str(kind), str(target)
