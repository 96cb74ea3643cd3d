# SPDX-License-Identifier: AGPL-3.0-only
"""The keys of sealed namespaces as a service: sealing, rotation to its end, what is kept for how
long."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from memoryoss_mcp.config import Config
from memoryoss_mcp.errors import MemoryOSSError
from memoryoss_mcp.model import check_namespace
from memoryoss_mcp.store.custodian import Sealed
from memoryoss_mcp.store.custody import DataKey
from memoryoss_mcp.store.store import Store
from memoryoss_mcp.store.types import Progress

if TYPE_CHECKING:
    from memoryoss_mcp.vault.ring import KeyRing

_log = logging.getLogger("memoryoss")


@dataclass(frozen=True, slots=True)
class Rotated:
    """A rotation: how many memories were sealed anew, and whether all are."""

    namespace: str
    memories: int
    complete: bool


class LazyRing:
    """The key ring of a configuration, opened when the first sealed namespace is met. Thread-safe.
    ``ask`` gives a passphrase that the environment has not."""

    def __init__(self, config: Config, ask: Callable[[], str] | None = None) -> None:
        self._config = config
        self._ask = ask
        self._ring: KeyRing | None = None
        self._guard = threading.Lock()

    def __call__(self) -> KeyRing:
        """The ring.

        Raises:
            VaultError: the provider cannot be used.
        """
        from memoryoss_mcp.vault.providers import open_provider  # start-up time: cryptography
        from memoryoss_mcp.vault.ring import KeyRing

        with self._guard:
            if self._ring is None:
                config = self._config
                provider = open_provider(config.encryption, config.keys_dir, ask=self._ask)
                self._ring = KeyRing(provider)
            return self._ring


class Keys:
    """What a runtime does with the keys of its store."""

    def __init__(self, config: Config, store: Store) -> None:
        self._config = config
        self._custodian = store.custodian

    def data_keys(self) -> list[DataKey]:
        """All data keys, by namespace, the oldest first."""
        return self._custodian.data_keys()

    def locked(self) -> dict[str, str]:
        """The sealed namespaces whose keys cannot be had, with the reason."""
        return self._custodian.locked()

    def seal(self, namespace: str, progress: Progress, *, dry_run: bool = False) -> Sealed:
        """Seal a namespace, and remove from disk what was in clear; see
        :meth:`memoryoss_mcp.store.custodian.Custodian.seal`."""
        self._check(namespace)
        return self._custodian.seal(namespace, progress, dry_run=dry_run)

    def unseal(self, namespace: str, progress: Progress, *, dry_run: bool = False) -> Sealed:
        """Keep a sealed namespace in clear again.

        Raises:
            SealedError, KeyStateError, NotFoundError: nothing was changed.
        """
        self._check(namespace)
        return self._custodian.unseal(namespace, progress, dry_run=dry_run)

    def rotate(self, namespace: str, progress: Progress) -> Rotated:
        """Give a sealed namespace a new key and seal everything with it. Ended in the middle, it
        goes on with :meth:`resume`, here or in any other process.

        Raises:
            SealedError, KeyStateError, NotFoundError: nothing was changed.
        """
        self._check(namespace)
        self._custodian.rotate(namespace)
        return self._walk(namespace, progress)

    def resume(self, progress: Progress, stop: Callable[[], bool] = lambda: False) -> list[Rotated]:
        """Bring the rotations that are under way to their end, and let retired keys go whose time
        has come. ``stop`` ends it between two batches."""
        done = []
        for namespace in self._custodian.rotating():
            if not stop():
                done.append(self._walk(namespace, progress, stop))
        if not stop():
            self._custodian.expire()
        return done

    def revoke(self, key_id: str) -> None:
        """Delete a retired key before its time.

        Raises:
            NotFoundError, KeyStateError: nothing was changed.
        """
        self._custodian.revoke(key_id)

    def rewrap(self, config: Config, ask: Callable[[], str] | None = None) -> int:
        """Let the provider of another configuration wrap all keys. Returns how many there are.

        Raises:
            SealedError, VaultError: nothing was changed.
        """
        from memoryoss_mcp.vault.providers import open_provider  # start-up time: cryptography

        return self._custodian.rewrap(open_provider(config.encryption, config.keys_dir, ask=ask))

    def _walk(
        self, namespace: str, progress: Progress, stop: Callable[[], bool] = lambda: False
    ) -> Rotated:
        grace_s = self._config.encryption.grace_period_secs
        more = True
        while more and not stop():
            more = self._custodian.walk(namespace, grace_s)
            progress("sealing anew", *self._rotated(namespace))
        done, whole = self._rotated(namespace)
        return Rotated(namespace, done if more else whole, not more)

    def _rotated(self, namespace: str) -> tuple[int, int]:
        for key in self.data_keys():
            if key.namespace == namespace and key.rotated is not None:
                return key.rotated
        count = self._custodian.count(namespace)
        return count, count

    def _check(self, namespace: str) -> None:
        check_namespace(namespace, self._config.limits.max_namespace_length)


def finish_rotations(keys: Keys, stop: Callable[[], bool]) -> None:
    """:meth:`Keys.resume` for a background thread: what fails is told and tried again later."""
    try:
        for rotated in keys.resume(lambda *_: None, stop):
            if rotated.complete:
                _log.info("%s is sealed with its new key", rotated.namespace)
    except MemoryOSSError as error:
        _log.warning("sealing with a new key has to wait: %s", error)
