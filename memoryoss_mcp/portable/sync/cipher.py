# SPDX-License-Identifier: AGPL-3.0-only
"""The encryption of chunks: AES-256-GCM under a key from a passphrase.

The header of a chunk, which stays in clear, says how: scrypt's cost and salt, a value that tells a
wrong passphrase from damage, and the nonce. An installation uses one salt for all of its chunks, so
that a passphrase is stretched once and not once a chunk. The header is the associated data.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Callable, Mapping
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from memoryoss_mcp.errors import VaultError
from memoryoss_mcp.portable.canonical import MalformedError
from memoryoss_mcp.vault.passphrase import COST, SALT_BYTES, check_passphrase, derive_key

FIELDS: Final = frozenset({"kdf", "cost", "salt", "check", "nonce"})
_KDF: Final = "scrypt"
_NONCE: Final = 12
_CHECK: Final = 16

Ask = Callable[[], str]
"""Gives the passphrase."""


class WrongPassphraseError(VaultError):
    """A chunk was encrypted with another passphrase. Nothing of it was read."""

    code = "wrong_passphrase"


class Cipher:
    """Encrypts and decrypts with one passphrase, which is asked for when it is first needed."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._passphrase: str | None = None
        self._salt = os.urandom(SALT_BYTES)
        self._roots: dict[tuple[int, bytes], bytes] = {}

    def settings(self, used: Mapping[str, Any] | None) -> dict[str, Any]:
        """What the header of a new chunk says, after an earlier chunk of the same installation.

        Raises:
            VaultError: the passphrase is too short.
        """
        check_passphrase(self._given())
        salt = bytes.fromhex(used["salt"]) if used is not None else self._salt
        cost = used["cost"] if used is not None else COST
        return {
            "kdf": _KDF,
            "cost": cost,
            "salt": salt.hex(),
            "check": self._derived(cost, salt, b"check", _CHECK).hex(),
            "nonce": os.urandom(_NONCE).hex(),
        }

    def close(self, plain: bytes, settings: Mapping[str, Any], header: bytes) -> bytes:
        """The body of a chunk with a header, encrypted."""
        cost, salt, _, nonce = _read(settings)
        return self._aead(cost, salt).encrypt(nonce, plain, header)

    def opens(self, settings: Mapping[str, Any]) -> bool:
        """Whether the passphrase is that of a chunk.

        Raises:
            VaultError: the settings are none that are accepted.
        """
        cost, salt, check, _ = _read(settings)
        return hmac.compare_digest(check, self._derived(cost, salt, b"check", _CHECK))

    def open(self, body: bytes, settings: Mapping[str, Any], header: bytes) -> bytes:
        """What :meth:`close` was given.

        Raises:
            WrongPassphraseError: it was encrypted with another passphrase.
            MalformedError: it is damaged.
        """
        if not self.opens(settings):
            raise WrongPassphraseError("It was encrypted with another passphrase.")
        cost, salt, _, nonce = _read(settings)
        try:
            return self._aead(cost, salt).decrypt(nonce, body, header)
        except InvalidTag:
            raise MalformedError("What it encrypts is damaged.") from None

    def _aead(self, cost: int, salt: bytes) -> AESGCM:
        return AESGCM(self._derived(cost, salt, b"chunks", 32))

    def _derived(self, cost: int, salt: bytes, purpose: bytes, length: int) -> bytes:
        root = self._roots.get((cost, salt))
        if root is None:
            root = self._roots[cost, salt] = derive_key(self._given(), salt, cost)
        info = b"memoryoss.sync." + purpose + b".v1"
        return HKDFExpand(hashes.SHA256(), length, info).derive(root)

    def _given(self) -> str:
        if self._passphrase is None:
            self._passphrase = self._ask()
        return self._passphrase


def _read(settings: Mapping[str, Any]) -> tuple[int, bytes, bytes, bytes]:
    try:
        if (
            settings.keys() != FIELDS
            or settings["kdf"] != _KDF
            or type(settings["cost"]) is not int
        ):
            raise ValueError
        parts = [bytes.fromhex(settings[name]) for name in ("salt", "check", "nonce")]
        if [len(part) for part in parts] != [SALT_BYTES, _CHECK, _NONCE]:
            raise ValueError
    except (AttributeError, TypeError, ValueError):
        raise MalformedError("It does not say how it is encrypted.") from None
    return settings["cost"], parts[0], parts[1], parts[2]
