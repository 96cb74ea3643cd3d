# SPDX-License-Identifier: AGPL-3.0-only
"""The runtime as the server holds it: opened at the first use, not at the handshake."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from memoryoss_mcp.config import Config
from memoryoss_mcp.errors import StoreClosedError
from memoryoss_mcp.server.policies import PolicyJudge

if TYPE_CHECKING:
    from memoryoss_mcp.namespaces import NamespaceChoice
    from memoryoss_mcp.runtime import Runtime

PATIENCE_SECONDS = 0.75
"""From the start of the background load until recall stops waiting for it and answers by words."""

PROJECT_FOLDER_VARIABLE = "CLAUDE_PROJECT_DIR"
"""Set by Claude Code; other clients start the server in the project's folder."""


class RuntimeHandle:
    """Opens the store and starts the background load at the first call. Thread-safe.

    A client starts a server for each of its sessions, and many of them are never asked anything:
    until then neither file, model nor index is touched. If opening fails, the call that needed it
    gets the error and the next call tries again, so that service resumes when the cause is gone.
    """

    def __init__(self, config: Config) -> None:
        self.policies = PolicyJudge()
        self._config = config
        self._lock = threading.Lock()
        self._runtime: Runtime | None = None
        self._warm_since = 0.0
        self._closed = False
        self._hurry = False

    def runtime(self, client: str | None = None) -> Runtime:
        """The open runtime, its background load under way.

        Raises:
            MemoryOSSError: the store cannot be opened.
        """
        from memoryoss_mcp.runtime import Runtime  # start-up time: brings SQLite

        with self._lock:
            if self._closed:
                raise StoreClosedError("The server is ending.")
            if self._runtime is None:
                runtime = Runtime.open(self._config, client=client)
                runtime.warm()
                self._warm_since = time.monotonic()
                self._runtime = runtime
            return self._runtime

    def runtime_for_search(self, client: str | None = None) -> Runtime:
        """The same, after a short wait for the model if its load began just now."""
        runtime = self.runtime(client)
        deadline = self._warm_since + PATIENCE_SECONDS
        while not (runtime.ready or runtime.model_error or self._hurry):
            left = deadline - time.monotonic()
            if left <= 0:
                break
            runtime.wait_until_ready(min(left, 0.05))
        return runtime

    def hurry(self) -> None:
        """Wait for nothing any more: the client has left, or is about to."""
        self._hurry = True

    def namespace(self, argument: str | None) -> NamespaceChoice:
        """The namespace that a request uses, and why."""
        folder = os.environ.get(PROJECT_FOLDER_VARIABLE)
        path = Path(folder) if folder and Path(folder).is_dir() else None
        return self.runtime().namespace(argument, folder=path)

    def close(self) -> None:
        """Close the runtime if it was opened; later calls are refused."""
        with self._lock:
            self._closed = True
            runtime, self._runtime = self._runtime, None
        self.policies.close()
        if runtime is not None:
            runtime.close()
