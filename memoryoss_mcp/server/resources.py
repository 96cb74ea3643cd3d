# SPDX-License-Identifier: AGPL-3.0-only
"""Resources: what a person attaches to a conversation, or a model reads in full."""

from __future__ import annotations

import json
import re
from urllib.parse import parse_qs, urlsplit

from mcp_types import Resource, ResourceTemplate

from memoryoss_mcp.errors import NotFoundError
from memoryoss_mcp.model import parse_id
from memoryoss_mcp.server.handle import RuntimeHandle
from memoryoss_mcp.server.results import NOTICE, Json, memory_record, trust_record
from memoryoss_mcp.store.types import ListQuery

RECENT = "memoryoss://recent"
STATUS = "memoryoss://status"
MEMORY = "memoryoss://memory/{id}{?namespace}"

RECENT_COUNT = 20
_MEMORY = re.compile(r"memoryoss://memory/([^/?#]+)")


def listing() -> list[Resource]:
    """The resources with a fixed address."""
    return [
        Resource(
            uri=RECENT,
            name="recent",
            title="Recent memories",
            description=f"The {RECENT_COUNT} newest memories of the current project",
            mime_type="application/json",
        ),
        Resource(
            uri=STATUS,
            name="status",
            title="Memory status",
            description="Namespaces and their counts, the file, the model",
            mime_type="application/json",
        ),
    ]


def templates() -> list[ResourceTemplate]:
    """The resources whose address names a memory."""
    return [
        ResourceTemplate(
            uri_template=MEMORY,
            name="memory",
            title="Memory",
            description="One memory in full",
            mime_type="application/json",
        )
    ]


def read(handle: RuntimeHandle, uri: str) -> str:
    """The resource as JSON text; blocks.

    Raises:
        NotFoundError: there is no such resource, or no such memory in that namespace.
        InvalidIdError: the id in the address is none.
    """
    if uri == RECENT:
        return _json(recent(handle))
    if uri == STATUS:
        return _json(_status(handle))
    if match := _MEMORY.match(uri):
        asked = parse_qs(urlsplit(uri).query).get("namespace")
        choice = handle.namespace(asked[0] if asked else None)
        runtime = handle.runtime()
        memory = runtime.inspect(parse_id(match[1]), choice.name)
        trust = runtime.trust(choice.name, [memory])[memory.id]
        return _json({"notice": NOTICE, **memory_record(memory), "trust": trust_record(trust)})
    raise NotFoundError(
        f"There is no resource {uri[:80]!r}.", hint=f"Known: {RECENT}, {STATUS}, {MEMORY}."
    )


def recent(handle: RuntimeHandle) -> Json:
    """The newest memories of the current project, newest first."""
    choice = handle.namespace(None)
    page = handle.runtime().list(ListQuery(namespace=choice.name, limit=RECENT_COUNT))
    return {
        "notice": NOTICE,
        "namespace": choice.name,
        "namespace_source": choice.source,
        "total": page.total,
        "memories": [memory_record(memory) for memory in page.memories],
    }


def _status(handle: RuntimeHandle) -> Json:
    runtime = handle.runtime()
    status = runtime.status()
    return {
        "current_namespace": handle.namespace(None).name,
        "file": str(status.path),
        "file_bytes": status.file_bytes,
        "model": status.embedding_model,
        "model_ready": runtime.ready,
        "model_error": runtime.model_error,
        "namespaces": [
            {
                "name": entry.name,
                "memories": entry.total,
                "pending": entry.pending,
                "health": entry.health,
            }
            for entry in status.namespaces
        ],
    }


def _json(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1)
