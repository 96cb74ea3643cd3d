# SPDX-License-Identifier: AGPL-3.0-only
"""What memory cost and saved: counts per day, client and provider, and no content.

Whether injected memories spoil a provider's prompt cache is seen by comparing the share of the
input that was read from it with memory and without.
"""

from __future__ import annotations

import json
import logging
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Final

from memoryoss_mcp.model.clock import DAY, format_time, now
from memoryoss_proxy.extraction import Extractor, LLMExtractor
from memoryoss_proxy.extraction import Usage as Spent
from memoryoss_proxy.preparing import REPEATED
from memoryoss_proxy.record import Record
from memoryoss_proxy.slots import Slot, take_slot, write_whole
from memoryoss_proxy.wire.reply import Usage

KEEP_DAYS: Final = 400
EVERY: Final = 30.0
"""Seconds between two writings; as much is lost when the process is killed."""
MOST_CLIENTS: Final = 1_000
"""Clients of a day that are told apart; a caller can invent keys without end."""
OTHERS: Final = "others"
"""The name of all further ones."""
EXTRACTION: Final = "extraction"
"""The provider under which extraction is counted, whichever model extracts."""

_log = logging.getLogger("memoryoss.proxy")


@dataclass(slots=True)
class Tokens:
    """Tokens as the provider counted them, of ``answers`` that said so. ``cached`` (read from the
    prompt cache) and ``cache_write`` are parts of ``input``."""

    answers: int = 0
    input: int = 0
    cached: int = 0
    cache_write: int = 0
    output: int = 0

    @property
    def cached_share(self) -> float | None:
        """The share of the input that was read from the prompt cache, 0 to 1."""
        return self.cached / self.input if self.input else None


@dataclass(slots=True)
class Counts:
    """What is counted. ``tokens_repeated`` are those of blocks that earlier requests of the same
    conversation had already, sent again so that the prompt stays the same."""

    requests: int = 0
    requests_with_memory: int = 0
    memories_injected: int = 0
    memories_used: int = 0
    tokens_injected: int = 0
    tokens_repeated: int = 0
    extraction_calls: int = 0
    extraction_input_tokens: int = 0
    extraction_output_tokens: int = 0
    facts: int = 0
    with_memory: Tokens = field(default_factory=Tokens)
    without_memory: Tokens = field(default_factory=Tokens)

    def add(self, other: Counts) -> None:
        """Count what another one has, too."""
        _add(self, other)


@dataclass(frozen=True, slots=True)
class Line:
    """The counts of one client and provider on one day (UTC, ``YYYY-MM-DD``)."""

    day: str
    client: str
    provider: str
    counts: Counts


@dataclass(frozen=True, slots=True)
class Report:
    """All lines by day, client and provider. ``unreadable`` files were left out."""

    lines: tuple[Line, ...]
    unreadable: int = 0

    @property
    def total(self) -> Counts:
        """All lines together."""
        total = Counts()
        for line in self.lines:
            total.add(line.counts)
        return total

    def table(self) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        """Headings and rows for people; the last row is the total."""
        rows = [(line.day, line.client, line.provider, *_cells(line.counts)) for line in self.lines]
        return _HEADINGS, [*rows, ("total", "", "", *_cells(self.total))]

    def as_json(self) -> dict[str, Any]:
        """The report as one JSON object."""
        lines = [
            {"day": line.day, "client": line.client, "provider": line.provider}
            | _document(line.counts)
            for line in self.lines
        ]
        return {"lines": lines, "total": _document(self.total), "unreadable": self.unreadable}


class Bill:
    """Counts in memory and writes them every now and then in a thread of its own. Each process has
    files of its own, one a day; :meth:`read` puts them together. Safe to share among threads."""

    def __init__(
        self, folder: Path, *, every: float = EVERY, clock: Callable[[], int] = now
    ) -> None:
        """``clock`` in nanoseconds since the epoch."""
        self._folder = folder
        self._every = every
        self._clock = clock
        self._lock = threading.Lock()
        self._days: dict[str, dict[tuple[str, str], Counts]] = {}
        self._changed: set[str] = set()
        self._spent = Spent()
        self._file_lock = threading.Lock()
        self._slot: Slot | None = None
        self._joined: set[str] = set()
        """Days whose file, written by an earlier process in our slot, is counted in."""
        self._failing = False
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, record: Record) -> None:
        """Count a request that is over."""
        blocks = record.block_tokens + record.repeated_tokens > 0
        new = record.reason != REPEATED
        tokens = _tokens(record.usage)
        self._count(
            record.client,
            record.provider,
            Counts(
                requests=1,
                requests_with_memory=int(blocks),
                memories_injected=len(record.injected) if new else 0,
                tokens_injected=record.block_tokens if new else 0,
                tokens_repeated=record.repeated_tokens + (0 if new else record.block_tokens),
                with_memory=tokens if blocks else Tokens(),
                without_memory=Tokens() if blocks else tokens,
            ),
        )

    def used(self, record: Record, count: int) -> None:
        """Count memories of a request that its answer draws on."""
        self._count(record.client, record.provider, Counts(memories_used=count))

    def extracted(self, client: str, facts: int, extractor: Extractor | None) -> None:
        """Count facts that were extracted for a client, and what that took of a language model."""
        counts = Counts(facts=facts)
        if isinstance(extractor, LLMExtractor):
            with self._lock:
                before, self._spent = self._spent, extractor.usage
                counts.extraction_calls = self._spent.calls - before.calls
                counts.extraction_input_tokens = self._spent.input_tokens - before.input_tokens
                counts.extraction_output_tokens = self._spent.output_tokens - before.output_tokens
        self._count(client, EXTRACTION, counts)

    def flush(self) -> bool:
        """Write what has changed. ``False`` if the disk refuses: it is tried again later."""
        with self._file_lock:
            try:
                if self._slot is None:
                    self._slot = take_slot(self._folder)
                    self._forget()
                with self._lock:
                    changed = sorted(self._changed)
                for day in changed:
                    self._write(day, self._folder / f"{day}.{self._slot.number}.json")
            except OSError as error:
                if not self._failing:
                    _log.warning("the bill cannot be written (%s)", error.strerror or error)
                self._failing = True
                return False
            self._failing = False
            return True

    def close(self) -> None:
        """Write everything and end the thread."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join()
        if self._changed:
            self.flush()
        with self._file_lock:
            if self._slot is not None:
                self._slot.release()
                self._slot = None
                self._joined.clear()
                self._days.clear()

    @staticmethod
    def read(folder: Path, *, days: int | None = None, clock: Callable[[], int] = now) -> Report:
        """What all processes have written, for the latest ``days`` (today is the first)."""
        lines: dict[tuple[str, str, str], Counts] = {}
        unreadable = 0
        first = _day(clock() - ((days or KEEP_DAYS) - 1) * DAY)
        for day, path in _files(folder):
            if day < first:
                continue
            try:
                for key, counts in _load(path).items():
                    lines.setdefault((day, *key), Counts()).add(counts)
            except (OSError, ValueError):
                unreadable += 1
        return Report(
            tuple(Line(*key, counts) for key, counts in sorted(lines.items())), unreadable
        )

    def _count(self, client: str, provider: str, counts: Counts) -> None:
        day = _day(self._clock())
        with self._lock:
            lines = self._days.setdefault(day, {})
            if (client, provider) not in lines and len(lines) >= MOST_CLIENTS:
                client = OTHERS
            lines.setdefault((client, provider), Counts()).add(counts)
            self._changed.add(day)
            if self._thread is None and not self._closing.is_set():
                self._thread = threading.Thread(
                    target=self._run, name="memoryoss-bill", daemon=True
                )
                self._thread.start()

    def _run(self) -> None:
        while not self._closing.wait(self._every):
            if self._changed:
                self.flush()

    def _write(self, day: str, path: Path) -> None:
        before = {} if day in self._joined else _before(path)
        with self._lock:
            lines = self._days[day]
            for key, counts in before.items():
                lines.setdefault(key, Counts()).add(counts)
            self._joined.add(day)
            data = _dump(lines)
            self._changed.discard(day)
        try:
            write_whole(path, data)
        except OSError:
            with self._lock:
                self._changed.add(day)
            raise
        if day < _day(self._clock()):
            self._forget()
            with self._lock:
                if day not in self._changed:
                    del self._days[day]
                    self._joined.discard(day)

    def _forget(self) -> None:
        """Remove what is older than it is kept."""
        first = _day(self._clock() - KEEP_DAYS * DAY)
        for day, path in list(_files(self._folder)):
            if day < first:
                path.unlink(missing_ok=True)


def _day(timestamp: int) -> str:
    return format_time(timestamp)[:10]


def _tokens(usage: Usage | None) -> Tokens:
    if usage is None:
        return Tokens()
    return Tokens(
        1, usage.input_tokens, usage.cached_tokens, usage.cache_write_tokens, usage.output_tokens
    )


def _add(one: Any, other: Any) -> None:
    for entry in fields(one):
        value = getattr(other, entry.name)
        if isinstance(value, int):
            setattr(one, entry.name, getattr(one, entry.name) + value)
        else:
            _add(getattr(one, entry.name), value)


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    for path in folder.glob("*.json"):
        if match := _FILE.fullmatch(path.name):
            yield match[1], path


def _dump(lines: Mapping[tuple[str, str], Counts]) -> bytes:
    entries = [
        {"client": client, "provider": provider, "counts": asdict(counts)}
        for (client, provider), counts in sorted(lines.items())
    ]
    return json.dumps({"version": 1, "lines": entries}).encode()


def _load(path: Path) -> dict[tuple[str, str], Counts]:
    """The counts in a file.

    Raises:
        OSError: it cannot be read.
        ValueError: it holds something else.
    """
    try:
        document = json.loads(path.read_bytes())
        if document["version"] != 1:
            raise ValueError
        return {
            (str(line["client"]), str(line["provider"])): _counts(Counts(), line["counts"])
            for line in document["lines"]
        }
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise ValueError(f"{path.name} holds no counts.") from None


def _counts(counts: Any, document: Mapping[str, Any]) -> Any:
    for entry in fields(counts):
        value, present = document.get(entry.name, 0), getattr(counts, entry.name)
        if not isinstance(present, int):
            _counts(present, value)
        elif type(value) is int and value >= 0:
            setattr(counts, entry.name, value)
        else:
            raise ValueError
    return counts


def _before(path: Path) -> dict[tuple[str, str], Counts]:
    """What an earlier process has written under that name; what is damaged is set aside."""
    try:
        return _load(path)
    except FileNotFoundError:
        return {}
    except ValueError:
        _log.warning("the file %s of the bill is damaged and was set aside", path.name)
        path.replace(path.with_suffix(".damaged"))
        return {}


def _document(counts: Counts) -> dict[str, Any]:
    document = asdict(counts)
    document["with_memory"]["cached_share"] = counts.with_memory.cached_share
    document["without_memory"]["cached_share"] = counts.without_memory.cached_share
    return document


def _cells(counts: Counts) -> Iterable[str]:
    both = Tokens()
    _add(both, counts.with_memory)
    _add(both, counts.without_memory)
    numbers = (
        counts.requests,
        counts.requests_with_memory,
        counts.memories_injected,
        counts.memories_used,
        counts.tokens_injected,
        both.input,
        both.output,
    )
    yield from map(str, numbers)
    yield _percent(counts.with_memory.cached_share)
    yield _percent(counts.without_memory.cached_share)
    yield str(counts.extraction_calls)
    yield str(counts.extraction_input_tokens + counts.extraction_output_tokens)
    yield str(counts.facts)


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.0f} %"


_HEADINGS: Final = (
    "day",
    "client",
    "provider",
    "requests",
    "with memory",
    "memories",
    "used",
    "tokens injected",
    "input tokens",
    "output tokens",
    "cached with memory",
    "cached without",
    "extraction calls",
    "extraction tokens",
    "facts",
)
_FILE: Final = re.compile(r"(\d{4}-\d\d-\d\d)\.\d{1,3}\.json")
