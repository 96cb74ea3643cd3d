# SPDX-License-Identifier: AGPL-3.0-only
"""Artifacts for tests: small documents whose digests hold, and what it takes to change them.

Documents are plain JSON values in the declared order of their fields. Whoever changes one calls
:func:`rehashed`, unless the test is about a digest that does not hold.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

from memoryoss_mcp.portable import lines
from memoryoss_mcp.portable.artifact import Artifact, open_artifact
from memoryoss_mcp.portable.canonical import compact, ordered
from memoryoss_mcp.portable.integrity import declared_frame, outer_frame, reference

Document = dict[str, Any]

CONTRACT: Document = {
    "contract_id": lines.RUNTIME,
    "version": lines.CONTRACT_VERSION,
    "document_route": "/v1/runtime/contract",
    "stable_semantics": ["namespace_scope", "provenance"],
    "experimental_layers_excluded": ["retrieval_confidence_gate"],
}
EXPORTED_AT = "2026-04-01T12:00:00Z"
HOSTILE = (
    "\x1b[2J\x1b]0;owned\x07",
    "safe\u202etxt.exe\u2066",
    "<script>alert(1)</script>",
    "\"'><img src=x onerror=alert(1)>",
    "</style></title></svg><svg onload=alert(1)>",
    "&lt;b&gt; &#x3c; %3Cscript%3E",
    "zero\u200bwidth\ufeff\U000e0041",
    "[bold red]markup[/]",
    "\x9b31m\x85\u2028\u2029",
)
"""Texts that would command a terminal or a browser, or hide something from their reader."""


def memory_id(number: int) -> str:
    """The id of the sample memory with that number."""
    return f"0196f000-0000-7000-8000-{number:012x}"


def memory(content: str, number: int = 1, **fields: Any) -> Document:
    """A memory as this program writes it; ``number`` makes its id."""
    entry = {
        "id": memory_id(number),
        "content": content,
        "tags": [],
        "memory_type": "semantic",
        "status": "active",
        "version": 1,
        "created_at": "2026-03-01T09:00:00Z",
        "updated_at": "2026-03-01T09:00:00Z",
        "content_hash": hashlib.sha256(content.encode()).hexdigest(),
        "evidence_count": 1,
    }
    return lines.Entry.model_validate(entry | fields).written()


def review(actor: str = "mara", action: str = "confirm", **fields: Any) -> Document:
    """A decision about a memory."""
    event = {"at": "2026-03-05T10:00:00Z", "actor": actor, "action": action, "via": "review_cli"}
    return event | fields


def passport(*memories: Document, **fields: Any) -> Document:
    """A passport of memories."""
    document: Document = {
        "bundle_version": lines.PASSPORT,
        "passport_id": memory_id(0xA),
        "runtime_contract": CONTRACT,
        "scope": "all",
        "namespace": "demo",
        "exported_at": EXPORTED_AT,
        "provenance": {"exported_from_namespace": "demo", "source_key_ids": []},
        "integrity": {"algorithm": lines.SHA256, "payload_sha256": "", "signed": False},
        "memories": list(memories),
    }
    return rehashed(document | fields)


def history(
    *memories: Document,
    edges: Sequence[Document] = (),
    timeline: Sequence[Document] = (),
    **fields: Any,
) -> Document:
    """A history of memories, whose root is the last."""
    document: Document = {
        "bundle_version": lines.HISTORY,
        "history_id": memory_id(0xB),
        "root_id": memories[-1]["id"],
        "runtime_contract": CONTRACT,
        "namespace": "demo",
        "exported_at": EXPORTED_AT,
        "memories": list(memories),
        "edges": list(edges),
        "timeline": list(timeline),
        "integrity": {"algorithm": lines.SHA256, "payload_sha256": ""},
    }
    return rehashed(document | fields)


def envelope(
    document: Document, *, signature: Mapping[str, Any] | None = None, **fields: Any
) -> Document:
    """A bundle of a passport or a history. ``signature`` are fields of a signature, whose value no
    key has made."""
    kind = "passport" if "passport_id" in document else "history"
    names = reference(kind, document[f"{kind}_id"], document["namespace"], document.get("scope"))
    head: Document = {
        "bundle_version": lines.BUNDLE,
        "bundle_id": document[f"{kind}_id"],
        "kind": kind,
        "namespace": document["namespace"],
        **({"scope": document["scope"]} if kind == "passport" else {}),
        "runtime_contract_id": document["runtime_contract"]["contract_id"],
        "exported_at": document["exported_at"],
        "reference": names,
        "integrity": {"algorithm": lines.SHA256, "payload_sha256": ""},
        "signature": {"scheme": lines.UNSIGNED, "signable": True} | dict(signature or {}),
        "payload": document,
    }
    return rehashed(head | fields, nested=False)


def claim(signer: str = "device:somebody", **fields: Any) -> Document:
    """The fields of a signature by somebody, with a value that proves nothing."""
    at, kind = "2026-04-01T12:00:00Z", "device"
    claimed = {
        "scheme": "memoryoss.hmac-sha256.v1",
        "signer": signer,
        "identity_kind": kind,
        "signed_at": at,
        "value": "0" * 64,
        "chain": [{"identity": signer, "kind": kind, "action": "sign", "at": at}],
    }
    return claimed | fields


def rehashed(document: Document, *, nested: bool = True) -> Document:
    """The document with digests of what it says now, over its values as they stand. ``nested``:
    also that of the passport or history in an envelope."""
    if "payload" in document:
        payload = rehashed(document["payload"]) if nested else document["payload"]
        printed = [ordered(entry) for entry in payload["memories"]]
        digest = outer_frame(document, payload).sha256(printed)
        return _with_digest(document | {"payload": payload}, digest)
    line = lines.Passport if "passport_id" in document else lines.History
    frame = declared_frame(document, line.hashed)
    return _with_digest(document, frame.sha256(map(compact, document["memories"])))


def data(document: Document) -> bytes:
    """The document as a file holds it."""
    return json.dumps(document, ensure_ascii=False, indent=2).encode()


def opened(document: Document) -> Artifact:
    """The document as a reader gets it."""
    return open_artifact(data(document))


def _with_digest(document: Document, digest: str) -> Document:
    changed = deepcopy(document["integrity"]) | {"payload_sha256": digest}
    return document | {"integrity": changed}
