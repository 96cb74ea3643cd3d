# SPDX-License-Identifier: AGPL-3.0-only
"""What is exchanged about trust, as models: catalogs, and the descriptors of sync peers. As in
:mod:`memoryoss_mcp.portable.lines`, unknown fields are passed over."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, ConfigDict, Field, WithJsonSchema, model_validator

from memoryoss_mcp.portable.lines import IdentityKind, Line, Sidecar, Time

MOST_CHARACTERS: Final = 256
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f]")
_PATTERN: Final = r"^[^\u0000-\u001f\u007f-\u009f]*\S[^\u0000-\u001f\u007f-\u009f]*$"


def _one_line(text: str) -> str:
    if not text.strip() or len(text) > MOST_CHARACTERS or _CONTROL.search(text):
        raise ValueError(f"not one line of 1 to {MOST_CHARACTERS} characters")
    return text


OneLine = Annotated[
    str,
    AfterValidator(_one_line),
    WithJsonSchema({"type": "string", "pattern": _PATTERN, "maxLength": MOST_CHARACTERS}),
]
Sequence53 = Annotated[int, Field(ge=0, lt=2**53)]


class CatalogIdentity(Line):
    """Somebody whom a catalog knows. An id with a key is made of that key."""

    id: OneLine
    kind: IdentityKind
    label: OneLine
    public_key: str | None = None
    registered_at: Time
    source: Literal["local", "catalog"] = "local"
    source_catalog: str | None = None
    rotated_to: str | None = None


class CatalogRevocation(Line):
    """Somebody whose signatures are not to be trusted any more."""

    id: OneLine
    kind: IdentityKind
    reason: OneLine
    revoked_at: Time
    source: Literal["local", "catalog"] = "local"
    source_catalog: str | None = None
    replacement_identity: OneLine | None = None


class TrustCatalog(Line):
    """``memoryoss.trust.catalog.v1alpha1``: whom an installation knows, for others to import. One
    that is signed has a sequence, which grows with each export."""

    model_config = ConfigDict(
        strict=True,
        extra="ignore",
        frozen=True,
        json_schema_extra={"dependentRequired": {"signature": ["sequence"]}},
    )

    catalog_id: OneLine
    label: OneLine
    exported_at: Time
    sequence: Sequence53 | None = None
    identities: Annotated[tuple[CatalogIdentity, ...], Field(strict=False)] = ()
    revocations: Annotated[tuple[CatalogRevocation, ...], Field(strict=False)] = ()
    signature: Sidecar | None = None

    @model_validator(mode="after")
    def _consistent(self) -> TrustCatalog:
        rows: Sequence[Any]
        for rows in (self.identities, self.revocations):
            if len({row.id for row in rows}) < len(rows):
                raise ValueError("it names an identity twice")
        if self.signature is not None and self.sequence is None:
            raise ValueError("it is signed and has no sequence")
        return self


class SyncPeer(Line):
    """One that memories are exchanged with."""

    peer_id: str
    namespace: str
    endpoint: str
    device_label: str
