# SPDX-License-Identifier: AGPL-3.0-only
"""The changes of a memory, each inside the caller's transaction: row, lexical entry, vector,
edges, ledger entry and counters together, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

import apsw

from memoryoss_mcp.errors import ConflictError, NotFoundError, StoreDamagedError
from memoryoss_mcp.model import (
    Change,
    Draft,
    EmbeddingState,
    Memory,
    Status,
    hash_content,
    new_id,
    now,
)
from memoryoss_mcp.store import ledger, lexical, past, rows, sealing, trust, vectors
from memoryoss_mcp.store.connection import fetch_all, fetch_one
from memoryoss_mcp.store.schema import SLOT_BITS
from memoryoss_mcp.store.types import Stored, Updated
from memoryoss_mcp.store.vectors import EmbeddingModel

Analyse = Callable[[Memory], Sequence[str]]
"""The lexical terms of a memory, in order, none with white space in it."""


Find = Callable[[Sequence[UUID]], Mapping[UUID, Memory]]
"""Reads those of some memories that the namespace has, inside the transaction."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A memory ready to be written: analysed and, if the model was there, embedded. ``distinct``
    writes it although the namespace has one of the same words."""

    memory: Memory
    terms: tuple[str, ...]
    vector: bytes | None
    distinct: bool = True


Rule = Callable[[Find], Sequence[Memory | Entry]]
"""Decides inside a transaction: known memories as they shall be, and new ones. It may run twice and
must not change anything itself."""

Link = Callable[[Memory, Find], Sequence[Memory]]
"""Ties a new memory to known ones inside the transaction that stores it: the new one as it shall
be, then the known ones that change with it. It may run twice and must not change anything
itself."""


Again = Callable[[Memory, Memory, Sequence[past.Author]], Memory]
"""What a known memory becomes when a new one says the same: (new, known, who made the earlier
changes of the known one). It may run twice and must not change anything itself."""


def nothing_new(_new: Memory, known: Memory, _authors: Sequence[past.Author]) -> Memory:
    """To say it again changes nothing."""
    return known


def draft_memory(draft: Draft) -> Memory:
    """The record that a draft becomes."""
    moment = now()
    created = moment if draft.created_at is None else draft.created_at
    return Memory(
        id=draft.id or new_id(),
        namespace=draft.namespace,
        content=draft.content,
        created_at=created,
        updated_at=moment if draft.created_at is None else created,
        tags=draft.tags,
        agent=draft.agent,
        session=draft.session,
        memory_type=draft.memory_type,
        status=draft.status,
        origin=draft.origin,
        client=draft.client,
        source_key=draft.source_key,
        content_hash=hash_content(draft.content),
        confidence=draft.confidence,
        evidence_count=draft.evidence_count,
        last_verified_at=created if draft.status is Status.ACTIVE else None,
    )


def insert(
    connection: apsw.Connection,
    model: EmbeddingModel,
    entries: Sequence[Entry],
    subject: str,
    link: Link | None = None,
    again: Again = nothing_new,
) -> list[Stored]:
    """Store new memories; one that says exactly what another of its namespace says gets that one's
    receipt, unless its entry is distinct; ``again`` tells what that one becomes. ``link`` may tie
    each to what is known."""
    stored = []
    for entry in entries:
        memory, others = entry.memory, Others(connection, entry.memory.namespace)
        known = None if entry.distinct else _same(connection, memory)
        if known is not None:
            stored.append(_said_again(connection, memory, known, others, again, subject))
            continue
        if link is not None:
            memory, *changed = link(memory, others.find)
            author = past.Author(memory.session, memory.source_key)
            for other in changed:
                others.rewrite(other, "link", subject, author)
        receipt = add(connection, model, replace(entry, memory=memory), subject, "store")
        lineage = memory.lineage
        stored.append(
            replace(receipt, updates=lineage.updates, contradicts=lineage.contradicts_with)
        )
    return stored


def add(
    connection: apsw.Connection, model: EmbeddingModel, entry: Entry, subject: str, action: str
) -> Stored:
    """Write one new memory. A vector of a model that the index does not hold (another process has
    changed it) is left out, so that the memory counts as pending."""
    present = vectors.current_model(connection) or model
    vector = entry.vector if present.key == model.key else None
    memory = replace(entry.memory, sequence=next_sequence(connection))
    ns, slot = _claim_slot(connection, memory.namespace)
    number = rows.row_number(ns, slot)
    try:
        rows.insert(connection, number, ns, memory)
    except apsw.ConstraintError:
        if not rows.find(connection, ns, [memory.id]):
            raise StoreDamagedError(
                f"The next row of namespace {memory.namespace!r} is taken; nothing was stored.",
                hint="Run 'memoryoss doctor --repair': it counts the rows anew.",
            ) from None
        raise ConflictError(
            f"Namespace {memory.namespace!r} already has a memory {memory.id}; nothing was stored.",
            hint="Leave the id out to get a new one, or update that memory.",
        ) from None
    length = lexical.put(connection, number, memory, entry.terms)
    vectors.put(connection, present, number, memory, vector)
    trust.recount(connection, ns, None, memory)
    ledger.append(connection, action, memory.namespace, subject, memory.id, memory.version)
    _count(connection, ns, memory.sequence, 1, length, 1, vector is None)
    state = EmbeddingState.READY if vector is not None else EmbeddingState.PENDING
    return Stored(memory.id, memory.namespace, memory.version, memory.created_at, state)


def update(
    connection: apsw.Connection,
    model: EmbeddingModel,
    change: Change,
    analyse: Analyse,
    vector: bytes | None,
    subject: str,
    allow: Callable[[Memory], None] = lambda _: None,
    link: Link | None = None,
) -> Updated:
    """Change a memory. ``vector`` belongs to the new content, if that is given; ``allow`` raises an
    error for a memory that may not be changed; ``link`` may tie new content to what is known.

    Raises:
        NotFoundError: the namespace has no such memory.
        ConflictError: its version is not the expected one.
    """
    ns = namespace_key(connection, change.namespace)
    found = rows.find(connection, ns, [change.id]).get(change.id) if ns is not None else None
    if ns is None or found is None:
        raise missing(change.id, change.namespace)
    number, memory = found
    allow(memory)
    if change.expected_version is not None and change.expected_version != memory.version:
        raise ConflictError(
            f"Memory {memory.id} is at version {memory.version}, "
            f"not {change.expected_version}; nothing was changed.",
            hint="Recall or inspect it again, then send the update with its present version.",
        )
    reworded = change.content is not None and change.content != memory.content
    content = memory.content if change.content is None else change.content
    changed = replace(
        memory,
        content=content,
        content_hash=hash_content(content),
        tags=memory.tags if change.tags is None else change.tags,
        memory_type=change.memory_type or memory.memory_type,
        version=memory.version + 1,
        updated_at=max(now(), memory.updated_at),
        sequence=next_sequence(connection),
    )
    if reworded and link is not None:
        others = Others(connection, memory.namespace)
        # What is said now is newer than all that is there, whenever the memory was first stored.
        tied, *touched = link(replace(changed, created_at=changed.updated_at), others.find)
        changed = replace(tied, created_at=memory.created_at)
        author = past.Author(change.session, change.source_key)
        for other in touched:
            others.rewrite(other, "link", subject, author)
    if reworded:
        present = vectors.current_model(connection) or model
        vector = vector if present.key == model.key else None
    state = reword(connection, model, (number, memory), changed, analyse, vector)
    entry = ledger.append(
        connection, "update", memory.namespace, subject, memory.id, changed.version
    )
    past.keep(connection, number, memory, entry, past.Author(change.session, change.source_key))
    return Updated(
        memory.id, memory.namespace, changed.version, changed.updated_at, changed.status, state
    )


def reword(
    connection: apsw.Connection,
    model: EmbeddingModel,
    known: tuple[int, Memory],
    changed: Memory,
    analyse: Analyse,
    vector: bytes | None,
) -> EmbeddingState:
    """Write a memory whose content or tags may be others; ``vector`` belongs to new content."""
    number, memory = known
    ns = number >> SLOT_BITS
    rows.rewrite(connection, number, ns, changed)
    before, from_tail = lexical.drop(connection, number)
    length = lexical.put(connection, number, changed, tuple(analyse(changed)))
    was_pending = memory.embedding is EmbeddingState.PENDING
    if changed.content != memory.content:
        vectors.put(connection, vectors.current_model(connection) or model, number, changed, vector)
        is_pending = vector is None
    else:
        vectors.set_flags(connection, number, changed)
        is_pending = was_pending
    trust.recount(connection, ns, memory, changed)
    _count(
        connection,
        ns,
        changed.sequence,
        0,
        length - before,
        int(not from_tail),
        int(is_pending) - int(was_pending),
    )
    return EmbeddingState.PENDING if is_pending else EmbeddingState.READY


def amend(
    connection: apsw.Connection,
    model: EmbeddingModel,
    namespace: str,
    rule: Rule,
    action: str,
    subject: str,
) -> list[Memory]:
    """Write what a rule makes of memories of a namespace, each with its ledger entry ``action``.
    The rule must leave the content and tags of known memories as they are. Returns the memories as
    they are now."""
    others = Others(connection, namespace)
    changed = []
    for memory in rule(others.find):
        if isinstance(memory, Entry):
            add(connection, model, memory, subject, action)
            changed.append(memory.memory)
        else:
            changed.append(others.rewrite(memory, action, subject))
    return changed


class Others:
    """The known memories of a namespace inside one transaction: reads them, and writes changes of
    their states."""

    def __init__(self, connection: apsw.Connection, namespace: str) -> None:
        self._connection = connection
        self._namespace = namespace
        self._ns = namespace_key(connection, namespace)
        self._known: dict[UUID, tuple[int, Memory]] = {}

    def find(self, ids: Sequence[UUID]) -> dict[UUID, Memory]:
        """Those of some memories that the namespace has, by id."""
        found = rows.find(self._connection, self._ns, ids) if self._ns is not None else {}
        self._known.update(found)
        return {key: memory for key, (_, memory) in found.items()}

    def rewrite(
        self, memory: Memory, action: str, subject: str, author: past.Author = past.NOBODY
    ) -> Memory:
        """Write a memory that :meth:`find` has found, with other states than it had. Its version
        before is kept. Returns it as it is now.

        Raises:
            NotFoundError: it was not found.
        """
        if self._ns is None or memory.id not in self._known:
            raise missing(memory.id, self._namespace)
        number, before = self._known[memory.id]
        after = replace(
            memory,
            version=before.version + 1,
            updated_at=max(now(), before.updated_at),
            sequence=next_sequence(self._connection),
        )
        connection = self._connection
        rows.rewrite(connection, number, self._ns, after)
        vectors.set_flags(connection, number, after)
        trust.recount(connection, self._ns, before, after)
        entry = ledger.append(
            connection, action, self._namespace, subject, memory.id, after.version
        )
        past.keep(connection, number, before, entry, author)
        _count(connection, self._ns, after.sequence, 0, 0, 0, 0)
        self._known[memory.id] = number, after
        return after


def next_version(memory: Memory, before: Memory) -> Memory:
    """A memory as the version that follows another."""
    return replace(memory, version=before.version + 1, updated_at=max(now(), before.updated_at))


def restore(
    connection: apsw.Connection,
    model: EmbeddingModel,
    known: tuple[int, Memory],
    version: Memory,
    analyse: Analyse,
    subject: str,
) -> Memory:
    """Give a memory (with its row key) the content and states of an earlier version of it, as a new
    version. Where the content changes it counts as pending. Returns it as it is now."""
    number, memory = known
    after = replace(
        version,
        version=memory.version + 1,
        updated_at=max(now(), memory.updated_at),
        sequence=next_sequence(connection),
    )
    reword(connection, model, known, after, analyse, None)
    entry = ledger.append(connection, "undo", memory.namespace, subject, memory.id, after.version)
    past.keep(connection, number, memory, entry)
    return after


def delete(
    connection: apsw.Connection, ns: int, found: Sequence[tuple[int, Memory]], subject: str
) -> None:
    """Delete memories with everything that was derived from them."""
    for number, memory in found:
        seq = next_sequence(connection)
        rows.remove(connection, number)
        past.drop(connection, number)
        trust.recount(connection, ns, memory, None)
        length, from_tail = lexical.drop(connection, number)
        vectors.remove(connection, number, memory.id)
        connection.execute("INSERT INTO tombstone VALUES(?,?,?)", (ns, seq, number))
        connection.execute(
            "UPDATE sync_state SET digest = x'' WHERE ns = ? AND id = ?", (ns, memory.id.bytes)
        )
        ledger.append(connection, "forget", memory.namespace, subject, memory.id, memory.version)
        pending = memory.embedding is EmbeddingState.PENDING
        _count(connection, ns, seq, -1, -length, -int(from_tail), -int(pending))


def fill_vectors(
    connection: apsw.Connection,
    model: EmbeddingModel,
    filled: Sequence[tuple[int, str, bytes]],
) -> int:
    """Give pending memories (row key, content hash, vector) their vectors, unless they changed
    meanwhile. Returns how many were filled."""
    count = 0
    if vectors.current_model(connection) != model:
        return count
    for number, content_hash, vector in filled:
        memory = rows.read(connection, [number]).get(number)
        if memory is None or memory.content_hash != content_hash:
            continue
        if memory.embedding is EmbeddingState.READY:
            continue
        ns, memory = number >> SLOT_BITS, replace(memory, sequence=next_sequence(connection))
        vectors.put(connection, model, number, memory, vector)
        rows.rewrite(connection, number, ns, memory)
        _count(connection, ns, memory.sequence, 0, 0, 0, -1)
        count += 1
    return count


TO_PACK: Final = "SELECT ns FROM namespace WHERE tail >= ? AND key IS NULL"
"""The namespaces whose tail is due. Sealed ones have nothing else, and it stays sealed."""


def pack_tails(connection: apsw.Connection, limit: int) -> int:
    """Pack the tail of every namespace whose tail has reached ``limit`` memories."""
    packed = 0
    for (ns,) in fetch_all(connection, TO_PACK, (limit,)):
        packed += lexical.pack(connection, ns)
        connection.execute("UPDATE namespace SET tail = 0, packs = packs + 1 WHERE ns = ?", (ns,))
    return packed


def remove_empty_namespace(connection: apsw.Connection, name: str) -> None:
    """Remove the row and the tombstones of a namespace that has no memories (any more)."""
    row = fetch_one(connection, "SELECT ns FROM namespace WHERE name = ? AND live = 0", (name,))
    if row is not None:
        connection.execute("DELETE FROM tombstone WHERE ns = ?", row)
        connection.execute("DELETE FROM data_key WHERE ns = ?", row)
        connection.execute("DELETE FROM sync_state WHERE ns = ?", row)
        connection.execute("DELETE FROM namespace WHERE ns = ?", row)


def namespace_key(connection: apsw.Connection, name: str) -> int | None:
    """The row key of a namespace, ``None`` if nothing was ever stored in it."""
    row = fetch_one(connection, "SELECT ns FROM namespace WHERE name = ?", (name,))
    return row[0] if row else None


def missing(memory_id: object, namespace: str) -> NotFoundError:
    """The error for an id that a namespace does not have."""
    return NotFoundError(
        f"Namespace {namespace!r} has no memory {memory_id}.",
        hint="Recall or list to get current ids, or name the namespace it is in.",
    )


def _said_again(
    connection: apsw.Connection,
    memory: Memory,
    known: tuple[int, Memory],
    others: Others,
    again: Again,
    subject: str,
) -> Stored:
    """The receipt of a memory that was there before."""
    number, before = known
    versions = past.versions(connection, number, memory.namespace) if before.version > 1 else []
    after = again(memory, before, [version.author for version in versions])
    if after != before:
        others.find([before.id])
        author = past.Author(memory.session, memory.source_key)
        after = others.rewrite(after, "reuse", subject, author)
    return Stored(after.id, after.namespace, after.version, after.created_at, after.embedding, True)


def _same(connection: apsw.Connection, memory: Memory) -> tuple[int, Memory] | None:
    """The memory that says the same and counts at least as much: what was given up, or was never
    taken for true, is no answer to a statement."""
    ns = namespace_key(connection, memory.namespace)
    if ns is None or memory.content_hash is None:
        return None
    hashes = sealing.tokens(connection, ns, "content_hash", memory.content_hash)
    found = rows.select(
        connection,
        f"m.ns = ? AND m.content_hash IN ({','.join('?' * len(hashes))}) AND m.archived = 0"
        " AND m.superseded_by IS NULL AND m.status IN (?, ?) ORDER BY m.number LIMIT 1",
        ns,
        *hashes,
        Status.ACTIVE.value,
        memory.status.value,
    )
    return found[0] if found else None


def next_sequence(connection: apsw.Connection) -> int:
    """The number of the next change in the file."""
    row = fetch_one(
        connection, "UPDATE setting SET value = value + 1 WHERE name = 'seq' RETURNING value"
    )
    seq: int = row[0]
    return seq


def _claim_slot(connection: apsw.Connection, name: str) -> tuple[int, int]:
    connection.execute(
        "INSERT OR IGNORE INTO namespace(name, created_at) VALUES(?,?)", (name, now())
    )
    ns, following = fetch_one(
        connection,
        "UPDATE namespace SET next_slot = next_slot + 1 WHERE name = ? RETURNING ns, next_slot",
        (name,),
    )
    return ns, following - 1


def _count(
    connection: apsw.Connection,
    ns: int,
    seq: int,
    live: int,
    terms: int,
    tail: int,
    pending: int,
) -> None:
    connection.execute(
        "UPDATE namespace SET seq = ?, live = live + ?, terms = terms + ?, tail = tail + ?,"
        " pending = pending + ? WHERE ns = ?",
        (seq, live, terms, tail, pending, ns),
    )
