# SPDX-License-Identifier: AGPL-3.0-only
"""Is the file's own description of its tables still the one that was written?

SQLite believes that description, and sqlite-vec believes it so far that a wrong letter in the name
of a column ends the program. What it should be depends on the dimension of the vectors, on the
release of sqlite-vec that made the index, and on the migrations that a file went through. So the
file keeps a digest of it, made anew in each transaction that changes the description.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, Final

import apsw

from memoryoss_mcp.store.connection import fetch_all

_NAME: Final = "schema"
"""The row of ``setting`` that holds the digest."""

# One statement, so that both come from one state of the file. Tables of statistics are SQLite's.
_READ: Final = f"""
SELECT type, name, tbl_name, sql, (SELECT value FROM setting WHERE name = '{_NAME}')
FROM sqlite_schema WHERE name NOT LIKE 'sqlite!_stat%' ESCAPE '!'
"""


def sign(connection: apsw.Connection) -> None:
    """Keep the digest of the present description. Runs inside the caller's transaction."""
    rows = fetch_all(connection, _READ)
    connection.execute("INSERT OR REPLACE INTO setting VALUES(?,?)", (_NAME, _digest(rows)))


def is_intact(connection: apsw.Connection) -> bool:
    """Whether the description is the one that was signed, or none ever was."""
    try:
        rows = fetch_all(connection, _READ)
    except apsw.SQLError:
        return False  # it does not know a name that every file has
    signed = rows[0][4] if rows else None
    return signed is None or signed == _digest(rows)


def _digest(rows: list[Any]) -> bytes:
    # Sorted, and without the pages where the tables begin: VACUUM changes both.
    described = sorted([row[0], row[1], row[2], row[3] or ""] for row in rows)
    return hashlib.blake2b(json.dumps(described).encode(), digest_size=16).digest()
