# SPDX-License-Identifier: AGPL-3.0-only
"""A stream of any length, encrypted with a passphrase.

A header, then chunks of AES-256-GCM in the STREAM construction (Hoang, Reyhanitabar, Rogaway and
Vizar, 2015): the nonce of a chunk is a random prefix, its number, and whether it is the last. What
is cut off, put in another order, or added does not open, and no more does a changed header, which
is the associated data of every chunk. The header: magic (8), base-2 logarithm of scrypt's N (1),
salt (16), a value that tells a wrong passphrase from damage (16), nonce prefix (7), size of a chunk
(4, big endian).
"""

from __future__ import annotations

import hmac
import os
import struct
from collections.abc import Iterable, Iterator
from typing import IO, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from memoryoss_mcp.errors import VaultError
from memoryoss_mcp.vault.passphrase import COST, SALT_BYTES, check_passphrase, derive_key

MAGIC: Final = b"mOSSenc1"
CHUNK: Final = 1 << 20
_HEAD: Final = struct.Struct(f">8sB{SALT_BYTES}s16s7sI")
_TAG: Final = 16
_LARGEST: Final = 1 << 26
"""Bytes of a chunk that is accepted: a forged header must not ask for all memory."""


class EnvelopeDamagedError(VaultError):
    """An encrypted stream was cut, changed or put together anew. What came before is sound."""

    code = "envelope_damaged"


def seal(
    source: Iterable[bytes], passphrase: str, *, cost: int = COST, chunk: int = CHUNK
) -> Iterator[bytes]:
    """The encrypted stream of some blocks.

    Raises:
        VaultError: the passphrase is too short.
    """
    salt = os.urandom(SALT_BYTES)
    key, check = _keys(check_passphrase(passphrase), salt, cost)
    prefix = os.urandom(7)
    head = _HEAD.pack(MAGIC, cost, salt, check, prefix, chunk)
    yield head
    aead, number, waiting = AESGCM(key), 0, bytearray()
    for block in source:
        waiting += block
        # The last chunk is told when the source has ended: one is always kept back.
        while len(waiting) > chunk:
            yield aead.encrypt(_nonce(prefix, number, False), bytes(waiting[:chunk]), head)
            del waiting[:chunk]
            number += 1
    yield aead.encrypt(_nonce(prefix, number, True), bytes(waiting), head)


def opened(source: IO[bytes], passphrase: str) -> Iterator[bytes]:
    """The blocks of an encrypted stream, each checked before it is given.

    Raises:
        VaultError: the passphrase is wrong.
        EnvelopeDamagedError: the stream is not as it was written.
    """
    head = source.read(_HEAD.size)
    try:
        magic, cost, salt, check, prefix, chunk = _HEAD.unpack(head)
    except struct.error as error:
        raise EnvelopeDamagedError("It ends in its header.") from error
    if magic != MAGIC or not 0 < chunk <= _LARGEST:
        raise EnvelopeDamagedError("It does not begin as an encrypted file does.")
    key, expected = _keys(passphrase, salt, cost)
    if not hmac.compare_digest(check, expected):
        raise VaultError("The passphrase is wrong (or the first bytes of the file are damaged).")
    aead, number = AESGCM(key), 0
    block = source.read(chunk + _TAG)
    while True:
        following = source.read(chunk + _TAG)
        try:
            yield aead.decrypt(_nonce(prefix, number, not following), block, head)
        except (InvalidTag, ValueError) as error:
            raise EnvelopeDamagedError(
                f"Chunk {number + 1} is damaged or not all there."
            ) from error
        if not following:
            return
        block, number = following, number + 1


def is_sealed(start: bytes) -> bool:
    """Whether a file that begins so is an encrypted stream."""
    return start.startswith(MAGIC)


def _keys(passphrase: str, salt: bytes, cost: int) -> tuple[bytes, bytes]:
    """The key of the chunks, and the value that shows that it is the right one."""
    root = derive_key(passphrase, salt, cost)
    return (
        HKDFExpand(hashes.SHA256(), 32, b"memoryoss.envelope.chunks.v1").derive(root),
        HKDFExpand(hashes.SHA256(), 16, b"memoryoss.envelope.check.v1").derive(root),
    )


def _nonce(prefix: bytes, number: int, last: bool) -> bytes:
    return prefix + struct.pack(">IB", number, last)
