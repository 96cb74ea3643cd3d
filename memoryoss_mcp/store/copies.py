# SPDX-License-Identifier: AGPL-3.0-only
"""Pairs of near copies in a namespace, found without comparing all with all.

The signs of the vectors are cut into bands; two memories are compared where they agree in a whole
band (locality-sensitive hashing for the cosine: Charikar 2002, banding: Broder 1997). At a cosine
of .9 two vectors differ in 14 % of their signs, so that with bands of 12 out of 384 bits 99 % of
such pairs meet in at least one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import apsw
import numpy as np

from memoryoss_mcp.store.columns import Columns
from memoryoss_mcp.store.schema import SLOT_BITS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from memoryoss_mcp.store.types import Progress

WIDTHS: Final = (10, 16)
"""Bits of a band: two less than the number of memories has, within these bounds."""
LARGEST_BUCKET: Final = 64
"""Memories that agree in a band are compared with so many of their followers at the most."""
APART: Final = 0.22
"""Share of differing signs above which no pair is compared exactly."""
_BATCH: Final = 8_192


def near_copies(
    connection: apsw.Connection, columns: Columns, least: float, progress: Progress
) -> list[tuple[int, int, float]]:
    """Pairs of row keys of memories (none of them archived) whose cosine is at least ``least``,
    with the cosine; the lower key first."""
    slots = np.flatnonzero(columns.ready)
    if len(slots) < 2:
        return []
    packed = np.ascontiguousarray(columns.bits[:, slots].T)
    octets = packed.view(np.uint8)
    width = int(np.clip(len(slots).bit_length() - 2, *WIDTHS))
    bands = octets.shape[1] * 8 // width
    found = []
    for band in range(bands):
        progress("looking for near copies", band, bands)
        found.append(_meeting(_band(octets, band * width, width), packed))
    pairs = np.unique(np.concatenate(found))
    first, second = slots[pairs >> 32], slots[pairs & 0xFFFFFFFF]
    return _exact(connection, columns, first, second, least)


def _band(octets: NDArray[np.uint8], start: int, width: int) -> NDArray[np.uint32]:
    """``width`` bits of every row from bit ``start`` on."""
    place, shift = divmod(start, 8)
    value = np.zeros(len(octets), np.uint32)
    for step in range(min(4, octets.shape[1] - place)):
        value |= octets[:, place + step].astype(np.uint32) << np.uint32(8 * step)
    return (value >> np.uint32(shift)) & np.uint32((1 << width) - 1)


def _meeting(values: NDArray[np.uint32], packed: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Pairs of rows (lower << 32 | higher) with the same value whose signs differ little."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    bits = packed.shape[1] * 64
    pairs = [np.zeros(0, np.int64)]
    for step in range(1, LARGEST_BUCKET + 1):
        same = np.flatnonzero(ordered[step:] == ordered[:-step])
        if len(same) == 0:
            break
        one, other = order[same], order[same + step]
        apart = np.bitwise_count(packed[one] ^ packed[other]).sum(axis=1, dtype=np.uint16)
        near = apart <= APART * bits
        one, other = one[near], other[near]
        pairs.append(np.minimum(one, other) << 32 | np.maximum(one, other))
    return np.unique(np.concatenate(pairs))


def _exact(
    connection: apsw.Connection,
    columns: Columns,
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    least: float,
) -> list[tuple[int, int, float]]:
    base, found = columns.ns << SLOT_BITS, []
    for start in range(0, len(first), _BATCH):
        one, other = first[start : start + _BATCH], second[start : start + _BATCH]
        wanted = np.unique(np.concatenate((one, other)))
        rows, scales = columns.vectors.get(connection, wanted)
        here, there = np.searchsorted(wanted, one), np.searchsorted(wanted, other)
        cosines = np.einsum(
            "ij,ij->i", rows[here].astype(np.float32), rows[there].astype(np.float32)
        )
        cosines *= scales[here] * scales[there]
        for place in np.flatnonzero(cosines >= least).tolist():
            pair = int(one[place]) + base, int(other[place]) + base
            found.append((*pair, float(cosines[place])))
    return found
