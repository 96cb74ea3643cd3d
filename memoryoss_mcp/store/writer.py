# SPDX-License-Identifier: AGPL-3.0-only
"""The one writer of a process: changes of all threads, committed in groups."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import apsw

from memoryoss_mcp.errors import StoreClosedError, StoreError
from memoryoss_mcp.store.connection import connect, translated, write_transaction

if TYPE_CHECKING:
    from memoryoss_mcp.store.sealing import Keys

GROUP_LIMIT: Final = 100
"""Changes per commit at the most."""

Operation = Callable[[apsw.Connection], Any]


class _Job:
    __slots__ = ("future", "operation")

    def __init__(self, operation: Operation) -> None:
        self.operation = operation
        self.future: Future[Any] = Future()


class Writer:
    """Runs operations one after another in its thread. Those that wait together share one
    transaction (each in a savepoint of its own) and one wait for the disk.

    ``after_commit`` runs in the writer's thread when nothing else waits: work that may be late.
    ``at_end`` runs there behind the last commit.
    """

    def __init__(
        self,
        path: Path,
        after_commit: Callable[[apsw.Connection], None],
        at_end: Callable[[apsw.Connection], None],
        keys: Keys | None = None,
    ) -> None:
        self._path = path
        self._after_commit = after_commit
        self._at_end = at_end
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._connection = connect(path, keys=keys)
        self._closed = False
        self._guard = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="memoryoss-writer", daemon=True)
        self._thread.start()

    def run(self, operation: Operation) -> Any:
        """Run an operation and wait until its result is durable.

        The operation gets the connection inside a transaction. It may run a second time if its
        group had to be given up, so it must not change anything but the database.

        Raises:
            StoreError: the commit failed; nothing of the operation was kept.
        """
        job = _Job(operation)
        with self._guard:
            if self._closed:
                raise StoreClosedError("The memory is closed.")
            self._jobs.put(job)
        with translated(self._path):
            return job.future.result()

    def close(self) -> None:
        """Finish what is queued, then end the thread and close the connection."""
        with self._guard:
            if not self._closed:
                self._closed = True
                self._jobs.put(None)
        self._thread.join()
        self._connection.close(True)

    def _run(self) -> None:
        try:
            self._serve()
            self._late(self._at_end)
        finally:
            # Reached with jobs in the queue only if the thread failed: nobody may wait forever.
            with self._guard:
                self._closed = True
            while not self._jobs.empty():
                job = self._jobs.get()
                if job is not None:
                    job.future.set_exception(StoreClosedError("The memory is closed."))

    def _serve(self) -> None:
        while True:
            job = self._jobs.get()
            if job is None:
                return
            group, ending = [job], False
            while len(group) < GROUP_LIMIT and not self._jobs.empty():
                following = self._jobs.get()
                if following is None:
                    ending = True
                    break
                group.append(following)
            self._commit(group)
            if ending:
                return
            if self._jobs.empty():
                self._late(self._after_commit)

    def _commit(self, group: list[_Job]) -> None:
        outcomes: list[tuple[Any, BaseException | None]] = []
        try:
            with write_transaction(self._connection):
                for job in group:
                    outcomes.append(self._attempt(job))
        except BaseException as error:  # noqa: BLE001 - handed to the callers
            if len(group) > 1:
                for job in group:
                    self._commit([job])
            else:
                group[0].future.set_exception(error)
            return
        for job, (result, failure) in zip(group, outcomes, strict=True):
            if failure is not None:
                job.future.set_exception(failure)
            else:
                job.future.set_result(result)

    def _attempt(self, job: _Job) -> tuple[Any, BaseException | None]:
        """Run one job in a savepoint. An error of its own leaves the rest of the group alone; one
        that ended the transaction (a full disk, say) goes up."""
        connection = self._connection
        connection.execute("SAVEPOINT job")
        try:
            result = job.operation(connection)
        except BaseException as error:
            if not connection.in_transaction:
                raise
            connection.execute("ROLLBACK TO job")
            connection.execute("RELEASE job")
            return None, error
        connection.execute("RELEASE job")
        return result, None

    def _late(self, work: Callable[[apsw.Connection], None]) -> None:
        try:
            work(self._connection)
        except (apsw.Error, StoreError):
            # What is late (packing the tail) is tried again after the next commit.
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
