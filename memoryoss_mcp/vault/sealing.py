# SPDX-License-Identifier: AGPL-3.0-only
"""Sealing: what a data key does to the bytes of a memory, and to the labels that are looked up.

A sealed value is ``version (1) | key id (8) | nonce (12) | AES-256-GCM ciphertext and tag``. What
it belongs to (its kind, the namespace, the memory) is associated data: a value that was moved to
another place does not open. Nonces are random (NIST SP 800-38D, section 8.2.2: one key is good for
2**32 of them). A label that is looked up by equality is kept as a token, its HMAC-SHA-256: the same
label gives the same token under one key, and nothing else can be told from it.
"""

from __future__ import annotations

import hmac
import os
import struct
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from memoryoss_mcp.errors import VaultError

KEY_ID_BYTES: Final = 8
OVERHEAD: Final = 1 + KEY_ID_BYTES + 12 + 16
"""Bytes that sealing adds."""

_VERSION: Final = b"\x01"
_NONCE: Final = 12
_HEAD: Final = 1 + KEY_ID_BYTES


class DataCipher:
    """One data key of a namespace, by its id. Thread-safe. Encryption and tokens use keys derived
    from it (HKDF, RFC 5869), so that neither says anything about the other."""

    def __init__(self, key_id: bytes, secret: bytes) -> None:
        if len(key_id) != KEY_ID_BYTES or len(secret) != 32:
            raise VaultError("A data key is damaged; nothing was opened with it.")
        self.key_id = key_id
        self._head = _VERSION + key_id
        self._aead = AESGCM(_derived(secret, b"memoryoss.seal.v1"))
        self._tokens = _derived(secret, b"memoryoss.token.v1")

    def seal(self, plain: bytes, place: bytes) -> bytes:
        """A value sealed for a place (see :func:`place`)."""
        nonce = os.urandom(_NONCE)
        return self._head + nonce + self._aead.encrypt(nonce, plain, self._head + place)

    def open(self, sealed: bytes, place: bytes) -> bytes:
        """What :meth:`seal` was given.

        Raises:
            VaultError: it was sealed with another key or for another place, or is damaged.
        """
        head, nonce = sealed[:_HEAD], sealed[_HEAD : _HEAD + _NONCE]
        try:
            if head != self._head:
                raise InvalidTag
            return self._aead.decrypt(nonce, sealed[_HEAD + _NONCE :], head + place)
        except (InvalidTag, ValueError) as error:
            raise VaultError("A sealed value does not open: it is damaged or misplaced.") from error

    def token(self, field: str, label: str) -> str:
        """What stands for a label of a field on disk: 32 hex digits."""
        message = place(field, label)
        return hmac.digest(self._tokens, message, "sha256")[:16].hex()


def key_id_of(sealed: bytes) -> bytes:
    """The id of the key that sealed a value.

    Raises:
        VaultError: it is no sealed value.
    """
    if len(sealed) < OVERHEAD or sealed[:1] != _VERSION:
        raise VaultError("A sealed value is damaged.")
    return sealed[1:_HEAD]


def place(*parts: str | bytes) -> bytes:
    """Parts joined so that no two lists give the same bytes: each is preceded by its length."""
    plain = [part.encode() if isinstance(part, str) else part for part in parts]
    return b"".join(struct.pack(">I", len(part)) + part for part in plain)


def _derived(secret: bytes, label: bytes) -> bytes:
    return HKDFExpand(hashes.SHA256(), 32, label).derive(secret)
