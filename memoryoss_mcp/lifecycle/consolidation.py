# SPDX-License-Identifier: AGPL-3.0-only
"""Consolidation: memories that say the same are merged into one that keeps its sources.

No text is ever changed: the merged memory has the words of the source that says most, and the
sources stay, archived, so that the merger can be undone. Only memories that agree in every number,
name, time and denial are merged, and of which one says all that the others say.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.lifecycle.relations import RANKS
from memoryoss_mcp.model import Draft, Lineage, Memory, Origin, Outcomes, Status
from memoryoss_mcp.store.changes import Entry, Find, draft_memory
from memoryoss_mcp.store.store import Store
from memoryoss_mcp.store.types import Progress
from memoryoss_mcp.text.statements import says_all

THRESHOLD: Final = 0.9
"""Cosine from which memories may say the same."""
MAX_CLUSTERS: Final = 50
BATCH: Final = 50
"""Mergers that are committed together."""

_STATUS_FACTORS: Final = {Status.ACTIVE: 1.0, Status.CANDIDATE: 0.75, Status.STALE: 0.7}
_LANES: Final = sorted(Origin, key=lambda origin: RANKS[origin])


@dataclass(frozen=True, slots=True)
class Cluster:
    """Memories that say the same: the one whose words are kept, and the others.
    ``similarity`` is the mean cosine of the others to it; ``derived`` the merged memory, once there
    is one."""

    kept: Memory
    merged: tuple[Memory, ...]
    similarity: float
    derived: UUID | None = None


@dataclass(frozen=True, slots=True)
class Consolidation:
    """What a consolidation did, or would do (``dry_run``). ``more`` counts the clusters beyond the
    limit, ``skipped`` those that changed meanwhile."""

    namespace: str
    clusters: tuple[Cluster, ...]
    memories_before: int
    more: int
    skipped: int
    dry_run: bool

    @property
    def merged(self) -> int:
        """Memories that gave way to merged ones."""
        return sum(1 + len(cluster.merged) for cluster in self.clusters)

    @property
    def memories_after(self) -> int:
        """Memories that answer questions afterwards."""
        return self.memories_before - self.merged + len(self.clusters)


def consolidate(
    store: Store,
    namespace: str,
    analyse: Callable[[Memory], Sequence[str]],
    *,
    threshold: float = THRESHOLD,
    max_clusters: int = MAX_CLUSTERS,
    dry_run: bool = False,
    progress: Progress,
) -> Consolidation:
    """Merge memories that say the same.

    Raises:
        InvalidInputError: the threshold is not between .5 and 1, or the limit below 1.
    """
    if not 0.5 <= threshold <= 1.0:
        raise InvalidInputError("threshold must be between 0.5 and 1.", field="threshold")
    if max_clusters < 1:
        raise InvalidInputError("max_clusters must be at least 1.", field="max_clusters")
    memories = dict(_eligible(store, namespace, progress))
    found = list(_clusters(memories, store.near_copies(namespace, threshold, progress)))
    chosen, more = found[:max_clusters], max(0, len(found) - max_clusters)
    before = store.count(namespace)
    if dry_run:
        return Consolidation(namespace, tuple(chosen), before, more, 0, True)
    done: list[Cluster] = []
    for start in range(0, len(chosen), BATCH):
        progress("merging", start, len(chosen))
        done += _merge(store, namespace, chosen[start : start + BATCH], analyse)
    progress("merging", len(chosen), len(chosen))
    skipped = len(chosen) - len(done)
    return Consolidation(namespace, tuple(done), before, more, skipped, False)


def _eligible(store: Store, namespace: str, progress: Progress) -> Iterator[tuple[int, Memory]]:
    for seen, (number, memory) in enumerate(store.walk(namespace)):
        if seen % 1_000 == 0:
            progress("reading memories", seen, 0)
        if is_eligible(memory):
            yield number, memory


def is_eligible(memory: Memory) -> bool:
    """Whether a memory may be merged: what is in doubt, given up or governed by a team may not."""
    return (
        not memory.archived
        and memory.status is not Status.CONTESTED
        and memory.lineage.superseded_by is None
        and not memory.lineage.contradicts_with
        and memory.team_governance is None
    )


def _clusters(
    memories: Mapping[int, Memory], pairs: Sequence[tuple[int, int, float]]
) -> Iterator[Cluster]:
    """Stars around the best memories: each with those near it that it says all of."""
    near: dict[int, list[tuple[int, float]]] = defaultdict(list)
    for one, other, cosine in pairs:
        if one in memories and other in memories and _alike(memories[one], memories[other]):
            near[one].append((other, cosine))
            near[other].append((one, cosine))
    taken: set[int] = set()
    for number in sorted(near, key=lambda n: (_worth(memories[n]), n), reverse=True):
        if number in taken:
            continue
        members = [
            (other, cosine)
            for other, cosine in sorted(near[number])
            if other not in taken and says_all(memories[number].content, memories[other].content)
        ]
        if members:
            taken |= {number, *(other for other, _ in members)}
            similarity = sum(cosine for _, cosine in members) / len(members)
            merged = tuple(memories[other] for other, _ in members)
            yield Cluster(memories[number], merged, similarity)


def _alike(one: Memory, other: Memory) -> bool:
    """Whether two memories count alike: what only might be true is no copy of what is."""
    return (
        one.status is other.status
        and RANKS[one.origin] == RANKS[other.origin]
        and one.memory_type is other.memory_type
    )


def _worth(memory: Memory) -> tuple[float, ...]:
    """What makes a memory the one whose words are kept: status, confidence, what it says, age."""
    confidence = 1.0 if memory.confidence is None else memory.confidence
    return (
        _STATUS_FACTORS[memory.status],
        confidence,
        len(memory.content),
        memory.updated_at,
        len(memory.tags),
    )


def _merge(
    store: Store,
    namespace: str,
    clusters: Sequence[Cluster],
    analyse: Callable[[Memory], Sequence[str]],
) -> list[Cluster]:
    """Merge some clusters in one transaction; those that changed meanwhile are left out."""
    vectors = store.vectors_of(namespace, [cluster.kept.id for cluster in clusters])
    drafts = {cluster.kept.id: _derived(cluster, store.subject) for cluster in clusters}
    done: list[Cluster] = []

    def rule(find: Find) -> Sequence[Memory | Entry]:
        done.clear()
        written: list[Memory | Entry] = []
        for cluster in clusters:
            members = (cluster.kept, *cluster.merged)
            known = find([memory.id for memory in members])
            if any(known.get(m.id, m).version != m.version or m.id not in known for m in members):
                continue
            made = drafts[cluster.kept.id]
            written.append(Entry(made, tuple(analyse(made)), vectors.get(cluster.kept.id)))
            written += [_given_up(known[memory.id], made.id) for memory in members]
            done.append(replace(cluster, derived=made.id))
        return written

    store.amend(namespace, rule, "consolidate")
    return done


def _given_up(memory: Memory, derived: UUID) -> Memory:
    lineage = replace(memory.lineage, superseded_by=derived)
    return replace(memory, status=Status.STALE, archived=True, lineage=lineage)


def _derived(cluster: Cluster, subject: str) -> Memory:
    """The merged memory: the words of the kept one, the tags, evidence and outcomes of all."""
    sources = (cluster.kept, *cluster.merged)
    kept = cluster.kept
    known = [memory.confidence for memory in sources if memory.confidence is not None]
    confidence = max(known) if len(known) == len(sources) else None
    leaves = {key for memory in sources for key in memory.lineage.derived_from or (memory.id,)}
    updates = {key for memory in sources for key in memory.lineage.updates}
    made = draft_memory(
        Draft(
            content=kept.content,
            namespace=kept.namespace,
            tags=tuple(sorted({tag for memory in sources for tag in memory.tags})),
            agent=kept.agent,
            memory_type=kept.memory_type,
            origin=min((memory.origin for memory in sources), key=_LANES.index),
            client=subject,
            created_at=max(memory.created_at for memory in sources),
            status=kept.status,
            confidence=confidence,
            evidence_count=sum(memory.evidence_count for memory in sources),
        )
    )
    verified = [m.last_verified_at for m in sources if m.last_verified_at is not None]
    return replace(
        made,
        last_verified_at=max(verified, default=None),
        lineage=Lineage(derived_from=tuple(sorted(leaves)), updates=tuple(sorted(updates))),
        outcomes=_together([memory.outcomes for memory in sources]),
    )


def _together(outcomes: Sequence[Outcomes]) -> Outcomes:
    def last(name: str) -> int | None:
        moments = [getattr(one, name) for one in outcomes]
        return max((moment for moment in moments if moment is not None), default=None)

    def total(name: str) -> int:
        return sum(getattr(one, name) for one in outcomes)

    return Outcomes(
        injection_count=total("injection_count"),
        reuse_count=total("reuse_count"),
        confirm_count=total("confirm_count"),
        reject_count=total("reject_count"),
        supersede_count=total("supersede_count"),
        last_injected_at=last("last_injected_at"),
        last_reused_at=last("last_reused_at"),
        last_outcome_at=last("last_outcome_at"),
    )
