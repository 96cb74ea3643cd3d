# SPDX-License-Identifier: AGPL-3.0-only
"""Ways to make and look at stores without an embedding model: words are terms, vectors random."""

from __future__ import annotations

import contextlib
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import apsw
import numpy as np
from numpy.typing import NDArray

from memoryoss_mcp.model import Draft, Memory
from memoryoss_mcp.store import changes, doctor, vectors
from memoryoss_mcp.store.changes import Entry, draft_memory
from memoryoss_mcp.store.connection import connect, write_transaction
from memoryoss_mcp.store.search import Probe
from memoryoss_mcp.store.store import Store
from memoryoss_mcp.store.types import Filters

DIMENSION = 64
MODEL = ("random", "1", DIMENSION)
K1, B = 1.2, 0.3


def analyse(memory: Memory) -> list[str]:
    """Terms: the words of the content, then those of the tags."""
    return " ".join((memory.content, *memory.tags)).split()


def open_store(path: Path, **more: Any) -> Store:
    """A store over random vectors; the caller closes it."""
    return Store(path, **{"model": MODEL, "analyse": analyse, "subject": "tests"} | more)


@contextlib.contextmanager
def opened(path: Path, **more: Any) -> Iterator[Store]:
    """A store over random vectors, closed at the end of the block."""
    with contextlib.closing(open_store(path, **more)) as store:
        yield store


def unit(seed: int, dimension: int = DIMENSION) -> NDArray[np.float32]:
    """A random unit vector."""
    vector = np.random.default_rng(seed).standard_normal(dimension).astype(np.float32)
    return vector / np.float32(np.linalg.norm(vector))


def encoded(seed: int | None, dimension: int = DIMENSION) -> bytes | None:
    """A random vector as the store keeps it; no seed, no vector."""
    return None if seed is None else vectors.encode(unit(seed, dimension)[None])[0]


def entry(content: str, namespace: str = "default", *, seed: int | None = 0, **more: Any) -> Entry:
    """A memory ready to be written."""
    beyond = {name: more.pop(name) for name in ("archived",) if name in more}
    memory = replace(draft_memory(Draft(content, namespace, **more)), **beyond)
    return Entry(memory, tuple(analyse(memory)), encoded(seed))


def probe(
    terms: Sequence[str] = (),
    *,
    seed: int | None = None,
    filters: Filters | None = None,
    depth: int = 1_000,
    model: int = 1,
) -> Probe:
    """A search deep enough to return everything that either channel finds."""
    vector = None if seed is None else unit(seed)
    return Probe(
        terms=tuple(terms),
        vector=vector,
        model=model,
        filters=filters or Filters(),
        vector_depth=depth,
        refined_depth=depth,
        lexical_depth=depth,
        k1=K1,
        b=B,
    )


@contextlib.contextmanager
def raw(path: Path) -> Iterator[apsw.Connection]:
    """A connection beside the store, as another program would have one."""
    with contextlib.closing(connect(path)) as connection:
        yield connection


def pack(path: Path, limit: int = 1) -> int:
    """Pack every tail of at least ``limit`` memories."""
    with raw(path) as connection, write_transaction(connection):
        return changes.pack_tails(connection, limit)


def unsound(path: Path, model: tuple[str, str, int] = MODEL, **more: Any) -> list[str]:
    """What the doctor finds wrong."""
    report = doctor.examine(path, model, analyse, **more)
    return [f"{f.check}: {f.message}" for f in report.findings if f.level != "ok"]


def data_files(folder: Path) -> list[Path]:
    """Every file below a folder."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


def environment(*folders: Path) -> dict[str, str]:
    """The environment of a child process that imports from these folders and speaks UTF-8."""
    return os.environ | {
        "PYTHONPATH": os.pathsep.join(map(str, folders)),
        "PYTHONIOENCODING": "utf-8",
        "PYTHONUNBUFFERED": "1",
    }


_DUMP = """
import pickle, sys
from pathlib import Path

files = [path for path in Path(sys.argv[1]).rglob("*") if path.is_file()]
pickle.dump({path.name: path.read_bytes() for path in files}, sys.stdout.buffer)
"""


def bytes_of_files(folder: Path) -> dict[str, bytes]:
    """What every file below a folder holds, read by another process: to close a file that SQLite
    has open in this one would cancel SQLite's locks on it."""
    dump = subprocess.run(
        [sys.executable, "-c", _DUMP, str(folder)], check=True, capture_output=True
    )
    files: dict[str, bytes] = pickle.loads(dump.stdout)
    return files
