# SPDX-License-Identifier: AGPL-3.0-only
"""Signatures of envelopes, catalogs and sidecars: whether what they say of themselves agrees, and
whether those of the scheme ``memoryoss.ed25519.v1`` hold. README.md says what is signed."""

from __future__ import annotations

import hashlib
import re
from typing import Any

import ed25519
from canonical_json import compact, ordered, sha256

ED25519, HMAC = "memoryoss.ed25519.v1", "memoryoss.hmac-sha256.v1"
KEYED_ID = re.compile("(?:author|device|sync_peer):[0-9a-f]{32}")
COMMON = {"scheme", "signed_at", "value", "chain"}
EMBEDDED, SIDECAR = ("signer", "identity_kind", "signable"), ("identity", "kind")


def check_signature(
    value: Any,
    form: tuple[str, ...],
    signed: tuple[str, str] | None,
    exact: bool = True,
    domain: str = "artifact",
) -> str:
    """``valid``, ``unverified``, ``unsigned`` or ``invalid``; ``value`` as it is written.

    Where a document says that it is signed, all that belongs to a signature has to be there, and
    nothing else. ``signed`` are the subject and the digest of the content; without them a signature
    is only tested for what it says of itself. A signature with a key holds only for a document that
    is printed exactly as its writer prints it.
    """
    scheme, chain = value["scheme"], value.get("chain") or []
    if scheme == "unsigned" and form is EMBEDDED:
        claims = {name for name, item in value.items() if item not in (None, [])}
        return "unsigned" if claims <= {"scheme", "signable"} else "invalid"
    if scheme not in (ED25519, HMAC):
        return "invalid"
    key = {"public_key"} if scheme == ED25519 else set()
    links = {"identity", "kind", "action", "at"} | (key and key | {"value"})
    if not chain or value.keys() != COMMON | {*form} | key or not value.get("signable", True):
        return "invalid"
    if any(link.keys() != links or link["action"] != "sign" for link in chain):
        return "invalid"
    newest = tuple(chain[-1].get(name) for name in ("identity", "kind", "at", "public_key"))
    if newest != tuple(value.get(name) for name in (*form[:2], "signed_at", "public_key")):
        return "invalid"
    size = 128 if key else 64
    if not is_hex(value["value"], size):
        return "invalid"
    if not key:
        return "invalid" if KEYED_ID.fullmatch(newest[0]) else "unverified"
    if not all(is_hex(item["value"], 128) and owns(item) for item in chain):
        return "invalid"
    if signed is None:
        return "unverified"
    return "valid" if exact and holds(value, chain, newest, signed, domain) else "invalid"


def is_hex(text: Any, size: int) -> bool:
    """Whether a text has as many lower-case hexadecimal digits."""
    return isinstance(text, str) and re.fullmatch(f"[0-9a-f]{{{size}}}", text) is not None


def owns(link: dict[str, Any]) -> bool:
    """Whether the id of a signer is made of the key with which it signs."""
    if not is_hex(link["public_key"], 64):
        return False
    digest = hashlib.sha256(bytes.fromhex(link["public_key"])).hexdigest()
    return bool(link["identity"] == f"{link['kind']}:{digest[:32]}")


def holds(
    value: dict[str, Any],
    chain: list[dict[str, Any]],
    newest: tuple[Any, ...],
    signed: tuple[str, str],
    domain: str,
) -> bool:
    """Whether every link of the chain and the signature itself are of this document."""
    subject, content = signed
    previous = None
    for link in chain:
        told = {name: item for name, item in link.items() if name != "value"}
        told |= {"scheme": ED25519, "content": content, "previous": previous}
        if not verified(link, f"{domain}-link", told):
            return False
        previous = sha256(ordered(link))
    told = dict(zip(("identity", "kind", "signed_at", "public_key"), newest, strict=True))
    told |= {"scheme": ED25519, "subject": subject, "content": content}
    told["chain"] = sha256(ordered(chain))
    return verified(value, f"{domain}-signature", told)


def verified(signature: dict[str, Any], domain: str, told: dict[str, Any]) -> bool:
    """Whether a key signed an object in a domain."""
    name, message = domain.encode(), compact(ordered(told)).encode()
    framed = b"memoryoss.signature.v1" + len(name).to_bytes(4, "big") + name + message
    key, value = (bytes.fromhex(signature[part]) for part in ("public_key", "value"))
    return ed25519.verify(key, framed, value)
