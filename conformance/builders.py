# SPDX-License-Identifier: AGPL-3.0-only
"""What the fixtures are made of: documents of every line, their digests and their signatures.

Keys, ids and times are fixed, so the same fixtures come out every time. The keys are public: they
are made of sentences that stand here, and vouch for nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import ed25519
from canonical_json import compact, ordered, sha256

SHAPES: dict[str, dict[str, str]] = json.loads(Path(__file__).with_name("lines.json").read_text())
NOON = "2026-05-04T12:00:00Z"
CONTRACT = "memoryoss.runtime.v1alpha1"
PHRASE = "A phrase for fixtures, known to everybody"
"""The secret of the fixtures that are signed in the scheme with a secret."""

Document = dict[str, Any]


def number(last: int) -> str:
    """An id of the fixtures, in the form of a UUIDv7."""
    return f"019a0000-0000-7000-8000-{last:012x}"


def declared(shape: str, fields: Document) -> Document:
    """The fields in the order of the line, those that it does not know behind them."""
    order = {name: place for place, name in enumerate(SHAPES[shape])}
    return dict(sorted(fields.items(), key=lambda item: order.get(item[0], len(order))))


def digest(text: str) -> str:
    """Lower-case hexadecimal SHA-256 of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def contract_reference() -> Document:
    """What an export says of the contract."""
    return {
        "contract_id": CONTRACT,
        "version": "2026-03-13",
        "document_route": "/v1/runtime/contract",
        "stable_semantics": [
            "namespace_scope",
            "provenance",
            "supersede",
            "merge",
            "portable_export",
        ],
        "experimental_layers_excluded": [
            "retrieval_confidence_gate",
            "identifier_first_routing",
            "summary_evidence_recall",
            "primitive_algebra",
        ],
    }


def memory(key: int, content: str, **fields: Any) -> Document:
    """A memory; ``fields`` are added to the required ones or replace them."""
    return declared(
        "memory",
        {
            "id": number(key),
            "content": content,
            "tags": [],
            "memory_type": "semantic",
            "status": "active",
            "version": 1,
            "created_at": f"2026-05-0{key % 4 + 1}T08:00:00Z",
            "updated_at": f"2026-05-0{key % 4 + 1}T08:00:00Z",
            "content_hash": digest(content),
            "archived": False,
            "evidence_count": 1,
        }
        | fields,
    )


def plain() -> list[Document]:
    """Two memories without anything special."""
    return [
        memory(1, "The kiln controller is flashed over the serial port, never over the network."),
        memory(2, "Glaze batches are numbered by year and week.", tags=["project", "glaze"]),
    ]


def rich() -> Document:
    """A memory that has every field."""
    return memory(
        3,
        "The second kiln cools for nine hours before it is opened.",
        tags=["project", "decision"],
        agent="studio-assistant",
        session="spring-firing",
        original_namespace="pottery",
        memory_type="procedural",
        status="contested",
        version=7,
        updated_at="2026-05-04T11:30:00.250Z",
        source_key_id="00112233445566aa",
        confidence=0.625,
        evidence_count=4,
        last_verified_at="2026-05-04T11:30:00.123456789Z",
        superseded_by=number(2),
        derived_from=[number(1), number(2)],
        contradicts_with=[number(1)],
        review_events=[
            {
                "at": "2026-05-02T10:00:00Z",
                "actor": "mara",
                "action": "confirm",
                "via": "review_queue",
                "queue_kind": "candidate",
            },
            {
                "at": "2026-05-03T10:00:00.500Z",
                "actor": "jo",
                "action": "supersede",
                "via": "review_queue",
                "queue_kind": "contested",
                "superseded_by": number(2),
            },
        ],
        team_governance={
            "branch": "main",
            "scope": "firing",
            "review_required": True,
            "owners": ["mara"],
            "watchlist": ["jo", "sam"],
            "proposed_by": "sam",
            "proposed_at": "2026-05-01T09:00:00Z",
            "merged_by": "mara",
            "merged_at": "2026-05-02T10:00:00Z",
        },
    )


def passport(memories: list[Document] | None = None, **fields: Any) -> Document:
    """A passport with its digest over the fields as they are here."""
    keys = {entry["source_key_id"] for entry in memories or [] if entry.get("source_key_id")}
    document = {
        "bundle_version": "memoryoss.passport.v1alpha1",
        "passport_id": number(100),
        "runtime_contract": contract_reference(),
        "scope": "project",
        "namespace": "pottery",
        "exported_at": NOON,
        "provenance": {"exported_from_namespace": "pottery", "source_key_ids": sorted(keys)},
        "integrity": {"algorithm": "sha256", "payload_sha256": "", "signed": False},
        "memories": plain() if memories is None else memories,
    }
    return seal("passport", document | fields)


def history(memories: list[Document] | None = None, **fields: Any) -> Document:
    """A history with its digest over the fields as they are here."""
    memories = plain()[:1] if memories is None else memories
    document = {
        "bundle_version": "memoryoss.history.v1alpha1",
        "history_id": number(200),
        "root_id": memories[0]["id"],
        "runtime_contract": contract_reference(),
        "namespace": "pottery",
        "exported_at": NOON,
        "memories": memories,
        "edges": [],
        "timeline": [
            {
                "at": entry["created_at"],
                "memory_id": entry["id"],
                "kind": "created",
                "summary": "stored",
            }
            for entry in memories
        ],
        "integrity": {"algorithm": "sha256", "payload_sha256": ""},
    }
    return seal("history", document | fields)


def seal(kind: str, document: Document) -> Document:
    """The document with the digest of what it holds, as it holds it."""
    covered = {name: document[name] for name in SHAPES[kind] if name != "integrity"}
    integrity = document["integrity"] | {"payload_sha256": sha256(covered)}
    return document | {"integrity": integrity}


def envelope(payload: Document, **fields: Any) -> Document:
    """An unsigned envelope, sealed. The payload is written with its keys in order."""
    kind = "passport" if "passport_id" in payload else "history"
    key, namespace, scope = payload[f"{kind}_id"], payload["namespace"], payload.get("scope")
    end = f"&scope={scope}" if scope else ""
    name = "-".join(["memoryoss", kind, namespace, *([scope] if scope else []), key])
    document = {
        "bundle_version": "memoryoss.bundle.v1alpha1",
        "bundle_id": key,
        "kind": kind,
        "namespace": namespace,
        "scope": scope,
        "runtime_contract_id": CONTRACT,
        "exported_at": payload["exported_at"],
        "reference": {
            "uri": f"memoryoss://bundle/{key}?kind={kind}&namespace={namespace}{end}",
            "attachment_name": f"{name}.membundle.json",
        },
        "integrity": {"algorithm": "sha256", "payload_sha256": ""},
        "signature": {"scheme": "unsigned", "signable": True},
        "payload": ordered(payload),
    } | fields
    return seal_envelope({n: v for n, v in document.items() if v is not None or n != "scope"})


def seal_envelope(document: Document) -> Document:
    """The envelope with the digest of what it holds, as it holds it."""
    return document | {"integrity": document["integrity"] | {"payload_sha256": outer(document)}}


def outer(document: Document) -> str:
    """The digest of an envelope."""
    names = ("bundle_version", "bundle_id", "kind", "namespace", "scope", "runtime_contract_id")
    covered = {name: document.get(name) for name in (*names, "exported_at", "payload")}
    reference, signature = document["reference"], document["signature"]
    covered["reference"] = {name: reference.get(name) for name in ("uri", "attachment_name")}
    signed = ("scheme", "signer", "signable", "identity_kind", "signed_at")
    covered["signature"] = {name: signature.get(name) for name in signed}
    return sha256(ordered(covered))


# Signatures.


def seed(name: str) -> bytes:
    """The private key of a signer of the fixtures."""
    return hashlib.sha256(f"memoryoss conformance, public test key: {name}".encode()).digest()


def identity(name: str, kind: str = "author") -> str:
    """The id of a signer."""
    return f"{kind}:{hashlib.sha256(ed25519.public_key(seed(name))).hexdigest()[:32]}"


def signed_by(name: str, domain: str, told: Document) -> str:
    """The signature of an object in a domain, in hexadecimal."""
    framed = b"memoryoss.signature.v1" + len(domain).to_bytes(4, "big") + domain.encode()
    return ed25519.sign(seed(name), framed + compact(ordered(told)).encode()).hex()


def link(name: str, content: str, before: list[Document], at: str, domain: str) -> Document:
    """The next link of a chain."""
    fields = {
        "identity": identity(name),
        "kind": "author",
        "action": "sign",
        "at": at,
        "public_key": ed25519.public_key(seed(name)).hex(),
    }
    told = fields | {
        "scheme": "memoryoss.ed25519.v1",
        "content": content,
        "previous": sha256(ordered(before[-1])) if before else None,
    }
    return fields | {"value": signed_by(name, f"{domain}-link", told)}


def signature(
    name: str,
    subject: str,
    content: str,
    before: list[Document] | None = None,
    at: str = NOON,
    domain: str = "artifact",
) -> Document:
    """A signature in the form that stands beside a document."""
    chain = [*(before or []), link(name, content, before or [], at, domain)]
    fields = {
        "scheme": "memoryoss.ed25519.v1",
        "identity": identity(name),
        "kind": "author",
        "signed_at": at,
        "public_key": chain[-1]["public_key"],
    }
    told = fields | {"subject": subject, "content": content, "chain": sha256(ordered(chain))}
    value = {"value": signed_by(name, f"{domain}-signature", told)}
    return declared("sidecar", fields | value | {"chain": chain})


def embedded(beside: Document) -> Document:
    """The same in the form that stands in an envelope."""
    names = {"identity": "signer", "kind": "identity_kind"}
    fields = {names.get(name, name): item for name, item in beside.items()}
    return declared("signature", fields | {"signable": True})


def sign(document: Document, *names: str) -> Document:
    """The envelope, signed by one after the other, a minute apart."""
    content = sha256(
        ordered({n: v for n, v in document.items() if n not in ("signature", "integrity")})
    )
    for place, name in enumerate(names):
        at = f"2026-05-04T12:{place:02d}:00Z"
        before = document["signature"].get("chain", [])
        said = {"scheme": "memoryoss.ed25519.v1", "signer": identity(name), "signable": True}
        said |= {"identity_kind": "author", "signed_at": at}
        subject = f"bundle:{outer(document | {'signature': said})}"
        beside = signature(name, subject, content, before, at)
        document = seal_envelope(document | {"signature": embedded(beside)})
    return document


def sign_with_secret(document: Document) -> Document:
    """The envelope, signed as the original does."""
    who, at = "device:local-runtime", NOON
    said = {"scheme": "memoryoss.hmac-sha256.v1", "signer": who, "signable": True}
    said |= {"identity_kind": "device", "signed_at": at}
    document = seal_envelope(document | {"signature": said})
    value = secret_value(who, "device", at, document["integrity"]["payload_sha256"])
    chain = [{"identity": who, "kind": "device", "action": "sign", "at": at}]
    return document | {"signature": said | {"value": value, "chain": chain}}


def secret_value(who: str, kind: str, at: str, subject: str, phrase: str = PHRASE) -> str:
    """The signature of the original's scheme."""
    message = "\n".join((who, kind, at.removesuffix("Z") + "+00:00", subject))
    return hmac.new(phrase.encode(), message.encode(), hashlib.sha256).hexdigest()


def sidecar(document: Document, kind: str, *names: str) -> Document:
    """A signature beside a passport, a history or a sync peer."""
    subject, content = f"{kind}:{sha256(document)}", sha256(ordered(document))
    beside: Document = {}
    for place, name in enumerate(names):
        at = f"2026-05-04T12:{place:02d}:00Z"
        beside = signature(name, subject, content, beside.get("chain"), at)
    return beside


def secret_sidecar(document: Document, kind: str) -> Document:
    """The same in the original's scheme, by one of its named identities."""
    who, at = "author:mara", NOON
    value = secret_value(who, "author", at, f"{kind}:{sha256(document)}")
    chain = [{"identity": who, "kind": "author", "action": "sign", "at": at}]
    fields = {"scheme": "memoryoss.hmac-sha256.v1", "identity": who, "kind": "author"}
    return fields | {"signed_at": at, "value": value, "chain": chain}


def sync_peer() -> Document:
    """The descriptor of a peer to exchange memories with."""
    return {
        "peer_id": "studio-shelf",
        "namespace": "pottery",
        "endpoint": "https://shelf.example/sync",
        "device_label": "Shelf computer",
    }


def catalog(**fields: Any) -> Document:
    """A catalog with two identities, one of them replaced by the other; not signed."""
    first, second = identity("mara"), identity("jo")
    document = {
        "catalog_id": "pottery-studio",
        "label": "Pottery studio",
        "exported_at": NOON,
        "sequence": 3,
        "identities": [
            {
                "id": name,
                "kind": "author",
                "label": label,
                "public_key": ed25519.public_key(seed(label.lower())).hex(),
                "registered_at": "2026-05-01T08:00:00Z",
                "source": "local",
            }
            for name, label in ((first, "Mara"), (second, "Jo"))
        ],
        "revocations": [
            {
                "id": second,
                "kind": "author",
                "reason": "The laptop was lost.",
                "revoked_at": "2026-05-03T18:00:00Z",
                "source": "local",
                "replacement_identity": first,
            }
        ],
    }
    return document | fields


def sign_catalog(document: Document, name: str = "mara") -> Document:
    """The catalog, signed."""
    subject, content = f"trust_catalog:{document['catalog_id']}", sha256(ordered(document))
    return document | {"signature": signature(name, subject, content, domain="trust-catalog")}


def contract(**fields: Any) -> Document:
    """A small runtime contract."""
    document = {
        "contract_id": CONTRACT,
        "version": "2026-03-13",
        "runtime_name": "memoryoss",
        "stable_semantics": [
            {
                "name": "provenance",
                "guarantee": "Each memory keeps the label of the key with which it was stored.",
                "current_surfaces": ["Memory.source_key", "/v1/export"],
            }
        ],
        "experimental_layers": [
            {
                "name": "primitive_algebra",
                "description": "How memories are composed before they are shown.",
                "current_surfaces": ["/proxy/*"],
                "excluded_from_contract": True,
            }
        ],
        "object_model": [
            {
                "kind": "merge",
                "support_level": "stable",
                "description": "A memory that was made of others names them.",
                "current_mapping": ["Memory.derived_from"],
            },
            {
                "kind": "replay",
                "support_level": "partial",
                "description": "A history can be played into an empty namespace.",
                "current_mapping": ["MemoryHistoryBundle"],
                "known_gaps": ["The events themselves are not kept."],
            },
        ],
        "guarantees": [
            {
                "name": "namespace_isolation",
                "description": "Whoever asks in one namespace learns nothing of another.",
            }
        ],
        "api_mappings": [
            {
                "runtime_operation": "write_memory",
                "routes": ["/v1/store"],
                "data_model_fields": ["Memory.content", "Memory.tags"],
            }
        ],
        "known_gaps": [
            {"area": "branch", "status": "planned", "note": "Branches are not merged back."}
        ],
    }
    return document | fields
