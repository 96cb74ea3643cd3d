# SPDX-License-Identifier: AGPL-3.0-only
"""Signatures: how they are written and read, and the scheme ``memoryoss.ed25519.v1``.

A signature is for a document, which it knows by two digests: ``content``, of everything in it that
stays the same when it is signed again, and ``subject``, what the published line says is signed
(``bundle:<outer hash>``, ``passport:<digest>``), which may change with each signature. It has a
chain with a link for everybody who ever signed the content, the newest last, whose fields are those
of the signature itself.

- The ``value`` of a link is the Ed25519 signature, in the domain ``artifact-link``, of the object
  {scheme, content, identity, kind, action, at, public_key, previous}; ``previous`` is the digest of
  the link before it, with all its fields, or null.
- The ``value`` of the signature is that of the newest signer, in the domain ``artifact-signature``,
  of the object {scheme, subject, content, identity, kind, signed_at, public_key, chain}; ``chain``
  is the digest of the whole chain.

All digests are the lower-case hexadecimal SHA-256 of compact JSON with sorted keys, and such JSON
is what is signed. Texts are signed as they are written: another spelling of the same time is
another message. A field too many or too few is an error, so no byte of a signature is left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.model import parse_time
from memoryoss_mcp.portable.canonical import ordered, sha256
from memoryoss_mcp.portable.trust.identity import Kind, belongs
from memoryoss_mcp.vault.signing import Signer, verify

ED25519: Final = "memoryoss.ed25519.v1"
HMAC: Final = "memoryoss.hmac-sha256.v1"
UNSIGNED: Final = "unsigned"
SIGN: Final = "sign"
"""The one action of a link."""

ARTIFACT: Final = "artifact"
CATALOG: Final = "trust-catalog"
"""Domains: that of what is signed, before ``-link`` and ``-signature``."""

_LINK: Final = frozenset({"identity", "kind", "action", "at"})
_KEYED: Final = frozenset({"public_key", "value"})
_TOP: Final = frozenset({"scheme", "signed_at", "value", "chain"})
_SIDECAR: Final = frozenset({"identity", "kind"})
_EMBEDDED: Final = frozenset({"signer", "identity_kind", "signable"})
_TIME: Final = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_HALVES: Final = re.compile("[\ud800-\udfff]")


class SignatureError(InvalidInputError):
    """What claims to be a signature is none, or contradicts itself."""

    code = "invalid_signature"


@dataclass(frozen=True, slots=True)
class Link:
    """One signature of a chain. ``public_key`` and ``value`` are hexadecimal; links of the original
    have neither."""

    identity: str
    kind: Kind
    at: str
    public_key: str | None = None
    value: str | None = None

    def document(self) -> dict[str, Any]:
        """The link as it is written."""
        fields = {"identity": self.identity, "kind": self.kind.value, "action": SIGN, "at": self.at}
        if self.public_key is not None:
            fields["public_key"] = self.public_key
        return fields if self.value is None else fields | {"value": self.value}


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature. ``public_key`` is ``None`` in the scheme of the original."""

    scheme: str
    identity: str
    kind: Kind
    signed_at: str
    value: str
    public_key: str | None
    chain: tuple[Link, ...]

    def sidecar(self) -> dict[str, Any]:
        """The form that stands beside its document."""
        return {
            "scheme": self.scheme,
            "identity": self.identity,
            "kind": self.kind.value,
            "signed_at": self.signed_at,
            "value": self.value,
            **self._rest(),
        }

    def embedded(self) -> dict[str, Any]:
        """The form that stands in an envelope."""
        return {
            "scheme": self.scheme,
            "signer": self.identity,
            "signable": True,
            "identity_kind": self.kind.value,
            "signed_at": self.signed_at,
            "value": self.value,
            **self._rest(),
        }

    def _rest(self) -> dict[str, Any]:
        key = {} if self.public_key is None else {"public_key": self.public_key}
        return key | {"chain": [link.document() for link in self.chain]}


def read(document: object) -> Signature | None:
    """Read a signature of either scheme and either form; ``None`` if nothing is signed.

    Raises:
        SignatureError: it is no signature, or its parts contradict each other.
    """
    if document is None:
        return None
    if not isinstance(document, Mapping):
        raise SignatureError("A signature is an object.")
    scheme = document.get("scheme")
    if scheme == UNSIGNED:
        _check_unsigned(document)
        return None
    if scheme not in (ED25519, HMAC):
        raise SignatureError("The scheme of the signature is not known.")
    keyed = scheme == ED25519
    form = _EMBEDDED if "signer" in document else _SIDECAR
    if document.keys() != _TOP | form | ({"public_key"} if keyed else set()):
        raise SignatureError("The signature has fields too many or too few.")
    if document.get("signable", True) is not True:
        raise SignatureError("The signature is of something that is not to be signed.")
    chain = document["chain"]
    if not isinstance(chain, list) or not chain:
        raise SignatureError("The signature has no chain.")
    signature = Signature(
        scheme,
        _text(document, "signer" if form is _EMBEDDED else "identity"),
        _kind(document, "identity_kind" if form is _EMBEDDED else "kind"),
        _time(document, "signed_at"),
        _digits(document, "value", 128 if keyed else 64),
        _digits(document, "public_key", 64) if keyed else None,
        tuple(_read_link(link, keyed) for link in chain),
    )
    newest = signature.chain[-1]
    if (newest.identity, newest.kind, newest.at, newest.public_key) != (
        signature.identity,
        signature.kind,
        signature.signed_at,
        signature.public_key,
    ):
        raise SignatureError("The signature is not that of the last link of its chain.")
    return signature


def sign(
    signer: Signer,
    identity: str,
    kind: Kind,
    *,
    subject: str,
    content: str,
    at: str,
    chain: Sequence[Link] = (),
    domain: str = ARTIFACT,
) -> Signature:
    """Sign a document, after those whose links are in ``chain``. ``at`` is RFC 3339.

    Raises:
        SignatureError: a link of the chain does not hold for this content.
    """
    check_time(at)
    key = signer.public_key.hex()
    _check_chain(chain, content, domain)
    message = _link_message(Link(identity, kind, at, key), content, chain)
    link = Link(identity, kind, at, key, signer.sign(f"{domain}-link", message).hex())
    bare = Signature(ED25519, identity, kind, at, "", key, (*chain, link))
    value = signer.sign(f"{domain}-signature", _message(bare, subject, content)).hex()
    return Signature(ED25519, identity, kind, at, value, key, bare.chain)


def check(signature: Signature, subject: str, content: str, domain: str = ARTIFACT) -> None:
    """Verify every link of a signature of :data:`ED25519`, and the signature itself.

    Raises:
        SignatureError: it is not of this document, or a link does not hold.
    """
    _check_chain(signature.chain, content, domain)
    key = bytes.fromhex(signature.public_key or "")
    value = bytes.fromhex(signature.value)
    message = _message(signature, subject, content)
    if not verify(key, f"{domain}-signature", message, value):
        raise SignatureError("The signature is not of this document.")


def check_time(text: str, name: str = "signed_at") -> str:
    """A time as signatures have it: RFC 3339 with an offset.

    Raises:
        SignatureError: it is none.
    """
    try:
        if _TIME.fullmatch(text) is None:
            raise SignatureError(f"{name} is not RFC 3339.")
        parse_time(text)
    except InvalidInputError:
        raise SignatureError(f"{name} is not RFC 3339.") from None
    return text


def _check_chain(chain: Sequence[Link], content: str, domain: str) -> None:
    for number, link in enumerate(chain):
        key, value = bytes.fromhex(link.public_key or ""), bytes.fromhex(link.value or "")
        if not belongs(link.identity, link.kind, key):
            raise SignatureError(f"The id of signer {number + 1} does not belong to its key.")
        message = _link_message(link, content, chain[:number])
        if not verify(key, f"{domain}-link", message, value):
            raise SignatureError(f"Signature {number + 1} of the chain does not hold.")


def _link_message(link: Link, content: str, before: Sequence[Link]) -> bytes:
    return ordered(
        {
            "scheme": ED25519,
            "content": content,
            "identity": link.identity,
            "kind": link.kind.value,
            "action": SIGN,
            "at": link.at,
            "public_key": link.public_key,
            "previous": sha256(ordered(before[-1].document())) if before else None,
        }
    )


def _message(signature: Signature, subject: str, content: str) -> bytes:
    return ordered(
        {
            "scheme": ED25519,
            "subject": subject,
            "content": content,
            "identity": signature.identity,
            "kind": signature.kind.value,
            "signed_at": signature.signed_at,
            "public_key": signature.public_key,
            "chain": sha256(ordered([link.document() for link in signature.chain])),
        }
    )


def _check_unsigned(document: Mapping[str, Any]) -> None:
    claims = sorted(
        str(name)
        for name, value in document.items()
        if name not in ("scheme", "signable") and value is not None and value != []
    )
    if claims:
        raise SignatureError(f"It says that nothing is signed, and has {', '.join(claims)[:80]}.")
    if not isinstance(document.get("signable", True), bool):
        raise SignatureError("signable is not true or false.")


def _read_link(document: object, keyed: bool) -> Link:
    if not isinstance(document, Mapping) or document.keys() != (_LINK | _KEYED if keyed else _LINK):
        raise SignatureError("A link of the chain has fields too many or too few.")
    if document["action"] != SIGN:
        raise SignatureError("A link of the chain is not a signature.")
    return Link(
        _text(document, "identity"),
        _kind(document, "kind"),
        _time(document, "at"),
        _digits(document, "public_key", 64) if keyed else None,
        _digits(document, "value", 128) if keyed else None,
    )


def _text(document: Mapping[str, Any], name: str) -> str:
    value = document[name]
    if not isinstance(value, str) or not value or _HALVES.search(value):
        raise SignatureError(f"{name} is no text.")
    return value


def _kind(document: Mapping[str, Any], name: str) -> Kind:
    value = document[name]
    if not isinstance(value, str) or value not in tuple(Kind):
        raise SignatureError(f"{name} is no kind of identity.")
    return Kind(value)


def _time(document: Mapping[str, Any], name: str) -> str:
    return check_time(_text(document, name), name)


def _digits(document: Mapping[str, Any], name: str, count: int) -> str:
    text = _text(document, name)
    if re.fullmatch(f"[0-9a-f]{{{count}}}", text) is None:
        raise SignatureError(f"{name} has not {count} lower-case hexadecimal digits.")
    return text
