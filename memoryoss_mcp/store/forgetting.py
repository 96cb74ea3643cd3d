# SPDX-License-Identifier: AGPL-3.0-only
"""Forgetting: which memories a request names, their deletion, and the receipt."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

import apsw

from memoryoss_mcp.errors import EmptySelectorError, LimitExceededError
from memoryoss_mcp.model import Memory, Status, hash_content
from memoryoss_mcp.store import changes, listing, past, residue, rows
from memoryoss_mcp.store.changes import Analyse
from memoryoss_mcp.store.residue import Erasure, Gone
from memoryoss_mcp.store.scanner import SHORTEST
from memoryoss_mcp.store.types import Filters, ForgetReceipt, ForgetRequest, Leaf
from memoryoss_mcp.store.vectors import EmbeddingModel

PREVIEW_LENGTH: Final = 80


@dataclass(frozen=True, slots=True)
class Chosen:
    """The memories to forget, with their row keys: those that a request names (first) and, from
    ``named`` on, those that hold their words because they were merged with them. ``orphans`` were
    given up for one of them and come back. ``missing`` are ids of no memory."""

    ns: int | None
    found: Sequence[tuple[int, Memory]]
    missing: tuple[UUID, ...]
    named: int = 0
    orphans: Sequence[tuple[int, Memory]] = ()


def check(request: ForgetRequest) -> None:
    """Refuse a request that names nothing.

    Raises:
        EmptySelectorError
    """
    if not request.ids and not any(
        (request.agent, request.session, request.tags, request.before is not None)
    ):
        raise EmptySelectorError(
            "Nothing was named, and nothing was forgotten.",
            field="ids",
            hint="Send the ids of the memories to forget, as recall or list returned them.",
        )


def choose(connection: apsw.Connection, request: ForgetRequest, limit: int) -> Chosen:
    """The memories that a request names, with what was merged of them or into them.

    Raises:
        LimitExceededError: selectors match more than ``limit``.
    """
    ns = changes.namespace_key(connection, request.namespace)
    if ns is None:
        return Chosen(None, (), request.ids)
    if request.ids:
        by_id = rows.find(connection, ns, request.ids)
        missing = tuple(i for i in dict.fromkeys(request.ids) if i not in by_id)
        return _with_copies(connection, ns, list(by_id.values()), missing)
    filters = Filters(
        agent=request.agent,
        session=request.session,
        tags=request.tags,
        before=request.before,
        include_archived=True,
    )
    found = listing.select(connection, ns, filters, limit + 1)
    if len(found) > limit:
        raise LimitExceededError(
            f"More than {limit} memories match; nothing was forgotten.",
            hint="Narrow the selection, for example by session or by time.",
        )
    return _with_copies(connection, ns, found, ())


def _with_copies(
    connection: apsw.Connection,
    ns: int,
    named: Sequence[tuple[int, Memory]],
    missing: tuple[UUID, ...],
) -> Chosen:
    """What is named and every copy of its words: a merged memory goes with any of its sources,
    and with itself all of them. A source that says the same in its own right, and is not named,
    goes only if the merged memory is."""
    found = dict(named)
    for number, memory in named:  # named merged memories take their sources along
        found.setdefault(number, memory)
        for other, source in rows.find(connection, ns, memory.lineage.derived_from).values():
            found.setdefault(other, source)
    merged = list(found.values())
    while merged:  # whatever was made of any of them, however often it was merged again
        made = {
            number: memory
            for one in merged
            for number, memory in rows.select(
                connection, f"m.ns = ? AND {_MADE_OF}", ns, one.id.bytes
            )
            if number not in found
        }
        found |= made
        merged = list(made.values())
    orphans = {
        number: memory
        for one in found.values()
        if one.lineage.derived_from
        for number, memory in rows.select(
            connection, "m.ns = ? AND m.superseded_by = ?", ns, one.id.bytes
        )
        if number not in found
    }
    return Chosen(ns, list(found.items()), missing, len(named), list(orphans.items()))


_MADE_OF: Final = "m.number IN (SELECT number FROM edge WHERE target = ? AND kind = 'derived_from')"


def delete(
    connection: apsw.Connection,
    model: EmbeddingModel,
    request: ForgetRequest,
    limit: int,
    analyse: Analyse,
    subject: str,
) -> tuple[Chosen, Gone | None]:
    """Delete what a request names, inside the caller's transaction. Returns also what has to be
    erased afterwards, if anything."""
    chosen = choose(connection, request, limit)
    if chosen.ns is None or not chosen.found:
        return chosen, None
    for number, memory in chosen.orphans:
        version = before_merger(connection, number, memory)
        changes.restore(connection, model, (number, memory), version, analyse, subject)
    return chosen, remove(connection, request.namespace, chosen.ns, chosen.found, subject)


def _leaf(memory: Memory) -> Leaf:
    salt = secrets.token_bytes(16)
    content_hash = memory.content_hash or hash_content(memory.content)
    return Leaf(memory.id, salt, leaf_hash(salt, bytes.fromhex(content_hash)))


def leaf_hash(salt: bytes, content_hash: bytes) -> bytes:
    """The hash of a leaf of a Merkle tree (RFC 6962, section 2.1) over salted content hashes:
    without the salt nobody can try out what was forgotten."""
    return hashlib.sha256(b"\0" + salt + content_hash).digest()


def before_merger(connection: apsw.Connection, number: int, memory: Memory) -> Memory:
    """A memory as it was before it was given up for the one that replaces it."""
    merged = memory.lineage.superseded_by
    versions = past.versions(connection, number, memory.namespace)
    before = [v.memory for v in versions if v.memory.lineage.superseded_by != merged]
    return before[-1] if before else _free(memory)


def _free(memory: Memory) -> Memory:
    """A memory that nothing replaces any more."""
    lineage = replace(memory.lineage, superseded_by=None)
    return replace(memory, archived=False, status=Status.ACTIVE, lineage=lineage)


def remove(
    connection: apsw.Connection,
    namespace: str,
    ns: int,
    found: Sequence[tuple[int, Memory]],
    subject: str,
) -> Gone:
    """Delete some memories inside the caller's transaction. Returns what has to be erased."""
    gone = Gone(
        namespace=namespace,
        ids=tuple(memory.id for _, memory in found),
        values=tuple(residue.values(connection, [number for number, _ in found])),
        unsearchable=any(
            past.missing(connection, number, memory) or len(memory.content.encode()) < SHORTEST
            for number, memory in found
        ),
        note=residue.note(connection),
    )
    changes.delete(connection, ns, found, subject)
    return gone


def receipt(
    request: ForgetRequest,
    chosen: Chosen,
    erasure: Erasure | None = None,
    folders: Sequence[str] = (),
) -> ForgetReceipt:
    """What was (or, in a dry run, would be) deleted, and what is known of its bytes; ``folders``
    are those through which some of it was exchanged."""
    done = erasure or Erasure((), (), True)
    notes = list(done.notes)
    notes += [
        f"Some may still be in {folder}: 'memoryoss sync export' takes it out, on each machine."
        for folder in folders
    ]
    if copies := len(chosen.found) - chosen.named:
        notes.insert(0, f"{copies} of them are merged copies or their sources.")
    if chosen.orphans:
        notes.insert(0, f"{len(chosen.orphans)} memories that were merged with them are back.")
    return ForgetReceipt(
        namespace=request.namespace,
        deleted=tuple(memory.id for _, memory in chosen.found),
        previews=tuple((memory.id, memory.content[:PREVIEW_LENGTH]) for _, memory in chosen.found),
        missing=chosen.missing,
        dry_run=request.dry_run,
        scanned=done.scanned,
        clean=done.clean,
        notes=tuple(notes),
        leaves=tuple(_leaf(memory) for _, memory in chosen.found) if request.certified else (),
    )
