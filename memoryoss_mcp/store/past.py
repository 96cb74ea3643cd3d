# SPDX-License-Identifier: AGPL-3.0-only
"""Earlier versions of memories: what a change replaced, and who made that change."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

import apsw

from memoryoss_mcp.errors import StoreDamagedError
from memoryoss_mcp.model import Memory
from memoryoss_mcp.store import rows, sealing
from memoryoss_mcp.store.connection import fetch_all, fetch_one
from memoryoss_mcp.store.schema import SLOT_BITS

KEPT: Final = 50
"""Earlier versions that are kept of one memory, the newest."""


@dataclass(frozen=True, slots=True)
class Author:
    """Where a change comes from, beside the client that the ledger names."""

    session: str | None = None
    source_key: str | None = None


@dataclass(frozen=True, slots=True)
class Version:
    """A memory as it was before the change that the ledger has under ``entry``."""

    memory: Memory
    entry: int
    author: Author


NOBODY: Final = Author()


def keep(
    connection: apsw.Connection, number: int, memory: Memory, entry: int, author: Author = NOBODY
) -> None:
    """Keep a memory as it is now, inside the transaction that changes it."""
    connection.execute(
        "INSERT OR REPLACE INTO past VALUES(?,?,?,?)",
        (number, memory.version, entry, _frozen(connection, number, memory, author)),
    )
    if memory.version > KEPT:
        connection.execute(
            "DELETE FROM past WHERE number = ? AND version <= ?", (number, memory.version - KEPT)
        )


def drop(connection: apsw.Connection, number: int) -> None:
    """Delete the earlier versions of a memory."""
    connection.execute("DELETE FROM past WHERE number = ?", (number,))


def versions(connection: apsw.Connection, number: int, namespace: str) -> list[Version]:
    """The earlier versions of a memory, oldest first."""
    return [
        _thawed(_opened(connection, number, version, record), namespace, entry)
        for version, entry, record in fetch_all(
            connection,
            "SELECT version, entry, record FROM past WHERE number = ? ORDER BY version",
            (number,),
        )
    ]


def texts(record: str | bytes) -> list[str | bytes]:
    """The texts of a kept version as they stood in its row; a sealed one as a whole."""
    if isinstance(record, bytes):
        return [record]
    try:
        fields, _, *author = json.loads(record)
        return [field for field in (*fields, *author) if isinstance(field, str)]
    except (TypeError, ValueError):
        return [record]  # damaged: as a whole


def missing(connection: apsw.Connection, number: int, memory: Memory) -> bool:
    """Whether a memory had versions that nobody knows any more."""
    (kept,) = fetch_one(connection, "SELECT count(*) FROM past WHERE number = ?", (number,))
    return bool(kept < memory.version - 1)


def reseal(connection: apsw.Connection, number: int, memory_id: bytes) -> None:
    """Write the earlier versions of a memory anew: sealed with the present key, or in clear."""
    seal = sealing.of(connection, number >> SLOT_BITS)
    for version, record in fetch_all(
        connection, "SELECT version, record FROM past WHERE number = ?", (number,)
    ):
        plain = _opened(connection, number, version, record)
        connection.execute(
            "UPDATE past SET record = ? WHERE number = ? AND version = ?",
            (_closed(seal, memory_id, version, plain), number, version),
        )


def _opened(connection: apsw.Connection, number: int, version: int, record: str | bytes) -> str:
    if isinstance(record, str):
        return record
    row = fetch_one(connection, "SELECT id FROM memory WHERE number = ?", (number,))
    if row is None:
        raise StoreDamagedError("An earlier version belongs to no memory.")
    seal = sealing.opener(connection, number >> SLOT_BITS)
    return seal.open(f"version {version}", row[0], record).decode()


def _closed(seal: sealing.Seal | None, memory_id: bytes, version: int, record: str) -> str | bytes:
    return record if seal is None else seal.close(f"version {version}", memory_id, record.encode())


def _frozen(
    connection: apsw.Connection, number: int, memory: Memory, author: Author
) -> str | bytes:
    fields, edges = rows.bare(memory)
    plain = [{"hex": f.hex()} if isinstance(f, bytes) else f for f in fields]
    record = [plain, edges, author.session, author.source_key]
    text = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
    seal = sealing.of(connection, number >> SLOT_BITS)
    return _closed(seal, memory.id.bytes, memory.version, text)


def _thawed(record: str, namespace: str, entry: int) -> Version:
    try:
        plain, edges, session, source_key = json.loads(record)
        fields: list[Any] = [bytes.fromhex(f["hex"]) if isinstance(f, dict) else f for f in plain]
        memory = rows.restored(fields, namespace, rows.linked(edges))
    except (KeyError, TypeError, ValueError) as error:
        raise StoreDamagedError("An earlier version of a memory is damaged.") from error
    return Version(memory, entry, Author(session, source_key))
