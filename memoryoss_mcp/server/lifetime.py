# SPDX-License-Identifier: AGPL-3.0-only
"""When the process ends: at the end of input, on a signal, or when its parent is gone."""

from __future__ import annotations

import logging
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType

GRACE_SECONDS = 1.2
"""From the wish to end until the process is ended by force. Every write was committed within its
call, so force loses nothing that was acknowledged."""

_POLL_SECONDS = 0.25

_logger = logging.getLogger(__name__)


class Lifetime:
    """Watches for reasons to end. ``stop`` may be called from any thread and signal handler."""

    def __init__(self) -> None:
        self._parent = os.getppid()
        self._reason: str | None = None
        # Reentrant, unlike an Event: a signal handler may interrupt the very call it repeats.
        self._reasons: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._on_stop: Callable[[], None] | None = None
        names = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")  # not all of them on every system
        self._handled = [getattr(signal, name) for name in names if hasattr(signal, name)]

    @property
    def stopping(self) -> bool:
        """True once the process is to end."""
        return self._reason is not None

    def watch(self) -> None:
        """Handle the signals that clients send and begin to watch the parent process."""
        for number in self._handled:
            signal.signal(number, self._signalled)
        target = self._wait_for_parent_handle if sys.platform == "win32" else self._poll_parent
        threading.Thread(target=target, name="parent", daemon=True).start()
        threading.Thread(target=self._enforce, name="deadline", daemon=True).start()

    def on_stop(self, action: Callable[[], None]) -> None:
        """Run ``action`` (thread-safe, quick) when the process is to end, at once if it is."""
        self._on_stop = action
        if self.stopping:
            action()

    def stop(self, reason: str) -> None:
        """Begin to end; the process is gone :data:`GRACE_SECONDS` later at the latest."""
        if not self.stopping:
            self.expire(reason)
            if self._on_stop is not None:
                self._on_stop()

    def expire(self, reason: str) -> None:
        """Only start the clock: the caller winds down by itself."""
        if not self.stopping:
            self._reason = reason
            self._reasons.put(reason)

    def over(self) -> None:
        """All is done: signals that still come must not turn an orderly end into a violent one."""
        for number in self._handled:
            signal.signal(number, signal.SIG_IGN)

    def _signalled(self, number: int, frame: FrameType | None) -> None:
        if self._on_stop is None:
            raise SystemExit(0)  # nothing is served yet
        self.stop(signal.Signals(number).name)

    def _enforce(self) -> None:
        _logger.info("ending: %s", self._reasons.get())
        time.sleep(GRACE_SECONDS)
        os._exit(0)

    def _poll_parent(self) -> None:
        # The kernel gives an orphan another parent. PR_SET_PDEATHSIG is no alternative: it fires
        # when the parent's *thread* ends.
        while os.getppid() == self._parent:
            time.sleep(_POLL_SECONDS)
        self.stop("the parent process is gone")

    def _wait_for_parent_handle(self) -> None:
        if sys.platform != "win32":
            return
        import ctypes  # start-up time: only where the parent's number survives the parent

        synchronize, infinite = 0x00100000, 0xFFFFFFFF
        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        kernel.OpenProcess.restype = ctypes.c_void_p
        handle = kernel.OpenProcess(synchronize, False, self._parent)
        if handle and kernel.WaitForSingleObject(ctypes.c_void_p(handle), infinite) == 0:
            self.stop("the parent process is gone")
