# SPDX-License-Identifier: AGPL-3.0-only
"""A sealed namespace behind the proxy: recalled from, and nothing of it is on disk in clear."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from tests.proxy.conftest import StartProxy
from tests.proxy.running import NAMESPACE, PATIENCE
from tests.proxy.test_forward import CHAT, FACT, QUESTION, TOLD, body, kept, post, settled, wait_for


def traces(folder: Path, word: bytes) -> list[Path]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path for path in files if word in path.read_bytes()]


def test_a_sealed_namespace_leaves_no_word_on_disk(start_proxy: StartProxy, tmp_path: Path) -> None:
    proxy = start_proxy()
    proxy.remember(FACT)
    proxy.runtime.keys.seal(NAMESPACE, lambda *_: None)
    queue = proxy.state.queue
    assert queue is not None
    handle, may = queue._handle, threading.Event()

    def waiting(job: Any) -> object:
        may.wait(PATIENCE)
        return handle(job)

    queue._handle = waiting
    answered = post(proxy, CHAT, body(CHAT, f"{TOLD} {QUESTION}"))
    assert int(answered.headers["x-memory-injected-count"]) == 1
    assert b"5544" in proxy.request.body
    wait_for(lambda: queue.depth == 1)
    assert traces(tmp_path, b"Tailscale") == []
    may.set()
    settled(proxy)
    assert "Tailscale" in kept(proxy)[0].content
    assert traces(tmp_path, b"Tailscale") == []
    assert traces(tmp_path, b"PostgreSQL") == []  # a number could stand in a hash by chance
