# SPDX-License-Identifier: AGPL-3.0-only
"""A proxy that knows something, and what became of a request on its way."""

from __future__ import annotations

import pytest

from benchmarks.upstream import Upstream
from tests.proxy.running import Proxy
from tests.proxy.sdk.asking import FACTS


@pytest.fixture
def proxy(shared_proxy: Proxy, upstream: Upstream) -> Proxy:
    """The module's proxy, which remembers :data:`FACTS`."""
    shared_proxy.remember(*FACTS)
    assert shared_proxy.upstream is upstream
    return shared_proxy


@pytest.fixture(params=["full", "off"])
def mode(request: pytest.FixtureRequest) -> str:
    """The memory mode that a client asks for."""
    return str(request.param)
