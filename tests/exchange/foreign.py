# SPDX-License-Identifier: AGPL-3.0-only
"""What every reader of another program's memory has to keep, and the files that peers wrote."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from memoryoss_mcp.exchange.record import Found, Skipped, Source

PEERS = Path(__file__).parent / "peers"


def read(source: Source, path: Path) -> tuple[list[Found], list[Skipped]]:
    """What a source finds and skips, after the promises of the protocol are checked: the count is
    right, keys are apart, a second run gives the same, no file changes."""
    before = _bytes(path)
    records = list(source.read(path))
    assert source.recognises(path)
    assert source.count(path) == len(records)
    assert list(source.read(path)) == records
    assert _bytes(path) == before
    found = [record for record in records if isinstance(record, Found)]
    assert len({record.key for record in found}) == len(found)
    assert all(record.content.strip() for record in found)
    return found, [record for record in records if isinstance(record, Skipped)]


@contextlib.contextmanager
def changing(path: Path) -> Iterator[sqlite3.Connection]:
    """The file of a peer, opened to be changed; nothing waits in a log afterwards."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = DELETE")
        yield connection
    finally:
        connection.close()


def _bytes(path: Path) -> dict[Path, bytes]:
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return {file: file.read_bytes() for file in files}
