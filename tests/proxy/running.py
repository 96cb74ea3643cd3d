# SPDX-License-Identifier: AGPL-3.0-only
"""The real proxy in a thread: over a data folder of its own, in front of the scripted provider."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import uvicorn
from starlette.applications import Starlette

from benchmarks.upstream import Recorded, Upstream
from memoryoss_mcp.config import KEYS_DIR_VARIABLE, load_config
from memoryoss_mcp.model import Draft
from memoryoss_mcp.runtime import Runtime
from memoryoss_proxy.app import ProxyState
from memoryoss_proxy.serving import uvicorn_config
from memoryoss_proxy.settings import Settings
from memoryoss_proxy.tables import KeyMapping, Tls
from tests.proxy.callers import anthropic_key, openai_key, random_key
from tests.proxy.callers import settings as settings_of

PATIENCE = 60.0
"""Seconds that anything may take on a busy machine before it counts as hanging."""

NAMESPACE = "team"


@dataclass(frozen=True, slots=True)
class Proxy:
    """A running proxy with one mapped key."""

    url: str
    state: ProxyState
    settings: Settings
    upstream: Upstream

    @property
    def key(self) -> str:
        """The key that its clients have."""
        return self.settings.proxy.key_mapping[0].proxy_key

    @property
    def openai_url(self) -> str:
        """What clients of OpenAI are given as their base URL."""
        return f"{self.url}/proxy/v1"

    @property
    def anthropic_url(self) -> str:
        """What clients of Anthropic are given as their base URL."""
        return f"{self.url}/proxy/anthropic"

    def at(self, path: str) -> str:
        """The address of a provider's path such as ``/v1/messages``."""
        anthropic = path.startswith("/v1/messages")
        return f"{self.url}/proxy{'/anthropic' if anthropic else ''}{path}"

    @property
    def fields(self) -> dict[str, str]:
        """The headers of a client that has the key."""
        return {"authorization": f"Bearer {self.key}"}

    @property
    def runtime(self) -> Runtime:
        """Its memory, which is up."""
        assert self.state.runtime is not None
        return self.state.runtime

    @property
    def request(self) -> Recorded:
        """The one request that arrived at the provider."""
        [request] = self.upstream.requests
        return request

    def remember(self, *contents: str) -> None:
        """Store memories of the user's."""
        for content in contents:
            self.runtime.store(Draft(content, NAMESPACE))


def settings_for(
    upstream: Upstream, *, rate_limit_per_sec: int = 1_000_000, **proxy: Any
) -> Settings:
    """Settings with one mapped key and keys of ``[proxy]``, for tests that are not about time."""
    team = KeyMapping(
        random_key("mo_"),
        upstream_key=openai_key(),
        anthropic_upstream_key=anthropic_key(),
        namespace=NAMESPACE,
    )
    chosen: dict[str, Any] = {
        "upstream_url": f"{upstream.url}/v1",
        "anthropic_upstream_url": upstream.url,
        "memory_coprocessor": "local_heuristic",
        "recall_deadline_ms": int(PATIENCE * 1000),
    }
    made = settings_of(team, **(chosen | proxy))
    return replace(made, tls=Tls(enabled=False), rate_limit_per_sec=rate_limit_per_sec)


@contextmanager
def running_proxy(
    folder: Path, upstream: Upstream, settings: Settings, *, wait: bool = True
) -> Iterator[Proxy]:
    """Run a proxy over ``folder`` until the block ends. It has loaded its model, unless ``wait`` is
    false: then its memory may not even be open."""
    config = load_config(
        data_dir=folder / "data", environ={KEYS_DIR_VARIABLE: str(folder / "keys")}
    )
    served = uvicorn_config(config, settings, 0)
    server = uvicorn.Server(served)
    state: ProxyState = cast(Starlette, served.app).state.memory
    thread = threading.Thread(target=server.run, name="proxy", daemon=True)
    thread.start()
    try:
        end = time.monotonic() + PATIENCE
        while not (server.started and (state.runtime is not None or not wait)):
            assert thread.is_alive(), "the proxy did not start"
            assert time.monotonic() < end, "the proxy hangs"
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        proxy = Proxy(f"http://127.0.0.1:{port}", state, settings, upstream)
        assert not wait or proxy.runtime.wait_until_ready(PATIENCE)
        yield proxy
    finally:
        server.should_exit = True
        thread.join(PATIENCE)
    assert not thread.is_alive(), "the proxy does not end"
