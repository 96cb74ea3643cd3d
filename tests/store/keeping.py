# SPDX-License-Identifier: AGPL-3.0-only
"""A key provider for stores without a configuration, and ways to look for what leaks."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

from memoryoss_mcp.errors import VaultError
from memoryoss_mcp.store.store import Store
from memoryoss_mcp.vault.providers import DataKey
from memoryoss_mcp.vault.ring import KeyRing
from tests.store import support


class Wrapping:
    """A provider that keeps its keys to itself; ``reachable`` can be taken away."""

    def __init__(self) -> None:
        self.name = "memory"
        self.reachable = True
        self._kept: dict[bytes, tuple[bytes, bytes]] = {}

    def new_key(self, context: bytes) -> DataKey:
        secret = secrets.token_bytes(32)
        return DataKey(secret, self.wrap(secret, context))

    def wrap(self, key: bytes, context: bytes) -> bytes:
        if not self.reachable:
            raise VaultError("The provider does not answer.")
        wrapped = secrets.token_bytes(16)
        self._kept[wrapped] = key, context
        return wrapped

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        if not self.reachable or wrapped not in self._kept:
            raise VaultError("The provider does not answer.")
        key, made_for = self._kept[wrapped]
        if made_for != context:
            raise VaultError("That key belongs to something else.")
        return key


class Place:
    """A folder with a store in it, opened as often as wished, each time with a ring of its own."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "memoryoss.db"
        self.provider = Wrapping()

    def ring(self) -> KeyRing:
        """A ring that knows no key yet."""
        return KeyRing(self.provider)

    def open(self, **more: Any) -> Store:
        """The store; the caller closes it."""
        rings: list[KeyRing] = []

        def keys() -> KeyRing:
            if not rings:
                rings.append(self.ring())
            return rings[0]

        return support.open_store(self.path, keys=keys, **more)

    def unsound(self) -> list[str]:
        """What the doctor finds wrong."""
        return support.unsound(self.path, keys=self.ring)

    def leaks(self, words: list[str]) -> dict[str, list[str]]:
        """The files of the folder that hold any of some words."""
        files = support.bytes_of_files(self.path.parent)
        found = {
            name: [word for word in words if word.encode() in data] for name, data in files.items()
        }
        return {name: held for name, held in found.items() if held}


def silent(_step: str, _done: int, _total: int) -> None:
    """Progress that nobody watches."""


def canaries(count: int) -> list[str]:
    """Words that are nowhere else."""
    return [f"canary{secrets.token_hex(8)}" for _ in range(count)]
