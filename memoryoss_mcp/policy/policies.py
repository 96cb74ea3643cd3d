# SPDX-License-Identifier: AGPL-3.0-only
"""Policies, and the set of them that governs a namespace: plain values that can be kept and read
again where the memory itself is not at hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final, Self
from uuid import UUID

from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.policy.kinds import Kind

FORMAT: Final = "memoryoss.policies.v1"
PREVIEW: Final = 220
"""Characters of a policy's content that are kept."""


class Decision(IntEnum):
    """What is decided, by severity."""

    ALLOW = 0
    WARN = 1
    REQUIRE_CONFIRMATION = 2
    BLOCK = 3

    @property
    def label(self) -> str:
        """The name in answers and headers."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a policy: what it decides for a class of actions, and for which of them.

    Empty ``objects`` and ``environments`` mean all. ``days`` are the weekdays (0 is Monday) on
    which it holds, empty for every day.
    """

    kind: Kind
    decision: Decision
    objects: frozenset[str] = frozenset()
    environments: frozenset[str] = frozenset()
    days: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Policy:
    """A memory that governs actions, with what a verdict tells of it. ``trust`` is its trust score
    when the set was made, ``None`` while that is not known."""

    id: UUID
    content: str
    tags: tuple[str, ...]
    rules: tuple[Rule, ...]
    status: str = "active"
    trust: float | None = None

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The classes of actions that it governs."""
        return tuple(dict.fromkeys(rule.kind for rule in self.rules))


@dataclass(frozen=True, slots=True)
class PolicySet:
    """All policies of a namespace at one moment. ``mark`` is the end of the ledger (number and
    hash of its last entry) that the set takes account of, ``taken_at`` when it was made
    (nanoseconds)."""

    namespace: str
    policies: tuple[Policy, ...] = ()
    mark: tuple[int, bytes] = (0, b"")
    taken_at: int = 0

    def as_dict(self) -> dict[str, Any]:
        """The set as JSON has it; :meth:`from_dict` reads it again."""
        return {
            "format": FORMAT,
            "namespace": self.namespace,
            "mark": [self.mark[0], self.mark[1].hex()],
            "taken_at": self.taken_at,
            "policies": [
                {
                    "id": str(policy.id),
                    "content": policy.content,
                    "tags": list(policy.tags),
                    "status": policy.status,
                    "trust": policy.trust,
                    "rules": [_rule_out(rule) for rule in policy.rules],
                }
                for policy in self.policies
            ],
        }

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Self:
        """Read what :meth:`as_dict` made.

        Raises:
            InvalidInputError: it is something else, or damaged.
        """
        try:
            if document["format"] != FORMAT:
                raise ValueError(document["format"])
            entry, digest = document["mark"]
            return cls(
                str(document["namespace"]),
                tuple(_policy_in(policy) for policy in document["policies"]),
                (int(entry), bytes.fromhex(digest)),
                int(document["taken_at"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InvalidInputError(
                f"That is no set of policies ({error}); it was not used.",
                hint="Have it made anew from the memory.",
            ) from error


def _rule_out(rule: Rule) -> dict[str, Any]:
    return {
        "kind": rule.kind.value,
        "decision": rule.decision.label,
        "objects": sorted(rule.objects),
        "environments": sorted(rule.environments),
        "days": sorted(rule.days),
    }


def _policy_in(policy: Mapping[str, Any]) -> Policy:
    rules = tuple(
        Rule(
            Kind(rule["kind"]),
            Decision[rule["decision"].upper()],
            frozenset(map(str, rule["objects"])),
            frozenset(map(str, rule["environments"])),
            frozenset(map(int, rule["days"])),
        )
        for rule in policy["rules"]
    )
    trust = policy["trust"]
    return Policy(
        UUID(policy["id"]),
        str(policy["content"]),
        tuple(map(str, policy["tags"])),
        rules,
        str(policy["status"]),
        None if trust is None else float(trust),
    )
