# SPDX-License-Identifier: AGPL-3.0-only
"""Vectors: as data in ``vector`` (8-bit, one scale each), as signs in ``vector_index``."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import apsw

from memoryoss_mcp.model import Memory, MemoryType, Origin, Status
from memoryoss_mcp.store import description, sealing, trust
from memoryoss_mcp.store.connection import fetch_all, fetch_one
from memoryoss_mcp.store.schema import SLOT_BITS, SLOT_MASK, vector_index_table
from memoryoss_mcp.text.cues import (
    announced_changes,
    speaks_in_first_person,
    speaks_of_the_past,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

READY: Final = 1
ARCHIVED: Final = 1 << 1
_TYPE_SHIFT, STATUS_SHIFT, _ORIGIN_SHIFT = 2, 5, 8
FIRST_PERSON: Final = 1 << 11
PAST_STATE: Final = 1 << 12
CHANGES_SHIFT: Final = 13
_TYPES: Final = tuple(MemoryType)
STATUSES: Final = tuple(Status)
_ORIGINS: Final = tuple(Origin)


@dataclass(frozen=True, slots=True)
class EmbeddingModel:
    """The model whose vectors the index holds: its row key, name, revision and dimension."""

    key: int
    name: str
    revision: str
    dimension: int


def encode(vectors: NDArray[np.float32]) -> list[bytes]:
    """Each row (unit length) as a float32 scale and one signed byte per dimension.

    Loses nothing measurable: recall@20 against float32 is .99 at 100,000 memories.
    """
    import numpy as np

    scales = np.maximum(np.abs(vectors).max(axis=1), 1e-12) / 127.0
    whole = np.rint(vectors / scales[:, None]).astype(np.int8)
    return [struct.pack("<f", s) + row.tobytes() for s, row in zip(scales, whole, strict=True)]


def decode(blobs: Sequence[bytes], dimension: int) -> NDArray[np.float32]:
    """Rows of :func:`encode` as a float32 array of shape (n, dimension)."""
    import numpy as np

    rows, scales = unpack(blobs, dimension)
    values = rows.astype(np.float32)
    values *= scales[:, None]
    return values


def unpack(blobs: Sequence[bytes], dimension: int) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Rows of :func:`encode` as whole numbers (n, dimension) and scales (n,)."""
    import numpy as np

    packed = np.frombuffer(b"".join(blobs), np.uint8).reshape(len(blobs), 4 + dimension)
    return packed[:, 4:].view(np.int8), packed[:, :4].copy().view("<f4")[:, 0]


def signs(blob: bytes) -> bytes:
    """One bit per dimension of an encoded vector, set where it is positive."""
    import numpy as np

    return np.packbits(np.frombuffer(blob, np.int8, offset=4) > 0, bitorder="little").tobytes()


def label_hash(label: str | None) -> int:
    """A signed 64-bit digest of a session or agent label; 0 for none."""
    if label is None:
        return 0
    digest = hashlib.blake2b(label.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little", signed=True) or 1


def flags_of(memory: Memory, ready: bool) -> int:
    """What filters and scoring need of a memory, in one integer of 16 bits."""
    return content_flags(memory.content) | state_flags(
        memory.memory_type.value, memory.status.value, memory.origin.value, memory.archived, ready
    )


def state_flags(memory_type: str, status: str, origin: str, archived: bool, ready: bool) -> int:
    """The flags of what stands in the columns of a row."""
    return (
        (READY if ready else 0)
        | (ARCHIVED if archived else 0)
        | _TYPES.index(memory_type) << _TYPE_SHIFT
        | STATUSES.index(status) << STATUS_SHIFT
        | _ORIGINS.index(origin) << _ORIGIN_SHIFT
    )


def content_flags(content: str) -> int:
    """The flags of what a memory says."""
    return (
        (FIRST_PERSON if speaks_in_first_person(content) else 0)
        | (PAST_STATE if speaks_of_the_past(content) else 0)
        | announced_changes(content) << CHANGES_SHIFT
    )


def flag_values(
    memory_type: MemoryType | None, statuses: Sequence[Status], origins: Sequence[Origin]
) -> list[tuple[int, int, tuple[int, ...]]]:
    """Restrictions as (shift, mask, allowed values) on flags, for the parts that are given."""
    parts: list[tuple[int, int, tuple[int, ...]]] = []
    if memory_type is not None:
        parts.append((_TYPE_SHIFT, 7, (_TYPES.index(memory_type),)))
    if statuses:
        parts.append((STATUS_SHIFT, 7, tuple(STATUSES.index(s) for s in statuses)))
    if origins:
        parts.append((_ORIGIN_SHIFT, 7, tuple(_ORIGINS.index(o) for o in origins)))
    return parts


def put(
    connection: apsw.Connection,
    model: EmbeddingModel,
    number: int,
    memory: Memory,
    vector: bytes | None,
) -> None:
    """Enter a memory into both tables; without a vector it is entered as pending."""
    remove(connection, number, memory.id)
    seal = sealing.of(connection, number >> SLOT_BITS)
    if vector is not None:
        data = vector if seal is None else seal.close("vector", memory.id.bytes, vector)
        connection.execute("INSERT INTO vector VALUES(?,?,?)", (number, model.key, data))
        trust.weigh(connection, number, model.key, vector, 1)
    if seal is None:
        enter(connection, model, number, memory, vector)


def enter(
    connection: apsw.Connection,
    model: EmbeddingModel,
    number: int,
    memory: Memory,
    vector: bytes | None,
) -> None:
    """Enter a memory into ``vector_index``."""
    bits = signs(vector) if vector is not None else bytes(model.dimension // 8)
    connection.execute(
        "INSERT INTO vector_index(number, ns, signs, created, session, agent, flags)"
        " VALUES(?,?,vec_bit(?),?,?,?,?)",
        (number, number >> SLOT_BITS, bits, *metadata(memory, vector is not None)),
    )


def metadata(memory: Memory, ready: bool) -> tuple[int, int, int, int]:
    """``created``, ``session``, ``agent`` and ``flags`` of an index entry."""
    session, agent = label_hash(memory.session), label_hash(memory.agent)
    return memory.created_at, session, agent, flags_of(memory, ready)


def get(
    connection: apsw.Connection, model: EmbeddingModel, number: int, memory_id: UUID
) -> bytes | None:
    """The vector of a memory as :func:`encode` made it, ``None`` without one of the model."""
    row = fetch_one(
        connection, "SELECT data FROM vector WHERE number = ? AND model = ?", (number, model.key)
    )
    return None if row is None else _opened(connection, number, memory_id, row[0])


def _opened(connection: apsw.Connection, number: int, memory_id: UUID, data: bytes) -> bytes:
    seal = sealing.of(connection, number >> SLOT_BITS)
    return data if seal is None else seal.open("vector", memory_id.bytes, data)


def set_flags(connection: apsw.Connection, number: int, memory: Memory) -> None:
    """Bring the metadata of an entry in step with its memory; the vector stays."""
    row = fetch_one(connection, "SELECT flags FROM vector_index WHERE number = ?", (number,))
    if row is None and sealing.of(connection, number >> SLOT_BITS) is not None:
        return  # a sealed namespace has no entries
    connection.execute(
        "UPDATE vector_index SET flags = ? WHERE number = ?",
        (flags_of(memory, bool(row[0] & READY)), number),
    )


def remove(connection: apsw.Connection, number: int, memory_id: UUID) -> None:
    """Take a memory out of both tables. sqlite-vec zeroes the place."""
    row = fetch_one(connection, "SELECT model, data FROM vector WHERE number = ?", (number,))
    if row is not None:
        vector = _opened(connection, number, memory_id, row[1])
        trust.weigh(connection, number, row[0], vector, -1)
    connection.execute("DELETE FROM vector WHERE number = ?", (number,))
    connection.execute("DELETE FROM vector_index WHERE number = ?", (number,))


_CHUNKS: Final = (
    "vector_index_vector_chunks00",
    *(f"vector_index_metadatachunks{number:02}" for number in range(4)),
    "vector_index_chunks",
)
"""The shadow tables that have a row for each chunk (see :mod:`memoryoss_mcp.store.columns`)."""


def leave(connection: apsw.Connection, ns: int) -> None:
    """Take a whole namespace out of ``vector_index``: chunk by chunk, since its own DELETE takes
    one to two milliseconds a row in a large index."""
    chunks = fetch_all(
        connection, "SELECT chunk_id FROM vector_index_chunks WHERE partition00 = ?", (ns,)
    )
    for table in _CHUNKS:
        connection.executemany(f"DELETE FROM {table} WHERE rowid = ?", chunks)
    connection.execute(
        "DELETE FROM vector_index_rowids WHERE rowid BETWEEN ? AND ?",
        (ns << SLOT_BITS, ns << SLOT_BITS | SLOT_MASK),
    )


def current_model(connection: apsw.Connection) -> EmbeddingModel | None:
    """The model of the index, or ``None`` in a file that never had one."""
    row = fetch_one(
        connection,
        "SELECT model, name, revision, dimension FROM embedding_model"
        " WHERE model = (SELECT value FROM setting WHERE name = 'model')",
    )
    return EmbeddingModel(*row) if row else None


def use_model(
    connection: apsw.Connection, name: str, revision: str, dimension: int
) -> EmbeddingModel:
    """Make a model the one of the index. Vectors of another become pending, none is lost before
    its successor is there. Runs inside the caller's transaction."""
    present = current_model(connection)
    if present and (present.name, present.revision, present.dimension) == (
        name,
        revision,
        dimension,
    ):
        return present
    connection.execute(
        "INSERT OR IGNORE INTO embedding_model(name, revision, dimension) VALUES(?,?,?)",
        (name, revision, dimension),
    )
    key = fetch_one(
        connection,
        "SELECT model FROM embedding_model WHERE name = ? AND revision = ? AND dimension = ?",
        (name, revision, dimension),
    )[0]
    connection.execute("INSERT OR REPLACE INTO setting VALUES('model', ?)", (key,))
    return EmbeddingModel(key, name, revision, dimension)


def rebuild(
    connection: apsw.Connection, model: EmbeddingModel, memories: Iterable[tuple[int, Memory]]
) -> None:
    """Make ``vector_index`` anew from rows; those of sealed namespaces are passed over."""
    connection.execute("DROP TABLE IF EXISTS vector_index")
    connection.execute(vector_index_table(model.dimension))
    description.sign(connection)
    sealed = sealing.sealed_spaces(connection)
    for number, memory in memories:
        if number >> SLOT_BITS in sealed:
            continue
        row: Any = fetch_one(
            connection,
            "SELECT data FROM vector WHERE number = ? AND model = ?",
            (number, model.key),
        )
        usable = row is not None and len(row[0]) == 4 + model.dimension
        enter(connection, model, number, memory, row[0] if usable else None)
    trust.rebuild(connection)
