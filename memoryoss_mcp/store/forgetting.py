# SPDX-License-Identifier: AGPL-3.0-only
"""Forgetting: which memories a request names, their deletion, and the receipt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import apsw

from memoryoss_mcp.errors import EmptySelectorError, LimitExceededError
from memoryoss_mcp.model import Memory
from memoryoss_mcp.store import changes, listing, past, residue, rows
from memoryoss_mcp.store.residue import Erasure, Gone
from memoryoss_mcp.store.scanner import SHORTEST
from memoryoss_mcp.store.types import Filters, ForgetReceipt, ForgetRequest

PREVIEW_LENGTH: Final = 80


@dataclass(frozen=True, slots=True)
class Chosen:
    """The memories that a request names, with their row keys; ``missing`` are ids of none."""

    ns: int | None
    found: Sequence[tuple[int, Memory]]
    missing: tuple[UUID, ...]


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
    """The memories that a request names.

    Raises:
        LimitExceededError: selectors match more than ``limit``.
    """
    ns = changes.namespace_key(connection, request.namespace)
    if ns is None:
        return Chosen(None, (), request.ids)
    if request.ids:
        by_id = rows.find(connection, ns, request.ids)
        missing = tuple(i for i in dict.fromkeys(request.ids) if i not in by_id)
        return Chosen(ns, list(by_id.values()), missing)
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
    return Chosen(ns, found, ())


def delete(
    connection: apsw.Connection, request: ForgetRequest, limit: int, subject: str
) -> tuple[Chosen, Gone | None]:
    """Delete what a request names, inside the caller's transaction. Returns also what has to be
    erased afterwards, if anything."""
    chosen = choose(connection, request, limit)
    if chosen.ns is None or not chosen.found:
        return chosen, None
    return chosen, remove(connection, request.namespace, chosen.ns, chosen.found, subject)


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
    request: ForgetRequest, chosen: Chosen, erasure: Erasure | None = None
) -> ForgetReceipt:
    """What was (or, in a dry run, would be) deleted, and what is known of its bytes."""
    done = erasure or Erasure((), (), True)
    return ForgetReceipt(
        namespace=request.namespace,
        deleted=tuple(memory.id for _, memory in chosen.found),
        previews=tuple((memory.id, memory.content[:PREVIEW_LENGTH]) for _, memory in chosen.found),
        missing=chosen.missing,
        dry_run=request.dry_run,
        scanned=done.scanned,
        clean=done.clean,
        notes=done.notes,
    )
