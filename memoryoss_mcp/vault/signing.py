# SPDX-License-Identifier: AGPL-3.0-only
"""Signatures: Ed25519 keys (RFC 8032) of this installation, and their verification by anyone."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from memoryoss_mcp.errors import VaultError
from memoryoss_mcp.vault import keyfile

ALGORITHM: Final = "ed25519"
_CONTEXT: Final = b"memoryoss.signature.v1"


class Signer:
    """Signs with the key of this installation. The key file is PEM (PKCS #8), as other programs
    read it too."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public_key: bytes = key.public_key().public_bytes_raw()

    @classmethod
    def load(cls, path: Path) -> Signer:
        """The signer whose key is in a file, which is made if it is not there.

        Raises:
            VaultError: the file cannot be used or holds another kind of key.
        """
        return cls._of(keyfile.read_or_make(path, _new_key), path)

    @classmethod
    def read(cls, path: Path) -> Signer:
        """The signer whose key is in a file that is there.

        Raises:
            VaultError: the file cannot be used or holds another kind of key.
        """
        try:
            return cls._of(keyfile.read(path), path)
        except OSError as error:
            raise VaultError(f"The key file {path} cannot be used ({error.strerror}).") from error

    @classmethod
    def make(cls, place: Callable[[bytes], Path]) -> Signer:
        """A new signer; ``place`` says where its key is kept, given the public key (32 bytes).

        Raises:
            VaultError: the file cannot be made.
        """
        data = _new_key()
        path = place(cls._of(data, Path()).public_key)
        return cls._of(keyfile.read_or_make(path, lambda: data), path)

    @classmethod
    def _of(cls, data: bytes, path: Path) -> Signer:
        try:
            key = serialization.load_pem_private_key(data, password=None)
        except (TypeError, ValueError) as error:
            raise VaultError(f"{path} is no key file; it was left untouched.") from error
        if not isinstance(key, Ed25519PrivateKey):
            raise VaultError(f"The key in {path} is not an Ed25519 key; it was left untouched.")
        return cls(key)

    @property
    def key_id(self) -> str:
        """See :func:`key_id`."""
        return key_id(self.public_key)

    def sign(self, domain: str, message: bytes) -> bytes:
        """The signature (64 bytes) of a message of some kind: ``domain`` keeps the signature of one
        kind from being taken for that of another."""
        return self._key.sign(_framed(domain, message))


def verify(public_key: bytes, domain: str, message: bytes, signature: bytes) -> bool:
    """Whether a signature was made by the owner of a public key (32 bytes)."""
    try:
        key = Ed25519PublicKey.from_public_bytes(public_key)
        key.verify(signature, _framed(domain, message))
    except (InvalidSignature, ValueError):
        return False
    return True


def key_id(public_key: bytes) -> str:
    """The fingerprint of a public key: the first 16 hex digits of its SHA-256."""
    return hashlib.sha256(public_key).hexdigest()[:16]


def _framed(domain: str, message: bytes) -> bytes:
    name = domain.encode()
    return b"".join((_CONTEXT, struct.pack(">I", len(name)), name, message))


def _new_key() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
