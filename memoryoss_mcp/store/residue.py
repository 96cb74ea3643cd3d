# SPDX-License-Identifier: AGPL-3.0-only
"""Erasing what was deleted: a search for its bytes in every file that we own, and a rewriting of
the file where any are left.

``secure_delete`` overwrites what is deleted, but not the copies that SQLite leaves in the gaps of
pages when it moves rows from one to another, and no delete reaches a snapshot. An erasure that
was not finished stays noted in the file, and the next one rewrites it; one that a kill interrupted
is taken up by the next server that starts.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

import apsw

from memoryoss_mcp.errors import StoreBusyError, StoreError, StoreFullError
from memoryoss_mcp.model import new_id, now
from memoryoss_mcp.store import drafts, file, past
from memoryoss_mcp.store.connection import (
    connect,
    fetch_all,
    fetch_one,
    translated,
    write_transaction,
)
from memoryoss_mcp.store.scanner import Pieces, batches, pieces, scan
from memoryoss_mcp.store.types import ScannedFile

_BLOCK: Final = 1 << 20
_PATIENCE_S: Final = 2.0
"""How long to wait for programs that read the log or write."""

_MEMORY_BYTES: Final = 64 << 20
"""Files up to this size are rewritten in memory, larger ones by a temporary file."""

_NO_BYTES: Final = (None, 0, 1)
"""Values that take no room in a record: their type says everything."""

KEPT: Final = ("salvaged", "replaced")
"""Copies beside the file that belong to its owner, by the word in their names."""

_NOTE: Final = "erasure:"
_UNDER_WAY_NS: Final = 60_000_000_000
"""An erasure whose note is younger may be at work in another program."""


@dataclass(frozen=True, slots=True)
class Gone:
    """What a deletion took away: ``values`` are the bytes that the rows held. ``unsearchable`` says
    that there is more that cannot be searched for: earlier wordings, which nobody knows any more,
    or contents of less than four bytes. ``note`` names the erasure. ``sealed`` says that the
    namespace is kept sealed now: copies that have it in clear have to go."""

    namespace: str
    ids: tuple[UUID, ...]
    values: tuple[bytes, ...]
    unsearchable: bool
    note: str
    sealed: bool = False


@dataclass(frozen=True, slots=True)
class Erasure:
    """Which files were searched, what else was done, and whether nothing is left anywhere."""

    scanned: tuple[ScannedFile, ...]
    notes: tuple[str, ...]
    clean: bool


def values(connection: apsw.Connection, numbers: Sequence[int]) -> list[bytes]:
    """Everything that the rows of memories say: texts, tags, labels, words, hash and vector."""
    found: list[str | bytes | None] = []
    for number in numbers:
        for sql in (
            "SELECT content, tags, agent, session, client, source_key, content_hash,"
            " review_events, team_governance, sealed FROM memory WHERE number = ?",
            "SELECT tag FROM tag WHERE number = ?",
            "SELECT data FROM vector WHERE number = ?",
        ):
            for row in fetch_all(connection, sql, (number,)):
                found += row
        for (record,) in fetch_all(
            connection, "SELECT record FROM past WHERE number = ?", (number,)
        ):
            found += past.texts(record)
        for (terms,) in fetch_all(
            connection, "SELECT terms FROM lexical WHERE number = ?", (number,)
        ):
            found += (terms, *terms.split()) if isinstance(terms, str) else (terms,)
    plain = [value.encode() if isinstance(value, str) else value for value in found if value]
    return [value for value in plain if value is not None]


def note(connection: apsw.Connection) -> str:
    """Note, in the transaction that deletes, that an erasure has to follow. Returns its name."""
    name = f"{_NOTE}{new_id()}"
    connection.execute("INSERT INTO setting VALUES(?,?)", (name, now()))
    return name


def unfinished(connection: apsw.Connection) -> list[str]:
    """The notes of erasures that were given up or interrupted."""
    found = fetch_all(
        connection,
        "SELECT name FROM setting WHERE name GLOB ? AND value < ?",
        (f"{_NOTE}*", now() - _UNDER_WAY_NS),
    )
    return [name for (name,) in found]


def finish(path: Path) -> Erasure | None:
    """Take up the erasures that a kill interrupted. ``None`` when there are none: those that were
    given up, for a reason that their receipts told, wait for the next forget or repair."""
    with contextlib.closing(connect(path)) as connection, translated(path):
        interrupted = fetch_one(
            connection,
            "SELECT EXISTS (SELECT 1 FROM setting WHERE name GLOB ? AND value BETWEEN 1 AND ?)",
            (f"{_NOTE}*", now() - _UNDER_WAY_NS),
        )[0]
    return erase(path, None) if interrupted else None


def erase(path: Path, gone: Gone | None) -> Erasure:
    """Empty the log, search all files, rewrite the file where that is due, and remove snapshots
    that hold what was forgotten. ``None`` only finishes earlier erasures.

    The deletion is durable already. Whatever fails here does not undo it and is told in the notes.
    """
    work = _Work(path, gone)
    try:
        with contextlib.closing(connect(path)) as connection, translated(path):
            connection.set_busy_timeout(200)
            work.run(connection)
    except (StoreError, OSError) as error:
        work.notes.append(f"The memories are deleted, but not all that follows was done: {error}")
    return Erasure(tuple(work.scanned), tuple(work.notes), work.clean)


class _Work:
    def __init__(self, path: Path, gone: Gone | None) -> None:
        self.path = path
        self.gone = gone
        self.scanned: list[ScannedFile] = []
        self.notes: list[str] = []
        self.clean = False

    def run(self, connection: apsw.Connection) -> None:
        gone = self.gone
        wanted, all_of_it = pieces(gone.values if gone else ())
        earlier = unfinished(connection)
        due = bool(earlier) or not all_of_it or (gone is not None and gone.unsearchable)
        clean = self._clean_file(connection, wanted, due)
        clean &= self._clean_snapshots(connection, wanted.long)  # copies have no gaps either
        clean &= self._look_at_kept(wanted.long)
        clean &= self._look_at_unfinished(connection, wanted.long)
        self.clean = clean
        names = [*earlier, gone.note] if gone else earlier
        with write_transaction(connection):
            for name in names:
                if clean:
                    connection.execute("DELETE FROM setting WHERE name = ?", (name,))
                else:
                    connection.execute("UPDATE setting SET value = 0 WHERE name = ?", (name,))
        if clean:
            _empty_log(connection)

    def _clean_file(self, connection: apsw.Connection, wanted: Pieces, due: bool) -> bool:
        """Search the file and its log, and rewrite it if that is due or traces are left that no
        living memory explains."""
        emptied = _empty_log(connection)
        if not emptied:
            self.notes.append(
                "Another program is reading the state before. What it reads goes with the next "
                "forget after it is done, or with 'memoryoss doctor --repair'."
            )
        if not due and not self._search(connection, wanted):
            return True
        if not emptied or not self._rewrite(connection):
            return not self._search(connection, wanted) and not due
        # A file made of rows has no gaps. Short pieces can still be formed by what lies between
        # the values (an "l" for a length and "ate" are no "late").
        return not self._search(connection, wanted.long)

    def _rewrite(self, connection: apsw.Connection) -> bool:
        try:
            with translated(self.path):
                _vacuum(connection, self.path)
        except StoreError as error:
            reason = {
                StoreFullError: "no space is left on the disk",
                StoreBusyError: "another program is writing",
            }.get(type(error), error.message)
            self.notes.append(f"Traces may be left: the file could not be rewritten ({reason}).")
            _empty_log(connection)
            return False
        if not _empty_log(connection):
            self.notes.append("The file was rewritten, but another program reads the old state.")
            return False
        self.notes.append("The file was rewritten to remove the last traces.")
        return True

    def _search(self, connection: apsw.Connection, wanted: Pieces) -> bool:
        """Search the file and its log. Whether anything is left that no living memory explains."""
        log = Path(f"{self.path}-wal")
        # The log first: what moves from it into the file meanwhile is found there.
        parts = [(part, *_scan(part, wanted)) for part in (log, self.path) if part.exists()]
        everything = Pieces({})
        for _, _, found in parts:
            everything |= found
        left = everything - _living(connection, everything)
        living = everything - left
        self.scanned = [ScannedFile(part, size, len(f - living)) for part, size, f in parts[::-1]]
        return len(left) > 0

    def _clean_snapshots(self, connection: apsw.Connection, wanted: Pieces) -> bool:
        """Remove the snapshots that hold a memory forgotten since they were taken, in whatever
        words, or any bytes of it."""
        clean = True
        for copy in file.snapshots(self.path):
            try:
                with translated(copy):
                    size, found = _scan(copy, wanted)
                    with contextlib.closing(connect(copy, read_only=True)) as kept:
                        left = found - _living(kept, found)
                        held = _forgotten_since(connection, kept) or self._has_in_clear(kept)
                if left or held:
                    copy.unlink()
                    self.notes.append(
                        f"The snapshot {copy.name} held what was {self._done} and was removed."
                    )
                else:
                    self.scanned.append(ScannedFile(copy, size, 0))
            except (StoreError, OSError) as error:
                clean = False
                self.notes.append(f"The snapshot {copy.name} may hold it; delete it. {error}")
        return clean

    def _look_at_kept(self, wanted: Pieces) -> bool:
        """Copies that the doctor salvaged, and files that a restored backup replaced, wait for
        their owner and are not removed, only named."""
        clean = True
        for kind in KEPT:
            for copy in sorted(self.path.parent.glob(f"{self.path.stem}-{kind}-*.db")):
                try:
                    held = self._holds(copy, wanted)
                except (StoreError, OSError) as error:
                    clean = False
                    self.notes.append(f"The {kind} copy {copy.name} may hold it: {error}")
                    continue
                if held:
                    clean = False
                    self.notes.append(
                        f"The {kind} copy {copy.name} holds it too; delete that copy."
                    )
        return clean

    def _holds(self, copy: Path, wanted: Pieces) -> bool:
        """Whether a copy has what is forgotten, as a memory or as bytes that nothing explains."""
        with translated(copy):
            size, found = _scan(copy, wanted)
            with contextlib.closing(connect(copy, read_only=True)) as kept:
                held = self._has_in_clear(kept) or (
                    self.gone is not None
                    and any(_has(kept, self.gone.namespace, key.bytes) for key in self.gone.ids)
                )
                left = found if held else found - _living(kept, found)
        self.scanned.append(ScannedFile(copy, size, len(left)))
        return held or len(left) > 0

    @property
    def _done(self) -> str:
        return "sealed" if self.gone is not None and self.gone.sealed else "forgotten"

    def _has_in_clear(self, copy: apsw.Connection) -> bool:
        """Whether a copy has in clear what is sealed now."""
        if self.gone is None or not self.gone.sealed:
            return False
        found: int = fetch_one(
            copy,
            "SELECT EXISTS (SELECT 1 FROM memory m JOIN namespace n ON n.ns = m.ns"
            " WHERE n.name = ? AND m.content <> '')",
            (self.gone.namespace,),
        )[0]
        return bool(found)

    def _look_at_unfinished(self, connection: apsw.Connection, wanted: Pieces) -> bool:
        """Copies under way, or left by a program that was killed, are not ours to remove here
        before they count as abandoned."""
        clean = True
        for copy in drafts.sweep(self.path):
            with contextlib.suppress(apsw.CantOpenError):  # finished or discarded meanwhile
                size, found = _scan(copy, wanted)
                left = found - _living(connection, found)
                self.scanned.append(ScannedFile(copy, size, len(left)))
                if left:
                    clean = False
                    self.notes.append(f"{copy.name} holds it too, a copy that is not finished.")
        return clean


def _scan(path: Path, wanted: Pieces) -> tuple[int, Pieces]:
    """Size of a file, and which of the pieces it holds."""
    # Read through SQLite: on POSIX, to close a file that SQLite has open in the same process would
    # cancel SQLite's locks on it. SQLite itself keeps such a file open until its locks are gone.
    source = apsw.VFSFile("", str(path), [apsw.SQLITE_OPEN_MAIN_DB | apsw.SQLITE_OPEN_READONLY, 0])
    try:
        size = source.xFileSize()
        return size, scan(_blocks(source, size), wanted)
    finally:
        source.xClose()


def _blocks(source: apsw.VFSFile, size: int) -> Iterator[bytes]:
    for offset in range(0, size, _BLOCK):
        yield source.xRead(min(_BLOCK, size - offset), offset)


def _living(connection: apsw.Connection, wanted: Pieces) -> Pieces:
    """Those of the pieces that the rows in the file have: to find them proves nothing."""
    return scan(batches(_row_values(connection), _BLOCK), wanted) if wanted else wanted


def _row_values(connection: apsw.Connection) -> Iterator[bytes]:
    """The texts and blobs of all rows; in one piece where they touch in the file."""
    tables = fetch_all(
        connection,
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'"
        # Most words are in these; the search ends when all are found.
        " ORDER BY name NOT IN ('memory', 'lexical', 'posting'), name",
    )
    for (name,) in (*tables, ("sqlite_schema",)):
        for row in connection.execute(f'SELECT * FROM "{name}"'):
            touching = []
            for value in row:
                if isinstance(value, str):
                    touching.append(value.encode())
                elif isinstance(value, bytes):
                    touching.append(value)
                elif touching and value not in _NO_BYTES:
                    yield b"".join(touching)
                    touching.clear()
            if touching:
                yield b"".join(touching)


def _forgotten_since(connection: apsw.Connection, copy: apsw.Connection) -> bool:
    """Whether a copy holds a memory that was forgotten after it was taken."""
    last = fetch_one(copy, "SELECT ifnull(max(entry), 0) FROM ledger")[0]
    return any(
        _has(copy, namespace, key)
        for namespace, key in connection.execute(
            "SELECT namespace, memory FROM ledger WHERE entry > ? AND action = 'forget'", (last,)
        )
    )


def _has(connection: apsw.Connection, namespace: str, key: bytes) -> bool:
    return (
        fetch_one(
            connection,
            "SELECT 1 FROM memory m JOIN namespace n ON n.ns = m.ns WHERE n.name = ? AND m.id = ?",
            (namespace, key),
        )
        is not None
    )


def _empty_log(connection: apsw.Connection) -> bool:
    """Move the log into the file and cut it to nothing. Whether nobody kept us from it."""
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        try:
            busy, _, _ = fetch_one(connection, "PRAGMA wal_checkpoint(TRUNCATE)")
        except (apsw.BusyError, apsw.LockedError):
            busy = 1
        if not busy:
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)


def _vacuum(connection: apsw.Connection, path: Path) -> None:
    if path.stat().st_size > _MEMORY_BYTES:
        connection.execute("PRAGMA temp_store = FILE")
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        try:
            connection.execute("VACUUM")
            return
        except (apsw.BusyError, apsw.LockedError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
