# SPDX-License-Identifier: AGPL-3.0-only
"""Memories as rows: writing them, reading them back, and noticing when a row was damaged."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import apsw

from memoryoss_mcp.errors import SealedError, StoreDamagedError
from memoryoss_mcp.model import (
    EmbeddingState,
    Lineage,
    Memory,
    MemoryType,
    Origin,
    Outcomes,
    QueueKind,
    ReviewAction,
    ReviewEvent,
    Status,
    TeamGovernance,
)
from memoryoss_mcp.store import sealing
from memoryoss_mcp.store.connection import fetch_all
from memoryoss_mcp.store.schema import SLOT_BITS, SLOT_MASK

COLUMNS: Final = (
    "number, ns, id, seq, content, tags, agent, session, memory_type, status, version, created_at,"
    " updated_at, origin, client, source_key, content_hash, archived, confidence, evidence_count,"
    " last_verified_at, superseded_by, injection_count, reuse_count, confirm_count, reject_count,"
    " supersede_count, last_injected_at, last_reused_at, last_outcome_at, review_events,"
    " team_governance, digest"
)
_INSERT: Final = (
    f"INSERT INTO memory({COLUMNS}, sealed) VALUES({','.join('?' * len(COLUMNS.split(',')))},?)"
)
_READ: Final = (
    "SELECT "
    + ", ".join("m." + name.strip() for name in COLUMNS.split(","))
    + ", e.name, e.revision, n.name, EXISTS(SELECT 1 FROM edge WHERE number = m.number),"
    " m.sealed FROM memory m LEFT JOIN namespace n ON n.ns = m.ns"
    " LEFT JOIN vector v ON v.number = m.number LEFT JOIN embedding_model e"
    " ON e.model = v.model AND e.model = (SELECT value FROM setting WHERE name = 'model')"
)

Edges = dict[str, tuple[UUID, ...]]
"""Targets of the edges of one memory, by kind."""

EDGES: Final = ("derived_from", "contradicts_with", "updates")
"""Kinds of edges: the fields of a lineage that name several memories."""

_BATCH: Final = 500

# Enumerations are slow to look up by value, and most memories have neither outcomes nor lineage.
_TYPES: Final = {member.value: member for member in MemoryType}
_STATUSES: Final = {member.value: member for member in Status}
_ORIGINS: Final = {member.value: member for member in Origin}
_NO_OUTCOMES: Final = Outcomes()
_NEVER: Final = (0, 0, 0, 0, 0, None, None, None)
_NO_LINEAGE: Final = Lineage()


def row_number(ns: int, slot: int) -> int:
    """The row key of a slot of a namespace."""
    return ns << SLOT_BITS | slot


def number_range(ns: int) -> tuple[int, int]:
    """First and last row key of a namespace."""
    return ns << SLOT_BITS, ns << SLOT_BITS | SLOT_MASK


def insert(connection: apsw.Connection, number: int, ns: int, memory: Memory) -> None:
    """Insert the row of a new memory with its tags and edges.

    Raises:
        apsw.ConstraintError: another row of the namespace has the same id, or the row key is taken.
    """
    fields, sealed = _fields(number, ns, memory), None
    seal = sealing.of(connection, ns)
    if seal is not None:
        fields, sealed = _closed(fields, seal)
    connection.execute(_INSERT, (*fields, _digest(fields, sealed), sealed))
    put_tags(connection, number, memory)
    if memory.lineage != _NO_LINEAGE:
        connection.executemany(
            "INSERT OR IGNORE INTO edge VALUES(?,?,?)",
            [
                (number, kind, target.bytes)
                for kind in EDGES
                for target in getattr(memory.lineage, kind)
            ],
        )


def rewrite(connection: apsw.Connection, number: int, ns: int, memory: Memory) -> None:
    """Replace the row of a memory, its tags and edges."""
    remove(connection, number)
    insert(connection, number, ns, memory)


def reseal(connection: apsw.Connection, number: int, memory: Memory) -> None:
    """Write what a memory says anew, as its namespace keeps it now: sealed with the present key, or
    in clear. Everything else of its row stays."""
    ns = number >> SLOT_BITS
    fields, sealed = _fields(number, ns, memory), None
    seal = sealing.of(connection, ns)
    if seal is not None:
        fields, sealed = _closed(fields, seal)
    said = [fields[place] for place in _SAID]
    connection.execute(_RESEAL, (*said, _digest(fields, sealed), sealed, number))
    if memory.tags:
        connection.execute("DELETE FROM tag WHERE number = ?", (number,))
        put_tags(connection, number, memory)


def put_tags(connection: apsw.Connection, number: int, memory: Memory) -> None:
    """Enter the tags of a memory into the table that filters use."""
    ns = number >> SLOT_BITS
    seal = sealing.of(connection, ns) if memory.tags else None
    tags = [seal.token("tag", tag) for tag in memory.tags] if seal else memory.tags
    connection.executemany(
        "INSERT OR IGNORE INTO tag VALUES(?,?,?)", [(ns, tag, number) for tag in tags]
    )


def remove(connection: apsw.Connection, number: int) -> None:
    """Delete the row of a memory with its tags and edges."""
    connection.execute("DELETE FROM memory WHERE number = ?", (number,))
    connection.execute("DELETE FROM tag WHERE number = ?", (number,))
    connection.execute("DELETE FROM edge WHERE number = ?", (number,))


def read(connection: apsw.Connection, numbers: Sequence[int]) -> dict[int, Memory]:
    """Memories by row key; keys without a row are left out.

    Raises:
        StoreDamagedError: a row does not match its digest.
    """
    return dict(_select(connection, "m.number IN carray(?)", _carray(numbers))) if numbers else {}


def every(connection: apsw.Connection) -> Iterator[tuple[int, Memory | StoreDamagedError]]:
    """All memories by row key, those of locked namespaces left out; a damaged one as the error that
    reading it gave."""
    locked = sealing.locked(connection)
    numbers = [
        number
        for (number,) in fetch_all(connection, "SELECT number FROM memory ORDER BY number")
        if number >> SLOT_BITS not in locked
    ]
    for start in range(0, len(numbers), _BATCH):
        yield from attempt(connection, numbers[start : start + _BATCH])


def attempt(
    connection: apsw.Connection, numbers: Sequence[int]
) -> Iterator[tuple[int, Memory | StoreDamagedError]]:
    """Those of some memories that are there; a damaged one as the error that reading it gave."""
    try:
        found = read(connection, numbers)
    except (StoreDamagedError, apsw.Error, TypeError, ValueError) as error:
        if len(numbers) == 1:
            yield numbers[0], StoreDamagedError(f"Row {numbers[0]}: {error}")
            return
        for number in numbers:
            yield from attempt(connection, [number])
    else:
        yield from sorted(found.items())


def find(
    connection: apsw.Connection, ns: int, ids: Sequence[UUID]
) -> dict[UUID, tuple[int, Memory]]:
    """Row key and memory of each id that the namespace has."""
    found: dict[UUID, tuple[int, Memory]] = {}
    for memory_id in ids:
        rows = _select(connection, "m.ns = ? AND m.id = ?", ns, memory_id.bytes)
        for number, memory in rows:
            found[memory_id] = (number, memory)
    return found


def edges(connection: apsw.Connection, numbers: Sequence[int]) -> dict[int, Edges]:
    """The edges of memories, by row key; those without any are left out."""
    found: dict[int, Edges] = {}
    if not numbers:
        return found
    for number, kind, target in connection.execute(
        "SELECT number, kind, target FROM edge WHERE number IN carray(?) ORDER BY target",
        (_carray(numbers),),
    ):
        kinds = found.setdefault(number, {})
        kinds[kind] = (*kinds.get(kind, ()), UUID(bytes=target))
    return found


def replacements(connection: apsw.Connection, numbers: Sequence[int]) -> list[tuple[int, int]]:
    """Pairs (newer, older) among some memories of one namespace, by row key: the newer says anew
    what the older says."""
    if not numbers:
        return []
    tied = fetch_all(
        connection,
        "SELECT number, target FROM edge WHERE number IN carray(?) AND kind = 'updates'",
        (_carray(numbers),),
    )
    among, found = set(numbers), []
    for newer, target in tied:
        older = fetch_all(
            connection,
            "SELECT number FROM memory WHERE ns = ? AND id = ?",
            (newer >> SLOT_BITS, target),
        )
        found += [(newer, number) for (number,) in older if number in among]
    return found


def behind(
    connection: apsw.Connection, ns: int, number: int, limit: int
) -> list[tuple[int, Memory]]:
    """Up to ``limit`` memories of a namespace with row keys above ``number``, in order."""
    first, last = number_range(ns)
    return select(
        connection,
        "m.number BETWEEN ? AND ? ORDER BY m.number LIMIT ?",
        max(first, number + 1),
        last,
        limit,
    )


def by_id(
    connection: apsw.Connection, ns: int, after: bytes, limit: int
) -> list[tuple[int, Memory]]:
    """Up to ``limit`` memories of a namespace with ids above ``after``, in the order of the ids."""
    return select(connection, "m.ns = ? AND m.id > ? ORDER BY m.id LIMIT ?", ns, after, limit)


def by_hash(
    connection: apsw.Connection, ns: int, content_hashes: Sequence[str]
) -> dict[str, tuple[Memory, ...]]:
    """The memories of a namespace by the hash of their content, oldest first."""
    found: dict[str, tuple[Memory, ...]] = {}
    for content_hash in dict.fromkeys(content_hashes):
        kept = sealing.tokens(connection, ns, "content_hash", content_hash)
        marks = ",".join("?" * len(kept))
        condition = f"m.ns = ? AND m.content_hash IN ({marks}) ORDER BY m.number"
        if memories := select(connection, condition, ns, *kept):
            found[content_hash] = tuple(memory for _, memory in memories)
    return found


def bare(memory: Memory) -> tuple[tuple[Any, ...], dict[str, list[str]]]:
    """The :data:`COLUMNS` of a memory without a place, for :func:`restored`, and its edges, for
    :func:`linked`."""
    fields = _fields(0, 0, memory)
    edges = {kind: [str(key) for key in getattr(memory.lineage, kind)] for kind in EDGES}
    return (*fields, _digest(fields)), {kind: keys for kind, keys in edges.items() if keys}


def linked(edges: Mapping[str, Sequence[str]]) -> Edges:
    """Edges as :func:`bare` gave them."""
    return {kind: tuple(UUID(key) for key in keys) for kind, keys in edges.items()}


def restored(
    row: Sequence[Any],
    namespace: str,
    edges: Edges,
    sealed: bytes | None = None,
    seal: sealing.Seal | None = None,
) -> Memory:
    """The memory of the bare :data:`COLUMNS` of a row, without its vector; ``seal`` opens what it
    said.

    Raises:
        StoreDamagedError: the row does not match its digest.
        SealedError: it is sealed, and nothing opens it.
    """
    _check(row[:32], sealed, row[32], namespace)
    if sealed is not None:
        if seal is None:
            raise SealedError(f"A memory of namespace {namespace!r} is sealed.")
        row = (*_opened(row[:32], sealed, seal), row[32])
    return _memory((*row, None, None), namespace, edges)


def check(row: Sequence[Any], sealed: bytes | None) -> None:
    """Whether the bare :data:`COLUMNS` of a row are as they were written.

    Raises:
        StoreDamagedError: they are not.
    """
    _check(row[:32], sealed, row[32], "")


def damaged(connection: apsw.Connection, ns: int) -> list[StoreDamagedError]:
    """The rows of a namespace that do not match their digests, as errors. Nothing is opened."""
    found = []
    for *row, sealed in connection.execute(
        f"SELECT {COLUMNS}, sealed FROM memory WHERE ns = ?", (ns,)
    ):
        try:
            check(row, sealed)
        except StoreDamagedError as error:
            found.append(error)
    return found


def select(connection: apsw.Connection, condition: str, *values: Any) -> list[tuple[int, Memory]]:
    """Memories of rows that fulfil an SQL condition on ``m`` (a row of ``memory``)."""
    return list(_select(connection, condition, *values))


def _carray(numbers: Sequence[int]) -> Any:
    from array import array

    return apsw.carray(array("q", numbers))


def _select(
    connection: apsw.Connection, condition: str, *values: Any
) -> Iterable[tuple[int, Memory]]:
    rows = fetch_all(connection, f"{_READ} WHERE {condition}", values)
    linked = edges(connection, [row[0] for row in rows if row[36]])
    for row in rows:
        if row[35] is None:
            raise StoreDamagedError(
                f"A memory belongs to a namespace ({row[1]}) that is not there.",
                hint="Run 'memoryoss doctor' to see how much, '--repair' to salvage the rest.",
            )
        _check(row[:32], row[37], row[32], row[35])
        if row[37] is not None:
            row = (*_opened(row[:32], row[37], sealing.opener(connection, row[1])), *row[32:])
        yield row[0], _memory(row, row[35], linked.get(row[0], {}))


def _fields(number: int, ns: int, memory: Memory) -> tuple[Any, ...]:
    outcomes, lineage = memory.outcomes, memory.lineage
    return (
        number,
        ns,
        memory.id.bytes,
        memory.sequence,
        memory.content,
        json.dumps(memory.tags, ensure_ascii=False, separators=(",", ":")),
        memory.agent,
        memory.session,
        memory.memory_type.value,
        memory.status.value,
        memory.version,
        memory.created_at,
        memory.updated_at,
        memory.origin.value,
        memory.client,
        memory.source_key,
        memory.content_hash,
        int(memory.archived),
        memory.confidence,
        memory.evidence_count,
        memory.last_verified_at,
        lineage.superseded_by.bytes if lineage.superseded_by else None,
        outcomes.injection_count,
        outcomes.reuse_count,
        outcomes.confirm_count,
        outcomes.reject_count,
        outcomes.supersede_count,
        outcomes.last_injected_at,
        outcomes.last_reused_at,
        outcomes.last_outcome_at,
        json.dumps([_event_out(event) for event in memory.review_events]),
        _governance_out(memory.team_governance),
    )


_SAID: Final = (4, 5, 6, 7, 14, 15, 16, 30, 31)
"""Places of the fields that are sealed: content, tags, agent, session, client, source_key,
content_hash, review_events, team_governance."""
_RESEAL: Final = (
    "UPDATE memory SET "
    + ", ".join(f"{COLUMNS.split(',')[place].strip()} = ?" for place in _SAID)
    + ", digest = ?, sealed = ? WHERE number = ?"
)
_LOOKED_UP: Final = {6: "agent", 7: "session", 16: "content_hash"}


def _closed(fields: tuple[Any, ...], seal: sealing.Seal) -> tuple[tuple[Any, ...], bytes]:
    """The fields of a row as a sealed namespace keeps them, and what they said."""
    said = json.dumps([fields[place] for place in _SAID], ensure_ascii=False)
    sealed = seal.close("memory", fields[2], said.encode())
    kept = list(fields)
    kept[4], kept[5], kept[14], kept[15], kept[30] = "", "[]", None, None, "[]"
    kept[31] = None if fields[31] is None else "{}"
    for place, name in _LOOKED_UP.items():
        kept[place] = None if fields[place] is None else seal.token(name, fields[place])
    return tuple(kept), sealed


def _opened(fields: Sequence[Any], sealed: bytes, seal: sealing.Seal) -> list[Any]:
    """The fields of a row as they were before :func:`_closed`."""
    opened = list(fields)
    said = json.loads(seal.open("memory", fields[2], sealed))
    for place, value in zip(_SAID, said, strict=True):
        opened[place] = value
    return opened


def _digest(fields: Sequence[Any], sealed: bytes | None = None) -> bytes:
    """Eight bytes over all fields of a row: SQLite itself has no checksums, so that a flipped bit
    inside a text would otherwise come back as a memory."""
    if sealed is not None:
        fields = (*fields, sealed)
    plain = [field.hex() if isinstance(field, bytes) else field for field in fields]
    return hashlib.blake2b(json.dumps(plain).encode(), digest_size=8).digest()


def _check(fields: Sequence[Any], sealed: bytes | None, digest: bytes, namespace: str) -> None:
    if _digest(fields, sealed) != digest:
        raise StoreDamagedError(
            f"The memory in row {fields[0]} of namespace {namespace!r} is damaged.",
            hint="Run 'memoryoss doctor' to see how much, '--repair' to salvage the rest.",
        )


def _memory(row: Sequence[Any], namespace: str, edges: Edges) -> Memory:
    return Memory(
        id=UUID(bytes=row[2]),
        namespace=namespace,
        sequence=row[3],
        content=row[4],
        tags=tuple(json.loads(row[5])),
        agent=row[6],
        session=row[7],
        memory_type=_TYPES[row[8]],
        status=_STATUSES[row[9]],
        version=row[10],
        created_at=row[11],
        updated_at=row[12],
        origin=_ORIGINS[row[13]],
        client=row[14],
        source_key=row[15],
        content_hash=row[16],
        archived=bool(row[17]),
        confidence=row[18],
        evidence_count=row[19],
        last_verified_at=row[20],
        lineage=_lineage(row[21], edges),
        outcomes=_NO_OUTCOMES if row[22:30] == _NEVER else Outcomes(*row[22:30]),
        review_events=tuple(_event_in(event) for event in json.loads(row[30])),
        team_governance=_governance_in(row[31]),
        embedding=EmbeddingState.READY if row[33] else EmbeddingState.PENDING,
        embedding_model=row[33],
        embedding_revision=row[34],
    )


def _lineage(superseded_by: bytes | None, edges: Edges) -> Lineage:
    if not superseded_by and not edges:
        return _NO_LINEAGE
    replacement = UUID(bytes=superseded_by) if superseded_by else None
    return Lineage(replacement, *(edges.get(kind, ()) for kind in EDGES))


def _event_out(event: ReviewEvent) -> list[Any]:
    target = str(event.superseded_by) if event.superseded_by else None
    return [event.at, event.actor, event.action, event.via, event.queue_kind, target]


def _event_in(event: list[Any]) -> ReviewEvent:
    at, actor, action, via, kind, target = event
    return ReviewEvent(
        at,
        actor,
        ReviewAction(action),
        via,
        QueueKind(kind) if kind else None,
        UUID(target) if target else None,
    )


def _governance_out(governance: TeamGovernance | None) -> str | None:
    if governance is None:
        return None
    return json.dumps({name: getattr(governance, name) for name in governance.__slots__})


def _governance_in(text: str | None) -> TeamGovernance | None:
    if text is None:
        return None
    values = json.loads(text)
    values["owners"] = tuple(values["owners"])
    values["watchlist"] = tuple(values["watchlist"])
    return TeamGovernance(**values)
