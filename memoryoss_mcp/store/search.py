# SPDX-License-Identifier: AGPL-3.0-only
"""Candidates for a query, inside one namespace: both channels' best, with all their numbers."""

from __future__ import annotations

import contextlib
import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import apsw
import numpy as np

from memoryoss_mcp.errors import StoreDamagedError
from memoryoss_mcp.store import sealing, vectors
from memoryoss_mcp.store.columns import Columns, NamespaceState, read_state
from memoryoss_mcp.store.connection import connect, fetch_all, translated
from memoryoss_mcp.store.lexical import (
    NORM_LENGTHS,
    inverse_document_frequency,
    read_postings,
    saturation,
)
from memoryoss_mcp.store.schema import SLOT_BITS
from memoryoss_mcp.store.types import Filters, Progress

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from memoryoss_mcp.store.sealing import Keys
    from memoryoss_mcp.store.vector_cache import Encoded

MAX_TERMS: Final = 63
"""Query terms that are looked up: one bit each in ``Candidates.matched``."""

KEPT_NAMESPACES: Final = 16
"""Namespaces whose columns are kept in memory."""

NEAREST_DEPTH: Final = 8
"""Memories whose vectors are read for each one that is asked for."""

_SAMPLE: Final = 16_384
"""Memories that tell where a bound lies, whatever the size of the namespace."""

_FAR: Final = np.uint16(0xFFFF)
_NO_FILTERS: Final = Filters()
_BYTES: Final = np.unpackbits(
    np.arange(256, dtype=np.uint8)[None, :], axis=0, count=8, bitorder="little"
).astype(np.float32)
"""The bits of every byte, (8, 256)."""


@dataclass(frozen=True, slots=True)
class Probe:
    """What to search for: analysed ``terms`` (unique, rare and common alike) and the query's
    vector, made by ``model`` (``None``: words only).

    ``vector_depth`` memories are taken by the signs of their vectors, of which the
    ``refined_depth`` best by their product with the query are read.
    """

    terms: tuple[str, ...]
    vector: NDArray[np.float32] | None
    model: int
    filters: Filters
    vector_depth: int
    refined_depth: int
    lexical_depth: int
    k1: float
    b: float


@dataclass(frozen=True, slots=True)
class Candidates:
    """Parallel arrays over n candidates; both channels' numbers are there for every one.

    ``similarity`` is the cosine to the query and ``mean_similarity`` the product with ``mean``
    (dimension,), the mean vector of the namespace; both are 0 where a vector is missing, which
    ``embedded`` tells. ``bm25`` is the full sum over ``terms``, ``frequencies`` (n, terms) how
    often each occurs (up to 255), ``lengths`` the length in terms (of a memory with any term);
    ``idf`` belongs to ``terms``. ``previous`` and ``following`` point to the neighbour in the same
    session inside these arrays, -1 where there is none; ``session_sizes`` counts the memories of
    the session. ``typical_similarity`` are mean and deviation of the cosine to the query over all
    of the namespace, estimated from the signs as ``mean`` is.
    """

    state: NamespaceState
    numbers: NDArray[np.int64]
    similarity: NDArray[np.float32]
    mean_similarity: NDArray[np.float32]
    embedded: NDArray[np.bool_]
    bm25: NDArray[np.float32]
    frequencies: NDArray[np.uint8]
    lengths: NDArray[np.float32]
    terms: tuple[str, ...]
    idf: NDArray[np.float32]
    created: NDArray[np.int64]
    session: NDArray[np.int64]
    flags: NDArray[np.uint16]
    previous: NDArray[np.int32]
    following: NDArray[np.int32]
    session_sizes: NDArray[np.int32]
    allowed: int
    mean: NDArray[np.float32]
    typical_similarity: tuple[float, float]
    encoded: Encoded

    def vectors(self, places: NDArray[np.intp]) -> NDArray[np.float32]:
        """The vectors of some candidates, (places, dimension)."""
        rows, scales = self.encoded
        vectors: NDArray[np.float32] = rows[places].astype(np.float32)
        vectors *= scales[places, None]
        return vectors


class Searcher:
    """Searches one file. Thread-safe; searches of a process take turns (they last milliseconds)."""

    def __init__(self, path: Path, keys: Keys | None = None) -> None:
        self._path = path
        self._keys = keys
        self._lock = threading.Lock()
        self._connection: apsw.Connection | None = None
        self._columns: OrderedDict[str, Columns] = OrderedDict()

    def close(self) -> None:
        """Release the connection and the columns."""
        with self._lock:
            self._columns.clear()
            if self._connection is not None:
                self._connection.close(True)
                self._connection = None

    def warm(self, namespace: str) -> None:
        """Load the columns of a namespace ahead of the first query."""
        with self._reading(namespace) as connection:
            if found := self._refreshed(connection, namespace):
                found[1].tail.invert()

    def fill(self, count: int) -> bool:
        """Read the vectors of up to ``count`` more memories of the namespaces searched last, so
        that later queries need not. Returns whether there may be more."""
        for namespace in tuple(reversed(self._columns)):
            with self._reading(namespace) as connection:
                found = self._refreshed(connection, namespace)
                if found and found[1].vectors.fill(connection, found[1].size, count):
                    return True
        return False

    def candidates(self, namespace: str, probe: Probe) -> Candidates | None:
        """The union of the nearest ``vector_depth`` memories, the best ``lexical_depth`` by BM25
        and the session neighbours of the best of each; ``None`` for an empty namespace."""
        with self._reading(namespace) as connection:
            found = self._refreshed(connection, namespace)
            return _Search(connection, *found, probe).candidates() if found else None

    def remaining(
        self,
        namespace: str,
        probe: Probe,
        skip: NDArray[np.int64],
        least: float,
        offset: int,
        limit: int,
    ) -> list[int]:
        """What comes after the last candidate: row keys of allowed memories that are not among
        ``skip`` and of which one channel reaches ``least`` (the cosine told by the signs, or the
        share of the attainable BM25), in the order of both together."""
        with self._reading(namespace) as connection:
            found = self._refreshed(connection, namespace)
            if found is None:
                return []
            search = _Search(connection, *found, probe)
            return search.remaining(skip, least, offset, limit)

    def nearest(
        self, namespace: str, vector: NDArray[np.float32], count: int, least: float
    ) -> list[tuple[int, float]]:
        """Row keys of the memories nearest to a vector of the present model, archived ones left
        out, with cosines of at least ``least``; the nearest first. Found by the signs, told by the
        vectors."""
        with self._reading(namespace) as connection:
            found = self._refreshed(connection, namespace)
            if found is None or len(vector) != found[2]:
                return []
            columns = found[1]
            query = np.packbits(vector > 0, bitorder="little").view(np.uint64)
            distances = columns.distances(query)
            np.copyto(distances, _FAR, where=~columns.ready)
            depth = min(NEAREST_DEPTH * count, len(distances))
            if depth == 0:
                return []
            near = (
                np.argpartition(distances, depth - 1)[:depth]
                if depth < len(distances)
                else (np.arange(len(distances)))
            )
            near = np.sort(near[distances[near] < _FAR])
            rows, scales = columns.vectors.get(connection, near)
            cosines = scales * np.einsum("ij,j->i", rows.astype(np.float32), vector)
            order = np.argsort(-cosines, kind="stable")[:count]
            return [
                (number, cosine)
                for number, cosine in zip(
                    (near[order] + (columns.ns << SLOT_BITS)).tolist(),
                    cosines[order].tolist(),
                    strict=True,
                )
                if cosine >= least
            ]

    def near_copies(
        self, namespace: str, least: float, progress: Progress
    ) -> list[tuple[int, int, float]]:
        """See :func:`memoryoss_mcp.store.copies.near_copies`."""
        from memoryoss_mcp.store.copies import near_copies  # nothing else needs it

        with self._reading(namespace) as connection:
            found = self._refreshed(connection, namespace)
            return near_copies(connection, found[1], least, progress) if found else []

    @contextlib.contextmanager
    def _reading(self, namespace: str) -> Iterator[apsw.Connection]:
        """The connection inside one read transaction. Blobs whose numbers point out of the
        namespace, or do not fill their arrays, are damage: SQLite has no checksums to notice it."""
        with self._lock, translated(self._path):
            connection = self._reader()
            connection.execute("BEGIN")
            try:
                yield connection
            except (LookupError, TypeError, ValueError, OverflowError, MemoryError) as error:
                self._columns.pop(namespace, None)
                raise StoreDamagedError(
                    f"The search index of namespace {namespace!r} is damaged "
                    f"({type(error).__name__}: {error}).",
                    hint="Run 'memoryoss doctor --repair': it is made anew from the memories.",
                ) from error
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    def _reader(self) -> apsw.Connection:
        if self._connection is None:
            self._connection = connect(self._path, keys=self._keys)
            self._connection.execute("PRAGMA query_only = ON")
            # Candidates' vectors are read at random: keep their pages.
            self._connection.execute("PRAGMA cache_size = -64000")
        return self._connection

    def _refreshed(
        self, connection: apsw.Connection, namespace: str
    ) -> tuple[NamespaceState, Columns, int] | None:
        state = read_state(connection, namespace)
        model = vectors.current_model(connection)
        if state is None or model is None:
            return None
        columns = self._columns.get(namespace)
        known = (columns.ns, columns.model, columns.sealed) if columns is not None else None
        if columns is None or known != (state.ns, model.key, bool(state.sealed)):
            columns = Columns(state, model.dimension, model.key)
            self._columns[namespace] = columns
            while len(self._columns) > KEPT_NAMESPACES:
                self._columns.popitem(last=False)
        self._columns.move_to_end(namespace)
        columns.refresh(connection, state)
        return state, columns, model.dimension


class _Search:
    """One query over the columns of a namespace, inside one read transaction."""

    def __init__(
        self,
        connection: apsw.Connection,
        state: NamespaceState,
        columns: Columns,
        dimension: int,
        probe: Probe,
    ) -> None:
        self.connection = connection
        self.state = state
        self.columns = columns
        self.dimension = dimension
        # Another process may have changed the model since the query was embedded.
        self.probe = probe if probe.model == columns.model else replace(probe, vector=None)
        self.restricted = probe.filters != _NO_FILTERS
        self.allowed = self._allowed() if self.restricted else columns.searchable
        self.allowed_count = (
            int(np.count_nonzero(self.allowed)) if self.restricted else columns.searchable_count
        )
        self._lexical()

    def _allowed(self) -> NDArray[np.bool_]:
        columns, filters, size = self.columns, self.probe.filters, self.columns.size
        flags = columns.flags[:size]
        allowed = (columns.live[:size] if filters.include_archived else columns.searchable).copy()
        if filters.agent is not None:
            allowed &= columns.agent[:size] == vectors.label_hash(filters.agent)
        if filters.session is not None:
            allowed &= columns.session[:size] == vectors.label_hash(filters.session)
        if filters.after is not None:
            allowed &= columns.created[:size] > filters.after
        if filters.before is not None:
            allowed &= columns.created[:size] < filters.before
        for shift, mask, values in vectors.flag_values(
            filters.memory_type, filters.statuses, filters.origins
        ):
            allowed &= np.isin((flags >> shift) & mask, values)
        if filters.tags:
            tagged = np.zeros(size, np.bool_)
            for tag in filters.tags:
                for kept in sealing.tokens(self.connection, columns.ns, "tag", tag):
                    numbers = fetch_all(
                        self.connection,
                        "SELECT number FROM tag WHERE ns = ? AND tag = ?",
                        (columns.ns, kept),
                    )
                    tagged[columns.slots_of([number for (number,) in numbers])] = True
            allowed &= tagged
        return allowed

    def _lexical(self) -> None:
        """Full BM25 sums over all slots, exact for every memory."""
        probe, state, size = self.probe, self.state, self.columns.size
        terms = probe.terms[:MAX_TERMS]
        self.sums = np.zeros(size, np.float32)
        self.postings = {
            postings.term: postings
            for postings in read_postings(
                self.connection, self.columns.ns, self.columns.tail, terms
            )
        }
        table = saturation(state.average_length, probe.k1, probe.b)
        idf = []
        for term in terms:
            postings = self.postings.get(term)
            if postings is None:
                idf.append(inverse_document_frequency(0, state.live))
                continue
            weight = inverse_document_frequency(len(postings.slots), state.live)
            self.sums[postings.slots] += np.float32(weight) * table.weights[postings.codes]
            idf.append(weight)
        self.terms = terms
        self.idf = np.asarray(idf, np.float32)

    def _nearest(self) -> tuple[NDArray[np.int64], tuple[float, float]]:
        """Slots of the nearest vectors by sign distance, and the typical cosine."""
        columns, size, depth = self.columns, self.columns.size, self.probe.vector_depth
        if self.probe.vector is None or size == 0:
            return np.zeros(0, np.int64), (0.0, 1.0)
        query = np.packbits(self.probe.vector > 0, bitorder="little").view(np.uint64)
        distances = columns.distances(query)
        if self.restricted:
            usable = self.allowed & ((columns.flags[:size] & vectors.READY) != 0)
            np.copyto(distances, _FAR, where=~usable)
        elif not columns.all_ready:
            np.copyto(distances, _FAR, where=~columns.ready)
        # A sample tells how far to look; the look itself is at every memory.
        step = max(1, size // _SAMPLE)
        counts = np.bincount(distances[::step], minlength=self.dimension + 1)
        counts = counts[: self.dimension + 1]
        typical = _typical_cosine(counts, self.dimension)
        bound = int(np.searchsorted(np.cumsum(counts) * step, depth))
        near = np.flatnonzero(distances <= bound)
        while len(near) < depth and bound < self.dimension:
            bound = min(bound + 4, self.dimension)
            near = np.flatnonzero(distances <= bound)
        near = near[np.argsort(distances[near], kind="stable")[:depth]]
        return self._refined(near), typical

    def _refined(self, near: NDArray[np.int64]) -> NDArray[np.int64]:
        """The best of many by the product of the query with their signs: closer to the cosine than
        counting differing signs, and nothing has to be read for it. The products of each of the 256
        bytes come from a table per place (asymmetric distances, Jégou, Douze & Schmid 2011)."""
        depth, vector = self.probe.refined_depth, self.probe.vector
        if len(near) <= depth or vector is None:
            return near
        packed = np.ascontiguousarray(self.columns.bits[:, near].T).view(np.uint8)
        table = (vector.reshape(-1, 8) @ _BYTES).ravel()
        product = table.take(packed + 256 * np.arange(packed.shape[1])).sum(axis=1)
        return near[np.argsort(-product, kind="stable")[:depth]]

    def _best_lexical(self) -> NDArray[np.int64]:
        sums, depth = self.sums, self.probe.lexical_depth
        if self.allowed_count < len(sums):
            sums = np.where(self.allowed, sums, np.float32(0.0))
        step = max(1, len(sums) // _SAMPLE)
        sample = sums[::step]
        sample = sample[sample > 0]
        wanted = depth // step + 8
        bound = 0.0
        if len(sample) > wanted:
            bound = float(np.partition(sample, len(sample) - wanted)[len(sample) - wanted])
        hits = np.flatnonzero(sums >= bound if bound > 0 else sums > 0)
        while len(hits) < depth and bound > 0:
            bound = bound / 2 if bound > 1e-3 else 0.0
            hits = np.flatnonzero(sums >= bound if bound > 0 else sums > 0)
        return hits[np.argsort(-sums[hits], kind="stable")[:depth]]

    def candidates(self) -> Candidates:
        columns = self.columns
        nearest, typical = self._nearest()
        lexical = self._best_lexical()
        best = np.concatenate((nearest[:60], lexical[:60]))
        previous, following = columns.sessions.previous, columns.sessions.following
        neighbours = np.concatenate((previous[best], following[best]))
        neighbours = neighbours[neighbours >= 0].astype(np.int64)
        neighbours = neighbours[self.allowed[neighbours]]
        slots = _distinct(np.concatenate((nearest, lexical, neighbours)))
        encoded = self._encoded(slots)
        similarity, mean_similarity = self._products(encoded)
        frequencies, lengths = self._occurrences(slots)
        return Candidates(
            state=self.state,
            numbers=slots + (columns.ns << SLOT_BITS),
            similarity=similarity,
            mean_similarity=mean_similarity,
            embedded=encoded[1] > 0,
            bm25=self.sums[slots],
            frequencies=frequencies,
            lengths=lengths,
            terms=self.terms,
            idf=self.idf,
            created=columns.created[slots],
            session=columns.session[slots],
            flags=columns.flags[slots],
            previous=_positions(slots, previous[slots]),
            following=_positions(slots, following[slots]),
            session_sizes=columns.sessions.sizes(slots),
            allowed=self.allowed_count,
            mean=columns.mean,
            typical_similarity=typical,
            encoded=encoded,
        )

    def _encoded(self, slots: NDArray[np.int64]) -> Encoded:
        """The stored vectors of some slots, as they are kept."""
        if self.probe.vector is None:
            return np.zeros((len(slots), self.dimension), np.int8), np.zeros(len(slots), np.float32)
        return self.columns.vectors.get(self.connection, slots)

    def _products(self, encoded: Encoded) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The products of vectors with the query and with the namespace's mean. ``einsum`` stays on
        this thread: for a few hundred rows waking the threads of BLAS costs more than they save."""
        rows, scales = encoded
        query = self.probe.vector
        if query is None:
            return scales, scales
        values = rows.astype(np.float32)
        return (
            scales * np.einsum("ij,j->i", values, query),
            scales * np.einsum("ij,j->i", values, self.columns.mean),
        )

    def _occurrences(
        self, slots: NDArray[np.int64]
    ) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Frequency of each term in some memories, and their lengths."""
        frequencies = np.zeros((len(slots), len(self.terms)), np.uint8)
        norms = np.zeros(len(slots), np.uint8)
        codes = np.zeros(self.columns.size, np.uint16)
        for place, term in enumerate(self.terms):
            postings = self.postings.get(term)
            if postings is not None:
                codes[postings.slots] = postings.codes
                found = codes[slots]
                frequencies[:, place] = found & 0xFF
                np.maximum(norms, (found >> 8).astype(np.uint8), out=norms)
                codes[postings.slots] = 0
        return frequencies, np.asarray(NORM_LENGTHS, np.float32)[norms]

    def remaining(
        self, skip: NDArray[np.int64], least: float, offset: int, limit: int
    ) -> list[int]:
        columns = self.columns
        allowed = self.allowed.copy()
        allowed[columns.slots_of(skip.tolist())] = False
        slots = np.flatnonzero(allowed)
        attainable = float(self.idf.sum() * (self.probe.k1 + 1)) or 1.0
        words = self.sums[slots] / np.float32(attainable)
        near = np.zeros_like(words)
        if self.probe.vector is not None:
            query = np.packbits(self.probe.vector > 0, bitorder="little").view(np.uint64)
            angles = columns.distances(query)[slots] * np.float32(np.pi / self.dimension)
            near = np.where(columns.flags[slots] & vectors.READY, np.cos(angles), 0)
        matching = np.flatnonzero(np.maximum(words, near) >= least)
        order = np.argsort(-(words + near)[matching], kind="stable")[offset : offset + limit]
        numbers: list[int] = (slots[matching[order]] + (columns.ns << SLOT_BITS)).tolist()
        return numbers


def _distinct(slots: NDArray[np.int64]) -> NDArray[np.int64]:
    """Sorted, without repetitions (``np.unique`` hashes first: slower for a few hundred)."""
    slots = np.sort(slots)
    return slots[np.append(True, slots[1:] != slots[:-1])] if len(slots) else slots


def _positions(slots: NDArray[np.int64], wanted: NDArray[np.int32]) -> NDArray[np.int32]:
    """Where each wanted slot stands in the sorted ``slots``, -1 if it is not there."""
    if len(slots) == 0:
        return wanted
    places = np.minimum(np.searchsorted(slots, wanted), len(slots) - 1)
    return np.where(slots[places] == wanted, places, -1).astype(np.int32)


def _typical_cosine(counts: NDArray[np.int64], dimension: int) -> tuple[float, float]:
    """Mean and deviation of the cosine from a histogram of sign distances: the angle between two
    vectors is about ``pi * distance / dimension`` (Charikar 2002)."""
    total = counts.sum()
    if total == 0:
        return 0.0, 1.0
    cosines = np.cos(np.pi * np.arange(len(counts)) / dimension)
    mean = float((counts * cosines).sum() / total)
    deviation = float(np.sqrt((counts * (cosines - mean) ** 2).sum() / total))
    return mean, max(deviation, 1e-3)
