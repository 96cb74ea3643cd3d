# SPDX-License-Identifier: AGPL-3.0-only
"""Selecting memories by what is known of them: listings, selectors, counts."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any, Final

import apsw

from memoryoss_mcp.errors import InvalidCursorError
from memoryoss_mcp.model import Memory, QueueKind
from memoryoss_mcp.store import changes, rows, schema, sealing
from memoryoss_mcp.store.connection import fetch_all, fetch_one
from memoryoss_mcp.store.types import Filters, ListPage, ListQuery, NamespaceStatus, Waiting


def page(connection: apsw.Connection, query: ListQuery) -> ListPage:
    """Memories that fulfil the filters, newest first."""
    ns = changes.namespace_key(connection, query.namespace)
    if ns is None:
        return ListPage(query.namespace, (), 0, None)
    condition, values = where(connection, ns, query.filters)
    (count,) = fetch_one(connection, f"SELECT count(*) FROM memory m WHERE {condition}", values)
    if query.cursor is not None:
        created, number = read_cursor(query.cursor, 2)
        condition += " AND (m.created_at, m.number) < (?, ?)"
        values = [*values, created, number]
    found = rows.select(
        connection,
        f"{condition} ORDER BY m.created_at DESC, m.number DESC LIMIT ?",
        *values,
        query.limit + 1,
    )
    following = None
    if len(found) > query.limit:
        last_number, last = found[query.limit - 1]
        following = make_cursor(last.created_at, last_number)
    memories = tuple(memory for _, memory in found[: query.limit])
    return ListPage(query.namespace, memories, count, following)


def where(connection: apsw.Connection, ns: int, filters: Filters) -> tuple[str, list[Any]]:
    """The filters as an SQL condition on ``m`` (a row of ``memory``) and its values."""
    parts: list[str] = ["m.ns = ?"]
    values: list[Any] = [ns]

    def add(part: str, *more: Any) -> None:
        parts.append(part)
        values.extend(more)

    if not filters.include_archived:
        add("m.archived = 0")
    for name, label in (("agent", filters.agent), ("session", filters.session)):
        if label is not None:
            wanted = sealing.tokens(connection, ns, name, label)
            add(f"m.{name} IN ({_marks(wanted)})", *wanted)
    if filters.memory_type is not None:
        add("m.memory_type = ?", filters.memory_type.value)
    if filters.after is not None:
        add("m.created_at > ?", filters.after)
    if filters.before is not None:
        add("m.created_at < ?", filters.before)
    for column, choices in (("origin", filters.origins), ("status", filters.statuses)):
        if choices:
            marks = _marks(choices)
            add(f"m.{column} IN ({marks})", *(choice.value for choice in choices))
    if filters.tags:
        tags = [kept for tag in filters.tags for kept in sealing.tokens(connection, ns, "tag", tag)]
        add(
            f"m.number IN (SELECT number FROM tag WHERE ns = ? AND tag IN ({_marks(tags)}))",
            ns,
            *tags,
        )
    return " AND ".join(parts), values


def _marks(values: Sequence[object]) -> str:
    return ",".join("?" * len(values))


def select(
    connection: apsw.Connection, ns: int, filters: Filters, limit: int
) -> list[tuple[int, Memory]]:
    """Up to ``limit`` memories that fulfil the filters, oldest first."""
    condition, values = where(connection, ns, filters)
    return rows.select(connection, f"{condition} ORDER BY m.number LIMIT ?", *values, limit)


def waiting(connection: apsw.Connection, ns: int, limit: int) -> Waiting:
    """What waits for a review. The index holds nothing else, so that this costs the same in a
    large namespace."""
    numbers = [
        number
        for (number,) in connection.execute(
            f"SELECT number FROM memory WHERE ns = ? AND {schema.WAITING}"
            f" ORDER BY ({schema.REVIEW_RANK}), created_at DESC, number DESC LIMIT ?",
            (ns, limit),
        )
    ]
    found = rows.read(connection, numbers)
    counts = dict.fromkeys(_RANKS, 0)
    oldest = None
    for rank, count, first in connection.execute(
        f"SELECT ({schema.REVIEW_RANK}), count(*), min(created_at) FROM memory"
        f" WHERE ns = ? AND {schema.WAITING} GROUP BY 1",
        (ns,),
    ):
        counts[_RANKS[rank]] = count
        oldest = first if oldest is None else min(oldest, first)
    return Waiting(tuple(found[number] for number in numbers), counts, oldest)


_RANKS: Final = (QueueKind.CONTESTED, QueueKind.REJECTED, QueueKind.CANDIDATE)


def namespaces(connection: apsw.Connection) -> tuple[NamespaceStatus, ...]:
    """Counts of every namespace, by name."""
    found = []
    for ns, name, pending, sealed in fetch_all(
        connection, "SELECT ns, name, pending, key IS NOT NULL FROM namespace ORDER BY name"
    ):
        counts = dict.fromkeys(("active", "candidate", "contested", "stale"), 0)
        archived = 0
        for status, is_archived, count in connection.execute(
            "SELECT status, archived, count(*) FROM memory WHERE ns = ? GROUP BY 1, 2", (ns,)
        ):
            if is_archived:
                archived += count
            else:
                counts[status] += count
        total = sum(counts.values()) + archived
        if total == 0:
            health = "empty"
        elif counts["contested"]:
            health = "contested"
        elif counts["candidate"]:
            health = "review"
        else:
            health = "maintenance" if counts["stale"] or pending else "healthy"
        found.append(
            NamespaceStatus(
                name=name,
                total=total,
                archived=archived,
                pending=pending,
                health=health,
                sealed=bool(sealed),
                **counts,
            )
        )
    return tuple(found)


def make_cursor(*values: int) -> str:
    """An opaque paging cursor that holds a few integers."""
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def read_cursor(cursor: str, count: int) -> list[int]:
    """The integers of a cursor.

    Raises:
        InvalidCursorError: the text is not a cursor with ``count`` integers.
    """
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        values = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        if (
            not isinstance(values, list)
            or len(values) != count
            or not all(type(v) is int and abs(v) < 2**63 for v in values)
        ):
            raise ValueError
    except (ValueError, RecursionError):
        raise InvalidCursorError(
            "That cursor was not made here.",
            field="cursor",
            hint="Send next_cursor exactly as the page before returned it, or leave it out.",
        ) from None
    return values
