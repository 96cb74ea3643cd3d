# SPDX-License-Identifier: AGPL-3.0-only
"""Statements that destroy data: SQL, and the like of document stores."""

from __future__ import annotations

import re
from typing import Final

_SQL_TEXT: Final = re.compile(r"'(?:[^']|'')*'|--[^\n]*|/\*.*?\*/", re.DOTALL)
_DROPS: Final = re.compile(
    r"\bdrop\s+(?:table|database|schema|user|role|collection|keyspace|materialized|view|tablespace"
    r"|column)\b|\btruncate\s+(?:table\s+)?[\w.\"`\[]+|\balter\s+table\b[^;]*\bdrop\b"
    r"|\.(?:dropDatabase|drop|deleteMany|remove)\(\s*(?:\{\s*\})?\s*\)|\bflush(?:all|db)\b",
    re.IGNORECASE,
)
_DELETES: Final = re.compile(r"\bdelete\s+from\s+[\w.\"`\[\]]+(?P<rest>[^;]*)", re.IGNORECASE)
_ALWAYS: Final = re.compile(r"\bwhere\s+(?:1\s*=\s*1|true|1)\s*$", re.IGNORECASE)
_SQL_START: Final = re.compile(
    r"\s*(?:drop|truncate|delete\s+from|alter|begin|with|insert|update|select|create|grant)\b",
    re.IGNORECASE,
)


def destroys_data(sql: str) -> bool:
    """Whether a text in SQL (or for a document store) drops tables or deletes without a
    condition."""
    plain = _SQL_TEXT.sub(" ", sql)
    if _DROPS.search(plain):
        return True
    return any(
        "where" not in match["rest"].lower() or _ALWAYS.search(match["rest"].strip())
        for match in _DELETES.finditer(plain)
    )


def is_sql(text: str) -> bool:
    """Whether a text begins as a statement in SQL does."""
    return _SQL_START.match(text) is not None
