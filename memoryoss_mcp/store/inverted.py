# SPDX-License-Identifier: AGPL-3.0-only
"""An inverted index that lives in memory alone: the postings of a sealed namespace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from memoryoss_mcp.store.lexical import norm_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SPARE: Final = 1_024
"""Dead documents that are always borne with."""


class Inverted:
    """Six bytes for each term of each memory, appended and never searched for. Not thread-safe.

    Each version of a memory is a document of its own. One that was replaced or dropped stays until
    half of all are dead.
    """

    def __init__(self) -> None:
        self._data: dict[str, bytearray] = {}
        self._slots: NDArray[np.intp] = np.full(_SPARE, -1, np.intp)
        self._count = 0
        self._documents: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._documents)

    def put(self, slot: int, length: int, terms: str, frequencies: bytes) -> None:
        """Enter or replace a memory, given as a ``lexical`` row holds it when opened."""
        self.drop(slot)
        if self._count == len(self._slots):
            self._slots = np.concatenate((self._slots, np.full(self._count, -1, np.intp)))
        self._slots[self._count] = slot
        self._documents[slot] = self._count
        key, norm = self._count.to_bytes(4, "little"), norm_of(length)
        self._count += 1
        known = self._data
        for term, frequency in zip(terms.split(), frequencies, strict=True):
            data = known.get(term)
            if data is None:
                data = known[term] = bytearray()
            data += key
            data.append(frequency)
            data.append(norm)

    def drop(self, slot: int) -> None:
        """Take a memory out, if it is here."""
        document = self._documents.pop(slot, None)
        if document is not None:
            self._slots[document] = -1
            if self._count > 2 * len(self._documents) + _SPARE:
                self._compact()

    def postings(self, term: str) -> tuple[NDArray[np.intp], NDArray[np.uint16]] | None:
        """The slots that have a term, with their codes (see
        :class:`memoryoss_mcp.store.lexical.Postings`)."""
        data = self._data.get(term)
        if data is None:
            return None
        documents, codes = _columns(data)
        slots = self._slots[documents]
        alive = slots >= 0
        return (slots[alive], codes[alive]) if alive.any() else None

    def invert(self) -> None:
        """Everything is inverted already."""

    def _compact(self) -> None:
        """Leave out the dead documents."""
        alive = self._slots >= 0
        places = (np.cumsum(alive) - 1).astype("<u4")
        for term, data in list(self._data.items()):
            documents, codes = _columns(data)
            kept = alive[documents]
            if not kept.any():
                del self._data[term]
                continue
            entries = np.empty((int(kept.sum()), 3), "<u2")
            entries[:, :2] = places[documents[kept]][:, None].view("<u2")
            entries[:, 2] = codes[kept]
            self._data[term] = bytearray(entries.tobytes())
        slots = self._slots[alive]
        self._count = len(slots)
        self._slots = np.concatenate((slots, np.full(_SPARE, -1, np.intp)))
        self._documents = {slot: document for document, slot in enumerate(slots.tolist())}


def _columns(data: bytearray) -> tuple[NDArray[np.intp], NDArray[np.uint16]]:
    """The document and the code of each entry."""
    entries = np.frombuffer(bytes(data), "<u2").reshape(-1, 3)
    documents = np.ascontiguousarray(entries[:, :2]).view("<u4")[:, 0].astype(np.intp)
    return documents, entries[:, 2].copy()
