# SPDX-License-Identifier: AGPL-3.0-only
"""The key ring: the data keys of sealed namespaces, unwrapped by the provider when first needed."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from memoryoss_mcp.errors import VaultError
from memoryoss_mcp.vault.sealing import KEY_ID_BYTES, DataCipher, place

if TYPE_CHECKING:
    from memoryoss_mcp.vault.providers import KeyProvider


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A data key as it is kept: useless without the provider that wrapped it."""

    key_id: bytes
    provider: str
    wrapped: bytes


class KeyRing:
    """Unwraps each key once and holds it in memory. Thread-safe."""

    def __init__(self, provider: KeyProvider) -> None:
        self._provider = provider
        self._ciphers: dict[bytes, DataCipher] = {}
        self._guard = threading.Lock()

    @property
    def provider(self) -> str:
        """The name of the provider that wraps."""
        return self._provider.name

    def new_key(self, namespace: str) -> WrappedKey:
        """A new data key for a namespace, which can be used at once.

        Raises:
            VaultError: the provider refused.
        """
        key_id = os.urandom(KEY_ID_BYTES)
        made = self._provider.new_key(_context(namespace, key_id))
        with self._guard:
            self._ciphers[key_id] = DataCipher(key_id, made.secret)
        return WrappedKey(key_id, self.provider, made.wrapped)

    def cipher(self, namespace: str, key: WrappedKey) -> DataCipher:
        """The cipher of a key of a namespace.

        Raises:
            VaultError: the provider is another one, cannot be reached, or refused.
        """
        with self._guard:
            known = self._ciphers.get(key.key_id)
            if known is None:
                secret = self._unwrapped(namespace, key)
                known = self._ciphers[key.key_id] = DataCipher(key.key_id, secret)
            return known

    def known(self, key_id: bytes) -> DataCipher | None:
        """The cipher of a key that was unwrapped before."""
        return self._ciphers.get(key_id)

    def rewrapped(self, namespace: str, key: WrappedKey, provider: KeyProvider) -> WrappedKey:
        """A key as another provider (or another passphrase) wraps it. What it sealed stays."""
        context = _context(namespace, key.key_id)
        secret = self._unwrapped(namespace, key)
        return WrappedKey(key.key_id, provider.name, provider.wrap(secret, context))

    def drop(self, key_id: bytes) -> None:
        """Hold a key no longer."""
        with self._guard:
            self._ciphers.pop(key_id, None)

    def _unwrapped(self, namespace: str, key: WrappedKey) -> bytes:
        if key.provider != self.provider:
            raise VaultError(
                f"The keys of namespace {namespace!r} were wrapped by the provider "
                f"{key.provider!r}; the configuration has {self.provider!r}.",
                hint="Set [encryption] in the configuration to what it was when it was sealed.",
            )
        return self._provider.unwrap(key.wrapped, _context(namespace, key.key_id))


def _context(namespace: str, key_id: bytes) -> bytes:
    return place("memoryoss.data-key.v1", namespace, key_id)
