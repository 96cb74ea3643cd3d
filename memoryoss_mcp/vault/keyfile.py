# SPDX-License-Identifier: AGPL-3.0-only
"""Files that hold a secret: made once, readable for their owner only, never overwritten."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from collections.abc import Callable
from pathlib import Path

from memoryoss_mcp.errors import VaultError


def read_or_make(path: Path, make: Callable[[], bytes]) -> bytes:
    """The secret in a file; if there is none, what ``make`` returns is put there first. Of several
    programs that start at once one makes it and all read the same.

    Raises:
        VaultError: the file cannot be read or made, or others may read it.
    """
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            _make(path, make())
        return read(path)
    except OSError as error:
        raise VaultError(f"The key file {path} cannot be used ({error.strerror}).") from error


def read(path: Path) -> bytes:
    """The secret in a file.

    Raises:
        VaultError: others than its owner may read it.
        OSError: it cannot be read.
    """
    if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise VaultError(
            f"The key file {path} can be read by others; it is not used.",
            hint=f"Run 'chmod 600 {path}', and make a new key if others may have read it.",
        )
    return path.read_bytes()


def install(path: Path, secret: bytes, *, force: bool, dry_run: bool = False) -> Path | None:
    """Put a secret in its place. Another one that is there is kept under another name, which is
    returned, if ``force`` allows it.

    Raises:
        VaultError: another one is there, or the file cannot be written; nothing was changed.
    """
    try:
        present = read(path) if path.exists() else None
        if present == secret:
            return None
        if present is not None and not force:
            raise VaultError(
                f"{path} holds another key; it was left untouched.",
                hint="Restore with --force: the key that is there is kept under another name.",
            )
        if dry_run:
            return None
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        replaced = None
        if present is not None:
            replaced = path.with_name(f"{path.name}.replaced-{secrets.token_hex(4)}")
            path.rename(replaced)
        _make(path, secret)
        return replaced
    except OSError as error:
        raise VaultError(f"The key file {path} cannot be written ({error.strerror}).") from error


def _make(path: Path, secret: bytes) -> None:
    draft = path.with_name(f"{path.name}.new-{secrets.token_hex(8)}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    try:
        handle = os.open(draft, flags, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(secret)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):  # another program was first: its key counts
            if os.name == "nt":
                draft.rename(path)
            else:
                os.link(draft, path)
    finally:
        draft.unlink(missing_ok=True)
