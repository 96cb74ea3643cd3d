# SPDX-License-Identifier: AGPL-3.0-only
"""Results as JSON documents. Names are those of the published record; times are RFC 3339."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from memoryoss_mcp.model import Memory, format_time
from memoryoss_mcp.model.trust import Trust
from memoryoss_mcp.recall.result import Explanation, RecallResult

if TYPE_CHECKING:
    from memoryoss_mcp.namespaces import NamespaceChoice

Document = dict[str, Any]

_DECIMALS = 6


def document(value: Any) -> Document:
    """A result (a dataclass) field by field; fields that end in ``_at`` are times."""
    return {
        field.name: _plain(field.name, getattr(value, field.name))
        for field in dataclasses.fields(value)
    }


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, UUID | Path):
        return str(value)
    if isinstance(value, int) and not isinstance(value, bool) and _is_time(name):
        return format_time(value)
    if isinstance(value, float):
        return round(value, _DECIMALS)
    if isinstance(value, tuple):
        return [_plain("", item) for item in value]
    if isinstance(value, Mapping):
        return {key: _plain("", item) for key, item in value.items()}
    return document(value) if dataclasses.is_dataclass(value) else value


def _is_time(name: str) -> bool:
    return name == "at" or name.endswith("_at")


def memory_document(memory: Memory) -> Document:
    """The whole record, flat as it is published."""
    record = document(memory)
    for part in ("lineage", "outcomes"):
        record |= record.pop(part)
    return record


def trust_document(trust: Trust | None) -> Document | None:
    """How far a memory is to be trusted: score, interval, signals with theirs."""
    if trust is None:
        return None
    return {
        "score": round(trust.score, _DECIMALS),
        "low": round(trust.low, _DECIMALS),
        "high": round(trust.high, _DECIMALS),
        "signals": {
            name: {part: round(value, _DECIMALS) for part, value in signal._asdict().items()}
            for name, signal in trust.signals.items()
        },
    }


def recall_document(result: RecallResult, choice: NamespaceChoice) -> Document:
    """The answer to a question, best memory first."""
    from memoryoss_mcp.screen.injectable import withheld  # start-up time: many patterns

    return {
        "namespace": result.namespace,
        "namespace_source": choice.source,
        "decision": result.gate.decision.value,
        "confidence": round(result.gate.confidence, _DECIMALS),
        "reasons": list(result.gate.reasons),
        "mode": result.mode.value,
        "considered": result.considered,
        "pending": result.pending,
        "notes": list(result.notes),
        "next_cursor": result.next_cursor,
        "memories": [
            memory_document(found.memory)
            | {
                "score": round(found.score, _DECIMALS),
                "parts": _plain("", found.parts),
                "provenance": list(found.provenance),
                "summary": found.summary,
                "evidence": list(found.evidence),
                "low_trust": found.low_trust,
                "trust": trust_document(found.trust),
                "withheld": withheld(found.memory),
            }
            for found in result.memories
        ],
    }


def explanation_document(explanation: Explanation) -> Document:
    """The working of a recall: weighted terms, what was made out, times in milliseconds."""
    return {
        "terms": [
            {"term": term, "idf": round(weight, _DECIMALS)} for term, weight in explanation.terms
        ],
        "identifiers": list(explanation.identifiers),
        "kinds": list(explanation.kinds),
        "task": explanation.task,
        "time": explanation.time,
        "weights": _plain("", explanation.weights),
        "timings": _plain("", explanation.timings),
        "policy_firewall": explanation.policy_firewall,
        "task_state": explanation.task_state,
    }
