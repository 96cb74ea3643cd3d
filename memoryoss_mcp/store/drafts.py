# SPDX-License-Identifier: AGPL-3.0-only
"""Files that are made beside their place and get their name when they are whole, so that a kill
never leaves half a file under a name that somebody trusts."""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections import defaultdict
from pathlib import Path
from typing import Final

ABANDONED_S: Final = 3_600.0
"""A draft that nobody has written to for so long was left by a process that was killed."""

_PARTS: Final = ("", "-wal", "-shm", "-journal")


def beside(target: Path) -> Path:
    """Where to make a file that shall be ``target``."""
    return target.with_name(f"{target.name}.new-{os.getpid()}-{time.monotonic_ns()}")


def place(draft: Path, target: Path) -> None:
    """Give a finished file its name, in one step that survives a loss of power. No connection may
    have it open: on POSIX, closing it here would cancel SQLite's locks.

    Raises:
        OSError: it is still the draft.
    """
    _sync(draft, os.O_RDWR)
    draft.replace(target)
    if os.name == "posix":
        _sync(target.parent, os.O_RDONLY)


def discard(draft: Path) -> None:
    """Remove a draft, if it still is one, with what SQLite keeps beside it."""
    for part in _PARTS:
        Path(f"{draft}{part}").unlink(missing_ok=True)


def sweep(path: Path, older_s: float = ABANDONED_S) -> list[Path]:
    """Remove the drafts of the file, its snapshots and its salvaged copies that nobody has written
    to for ``older_s`` seconds. Returns the others."""
    name = re.compile(
        rf"({re.escape(path.stem)}(-v.*|-salvaged-.*)?{re.escape(path.suffix)}\.new-\d+-\d+)"
        rf"({'|'.join(_PARTS)})"
    )
    written: dict[Path, float] = defaultdict(float)
    for folder in (path.parent, path.parent / "snapshots"):
        # What cannot be listed or removed (no such folder, no permission, gone meanwhile) harms
        # nobody; the next program that opens the file tries again.
        with contextlib.suppress(OSError), os.scandir(folder) as entries:
            for entry in entries:
                found = name.fullmatch(entry.name)
                if found:
                    draft = folder / found[1]
                    written[draft] = max(written[draft], entry.stat().st_mtime)
    kept = []
    for draft, at in written.items():
        try:
            if at >= time.time() - older_s:
                kept.append(draft)
            else:
                discard(draft)
        except OSError:
            kept.append(draft)
    return kept


def _sync(path: Path, flags: int) -> None:
    handle = os.open(path, flags | getattr(os, "O_BINARY", 0))
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
