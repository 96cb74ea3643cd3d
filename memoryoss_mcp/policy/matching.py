# SPDX-License-Identifier: AGPL-3.0-only
"""Whether a rule concerns an action: the class, the day, the environment and the things named have
to agree. Where they agree in part only, or the request leaves open what is meant, it is a warning.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from memoryoss_mcp.policy import things
from memoryoss_mcp.policy.actions import RiskyAction
from memoryoss_mcp.policy.kinds import Kind
from memoryoss_mcp.policy.policies import Decision, Rule

PARTLY: Final = 0.5
"""The score of a match that leaves something open."""

_GUARDS: Final = frozenset(things.SAFEGUARD.values())
_KEPT: Final = frozenset(things.DATA.values()) | frozenset(things.SECRET.values())
_LOOSE: Final = frozenset(("data", "mail", "folder", "everything"))
"""Concepts that tell little beside others."""
_SAFE_ANYWHERE: Final = frozenset(("branch", "repository", "mail", "folder"))
"""What is in no environment."""


def match(rule: Rule, action: RiskyAction, today: int) -> tuple[Decision, float] | None:
    """What a rule decides of an action on a weekday (0 is Monday), and a score in 0 to 1; ``None``
    if it does not concern it."""
    if rule.kind is not action.kind or (rule.days and today not in rule.days):
        return None
    full = True
    if rule.environments:
        if action.environments:
            if rule.environments.isdisjoint(action.environments):
                return None
        elif rule.kind is not Kind.DEPLOY:
            if action.objects and action.objects <= _SAFE_ANYWHERE | _words(action):
                return None
            full = False
    wanted, given = _comparable(rule.kind, rule.objects), _comparable(action.kind, action.objects)
    if wanted:
        common = wanted & given
        if not common:
            if given:
                return None
            full = full and action.everything
        elif not (common == wanted or given <= wanted or action.everything):
            full = False
        score = len(common) / len(wanted) if common else PARTLY
    else:
        score = 1.0
    if full:
        return rule.decision, score
    return min(rule.decision, Decision.WARN), min(score, PARTLY)


def _words(action: RiskyAction) -> frozenset[str]:
    """The objects of an action that are single words, no concepts."""
    return action.objects - _KEPT


_ONLY: Final[Mapping[Kind, frozenset[str]]] = {Kind.OVERRIDE: _GUARDS, Kind.EXFILTRATE: _KEPT}


def _comparable(kind: Kind, named: frozenset[str]) -> frozenset[str]:
    """The objects by which a class is compared: safeguards and sensitive data by their concepts."""
    only = _ONLY.get(kind)
    if only is not None:
        named = named & only or named
    return named - _LOOSE or named
