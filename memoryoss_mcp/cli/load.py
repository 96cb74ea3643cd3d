# SPDX-License-Identifier: AGPL-3.0-only
"""``memoryoss store --file``: many memories in batches, each wrong line told and skipped."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from memoryoss_mcp.cli.interrupt import Interrupt
from memoryoss_mcp.cli.lines import read_draft
from memoryoss_mcp.cli.session import INTERRUPTED, Reply, Session
from memoryoss_mcp.cli.views import namespace_text
from memoryoss_mcp.errors import (
    ConflictError,
    InvalidInputError,
    LimitExceededError,
    MemoryOSSError,
)
from memoryoss_mcp.model import Draft, EmbeddingState
from memoryoss_mcp.screen import screen_draft
from memoryoss_mcp.screen.secrets import in_words

if TYPE_CHECKING:
    from memoryoss_mcp.cli.console import Console
    from memoryoss_mcp.config import Config
    from memoryoss_mcp.namespaces import NamespaceChoice
    from memoryoss_mcp.runtime import Runtime
    from memoryoss_mcp.store.types import Stored

BATCH = 64
"""Lines that are committed together: a batch is stored whole or not at all."""

SHOWN = 20
"""Errors that people are shown; the JSON document has them all."""

_ESCAPED = 6
"""Bytes of JSON that one byte of content takes at most (``\\u0001``)."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line that may be stored, and the kinds of the secrets that will be redacted in it."""

    number: int
    draft: Draft
    redacted: tuple[str, ...]


class InterruptedLoadError(MemoryOSSError):
    """Ctrl-C was pressed; the batch at hand was finished first."""

    code = "interrupted"


@dataclass
class Load:
    """What became of the lines. Of those up to ``done`` none needs a second try. ``redacted``
    counts the secrets that were not stored (in a dry run, would not be), by kind."""

    done: int
    seen: int = 0
    valid: int = 0
    stored: list[tuple[int, Stored]] = field(default_factory=list)
    existing: list[int] = field(default_factory=list)
    errors: list[tuple[int, MemoryOSSError]] = field(default_factory=list)
    redacted: Counter[str] = field(default_factory=Counter)
    stopped: MemoryOSSError | None = None

    def take(self, number: int, receipt: Stored) -> None:
        """Count the line of a receipt."""
        self.redacted.update(receipt.redacted)
        if receipt.duplicate:
            self.existing.append(number)
        else:
            self.stored.append((number, receipt))

    @property
    def code(self) -> int:
        """The exit code: 1 if any line has to be looked at or tried again."""
        if isinstance(self.stopped, InterruptedLoadError):
            return INTERRUPTED
        return 1 if self.errors or self.stopped else 0


def load_file(
    session: Session, runtime: Runtime, chosen: NamespaceChoice, defaults: Draft
) -> Reply:
    """Store the lines of ``--file`` from ``--from-line`` on, or check them (``--dry-run``)."""
    options = session.options
    if options.from_line < 1:
        raise InvalidInputError("Lines are counted from 1.", field="from_line", hint="Send 1.")
    load = Load(done=options.from_line - 1)
    start = time.perf_counter()
    with (
        _opened(options.file) as source,
        session.progress("storing") as progress,
        Interrupt() as interrupt,
    ):
        total = _count_lines(source)
        try:
            for batch in _batches(source, defaults, session.config, load):
                with interrupt.deferred():
                    if options.dry_run:
                        load.redacted.update(kind for line in batch for kind in line.redacted)
                    else:
                        _store(runtime, batch, load)
                    load.done = load.seen
                progress("checking" if options.dry_run else "storing", load.done, total)
        except MemoryOSSError as error:
            load.stopped = error
        except KeyboardInterrupt:
            load.stopped = InterruptedLoadError("Interrupted.")
    seconds = time.perf_counter() - start
    return Reply(
        _document(load, chosen, dry_run=options.dry_run),
        lambda console: _show(console, load, chosen, seconds, dry_run=options.dry_run),
        load.code,
    )


def _store(runtime: Runtime, batch: list[Line], load: Load) -> None:
    """Store a batch; if an id in it is taken, line by line, so that only that line is left out."""
    try:
        receipts = runtime.store_many([line.draft for line in batch])
    except ConflictError:
        for line in batch:
            try:
                load.take(line.number, runtime.store(line.draft))
            except ConflictError:
                load.existing.append(line.number)
            load.done = line.number
        return
    for line, receipt in zip(batch, receipts, strict=True):
        load.take(line.number, receipt)


def _batches(source: BinaryIO, defaults: Draft, config: Config, load: Load) -> Iterator[list[Line]]:
    """Checked lines; what is wrong goes to ``load.errors``."""
    batch: list[Line] = []
    skipped = load.done
    for number, line in _lines(source, config.limits.max_content_bytes * _ESCAPED + 65_536):
        if number <= skipped:
            continue
        load.seen = number
        if line is not None and not line.strip():
            continue
        try:
            if line is None:
                raise LimitExceededError("The line is far too long.", field="line")
            draft = read_draft(line, defaults)
            admitted = screen_draft(draft, config.limits, config.screen.secrets)
        except InvalidInputError as error:
            load.errors.append((number, error))
            continue
        load.valid += 1
        # As it was read: the receipt tells what is redacted only if the runtime does it.
        batch.append(Line(number, draft, admitted.redacted))
        if len(batch) == BATCH:
            yield batch
            batch = []
    yield batch


def _lines(source: BinaryIO, longest: int) -> Iterator[tuple[int, bytes | None]]:
    """Numbered lines; ``None`` for one above ``longest`` bytes, which is never held in memory."""
    number = 0
    while line := source.readline(longest + 1):
        number += 1
        if len(line) <= longest:
            yield number, line
            continue
        while line and not line.endswith(b"\n"):
            line = source.readline(longest + 1)
        yield number, None


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    if str(path) == "-":
        yield sys.stdin.buffer
        return
    try:
        source = path.open("rb")
    except OSError as error:
        raise InvalidInputError(
            f"{path} cannot be read: {error.strerror}.", field="file"
        ) from error
    with source:
        yield source


def _count_lines(source: BinaryIO) -> int:
    """Lines of a file, for the progress bar; 0 where that cannot be known."""
    if not source.seekable():
        return 0
    count = sum(block.count(b"\n") for block in iter(lambda: source.read(1 << 20), b""))
    source.seek(0)
    return count


def _document(load: Load, chosen: NamespaceChoice, *, dry_run: bool) -> dict[str, Any]:
    return {
        "dry_run": dry_run,
        "namespace": chosen.name,
        "namespace_source": chosen.source,
        "valid": load.valid,
        "stored": len(load.stored),
        "existing": load.existing,
        "pending": _pending(load),
        "redacted": dict(load.redacted),
        "ids": [{"line": number, "id": str(stored.id)} for number, stored in load.stored],
        "errors": [{"line": number} | _error(error) for number, error in load.errors],
        "stopped": None if load.stopped is None else _error(load.stopped),
        "last_line": load.done,
        "next_line": load.done + 1 if load.stopped else None,
    }


def _pending(load: Load) -> int:
    return sum(stored.embedding is EmbeddingState.PENDING for _, stored in load.stored)


def _error(error: MemoryOSSError) -> dict[str, Any]:
    return {
        "code": error.code,
        "message": error.message,
        "hint": error.hint,
        "field": getattr(error, "field", None),
    }


def _show(
    console: Console, load: Load, chosen: NamespaceChoice, seconds: float, *, dry_run: bool
) -> None:
    if load.errors:
        rows = [
            (str(number), error.code, str(error).replace(" Nothing was stored.", ""))
            for number, error in load.errors[:SHOWN]
        ]
        console.table(("line", "error", "what is wrong"), rows, wrap=("what is wrong",))
        if len(load.errors) > SHOWN:
            console.line(console.styled(f"and {len(load.errors) - SHOWN} more", "dim"))
        console.blank()
    if dry_run:
        done = f"{load.valid:,} memories would be stored"
    else:
        rate = len(load.stored) / seconds if seconds else 0.0
        done = f"stored {len(load.stored):,} memories in {seconds:.1f} s ({rate:,.0f}/s)"
    console.line(
        console.styled(done, "bad" if load.stopped else "good"),
        console.styled(f" · namespace {namespace_text(chosen)}", "dim"),
    )
    if load.errors:
        console.line(f"{len(load.errors):,} lines were wrong and left out.")
    if load.existing:
        console.line(
            f"{len(load.existing):,} lines are there already (the same id or words); left as is."
        )
    if load.redacted:
        console.line(console.styled("note: ", "warn"), in_words(load.redacted.elements()))
    if pending := _pending(load):
        console.line(console.styled("note: ", "warn"), f"{pending:,} have no vector yet")
    if load.stopped is not None:
        console.line(console.styled("stopped: ", "bad"), str(load.stopped))
        console.line(
            f"Everything up to line {load.done} is kept. Continue with --from-line {load.done + 1}."
        )
