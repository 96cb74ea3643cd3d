# SPDX-License-Identifier: AGPL-3.0-only
"""What trust in a memory rests on beside its own record: what became of its source's memories, and
where the middle of its namespace lies. Kept in step by every change, so that nothing is scanned.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID

import apsw

from memoryoss_mcp.model import Memory
from memoryoss_mcp.store import rows, sealing
from memoryoss_mcp.store.connection import fetch_all, fetch_one
from memoryoss_mcp.store.schema import SLOT_BITS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_UNIT: Final = float(1 << 20)
"""Vectors are summed as whole multiples of 1/_UNIT: sums of whole numbers never drift, whatever is
added and taken away again."""


@dataclass(frozen=True, slots=True)
class Reputation:
    """What became of the memories of one source: how often they were confirmed or put to use again,
    and how often rejected or superseded."""

    source: str
    positive: int
    negative: int


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of a memory's surroundings: its source's reputation and the cosine of its
    vector to the centroid of the namespace; each ``None`` where there is none."""

    reputation: Reputation | None
    coherence: float | None


def source_of(memory: Memory) -> str:
    """To whom the outcomes of a memory are counted: its source key, else the client that stored it,
    else the lane through which it came."""
    return memory.source_key or memory.client or f"origin:{memory.origin.value}"


def recount(
    connection: apsw.Connection, ns: int, before: Memory | None, after: Memory | None
) -> None:
    """Count the outcomes that a change of a memory adds or takes away."""
    for memory, sign in ((before, -1), (after, 1)):
        if memory is None:
            continue
        positive, negative = _outcomes(memory)
        if positive or negative:
            source, name = _kept_name(connection, ns, source_of(memory))
            connection.execute(
                "INSERT INTO reputation VALUES(?,?,?,?,?) ON CONFLICT(ns, source) DO UPDATE SET"
                " positive = positive + excluded.positive,"
                " negative = negative + excluded.negative",
                (ns, source, sign * positive, sign * negative, name),
            )
            if sign < 0:
                connection.execute(
                    "DELETE FROM reputation WHERE ns = ? AND source = ?"
                    " AND positive = 0 AND negative = 0",
                    (ns, source),
                )


def _kept_name(connection: apsw.Connection, ns: int, source: str) -> tuple[str, bytes | None]:
    """A source as a row holds it: by its name, or by a token with the name sealed."""
    seal = sealing.of(connection, ns)
    if seal is None:
        return source, None
    return seal.token("source", source), seal.close("source", b"", source.encode())


def _outcomes(memory: Memory) -> tuple[int, int]:
    outcomes = memory.outcomes
    return (
        outcomes.confirm_count + outcomes.reuse_count,
        outcomes.reject_count + outcomes.supersede_count,
    )


def reputations(connection: apsw.Connection, ns: int) -> list[Reputation]:
    """The reputations of a namespace, by source."""
    found: dict[str, Reputation] = {}
    for source, name, positive, negative in fetch_all(
        connection, "SELECT source, name, positive, negative FROM reputation WHERE ns = ?", (ns,)
    ):
        if name is not None:
            source = sealing.opener(connection, ns).open("source", b"", name).decode()
        found[source] = _sum(source, found.get(source), positive, negative)
    return [found[source] for source in sorted(found)]


@dataclass(frozen=True, slots=True)
class Taken:
    """All that is kept of a namespace as a whole, opened: its reputations, and model, count and sum
    of its centroid."""

    reputations: tuple[Reputation, ...]
    centroid: tuple[int, int, bytes] | None


def taken(connection: apsw.Connection, ns: int) -> Taken:
    """What :func:`put_back` writes as the namespace keeps it then."""
    row = fetch_one(connection, "SELECT model, count, total FROM centroid WHERE ns = ?", (ns,))
    centroid = None if row is None else (row[0], row[1], _opened(connection, ns, row[2]))
    return Taken(tuple(reputations(connection, ns)), centroid)


def put_back(connection: apsw.Connection, ns: int, kept: Taken) -> None:
    """Write what was taken: sealed with the present key, or in clear."""
    connection.execute("DELETE FROM reputation WHERE ns = ?", (ns,))
    for reputation in kept.reputations:
        source, name = _kept_name(connection, ns, reputation.source)
        connection.execute(
            "INSERT INTO reputation VALUES(?,?,?,?,?)",
            (ns, source, reputation.positive, reputation.negative, name),
        )
    if kept.centroid is not None:
        _put_sum(connection, ns, *kept.centroid)


def _sum(source: str, known: Reputation | None, positive: int, negative: int) -> Reputation:
    if known is None:
        return Reputation(source, positive, negative)
    return Reputation(source, known.positive + positive, known.negative + negative)


def weigh(connection: apsw.Connection, number: int, model: int, blob: bytes, sign: int) -> None:
    """Add the vector of a memory to the sum of its namespace, or take it away (``sign`` -1)."""
    import numpy as np  # start-up time

    ns = number >> SLOT_BITS
    row = fetch_one(connection, "SELECT model, count, total FROM centroid WHERE ns = ?", (ns,))
    step = sign * _whole(blob)
    if row is None or row[0] != model:
        if sign < 0:
            return  # a vector of an earlier model, no part of this sum
        count, known = 0, np.zeros(len(step), np.int64)
    else:
        count, known = row[1], np.frombuffer(_opened(connection, ns, row[2]), np.int64)
    _put_sum(connection, ns, model, count + sign, (known + step).tobytes())


def _opened(connection: apsw.Connection, ns: int, total: bytes) -> bytes:
    seal = sealing.of(connection, ns)
    return total if seal is None else seal.open("centroid", b"", total)


def _put_sum(connection: apsw.Connection, ns: int, model: int, count: int, total: bytes) -> None:
    seal = sealing.of(connection, ns)
    if seal is not None:
        total = seal.close("centroid", b"", total)
    connection.execute("INSERT OR REPLACE INTO centroid VALUES(?,?,?,?)", (ns, model, count, total))


def _whole(blob: bytes) -> NDArray[np.int64]:
    import numpy as np

    scale = np.frombuffer(blob, "<f4", 1).astype(np.float64)
    return np.rint(np.frombuffer(blob, np.int8, offset=4) * (scale * _UNIT)).astype(np.int64)


def standings(
    connection: apsw.Connection, namespace: str, memories: Sequence[Memory]
) -> dict[UUID, Standing]:
    """What is known of the surroundings of some memories of a namespace."""
    row = fetch_one(
        connection,
        "SELECT n.ns, c.model, c.total FROM namespace n LEFT JOIN centroid c ON c.ns = n.ns"
        " WHERE n.name = ?",
        (namespace,),
    )
    if row is None or not memories:
        return {}
    known = {reputation.source: reputation for reputation in _known(connection, row[0], memories)}
    total = _opened(connection, row[0], row[2]) if row[2] else b""
    cosines = _cosines(connection, row[0], row[1], total, memories) if total else {}
    return {m.id: Standing(known.get(source_of(m)), cosines.get(m.id.bytes)) for m in memories}


def _known(connection: apsw.Connection, ns: int, memories: Sequence[Memory]) -> list[Reputation]:
    seal, found = sealing.of(connection, ns), []
    for source in {source_of(memory) for memory in memories}:
        known: Reputation | None = None
        for kept in (source,) if seal is None else seal.tokens("source", source):
            row = fetch_one(
                connection,
                "SELECT positive, negative FROM reputation WHERE ns = ? AND source = ?",
                (ns, kept),
            )
            known = _sum(source, known, *row) if row else known
        found += [known] if known else []
    return found


def _cosines(
    connection: apsw.Connection, ns: int, model: int, total: bytes, memories: Sequence[Memory]
) -> dict[bytes, float]:
    import numpy as np  # start-up time

    centre = np.frombuffer(total, np.int64).astype(np.float32)
    found = fetch_all(
        connection,
        "SELECT m.id, v.data FROM memory m JOIN vector v ON v.number = m.number"
        " WHERE m.ns = ? AND m.id IN carray(?) AND v.model = ?",
        (ns, apsw.carray(tuple(memory.id.bytes for memory in memories)), model),
    )
    if not found:
        return {}
    seal = sealing.of(connection, ns)
    if seal is not None:
        found = [(key, seal.open("vector", key, data)) for key, data in found]
    keys, blobs = zip(*found, strict=True)
    packed = np.frombuffer(b"".join(blobs), np.int8).reshape(len(blobs), -1)
    rows = packed[:, 4:].astype(np.float32)
    lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows)) * np.float32(np.linalg.norm(centre))
    cosines = np.einsum("ij,j->i", rows, centre) / np.maximum(lengths, np.float32(1e-12))
    return dict(zip(keys, cosines.tolist(), strict=True))


def rebuild(connection: apsw.Connection) -> None:
    """Make both tables anew from the rows, inside the caller's transaction; those of locked
    namespaces stay as they are."""
    locked = ",".join(map(str, sealing.locked(connection)))
    connection.execute(f"DELETE FROM reputation WHERE ns NOT IN ({locked})")
    connection.execute(f"DELETE FROM centroid WHERE ns NOT IN ({locked})")
    for number, memory in rows.every(connection):
        if isinstance(memory, Memory):
            recount(connection, number >> SLOT_BITS, None, memory)
    model = fetch_one(connection, "SELECT value FROM setting WHERE name = 'model'")
    if model is not None:
        _rebuild_centroids(connection, model[0])


def counted(memories: Iterable[tuple[int, Memory]]) -> set[tuple[int, str, int, int]]:
    """Namespace, source, positive and negative outcomes, as the rows (by key) tell them."""
    counts: dict[tuple[int, str], tuple[int, int]] = {}
    for number, memory in memories:
        positive, negative = _outcomes(memory)
        if positive or negative:
            key = number >> SLOT_BITS, source_of(memory)
            known = counts.get(key, (0, 0))
            counts[key] = known[0] + positive, known[1] + negative
    return {(*key, *numbers) for key, numbers in counts.items()}


def _rebuild_centroids(connection: apsw.Connection, model: int) -> None:
    for ns, (count, total) in summed(connection, model).items():
        _put_sum(connection, ns, model, count, total)


def centroids(connection: apsw.Connection) -> dict[int, tuple[int, bytes]]:
    """Count and sum of every namespace that is not locked, as kept."""
    locked = sealing.locked(connection)
    return {
        ns: (count, _opened(connection, ns, total))
        for ns, count, total in fetch_all(
            connection, "SELECT ns, count, total FROM centroid WHERE count > 0"
        )
        if ns not in locked
    }


def summed(connection: apsw.Connection, model: int) -> dict[int, tuple[int, bytes]]:
    """Count and sum of the vectors of every namespace that is not locked, as counted now."""
    sums: dict[int, tuple[int, NDArray[np.int64]]] = {}
    locked = sealing.locked(connection)
    seals = {
        ns: sealing.opener(connection, ns)
        for ns in sealing.sealed_spaces(connection)
        if ns not in locked
    }
    for number, key, data in connection.execute(
        "SELECT v.number, m.id, v.data FROM vector v JOIN memory m ON m.number = v.number"
        " WHERE v.model = ?",
        (model,),
    ):
        ns = number >> SLOT_BITS
        if ns in locked:
            continue
        if ns in seals:
            data = seals[ns].open("vector", key, data)
        step = _whole(data)
        count, total = sums.get(ns, (0, None))
        sums[ns] = (count + 1, step if total is None else total + step)
    return {ns: (count, total.tobytes()) for ns, (count, total) in sums.items()}
