# SPDX-License-Identifier: AGPL-3.0-only
"""A scripted provider and a real proxy in front of it, one of each for all tests of a module."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from benchmarks.upstream import Upstream, running_upstream
from tests.proxy.running import Proxy, running_proxy, settings_for

StartProxy = Callable[..., Proxy]


@pytest.fixture(scope="module")
def running() -> Iterator[Upstream]:
    """The provider of a module."""
    with running_upstream() as upstream:
        yield upstream


@pytest.fixture
def upstream(running: Upstream) -> Iterator[Upstream]:
    """The scripted provider, which has seen nothing yet."""
    running.reset()
    yield running
    running.reset()


@pytest.fixture(scope="module")
def shared_proxy(running: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """The proxy of a module; what one test stores is there for the next."""
    folder = tmp_path_factory.mktemp("proxy")
    with running_proxy(folder, running, settings_for(running)) as proxy:
        yield proxy


@pytest.fixture
def proxy(shared_proxy: Proxy, upstream: Upstream) -> Proxy:
    """The module's proxy in front of a provider that has seen nothing yet."""
    assert shared_proxy.upstream is upstream
    return shared_proxy


@pytest.fixture
def start_proxy(tmp_path: Path, upstream: Upstream) -> Iterator[StartProxy]:
    """Starts proxies with keys of ``[proxy]``, each over an empty folder of its own."""
    with ExitStack() as stack:
        started = 0

        def start(**proxy: Any) -> Proxy:
            nonlocal started
            started += 1
            folder = tmp_path / f"proxy-{started}"
            return stack.enter_context(
                running_proxy(folder, upstream, settings_for(upstream, **proxy))
            )

        yield start
