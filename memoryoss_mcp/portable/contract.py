# SPDX-License-Identifier: AGPL-3.0-only
"""The runtime contract ``memoryoss.runtime.v1alpha1``: what this memory guarantees to whoever reads
and writes it, and what it does not yet."""

from __future__ import annotations

from typing import Any, Final

from memoryoss_mcp.portable.lines import CONTRACT_VERSION, RUNTIME

NAME: Final = "memoryoss"
ROUTE: Final = "/v1/runtime/contract"
"""Where the original serves the document; here ``memoryoss contract`` prints it."""

_SEMANTICS: Final = (
    (
        "namespace_scope",
        "A memory belongs to one namespace; no read, write or search crosses it.",
        (
            "Memory.namespace",
            "/v1/store",
            "/v1/recall",
            "/v1/export",
            "/v1/admin/sharing/*",
        ),
    ),
    (
        "provenance",
        "Every memory says when it was made and changed, by whom, and who decided about it.",
        (
            "Memory.source_key",
            "Memory.created_at",
            "Memory.updated_at",
            "Memory.last_verified_at",
            "Memory.review_events",
            "/v1/export",
            "/v1/inspect/{id}",
        ),
    ),
    (
        "supersede",
        "A replaced memory stays, marked as stale, and names the one that took its place.",
        (
            "Memory.status",
            "Memory.superseded_by",
            "Memory.supersede_count",
            "/v1/feedback",
            "/v1/admin/review/action",
            "/v1/inspect/{id}",
        ),
    ),
    (
        "merge",
        "A memory that was made of others names them, and they are kept.",
        ("Memory.derived_from", "/v1/consolidate", "/v1/export"),
    ),
    (
        "portable_export",
        "Everything but the vectors leaves in a documented form with a digest over it.",
        ("/v1/export",),
    ),
)

_LAYERS: Final = (
    (
        "retrieval_confidence_gate",
        "Whether what was found is good enough to be shown unasked.",
        ("proxy.confidence_gate", "/proxy/*", "/v1/admin/query-explain"),
    ),
    (
        "identifier_first_routing",
        "Names, paths and numbers in a question are looked up before anything else.",
        ("proxy.identifier_first_routing", "/proxy/*", "/v1/admin/query-explain"),
    ),
    (
        "summary_evidence_recall",
        "Answers as a short summary with the passages that it rests on.",
        ("/v1/recall", "/v1/admin/query-explain", "/proxy/*"),
    ),
    (
        "primitive_algebra",
        "The state of a task, put together from single memories.",
        ("proxy.primitive_algebra", "/v1/admin/query-explain", "/proxy/*"),
    ),
)

_OBJECTS: Final = (
    (
        "project_memory",
        "stable",
        "A fact, rule or event of a project.",
        ("Memory + Memory.namespace", "/v1/store", "/v1/recall", "/v1/export"),
        (),
    ),
    (
        "user_memory",
        "partial",
        "What belongs to a person rather than to a project.",
        ("Memory.agent", "Memory.session", "/v1/memories"),
        ("It is told apart by labels, not by a type of its own.",),
    ),
    (
        "team_memory",
        "partial",
        "What a team agreed on, with owners who decide about changes.",
        (
            "Memory.team_governance",
            "sharing_store shared namespaces",
            "/v1/admin/team/governance",
            "/v1/admin/team/governance/propose",
            "/v1/admin/review/*",
            "/v1/history/replay",
            "/v1/admin/sharing/*",
            "/v1/sharing/accessible",
        ),
        ("People are names; nothing proves who they are.",),
    ),
    (
        "evidence",
        "partial",
        "How often and by what a memory was borne out.",
        (
            "Memory.evidence_count",
            "RecallResponse.summaries[*].evidence",
            "/v1/admin/query-explain",
        ),
        ("It is counted; the single pieces are not objects.",),
    ),
    (
        "policy",
        "partial",
        "A memory that says what may be done and what may not.",
        ("Memory content + tags", "/v1/store", "/v1/feedback", "/proxy/*"),
        ("Policies are read out of their words.",),
    ),
    (
        "provenance",
        "stable",
        "Where a memory is from and who decided about it.",
        (
            "Memory.source_key",
            "Memory.review_events",
            "Memory.created_at/updated_at/last_verified_at",
            "/v1/export",
            "/v1/inspect/{id}",
        ),
        (),
    ),
    (
        "merge",
        "stable",
        "A memory made of several.",
        ("Memory.derived_from", "/v1/consolidate", "/v1/export"),
        (),
    ),
    (
        "supersede",
        "stable",
        "A memory in the place of another.",
        ("Memory.superseded_by", "/v1/feedback", "/v1/admin/review/action"),
        (),
    ),
    (
        "branch",
        "partial",
        "A copy of a lineage in a namespace of its own, to be changed there.",
        ("MemoryHistoryBundle", "/v1/history/{id}/bundle", "/v1/history/replay"),
        ("There is no merging back but a passport.",),
    ),
    (
        "replay",
        "partial",
        "A lineage put into an empty namespace as it was.",
        ("MemoryHistoryBundle", "/v1/history/replay"),
        ("The timeline is carried along and not carried out.",),
    ),
)

_GUARANTEES: Final = (
    (
        "opaque_source_provenance",
        "Who stored a memory is a label that gives nothing away of a key.",
    ),
    (
        "lineage_preservation",
        "To supersede or to merge deletes nothing and rewrites nobody's words.",
    ),
    (
        "namespace_isolation",
        "What is in one namespace changes no answer, no count and no decision in another.",
    ),
    ("contract_tagged_export", "Whatever leaves names the contract that it was written under."),
)

_MAPPINGS: Final = (
    (
        "write_memory",
        ("/v1/store", "/v1/store/batch"),
        (
            "Memory.content",
            "Memory.tags",
            "Memory.namespace",
            "Memory.agent",
            "Memory.session",
        ),
    ),
    (
        "read_memory",
        ("/v1/recall", "/v1/recall/batch"),
        ("RecallResponse.memories", "RecallResponse.summaries"),
    ),
    (
        "inspect_lineage",
        ("/v1/inspect/{id}", "/v1/admin/query-explain"),
        ("Memory.superseded_by", "Memory.derived_from", "Memory.review_events"),
    ),
    (
        "transition_memory",
        ("/v1/feedback", "/v1/admin/review/action", "/v1/consolidate"),
        (
            "Memory.status",
            "Memory.superseded_by",
            "Memory.derived_from",
            "Memory.contradicts_with",
        ),
    ),
    (
        "portability_export",
        ("/v1/export", "/v1/passport/export", "/v1/passport/import"),
        ("Memory without embedding", "runtime_contract metadata"),
    ),
    (
        "history_read",
        ("/v1/history/{id}", "/v1/history/{id}/bundle"),
        (
            "Memory.review_events",
            "Memory.superseded_by",
            "Memory.derived_from",
            "Memory.contradicts_with",
        ),
    ),
    (
        "history_replay",
        ("/v1/history/replay",),
        ("MemoryHistoryBundle", "Memory without embedding"),
    ),
)

_GAPS: Final = (
    ("import", "Foreign records arrive as candidates unless a trusted identity signed them."),
    ("branch", "A branch begins in an empty namespace and is merged back by hand."),
    ("replay", "A history is replayed into an empty namespace only."),
    ("typed_policy_and_evidence_objects", "Both are memories with words, not objects."),
)


def contract() -> dict[str, Any]:
    """The whole document, keys in the declared order."""
    return {
        "contract_id": RUNTIME,
        "version": CONTRACT_VERSION,
        "runtime_name": NAME,
        "stable_semantics": [
            {"name": name, "guarantee": guarantee, "current_surfaces": list(surfaces)}
            for name, guarantee, surfaces in _SEMANTICS
        ],
        "experimental_layers": [
            {
                "name": name,
                "description": description,
                "current_surfaces": list(surfaces),
                "excluded_from_contract": True,
            }
            for name, description, surfaces in _LAYERS
        ],
        "object_model": [
            {
                "kind": kind,
                "support_level": level,
                "description": description,
                "current_mapping": list(mapping),
            }
            | ({"known_gaps": list(gaps)} if gaps else {})
            for kind, level, description, mapping, gaps in _OBJECTS
        ],
        "guarantees": [
            {"name": name, "description": description} for name, description in _GUARANTEES
        ],
        "api_mappings": [
            {
                "runtime_operation": operation,
                "routes": list(routes),
                "data_model_fields": list(fields),
            }
            for operation, routes, fields in _MAPPINGS
        ],
        "known_gaps": [{"area": area, "status": "partial", "note": note} for area, note in _GAPS],
    }


def metadata() -> dict[str, Any]:
    """What documents say of the contract that they were written under."""
    return {
        "contract_id": RUNTIME,
        "version": CONTRACT_VERSION,
        "document_route": ROUTE,
        "stable_semantics": [name for name, _, _ in _SEMANTICS],
        "experimental_layers_excluded": [name for name, _, _ in _LAYERS],
    }
