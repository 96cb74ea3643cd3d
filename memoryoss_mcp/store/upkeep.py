# SPDX-License-Identifier: AGPL-3.0-only
"""Who looks after the memory, and when: one process at a time, and what came of it, in the file."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Final

import apsw

from memoryoss_mcp.model import now
from memoryoss_mcp.store.connection import fetch_all, fetch_one
from memoryoss_mcp.store.types import UpkeepRun

_NAME: Final = "upkeep:"


def claim(connection: apsw.Connection, kind: str, every_ns: int) -> bool:
    """Begin a run if the last one began at least ``every_ns`` ago, whoever began it. Inside a write
    transaction, so that of several processes one gets it."""
    last = _read(connection, kind)
    at = now()
    if last is not None and last.started_at <= at < last.started_at + every_ns:
        return False
    _write(connection, UpkeepRun(kind, at))
    return True


def finish(connection: apsw.Connection, kind: str, changed: int, error: str | None) -> None:
    """Keep what came of the run that :func:`claim` began."""
    last = _read(connection, kind)
    at = now()
    started = at if last is None else last.started_at
    _write(connection, UpkeepRun(kind, started, at, changed, error))


def runs(connection: apsw.Connection) -> tuple[UpkeepRun, ...]:
    """The last run of each kind, by kind."""
    found = fetch_all(
        connection, "SELECT value FROM setting WHERE name GLOB ? ORDER BY name", (f"{_NAME}*",)
    )
    return tuple(UpkeepRun(**json.loads(value)) for (value,) in found)


def _read(connection: apsw.Connection, kind: str) -> UpkeepRun | None:
    row = fetch_one(connection, "SELECT value FROM setting WHERE name = ?", (_NAME + kind,))
    return UpkeepRun(**json.loads(row[0])) if row else None


def _write(connection: apsw.Connection, run: UpkeepRun) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO setting VALUES(?,?)", (_NAME + run.kind, json.dumps(asdict(run)))
    )
