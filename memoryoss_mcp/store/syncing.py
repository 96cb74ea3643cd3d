# SPDX-License-Identifier: AGPL-3.0-only
"""What is known of other installations' memories: which version of each memory this file has
(``sync_state``), and which chunks of a folder were read (``sync_chunk``).

No content is kept here, only clocks and digests; those of a sealed namespace are sealed too. A
digest that cannot be opened any more counts as that of another state.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import apsw

from memoryoss_mcp.errors import SealedError, StoreDamagedError
from memoryoss_mcp.store import changes, forgetting, intake, sealing
from memoryoss_mcp.store.changes import Analyse
from memoryoss_mcp.store.connection import fetch_all
from memoryoss_mcp.store.forgetting import Chosen
from memoryoss_mcp.store.intake import Arrivals, Taken
from memoryoss_mcp.store.residue import Gone
from memoryoss_mcp.store.types import ForgetReceipt, ForgetRequest
from memoryoss_mcp.store.vectors import EmbeddingModel

DIGEST_BYTES: Final = 48
"""What a digest has in clear; a sealed one is longer."""

UNKNOWN: Final = b""
"""The digest of a state that cannot be known any more."""

_KIND: Final = "sync digest"


@dataclass(frozen=True, slots=True)
class Known:
    """The version of a memory that was exchanged last: its clock as text, and the digest of its
    state; ``None`` if the memory is forgotten."""

    clock: str
    digest: bytes | None


States = Mapping[UUID, Known | None]
"""What is known from now on; ``None`` means no longer anything."""

Chunks = Mapping[str, bytes | None]
"""Chunks of a folder by name, with the digests of their files; ``None`` means no longer there."""


@dataclass(frozen=True, slots=True)
class Merger:
    """What an import does to a namespace, all of it or nothing: memories that arrive, memories that
    go, and what is known of them afterwards."""

    arrivals: Arrivals
    gone: tuple[UUID, ...]
    states: States


@dataclass(frozen=True, slots=True)
class Merged:
    """What arrived, and the receipt of what went, if anything did."""

    taken: Taken
    receipt: ForgetReceipt | None


def states(connection: apsw.Connection, namespace: str) -> dict[UUID, Known]:
    """What is known of the memories of a namespace."""
    ns = changes.namespace_key(connection, namespace)
    if ns is None:
        return {}
    found = fetch_all(connection, "SELECT id, clock, digest FROM sync_state WHERE ns = ?", (ns,))
    return {
        UUID(bytes=key): Known(clock, _opened(connection, ns, key, digest))
        for key, clock, digest in found
    }


def chunks(connection: apsw.Connection, folder: str) -> dict[str, bytes]:
    """The chunks of a folder that were read or written here."""
    return dict(
        fetch_all(connection, "SELECT name, digest FROM sync_chunk WHERE folder = ?", (folder,))
    )


def exchanged(connection: apsw.Connection, namespace: str, chosen: Chosen) -> tuple[str, ...]:
    """The folders that may hold one of some memories of a namespace."""
    ns = changes.namespace_key(connection, namespace)
    known = "SELECT 1 FROM sync_state WHERE ns = ? AND id = ?"
    if not any(fetch_all(connection, known, (ns, m.id.bytes)) for _, m in chosen.found):
        return ()
    found = fetch_all(connection, "SELECT DISTINCT folder FROM sync_chunk ORDER BY folder")
    return tuple(folder for (folder,) in found)


def note(
    connection: apsw.Connection,
    namespace: str,
    known: States,
    folder: str,
    read: Chunks,
    check: Callable[[Mapping[str, bytes]], None],
) -> None:
    """Take down what is known now; ``check`` may refuse, given the chunks that were known."""
    check(chunks(connection, folder))
    _keep(connection, namespace, known)
    for name, digest in read.items():
        if digest is None:
            connection.execute(
                "DELETE FROM sync_chunk WHERE folder = ? AND name = ?", (folder, name)
            )
        else:
            connection.execute(
                "INSERT OR REPLACE INTO sync_chunk VALUES(?,?,?)", (folder, name, digest)
            )


def merge(
    connection: apsw.Connection,
    model: EmbeddingModel,
    namespace: str,
    merger: Merger,
    analyse: Analyse,
    subject: str,
    progress: Callable[[int], None],
) -> tuple[Taken, Chosen | None, Gone | None]:
    """Carry out a merger inside the caller's transaction. Returns also what has to be erased."""
    taken = intake.take(
        connection, model, namespace, merger.arrivals, analyse, subject, "sync", progress
    )
    chosen = gone = None
    if merger.gone:
        request = request_for(namespace, merger)
        chosen, gone = forgetting.delete(
            connection, model, request, len(merger.gone), analyse, subject
        )
    _keep(connection, namespace, merger.states)
    return taken, chosen, gone


def request_for(namespace: str, merger: Merger) -> ForgetRequest:
    """What a merger forgets, as a request."""
    return ForgetRequest(namespace, ids=merger.gone)


def _keep(connection: apsw.Connection, namespace: str, known: States) -> None:
    ns = changes.namespace_key(connection, namespace)
    if ns is None:
        return  # nothing was ever stored there, so there is nothing to be known of it
    for key, state in known.items():
        if state is None:
            connection.execute("DELETE FROM sync_state WHERE ns = ? AND id = ?", (ns, key.bytes))
        else:
            digest = _closed(connection, ns, key.bytes, state.digest)
            connection.execute(
                "INSERT OR REPLACE INTO sync_state VALUES(?,?,?,?)",
                (ns, key.bytes, state.clock, digest),
            )
    if sealing.of(connection, ns) is not None:
        seal_digests(connection, ns)


def seal_digests(connection: apsw.Connection, ns: int) -> None:
    """Seal the digests from the time before a namespace was sealed: in clear they would tell
    whether a text that somebody has in mind is there."""
    for key, digest in fetch_all(
        connection,
        "SELECT id, digest FROM sync_state WHERE ns = ? AND length(digest) = ?",
        (ns, DIGEST_BYTES),
    ):
        connection.execute(
            "UPDATE sync_state SET digest = ? WHERE ns = ? AND id = ?",
            (_closed(connection, ns, key, digest), ns, key),
        )


def _closed(connection: apsw.Connection, ns: int, key: bytes, digest: bytes | None) -> bytes | None:
    seal = sealing.of(connection, ns)
    return digest if seal is None or not digest else seal.close(_KIND, key, digest)


def _opened(connection: apsw.Connection, ns: int, key: bytes, kept: bytes | None) -> bytes | None:
    if not kept or len(kept) == DIGEST_BYTES:
        return kept
    try:
        return sealing.opener(connection, ns).open(_KIND, key, kept)
    except (SealedError, StoreDamagedError):
        return UNKNOWN
