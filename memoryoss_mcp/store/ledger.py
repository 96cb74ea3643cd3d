# SPDX-License-Identifier: AGPL-3.0-only
"""The audit ledger: one entry per change of a memory, each chained to the one before."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import apsw

from memoryoss_mcp.errors import StoreDamagedError
from memoryoss_mcp.model import now
from memoryoss_mcp.store.connection import fetch_all, fetch_one

DOMAIN: Final = b"memoryoss.ledger.v1"
GENESIS: Final = hashlib.sha256(DOMAIN + b" genesis").digest()


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One change: ``action`` is store, update, forget, review and so on; ``subject`` is who asked.
    Where reads are recorded, recall, inspect, list and export are actions too, of version 0."""

    entry: int
    at: int
    action: str
    namespace: str
    subject: str
    memory: UUID | None
    version: int
    previous: bytes
    hash: bytes

    def computed_hash(self) -> bytes:
        """SHA-256 over a domain tag and all fields, each with its length in front, so that no
        two different entries have the same bytes."""
        digest = hashlib.sha256(DOMAIN)
        parts = (
            struct.pack(">qq", self.entry, self.at),
            self.action.encode(),
            self.namespace.encode(),
            self.subject.encode(),
            self.memory.bytes if self.memory else b"",
            struct.pack(">q", self.version),
            self.previous,
        )
        for part in parts:
            digest.update(struct.pack(">I", len(part)))
            digest.update(part)
        return digest.digest()


def append(
    connection: apsw.Connection,
    action: str,
    namespace: str,
    subject: str,
    memory: UUID | None,
    version: int,
) -> int:
    """Add one entry inside the caller's transaction. Returns its number.

    Raises:
        StoreDamagedError: there is no hash to go on from.
    """
    last = fetch_one(connection, "SELECT entry, hash FROM ledger ORDER BY entry DESC LIMIT 1")
    if last and not isinstance(last[1], bytes):
        raise StoreDamagedError(
            "The last entry of the ledger is damaged; nothing of this write was kept.",
            hint="Run 'memoryoss doctor --repair': it salvages into a new file beside it.",
        )
    number, previous = (last[0] + 1, last[1]) if last else (1, GENESIS)
    entry = LedgerEntry(number, now(), action, namespace, subject, memory, version, previous, b"")
    connection.execute(
        "INSERT INTO ledger VALUES(?,?,?,?,?,?,?,?,?)",
        (
            number,
            entry.at,
            action,
            namespace,
            subject,
            memory.bytes if memory else None,
            version,
            previous,
            entry.computed_hash(),
        ),
    )
    return number


@dataclass(frozen=True, slots=True)
class LedgerQuery:
    """Which entries to show: all of the file, or those of a namespace, a memory or an action.
    ``before`` is exclusive: the number of an entry, for the page after one."""

    limit: int = 50
    namespace: str | None = None
    memory: UUID | None = None
    action: str | None = None
    before: int | None = None


@dataclass(frozen=True, slots=True)
class LedgerReport:
    """How many entries there are, the hash of the last one, and what is wrong with the chain
    (``None`` when it holds). ``signed`` is the last entry that was signed, ``None`` without any."""

    entries: int
    head: bytes
    problem: str | None
    signed: int | None = None


def read(connection: apsw.Connection, query: LedgerQuery) -> list[LedgerEntry]:
    """Entries, newest first."""
    parts, values = ["entry < ?"], [_BEYOND if query.before is None else query.before]
    wanted: dict[str, Any] = {
        "namespace": query.namespace,
        "memory": None if query.memory is None else query.memory.bytes,
        "action": query.action,
    }
    for column, value in wanted.items():
        if value is not None:
            parts.append(f"{column} = ?")
            values.append(value)
    condition = " AND ".join(parts)
    return [
        _entry(row)
        for row in connection.execute(
            f"SELECT * FROM ledger WHERE {condition} ORDER BY entry DESC LIMIT ?",
            (*values, query.limit),
        )
    ]


def walk(connection: apsw.Connection, after: int, limit: int) -> list[LedgerEntry]:
    """Up to ``limit`` entries behind number ``after``, oldest first."""
    return [
        _entry(row)
        for row in connection.execute(
            "SELECT * FROM ledger WHERE entry > ? ORDER BY entry LIMIT ?", (after, limit)
        )
    ]


def report(connection: apsw.Connection) -> LedgerReport:
    """Walk the whole chain; see :func:`verify`."""
    number, head = end(connection)
    return LedgerReport(number, head, verify(connection))


def has_forgotten(connection: apsw.Connection, namespace: str, memory: UUID) -> bool:
    """Whether a memory of a namespace was forgotten at some time."""
    found = fetch_all(
        connection,
        "SELECT 1 FROM ledger WHERE memory = ? AND namespace = ? AND action = 'forget' LIMIT 1",
        (memory.bytes, namespace),
    )
    return bool(found)


def end(connection: apsw.Connection) -> tuple[int, bytes]:
    """Number and hash of the last entry."""
    last = fetch_one(connection, "SELECT entry, hash FROM ledger ORDER BY entry DESC LIMIT 1")
    return last or (0, GENESIS)


_BEYOND: Final = 1 << 62


def _entry(row: Any) -> LedgerEntry:
    number, at, action, namespace, subject, memory, version, previous, digest = row
    try:
        key = UUID(bytes=memory) if memory else None
        return LedgerEntry(number, at, action, namespace, subject, key, version, previous, digest)
    except (TypeError, ValueError) as error:
        raise StoreDamagedError(
            f"Entry {number} of the ledger is damaged.", hint="Run 'memoryoss audit verify'."
        ) from error


def verify(connection: apsw.Connection) -> str | None:
    """Walk the whole chain. ``None`` when it holds, else a sentence about the first break."""
    previous, expected = GENESIS, 1
    row: Any
    for row in connection.execute("SELECT * FROM ledger ORDER BY entry"):
        number, at, action, namespace, subject, memory, version, before, digest = row
        if number != expected:
            return f"entry {expected} is missing"
        if before != previous:
            return f"entry {number} does not follow the entry before it"
        try:
            key = UUID(bytes=memory) if memory else None
            entry = LedgerEntry(
                number, at, action, namespace, subject, key, version, before, digest
            )
            intact = entry.computed_hash() == digest
        except (AttributeError, TypeError, ValueError, struct.error):
            intact = False  # a value of another type than any entry has
        if not intact:
            return f"entry {number} was altered"
        previous, expected = digest, expected + 1
    return None
