# SPDX-License-Identifier: AGPL-3.0-only
"""Decay and consolidation in the background, where the configuration wishes for them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from memoryoss_mcp.config import Config
from memoryoss_mcp.errors import MemoryOSSError, SealedError
from memoryoss_mcp.store.store import Store

_log = logging.getLogger("memoryoss")

MINUTE_NS: Final = 60 * 10**9
LONGEST_WAIT_S: Final = 60.0
"""Between two looks at what is due: another process may have ended."""


@dataclass(frozen=True, slots=True)
class Task:
    """A kind of upkeep: how often, and what it does to one namespace (returns how many memories it
    changed)."""

    kind: str
    every_ns: int
    run: Callable[[str], int]


def tasks(
    config: Config, decay: Callable[[str], int], consolidate: Callable[[str], int]
) -> tuple[Task, ...]:
    """What a configuration wishes for."""
    wished = []
    if config.decay.enabled:
        wished.append(Task("decay", config.decay.interval_minutes * MINUTE_NS, decay))
    if config.consolidation.enabled:
        every = config.consolidation.interval_minutes * MINUTE_NS
        wished.append(Task("consolidation", every, consolidate))
    return tuple(wished)


def run_due(store: Store, wished: Sequence[Task], stop: Callable[[], bool]) -> int:
    """Run what is due and no other process has begun, over all namespaces that can be opened.
    Returns how many memories changed. What fails is kept in the state of the run."""
    whole = 0
    for task in wished:
        if stop() or not store.claim_upkeep(task.kind, task.every_ns):
            continue
        changed, problems = 0, []
        for space in store.status().namespaces:
            if stop():
                problems.append("It was stopped before its end.")
                break
            try:
                changed += task.run(space.name)
            except SealedError:
                continue  # locked: nobody can look after it
            except MemoryOSSError as error:
                problems.append(f"{space.name}: {error}")
                _log.warning("%s of %s failed: %s", task.kind, space.name, error)
        store.finish_upkeep(task.kind, changed, " ".join(problems) or None)
        whole += changed
    return whole


class Upkeep:
    """A thread that does what is due until it is closed."""

    def __init__(self, store: Store, wished: Sequence[Task]) -> None:
        self._store = store
        self._wished = wished
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="memoryoss-upkeep", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop behind the batch at hand."""
        self._stopped.set()
        self._thread.join(timeout=10.0)

    def _run(self) -> None:
        shortest = min(task.every_ns for task in self._wished) / 1e9
        # Not at once: a client that starts has something to ask first.
        while not self._stopped.wait(min(shortest, LONGEST_WAIT_S)):
            try:
                run_due(self._store, self._wished, self._stopped.is_set)
            except MemoryOSSError as error:
                _log.warning("upkeep has to wait: %s", error)
