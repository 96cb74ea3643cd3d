# SPDX-License-Identifier: AGPL-3.0-only
"""Recall results made by hand, for laws that hold whatever recall found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from memoryoss_mcp.model import Memory, new_id
from memoryoss_mcp.recall.result import Decision, Gate, Mode, RecalledMemory, RecallResult

INJECT = Gate(Decision.INJECT, 0.9, ("strong_top_candidate",))


def recalled(content: str, score: float = 0.9, **more: object) -> RecalledMemory:
    """A recalled memory of the user's."""
    memory = Memory(new_id(), "project", content, 1, 1)
    return found(replace(memory, **more), score)  # type: ignore[arg-type]


def found(memory: Memory, score: float = 0.9) -> RecalledMemory:
    """A memory as recall would return it."""
    return RecalledMemory(memory, score, {}, ("vector",), memory.content, ())


def result(memories: Sequence[RecalledMemory], gate: Gate = INJECT) -> RecallResult:
    """A result with these memories."""
    return RecallResult("project", tuple(memories), gate, Mode.HYBRID, len(memories))
