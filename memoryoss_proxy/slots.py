# SPDX-License-Identifier: AGPL-3.0-only
"""Folders that several processes share: slots that one of them holds at a time, and files that are
there whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
import sys
from pathlib import Path
from typing import Final

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

MOST_SLOTS: Final = 256


class Slot:
    """A number in a folder that one process, or one object in it, holds at a time."""

    def __init__(self, number: int, handle: int) -> None:
        self.number = number
        self._handle = handle

    def release(self) -> None:
        """Let others have it; once. The end of the process does the same."""
        os.close(self._handle)


def take_slot(folder: Path) -> Slot:
    """The first slot that is free. The folder is made if it is not there.

    Raises:
        OSError: files cannot be made or locked there.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for number in range(MOST_SLOTS):
        if (slot := try_slot(folder, number)) is not None:
            return slot
    raise OSError(f"Too many processes use {folder}.")


def try_slot(folder: Path, number: int) -> Slot | None:
    """That slot, if nobody holds it.

    Raises:
        OSError: its file cannot be made or locked.
    """
    # The file is never removed, so that two processes cannot hold locks on two files of one name.
    handle = os.open(folder / f"{number}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if _lock(handle):
            return Slot(number, handle)
    except BaseException:
        os.close(handle)
        raise
    os.close(handle)
    return None


def write_whole(path: Path, data: bytes) -> None:
    """Write a file that is there whole or not at all, readable for its owner only; when this
    returns it is on disk.

    Raises:
        OSError: what was there before is there still.
    """
    draft = path.with_name(f"{path.name}.new-{secrets.token_hex(4)}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    try:
        with os.fdopen(os.open(draft, flags, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    if os.name == "posix":
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            with contextlib.suppress(OSError):  # not every file system can
                os.fsync(folder)
        finally:
            os.close(folder)


def _lock(handle: int) -> bool:
    """Lock an open file; ``False`` if somebody else has it. Closing it or ending unlocks it."""
    try:
        if sys.platform == "win32":
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True
