# SPDX-License-Identifier: AGPL-3.0-only
"""Keys from passphrases: scrypt (RFC 7914)."""

from __future__ import annotations

import unicodedata
from typing import Final

from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from memoryoss_mcp.errors import VaultError

COST: Final = 17
"""Base-2 logarithm of scrypt's N: 128 MiB and about a third of a second for one guess (OWASP's
password storage recommendation, with r = 8 and p = 1)."""

SALT_BYTES: Final = 16
SHORTEST: Final = 8
"""Characters of the shortest passphrase that is accepted for something new."""

_COSTS: Final = range(14, 23)
"""What is accepted of others: not so cheap that it protects nothing, nor so dear (4 GiB) that a
forged header stops the program."""


def derive_key(passphrase: str, salt: bytes, cost: int = COST) -> bytes:
    """The 256-bit key of a passphrase. It is normalised (NFKC) first, so that the same characters
    typed on another system give the same key.

    Raises:
        VaultError: the cost is out of its bounds.
    """
    if cost not in _COSTS:
        raise VaultError(f"A scrypt cost of {cost} is not accepted.")
    text = unicodedata.normalize("NFKC", passphrase)
    return Scrypt(salt=salt, length=32, n=1 << cost, r=8, p=1).derive(text.encode())


def check_passphrase(passphrase: str) -> str:
    """A new passphrase, if it is long enough.

    Raises:
        VaultError: it is not.
    """
    if len(passphrase) < SHORTEST:
        raise VaultError(f"A passphrase needs at least {SHORTEST} characters.")
    return passphrase
