# SPDX-License-Identifier: AGPL-3.0-only
"""The published lines as models: their fields in the order in which they are written and hashed.

Reading is typed as strictly as the original's: enums by their exact texts, whole numbers as JSON
integers, times as RFC 3339 with an offset, ids in any spelling of a UUID. Unknown fields are passed
over. Writing leaves out what is null and, where the line says so, what is empty.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any, ClassVar, Final, Literal
from uuid import UUID

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    SerializerFunctionWrapHandler,
    WithJsonSchema,
    model_serializer,
)

from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.model import (
    MemoryType,
    QueueKind,
    ReviewAction,
    Status,
    format_time,
    parse_id,
    parse_time,
)

RUNTIME: Final = "memoryoss.runtime.v1alpha1"
PASSPORT: Final = "memoryoss.passport.v1alpha1"
HISTORY: Final = "memoryoss.history.v1alpha1"
BUNDLE: Final = "memoryoss.bundle.v1alpha1"
CATALOG: Final = "memoryoss.trust.catalog.v1alpha1"
CONTRACT_VERSION: Final = "2026-03-13"
UNSIGNED: Final = "unsigned"
SHA256: Final = "sha256"

Scope = Literal["all", "personal", "project", "team"]
Kind = Literal["passport", "history"]
EdgeKind = Literal["derived_from", "superseded_by", "contradicts_with"]
EventKind = Literal[
    "created", "derived", "contradicted", "review", "superseded", "archived", "state_snapshot"
]
SupportLevel = Literal["stable", "partial", "planned"]
IdentityKind = Literal["author", "device", "sync_peer"]

_RFC3339: Final = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})", re.ASCII
)


_HYPHENATED: Final = "[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"
_UUID: Final = re.compile(
    rf"[0-9a-f]{{32}}|{_HYPHENATED}|\{{{_HYPHENATED}\}}|urn:uuid:{_HYPHENATED}",
    re.ASCII | re.IGNORECASE,
)


def _read_id(value: Any) -> UUID:
    if not isinstance(value, str) or not _UUID.fullmatch(value):
        raise ValueError("not a UUID")
    try:
        return parse_id(value)
    except InvalidInputError as error:
        raise ValueError("not a UUID") from error


def _read_time(value: Any) -> int:
    if not isinstance(value, str) or not _RFC3339.fullmatch(value):
        raise ValueError("not an RFC 3339 time with an offset")
    try:
        return parse_time(value)
    except InvalidInputError as error:
        raise ValueError("not a time from 1678 to 2261") from error


def _read_enum(kind: Callable[[str], Any]) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if not isinstance(value, str):
            raise ValueError("not a text")
        return kind(value)

    return read


Id = Annotated[
    UUID,
    BeforeValidator(_read_id),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "format": "uuid"}),
]
Time = Annotated[
    int,
    BeforeValidator(_read_time),
    PlainSerializer(format_time),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
Count = Annotated[int, Field(ge=0, lt=2**32)]
Version = Annotated[int, Field(ge=0, lt=2**64)]
Confidence = Annotated[
    float,
    # A number of a document may know how it was written; a typed one does not.
    BeforeValidator(lambda value: float(value) if isinstance(value, float) else value),
    Field(allow_inf_nan=False),
]
Type = Annotated[MemoryType, BeforeValidator(_read_enum(MemoryType))]
State = Annotated[Status, BeforeValidator(_read_enum(Status))]
Action = Annotated[ReviewAction, BeforeValidator(_read_enum(ReviewAction))]
Queue = Annotated[QueueKind, BeforeValidator(_read_enum(QueueKind))]
Digest = Annotated[str, Field(json_schema_extra={"pattern": "^[0-9a-f]{64}$"})]


class Line(BaseModel):
    """A part of a line. ``sparse`` are the lists that are left out when they are empty."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)
    sparse: ClassVar[frozenset[str]] = frozenset()
    kept_nulls: ClassVar[frozenset[str]] = frozenset()

    @model_serializer(mode="wrap")
    def _written(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        sparse, nulls = self.sparse, self.kept_nulls
        return {
            name: value
            for name, value in handler(self).items()
            if not (value is None and name not in nulls) and not (name in sparse and not value)
        }

    def written(self) -> dict[str, Any]:
        """The part as it is written: plain JSON values in the declared order."""
        return self.model_dump(mode="json")


class ReviewRecord(Line):
    """One decision about a memory."""

    at: Time
    actor: str
    action: Action
    via: str
    queue_kind: Queue | None = None
    superseded_by: Id | None = None


class Governance(Line):
    """Who of a team decides about a memory."""

    sparse = frozenset({"owners", "watchlist"})

    branch: str
    scope: str
    review_required: bool = False
    owners: tuple[str, ...] = Field(default=(), strict=False)
    watchlist: tuple[str, ...] = Field(default=(), strict=False)
    proposed_by: str
    proposed_at: Time
    merged_by: str | None = None
    merged_at: Time | None = None


Texts = Annotated[tuple[str, ...], Field(strict=False)]
Ids = Annotated[tuple[Id, ...], Field(strict=False)]


class Entry(Line):
    """A memory of a passport or a history."""

    sparse = frozenset({"derived_from", "contradicts_with", "review_events"})

    id: Id
    content: str
    tags: Texts
    agent: str | None = None
    session: str | None = None
    original_namespace: str | None = None
    memory_type: Type
    status: State
    version: Version
    created_at: Time
    updated_at: Time
    source_key_id: str | None = None
    content_hash: str | None = None
    archived: bool = False
    confidence: Confidence | None = None
    evidence_count: Count = 0
    last_verified_at: Time | None = None
    superseded_by: Id | None = None
    derived_from: Ids = ()
    contradicts_with: Ids = ()
    review_events: Annotated[tuple[ReviewRecord, ...], Field(strict=False)] = ()
    team_governance: Governance | None = None


class ContractMetadata(Line):
    """Which contract a document was written under."""

    contract_id: str
    version: str
    document_route: str
    stable_semantics: Texts
    experimental_layers_excluded: Texts


class Provenance(Line):
    """Where a passport comes from."""

    exported_from_namespace: str
    source_key_ids: Texts


class Integrity(Line):
    """The digest of a history or an envelope."""

    algorithm: str
    payload_sha256: str


class PassportIntegrity(Integrity):
    """The digest of a passport. ``signed`` says nothing, and is always written as false."""

    signed: bool = False


class Passport(Line):
    """``memoryoss.passport.v1alpha1``: selected memories of one namespace."""

    hashed: ClassVar[tuple[str, ...]] = (
        "bundle_version",
        "passport_id",
        "runtime_contract",
        "scope",
        "namespace",
        "exported_at",
        "provenance",
        "memories",
    )

    bundle_version: str
    passport_id: Id
    runtime_contract: ContractMetadata
    scope: Scope
    namespace: str
    exported_at: Time
    provenance: Provenance
    integrity: PassportIntegrity
    memories: Annotated[tuple[Entry, ...], Field(strict=False)]


class Edge(Line):
    """A tie between two memories of a history."""

    from_: Id = Field(alias="from")
    to: Id
    kind: EdgeKind

    model_config = ConfigDict(
        strict=True,
        extra="ignore",
        frozen=True,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
    )


class Event(Line):
    """Something that happened to a memory of a history."""

    sparse = frozenset({"related_ids"})

    at: Time
    memory_id: Id
    kind: EventKind
    summary: str
    from_status: State | None = None
    to_status: State | None = None
    actor: str | None = None
    via: str | None = None
    related_ids: Ids = ()


class History(Line):
    """``memoryoss.history.v1alpha1``: a memory with all that it is tied to."""

    hashed: ClassVar[tuple[str, ...]] = (
        "bundle_version",
        "history_id",
        "root_id",
        "runtime_contract",
        "namespace",
        "exported_at",
        "memories",
        "edges",
        "timeline",
    )

    bundle_version: str
    history_id: Id
    root_id: Id
    runtime_contract: ContractMetadata
    namespace: str
    exported_at: Time
    memories: Annotated[tuple[Entry, ...], Field(strict=False)]
    edges: Annotated[tuple[Edge, ...], Field(strict=False)]
    timeline: Annotated[tuple[Event, ...], Field(strict=False)]
    integrity: Integrity


class Reference(Line):
    """How an envelope is called elsewhere."""

    uri: str
    attachment_name: str


class ChainLink(Line):
    """One signature of those that an artifact has got. The published line has no more than the
    first four fields, and signs none of them; see :mod:`memoryoss_mcp.portable.trust.signature` for
    the others."""

    identity: str
    kind: IdentityKind
    action: str
    at: Time
    public_key: str | None = None
    value: str | None = None


class EnvelopeSignature(Line):
    """Who vouches for an envelope."""

    sparse = frozenset({"chain"})

    scheme: str
    signer: str | None = None
    signable: bool
    identity_kind: IdentityKind | None = None
    signed_at: Time | None = None
    value: str | None = None
    public_key: str | None = None
    chain: Annotated[tuple[ChainLink, ...], Field(strict=False)] = ()


class Sidecar(Line):
    """A signature that stands beside its document."""

    sparse = frozenset({"chain"})

    scheme: str
    identity: str
    kind: IdentityKind
    signed_at: Time
    value: str
    public_key: str | None = None
    chain: Annotated[tuple[ChainLink, ...], Field(strict=False)] = ()


class Envelope(Line):
    """``memoryoss.bundle.v1alpha1``: a passport or a history, and who vouches for it."""

    bundle_version: str
    bundle_id: Id
    kind: Kind
    namespace: str
    scope: str | None = None
    runtime_contract_id: str
    exported_at: Time
    reference: Reference
    integrity: Integrity
    signature: EnvelopeSignature
    payload: dict[str, Any]


class Semantics(Line):
    """Something that a runtime guarantees, and where it does."""

    name: str
    guarantee: str
    current_surfaces: Texts


class Layer(Line):
    """Something that a runtime does beyond its contract."""

    name: str
    description: str
    current_surfaces: Texts
    excluded_from_contract: bool


class ObjectKind(Line):
    """A kind of object of the contract, and what stands for it today."""

    sparse = frozenset({"known_gaps"})

    kind: str
    support_level: SupportLevel
    description: str
    current_mapping: Texts
    known_gaps: Texts = ()


class Guarantee(Line):
    """One sentence that holds."""

    name: str
    description: str


class ApiMapping(Line):
    """What an operation of the contract is called here."""

    runtime_operation: str
    routes: Texts
    data_model_fields: Texts


class Gap(Line):
    """What is not there yet."""

    area: str
    status: SupportLevel
    note: str


class RuntimeContract(Line):
    """``memoryoss.runtime.v1alpha1``: what a memory runtime promises."""

    contract_id: str
    version: str
    runtime_name: str
    stable_semantics: Annotated[tuple[Semantics, ...], Field(strict=False)]
    experimental_layers: Annotated[tuple[Layer, ...], Field(strict=False)]
    object_model: Annotated[tuple[ObjectKind, ...], Field(strict=False)]
    guarantees: Annotated[tuple[Guarantee, ...], Field(strict=False)]
    api_mappings: Annotated[tuple[ApiMapping, ...], Field(strict=False)]
    known_gaps: Annotated[tuple[Gap, ...], Field(strict=False)]
