# SPDX-License-Identifier: AGPL-3.0-only
"""From a signature and what is known of its signer to a decision.

The newest signer vouches for the content; those who signed before are shown, and their signatures
have to hold, but who they are decides nothing. Whoever is revoked is never trusted, whether the
signature holds or not, and whenever it says that it was made.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from memoryoss_mcp.model import now, parse_time
from memoryoss_mcp.portable.trust import legacy
from memoryoss_mcp.portable.trust.decision import TrustDecision, TrustStatus
from memoryoss_mcp.portable.trust.identity import belongs, is_keyed
from memoryoss_mcp.portable.trust.registry import Standing
from memoryoss_mcp.portable.trust.signature import HMAC, Signature, SignatureError, check

AHEAD: Final = 24 * 3600 * 10**9
"""Nanoseconds by which the clock of a signer may be fast before it is told."""


def judge(
    signature: Signature,
    signer: Standing,
    *,
    secret: str | None,
    subject: str,
    content: str,
    domain: str,
) -> TrustDecision:
    """Decide about a signature; ``signer`` is what is known of the identity that it names, and
    ``secret`` that of the original's scheme."""
    if signature.scheme == HMAC:
        return _judge_legacy(signature, signer, secret, subject)
    decided = partial(_decided, signature, signer)
    if not belongs(signature.identity, signature.kind, bytes.fromhex(signature.public_key or "")):
        return decided(TrustStatus.INVALID, "The id of the signer does not belong to its key.")
    if signer.revocation is not None:
        return decided(TrustStatus.REVOKED, _revoked(signer.revocation.reason))
    try:
        check(signature, subject, content, domain)
    except SignatureError as error:
        return decided(TrustStatus.INVALID, error.message)
    if not signer.known:
        told = "The signature holds; nobody here knows its signer."
        return decided(TrustStatus.UNKNOWN, told + _ahead(signature))
    told = "The signature holds, and its signer is known here."
    return decided(TrustStatus.TRUSTED, told + _ahead(signature))


def _judge_legacy(
    signature: Signature, signer: Standing, secret: str | None, subject: str
) -> TrustDecision:
    decided = partial(_decided, signature, signer)
    if is_keyed(signature.identity):
        return decided(TrustStatus.INVALID, "The signer has a key, and this is not signed with it.")
    if signer.revocation is not None:
        return decided(TrustStatus.REVOKED, _revoked(signer.revocation.reason))
    if not signer.known:
        return decided(TrustStatus.UNKNOWN, "Nobody here knows the signer.")
    if signer.kind != signature.kind:
        return decided(TrustStatus.INVALID, f"The signer is registered as {signer.kind}.")
    if secret is None:
        return decided(
            TrustStatus.UNAVAILABLE, "The secret that would verify the signature is not configured."
        )
    if not legacy.holds(secret, signature, subject):
        return decided(TrustStatus.INVALID, "The signature is not of this document and secret.")
    if len(signature.chain) > 1:
        return decided(
            TrustStatus.UNAVAILABLE,
            "The newest signature holds; nothing can verify those before it in its chain.",
        )
    told = "The signature holds, and its signer is known here."
    return decided(TrustStatus.TRUSTED, told + _ahead(signature))


def _revoked(reason: str) -> str:
    stop = "" if reason.rstrip().endswith((".", "!", "?", "…")) else "."
    return f"The signer is revoked: {reason.rstrip()}{stop}"


def _ahead(signature: Signature) -> str:
    """What there is to say of the time that a signature gives: nobody but its signer vouches for
    it, so it decides nothing."""
    if parse_time(signature.signed_at) <= now() + AHEAD:
        return ""
    return f" Its time is still to come: {signature.signed_at}."


def _decided(
    signature: Signature, signer: Standing, status: TrustStatus, reason: str
) -> TrustDecision:
    sound = status is not TrustStatus.INVALID
    return TrustDecision(
        status=status,
        reason=reason,
        origin=signer.origin if sound else None,
        catalog_id=signer.catalog_id if sound else None,
        replacement_identity=signer.revocation.replacement if signer.revocation else None,
        signature=signature.sidecar(),
    )
