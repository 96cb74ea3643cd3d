# SPDX-License-Identifier: AGPL-3.0-only
"""Errors that only a server on HTTP has. No message holds a credential or a part of one."""

from __future__ import annotations

import math

from memoryoss_mcp.errors import MemoryOSSError


class AuthenticationError(MemoryOSSError):
    """The caller has no valid credential for what it asks (401). Nothing was sent upstream."""

    code = "unauthenticated"


class RateLimitedError(MemoryOSSError):
    """The caller's allowance is used up (429). Nothing was sent upstream."""

    code = "rate_limited"

    def __init__(self, retry_after: float) -> None:
        """``retry_after`` in seconds: when the next request is allowed."""
        self.retry_after_ms = max(1, math.ceil(retry_after * 1000))
        """For the body."""
        self.retry_after_secs = math.ceil(self.retry_after_ms / 1000)
        """For the header ``Retry-After``."""
        super().__init__(
            "Too many requests with this key.",
            hint=f"Try again in {self.retry_after_ms} ms; [limits] rate_limit_per_sec allows more.",
        )
