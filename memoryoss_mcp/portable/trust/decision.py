# SPDX-License-Identifier: AGPL-3.0-only
"""What is decided about a signature."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from memoryoss_mcp.errors import MemoryOSSError


class TrustError(MemoryOSSError):
    """A signature, a catalog or a change of the registry was refused. Nothing was changed."""

    code = "trust_refused"


class TrustStatus(StrEnum):
    """How a signature stands. Only the first is trusted; a document that says nothing of a
    signature is unsigned, one that says something that does not hold is invalid."""

    TRUSTED = "trusted"
    UNSIGNED = "unsigned"
    INVALID = "invalid_signature"
    REVOKED = "revoked"
    UNKNOWN = "unknown_identity"
    UNAVAILABLE = "verification_unavailable"


class TrustOrigin(StrEnum):
    """Why a signer is known."""

    LOCAL = "local_registry"
    CATALOG = "imported_catalog"
    PIN = "local_pin"
    UNKNOWN = "unknown_signer"


@dataclass(frozen=True, slots=True)
class TrustDecision:
    """What is decided about a signature, with the ``reason`` in words. ``signature`` is what was
    read of it, in the form that stands beside a document; ``None`` if there was none to read."""

    status: TrustStatus
    reason: str
    origin: TrustOrigin | None = None
    catalog_id: str | None = None
    replacement_identity: str | None = None
    signature: Mapping[str, Any] | None = None

    @property
    def verified(self) -> bool:
        """Whether somebody known vouches for every byte."""
        return self.status is TrustStatus.TRUSTED

    def document(self) -> dict[str, Any]:
        """The published form; what is not known is left out."""
        fields: dict[str, Any] = {
            "status": self.status.value,
            "verified": self.verified,
            "reason": self.reason,
            "origin": None if self.origin is None else self.origin.value,
            "catalog_id": self.catalog_id,
            "replacement_identity": self.replacement_identity,
            "signature": None if self.signature is None else dict(self.signature),
        }
        return {name: value for name, value in fields.items() if value is not None}
