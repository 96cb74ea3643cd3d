# SPDX-License-Identifier: AGPL-3.0-only
"""The registry of who signs: identities, revocations, pins and catalogs.

What was decided here and what a catalog says stand beside each other, told apart by ``catalog``,
which is empty for what was decided here. So an import can replace what its catalog said before and
can undo nothing else. What follows from all of it: :mod:`memoryoss_mcp.portable.trust.registry`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any, Final

import apsw

from memoryoss_mcp.store import ledger
from memoryoss_mcp.store.connection import fetch_all
from memoryoss_mcp.store.foreign import ForeignFile

HERE: Final = ""
"""The ``catalog`` of what was decided here."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody who signs. ``public_key`` has 32 bytes; an identity of the original has none."""

    id: str
    catalog: str
    kind: str
    label: str
    public_key: bytes | None
    registered_at: int


@dataclass(frozen=True, slots=True)
class Revocation:
    """An identity whose signatures are no longer good."""

    id: str
    catalog: str
    kind: str
    reason: str
    revoked_at: int
    replacement: str | None


@dataclass(frozen=True, slots=True)
class Restoration:
    """An identity that is good here whatever catalogs say of it."""

    id: str
    restored_at: int


@dataclass(frozen=True, slots=True)
class Pin:
    """An identity that is known here whatever becomes of the catalogs that name it."""

    id: str
    public_key: bytes
    pinned_at: int


@dataclass(frozen=True, slots=True)
class Catalog:
    """The newest import of a catalog. ``signer`` is who signed it; ``None`` for one of the
    original, which are unsigned."""

    id: str
    label: str
    signer: str | None
    sequence: int
    exported_at: int
    imported_at: int


@dataclass(frozen=True, slots=True)
class Issued:
    """The newest export of a catalog that is made here."""

    catalog: str
    sequence: int
    issued_at: int


Row = Identity | Revocation | Restoration | Pin | Catalog | Issued


@dataclass(frozen=True, slots=True)
class Rows:
    """What the registry holds, each kind by its keys."""

    identities: tuple[Identity, ...] = ()
    revocations: tuple[Revocation, ...] = ()
    restorations: tuple[Restoration, ...] = ()
    pins: tuple[Pin, ...] = ()
    catalogs: tuple[Catalog, ...] = ()
    issued: tuple[Issued, ...] = ()


@dataclass(frozen=True, slots=True)
class Edit:
    """One change: rows to add (or to put in the place of those with the same keys) and to remove.
    In the ledger it is one entry, whose ``namespace`` is what the change is ``about``: the id of an
    identity or a catalog."""

    action: str
    about: str
    add: tuple[Row, ...] = ()
    remove: tuple[Row, ...] = ()
    version: int = 0


Rule = Callable[[Rows], Sequence[Edit]]
"""Decides, of one state of the registry, what changes."""

_TABLES: Final[dict[type[Any], tuple[str, int]]] = {
    Identity: ("identity", 2),
    Revocation: ("revocation", 2),
    Restoration: ("restoration", 1),
    Pin: ("pin", 1),
    Catalog: ("catalog", 1),
    Issued: ("issued", 1),
}
"""The table of a row, and how many of its first columns are its key."""


def read(connection: apsw.Connection, ids: Sequence[str] | None = None) -> Rows:
    """The registry; with ``ids`` without the identities, revocations, restorations and pins of
    others."""

    def rows(kind: type[Any]) -> tuple[Any, ...]:
        table, _ = _TABLES[kind]
        names = ", ".join(field.name for field in fields(kind))
        chosen = ""
        values: tuple[str, ...] = ()
        if ids is not None and names.startswith("id, ") and kind is not Catalog:
            chosen, values = f"WHERE id IN ({','.join('?' * len(ids))})", tuple(ids)
        found = fetch_all(connection, f"SELECT {names} FROM {table} {chosen} ORDER BY 1, 2", values)
        return tuple(kind(*row) for row in found)

    return Rows(*map(rows, _TABLES))


def edit(connection: apsw.Connection, rule: Rule, subject: str) -> tuple[Edit, ...]:
    """Change the registry as a rule says, and record it in the ledger; in the caller's transaction.
    Returns what was changed."""
    edits = tuple(rule(read(connection)))
    for one in edits:
        for row in one.remove:
            table, keys = _TABLES[type(row)]
            condition = " AND ".join(f"{field.name} = ?" for field in fields(row)[:keys])
            connection.execute(f"DELETE FROM {table} WHERE {condition}", astuple(row)[:keys])
        for row in one.add:
            table, _ = _TABLES[type(row)]
            places = ",".join("?" * len(fields(row)))
            connection.execute(f"INSERT OR REPLACE INTO {table} VALUES({places})", astuple(row))
        ledger.append(connection, one.action, one.about, subject, None, one.version)
    return edits


class RegistryFile:
    """The registry in a memory file that is only looked at: nothing is made or changed, not even
    beside it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def registry(self, ids: Sequence[str] | None = None) -> Rows:
        """See :func:`read`. A file of an older release has none.

        Raises:
            InvalidInputError: the file cannot be read.
        """
        with ForeignFile(self._path) as file:
            if "identity" not in file.tables():
                return Rows()
            return file.ask(lambda connection: read(connection, ids))
