# SPDX-License-Identifier: AGPL-3.0-only
"""Reading a sealed namespace for searching: row by row, opened, in the order of its slots."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import apsw

from memoryoss_mcp.errors import StoreDamagedError
from memoryoss_mcp.store import sealed_terms, sealing, vectors
from memoryoss_mcp.store.rows import number_range
from memoryoss_mcp.store.schema import SLOT_MASK
from memoryoss_mcp.store.sealed_terms import SealedEntry

_READ = (
    "SELECT m.number, m.id, m.created_at, m.memory_type, m.status, m.origin, m.archived,"
    " v.data, l.length, l.terms FROM memory m LEFT JOIN lexical l ON l.number = m.number"
    " LEFT JOIN vector v ON v.number = m.number AND v.model = ?"
    " WHERE {which} ORDER BY m.number"
)
# In the order of the table, without sorting what may be hundreds of megabytes.
_ALL = _READ.format(which="m.number BETWEEN ? AND ?")
_CHANGED = _READ.format(which="m.ns = ? AND m.seq > ?")


@dataclass(frozen=True, slots=True)
class SealedRow:
    """What searching needs of one memory. ``flags`` are those of its columns (the others are in
    its entry), ``vector`` is as :func:`memoryoss_mcp.store.vectors.encode` made it."""

    slot: int
    created: int
    flags: int
    vector: bytes | None
    length: int
    entry: SealedEntry


def sealed_rows(
    connection: apsw.Connection, ns: int, model: int, since: int | None = None
) -> Iterator[SealedRow]:
    """The memories of a sealed namespace, or those that changed after sequence number ``since``.

    Raises:
        SealedError: its key cannot be had.
        StoreDamagedError: an entry is missing or damaged.
    """
    seal = sealing.opener(connection, ns)
    if since is None:
        found = connection.execute(_ALL, (model, *number_range(ns)))
    else:
        found = connection.execute(_CHANGED, (model, ns, since))
    for number, key, created, kind, status, origin, archived, data, length, terms in found:
        if terms is None:
            raise StoreDamagedError(
                f"A memory of namespace {seal.name!r} has no lexical entry.",
                hint="Run 'memoryoss doctor --repair': it is made anew from the memories.",
            )
        vector = None if data is None else seal.open("vector", key, data)
        yield SealedRow(
            slot=number & SLOT_MASK,
            created=created,
            flags=vectors.state_flags(kind, status, origin, bool(archived), vector is not None),
            vector=vector,
            length=length,
            entry=sealed_terms.unpack(seal.open("terms", key, terms)),
        )
