# SPDX-License-Identifier: AGPL-3.0-only
"""Proof that forgotten content is gone: a search for its bytes in every file that we own."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import apsw

from memoryoss_mcp.store import file
from memoryoss_mcp.store.connection import fetch_one
from memoryoss_mcp.store.types import ScannedFile

WINDOW: Final = 24
"""Bytes of a probe. SQLite splits long texts over pages, so pieces are searched, not the whole."""

PROBES_PER_CONTENT: Final = 12
SHORTEST: Final = 12
"""Texts below so many bytes occur in binary data by chance and prove nothing."""

_BLOCK: Final = 8 << 20


def probes(contents: Sequence[str]) -> tuple[bytes, ...]:
    """Pieces of the contents, spread evenly over each."""
    found: dict[bytes, None] = {}
    for content in contents:
        data = content.encode()
        if len(data) < SHORTEST:
            continue
        last = max(len(data) - WINDOW, 0)
        count = min(PROBES_PER_CONTENT, len(data) // WINDOW + 1)
        for index in range(count):
            start = last * index // max(count - 1, 1)
            found[data[start : start + WINDOW]] = None
    return tuple(found)


def erase(
    connection: apsw.Connection, path: Path, contents: Sequence[str]
) -> tuple[tuple[ScannedFile, ...], tuple[str, ...]]:
    """Empty the WAL, search all files, and, where bytes are left, rewrite or remove the file.

    Returns what was scanned (after the last step) and notes for the receipt.
    """
    wanted = probes(contents)
    notes: list[str] = []
    if contents and not wanted:
        notes.append("The content is too short to be searched for.")
    if not _truncate_wal(connection):
        notes.append("Another program is reading; its copy of the log goes when it is done.")
    traces = {piece for part in _parts(path) for piece in scan(part, wanted)[1]}
    if traces and (living := _living(connection, traces)) != traces:
        connection.execute("VACUUM")
        _truncate_wal(connection)
        notes.append("The file was rewritten to remove the last traces.")
        wanted = tuple(piece for piece in wanted if piece not in living)
    elif traces:
        wanted = tuple(piece for piece in wanted if piece not in traces)
        notes.append("Parts that other memories also say were not counted.")
    for copy in file.snapshots(path):
        if scan(copy, wanted)[1]:
            copy.unlink()
            notes.append(f"The snapshot {copy.name} held the content and was removed.")
    scanned = [scan(part, wanted)[0] for part in (*_parts(path), *file.snapshots(path))]
    return tuple(scanned), tuple(notes)


def scan(path: Path, wanted: Sequence[bytes]) -> tuple[ScannedFile, set[bytes]]:
    """Which of the byte strings occur in a file."""
    size, missing, carry = 0, list(wanted), b""
    with path.open("rb") as source:
        while block := source.read(_BLOCK):
            size += len(block)
            text = carry + block
            missing = [piece for piece in missing if piece not in text]
            carry = text[-WINDOW:]
    found = set(wanted) - set(missing)
    return ScannedFile(path, size, len(found)), found


def _parts(path: Path) -> list[Path]:
    return [part for part in (path, Path(f"{path}-wal")) if part.exists()]


def _truncate_wal(connection: apsw.Connection) -> bool:
    deadline = time.monotonic() + 5.0
    while True:
        try:
            busy, _, _ = fetch_one(connection, "PRAGMA wal_checkpoint(TRUNCATE)")
        except apsw.BusyError:
            busy = 1
        if not busy:
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)


def _living(connection: apsw.Connection, pieces: set[bytes]) -> set[bytes]:
    """Those that other, living memories also say: to find them proves nothing."""
    return {
        piece
        for piece in pieces
        if fetch_one(
            connection,
            "SELECT 1 FROM memory WHERE instr(CAST(content AS BLOB), ?) LIMIT 1",
            (piece,),
        )
    }
