# SPDX-License-Identifier: AGPL-3.0-only
"""Passports and histories out of a store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

from memoryoss_mcp.errors import NotFoundError
from memoryoss_mcp.model import Memory
from memoryoss_mcp.portable import document
from memoryoss_mcp.portable.artifact import Artifact
from memoryoss_mcp.portable.document import Gathering
from memoryoss_mcp.portable.lines import Scope
from memoryoss_mcp.portable.selection import Report, left_out, redacted
from memoryoss_mcp.portable.timeline import events
from memoryoss_mcp.store.store import Store
from memoryoss_mcp.store.types import Progress

STEP = 1_000
"""Memories between two calls of the progress function."""


def export_passport(
    store: Store, namespace: str, scope: Scope, redactions: Iterable[str], progress: Progress
) -> tuple[Artifact, Report]:
    """The passport of a namespace, and what became of each of its memories. All of it is of one
    state of the file."""
    gathered, report = Gathering(secret=store.is_sealed(namespace)), Report()
    wanted, total = tuple(redactions), store.count(namespace)
    # Links are counted when all that leaves is known.
    inside: set[UUID] = set()
    links: list[UUID] = []
    seen = 0

    def visit(memory: Memory) -> None:
        nonlocal seen
        seen += 1
        if seen % STEP == 0:
            progress("exporting", seen, max(total, seen))
        reason = left_out(memory, scope)
        if reason is not None:
            report.leave(memory, reason)
            return
        if wanted:
            memory = redacted(memory, wanted, report.redacted)
        gathered.add(memory)
        inside.add(memory.id)
        links.extend(linked(memory))

    store.visit(namespace, visit)
    report.selected = len(gathered.memories)
    report.dangling = sum(link not in inside for link in links)
    return document.passport(gathered, scope, namespace), report


def export_history(store: Store, namespace: str, root: UUID) -> Artifact:
    """The history of a memory: all that it is tied to, directly or through others, archived or not.

    Raises:
        NotFoundError: the namespace has no such memory.
    """
    members = closure(store, namespace, root)
    ordered = sorted(members.values(), key=lambda memory: (memory.created_at, memory.id))
    gathered = Gathering(secret=store.is_sealed(namespace))
    for memory in ordered:
        gathered.add(memory)
    timeline = [
        event
        for memory in ordered
        for event in events(memory, store.versions(namespace, memory.id), members)
    ]
    timeline.sort(key=lambda event: event.order)
    return document.history(
        gathered, root, namespace, edges(members), (event.written() for event in timeline)
    )


def closure(store: Store, namespace: str, root: UUID) -> dict[UUID, Memory]:
    """A memory and all that it is tied to, in both directions, by id.

    Raises:
        NotFoundError: the namespace has no such memory.
    """
    members = store.get_many(namespace, [root])
    if not members:
        raise NotFoundError(
            f"Namespace {namespace!r} has no memory {root}.",
            hint="Recall or list to get current ids, or name the namespace it is in.",
        )
    waiting = list(members.values())
    while waiting:
        memory = waiting.pop()
        near = {
            other.id: other
            for other in (
                *store.get_many(namespace, list(linked(memory))).values(),
                *store.replaced_by(namespace, memory.id),
                *store.made_of(namespace, memory.id),
                *store.contradicted_by(namespace, memory.id),
            )
        }
        waiting += [other for key, other in near.items() if key not in members]
        members |= near
    return members


def linked(memory: Memory) -> Iterator[UUID]:
    """The memories that one names, of those ties that the lines know."""
    lineage = memory.lineage
    yield from lineage.derived_from
    yield from lineage.contradicts_with
    if lineage.superseded_by is not None:
        yield lineage.superseded_by


def edges(members: dict[UUID, Memory]) -> list[dict[str, Any]]:
    """The ties between some memories, each once, in order."""
    found: set[tuple[UUID, UUID, str]] = set()
    for memory in members.values():
        lineage = memory.lineage
        for source in lineage.derived_from:
            found.add((source, memory.id, "derived_from"))
        if lineage.superseded_by is not None:
            found.add((memory.id, lineage.superseded_by, "superseded_by"))
        for other in lineage.contradicts_with:
            found.add((min(memory.id, other), max(memory.id, other), "contradicts_with"))
    return [
        {"from": str(one), "to": str(other), "kind": kind}
        for one, other, kind in sorted(found)
        if one in members and other in members
    ]
