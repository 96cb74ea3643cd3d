# SPDX-License-Identifier: AGPL-3.0-only
"""Team governance: who may change what a team agreed on, proposals, and a report per branch.

Where a review is required only an owner may confirm, supersede or change a memory, and nobody
approves what he proposed himself. A person is a name (the ``actor``), not a namespace.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from memoryoss_mcp.errors import InvalidInputError, NotAnOwnerError
from memoryoss_mcp.model import Memory, Status, TeamGovernance
from memoryoss_mcp.store.store import Store

PREVIEWS: Final = 3
PREVIEW_LENGTH: Final = 80
_SETTLED_NS: Final = 1_000_000_000
"""A change so shortly behind a merge belongs to it."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What somebody proposes to a team. ``owners`` are people; without any it is the proposer."""

    branch: str
    scope: str
    proposed_by: str
    review_required: bool = False
    owners: tuple[str, ...] = ()
    watchlist: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BranchReport:
    """The governed memories of one branch and scope. Times are nanoseconds."""

    branch: str
    scope: str
    review_required: bool
    owners: tuple[str, ...]
    watchlist: tuple[str, ...]
    memory_count: int
    pending_review: int
    duplicate_memories: int
    stale_policies: int
    conflicting_decisions: int
    last_proposed_at: int
    last_merged_at: int | None
    previews: tuple[str, ...]


def governed(memory: Memory, proposal: Proposal, at: int) -> Memory:
    """A new memory as it is proposed: a candidate where a review is required, else merged at once.

    Raises:
        InvalidInputError: a branch, a scope or the proposer has no name.
    """
    for name in ("branch", "scope", "proposed_by"):
        if not getattr(proposal, name).strip():
            raise InvalidInputError(f"{name} is empty.", field=name)
    proposer = proposal.proposed_by.strip()
    merged = not proposal.review_required
    governance = TeamGovernance(
        branch=proposal.branch.strip(),
        scope=proposal.scope.strip(),
        proposed_by=proposer,
        proposed_at=at,
        review_required=proposal.review_required,
        owners=_names(proposal.owners) or (proposer,),
        watchlist=_names(proposal.watchlist),
        merged_by=proposer if merged else None,
        merged_at=at if merged else None,
    )
    status = memory.status if merged else Status.CANDIDATE
    return replace(memory, status=status, team_governance=governance)


def _names(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted({name.strip() for name in names} - {""}))


def check_change(memory: Memory, actor: str | None) -> None:
    """Refuse a change of a memory that its owners have to agree to.

    Raises:
        NotAnOwnerError: the actor is no owner, or nobody is named.
    """
    governance = memory.team_governance
    if governance is None or not governance.review_required:
        return
    if actor is None or actor.strip() not in governance.owners:
        raise NotAnOwnerError(
            f"Memory {memory.id} is governed by {', '.join(governance.owners)}; nothing was "
            "changed.",
            hint="Let one of the owners decide ('memoryoss review … --actor NAME').",
        )


def check_approval(memory: Memory, actor: str) -> None:
    """Refuse an approval by somebody who may not give it.

    Raises:
        NotAnOwnerError: the actor is no owner, or proposed it himself.
    """
    check_change(memory, actor)
    governance = memory.team_governance
    if (
        governance is not None
        and governance.review_required
        and memory.status is Status.CANDIDATE
        and governance.proposed_by == actor.strip()
    ):
        raise NotAnOwnerError(
            f"{actor.strip()} proposed memory {memory.id} and cannot approve it; nothing was "
            "changed.",
            hint="Another owner has to confirm it.",
        )


def merged(memory: Memory, actor: str, at: int) -> Memory:
    """A confirmed memory with who let it in, if a team governs it."""
    governance = memory.team_governance
    if governance is None:
        return memory
    return replace(memory, team_governance=replace(governance, merged_by=actor, merged_at=at))


def report(store: Store, namespace: str) -> tuple[BranchReport, ...]:
    """The governed memories of a namespace by branch and scope: what waits first, then what went
    stale, then the newest. Memories that nobody governs cost nothing."""
    groups: dict[tuple[str, str], list[tuple[Memory, TeamGovernance]]] = defaultdict(list)
    memories = store.governed(namespace)
    hashes = Counter(memory.content_hash for memory in memories if not memory.archived)
    for memory in memories:
        if memory.team_governance is not None and not memory.archived:
            governance = memory.team_governance
            groups[governance.branch, governance.scope].append((memory, governance))
    reports = [_branch(members, hashes) for members in groups.values()]
    return tuple(
        sorted(
            reports,
            key=lambda r: (
                -r.pending_review,
                -r.stale_policies,
                -r.last_proposed_at,
                r.branch,
                r.scope,
            ),
        )
    )


def _branch(
    members: Sequence[tuple[Memory, TeamGovernance]], hashes: Counter[str | None]
) -> BranchReport:
    memories = [memory for memory, _ in members]
    rules = [governance for _, governance in members]
    merges = [rule.merged_at for rule in rules if rule.merged_at is not None]
    newest = sorted(members, key=lambda pair: -pair[1].proposed_at)
    return BranchReport(
        branch=rules[0].branch,
        scope=rules[0].scope,
        review_required=any(rule.review_required for rule in rules),
        owners=_names([name for rule in rules for name in rule.owners]),
        watchlist=_names([name for rule in rules for name in rule.watchlist]),
        memory_count=len(memories),
        pending_review=sum(memory.status is Status.CANDIDATE for memory in memories),
        duplicate_memories=sum(hashes[memory.content_hash] > 1 for memory in memories),
        stale_policies=sum(_is_stale(memory, rule) for memory, rule in members),
        conflicting_decisions=sum(bool(m.lineage.contradicts_with) for m in memories),
        last_proposed_at=max(rule.proposed_at for rule in rules),
        last_merged_at=max(merges, default=None),
        previews=tuple(memory.content[:PREVIEW_LENGTH] for memory, _ in newest[:PREVIEWS]),
    )


def _is_stale(memory: Memory, rule: TeamGovernance) -> bool:
    """Whether a policy was changed after its team had agreed to it."""
    agreed = rule.merged_at if rule.merged_at is not None else rule.proposed_at
    return memory.updated_at > agreed + _SETTLED_NS
