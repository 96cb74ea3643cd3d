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
from memoryoss_mcp.store import rows
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
            connection.execute(
                "INSERT INTO reputation VALUES(?,?,?,?) ON CONFLICT(ns, source) DO UPDATE SET"
                " positive = positive + excluded.positive,"
                " negative = negative + excluded.negative",
                (ns, source_of(memory), sign * positive, sign * negative),
            )
            if sign < 0:
                connection.execute(
                    "DELETE FROM reputation WHERE ns = ? AND source = ?"
                    " AND positive = 0 AND negative = 0",
                    (ns, source_of(memory)),
                )


def _outcomes(memory: Memory) -> tuple[int, int]:
    outcomes = memory.outcomes
    return (
        outcomes.confirm_count + outcomes.reuse_count,
        outcomes.reject_count + outcomes.supersede_count,
    )


def reputations(connection: apsw.Connection, ns: int) -> list[Reputation]:
    """The reputations of a namespace, by source."""
    return [
        Reputation(*row)
        for row in fetch_all(
            connection,
            "SELECT source, positive, negative FROM reputation WHERE ns = ? ORDER BY source",
            (ns,),
        )
    ]


def weigh(connection: apsw.Connection, number: int, model: int, blob: bytes, sign: int) -> None:
    """Add the vector of a memory to the sum of its namespace, or take it away (``sign`` -1)."""
    import numpy as np  # start-up time

    ns = number >> SLOT_BITS
    row = fetch_one(connection, "SELECT model, count, total FROM centroid WHERE ns = ?", (ns,))
    step = sign * _whole(blob)
    if row is None or row[0] != model:
        if sign < 0:
            return  # a vector of an earlier model, no part of this sum
        row = (model, 0, np.zeros(len(step), np.int64).tobytes())
    total = np.frombuffer(row[2], np.int64) + step
    connection.execute(
        "INSERT OR REPLACE INTO centroid VALUES(?,?,?,?)",
        (ns, model, row[1] + sign, total.tobytes()),
    )


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
    cosines = _cosines(connection, row[0], row[1], row[2], memories) if row[2] else {}
    return {m.id: Standing(known.get(source_of(m)), cosines.get(m.id.bytes)) for m in memories}


def _known(connection: apsw.Connection, ns: int, memories: Sequence[Memory]) -> list[Reputation]:
    found = []
    for source in {source_of(memory) for memory in memories}:
        row = fetch_one(
            connection,
            "SELECT source, positive, negative FROM reputation WHERE ns = ? AND source = ?",
            (ns, source),
        )
        found += [Reputation(*row)] if row else []
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
    keys, blobs = zip(*found, strict=True)
    packed = np.frombuffer(b"".join(blobs), np.int8).reshape(len(blobs), -1)
    rows = packed[:, 4:].astype(np.float32)
    lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows)) * np.float32(np.linalg.norm(centre))
    cosines = np.einsum("ij,j->i", rows, centre) / np.maximum(lengths, np.float32(1e-12))
    return dict(zip(keys, cosines.tolist(), strict=True))


def rebuild(connection: apsw.Connection) -> None:
    """Make both tables anew from the rows, inside the caller's transaction."""
    connection.execute("DELETE FROM reputation")
    connection.execute("DELETE FROM centroid")
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
        connection.execute("INSERT INTO centroid VALUES(?,?,?,?)", (ns, model, count, total))


def summed(connection: apsw.Connection, model: int) -> dict[int, tuple[int, bytes]]:
    """Count and sum of the vectors of every namespace, as counted now."""
    sums: dict[int, tuple[int, NDArray[np.int64]]] = {}
    for number, data in connection.execute(
        "SELECT v.number, v.data FROM vector v JOIN memory m ON m.number = v.number"
        " WHERE v.model = ?",
        (model,),
    ):
        ns, step = number >> SLOT_BITS, _whole(data)
        count, total = sums.get(ns, (0, None))
        sums[ns] = (count + 1, step if total is None else total + step)
    return {ns: (count, total.tobytes()) for ns, (count, total) in sums.items()}
