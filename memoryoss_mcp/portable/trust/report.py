# SPDX-License-Identifier: AGPL-3.0-only
"""The registry as a JSON document, in the published shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from memoryoss_mcp.model import format_time
from memoryoss_mcp.portable.trust.fabric import Fabric
from memoryoss_mcp.portable.trust.identity import Kind
from memoryoss_mcp.portable.trust.registry import Standing
from memoryoss_mcp.store.fabric import HERE, Catalog, Revocation


def fabric_document(fabric: Fabric) -> dict[str, Any]:
    """Everything that is known, and how much that is."""
    found = fabric.identities()
    known = [one for one in found if one.known]
    revocations = [revocation_document(one.revocation) for one in found if one.revocation]
    catalogs = [_catalog(row) for row in fabric.catalogs()]
    return {
        "summary": {
            "identities": len(known),
            "active": sum(1 for one in known if one.revocation is None),
            "revoked": len(revocations),
            "authors": sum(1 for one in known if one.kind is Kind.AUTHOR),
            "devices": sum(1 for one in known if one.kind is Kind.DEVICE),
            "sync_peers": sum(1 for one in known if one.kind is Kind.SYNC_PEER),
            "catalogs": len(catalogs),
            "pins": sum(1 for one in known if one.pinned),
        },
        "identities": [identity_document(one) for one in known],
        "revocations": revocations,
        "catalogs": catalogs,
        "pins": [{"id": one.id} for one in known if one.pinned],
    }


def identity_document(standing: Standing) -> dict[str, Any]:
    """An identity, and how it stands here."""
    revocation = standing.revocation
    fields: dict[str, Any] = {
        "id": standing.id,
        "kind": standing.kind.value,
        "label": standing.label,
        "public_key": None if standing.public_key is None else standing.public_key.hex(),
        "registered_at": format_time(standing.registered_at),
        "source": "local" if standing.vouched else "catalog",
        "source_catalog": standing.catalog_id,
        "rotated_to": None if revocation is None else revocation.replacement,
        "origin": standing.origin.value,
        "own": standing.own,
        "pinned": standing.pinned,
        "revoked": revocation is not None,
    }
    return _known(fields)


def revocation_document(row: Revocation) -> dict[str, Any]:
    """A revocation that holds."""
    return _known(
        {
            "id": row.id,
            "kind": row.kind,
            "reason": row.reason,
            "revoked_at": format_time(row.revoked_at),
            "source": "local" if row.catalog == HERE else "catalog",
            "source_catalog": row.catalog or None,
            "replacement_identity": row.replacement,
        }
    )


def _catalog(row: Catalog) -> dict[str, Any]:
    return _known(
        {
            "catalog_id": row.id,
            "label": row.label,
            "signer": row.signer,
            "sequence": row.sequence,
            "exported_at": format_time(row.exported_at),
            "imported_at": format_time(row.imported_at),
        }
    )


def _known(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
