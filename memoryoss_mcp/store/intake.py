# SPDX-License-Identifier: AGPL-3.0-only
"""Memories that arrive from elsewhere: thousands in one transaction, each exactly as it is given,
or none of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final

import apsw

from memoryoss_mcp.errors import ConflictError
from memoryoss_mcp.model import Memory
from memoryoss_mcp.store import changes, ledger, lexical, past, rows, vectors
from memoryoss_mcp.store.changes import Analyse, Entry, Find, Others
from memoryoss_mcp.store.connection import fetch_all
from memoryoss_mcp.store.vectors import EmbeddingModel

STEP: Final = 500
"""Memories between two calls of the progress function."""


@dataclass(frozen=True, slots=True)
class Exact:
    """A known memory as it shall be from now on, its version and times too."""

    entry: Entry


@dataclass(frozen=True, slots=True)
class Changed:
    """A known memory with other states or tags, which becomes its next version. ``source_key`` says
    where the change comes from."""

    memory: Memory
    source_key: str | None = None


Arrival = Entry | Changed | Exact
"""A new memory, a change of a known one, or a known one that is replaced as a whole."""

Arrivals = Callable[[Find], Iterable[Arrival]]
"""What arrives, told inside the transaction. It may run twice and must not change anything
itself."""


@dataclass(frozen=True, slots=True)
class Taken:
    """How many memories were new, and how many known ones changed."""

    created: int
    changed: int


def take(
    connection: apsw.Connection,
    model: EmbeddingModel,
    namespace: str,
    arrivals: Arrivals,
    analyse: Analyse,
    subject: str,
    action: str,
    progress: Callable[[int], None],
    *,
    into_empty: bool = False,
) -> Taken:
    """Write what arrives in a namespace, each with its ledger entry ``action``. ``into_empty``
    refuses a namespace that holds anything.

    Raises:
        ConflictError: a new memory has the id of a known one, or the namespace is not empty.
        NotFoundError: a known one is not there.
    """
    if into_empty and holds(connection, namespace):
        raise ConflictError(f"Namespace {namespace!r} is not empty (any more).")
    others = Others(connection, namespace)
    created = changed = 0
    for arrival in arrivals(others.find):
        if isinstance(arrival, Entry):
            changes.add(connection, model, arrival, subject, action)
            created += 1
            if created % lexical.TAIL_LIMIT == 0:
                changes.pack_tails(connection, lexical.TAIL_LIMIT)
        else:
            _change(connection, model, namespace, arrival, analyse, subject, action)
            changed += 1
        if (created + changed) % STEP == 0:
            progress(created + changed)
    return Taken(created, changed)


def holds(connection: apsw.Connection, namespace: str) -> bool:
    """Whether a namespace has any memory, archived or not."""
    ns = changes.namespace_key(connection, namespace)
    return bool(fetch_all(connection, "SELECT 1 FROM memory WHERE ns = ? LIMIT 1", (ns,)))


def _change(
    connection: apsw.Connection,
    model: EmbeddingModel,
    namespace: str,
    arrival: Changed | Exact,
    analyse: Analyse,
    subject: str,
    action: str,
) -> None:
    memory = arrival.entry.memory if isinstance(arrival, Exact) else arrival.memory
    vector = arrival.entry.vector if isinstance(arrival, Exact) else None
    ns = changes.namespace_key(connection, namespace)
    found = {} if ns is None else rows.find(connection, ns, [memory.id])
    if memory.id not in found:
        raise changes.missing(memory.id, namespace)
    number, before = found[memory.id]
    after = replace(memory, namespace=namespace, sequence=changes.next_sequence(connection))
    author = past.Author(after.session, after.source_key)
    if isinstance(arrival, Changed):
        after = changes.next_version(after, before)
        author = past.Author(source_key=arrival.source_key)
    present = (vectors.current_model(connection) or model).key == model.key
    changes.reword(connection, model, (number, before), after, analyse, vector if present else None)
    entry = ledger.append(connection, action, namespace, subject, memory.id, after.version)
    past.keep(connection, number, before, entry, author)
