# SPDX-License-Identifier: AGPL-3.0-only
"""The keys of a store as a service: sealing, unsealing, rotation, and what has to follow them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import apsw

from memoryoss_mcp.errors import NotFoundError, SealedError, VaultError
from memoryoss_mcp.store import changes, custody, residue, sealing
from memoryoss_mcp.store.connection import fetch_all, fetch_one
from memoryoss_mcp.store.custody import DataKey
from memoryoss_mcp.store.residue import Erasure, Gone
from memoryoss_mcp.store.types import Progress

if TYPE_CHECKING:
    from memoryoss_mcp.store.sealing import Keys
    from memoryoss_mcp.vault.providers import KeyProvider

SEARCHED: Final = 2_000
"""Memories whose bytes are searched for after sealing; the file is rewritten in any case."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """What sealing or unsealing did (in a dry run: would do): how many memories it wrote anew, and,
    after sealing, where their bytes were searched for."""

    namespace: str
    memories: int
    dry_run: bool
    erasure: Erasure | None = None


class Custodian:
    """``write`` runs an operation in a transaction of the writer, ``reading`` gives a connection
    inside a read transaction."""

    def __init__(
        self,
        path: Path,
        write: Callable[[Callable[[apsw.Connection], Any]], Any],
        reading: Callable[[], AbstractContextManager[apsw.Connection]],
        keys: Keys | None,
        subject: str,
    ) -> None:
        self._path = path
        self._write = write
        self._reading = reading
        self._keys = keys
        self._subject = subject
        self._known: set[str] = set()

    def data_keys(self) -> list[DataKey]:
        """All data keys, by namespace, the oldest first."""
        with self._reading() as connection:
            return custody.data_keys(connection)

    def locked(self) -> dict[str, str]:
        """The sealed namespaces whose keys cannot be had, with the reason."""
        with self._reading() as connection:
            spaces = sealing.sealed_spaces(connection)
            return {spaces[ns]: str(error) for ns, error in sealing.locked(connection).items()}

    def seal(self, name: str, progress: Progress, *, dry_run: bool = False) -> Sealed:
        """Seal a namespace and remove what was on disk in clear: from the file, its log and the
        snapshots. Durable when this returns.

        Raises:
            SealedError: the provider gives no key; nothing was changed.
            KeyStateError: it is sealed already.
        """
        if dry_run:
            return Sealed(name, self.count(name), True)
        key = self._ring(name).new_key

        def seal(connection: apsw.Connection) -> tuple[int, Gone]:
            gone = _in_clear(connection, name)
            made = custody.seal(connection, name, fresh, self._subject, progress)
            return made, gone

        try:
            fresh = key(name)
        except VaultError as error:
            raise sealing.sealed_error(name, error) from error
        count, gone = self._write(seal)
        progress("erasing what was in clear", 0, 1)
        erasure = residue.erase(self._path, gone)
        progress("erasing what was in clear", 1, 1)
        return Sealed(name, count, False, erasure)

    def seal_new(self, names: set[str]) -> None:
        """Make those of some namespaces that are not there yet, sealed.

        Raises:
            SealedError: the provider gives no key; nothing was made.
        """
        for name in names - self._known:
            with self._reading() as connection:
                there = changes.namespace_key(connection, name) is not None
            if not there:
                self._make(name)
            self._known.add(name)

    def _make(self, name: str) -> None:
        try:
            key = self._ring(name).new_key(name)
        except VaultError as error:
            raise sealing.sealed_error(name, error) from error

        def make(connection: apsw.Connection) -> None:
            if changes.namespace_key(connection, name) is None:  # another process may have been
                custody.seal(connection, name, key, self._subject, lambda *_: None)

        self._write(make)

    def unseal(self, name: str, progress: Progress, *, dry_run: bool = False) -> Sealed:
        """Keep a sealed namespace in clear again.

        Raises:
            SealedError: its key cannot be had; nothing was changed.
            KeyStateError: it is not sealed.
        """
        if dry_run:
            return Sealed(name, self.count(name), True)
        count = self._write(lambda c: custody.unseal(c, name, self._subject, progress))
        return Sealed(name, count, False)

    def rotate(self, name: str) -> None:
        """Give a sealed namespace a new key; :meth:`walk` then seals anew what is there.

        Raises:
            SealedError: the provider gives no key; nothing was changed.
            KeyStateError: it is not sealed.
        """
        try:
            key = self._ring(name).new_key(name)
        except VaultError as error:
            raise sealing.sealed_error(name, error) from error
        self._write(lambda c: custody.rotate(c, name, key, self._subject))

    def rotating(self) -> list[str]:
        """The namespaces that are being sealed anew."""
        with self._reading() as connection:
            return custody.rotating(connection)

    def walk(self, name: str, grace_s: int) -> bool:
        """Seal the next rows of a namespace with its new key. Returns whether there is more to
        do."""
        more: bool = self._write(lambda c: custody.walk(c, name, grace_s * 1_000_000_000))
        return more

    def expire(self) -> int:
        """Delete the retired keys whose time has come. Returns how many."""
        with self._reading() as connection:
            if not custody.due(connection):
                return 0
        count: int = self._write(custody.expire)
        return count

    def revoke(self, key_id: str) -> None:
        """Delete a retired key before its time.

        Raises:
            NotFoundError, KeyStateError: nothing was changed.
        """
        self._write(lambda c: custody.revoke(c, key_id, self._subject))

    def rewrap(self, provider: KeyProvider) -> int:
        """Let another provider (or another passphrase) wrap all keys; what they sealed stays as it
        is. Returns how many keys there are.

        Raises:
            SealedError: a key cannot be had; nothing was changed.
        """
        with self._reading() as connection:
            spaces = sealing.sealed_spaces(connection).values()
            kept = {name: custody.wrapped(connection, name) for name in spaces}
        changed = []
        for name, keys in kept.items():
            try:
                ring = self._ring(name)
                changed += [ring.rewrapped(name, key, provider) for key in keys]
            except VaultError as error:
                raise sealing.sealed_error(name, error) from error
        self._write(lambda c: custody.rewrap(c, changed))
        return len(changed)

    def _ring(self, name: str) -> Any:
        if self._keys is None:
            raise SealedError(f"Namespace {name!r} cannot be sealed: no keys are at hand.")
        try:
            return self._keys()
        except VaultError as error:
            raise sealing.sealed_error(name, error) from error

    def count(self, name: str) -> int:
        """How many memories a namespace has.

        Raises:
            NotFoundError: there is no such namespace.
        """
        with self._reading() as connection:
            ns = changes.namespace_key(connection, name)
            if ns is None:
                raise NotFoundError(f"There is no namespace {name!r}.")
            found: int = fetch_one(connection, "SELECT count(*) FROM memory WHERE ns = ?", (ns,))[0]
        return found


def _in_clear(connection: apsw.Connection, name: str) -> Gone:
    """What has to be erased when a namespace has been sealed."""
    newest = fetch_all(
        connection,
        "SELECT m.number FROM memory m JOIN namespace n ON n.ns = m.ns WHERE n.name = ?"
        " ORDER BY m.number DESC LIMIT ?",
        (name, SEARCHED),
    )
    values = residue.values(connection, [number for (number,) in newest])
    note = residue.note(connection)
    return Gone(name, (), tuple(values), unsearchable=True, note=note, sealed=True)
