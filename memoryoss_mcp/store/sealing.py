# SPDX-License-Identifier: AGPL-3.0-only
"""Sealed namespaces: what is kept of a memory, and how it is opened again.

In clear are ids, times, states, counts and links, without which nothing could be listed, filtered
or decayed. Everything that a memory says (content, tags, labels, hash, review events, governance),
its earlier versions, its terms and its vector are sealed, each with its place as associated data;
the labels that are looked up are tokens. There are no postings and no ``vector_index``: those are
made in memory when the namespace is first searched.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import apsw

from memoryoss_mcp.errors import SealedError, StoreDamagedError, VaultError
from memoryoss_mcp.store.connection import KeyedConnection, fetch_all, fetch_one

if TYPE_CHECKING:
    from memoryoss_mcp.vault.ring import KeyRing
    from memoryoss_mcp.vault.sealing import DataCipher

OVERHEAD: Final = 37
"""Bytes that sealing adds (:data:`memoryoss_mcp.vault.sealing.OVERHEAD`)."""

Keys = Callable[[], "KeyRing"]
"""Gives the key ring; asked when the first sealed value is met."""


class Seal:
    """Closes and opens what belongs to one sealed namespace. ``key`` is the id of the key that
    seals now, ``None`` where nothing is to be sealed any more."""

    def __init__(
        self, connection: apsw.Connection, ring: KeyRing, ns: int, name: str, key: bytes | None
    ) -> None:
        self.name = name
        self.key = key
        self._connection = connection
        self._ring = ring
        self._ns = ns
        self._present = self._cipher(key) if key is not None else None

    def close(self, kind: str, memory: bytes, plain: bytes) -> bytes:
        """Some bytes of a kind that belong to a memory (its id; empty: to the namespace), sealed
        with the present key."""
        return self._sealing().seal(plain, _place(kind, self.name, memory))

    def open(self, kind: str, memory: bytes, sealed: bytes) -> bytes:
        """What :meth:`close` was given, whichever key of the namespace sealed it.

        Raises:
            SealedError: the key cannot be had.
            StoreDamagedError: the bytes are not what was sealed for this place.
        """
        from memoryoss_mcp.vault.sealing import key_id_of  # start-up time: most never seal

        try:
            key = key_id_of(sealed)
        except VaultError as error:
            raise self._damaged(kind) from error
        cipher = self._cipher(key)
        try:
            return cipher.open(sealed, _place(kind, self.name, memory))
        except VaultError as error:
            raise self._damaged(kind) from error

    def token(self, field: str, label: str) -> str:
        """What stands on disk for a label under the present key."""
        return self._sealing().token(field, label)

    def tokens(self, field: str, label: str) -> tuple[str, ...]:
        """What may stand on disk for a label: while keys are rotated, there are several."""
        keys = fetch_all(
            self._connection,
            "SELECT key FROM data_key WHERE ns = ? AND retired_at IS NULL",
            (self._ns,),
        )
        return tuple(self._cipher(key).token(field, label) for (key,) in keys)

    def _sealing(self) -> DataCipher:
        if self._present is None:
            raise SealedError(f"Namespace {self.name!r} is not sealed any more.")
        return self._present

    def _cipher(self, key: bytes) -> DataCipher:
        known = self._ring.known(key)
        if known is not None:
            return known
        from memoryoss_mcp.vault.ring import WrappedKey  # start-up time

        row = fetch_one(
            self._connection,
            "SELECT provider, wrapped FROM data_key WHERE key = ? AND ns = ?",
            (key, self._ns),
        )
        if row is None:
            raise SealedError(
                f"A key of namespace {self.name!r} ({key.hex()}) is not in the file any more.",
                hint="Restore a backup that still has it.",
            )
        try:
            return self._ring.cipher(self.name, WrappedKey(key, *row))
        except VaultError as error:
            raise sealed_error(self.name, error) from error

    def _damaged(self, kind: str) -> StoreDamagedError:
        return StoreDamagedError(
            f"A sealed {kind} of namespace {self.name!r} is damaged.",
            hint="Run 'memoryoss doctor' to see how much, '--repair' to salvage the rest.",
        )


def of(connection: apsw.Connection, ns: int) -> Seal | None:
    """The seal of a namespace, ``None`` if it is not sealed.

    Raises:
        SealedError: its key cannot be had.
    """
    row = fetch_one(connection, "SELECT name, key FROM namespace WHERE ns = ?", (ns,))
    if row is None or row[1] is None:
        return None
    return _seal(connection, ns, *row)


def opener(connection: apsw.Connection, ns: int) -> Seal:
    """The seal of a namespace that has, or until just now had, sealed values.

    Raises:
        SealedError: its key cannot be had.
    """
    row = fetch_one(connection, "SELECT name, key FROM namespace WHERE ns = ?", (ns,))
    return _seal(connection, ns, *(row or ("", None)))


def opener_of(connection: apsw.Connection, ns: int, name: str) -> Seal:
    """:func:`opener` for a namespace of which only the name is known for certain.

    Raises:
        SealedError: its key cannot be had.
    """
    return _seal(connection, ns, name, None)


def _seal(connection: apsw.Connection, ns: int, name: str, key: bytes | None) -> Seal:
    if not isinstance(connection, KeyedConnection) or connection.keys is None:
        raise SealedError(f"Namespace {name!r} is sealed, and no keys are at hand.")
    known = connection.seals.get(ns)
    if known is None or known.key != key or known.name != name:
        try:
            ring = connection.keys()
        except VaultError as error:
            raise sealed_error(name, error) from error
        known = connection.seals[ns] = Seal(connection, ring, ns, name, key)
    return known


def tokens(connection: apsw.Connection, ns: int, field: str, label: str) -> tuple[str, ...]:
    """What to look for where rows hold a label: itself, or in a sealed namespace its tokens."""
    seal = of(connection, ns)
    return (label,) if seal is None else seal.tokens(field, label)


def sealed_spaces(connection: apsw.Connection) -> dict[int, str]:
    """The names of the sealed namespaces, by row key."""
    found = fetch_all(connection, "SELECT ns, name FROM namespace WHERE key IS NOT NULL")
    return dict(found)


def locked(connection: apsw.Connection) -> dict[int, SealedError]:
    """The sealed namespaces whose keys cannot be had, by row key, each with the reason."""
    found = {}
    for ns in sealed_spaces(connection):
        try:
            of(connection, ns)
        except SealedError as error:
            found[ns] = error
    return found


def sealed_error(name: str, error: VaultError) -> SealedError:
    """A provider's refusal, as what it means for a namespace."""
    return SealedError(
        f"Namespace {name!r} is sealed, and its key cannot be had: {error.message}",
        hint=error.hint,
    )


def _place(kind: str, name: str, memory: bytes) -> bytes:
    from memoryoss_mcp.vault.sealing import place  # start-up time

    return place(kind, name, memory)
