# SPDX-License-Identifier: AGPL-3.0-only
"""Connections to the file: pragmas, guards, and one translation of SQLite's errors."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import random
import stat
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import apsw

from memoryoss_mcp.errors import (
    StoreBusyError,
    StoreDamagedError,
    StoreError,
    StoreForeignError,
    StoreFullError,
    StoreReadOnlyError,
)

if TYPE_CHECKING:
    from memoryoss_mcp.store.sealing import Keys, Seal

APPLICATION_ID: Final = 0x6D4F5353
"""``PRAGMA application_id`` of our files: the bytes ``mOSS``."""

BUSY_TIMEOUT_MS: Final = 5_000
WRITE_PATIENCE_S: Final = 60.0
"""How long a write goes on asking for the lock that other processes take in turns."""

_WAL_RESET_RACE: Final = ((3, 7, 0), (3, 51, 2))
"""SQLite releases whose WAL can lose a commit when two processes checkpoint at once."""


def check_sqlite(version: str | None = None) -> None:
    """Refuse to run on an SQLite that can lose commits.

    Raises:
        StoreError: the library is in the range of the WAL-reset race.
    """
    version = version or apsw.sqlite_lib_version()
    parts = tuple(int(part) for part in version.split(".")[:3])
    if _WAL_RESET_RACE[0] <= parts <= _WAL_RESET_RACE[1]:
        raise StoreError(
            f"SQLite {version} can lose commits when several programs share a file.",
            hint="Install the apsw wheel from the package index (it brings its own SQLite).",
        )


def vec0_path() -> str:
    """Path of the sqlite-vec extension, without importing its package (which imports numpy)."""
    spec = importlib.util.find_spec("sqlite_vec")
    if spec is None or spec.origin is None:
        raise StoreError("sqlite-vec is not installed.", hint="Reinstall memoryoss-mcp.")
    return str(Path(spec.origin).parent / "vec0")


class KeyedConnection(apsw.Connection):
    """A connection that can open sealed namespaces, if ``keys`` are at hand."""

    def __init__(self, filename: str, flags: int, keys: Keys | None) -> None:
        super().__init__(filename, flags)
        self.keys = keys
        self.seals: dict[int, Seal] = {}


def connect(
    path: Path, *, read_only: bool = False, create: bool = False, keys: Keys | None = None
) -> apsw.Connection:
    """Open one connection. The caller owns it; it may move between threads. ``keys`` opens what is
    sealed.

    Raises:
        StoreError: one of its kinds, see :func:`translated`.
    """
    flags = apsw.SQLITE_OPEN_READONLY if read_only else apsw.SQLITE_OPEN_READWRITE
    if create:
        flags |= apsw.SQLITE_OPEN_CREATE
    if not read_only:
        _unlock_log(path)
    with translated(path):
        connection = KeyedConnection(str(path), flags, keys)
        try:
            connection.set_busy_timeout(BUSY_TIMEOUT_MS)
            connection.enable_load_extension(True)
            connection.load_extension(vec0_path())
            connection.enable_load_extension(False)
            connection.execute("PRAGMA cell_size_check = ON")
            connection.execute("PRAGMA trusted_schema = OFF")
            connection.execute("PRAGMA foreign_keys = OFF")
            connection.execute("PRAGMA cache_size = -16000")
            if not read_only:
                connection.execute("PRAGMA secure_delete = ON")
                connection.execute("PRAGMA synchronous = FULL")
                connection.execute("PRAGMA temp_store = MEMORY")
                connection.execute("PRAGMA journal_size_limit = 4194304")
            if sys.platform == "darwin":
                connection.execute("PRAGMA fullfsync = ON")
        except BaseException:
            connection.close(True)
            raise
    return connection


def connect_damaged(path: Path, keys: Keys | None = None) -> apsw.Connection:
    """Open a file to read what can be read of it, and never to change it: SQLite overlooks what it
    cannot parse of the description of the tables, and that the file ends too early.

    Raises:
        StoreError: one of its kinds, see :func:`translated`.
    """
    with translated(path):
        connection = KeyedConnection(str(path), apsw.SQLITE_OPEN_READWRITE, keys)
        try:
            connection.set_busy_timeout(BUSY_TIMEOUT_MS)
            connection.execute("PRAGMA writable_schema = ON")  # before anything else is read
            connection.execute("PRAGMA query_only = ON")
            connection.execute("PRAGMA trusted_schema = OFF")
            leave_log(connection, path)
            # The first statement meets the errors of the description, those after it do not.
            with contextlib.suppress(apsw.Error):
                connection.execute("SELECT 1 FROM sqlite_schema")
        except BaseException:
            connection.close(True)
            raise
    return connection


def close_busy(connection: apsw.Connection) -> None:
    """Close a connection on which another thread may be at work: its statement (of milliseconds) is
    waited for, its next one fails."""
    deadline = time.monotonic() + BUSY_TIMEOUT_MS / 1_000
    while True:
        try:
            connection.close(True)
            return
        except apsw.ThreadingViolationError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.001)


def has_log(path: Path) -> bool:
    """Whether changes wait in the log. SQLite would replay them into any file of that name."""
    try:
        return Path(f"{path}-wal").stat().st_size > 0
    except (FileNotFoundError, NotADirectoryError):
        return False


def leave_log(connection: apsw.Connection, path: Path) -> None:
    """Let the closing of a connection to a damaged file change nothing: the log stays a log."""
    if has_log(path):
        connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)


def _unlock_log(path: Path) -> None:
    """Let the log be written if the file may be. SQLite gives both the same permissions when the
    log is made; whoever reads a file that may not be written makes a log that never can be. The
    same log is kept, not made anew: another program may still have it open.

    Raises:
        StoreReadOnlyError: it belongs to somebody else.
    """
    if not os.access(path, os.W_OK):
        return
    for part in (Path(f"{path}-wal"), Path(f"{path}-shm")):
        try:
            state = part.stat(follow_symlinks=False)
            if not stat.S_ISREG(state.st_mode) or os.access(part, os.W_OK):
                continue
            part.chmod(stat.S_IMODE(path.stat().st_mode))
        except FileNotFoundError:
            continue
        except OSError as error:
            raise StoreReadOnlyError(
                f"{part} cannot be written ({error.strerror}), so {path.name} cannot be either.",
                hint="Check who owns it and its permissions; it was made when the file was "
                "read-only.",
            ) from error


def fetch_all(connection: apsw.Connection, sql: str, values: Any = ()) -> list[Any]:
    """All rows of a query, as tuples whose types the schema knows and the type checker does not."""
    return connection.execute(sql, values).fetchall()


def fetch_one(connection: apsw.Connection, sql: str, values: Any = ()) -> Any:
    """The first row of a query as a tuple, ``None`` if it has none."""
    return connection.execute(sql, values).fetchone()


@contextlib.contextmanager
def translated(path: Path | str) -> Iterator[None]:
    """Turn SQLite's exceptions into ours; each says what happened and what was kept."""
    try:
        yield
    except (apsw.FullError, apsw.TooBigError) as error:
        raise StoreFullError(
            f"No space is left for {path}; nothing of this write was kept.",
            hint="Free some space and send it again.",
        ) from error
    except (apsw.ReadOnlyError, apsw.PermissionsError, apsw.AuthError) as error:
        raise StoreReadOnlyError(
            f"{path} cannot be written; nothing of this write was kept.",
            hint="Check the permissions of the file and its folder.",
        ) from error
    except (apsw.BusyError, apsw.LockedError) as error:
        raise StoreBusyError(
            f"Another program held {path} too long; nothing of this write was kept.",
            hint="Send it again.",
        ) from error
    except apsw.NotADBError as error:
        raise StoreForeignError(
            f"{path} is not a memory file (or its header is damaged); it was left untouched.",
            hint="Run 'memoryoss doctor', or choose another --data-dir.",
        ) from error
    except apsw.CorruptError as error:
        raise StoreDamagedError(
            f"{path} is damaged ({error}); it was left untouched.",
            hint="Run 'memoryoss doctor --repair': it salvages into a new file beside it.",
        ) from error
    except UnicodeDecodeError as error:
        raise StoreDamagedError(
            f"{path} is damaged (a text in it is not UTF-8); it was left untouched.",
            hint="Run 'memoryoss doctor --repair': it salvages into a new file beside it.",
        ) from error
    except apsw.CantOpenError as error:
        raise _cannot_open(path, error) from error
    except apsw.IOError as error:
        if _disk_is_full(path, error):
            raise StoreFullError(
                f"No space is left for {path}; nothing of this write was kept.",
                hint="Free some space and send it again.",
            ) from error
        raise StoreError(
            f"{path}: the disk reported an error ({error}); nothing of this write was kept.",
            hint="Check the disk, then run 'memoryoss doctor'.",
        ) from error
    except apsw.Error as error:
        raise StoreError(f"{path}: {error}", hint="Run 'memoryoss doctor'.") from error


def _cannot_open(path: Path | str, error: apsw.Error) -> StoreError:
    file = Path(path)
    for needed in (file, file.parent):
        if needed.exists() and not os.access(needed, os.W_OK):
            return StoreReadOnlyError(
                f"{needed} cannot be written.",
                hint="Check the permissions of the file and its folder.",
            )
    return StoreError(
        f"{path} cannot be opened ({error}).",
        hint="Check that the folder exists and that you may write to it.",
    )


def _disk_is_full(path: Path | str, error: apsw.Error) -> bool:
    """Some systems report a full disk or a file-size limit as a failed write."""
    kind = getattr(error, "extendedresult", 0)
    if kind not in {
        apsw.SQLITE_IOERR_WRITE,
        apsw.SQLITE_IOERR_SHMSIZE,
        apsw.SQLITE_IOERR_SHMMAP,
        apsw.SQLITE_IOERR_TRUNCATE,
        apsw.SQLITE_IOERR_FSYNC,
    }:
        return False
    if kind == apsw.SQLITE_IOERR_WRITE:
        return True
    if not hasattr(os, "statvfs"):
        return False
    try:
        room = os.statvfs(Path(path).parent)
    except OSError:
        return False
    return room.f_bavail * room.f_frsize < 1 << 20


@contextlib.contextmanager
def write_transaction(connection: apsw.Connection) -> Iterator[None]:
    """``BEGIN IMMEDIATE`` with patience, then commit; any exception rolls everything back.

    A deferred transaction that reads first can fail at its first write although a busy timeout
    is set, so the lock is taken at the start.
    """
    deadline = time.monotonic() + WRITE_PATIENCE_S
    while True:
        try:
            connection.execute("BEGIN IMMEDIATE")
            break
        except apsw.BusyError:
            if time.monotonic() > deadline:
                raise
            time.sleep(random.uniform(0.001, 0.02))
    try:
        yield
        while True:
            try:
                connection.execute("COMMIT")
                break
            except apsw.BusyError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(random.uniform(0.001, 0.02))
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
