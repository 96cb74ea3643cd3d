# SPDX-License-Identifier: AGPL-3.0-only
"""Undoing what one origin wrote: its memories are deleted, its changes of others' memories go back,
as one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import apsw

from memoryoss_mcp.errors import EmptySelectorError, InvalidInputError
from memoryoss_mcp.model import Memory
from memoryoss_mcp.store import changes, forgetting, ledger, past, rows
from memoryoss_mcp.store.changes import Analyse
from memoryoss_mcp.store.connection import fetch_all, fetch_one
from memoryoss_mcp.store.forgetting import PREVIEW_LENGTH
from memoryoss_mcp.store.past import Version
from memoryoss_mcp.store.residue import Erasure, Gone
from memoryoss_mcp.store.types import Undone, UndoReceipt, UndoRequest
from memoryoss_mcp.store.vectors import EmbeddingModel

CHANGED_LATER: Final = "changed_later"
"""Somebody else changed the memory after the origin did."""
REPLACEMENT_GONE: Final = "replacement_deleted"
"""Somebody else decided that a deleted memory is true instead of this one."""
PROTECTED: Final = "protected"
"""Its team has to agree to changes."""

_BATCH: Final = 500

Protects = Callable[[Memory], bool]
"""Whether a memory may not be changed by an undo."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What an undo has to do: memories (with row keys) to delete, those to take back to a version,
    and those that it must leave alone, with the reason."""

    ns: int | None
    delete: tuple[tuple[int, Memory], ...]
    revert: tuple[tuple[int, Memory, Memory], ...]
    keep: tuple[tuple[Memory, str], ...]


def check(request: UndoRequest) -> None:
    """Refuse a request that names nothing.

    Raises:
        EmptySelectorError
    """
    if not any((request.session, request.client, request.source_key)) and request.since is None:
        raise EmptySelectorError(
            "Nothing was named, and nothing was undone.",
            field="session",
            hint="Name a session, a client, a source key or a time.",
        )


def plan(connection: apsw.Connection, request: UndoRequest, protects: Protects) -> Plan:
    """What an undo would do, inside the caller's transaction."""
    ns = changes.namespace_key(connection, request.namespace)
    if ns is None:
        return Plan(None, (), (), ())
    written = _written(connection, ns, request)
    delete = {n: m for n, m in written.items() if not protects(m)}
    keep = [(m, PROTECTED) for n, m in written.items() if n not in delete]
    revert = []
    for number, versions in _changed(connection, ns, request):
        if number in written:
            continue
        memory = rows.read(connection, [number])[number]
        authors = _authors(connection, versions)
        by_origin = [_is_by(request, author) for author in authors]
        if not by_origin[-1]:
            keep.append((memory, CHANGED_LATER))
        elif protects(memory):
            keep.append((memory, PROTECTED))
        else:
            first = len(by_origin) - 1
            while first > 0 and by_origin[first - 1]:
                first -= 1
            revert.append((number, memory, versions[first].memory))
    going_back = {memory.id for _, memory, _ in revert}
    for memory in _replaced_by(connection, ns, delete.values()):
        if memory.id not in going_back and all(memory.id != m.id for m in delete.values()):
            keep.append((memory, REPLACEMENT_GONE))
    return Plan(ns, tuple(delete.items()), tuple(revert), tuple(keep))


def apply(
    connection: apsw.Connection,
    model: EmbeddingModel,
    request: UndoRequest,
    protects: Protects,
    analyse: Analyse,
    subject: str,
) -> tuple[Plan, Gone | None]:
    """Undo, inside the caller's transaction. Returns also what has to be erased, if anything."""
    todo = plan(connection, request, protects)
    if todo.ns is None or not (todo.delete or todo.revert):
        return todo, None
    ledger.append(connection, "undo", request.namespace, subject, None, 0)
    for number, memory, version in todo.revert:
        changes.restore(connection, model, (number, memory), version, analyse, subject)
    if not todo.delete:
        return todo, None
    gone = forgetting.remove(connection, request.namespace, todo.ns, todo.delete, subject)
    return todo, gone


def unmerge(
    connection: apsw.Connection,
    model: EmbeddingModel,
    namespace: str,
    memory_id: UUID,
    analyse: Analyse,
    subject: str,
) -> tuple[Memory, ...]:
    """Take a merged memory apart again, inside the caller's transaction. Returns its sources as
    they are now.

    Raises:
        NotFoundError: the namespace has no such memory.
        InvalidInputError: it was not made of others, or none of them is there any more.
    """
    ns = changes.namespace_key(connection, namespace)
    found = rows.find(connection, ns, [memory_id]).get(memory_id) if ns is not None else None
    if ns is None or found is None:
        raise changes.missing(memory_id, namespace)
    sources = rows.select(connection, "m.ns = ? AND m.superseded_by = ?", ns, memory_id.bytes)
    if not found[1].lineage.derived_from or not sources:
        raise InvalidInputError(
            f"Memory {memory_id} was not merged of others that are still there.", field="id"
        )
    restored = []
    for number, source in sources:
        before = forgetting.before_merger(connection, number, source)
        restored.append(
            changes.restore(connection, model, (number, source), before, analyse, subject)
        )
    changes.delete(connection, ns, [found], subject)
    return tuple(restored)


def receipt(request: UndoRequest, todo: Plan, erasure: Erasure | None = None) -> UndoReceipt:
    """What was (or, in a dry run, would be) undone."""
    done = erasure or Erasure((), (), True)
    return UndoReceipt(
        namespace=request.namespace,
        deleted=tuple(_told(memory, 0) for _, memory in todo.delete),
        reverted=tuple(_told(memory, version.version) for _, memory, version in todo.revert),
        kept=tuple(_told(memory, memory.version, reason) for memory, reason in todo.keep),
        dry_run=request.dry_run,
        scanned=done.scanned,
        clean=done.clean,
        notes=done.notes,
    )


def _told(memory: Memory, restores: int, reason: str | None = None) -> Undone:
    return Undone(memory.id, memory.content[:PREVIEW_LENGTH], memory.version, restores, reason)


@dataclass(frozen=True, slots=True)
class _Author:
    client: str
    at: int
    session: str | None
    source_key: str | None


def _is_by(request: UndoRequest, author: _Author) -> bool:
    return (
        (request.since is None or author.at >= request.since)
        and request.client in (None, author.client)
        and request.session in (None, author.session)
        and request.source_key in (None, author.source_key)
    )


def _written(connection: apsw.Connection, ns: int, request: UndoRequest) -> dict[int, Memory]:
    """The memories that the origin stored, by row key. When and by whom they were stored is what
    the ledger says; a memory may name another client for which it was stored."""
    found = fetch_all(
        connection,
        # What came from elsewhere may begin with any version, and anew under the id of a memory
        # that was forgotten.
        "SELECT m.number, l.at, l.subject FROM ledger l"
        " JOIN memory m ON m.ns = ? AND m.id = l.memory"
        " WHERE l.namespace = ? AND l.at >= ? AND l.entry = (SELECT min(f.entry) FROM ledger f"
        " WHERE f.memory = l.memory AND f.namespace = l.namespace AND f.entry > ifnull("
        "(SELECT max(g.entry) FROM ledger g WHERE g.memory = l.memory"
        " AND g.namespace = l.namespace AND g.action = 'forget'), 0))",
        (ns, request.namespace, request.since or 0),
    )
    stored = {number: (at, subject) for number, at, subject in found}
    written = {}
    for start in range(0, len(stored), _BATCH):
        batch = sorted(stored)[start : start + _BATCH]
        for number, memory in rows.read(connection, batch).items():
            at, subject = stored[number]
            if any(
                _is_by(request, _Author(client, at, memory.session, memory.source_key))
                for client in (subject, memory.client or subject)
            ):
                written[number] = memory
    return dict(sorted(written.items()))


def _changed(
    connection: apsw.Connection, ns: int, request: UndoRequest
) -> Iterable[tuple[int, list[Version]]]:
    """The memories (row key, earlier versions) that the origin changed."""
    first, last = rows.number_range(ns)
    numbers = fetch_all(
        connection,
        "SELECT DISTINCT p.number FROM past p JOIN ledger l ON l.entry = p.entry"
        " WHERE p.number BETWEEN ? AND ? AND l.at >= ? AND (? IS NULL OR l.subject = ?)"
        " ORDER BY p.number",
        (first, last, request.since or 0, request.client, request.client),
    )
    for (number,) in numbers:
        versions = past.versions(connection, number, request.namespace)
        authors = _authors(connection, versions)
        if any(_is_by(request, author) for author in authors):
            yield number, versions


def _authors(connection: apsw.Connection, versions: Iterable[Version]) -> list[_Author]:
    """Who ended each version."""
    authors = []
    for version in versions:
        at, subject = fetch_one(
            connection, "SELECT at, subject FROM ledger WHERE entry = ?", (version.entry,)
        )
        authors.append(_Author(subject, at, version.author.session, version.author.source_key))
    return authors


def _replaced_by(connection: apsw.Connection, ns: int, memories: Iterable[Memory]) -> list[Memory]:
    """The memories that some memories replace."""
    return [
        other
        for memory in memories
        for _, other in rows.select(
            connection, "m.ns = ? AND m.superseded_by = ?", ns, memory.id.bytes
        )
    ]
