# SPDX-License-Identifier: AGPL-3.0-only
"""No native code may be running when the interpreter ends.

A daemon thread that comes back from C++ into an interpreter that is being torn down aborts the
process. So the end of the process waits for the texts at hand and lets no new one begin.
"""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from memoryoss_mcp.embed.errors import ModelError

PATIENCE = 5.0
"""Seconds after which the process ends nevertheless; a text takes a few hundredths of one."""


class Inflight:
    """Counts the calls into native code and can be shut."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Begin anew: a forked child has none of its parent's threads."""
        self._changed = threading.Condition()
        self._running = 0
        self._shut = False

    @contextmanager
    def call(self) -> Iterator[None]:
        """Around each call.

        Raises:
            ModelError: the process is ending.
        """
        with self._changed:
            if self._shut:
                raise ModelError("The process is ending, nothing is embedded any more.")
            self._running += 1
        try:
            yield
        finally:
            with self._changed:
                self._running -= 1
                self._changed.notify_all()

    def shut(self) -> None:
        """Refuse new calls and wait for those that run."""
        with self._changed:
            self._shut = True
            self._changed.wait_for(lambda: self._running == 0, PATIENCE)


inflight = Inflight()
atexit.register(inflight.shut)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=inflight.reset)
