# SPDX-License-Identifier: AGPL-3.0-only
"""Requests go on while the memory core cannot: locked, damaged, slow or dying on the way."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import httpx2
import pytest

from benchmarks.upstream import Upstream, running_upstream
from memoryoss_mcp.errors import StoreDamagedError
from memoryoss_mcp.model import Draft, Origin
from memoryoss_mcp.runtime import Runtime
from tests.proxy.conftest import StartProxy
from tests.proxy.running import NAMESPACE, PATIENCE, Proxy, running_proxy, settings_for
from tests.proxy.test_forward import CHAT, FACT, QUESTION, body, post, wait_for


def health(proxy: Proxy) -> dict[str, Any]:
    document: dict[str, Any] = httpx2.get(f"{proxy.url}/health", timeout=PATIENCE).json()
    return document


def test_a_core_that_fails_in_a_call_costs_the_memory_and_nothing_else(
    start_proxy: StartProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = start_proxy()
    proxy.remember(FACT)

    def broken(*_: object, **__: object) -> None:
        raise StoreDamagedError("The file is damaged.")

    with monkeypatch.context() as patched:
        patched.setattr(Runtime, "recall", broken)
        document = body(CHAT, QUESTION)
        answered = post(proxy, CHAT, document)
    assert answered.status_code == 200
    assert answered.headers["x-memory-core"] == "store_damaged"
    assert answered.headers["x-memory-reason"] == "memory_unavailable"
    assert json.loads(proxy.request.body) == document
    proxy.upstream.reset()
    assert int(post(proxy, CHAT, document).headers["x-memory-injected-count"]) == 1


def test_a_fault_of_ours_costs_the_memory_and_nothing_else(
    start_proxy: StartProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = start_proxy()
    monkeypatch.setattr(Runtime, "recall", lambda *_: 1 / 0)
    answered = post(proxy, CHAT, body(CHAT, QUESTION))
    assert answered.status_code == 200
    assert answered.headers["x-memory-core"] == "internal"


def test_faults_behind_the_scenes_do_not_end_the_proxy(
    start_proxy: StartProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("memoryoss_proxy.preparing.Guard.learn", broken)
    monkeypatch.setattr("memoryoss_proxy.afterwards.Afterwards.count", broken)
    monkeypatch.setattr("memoryoss_proxy.afterwards.COUNT_SECS", 0.05)
    proxy = start_proxy()
    proxy.remember(FACT)
    for _ in range(2):
        assert post(proxy, CHAT, body(CHAT, QUESTION)).status_code == 200
        time.sleep(0.3)  # so many counts fail meanwhile
    assert health(proxy)["status"] == "ok"


def test_a_slow_core_is_not_waited_for(
    start_proxy: StartProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = start_proxy(recall_deadline_ms=100)
    monkeypatch.setattr(Runtime, "recall", lambda *_: time.sleep(2))
    answered = post(proxy, CHAT, body(CHAT, QUESTION))
    assert answered.status_code == 200
    assert answered.headers["x-memory-core"] == "deadline"
    assert len(proxy.upstream.requests) == 1


def test_a_core_that_is_lost_comes_back_by_itself(
    start_proxy: StartProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = start_proxy()
    proxy.remember(FACT)
    lost = proxy.runtime

    def broken(*_: object, **__: object) -> None:
        raise StoreDamagedError("The file is damaged.")

    with monkeypatch.context() as patched:
        patched.setattr(Runtime, "recall", broken)
        patched.setattr(Runtime, "status", broken)
        post(proxy, CHAT, body(CHAT, QUESTION))
        wait_for(lambda: proxy.state.runtime is not lost)
    wait_for(lambda: health(proxy)["core_status"] == "ok")
    answered = post(proxy, CHAT, body(CHAT, QUESTION))
    assert int(answered.headers["x-memory-injected-count"]) == 1


@pytest.mark.skipif(os.name != "posix", reason="an open file cannot be removed here")
def test_a_file_that_another_one_takes_the_place_of_is_noticed(
    start_proxy: StartProxy, tmp_path: Path
) -> None:
    proxy = start_proxy()
    proxy.remember(FACT)
    lost = proxy.runtime
    data = tmp_path / "proxy-1" / "data"
    for file in data.glob("memoryoss.db*"):
        file.unlink()
    wait_for(lambda: proxy.state.runtime not in {lost, None})
    answered = post(proxy, CHAT, body(CHAT, QUESTION))
    assert answered.headers["x-memory-injected-count"] == "0"
    proxy.remember(FACT)
    answered = post(proxy, CHAT, body(CHAT, QUESTION + " Really?"))
    assert answered.headers["x-memory-injected-count"] == "1"


def test_a_file_that_is_none_of_ours_does_not_stop_the_proxy(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    file = tmp_path / "data" / "memoryoss.db"
    file.write_bytes(b"this is no database" * 100)
    with running_upstream() as upstream, unopened_proxy(tmp_path, upstream) as proxy:
        assert health(proxy)["status"] == "degraded"
        assert health(proxy)["core_reason"]
        answered = post(proxy, CHAT, body(CHAT, QUESTION))
        assert answered.status_code == 200
        assert answered.headers["x-memory-core"]
        # What might be forbidden does not pass while nobody can say so.
        risky = post(proxy, CHAT, body(CHAT, "Delete the production database of the shop."))
        assert risky.status_code == 503
        assert len(upstream.requests) == 1
        assert file.read_bytes() == b"this is no database" * 100
        file.unlink()
        wait_for(lambda: health(proxy)["status"] == "ok")


def test_the_last_known_policies_hold_while_the_core_is_down(
    start_proxy: StartProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = start_proxy()
    rule = "Never delete the production database of the shop."
    proxy.runtime.store(Draft(rule, NAMESPACE, tags=("policy",), origin=Origin.USER))
    document = body(CHAT, "Please delete the production database of the shop.")
    assert post(proxy, CHAT, document).status_code == 403
    monkeypatch.setattr(type(proxy.state.core), "runtime", None)
    assert post(proxy, CHAT, document).status_code == 403
    assert proxy.upstream.requests == []


def unopened_proxy(folder: Path, upstream: Upstream) -> Any:
    """A proxy whose memory is not waited for."""
    return running_proxy(folder, upstream, settings_for(upstream), wait=False)
