# SPDX-License-Identifier: AGPL-3.0-only
"""The record and its parts. Knows nothing of storage, models or protocols."""

from memoryoss_mcp.model.clock import (
    DAY,
    format_time,
    from_datetime,
    now,
    parse_time,
    to_datetime,
)
from memoryoss_mcp.model.ids import new_id, parse_id
from memoryoss_mcp.model.limits import Limits
from memoryoss_mcp.model.memory import (
    Change,
    Draft,
    EmbeddingState,
    Lineage,
    Memory,
    MemoryType,
    Origin,
    Outcomes,
    QueueKind,
    ReviewAction,
    ReviewEvent,
    Status,
    TeamGovernance,
    hash_content,
)
from memoryoss_mcp.model.namespace import DEFAULT_NAMESPACE, check_namespace, namespace_from

__all__ = [
    "DAY",
    "DEFAULT_NAMESPACE",
    "Change",
    "Draft",
    "EmbeddingState",
    "Limits",
    "Lineage",
    "Memory",
    "MemoryType",
    "Origin",
    "Outcomes",
    "QueueKind",
    "ReviewAction",
    "ReviewEvent",
    "Status",
    "TeamGovernance",
    "check_namespace",
    "format_time",
    "from_datetime",
    "hash_content",
    "namespace_from",
    "new_id",
    "now",
    "parse_id",
    "parse_time",
    "to_datetime",
]
