# SPDX-License-Identifier: AGPL-3.0-only
"""How far a capture has come: hashes and counts in a small file of the data folder, and no text.

Hashes are of commands without their secrets, so that none can be guessed from its hash.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Final

from memoryoss_mcp.errors import MemoryOSSError
from memoryoss_mcp.store.drafts import beside, discard, place

FILE_NAME: Final = "connectors.json"
TAIL: Final = 16
"""Entries at the end of a history file that say where the last run ended."""
LEAST_TAIL: Final = 4
"""Of a file that was rewritten, so many of them have to be there still."""
MOST: Final = 20_000
"""Hashes that are kept of each sort; the oldest go."""

WAIT_S: Final = 30.0
"""How long a capture waits for another one of the same data folder."""

_VERSION: Final = 1
_DIGITS: Final = 16
_PAUSE_S: Final = 0.02


class MarksError(MemoryOSSError):
    """How far a capture has come could not be noted. What was stored is kept; the next run reads
    the same again and finds it there."""

    code: ClassVar[str] = "marks_failed"


@dataclass(slots=True)
class Marks:
    """``ends`` has for each history file how many entries were read and the last of them,
    ``offered`` what was made a signal already, ``worked`` how often a command has worked that was
    not."""

    ends: dict[str, tuple[int, list[str]]] = field(default_factory=dict)
    offered: dict[str, int] = field(default_factory=dict)
    worked: dict[str, int] = field(default_factory=dict)

    @classmethod
    def load(cls, folder: Path) -> Marks:
        """Those of a data folder. None where the file is missing or damaged: then everything is
        read again, and what is in the memory already is found there."""
        try:
            document = json.loads((folder / FILE_NAME).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return cls()
        if not isinstance(document, dict) or document.get("version") != _VERSION:
            return cls()
        ends = document.get("ends")
        return cls(
            {
                name: (end["read"], end["tail"])
                for name, end in (ends.items() if isinstance(ends, dict) else ())
                if _is_end(end)
            },
            _counts(document.get("offered")),
            _counts(document.get("worked")),
        )

    def save(self, folder: Path) -> None:
        """Write them in one step.

        Raises:
            OSError: they could not be written; the file is as it was.
        """
        document = {
            "version": _VERSION,
            "ends": {
                name: {"read": read, "tail": tail} for name, (read, tail) in self.ends.items()
            },
            "offered": dict(list(self.offered.items())[-MOST:]),
            "worked": dict(list(self.worked.items())[-MOST:]),
        }
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / FILE_NAME
        draft = beside(target)
        try:
            draft.write_text(json.dumps(document, separators=(",", ":")), encoding="utf-8")
            place(draft, target)
        finally:
            discard(draft)

    def offer(self, text: str) -> bool:
        """Note that a text is made a signal; whether that is new."""
        key = digest(text)
        self.worked.pop(key, None)
        if key in self.offered:
            return False
        self.offered[key] = 1
        return True

    def is_offered(self, text: str) -> bool:
        """Whether it was made a signal before."""
        return digest(text) in self.offered

    def count(self, text: str) -> int:
        """Note that a command has worked once more; how often that is."""
        key = digest(text)
        self.worked[key] = self.worked.pop(key, 0) + 1
        return self.worked[key]

    def start_of(self, path: Path, entries: Sequence[str]) -> int:
        """Where in the entries of a history file the part begins that was not read before."""
        read, tail = self.ends.get(_name_of(path), (0, []))
        if not tail:
            return 0
        hashes = [digest(entry) for entry in entries]
        if hashes[max(0, read - len(tail)) : read] == tail:
            return read
        # The shell has rewritten the file: without its first entries, or without repetitions.
        least = min(LEAST_TAIL, len(tail))
        for length in range(len(tail), least - 1, -1):
            wanted = tail[-length:]
            for end in range(len(hashes), length - 1, -1):
                if hashes[end - length : end] == wanted:
                    return end
        return 0

    def ended(self, path: Path, entries: Sequence[str]) -> None:
        """Note that a history file was read up to the end of ``entries``."""
        self.ends[_name_of(path)] = len(entries), [digest(entry) for entry in entries[-TAIL:]]


@contextmanager
def advancing(folder: Path) -> Iterator[Marks]:
    """The marks of a data folder for one run, which are written behind the block if nothing went
    wrong in it. Other runs wait: prompts come in faster than commands are stored.

    Raises:
        MarksError: they could not be written, or another run took too long.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / f"{FILE_NAME}.lock").open("ab")
    except OSError as error:
        raise _unnoted(folder, error) from error
    with lock:
        _wait_for(lock.fileno(), folder)
        marks = Marks.load(folder)
        yield marks
        try:
            marks.save(folder)
        except OSError as error:
            raise _unnoted(folder, error) from error


def _unnoted(folder: Path, error: OSError) -> MarksError:
    return MarksError(
        f"How far this capture came could not be noted in {folder} ({error.strerror}).",
        hint="What was stored is kept; the next run reads the same again and finds it there.",
    )


def _wait_for(lock: int, folder: Path) -> None:
    ends = time.monotonic() + WAIT_S
    while not _lock(lock):
        if time.monotonic() > ends:
            raise MarksError(
                f"Another capture in {folder} is still at work. Nothing was read or stored.",
                hint="Try again when it is done.",
            )
        time.sleep(_PAUSE_S)


if sys.platform == "win32":
    import msvcrt

    def _lock(lock: int) -> bool:
        os.lseek(lock, 0, os.SEEK_SET)
        try:
            msvcrt.locking(lock, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _lock(lock: int) -> bool:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def digest(text: str) -> str:
    """The start of the SHA-256 of a text, in hex."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]


def _name_of(path: Path) -> str:
    return digest(str(path.absolute()))


def _is_end(value: Any) -> bool:
    if not isinstance(value, dict) or type(value.get("read")) is not int:
        return False
    tail = value.get("tail")
    return isinstance(tail, list) and all(isinstance(entry, str) for entry in tail)


def _counts(value: Any) -> dict[str, int]:
    if not isinstance(value, dict):
        return {}
    return {name: count for name, count in value.items() if type(count) is int}
