# SPDX-License-Identifier: AGPL-3.0-only
"""SQLite files of other programs, read without a trace: no byte of them or beside them changes.

SQLite itself would make a log and shared memory beside a file in WAL mode even to read it, so a
file at rest is opened as one that cannot change, without locks. A file with changes still in its
log or its journal is copied together with them, and the copy is read. What such a file says of
itself (views, triggers, functions in its schema) is not trusted.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeVar
from urllib.parse import quote

import apsw

from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.store.connection import fetch_all, fetch_one

Value = str | int | float | bytes | None
Row = dict[str, Value]
T = TypeVar("T")

_MAGIC: Final = b"SQLite format 3\0"
_PENDING: Final = ("-wal", "-journal")
"""Names of the files that hold what is not yet in the database, or how to undo what is."""

_ATTEMPTS: Final = 3
_STOP: Final = "Stop the program that writes it, then run this again."


def is_sqlite(path: Path) -> bool:
    """Whether a file is an SQLite database, by its first bytes."""
    try:
        with path.open("rb") as file:
            return file.read(len(_MAGIC)) == _MAGIC
    except OSError:
        return False


def has_tables(path: Path, wanted: Mapping[str, Collection[str]]) -> bool:
    """Whether a file is an SQLite database with these tables and at least these columns in them."""
    if not is_sqlite(path):
        return False
    try:
        with ForeignFile(path) as file:
            tables = file.tables()
    except InvalidInputError:
        return False
    return all(name in tables and set(tables[name]) >= {*wanted[name]} for name in wanted)


class ForeignFile:
    """A database of another program, open for reading until it is closed.

    Raises:
        InvalidInputError: the file is not there, cannot be read, is damaged, is not an SQLite
            database, or changed while it was read; so do all methods.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = Path(os.path.realpath(path))  # SQLite's log is beside the file, not the link
        self._stack = contextlib.ExitStack()
        self._stamp: tuple[int, int] | None = None
        self._tables: dict[str, tuple[str, ...]] | None = None
        try:
            with self._translated():
                if path.is_dir():
                    raise InvalidInputError(f"{path} is a folder, not a database.", field="path")
                self._connection = self._open()
        except BaseException:
            self._stack.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._stack.close()

    def tables(self) -> dict[str, tuple[str, ...]]:
        """The names of the ordinary tables, each with the names of its columns."""
        if self._tables is None:
            with self._translated():
                names = fetch_all(
                    self._connection,
                    "SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0",
                )
                self._tables = {
                    name: tuple(
                        row[0]
                        for row in fetch_all(
                            self._connection, "SELECT name FROM pragma_table_info(?)", (name,)
                        )
                    )
                    for (name,) in names
                }
        return self._tables

    def require(self, table: str, columns: Sequence[str]) -> None:
        """Make sure that a table and columns of it are there.

        Raises:
            InvalidInputError: they are not; the message names what is missing.
        """
        if table not in self.tables():
            missing = f"no table {table!r}"
        elif absent := [name for name in columns if name not in self.tables()[table]]:
            missing = f"no column {', '.join(map(repr, absent))} in its table {table!r}"
        else:
            return
        raise InvalidInputError(
            f"{self._path} has {missing}; nothing was read from it.",
            field="path",
            hint="Check that it is the right file, and which version of its program wrote it.",
        )

    def count(self, table: str, *, per: str | None = None) -> int:
        """How many rows a table has, or how many different values of its column ``per``."""
        inner = f"SELECT 1 FROM {_name(table)}" + (f" GROUP BY {_name(per)}" if per else "")
        with self._translated():
            counted: int = fetch_one(self._connection, f"SELECT count(*) FROM ({inner})")[0]
        return counted

    def rows(
        self,
        table: str,
        columns: Sequence[str],
        *,
        last_per: str | None = None,
        newest_first: bool = False,
    ) -> Iterator[Row]:
        """The rows of a table one after another, in the order in which they were made.

        Args:
            columns: what is wanted; a column that the table does not have is ``None`` in each row.
            last_per: give only the row made last for each value of this column.
            newest_first: turn the order around.
        """
        there = [name for name in columns if name in self.tables()[table]]
        absent = dict.fromkeys(name for name in columns if name not in there)
        sql = f"SELECT {', '.join(map(_name, there)) or 'NULL'} FROM {_name(table)}"
        if last_per is not None:
            latest = f"SELECT max(rowid) FROM {_name(table)} GROUP BY {_name(last_per)}"
            sql += f" WHERE rowid IN ({latest})"
        if last_per is not None or self._has_rowid(table):
            sql += f" ORDER BY rowid {'DESC' if newest_first else 'ASC'}"
        with self._translated():
            for row in self._connection.execute(sql):
                yield dict(zip(there, row, strict=False)) | absent
            self._check_unchanged()

    def ask(self, question: Callable[[apsw.Connection], T]) -> T:
        """The answer that a function of the connection gives."""
        with self._translated():
            return question(self._connection)

    def _has_rowid(self, table: str) -> bool:
        try:
            self._connection.execute(f"SELECT rowid FROM {_name(table)} LIMIT 0")
        except apsw.SQLError:
            return False
        return True

    def _open(self) -> apsw.Connection:
        """A connection to the file at rest, or to a copy with what is pending."""
        with self._file.open("rb") as file:
            magic = file.read(len(_MAGIC))
        if magic != _MAGIC:
            raise InvalidInputError(f"{self._path} is not an SQLite database.", field="path")
        if any(_size(Path(f"{self._file}{end}")) for end in _PENDING):
            return self._connect(str(self._copy()), apsw.SQLITE_OPEN_READWRITE)
        self._stamp = _stamp(self._file)
        flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
        return self._connect(f"{_uri(self._file)}?mode=ro&immutable=1", flags)

    def _connect(self, name: str, flags: int) -> apsw.Connection:
        connection = apsw.Connection(name, flags)
        self._stack.callback(connection.close, True)
        connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
        connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        for setting in ("trusted_schema = OFF", "cell_size_check = ON", "query_only = ON"):
            connection.execute(f"PRAGMA {setting}")
        return connection

    def _copy(self) -> Path:
        """A copy of the file and of what is pending, all of the same moment."""
        folder = tempfile.TemporaryDirectory(prefix="memoryoss-", ignore_cleanup_errors=True)
        copy = Path(self._stack.enter_context(folder)) / "copy.db"
        parts = [("", True), *((end, False) for end in _PENDING)]
        for _ in range(_ATTEMPTS):
            before = [_stamp(Path(f"{self._file}{end}")) for end, _ in parts]
            for end, needed in parts:
                target = Path(f"{copy}{end}")
                target.unlink(missing_ok=True)
                with contextlib.nullcontext() if needed else contextlib.suppress(FileNotFoundError):
                    shutil.copyfile(f"{self._file}{end}", target)
            if before == [_stamp(Path(f"{self._file}{end}")) for end, _ in parts]:
                return copy
        raise InvalidInputError(f"{self._path} is being written all the time.", hint=_STOP)

    def _check_unchanged(self) -> None:
        if self._stamp is not None and self._stamp != _stamp(self._file):
            raise InvalidInputError(
                f"{self._path} was changed while it was read; what was read may be mixed of before"
                " and after.",
                field="path",
                hint=_STOP,
            )

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        """Turn every failure to read into one kind of error."""
        try:
            yield
        except FileNotFoundError as error:
            raise InvalidInputError(f"There is no file {self._path}.", field="path") from error
        except OSError as error:
            raise InvalidInputError(
                f"{self._path} cannot be read ({error.strerror or error}).", field="path"
            ) from error
        except (apsw.Error, UnicodeDecodeError) as error:
            self._check_unchanged()
            what = "a text in it is not UTF-8" if isinstance(error, UnicodeDecodeError) else error
            raise InvalidInputError(
                f"{self._path} cannot be read ({what}); it was left untouched.",
                field="path",
                hint="It may be damaged, or encrypted by its program.",
            ) from error


def _name(name: str) -> str:
    """A table or column as SQL."""
    return '"' + name.replace('"', '""') + '"'


def _uri(path: Path) -> str:
    """A path as SQLite wants it; also one of a Windows share, which ``as_uri`` writes otherwise."""
    posix = path.absolute().as_posix()
    return "file://" + ("" if posix.startswith("/") else "/") + quote(os.fsencode(posix))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _stamp(path: Path) -> tuple[int, int]:
    """What changes when a file is written: its size in bytes and its time in nanoseconds."""
    try:
        state = path.stat()
    except FileNotFoundError:
        return (0, 0)
    return state.st_size, state.st_mtime_ns
