# SPDX-License-Identifier: AGPL-3.0-only
"""What is known of one request when it is over: counts, times and decisions, and no content."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from uuid import UUID

from memoryoss_mcp.model import new_id
from memoryoss_proxy.wire.reply import Usage


@dataclass(slots=True)
class Record:
    """Filled in on the way. Times are in milliseconds; ``None`` where it never came to that.

    ``own_ms`` is what the proxy took of the time to the first byte, ``upstream_ms`` what the
    provider took until its response began.
    """

    route: str
    provider: str = ""
    client: str = ""
    namespace: str = ""
    id: str = field(default_factory=lambda: str(new_id()))
    started: float = field(default_factory=time.perf_counter)
    status: int = 0
    upstream_status: int | None = None
    mode: str = ""
    gate: str | None = None
    reason: str | None = None
    core: str | None = None
    policy: str | None = None
    injected: tuple[UUID, ...] = ()
    block_tokens: int = 0
    repeated_tokens: int = 0
    recall_ms: float = 0.0
    upstream_ms: float | None = None
    own_ms: float | None = None
    total_ms: float = 0.0
    bytes_in: int = 0
    bytes_out: int = 0
    usage: Usage | None = None
    finished: bool = False
    disconnected: bool = False
    error: str | None = None

    def elapsed_ms(self) -> float:
        """Time since the request came in."""
        return (time.perf_counter() - self.started) * 1000
