# SPDX-License-Identifier: AGPL-3.0-only
"""Certificates of deletion: what was deleted, where its bytes were searched for, signed, and to be
verified by anyone without the memory file.

The contents stand in it as salted hashes under the root of a Merkle tree (RFC 6962, section 2.1).
Whoever holds the certificate with its salts can prove that a text was among them; without a salt
nobody can try texts out. The file keeps its copy without salts.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.model import format_time, hash_content, new_id, now
from memoryoss_mcp.store.forgetting import leaf_hash
from memoryoss_mcp.store.types import ForgetReceipt

if TYPE_CHECKING:
    from memoryoss_mcp.vault.signing import Signer

TYPE: Final = "deletion_certificate"
VERSION: Final = 2
DOMAIN: Final = "deletion-certificate"


@dataclass(frozen=True, slots=True)
class Certificate:
    """``fields`` are what was signed; ``signature`` and public ``key`` are hexadecimal. ``salts``
    belong to the memories, by id; they are not signed and may be left out."""

    fields: Mapping[str, Any]
    key: str
    signature: str
    salts: Mapping[str, str] = field(default_factory=dict)

    @property
    def id(self) -> UUID:
        """The id of the certificate."""
        return UUID(self.fields["certificate_id"])

    def document(self) -> dict[str, Any]:
        """The certificate as JSON."""
        found = {"certificate": dict(self.fields), "key": self.key, "signature": self.signature}
        return found | ({"salts": dict(self.salts)} if self.salts else {})

    def kept(self) -> str:
        """What the memory file keeps of it: all but the salts."""
        return json.dumps(Certificate(self.fields, self.key, self.signature).document())


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a verification found. ``contains`` says whether a text that was asked for was among the
    deleted ones, ``None`` if none was asked for; ``problems`` is empty for a good certificate."""

    problems: tuple[str, ...]
    key_id: str
    contains: bool | None = None

    @property
    def valid(self) -> bool:
        """Whether the certificate holds."""
        return not self.problems


def make(
    receipt: ForgetReceipt, ledger_end: tuple[int, bytes], signer: Signer, subject: str
) -> Certificate:
    """The certificate of a deletion that is done; the receipt has its leaves."""
    hashes = [leaf.hash for leaf in receipt.leaves]
    fields = {
        "type": TYPE,
        "version": VERSION,
        "certificate_id": str(new_id()),
        "namespace": receipt.namespace,
        "deleted_count": len(receipt.deleted),
        "deleted_ids": [str(key) for key in receipt.deleted],
        "leaf_hashes": [digest.hex() for digest in hashes],
        "merkle_root": merkle_root(hashes).hex(),
        "deleted_at": format_time(now()),
        "deleted_by": subject,
        "clean": receipt.clean,
        "searched": [
            {"file": scanned.path.name, "bytes": scanned.bytes, "residues": scanned.residues}
            for scanned in receipt.scanned
        ],
        "notes": list(receipt.notes),
        "ledger": {"entry": ledger_end[0], "hash": ledger_end[1].hex()},
    }
    return Certificate(
        fields,
        signer.public_key.hex(),
        signer.sign(DOMAIN, _message(fields)).hex(),
        {str(leaf.id): leaf.salt.hex() for leaf in receipt.leaves},
    )


def read(text: str) -> Certificate:
    """The certificate in a JSON text.

    Raises:
        InvalidInputError: there is none.
    """
    try:
        found = json.loads(text)
        certificate = Certificate(
            dict(found["certificate"]),
            str(found["key"]),
            str(found["signature"]),
            {str(key): str(salt) for key, salt in found.get("salts", {}).items()},
        )
        if certificate.fields["type"] != TYPE or certificate.fields["version"] != VERSION:
            raise ValueError
        UUID(certificate.fields["certificate_id"])
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError):
        raise InvalidInputError(
            "That is no certificate of deletion.",
            field="file",
            hint="Send the file that 'memoryoss forget --certificate' wrote.",
        ) from None
    return certificate


def verify(
    certificate: Certificate, *, key: bytes | None = None, content: str | None = None
) -> Verdict:
    """Check a certificate with nothing but itself. ``key`` is the public key (32 bytes) that it has
    to be signed with, if known; ``content`` a text that should be among the deleted ones."""
    from memoryoss_mcp.vault.signing import key_id, verify  # start-up time

    fields, problems = certificate.fields, []
    public, signature = _hex(certificate.key), _hex(certificate.signature)
    if not verify(public, DOMAIN, _message(fields), signature):
        problems.append("the signature does not belong to what is signed")
    if key is not None and key != public:
        problems.append("it was signed with another key than the one that was asked for")
    hashes = [_hex(text) for text in _texts(fields, "leaf_hashes")]
    ids = _texts(fields, "deleted_ids")
    if len(hashes) != len(ids) or fields.get("deleted_count") != len(ids):
        problems.append("the numbers of memories and hashes differ")
    if merkle_root(hashes).hex() != fields.get("merkle_root"):
        problems.append("the root is not that of the hashes")
    if fields.get("clean") is not True:
        problems.append("the search found bytes that may be left, or could not be finished")
    contains = None
    if content is not None:
        digest = bytes.fromhex(hash_content(content))
        salts = [_hex(certificate.salts.get(one, "")) for one in ids]
        contains = any(
            leaf == leaf_hash(salt, digest) for leaf, salt in zip(hashes, salts, strict=False)
        )
    return Verdict(tuple(problems), key_id(public), contains)


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """The root of the Merkle tree over leaf hashes, in order (RFC 6962, section 2.1)."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    left, right = merkle_root(leaves[:split]), merkle_root(leaves[split:])
    return hashlib.sha256(b"\1" + left + right).digest()


def _message(fields: Mapping[str, Any]) -> bytes:
    return json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode(
        "utf-8", "surrogatepass"
    )


def _hex(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""


def _texts(fields: Mapping[str, Any], name: str) -> list[str]:
    value = fields.get(name)
    return [str(item) for item in value] if isinstance(value, list) else []
