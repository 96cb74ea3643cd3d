# SPDX-License-Identifier: AGPL-3.0-only
"""The scheme of the original, ``memoryoss.hmac-sha256.v1``: one secret of an installation vouches
for all of its identities.

Its chain is not signed. So only a signature with one link, its own, can be verified as a whole.
"""

from __future__ import annotations

import hashlib
import hmac

from memoryoss_mcp.model import format_time, parse_time
from memoryoss_mcp.portable.trust.identity import Kind
from memoryoss_mcp.portable.trust.signature import HMAC, Link, Signature, check_time


def sign(secret: str, identity: str, kind: Kind, *, subject: str, at: str) -> Signature:
    """The signature that the original would make. ``at`` is RFC 3339."""
    value = _value(secret, identity, kind, check_time(at), subject)
    return Signature(HMAC, identity, kind, at, value, None, (Link(identity, kind, at),))


def holds(secret: str, signature: Signature, subject: str) -> bool:
    """Whether a signature is of a subject, under a secret; compared in constant time."""
    value = _value(secret, signature.identity, signature.kind, signature.signed_at, subject)
    return hmac.compare_digest(value, signature.value)


def _value(secret: str, identity: str, kind: Kind, at: str, subject: str) -> str:
    time = format_time(parse_time(at)).removesuffix("Z") + "+00:00"
    # An envelope is signed by its bare digest, everything else with its kind in front.
    signed = subject.removeprefix("bundle:")
    message = "\n".join((identity, kind, time, signed))
    return hmac.new(secret.encode(), message.encode(), hashlib.sha256).hexdigest()
