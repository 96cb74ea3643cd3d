# SPDX-License-Identifier: AGPL-3.0-only
"""Sealing a namespace, opening it for good, and changing its key.

Sealing and unsealing are one transaction each: a namespace is sealed or it is not. A change of the
key is many: the new key seals all that is written from then on, a walk over the rows seals the
others anew, batch by batch, and how far it came is kept with the key, so that any process can go on
where another was killed. Every value names its key, so that reading never waits for the walk.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import apsw

from memoryoss_mcp.errors import KeyStateError, NotFoundError
from memoryoss_mcp.model import Memory, now
from memoryoss_mcp.store import ledger, lexical, past, rows, sealing, syncing, trust, vectors
from memoryoss_mcp.store.changes import namespace_key
from memoryoss_mcp.store.connection import fetch_all, fetch_one
from memoryoss_mcp.store.schema import SLOT_BITS
from memoryoss_mcp.store.sealing import Seal
from memoryoss_mcp.store.types import Progress

if TYPE_CHECKING:
    from memoryoss_mcp.vault.ring import WrappedKey

WALK_BATCH: Final = 200
"""Rows that are sealed anew in one transaction: 20 to 40 milliseconds."""

_REPORT: Final = 250


@dataclass(frozen=True, slots=True)
class DataKey:
    """A key of a sealed namespace. ``id`` names it for people (``key-<namespace>-<number>``);
    ``rotated`` tells how many rows it has sealed anew of how many (``None``: all is done).
    ``expires_at`` is when a retired key goes."""

    id: str
    namespace: str
    provider: str
    created_at: int
    current: bool
    rotated: tuple[int, int] | None
    retired_at: int | None
    expires_at: int | None


def data_keys(connection: apsw.Connection) -> list[DataKey]:
    """All data keys, by namespace, the oldest first."""
    found = fetch_all(
        connection,
        "SELECT k.ns, n.name, k.number, k.provider, k.created_at, k.key IS n.key, k.walked,"
        " k.retired_at, k.expires_at FROM data_key k JOIN namespace n ON n.ns = k.ns"
        " ORDER BY n.name, k.number",
    )
    return [
        DataKey(
            f"key-{name}-{number}",
            name,
            provider,
            created,
            bool(current),
            None if walked is None else _progress(connection, ns, walked),
            retired,
            expires,
        )
        for ns, name, number, provider, created, current, walked, retired, expires in found
    ]


def _progress(connection: apsw.Connection, ns: int, walked: int) -> tuple[int, int]:
    """About how many memories were walked over, of how many: told by the slots, not counted."""
    live, following = fetch_one(
        connection, "SELECT live, next_slot FROM namespace WHERE ns = ?", (ns,)
    )
    slots = walked - rows.number_range(ns)[0] + 1
    return live * min(slots, following) // max(following, 1), live


def seal(
    connection: apsw.Connection,
    name: str,
    key: WrappedKey,
    subject: str,
    progress: Progress,
) -> int:
    """Seal a namespace, inside the caller's transaction; one without memories is made. Returns how
    many memories were sealed.

    Raises:
        KeyStateError: it is sealed already.
    """
    connection.execute(
        "INSERT OR IGNORE INTO namespace(name, created_at) VALUES(?,?)", (name, now())
    )
    ns = _key_of(connection, name)
    if sealing.of(connection, ns) is not None:
        raise KeyStateError(f"Namespace {name!r} is sealed already.")
    kept = trust.taken(connection, ns)
    connection.execute("DELETE FROM posting WHERE ns = ?", (ns,))
    vectors.leave(connection, ns)
    _add_key(connection, ns, key, None)
    syncing.seal_digests(connection, ns)
    count = _rewrite(connection, ns, None, "sealing", progress)
    trust.put_back(connection, ns, kept)
    _finish(connection, ns)
    ledger.append(connection, "seal", name, subject, None, 0)
    return count


def unseal(connection: apsw.Connection, name: str, subject: str, progress: Progress) -> int:
    """Keep a sealed namespace in clear again, inside the caller's transaction. Its keys go. Returns
    how many memories were opened.

    Raises:
        SealedError: its key cannot be had; nothing was changed.
        KeyStateError: it is not sealed.
    """
    ns = _key_of(connection, name)
    before = sealing.of(connection, ns)
    if before is None:
        raise KeyStateError(f"Namespace {name!r} is not sealed.")
    kept = trust.taken(connection, ns)
    connection.execute("UPDATE namespace SET key = NULL WHERE ns = ?", (ns,))
    count = _rewrite(connection, ns, before, "unsealing", progress)
    trust.put_back(connection, ns, kept)
    connection.execute("DELETE FROM data_key WHERE ns = ?", (ns,))
    _finish(connection, ns)
    ledger.append(connection, "unseal", name, subject, None, 0)
    return count


def rotate(connection: apsw.Connection, name: str, key: WrappedKey, subject: str) -> None:
    """Give a sealed namespace a new key: it seals all that is written from now on. What is there is
    sealed anew by :func:`walk`.

    Raises:
        KeyStateError: the namespace is not sealed.
        SealedError: its present key cannot be had.
    """
    ns = _key_of(connection, name)
    if sealing.of(connection, ns) is None:
        raise KeyStateError(f"Namespace {name!r} is not sealed.")
    # A walk to a key that is not the newest any more has nothing left to do.
    connection.execute("UPDATE data_key SET walked = NULL WHERE ns = ?", (ns,))
    kept = trust.taken(connection, ns)
    _add_key(connection, ns, key, rows.number_range(ns)[0] - 1)
    trust.put_back(connection, ns, kept)
    ledger.append(connection, "rotate", name, subject, None, 0)


def rotating(connection: apsw.Connection) -> list[str]:
    """The namespaces that are being sealed anew."""
    found = fetch_all(
        connection,
        "SELECT DISTINCT n.name FROM data_key k JOIN namespace n ON n.ns = k.ns"
        " WHERE k.walked IS NOT NULL ORDER BY n.name",
    )
    return [name for (name,) in found]


def walk(connection: apsw.Connection, name: str, grace_ns: int) -> bool:
    """Seal the next rows of a namespace with its new key, inside the caller's transaction. When
    none is left the keys before it retire. Returns whether there is more to do."""
    ns = namespace_key(connection, name)
    row = fetch_one(
        connection,
        "SELECT key, walked FROM data_key WHERE ns = ? AND walked IS NOT NULL",
        (ns,),
    )
    if ns is None or row is None:
        return False
    key, walked = row
    seal = sealing.of(connection, ns)
    numbers = [
        number
        for (number,) in fetch_all(
            connection,
            "SELECT number FROM memory WHERE number > ? AND number <= ? ORDER BY number LIMIT ?",
            (walked, rows.number_range(ns)[1], WALK_BATCH),
        )
    ]
    for number, memory in rows.read(connection, numbers).items():
        _reseal(connection, number, memory, seal)
    if numbers:
        connection.execute("UPDATE data_key SET walked = ? WHERE key = ?", (numbers[-1], key))
        return True
    retired = now()
    connection.execute("UPDATE data_key SET walked = NULL WHERE key = ?", (key,))
    connection.execute(
        "UPDATE data_key SET retired_at = ?, expires_at = ? WHERE ns = ? AND key <> ?"
        " AND retired_at IS NULL",
        (retired, retired + grace_ns, ns, key),
    )
    return False


def revoke(connection: apsw.Connection, key_id: str, subject: str) -> None:
    """Delete a retired key before its time.

    Raises:
        NotFoundError: there is no such key.
        KeyStateError: memories may still need it.
    """
    for key in data_keys(connection):
        if key.id != key_id:
            continue
        if key.retired_at is None:
            raise KeyStateError(
                f"{key_id} is in use: memories are sealed with it.",
                hint="Rotate first; a key retires when nothing is sealed with it any more.",
            )
        connection.execute(
            "DELETE FROM data_key WHERE ns = ? AND number = ?",
            (namespace_key(connection, key.namespace), int(key_id.rpartition("-")[2])),
        )
        ledger.append(connection, "revoke", key.namespace, subject, None, 0)
        return
    raise NotFoundError(f"There is no key {key_id!r}.", hint="'memoryoss keys' lists them.")


def expire(connection: apsw.Connection) -> int:
    """Delete the retired keys whose time has come. Returns how many."""
    connection.execute("DELETE FROM data_key WHERE expires_at <= ?", (now(),))
    return connection.changes()


def due(connection: apsw.Connection) -> bool:
    """Whether a retired key waits to be deleted."""
    found: int = fetch_one(
        connection, "SELECT EXISTS (SELECT 1 FROM data_key WHERE expires_at <= ?)", (now(),)
    )[0]
    return bool(found)


def wrapped(connection: apsw.Connection, name: str) -> list[WrappedKey]:
    """The keys of a namespace as they are kept."""
    from memoryoss_mcp.vault.ring import WrappedKey  # start-up time: loads cryptography

    return [
        WrappedKey(*row)
        for row in fetch_all(
            connection,
            "SELECT key, provider, wrapped FROM data_key WHERE ns = ?",
            (namespace_key(connection, name),),
        )
    ]


def rewrap(connection: apsw.Connection, changed: list[WrappedKey]) -> None:
    """Keep some keys as another provider has wrapped them."""
    connection.executemany(
        "UPDATE data_key SET provider = ?, wrapped = ? WHERE key = ?",
        [(key.provider, key.wrapped, key.key_id) for key in changed],
    )


# Inside ---------------------------------------------------------------------------------------


def _key_of(connection: apsw.Connection, name: str) -> int:
    ns = namespace_key(connection, name)
    if ns is None:
        raise NotFoundError(f"There is no namespace {name!r}.")
    return ns


def _numbers(connection: apsw.Connection, ns: int) -> list[int]:
    found = fetch_all(connection, "SELECT number FROM memory WHERE ns = ? ORDER BY number", (ns,))
    return [number for (number,) in found]


def _add_key(connection: apsw.Connection, ns: int, key: WrappedKey, walked: int | None) -> None:
    connection.execute(
        "INSERT INTO data_key(key, ns, number, provider, wrapped, created_at, walked)"
        " VALUES(?,?,1 + (SELECT ifnull(max(number), 0) FROM data_key WHERE ns = ?),?,?,?,?)",
        (key.key_id, ns, ns, key.provider, key.wrapped, now(), walked),
    )
    connection.execute("UPDATE namespace SET key = ? WHERE ns = ?", (key.key_id, ns))


def _rewrite(
    connection: apsw.Connection,
    ns: int,
    before: Seal | None,
    step: str,
    progress: Progress,
) -> int:
    """Write all rows of a namespace as it keeps them now; ``before`` opens what they are. Returns
    how many there are."""
    numbers = _numbers(connection, ns)
    model = vectors.current_model(connection)
    sealed = sealing.of(connection, ns) is not None
    for start in range(0, len(numbers), WALK_BATCH):
        progress(step, start, len(numbers))
        batch = numbers[start : start + WALK_BATCH]
        for number, memory in rows.read(connection, batch).items():
            vector = _reseal(connection, number, memory, before)
            if not sealed and model is not None:
                present = vector[1] if vector is not None and vector[0] == model.key else None
                vectors.enter(connection, model, number, memory, present)
    progress(step, len(numbers), len(numbers))
    return len(numbers)


def _reseal(
    connection: apsw.Connection, number: int, memory: Memory, before: Seal | None
) -> tuple[int, bytes] | None:
    """Write everything of one memory anew, as its namespace keeps it now. Returns model and vector
    (opened)."""
    past.reseal(connection, number, memory.id.bytes)
    rows.reseal(connection, number, memory)
    lexical.reseal(connection, number, memory)
    row = fetch_one(connection, "SELECT model, data FROM vector WHERE number = ?", (number,))
    if row is None:
        return None
    key, data = memory.id.bytes, row[1]
    plain = data if before is None else before.open("vector", key, data)
    seal = sealing.of(connection, number >> SLOT_BITS)
    data = plain if seal is None else seal.close("vector", key, plain)
    connection.execute("UPDATE vector SET data = ? WHERE number = ?", (data, number))
    return row[0], plain


def _finish(connection: apsw.Connection, ns: int) -> None:
    """All terms are in the tail now; let every process that has the namespace in memory load it
    anew."""
    connection.execute(
        "UPDATE namespace SET tail = (SELECT count(*) FROM lexical WHERE number BETWEEN ? AND ?)"
        " WHERE ns = ?",
        (*rows.number_range(ns), ns),
    )
    seq = fetch_one(
        connection, "UPDATE setting SET value = value + 1 WHERE name = 'seq' RETURNING value"
    )[0]
    connection.execute("UPDATE namespace SET seq = ?, packs = packs + 1 WHERE ns = ?", (seq, ns))
