# SPDX-License-Identifier: AGPL-3.0-only
"""Making what is derived anew from the rows, and saving what can be read of a damaged file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import apsw

from memoryoss_mcp.errors import MemoryOSSError, StoreDamagedError
from memoryoss_mcp.model import Memory
from memoryoss_mcp.store import changes, lexical, rows, schema, sealing, vectors
from memoryoss_mcp.store.changes import Analyse
from memoryoss_mcp.store.connection import (
    fetch_all,
    fetch_one,
    write_transaction,
)
from memoryoss_mcp.store.types import Progress

_BATCH: Final = 500

_Row = tuple[int, Memory | MemoryOSSError]


@dataclass(frozen=True, slots=True)
class Counters:
    """Live memories, terms, tail, pending and next slot of a namespace: as kept, as counted."""

    ns: int
    name: str
    kept: tuple[int, ...]
    actual: tuple[int, ...]


def count(connection: apsw.Connection) -> list[Counters]:
    """The counters of every namespace. A next slot is right if it lies behind every slot ever used
    and is no larger than the number of changes."""
    counted = []
    for row in fetch_all(connection, _COUNT):
        ns, name, live, terms, tail, pending, slot, *actual, used, changed = row
        following = slot if used < slot <= changed else used + 1
        counted.append(Counters(ns, name, (live, terms, tail, pending, slot), (*actual, following)))
    return counted


_COUNT = f"""
SELECT n.ns, n.name, n.live, n.terms, n.tail, n.pending, n.next_slot,
  (SELECT count(*) FROM memory m WHERE m.ns = n.ns),
  (SELECT ifnull(sum(length), 0) FROM lexical l WHERE l.number >> {schema.SLOT_BITS} = n.ns),
  (SELECT count(*) FROM lexical l WHERE l.number >> {schema.SLOT_BITS} = n.ns AND packed = 0),
  (SELECT count(*) FROM memory m WHERE m.ns = n.ns AND NOT EXISTS (SELECT 1 FROM vector v
     WHERE v.number = m.number AND v.model = (SELECT value FROM setting WHERE name = 'model'))),
  max((SELECT ifnull(max(number & {schema.SLOT_MASK}), -1) FROM memory m WHERE m.ns = n.ns),
      (SELECT ifnull(max(number & {schema.SLOT_MASK}), -1) FROM tombstone t WHERE t.ns = n.ns)),
  (SELECT value FROM setting WHERE name = 'seq')
FROM namespace n
"""


def rebuild(connection: apsw.Connection, analyse: Analyse, progress: Progress) -> None:
    """Make everything derived anew from the rows, in one transaction.

    Raises:
        StoreDamagedError: a row cannot be read; nothing was changed.
    """
    with write_transaction(connection):
        model = vectors.current_model(connection)
        if model is None:
            raise StoreDamagedError("The file names no embedding model.")
        locked = sorted(sealing.locked(connection))
        spaces = ",".join(map(str, locked))
        memories = rows.select(connection, f"m.ns NOT IN ({spaces})")
        for table, ns in (
            ("tag", "ns"),
            ("lexical", f"number >> {schema.SLOT_BITS}"),
            ("posting", "ns"),
        ):
            connection.execute(f"DELETE FROM {table} WHERE {ns} NOT IN ({spaces})")
        for done, (number, memory) in enumerate(memories):
            if done % _BATCH == 0:
                progress("rebuilding the lexical index", done, len(memories))
            rows.put_tags(connection, number, memory)
            lexical.put(connection, number, memory, tuple(analyse(memory)))
        connection.execute(
            "DELETE FROM vector WHERE number NOT IN (SELECT number FROM memory)"
            " OR (model = ? AND length(data) NOT IN (?, ?))",
            (model.key, 4 + model.dimension, 4 + model.dimension + sealing.OVERHEAD),
        )
        progress("rebuilding the vector index", len(memories), len(memories))
        vectors.rebuild(connection, model, memories)
        seq = fetch_one(
            connection, "UPDATE setting SET value = value + 1 WHERE name = 'seq' RETURNING value"
        )[0]
        for counters in count(connection):
            connection.execute(
                "UPDATE namespace SET live = ?, terms = ?, tail = ?, pending = ?, next_slot = ?,"
                " seq = ?, packs = packs + 1 WHERE ns = ?",
                (*counters.actual, seq, counters.ns),
            )
        changes.pack_tails(connection, lexical.TAIL_LIMIT)
