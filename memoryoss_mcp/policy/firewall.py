# SPDX-License-Identifier: AGPL-3.0-only
"""The firewall: what a request is about to do is held against the policies of its namespace.

The set of policies is complete, not searched for: a rule must not depend on its rank among ten
thousand memories. It is read once from all memories of the namespace and then kept in step by the
ledger, which has an entry for every change of a memory, whichever process made it: to look at the
end of the ledger costs one indexed row, and only the memories that its new entries name are read
again. A request in which nothing is risky touches no store at all.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from memoryoss_mcp.model import Memory, now
from memoryoss_mcp.model.trust import Trust
from memoryoss_mcp.policy.kinds import Kind
from memoryoss_mcp.policy.policies import Decision, Policy, PolicySet

if TYPE_CHECKING:
    from memoryoss_mcp.policy.actions import RiskyAction
    from memoryoss_mcp.store.store import Store

CONFIRMATION_HEADER: Final = "X-Memory-Policy-Confirm"
MOST_REASONS: Final = 3
MOST_CALLS: Final = 64
"""Calls of tools that are looked at: the last ones of a turn."""
CHANGES_AT_ONCE: Final = 1_000
MOST_CHANGES: Final = 20_000
"""Ledger entries from which reading all memories is cheaper than following them."""
TRUST_FOR_NS: Final = 600 * 1_000_000_000
"""How long trust scores are taken as they were: they move with time, too."""

Assess = Callable[[str, Sequence[Memory]], Mapping[UUID, Trust]]
"""The trust in some memories of a namespace."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call of a tool that the wire shows: its name, and its arguments as JSON or plain text."""

    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class MatchedPolicy:
    """A policy that concerns an action. ``decision`` is what it decides here, ``score`` (0 to 1)
    how much of what it is about is named in the request."""

    policy: Policy
    kinds: tuple[Kind, ...]
    decision: Decision
    score: float

    def as_json(self) -> dict[str, Any]:
        """The policy as one JSON object."""
        return {
            "memory_id": str(self.policy.id),
            "content": self.policy.content,
            "tags": list(self.policy.tags),
            "action_classes": [kind.value for kind in self.kinds],
            "decision": self.decision.label,
            "score": round(self.score, 4),
            "trust_score": None if self.policy.trust is None else round(self.policy.trust, 4),
            "status": self.policy.status,
        }


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is decided of a request, and why. Not ``active`` when nothing in it is risky."""

    decision: Decision = Decision.ALLOW
    actions: tuple[RiskyAction, ...] = ()
    policies: tuple[MatchedPolicy, ...] = ()
    reasons: tuple[str, ...] = ()

    @property
    def active(self) -> bool:
        """Whether anything risky was found."""
        return bool(self.actions)

    @property
    def risky_actions(self) -> tuple[str, ...]:
        """The classes that were found, each once."""
        return tuple(dict.fromkeys(action.kind.value for action in self.actions))

    @property
    def matched_terms(self) -> tuple[str, ...]:
        """The words that ask for them."""
        return tuple(dict.fromkeys(action.words for action in self.actions))

    @property
    def confirmation_header(self) -> str | None:
        """The header that confirms, where a confirmation is asked for."""
        confirmable = self.decision is Decision.REQUIRE_CONFIRMATION
        return CONFIRMATION_HEADER if confirmable else None

    def as_json(self) -> dict[str, Any]:
        """The verdict as one JSON object."""
        document: dict[str, Any] = {
            "active": self.active,
            "decision": self.decision.label,
            "risky_actions": list(self.risky_actions),
            "matched_terms": list(self.matched_terms),
            "reasons": list(self.reasons),
            "matched_policies": [policy.as_json() for policy in self.policies],
        }
        if self.confirmation_header is not None:
            document["confirmation_header"] = self.confirmation_header
        return document


def find_actions(user_text: str, tool_calls: Iterable[ToolCall] = ()) -> tuple[RiskyAction, ...]:
    """The risky actions of a request: those that the user's text asks for, and those of the calls
    of tools that it shows (the last :data:`MOST_CALLS`)."""
    # Start-up time: the word lists are read with the first request.
    from memoryoss_mcp.policy.actions import risky_actions
    from memoryoss_mcp.policy.calls import risky_calls

    found = list(risky_actions(user_text))
    for call in list(tool_calls)[-MOST_CALLS:]:
        found += risky_calls(call.name, call.arguments)
    return tuple(found)


def judge(actions: Sequence[RiskyAction], policies: PolicySet, today: int | None = None) -> Verdict:
    """The verdict over some actions: the most severe decision of the policies that concern them.

    ``today`` is the weekday (0 is Monday; without it that of the local time) for rules that hold
    on some days only.
    """
    if not actions:
        return INACTIVE
    from memoryoss_mcp.policy.matching import match  # start-up time

    day = datetime.now().astimezone().weekday() if today is None else today
    found = []
    for policy in policies.policies:
        hits = [
            (rule.kind, *hit)
            for rule in policy.rules
            for action in actions
            if (hit := match(rule, action, day)) is not None
        ]
        if hits:
            decision = max(hit[1] for hit in hits)
            kinds = tuple(dict.fromkeys(hit[0] for hit in hits))
            score = max(hit[2] for hit in hits if hit[1] is decision)
            found.append(MatchedPolicy(policy, kinds, decision, score))
    found.sort(key=lambda m: (-m.decision, -m.score, -(m.policy.trust or 0.0), str(m.policy.id)))
    decision = found[0].decision if found else Decision.ALLOW
    return Verdict(decision, tuple(actions), tuple(found), _reasons(actions, found))


INACTIVE: Final = Verdict()

_SAYS: Final[Mapping[Decision, str]] = {
    Decision.BLOCK: "A policy forbids it",
    Decision.REQUIRE_CONFIRMATION: "A policy asks for a confirmation",
    Decision.WARN: "A policy asks for care",
}


def _reasons(actions: Sequence[RiskyAction], found: Sequence[MatchedPolicy]) -> tuple[str, ...]:
    if not found:
        kinds = ", ".join(dict.fromkeys(action.kind.value for action in actions))
        return (f"The request asks to {kinds}; no policy of this namespace concerns that.",)
    return tuple(
        f"{_SAYS[matched.decision]} ({', '.join(matched.kinds)}): {matched.policy.content}"
        for matched in found[:MOST_REASONS]
    )


@dataclass(slots=True)
class _Kept:
    """The memories of a namespace that have rules, and the set that was made of them."""

    memories: dict[UUID, tuple[Memory, Policy]]
    policies: PolicySet


class Firewall:
    """Judges requests by the policies of one store. Thread-safe. ``assess`` says how far memories
    are to be trusted; what is of low trust decides nothing."""

    def __init__(self, store: Store, assess: Assess) -> None:
        self._store = store
        self._assess = assess
        self._kept: dict[str, _Kept] = {}
        self._guards: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        """One for each namespace: the first reading of a large one holds up no other."""

    def evaluate(
        self, namespace: str, user_text: str, tool_calls: Iterable[ToolCall] = ()
    ) -> Verdict:
        """Judge one request.

        Raises:
            MemoryOSSError: something is risky and the policies cannot be read. Whoever holds an
                earlier set (:meth:`last_known`) may :func:`judge` by that.
        """
        actions = find_actions(user_text, tool_calls)
        return judge(actions, self.policies(namespace)) if actions else INACTIVE

    def last_known(self, namespace: str) -> PolicySet | None:
        """The set that was made last, without a look at the store."""
        kept = self._kept.get(namespace)
        return kept.policies if kept is not None else None

    def policies(self, namespace: str) -> PolicySet:
        """The policies of a namespace as they are now. The first call reads all of its memories.

        Raises:
            MemoryOSSError: they cannot be read.
        """
        with self._guards[namespace]:
            kept = self._kept.get(namespace)
            end = self._store.ledger_end()
            at = now()
            if kept is not None and kept.policies.mark == end:
                if 0 <= at - kept.policies.taken_at < TRUST_FOR_NS:
                    return kept.policies
                memories = kept.memories
            else:
                followed = self._follow(namespace, kept, end) if kept is not None else None
                memories = self._read_all(namespace) if followed is None else followed
            policies = PolicySet(namespace, self._trusted(namespace, memories), end, at)
            self._kept[namespace] = _Kept(memories, policies)
            return policies

    def _read_all(self, namespace: str) -> dict[UUID, tuple[Memory, Policy]]:
        return _with_rules(memory for _, memory in self._store.walk(namespace))

    def _follow(
        self, namespace: str, kept: _Kept, end: tuple[int, bytes]
    ) -> dict[UUID, tuple[Memory, Policy]] | None:
        """What became of the memories since the set was made; ``None`` if the ledger is another one
        (restored, begun anew) or too much has happened."""
        entry, digest = kept.policies.mark
        if not 0 <= end[0] - entry <= MOST_CHANGES:
            return None
        if entry:
            [*last] = self._store.ledger_from(entry - 1, 1)
            if not last or (last[0].entry, last[0].hash) != (entry, digest):
                return None
        changed: set[UUID] = set()
        while entry < end[0]:
            entries = self._store.ledger_from(entry, min(CHANGES_AT_ONCE, end[0] - entry))
            if not entries:
                return None
            changed |= {
                e.memory for e in entries if e.memory is not None and e.namespace == namespace
            }
            entry = entries[-1].entry
        found = self._store.get_many(namespace, list(changed)) if changed else {}
        memories = {key: pair for key, pair in kept.memories.items() if key not in changed}
        return memories | _with_rules(found.values())

    def _trusted(
        self, namespace: str, memories: Mapping[UUID, tuple[Memory, Policy]]
    ) -> tuple[Policy, ...]:
        if not memories:
            return ()
        trust = self._assess(namespace, [memory for memory, _ in memories.values()])
        return tuple(
            replace(policy, trust=trust[key].score)
            for key, (_, policy) in memories.items()
            if key in trust and not trust[key].low_trust
        )


def _with_rules(memories: Iterable[Memory]) -> dict[UUID, tuple[Memory, Policy]]:
    from memoryoss_mcp.policy.rules import read_policy  # start-up time

    found = {}
    for memory in memories:
        policy = read_policy(memory)
        if policy is not None:
            found[memory.id] = (memory, policy)
    return found
