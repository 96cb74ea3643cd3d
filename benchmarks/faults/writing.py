# SPDX-License-Identifier: AGPL-3.0-only
"""The children of the kill matrix: they change memories, or migrate, until they are killed.

Before a change a child says what it is about to do, and after it returned, that it is done: what
was said to be done is acknowledged, and at most one change per thread is neither done nor not.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import apsw

from benchmarks.faults.child import say
from benchmarks.faults.dying import DyingSystem
from benchmarks.faults.memories import KEEPERS, Keeper
from memoryoss_mcp.model import new_id
from memoryoss_mcp.store import file, lexical, schema
from memoryoss_mcp.store.file import Migration

FIRST: Final = schema.SCHEMA_VERSION
MOST: Final = 60
"""Memories of a thread, beyond which it forgets more than it stores: the file stays small."""

TAIL: Final = 24
"""Memories in the tail before it is packed (2,048 in earnest), so that kills meet the packing."""


def _copy_contents(connection: apsw.Connection) -> None:
    connection.execute("CREATE TABLE said(number INTEGER PRIMARY KEY, content TEXT)")
    connection.execute("INSERT INTO said SELECT number, content FROM memory")


def _index_contents(connection: apsw.Connection) -> None:
    connection.execute("CREATE INDEX said_content ON said(content)")


STEPS: Final = (
    Migration(FIRST + 1, "a copy of every content", _copy_contents),
    Migration(FIRST + 2, "an index over the copies", _index_contents),
)
"""A migration that no release has: two steps that write much."""


def space(thread: int) -> str:
    """The namespace of a thread."""
    return f"writer-{thread}"


def _arm(job: Mapping[str, Any]) -> DyingSystem | None:
    """Become mortal. SQLite knows the system for as long as what is returned lives."""
    dying = job.get("dying")
    return DyingSystem(dying["call"], dying["moment"]) if dying else None


def write(job: Mapping[str, Any]) -> None:
    """Change memories in several threads, each in its namespace, until killed."""
    system = _arm(job)
    lexical.TAIL_LIMIT = TAIL  # type: ignore[misc] # so that a small file packs too
    keeper = KEEPERS[job["kind"]](Path(job["folder"]))
    say({"open": system is not None})
    threads = [
        threading.Thread(target=_change, args=(keeper, number, f"{job['seed']}:{number}"))
        for number in range(job["threads"])
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _change(keeper: Keeper, thread: int, seed: str) -> None:
    choose = random.Random(seed)
    namespace = space(thread)
    live = {key: memory.version for key, memory in keeper.memories(namespace).items()}
    while True:
        verb = choose.choices(
            ("store", "batch", "update", "forget", "fill"),
            (45, 15, 20, 12 if len(live) < MOST else 120, 5),
        )[0]
        keys: list[UUID] = []
        if verb in ("store", "batch"):
            keys = [new_id() for _ in range(1 if verb == "store" else choose.randint(2, 20))]
        elif verb in ("update", "forget") and live:
            count = 1 if verb == "update" else choose.randint(1, min(6, len(live)))
            keys = choose.sample(sorted(live), count)
        if not keys and verb != "fill":
            continue
        line = {"thread": thread, "verb": verb, "keys": [key.hex for key in keys]}
        say(line | {"done": False})
        if verb == "fill":
            keeper.fill()
        elif verb == "update":
            live[keys[0]] += 1
            if keeper.update(namespace, keys[0], live[keys[0]]) != live[keys[0]]:
                raise AssertionError("an update returned another version")
        elif verb == "forget":
            if keeper.forget(namespace, keys) != len(keys):
                raise AssertionError("a living memory was not forgotten")
            for key in keys:
                del live[key]
        else:
            keeper.insert(namespace, keys)
            live |= dict.fromkeys(keys, 1)
        say(line | {"done": True})


def migrate(job: Mapping[str, Any]) -> None:
    """Migrate a file, snapshot included."""
    system = _arm(job)
    say({"open": system is not None})
    file.migrate(Path(job["path"]), 3, STEPS)
    say({"migrated": True})
