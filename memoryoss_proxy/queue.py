# SPDX-License-Identifier: AGPL-3.0-only
"""Finished exchanges that wait for extraction: bounded, in order, on disk until they are done.

Each job is a file of its own. Several processes may share the folder: every one holds a slot, which
is a file that it keeps locked, and a job's name says in whose slot it lies. The lock ends with the
process, however that ends; then others, or the next one, take its jobs over by renaming them.
"""

from __future__ import annotations

import contextlib
import json
import logging
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from memoryoss_mcp.errors import MemoryOSSError
from memoryoss_mcp.model.ids import parse_id
from memoryoss_proxy.slots import Slot, take_slot, try_slot, write_whole

MOST_JOBS: Final = 1_000
MOST_BYTES: Final = 64 * 1024 * 1024
RETRIES: Final = 3
FIRST_PAUSE: Final = 2.0
"""Seconds before the first retry. Each further pause is four times as long: 2, 8, 32."""
LATER: Final = 15.0
"""Seconds before the next try when the handler could do nothing at all."""
LOOK_EVERY: Final = 60.0
"""Seconds after which an idle queue looks for jobs of processes that have ended meanwhile."""
KEEP_DAMAGED: Final = 7 * 86_400
"""Seconds that a file is kept which could not be read."""

_logger = logging.getLogger(__name__)


class TryLaterError(MemoryOSSError):
    """A handler raises it when it can handle no job at present, because the memory is down, say.
    The job keeps its place, and this does not count as a try."""

    code = "try_later"


@dataclass(frozen=True, slots=True)
class Job:
    """One finished exchange. ``messages`` are pairs of role and text; those before ``new_from``
    were read with earlier requests. ``created`` in nanoseconds since the epoch."""

    id: str
    """A UUIDv7, so that jobs of an earlier process come back in their order."""
    namespace: str
    session: str
    client: str
    form: str
    messages: tuple[tuple[str, str], ...] = field(repr=False)
    reply: str = field(repr=False)
    new_from: int
    created: int

    def redacted(self, redact: Callable[[str], str]) -> Job:
        """The job with every text as ``redact`` leaves it."""
        messages = tuple((role, redact(text)) for role, text in self.messages)
        return replace(self, messages=messages, reply=redact(self.reply))

    def to_bytes(self) -> bytes:
        """The job as JSON."""
        document = {"version": 1, **{name: getattr(self, name) for name in self.__slots__}}
        return json.dumps(document, ensure_ascii=False).encode("utf-8", "surrogatepass")

    @classmethod
    def from_bytes(cls, data: bytes) -> Job:
        """What :meth:`to_bytes` made.

        Raises:
            ValueError: it did not make this.
        """
        try:
            document = json.loads(data.decode("utf-8", "surrogatepass"))
            if document.pop("version") != 1:
                raise ValueError
            document["messages"] = tuple((role, text) for role, text in document["messages"])
            job = cls(**document)
            parse_id(job.id)
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            raise ValueError("The file holds no job.") from None
        except MemoryOSSError:
            raise ValueError("The job has no id.") from None
        texts = (job.namespace, job.session, job.client, job.form, job.reply)
        if not all(isinstance(text, str) for text in (*texts, *_flat(job.messages))) or not all(
            type(number) is int for number in (job.new_from, job.created)
        ):
            raise ValueError("A field of the job has another type.")
        return job


class ExtractionQueue:
    """Hands jobs to ``handle`` in a thread of its own, one after another. Safe to share among
    threads; a trouble with the disk is never raised but counted and kept in ``last_error``.

    A job that was accepted is handled once, unless the process ends abruptly while it is at hand:
    then it is handled again.
    """

    def __init__(
        self,
        folder: Path | None,
        handle: Callable[[Job], object],
        *,
        most_jobs: int = MOST_JOBS,
        most_bytes: int = MOST_BYTES,
        retries: int = RETRIES,
        redact: Callable[[str], str],
        pause: Callable[[float], object] | None = None,
        look_every: float = LOOK_EVERY,
    ) -> None:
        """Without a ``folder`` jobs live in memory only. ``most_bytes`` are of jobs as JSON.
        ``pause`` waits the given seconds before a retry; by default until then or :meth:`close`."""
        self._spool = _Spool(folder) if folder else None
        self._handle = handle
        self._most_jobs = most_jobs
        self._most_bytes = most_bytes
        self._retries = retries
        self._redact = redact
        self._closing = threading.Event()
        self._pause = pause or self._closing.wait
        self._look_every = look_every
        self._changed = threading.Condition()
        self._waiting: deque[_Waiting] = deque()
        self._bytes = 0
        self._writing = 0
        self._thread: threading.Thread | None = None
        self.depth = 0
        """Jobs that were accepted and are not finished, the one at hand among them."""
        self.dropped = 0
        """Jobs that were refused, or that were in memory only when the queue was closed."""
        self.failed = 0
        """Jobs that were given up after the last retry."""
        self.damaged = 0
        """Files that held no job and were set aside."""
        self.done = 0
        self.last_error: str | None = None
        """What kind of error was the last one. Never its message, which may quote content."""

    def start(self) -> None:
        """Take up what earlier processes left, and begin to work."""
        self._take_up()
        self._thread = threading.Thread(target=self._run, name="memoryoss-extraction", daemon=True)
        self._thread.start()

    def put(self, job: Job, *, durable: bool = True) -> bool:
        """Accept a job, its texts redacted. ``True`` means that it is on disk if it is durable and
        there is a folder; ``False`` that the queue is full or closed or could not write."""
        job = job.redacted(self._redact)
        data = job.to_bytes()
        with self._changed:
            full = self.depth >= self._most_jobs or self._bytes + len(data) > self._most_bytes
            if full or self._closing.is_set():
                self.dropped += 1
                return False
            self.depth += 1
            self._bytes += len(data)
            self._writing += 1
        accepted = None
        try:
            if durable and self._spool is not None:
                self._insert(self._spool.claim())
                accepted = _Waiting(len(data), path=self._spool.write(job.id, data))
            else:
                accepted = _Waiting(len(data), job=job)
        except OSError as error:
            self._note(error)
        finally:
            with self._changed:
                self._writing -= 1
                if accepted is None:
                    self.dropped += 1
                    self._leave(len(data))
                else:
                    self._waiting.append(accepted)
                self._changed.notify_all()
        return accepted is not None

    def close(self, timeout: float = 5.0) -> bool:
        """Finish the job at hand and keep the others on disk. Whether that was done within
        ``timeout`` seconds; if not, the job at hand is handled again by the next process."""
        deadline = time.monotonic() + timeout
        with self._changed:
            self._closing.set()
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(timeout)
            if self._thread.is_alive():
                return False
        with self._changed:
            left = max(0.0, deadline - time.monotonic())
            if not self._changed.wait_for(lambda: self._writing == 0, left):
                return False
            for waiting in self._waiting:
                if waiting.job is not None:
                    self.dropped += 1
                    self._leave(waiting.size)
            self._waiting.clear()
        if self._spool is not None:
            self._spool.release()
        return True

    def _run(self) -> None:
        while (waiting := self._next()) is not None:
            if not self._work(waiting):
                self._insert([waiting], counted=True)

    def _next(self) -> _Waiting | None:
        """The next job; ``None`` when the queue is closed."""
        while True:
            with self._changed:
                self._changed.wait_for(
                    lambda: self._waiting or self._closing.is_set(), self._look_every
                )
                if self._closing.is_set():
                    return None
                if self._waiting:
                    return self._waiting.popleft()
            self._take_up()

    def _work(self, waiting: _Waiting) -> bool:
        """Handle a job. ``False`` if the queue was closed before a retry."""
        job = waiting.job or self._load(waiting)
        if job is None:
            self.damaged += 1
            self._finish(waiting, _set_aside)
            return True
        failures = 0
        while failures <= self._retries:
            try:
                self._handle(job)
            except TryLaterError as error:
                self._note(error)
                seconds = LATER
            except Exception as error:  # noqa: BLE001 - whatever it is, the next job must be handled
                self._note(error)
                seconds = FIRST_PAUSE * 4**failures
                failures += 1
            else:
                self.done += 1
                self._finish(waiting)
                return True
            if failures <= self._retries:
                self._pause(seconds)
                if self._closing.is_set():
                    return False
        _logger.warning("Extraction job %s was given up: %s.", job.id, self.last_error)
        self.failed += 1
        self._finish(waiting)
        return True

    def _load(self, waiting: _Waiting) -> Job | None:
        assert waiting.path is not None
        try:
            return Job.from_bytes(waiting.path.read_bytes())
        except (OSError, ValueError) as error:
            self._note(error)
            _logger.warning("The file %s in the extraction queue is damaged.", waiting.path.name)
            return None

    def _finish(self, waiting: _Waiting, remove: Callable[[Path], object] = Path.unlink) -> None:
        if waiting.path is not None:
            try:
                remove(waiting.path)
            except OSError as error:
                self._note(error)
        with self._changed:
            self._leave(waiting.size)

    def _take_up(self) -> None:
        if self._spool is None:
            return
        try:
            self._insert(self._spool.claim())
            self._insert(self._spool.adopt())
        except OSError as error:
            self._note(error)

    def _insert(self, jobs: list[_Waiting], *, counted: bool = False) -> None:
        """Put jobs before the others: they are older."""
        with self._changed:
            self._waiting.extendleft(reversed(jobs))
            if not counted:
                self.depth += len(jobs)
                self._bytes += sum(job.size for job in jobs)
            self._changed.notify_all()

    def _leave(self, size: int) -> None:
        self.depth -= 1
        self._bytes -= size

    def _note(self, error: Exception) -> None:
        details = [
            str(detail)
            for name in ("code", "status", "errno")
            if isinstance(detail := getattr(error, name, None), str | int)
        ]
        kind = type(error).__name__
        self.last_error = f"{kind} ({', '.join(details)})" if details else kind


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A job in a file or, if it is not durable, in memory."""

    size: int
    path: Path | None = None
    job: Job | None = None


class _Spool:
    """The files of the jobs: ``<id>.<slot>.job``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._slot: Slot | None = None
        self._claiming = threading.Lock()

    def claim(self) -> list[_Waiting]:
        """Hold a slot from now on. Returns the jobs that lay in it, none if it was held already."""
        with self._claiming:
            if self._slot is not None:
                return []
            self._slot = take_slot(self._folder)
            return self._taken(self._slot, self._slot)

    def adopt(self) -> list[_Waiting]:
        """Take the jobs of all slots that nobody holds into ours."""
        ours = self._slot
        if ours is None:
            return []
        jobs: list[_Waiting] = []
        for number in sorted({number for number, _ in self._files()} - {ours.number}):
            slot = try_slot(self._folder, number)
            if slot is not None:
                try:
                    jobs += self._taken(slot, ours)
                finally:
                    slot.release()
        return sorted(jobs, key=lambda job: job.path or self._folder)

    def write(self, identifier: str, data: bytes) -> Path:
        """Put a job into our slot. When this returns it is on disk."""
        assert self._slot is not None
        path = self._folder / f"{parse_id(identifier)}.{self._slot.number}.job"
        write_whole(path, data)
        return path

    def release(self) -> None:
        """Leave the slot, and what lies in it, to others."""
        with self._claiming:
            if self._slot is not None:
                self._slot.release()
                self._slot = None

    def _taken(self, slot: Slot, ours: Slot) -> list[_Waiting]:
        """The jobs of a slot that we hold, moved into ours, and the remains of its holder gone."""
        jobs = []
        for number, path in self._files():
            if number != slot.number:
                continue
            with contextlib.suppress(OSError):  # then it stays where it is, for the next process
                if path.suffix != ".job":
                    path.unlink()
                    continue
                size = path.stat().st_size
                path = path.rename(path.with_name(f"{path.name.split('.')[0]}.{ours.number}.job"))
                jobs.append(_Waiting(size, path=path))
        return sorted(jobs, key=lambda job: job.path or self._folder)

    def _files(self) -> Iterator[tuple[int, Path]]:
        """All jobs, and what remained of writing them, each with the number of its slot."""
        for path in list(self._folder.iterdir()):
            if match := _FILE.fullmatch(path.name):
                yield int(match["slot"]), path
            elif path.suffix == ".damaged":
                with contextlib.suppress(OSError):
                    if path.stat().st_mtime < time.time() - KEEP_DAMAGED:
                        path.unlink()


def _set_aside(path: Path) -> None:
    path.replace(path.with_name(f"{path.name.split('.')[0]}.damaged"))


def _flat(messages: tuple[tuple[Any, Any], ...]) -> Iterator[Any]:
    for pair in messages:
        yield from pair


_FILE: Final = re.compile(r"[0-9a-f-]{36}\.(?P<slot>\d{1,3})\.job(?:\.new-[0-9a-f]+)?")
