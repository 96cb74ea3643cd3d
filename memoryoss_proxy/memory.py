# SPDX-License-Identifier: AGPL-3.0-only
"""The memory core behind the proxy: opened, watched, and opened again when it fails.

Whatever happens to it, a request that needs no decision of the core goes upstream as it came.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final, TypeVar

import anyio
from anyio.abc import TaskGroup

from memoryoss_mcp.config import Config
from memoryoss_mcp.errors import MemoryOSSError, StoreError
from memoryoss_mcp.runtime import Runtime

_log = logging.getLogger("memoryoss.proxy")

RETRY_SECS: Final = 2.0
"""Pause between attempts to open a core that is down."""
PATIENCE_SECS: Final = 1.0
"""How long a start waits for the core. Requests that come earlier go on without it."""
THREADS: Final = 4
"""Calls into the core at once. One that hangs keeps its thread until it ends."""

T = TypeVar("T")


class MemoryUnavailableError(MemoryOSSError):
    """The memory core could not answer in time or at all. ``reason`` is a stable word for it."""

    code = "memory_unavailable"

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class MemoryCore:
    """One runtime, opened in the background. ``client`` is kept with what is stored."""

    def __init__(self, config: Config, *, client: str = "memoryoss-proxy") -> None:
        self._config = config
        self._client = client
        self._runtime: Runtime | None = None
        self._limiter = anyio.CapacityLimiter(THREADS)
        self._broken = anyio.Event()
        self._tried = anyio.Event()
        self._reason: str | None = "starting"
        self._known: tuple[int, int] | None = None
        self._opened: list[Callable[[Runtime], None]] = []

    @property
    def runtime(self) -> Runtime | None:
        """The runtime, ``None`` while the core is down."""
        return self._runtime

    @property
    def reason(self) -> str | None:
        """Why the core is down, in a stable word (``starting`` or the code of an error); ``None``
        while it is up."""
        return self._reason

    def when_opened(self, action: Callable[[Runtime], None]) -> None:
        """Have ``action`` run in a thread behind every opening of the core."""
        self._opened.append(action)

    async def open(self) -> None:
        """Open the core now.

        Raises:
            MemoryOSSError: that is impossible; nothing was changed.
        """
        runtime = await anyio.to_thread.run_sync(self._open)
        self._runtime, self._reason, self._known = runtime, None, self._identity()

    async def close(self) -> None:
        """Finish what is under way and release the file."""
        runtime, self._runtime, self._reason = self._runtime, None, "closed"
        if runtime is not None:
            await anyio.to_thread.run_sync(runtime.close)

    async def supervise(self, tasks: TaskGroup) -> None:
        """Keep the core open until ``tasks`` is cancelled: open it, and open it anew when a call
        found it unusable. Returns after the first attempt, or after :data:`PATIENCE_SECS`."""
        tasks.start_soon(self._keep_open, tasks)
        with anyio.move_on_after(PATIENCE_SECS):
            await self._tried.wait()

    async def call(self, action: Callable[[Runtime], T], seconds: float) -> T:
        """What ``action`` returns, run in a thread of the core.

        Raises:
            MemoryUnavailableError: the core is down, or did not answer within ``seconds``; the
                call may still end, unseen.
            MemoryOSSError: what the core says of the call.
        """
        runtime = self._runtime
        if runtime is None:
            raise MemoryUnavailableError(self._reason or "closed", "The memory core is down.")
        try:
            with anyio.fail_after(seconds):
                return await anyio.to_thread.run_sync(
                    action, runtime, abandon_on_cancel=True, limiter=self._limiter
                )
        except TimeoutError:
            raise MemoryUnavailableError(
                "deadline", f"The memory core did not answer within {seconds:g} s."
            ) from None
        except StoreError as error:
            self._broken.set()
            raise MemoryUnavailableError(error.code, error.message) from error

    def _identity(self) -> tuple[int, int] | None:
        """Which file stands at the memory's path."""
        try:
            found = self._config.store_path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def _open(self) -> Runtime:
        return Runtime.open(self._config, client=self._client, warm=True)

    async def _keep_open(self, tasks: TaskGroup) -> None:
        if self._runtime is not None:
            self._opened_now(tasks, self._runtime)
        while True:
            if self._runtime is None:
                try:
                    await self.open()
                except Exception as error:  # noqa: BLE001 - whatever it is, requests go on
                    code = error.code if isinstance(error, MemoryOSSError) else "internal"
                    if code != self._reason:
                        _log.warning(
                            "the memory cannot be opened; requests go on without it, but risky "
                            "ones are refused: %s",
                            error,
                        )
                    self._reason = code
                    self._tried.set()
                    await anyio.sleep(RETRY_SECS)
                    continue
                if self._runtime is not None:
                    self._opened_now(tasks, self._runtime)
            with anyio.move_on_after(RETRY_SECS):
                await self._broken.wait()
            if self._broken.is_set() or self._identity() != self._known:
                self._broken = anyio.Event()
                await self._examine()

    def _opened_now(self, tasks: TaskGroup, runtime: Runtime) -> None:
        _log.info("the memory core is up")
        self._tried.set()
        for action in self._opened:
            tasks.start_soon(_tolerant, action, runtime)

    async def _examine(self) -> None:
        """Close a core that cannot even count its memories, or whose file is another one now, so
        that it is opened anew."""
        runtime = self._runtime
        if runtime is None:
            return
        try:
            if self._identity() != self._known:
                raise StoreError("The file was removed, or another one took its place.")
            await anyio.to_thread.run_sync(runtime.status)
        except Exception as error:  # noqa: BLE001 - whatever it is, requests go on
            _log.warning("the memory core is down: %s", error)
            code = error.code if isinstance(error, MemoryOSSError) else "internal"
            self._runtime, self._reason = None, code
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(_close, runtime)


async def _tolerant(action: Callable[[Runtime], None], runtime: Runtime) -> None:
    try:
        await anyio.to_thread.run_sync(action, runtime)
    except Exception:  # noqa: BLE001 - what is done behind an opening is not worth the proxy
        _log.exception("something behind the opening of the memory failed")


def _close(runtime: Runtime) -> None:
    try:
        runtime.close()
    except Exception:  # noqa: BLE001 - it is given up in any case
        _log.exception("the memory core did not close")
