# SPDX-License-Identifier: AGPL-3.0-only
"""Signing artifacts and deciding about their signatures: what of an artifact a signature is for.

A signature of ours in an envelope is for its bytes: one that says the same in other bytes (an
escape where none is needed, a number in another spelling) is not the one that was signed. White
space between values is no part of it. A signature beside a document, which may be of any make, is
for what the document says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from memoryoss_mcp.config import Config
from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.model import format_time, now
from memoryoss_mcp.portable import document, lines
from memoryoss_mcp.portable.artifact import Artifact
from memoryoss_mcp.portable.integrity import content_digest, typed_digest
from memoryoss_mcp.portable.trust.decision import TrustDecision, TrustStatus
from memoryoss_mcp.portable.trust.fabric import Fabric
from memoryoss_mcp.portable.trust.signature import ED25519, HMAC, Link, SignatureError, read
from memoryoss_mcp.store.fabric import RegistryFile

_INTEGRITY: Final = frozenset({"algorithm", "payload_sha256"})


def sign_bundle(
    artifact: Artifact,
    fabric: Fabric,
    identity: str | None = None,
    *,
    at: str | None = None,
    legacy: bool = False,
) -> Artifact:
    """A passport or history in a signed envelope, or an envelope signed once more: those who signed
    it before stay in the chain. ``legacy`` signs as the original does.

    Raises:
        TrustError: the identity cannot sign.
        VaultError: its key cannot be used.
    """
    signed_at = at or format_time(now())
    links = _links(artifact)
    bare = artifact
    if artifact.shape == "bundle":
        bare = Artifact(artifact.payload_shape, artifact.document, artifact.memories, True)
    if legacy:
        if identity is None:
            raise InvalidInputError("Name the identity to sign as.", field="identity")
        who = fabric.identity(identity)
    else:
        who = fabric.own_device() if identity is None else fabric.identity(identity)
    claims = {
        "scheme": HMAC if legacy else ED25519,
        "signer": who.id,
        "signable": True,
        "identity_kind": who.kind.value,
        "signed_at": signed_at,
    }
    envelope = document.bundle(bare, claims)
    _keep_extras(artifact, envelope)
    outer = envelope.header["integrity"]["payload_sha256"]
    if legacy:
        signature = fabric.sign_legacy(who.id, subject=outer, at=signed_at)
    else:
        signature = fabric.sign(
            who.id,
            subject=f"bundle:{outer}",
            content=content_digest(envelope),
            at=signed_at,
            previous_chain=links,
        )
    envelope.header["signature"] = signature.embedded()
    return envelope


def sign_sidecar(artifact: Artifact, fabric: Fabric, identity: str | None = None) -> dict[str, Any]:
    """A signature that stands beside a passport or a history.

    Raises:
        MalformedError: it is something else.
        TrustError, VaultError: the identity cannot sign.
    """
    signature = fabric.sign(
        identity, subject=sidecar_subject(artifact), content=content_digest(artifact)
    )
    return signature.sidecar()


def sidecar_subject(artifact: Artifact) -> str:
    """What a signature beside a passport or a history is for."""
    return f"{artifact.shape}:{typed_digest(artifact)}"


def decide(
    artifact: Artifact, fabric: Fabric, sidecar: Mapping[str, Any] | None = None
) -> TrustDecision:
    """What is to be thought of the signature of an artifact whose digests hold: of that in an
    envelope, or of the one beside a passport or history."""
    if artifact.shape != "bundle":
        if sidecar is None:
            return TrustDecision(TrustStatus.UNSIGNED, "Nothing is signed.")
        return fabric.decide(
            sidecar, subject=sidecar_subject(artifact), content=content_digest(artifact)
        )
    signature = artifact.header.get("signature")
    scheme = signature.get("scheme") if isinstance(signature, dict) else None
    outer = document.envelope_digest(artifact)
    decision = fabric.decide(
        signature,
        subject=outer if scheme == HMAC else f"bundle:{outer}",
        content=content_digest(artifact),
    )
    return _strict(artifact, decision, scheme)


def onlooker(config: Config) -> Callable[[Artifact], TrustDecision]:
    """Decides about signatures like the memory that a configuration names, and leaves no trace:
    nothing is made, opened for writing or locked. Where there is no memory, nobody is known but
    this installation."""
    path = config.store_path
    registry = RegistryFile(path) if path.exists() else None
    fabric = Fabric(registry, config.keys_dir, config.trust.audit_hmac_secret)
    return lambda artifact: decide(artifact, fabric)


def _strict(artifact: Artifact, decision: TrustDecision, scheme: object) -> TrustDecision:
    """A decision about a signature in an envelope; one of ours is for the bytes."""
    if scheme != ED25519 or decision.status in {TrustStatus.INVALID, TrustStatus.UNSIGNED}:
        return decision
    integrity = artifact.header["integrity"]
    if (
        artifact.printed
        and integrity.keys() == _INTEGRITY
        and integrity["algorithm"] == lines.SHA256
        and integrity["payload_sha256"] == document.envelope_digest(artifact)
    ):
        return decision
    return TrustDecision(
        TrustStatus.INVALID,
        "The bytes are not those that were signed, although they may say the same.",
        signature=decision.signature,
    )


def _links(artifact: Artifact) -> tuple[Link, ...]:
    if artifact.shape != "bundle":
        return ()
    try:
        found = read(artifact.header.get("signature"))
    except SignatureError as error:
        raise InvalidInputError(
            f"The signature that is there does not hold: {error.message}",
            hint="Take the passport or history out of the envelope and sign that.",
        ) from error
    return () if found is None or found.scheme != ED25519 else found.chain


def _keep_extras(before: Artifact, envelope: Artifact) -> None:
    """What else an envelope said stays in it: those who signed before signed that too."""
    if before.shape == "bundle":
        for name, value in before.header.items():
            if name not in envelope.header:
                envelope.header[name] = value
