# SPDX-License-Identifier: AGPL-3.0-only
"""How many requests a caller may make: one token bucket for each rate key."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Final

from memoryoss_proxy.errors import RateLimitedError

MAX_BUCKETS: Final = 10_000
"""How many callers are remembered. A bucket is full again after one second without a request, so
that whoever is forgotten has lost nothing unless so many others asked within that second."""


class RateLimiter:
    """Token buckets whose size is what flows in within one second. Safe to share among threads."""

    def __init__(
        self,
        per_second: int,
        *,
        clock: Callable[[], float] = time.monotonic,
        max_buckets: int = MAX_BUCKETS,
    ) -> None:
        """``per_second`` requests, at least 1, at once and on average; ``clock`` in seconds."""
        self._size = float(per_second)
        self._clock = clock
        self._max = max_buckets
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = Lock()

    def take(self, key: str) -> None:
        """Count one request of ``key``.

        Raises:
            RateLimitedError: the bucket is empty; the request is not counted.
        """
        with self._lock:
            now = self._clock()
            tokens, since = self._buckets.pop(key, (self._size, now))
            tokens = min(self._size, tokens + max(0.0, now - since) * self._size)
            allowed = tokens >= 1.0
            self._buckets[key] = (tokens - 1.0 if allowed else tokens, now)
            if len(self._buckets) > self._max:
                self._buckets.popitem(last=False)
        if not allowed:
            raise RateLimitedError((1.0 - tokens) / self._size)

    def __len__(self) -> int:
        """How many buckets are held."""
        return len(self._buckets)
