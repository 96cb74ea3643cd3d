# SPDX-License-Identifier: AGPL-3.0-only
"""Earlier versions of memories: what a change replaced, and who made that change."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

import apsw

from memoryoss_mcp.errors import StoreDamagedError
from memoryoss_mcp.model import Memory
from memoryoss_mcp.store import rows
from memoryoss_mcp.store.connection import fetch_all, fetch_one

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
        (number, memory.version, entry, _frozen(memory, author)),
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
        _thawed(record, namespace, entry)
        for entry, record in fetch_all(
            connection,
            "SELECT entry, record FROM past WHERE number = ? ORDER BY version",
            (number,),
        )
    ]


def texts(record: str) -> list[str]:
    """The texts of a kept version as they stood in its row."""
    try:
        fields, _, *author = json.loads(record)
        return [field for field in (*fields, *author) if isinstance(field, str)]
    except (TypeError, ValueError):
        return [record]  # damaged: as a whole


def missing(connection: apsw.Connection, number: int, memory: Memory) -> bool:
    """Whether a memory had versions that nobody knows any more."""
    (kept,) = fetch_one(connection, "SELECT count(*) FROM past WHERE number = ?", (number,))
    return bool(kept < memory.version - 1)


def _frozen(memory: Memory, author: Author) -> str:
    fields, edges = rows.bare(memory)
    plain = [{"hex": f.hex()} if isinstance(f, bytes) else f for f in fields]
    record = [plain, edges, author.session, author.source_key]
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"))


def _thawed(record: str, namespace: str, entry: int) -> Version:
    try:
        plain, edges, session, source_key = json.loads(record)
        fields: list[Any] = [bytes.fromhex(f["hex"]) if isinstance(f, dict) else f for f in plain]
        memory = rows.restored(fields, namespace, rows.linked(edges))
    except (KeyError, TypeError, ValueError) as error:
        raise StoreDamagedError("An earlier version of a memory is damaged.") from error
    return Version(memory, entry, Author(session, source_key))
