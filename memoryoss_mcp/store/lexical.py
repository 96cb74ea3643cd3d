# SPDX-License-Identifier: AGPL-3.0-only
"""The lexical index: an inverted index per namespace, in ordinary tables.

A new memory's terms stay in its ``lexical`` row (the tail). From time to time the tail is packed
into ``posting``: one blob per term and segment of 65,536 slots, four bytes an entry. Document
frequencies are exact and per namespace, because an entry leaves its blob when its memory goes.
A full-text OR over eight words of 100,000 memories reads eight blobs instead of the rows of every
match (0.3 against 20 ms with FTS5).
"""

from __future__ import annotations

import bisect
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Protocol

import apsw

from memoryoss_mcp.errors import StoreDamagedError
from memoryoss_mcp.model import Memory
from memoryoss_mcp.store import sealed_terms, sealing
from memoryoss_mcp.store.connection import fetch_all, fetch_one
from memoryoss_mcp.store.schema import SLOT_BITS, SLOT_MASK

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TAIL_LIMIT: Final = 2_048
"""Memories in the tail before it is packed: small enough to be read in a few milliseconds."""

LOOKUPS: Final = 32
"""Terms that are looked up in the tail before it is inverted: three or four questions."""

SEGMENT_BITS: Final = 16

NORM_LENGTHS: Final = tuple(range(64)) + tuple(
    round(64 * (65_536 / 64) ** (step / 191)) for step in range(192)
)
"""Document length (in terms) of each norm byte: exact below 64, then in steps of 3.7 %."""


def norm_of(length: int) -> int:
    """The norm byte of a document length: the largest whose length does not exceed it."""
    return min(bisect.bisect_right(NORM_LENGTHS, length) - 1, 255)


def put(connection: apsw.Connection, number: int, memory: Memory, terms: Sequence[str]) -> int:
    """Enter a memory into the tail. Returns its length in terms."""
    counts = Counter(terms)
    frequencies = bytes(min(count, 255) for count in counts.values())
    kept = _kept(connection, number, memory, " ".join(counts), frequencies)
    connection.execute("INSERT INTO lexical VALUES(?,0,?,?,?)", (number, len(terms), *kept))
    return len(terms)


def reseal(connection: apsw.Connection, number: int, memory: Memory) -> None:
    """Write the entry of a memory anew, as its namespace keeps it now; in clear it is in the tail.

    Raises:
        StoreDamagedError: there is none, or it is damaged.
    """
    row = fetch_one(
        connection, "SELECT terms, frequencies FROM lexical WHERE number = ?", (number,)
    )
    if row is None:
        raise StoreDamagedError(
            "A memory has no lexical entry.",
            hint="Run 'memoryoss doctor --repair': it is made anew from the memories.",
        )
    terms, frequencies = row
    if isinstance(terms, bytes):
        seal = sealing.opener(connection, number >> SLOT_BITS)
        plain = seal.open("terms", memory.id.bytes, terms)
        present = sealing.of(connection, number >> SLOT_BITS)
        if present is not None:
            kept: tuple[str | bytes, bytes] = present.close("terms", memory.id.bytes, plain), b""
        else:
            entry = sealed_terms.unpack(plain)
            kept = entry.terms, entry.frequencies
    else:
        kept = _kept(connection, number, memory, terms, frequencies)
    connection.execute(
        "UPDATE lexical SET packed = 0, terms = ?, frequencies = ? WHERE number = ?",
        (*kept, number),
    )


def _kept(
    connection: apsw.Connection, number: int, memory: Memory, terms: str, frequencies: bytes
) -> tuple[str | bytes, bytes]:
    """Terms and frequencies as a row holds them."""
    seal = sealing.of(connection, number >> SLOT_BITS)
    if seal is None:
        return terms, frequencies
    plain = sealed_terms.pack(memory, terms, frequencies)
    return seal.close("terms", memory.id.bytes, plain), b""


def counted(terms: str, frequencies: bytes) -> list[tuple[str, int]]:
    """The terms of a ``lexical`` row with their frequencies."""
    words = terms.split()
    _check(words, frequencies)
    return list(zip(words, frequencies, strict=True))


def _check(words: Sequence[str], frequencies: bytes) -> None:
    if len(words) != len(frequencies):
        raise StoreDamagedError(
            "An entry of the lexical index is damaged.",
            hint="Run 'memoryoss doctor --repair': it is made anew from the memories.",
        )


def drop(connection: apsw.Connection, number: int) -> tuple[int, bool]:
    """Take a memory out of the index. Returns its length and whether it was in the tail."""
    row = fetch_one(
        connection, "SELECT packed, length, terms FROM lexical WHERE number = ?", (number,)
    )
    if row is None:
        return 0, False
    packed, length, terms = row
    if packed:
        for term in terms.split():
            _remove_entry(connection, number, term)
    connection.execute("DELETE FROM lexical WHERE number = ?", (number,))
    return length, not packed


def _remove_entry(connection: apsw.Connection, number: int, term: str) -> None:
    ns, slot = number >> SLOT_BITS, number & SLOT_MASK
    key = (ns, term, slot >> SEGMENT_BITS)
    row = fetch_one(
        connection, "SELECT data FROM posting WHERE ns = ? AND term = ? AND segment = ?", key
    )
    if row is None:
        return
    data: bytes = row[0]
    wanted = (slot & 0xFFFF).to_bytes(2, "little")
    at = data.find(wanted)
    while at >= 0 and at % 4:
        at = data.find(wanted, at + 1)
    if at < 0:
        return
    rest = data[:at] + data[at + 4 :]
    if rest:
        connection.execute(
            "UPDATE posting SET data = ? WHERE ns = ? AND term = ? AND segment = ?", (rest, *key)
        )
    else:
        connection.execute("DELETE FROM posting WHERE ns = ? AND term = ? AND segment = ?", key)


def pack(connection: apsw.Connection, ns: int) -> int:
    """Move the tail of a namespace into its postings. Returns how many memories moved."""
    low, high = ns << SLOT_BITS, ns << SLOT_BITS | SLOT_MASK
    entries: dict[tuple[str, int], bytearray] = {}
    numbers: list[int] = []
    for number, length, terms, frequencies in connection.execute(
        "SELECT number, length, terms, frequencies FROM lexical"
        " WHERE packed = 0 AND number BETWEEN ? AND ?",
        (low, high),
    ):
        numbers.append(number)
        slot = number & SLOT_MASK
        key, norm = (slot & 0xFFFF).to_bytes(2, "little"), norm_of(length)
        for term, frequency in counted(terms, frequencies):
            data = entries.setdefault((term, slot >> SEGMENT_BITS), bytearray())
            data += key
            data.append(frequency)
            data.append(norm)
    for (term, segment), data in sorted(entries.items()):
        row = fetch_one(
            connection,
            "SELECT data FROM posting WHERE ns = ? AND term = ? AND segment = ?",
            (ns, term, segment),
        )
        whole = row[0] + data if row else bytes(data)
        connection.execute(
            "INSERT OR REPLACE INTO posting VALUES(?,?,?,?)", (ns, term, segment, whole)
        )
    connection.executemany(
        "UPDATE lexical SET packed = 1 WHERE number = ?", [(number,) for number in numbers]
    )
    return len(numbers)


class Unpacked(Protocol):
    """Memories whose terms are in no posting of the file."""

    def put(self, slot: int, length: int, terms: str, frequencies: bytes) -> None:
        """Enter or replace a memory, given as a ``lexical`` row holds it."""

    def drop(self, slot: int) -> None:
        """Take a memory out, if it is here."""

    def postings(self, term: str) -> tuple[NDArray[np.intp], NDArray[np.uint16]] | None:
        """The slots that have a term, with their codes (see :class:`Postings`)."""

    def invert(self) -> None:
        """Make all later look-ups fast."""


class Tail:
    """The memories of a namespace that are not packed yet, in memory.

    They are inverted when that has paid: a process that asks once looks through their terms as the
    rows hold them (2 ms for a full tail, which takes 30 to invert).
    """

    def __init__(self) -> None:
        self._rows: dict[int, tuple[int, str, bytes]] = {}
        self._postings: dict[str, dict[int, int]] = {}
        self._terms: dict[int, tuple[str, ...]] = {}
        self._lookups = 0

    def __len__(self) -> int:
        return len(self._terms) + len(self._rows)

    def put(self, slot: int, length: int, terms: str, frequencies: bytes) -> None:
        """Enter or replace a memory, given as its ``lexical`` row holds it."""
        self.drop(slot)
        row = norm_of(length) << 8, terms, frequencies
        if self._lookups > LOOKUPS:
            self._invert(slot, row)
        else:
            self._rows[slot] = row

    def drop(self, slot: int) -> None:
        """Take a memory out, if it is here."""
        self._rows.pop(slot, None)
        for word in self._terms.pop(slot, ()):
            postings = self._postings[word]
            del postings[slot]
            if not postings:
                del self._postings[word]

    def postings(self, term: str) -> tuple[NDArray[np.intp], NDArray[np.uint16]] | None:
        """The slots that have a term, with their codes (see :class:`Postings`)."""
        import numpy as np  # start-up time

        found = self._entries(term)
        if not found:
            return None
        count = len(found)
        return np.fromiter(found, np.intp, count), np.fromiter(found.values(), np.uint16, count)

    def _entries(self, term: str) -> dict[int, int]:
        self._lookups += 1
        if self._lookups > LOOKUPS:
            self.invert()
            return self._postings.get(term, {})
        found = {}
        for slot, (norm, terms, frequencies) in self._rows.items():
            # A word is rarely part of another: most rows are told by the first look.
            if term in terms and term in (words := terms.split()):
                _check(words, frequencies)
                found[slot] = norm + frequencies[words.index(term)]
        return found

    def invert(self) -> None:
        """Make all later look-ups fast."""
        self._lookups = LOOKUPS + 1
        while self._rows:
            self._invert(*self._rows.popitem())

    def _invert(self, slot: int, row: tuple[int, str, bytes]) -> None:
        norm, terms, frequencies = row
        pairs = counted(terms, frequencies)
        self._terms[slot] = tuple(word for word, _ in pairs)
        for word, frequency in pairs:
            self._postings.setdefault(word, {})[slot] = norm + frequency


@lru_cache(maxsize=64)
def saturation(average_length: float, k1: float, b: float) -> Saturation:
    """The table for a collection; it stays the same until the next write."""
    return Saturation(average_length, k1, b)


class Saturation:
    """BM25's term weight, frequency and document length taken together, as a table.

    Robertson & Zaragoza 2009: ``f (k1 + 1) / (f + k1 (1 - b + b length / average))``.
    """

    def __init__(self, average_length: float, k1: float, b: float) -> None:
        import numpy as np

        lengths = np.asarray(NORM_LENGTHS, np.float64)
        penalty = k1 * (1 - b + b * lengths / max(average_length, 1.0))
        frequencies = np.arange(256, dtype=np.float64)
        weights = frequencies * (k1 + 1) / (frequencies + penalty[:, None])
        self.most = k1 + 1
        """What no document exceeds."""
        self.weights: NDArray[np.float32] = weights.astype(np.float32).ravel()
        """Indexed by the upper half of an entry: norm byte times 256 plus frequency byte."""


@dataclass(frozen=True, slots=True)
class Postings:
    """The memories that have a query term (``slots``) and, as a code, how often in how many terms
    (norm byte times 256 plus frequency byte)."""

    term: str
    slots: NDArray[np.intp]
    codes: NDArray[np.uint16]


def inverse_document_frequency(matches: int, count: int) -> float:
    """The never-negative ``ln(1 + (N - df + 0.5) / (df + 0.5))``."""
    return math.log1p((max(count - matches, 0) + 0.5) / (matches + 0.5))


def read_postings(
    connection: apsw.Connection, ns: int, tail: Unpacked, terms: Sequence[str]
) -> Iterator[Postings]:
    """The postings of each term that any memory of the namespace has."""
    import numpy as np

    if not terms:
        return
    packed: dict[str, list[tuple[int, bytes]]] = {}
    for term, segment, data in fetch_all(
        connection,
        "SELECT term, segment, data FROM posting WHERE ns = ? AND term IN carray(?)",
        (ns, apsw.carray(tuple(terms))),
    ):
        packed.setdefault(term, []).append((segment, data))
    for term in terms:
        slots, codes = [], []
        for segment, data in packed.get(term, ()):
            halves = np.frombuffer(data, "<u2")
            slots.append(halves[::2].astype(np.intp) + (segment << SEGMENT_BITS))
            codes.append(halves[1::2])
        if fresh := tail.postings(term):
            slots.append(fresh[0])
            codes.append(fresh[1])
        if len(slots) == 1:
            yield Postings(term, slots[0], codes[0])
        elif slots:
            yield Postings(term, np.concatenate(slots), np.concatenate(codes))
