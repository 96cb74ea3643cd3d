# SPDX-License-Identifier: AGPL-3.0-only
"""The points of a local Qdrant collection, each a pickled object in an SQLite table.

Pickles can run code when they are read as they are meant to. Here they are read without it: every
class and function that one names is replaced by an inert stand-in, so that only the plain values
inside are made.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from memoryoss_mcp.store.foreign import ForeignFile, has_tables

FILE: Final = "storage.sqlite"
_TABLE: Final = "points"
_COLUMNS: Final = ("id", "point")
_DAMAGED: Final = (
    *(pickle.UnpicklingError, ArithmeticError, AttributeError, EOFError, ImportError),
    *(LookupError, MemoryError, RecursionError, TypeError, ValueError),
)
"""What reading a pickle that is none can raise."""


def collections(folder: Path) -> list[Path]:
    """The files of the collections in a folder: that of Qdrant, one above it, or one of them."""
    found = [folder / FILE, *folder.glob(f"collection/*/{FILE}")]
    found += folder.glob(f"*/collection/*/{FILE}")
    return sorted(file for file in found if is_collection(file))


def is_collection(file: Path) -> bool:
    """Whether a file holds the points of a collection."""
    return has_tables(file, {_TABLE: _COLUMNS})


def count_points(file: Path) -> int:
    """How many points :func:`points` gives. Raises like it."""
    with ForeignFile(file) as database:
        database.require(_TABLE, _COLUMNS)
        return database.count(_TABLE)


def points(file: Path) -> Iterator[tuple[str, dict[str, Any]] | None]:
    """The id and the payload of each point, the newest first; ``None`` for one that cannot be read.
    A point may come again in a state that it had before.

    Raises:
        InvalidInputError: the file cannot be read or is not a collection.
    """
    with ForeignFile(file) as database:
        database.require(_TABLE, _COLUMNS)
        for row in database.rows(_TABLE, _COLUMNS, newest_first=True):
            yield _point(row["point"])


def _point(pickled: object) -> tuple[str, dict[str, Any]] | None:
    if not isinstance(pickled, bytes):
        return None
    try:
        point = _Unpickler(io.BytesIO(pickled)).load()
    except _DAMAGED:
        return None
    fields = point.fields if isinstance(point, _Inert) else None
    if not isinstance(fields, dict) or not isinstance(fields.get("payload"), dict):
        return None
    return str(fields.get("id")), fields["payload"]


class _Inert:
    """Stands for every object of a pickle: keeps the state that it is given, and does nothing."""

    def __init__(self, *_: object, **__: object) -> None:
        self.fields: object = None

    def __new__(cls, *_: object, **__: object) -> _Inert:
        return super().__new__(cls)

    def __call__(self, *_: object, **__: object) -> _Inert:
        return self

    def __setstate__(self, state: object) -> None:
        if isinstance(state, tuple):  # what is in __dict__, and what is in slots
            state = state[0]
        self.fields = state.get("__dict__", state) if isinstance(state, dict) else state


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> type[_Inert]:
        del module, name
        return _Inert
