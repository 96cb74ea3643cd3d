# SPDX-License-Identifier: AGPL-3.0-only
"""Background work: done by one process at a time, only if wished for, and told in the status."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from memoryoss_mcp.config import Config, Consolidation, Decay
from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.lifecycle.upkeep import MINUTE_NS, Task, Upkeep, run_due, tasks
from memoryoss_mcp.model import Draft
from memoryoss_mcp.runtime import Runtime
from memoryoss_mcp.store import upkeep


def never() -> bool:
    return False


def counting(changed: int = 1) -> tuple[list[str], Task]:
    """A task that notes the namespaces it was given."""
    seen: list[str] = []

    def run(namespace: str) -> int:
        seen.append(namespace)
        return changed

    return seen, Task("decay", MINUTE_NS, run)


def test_nothing_is_done_unasked(config: Config) -> None:
    assert tasks(config, lambda _: 0, lambda _: 0) == ()
    wished = replace(config, decay=Decay(enabled=True), consolidation=Consolidation(enabled=True))
    found = tasks(wished, lambda _: 0, lambda _: 0)
    assert [(task.kind, task.every_ns // MINUTE_NS) for task in found] == [
        ("decay", 15),
        ("consolidation", 60),
    ]


def test_of_several_processes_one_does_it_and_the_status_tells(config: Config) -> None:
    with Runtime.open(config) as first, Runtime.open(config) as second:
        first.store(Draft("A fact.", "one"))
        first.store(Draft("Another.", "two"))
        seen, task = counting()
        assert run_due(first._store, [task], never) == 2
        assert seen == ["one", "two"]
        assert run_due(second._store, [task], never) == 0
        assert run_due(first._store, [task], never) == 0
        [run] = second.status().upkeep
        assert (run.kind, run.changed, run.error) == ("decay", 2, None)
        assert run.finished_at is not None


def test_it_is_done_again_when_it_is_due(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    runtime.store(Draft("A fact.", "one"))
    seen, task = counting()
    run_due(runtime._store, [task], never)
    [first] = runtime.status().upkeep
    monkeypatch.setattr(upkeep, "now", lambda: first.started_at + MINUTE_NS - 1)
    assert run_due(runtime._store, [task], never) == 0
    monkeypatch.setattr(upkeep, "now", lambda: first.started_at + MINUTE_NS)
    assert run_due(runtime._store, [task], never) == 1
    monkeypatch.setattr(upkeep, "now", lambda: first.started_at - 1)  # the clock was put back
    assert run_due(runtime._store, [task], never) == 1
    assert seen == ["one"] * 3


def test_what_fails_is_kept_and_does_not_end_the_rest(runtime: Runtime) -> None:
    runtime.store(Draft("A fact.", "one"))
    runtime.store(Draft("Another.", "two"))

    def fails(namespace: str) -> int:
        if namespace == "one":
            raise InvalidInputError("That is wrong.")
        return 3

    assert run_due(runtime._store, [Task("decay", MINUTE_NS, fails)], never) == 3
    [run] = runtime.status().upkeep
    assert (run.changed, run.error) == (3, "one: That is wrong.")


def test_the_thread_works_and_ends_when_it_is_told(runtime: Runtime) -> None:
    runtime.store(Draft("A fact.", "one"))
    done = threading.Event()

    def run(_namespace: str) -> int:
        done.set()
        return 0

    worker = Upkeep(runtime._store, [Task("decay", 10**7, run)])
    assert done.wait(30)
    worker.close()
    assert not worker._thread.is_alive()


def test_a_server_whose_configuration_wishes_it_has_one(config: Config) -> None:
    wished = replace(config, decay=Decay(enabled=True))
    with Runtime.open(wished, warm=True) as runtime:
        assert runtime._upkeep is not None
    with Runtime.open(config, warm=True) as runtime:
        assert runtime._upkeep is None
