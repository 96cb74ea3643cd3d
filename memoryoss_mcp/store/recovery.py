# SPDX-License-Identifier: AGPL-3.0-only
"""Making what is derived anew from the rows, and saving what can be read of a damaged file."""

from __future__ import annotations

import contextlib
import itertools
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import apsw

from memoryoss_mcp.errors import ConflictError, MemoryOSSError, StoreDamagedError, StoreForeignError
from memoryoss_mcp.model import Memory
from memoryoss_mcp.store import changes, file, lexical, rows, schema, vectors
from memoryoss_mcp.store.changes import Analyse
from memoryoss_mcp.store.connection import (
    connect,
    fetch_all,
    fetch_one,
    translated,
    write_transaction,
)
from memoryoss_mcp.store.types import Finding, Progress
from memoryoss_mcp.store.vectors import EmbeddingModel

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
        memories = rows.select(connection, "1")
        for table in ("tag", "lexical", "posting"):
            connection.execute(f"DELETE FROM {table}")
        for done, (number, memory) in enumerate(memories):
            if done % _BATCH == 0:
                progress("rebuilding the lexical index", done, len(memories))
            rows.put_tags(connection, number, memory)
            lexical.put(connection, number, tuple(analyse(memory)))
        connection.execute(
            "DELETE FROM vector WHERE number NOT IN (SELECT number FROM memory)"
            " OR (model = ? AND length(data) <> ?)",
            (model.key, 4 + model.dimension),
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


def salvage(
    path: Path, model: tuple[str, str, int], analyse: Analyse, progress: Progress
) -> Finding:
    """Copy every memory that can still be read into a new file beside the damaged one."""
    stamp = f"{time.strftime('%Y%m%dT%H%M%S')}-{os.getpid()}"
    target = path.with_name(f"{path.stem}-salvaged-{stamp}.db")
    saved = lost = 0
    try:
        with contextlib.closing(connect(path)) as source, translated(path):
            if not fetch_one(source, "SELECT 1 FROM sqlite_schema WHERE name = 'memory'"):
                raise StoreForeignError(f"{path.name} holds no memories.")
            file.ensure(target, model)
            with contextlib.closing(connect(target)) as copy, translated(target):
                for batch in _batches(_readable(source)):
                    kept = _copy(source, copy, batch, analyse)
                    saved, lost = saved + kept, lost + len(batch) - kept
                    progress("salvaging", saved, saved)
            if saved == 0:
                raise StoreDamagedError(f"No memory of {path.name} can be read.")
    except MemoryOSSError as error:
        for part in (target, Path(f"{target}-wal"), Path(f"{target}-shm")):
            part.unlink(missing_ok=True)
        return Finding("salvage", "error", f"Nothing could be salvaged. {error}")
    return Finding(
        "salvage",
        "warning",
        f"{saved} memories were salvaged into {target.name}, {lost} could not be read. "
        f"{path.name} was left untouched; to use the copy, move it to that name.",
    )


def _batches(found: Iterator[_Row]) -> Iterator[list[_Row]]:
    while batch := list(itertools.islice(found, _BATCH)):
        yield batch


def _copy(
    source: apsw.Connection, copy: apsw.Connection, batch: Sequence[_Row], analyse: Analyse
) -> int:
    """Insert the readable ones of a batch. Returns how many."""
    kept = 0
    with write_transaction(copy):
        model = vectors.current_model(copy)
        if model is None:
            raise StoreDamagedError("The new file names no embedding model.")
        for number, memory in batch:
            if isinstance(memory, MemoryOSSError):
                continue
            vector = _vector(source, number, model)
            entry = changes.Entry(memory, tuple(analyse(memory)), vector)
            try:
                changes.insert(copy, model, [entry], "salvage")
            except ConflictError:
                continue  # damage shows one memory in two places
            kept += 1
    return kept


def _readable(connection: apsw.Connection) -> Iterator[_Row]:
    """Rows by key, going on behind a damaged page as long as any key can be read."""
    try:
        yield from rows.every(connection)
        return
    except apsw.Error:
        pass  # the key listing itself is damaged: walk the keys below instead
    for ns, following in _spaces(connection):
        for slot in range(following):
            yield from rows.attempt(connection, [rows.row_number(ns, slot)])


def _spaces(connection: apsw.Connection) -> list[tuple[int, int]]:
    """Namespaces with the number of slots that were ever used in them."""
    changed = fetch_one(connection, "SELECT value FROM setting WHERE name = 'seq'")[0]
    found = fetch_all(connection, "SELECT ns, next_slot FROM namespace")
    return [(ns, min(following, changed)) for ns, following in found]


def _vector(connection: apsw.Connection, number: int, wanted: EmbeddingModel) -> bytes | None:
    """The vector of a memory if it can be read and the same model made it."""
    try:
        row: Any = fetch_one(
            connection,
            "SELECT v.data FROM vector v JOIN embedding_model e ON e.model = v.model"
            " WHERE v.number = ? AND e.name = ? AND e.revision = ? AND e.dimension = ?",
            (number, wanted.name, wanted.revision, wanted.dimension),
        )
    except (apsw.Error, UnicodeDecodeError):
        return None
    return row[0] if row is not None and len(row[0]) == 4 + wanted.dimension else None
