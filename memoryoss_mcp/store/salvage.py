# SPDX-License-Identifier: AGPL-3.0-only
"""Saving what can be read of a damaged file into a new one beside it."""

from __future__ import annotations

import contextlib
import itertools
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import apsw

from memoryoss_mcp.errors import ConflictError, MemoryOSSError, StoreDamagedError
from memoryoss_mcp.model import Memory, now
from memoryoss_mcp.store import changes, drafts, file, vectors
from memoryoss_mcp.store.changes import Analyse
from memoryoss_mcp.store.connection import (
    connect,
    connect_damaged,
    fetch_one,
    translated,
    write_transaction,
)
from memoryoss_mcp.store.schema import SLOT_BITS
from memoryoss_mcp.store.sealing import Keys
from memoryoss_mcp.store.types import Finding, Progress
from memoryoss_mcp.store.wreck import Wreck

_BATCH: Final = 500


def salvage(
    path: Path,
    model: tuple[str, str, int],
    analyse: Analyse,
    progress: Progress,
    keys: Keys | None = None,
) -> Finding:
    """Copy every memory that can still be read into a new file, which gets its name when it is
    done. The damaged file is never changed. What was sealed, and ``keys`` open, is sealed there
    too."""
    stamp = f"{time.strftime('%Y%m%dT%H%M%S')}-{os.getpid()}"
    target = path.with_name(f"{path.stem}-salvaged-{stamp}{path.suffix}")
    draft = drafts.beside(target)
    saved = twice = 0
    try:
        with contextlib.closing(connect_damaged(path, keys)) as source, translated(path):
            wreck = Wreck(source)
            found = wreck.memories()
            file.create(draft, model)
            with contextlib.closing(connect(draft, keys=keys)) as copy, translated(target):
                while batch := list(itertools.islice(found, _BATCH)):
                    kept = _copy(wreck, copy, batch, analyse)
                    saved, twice = saved + kept, twice + len(batch) - kept
                    progress("salvaging", saved, saved)
                lost = _copy_tables(source, copy)
        if saved == 0:
            raise StoreDamagedError(f"No memory of {path.name} can be read.")
        drafts.place(draft, target)
    except (MemoryOSSError, OSError) as error:
        return Finding("salvage", "error", f"Nothing could be salvaged. {error}")
    finally:
        drafts.discard(draft)
    told = _told(path, target, wreck, saved, twice)
    if lost:
        told.insert(1, f"Not all of this could be read: {', '.join(lost)}.")
    return Finding("salvage", "warning", " ".join(told))


def _copy(
    wreck: Wreck, copy: apsw.Connection, batch: Sequence[tuple[int, Memory]], analyse: Analyse
) -> int:
    """Insert a batch. Returns how many were new."""
    kept = 0
    with write_transaction(copy):
        model = vectors.current_model(copy)
        if model is None:
            raise StoreDamagedError("The new file names no embedding model.")
        for number, memory in batch:
            vector = wreck.vector(number, memory, model)
            entry = changes.Entry(memory, tuple(analyse(memory)), vector)
            _keep_sealed(wreck, copy, number >> SLOT_BITS, memory.namespace)
            try:
                changes.insert(copy, model, [entry], "salvage")
            except ConflictError:
                continue  # damage shows one memory in two places
            kept += 1
    return kept


def _copy_tables(source: apsw.Connection, copy: apsw.Connection) -> list[str]:
    """Copy what stands beside the memories: certificates, and who is trusted. A lost revocation
    would be trust in somebody whom nobody trusts any more. Returns what could not be read."""
    lost: list[str] = []
    (version,) = fetch_one(source, "PRAGMA user_version")
    for table, (name, since) in _BESIDE.items():
        if 0 < version < since:
            continue
        try:
            with write_transaction(copy):
                for row in source.execute(f"SELECT * FROM {table}"):
                    marks = ",".join("?" * len(row))
                    copy.execute(f"INSERT OR IGNORE INTO {table} VALUES({marks})", row)
        except apsw.Error:
            if name not in lost:
                lost.append(name)
    return lost


_BESIDE: Final = {
    "certificate": ("certificates of deletions", 3),
    "identity": ("the registry of who signs", 4),
    "revocation": ("the registry of who signs", 4),
    "restoration": ("the registry of who signs", 4),
    "pin": ("the registry of who signs", 4),
    "catalog": ("the registry of who signs", 4),
    "issued": ("the registry of who signs", 4),
}
"""Tables that are copied as they are, what people call them, and since which schema there are."""


def _keep_sealed(wreck: Wreck, copy: apsw.Connection, ns: int, name: str) -> None:
    """Make a namespace that was sealed a sealed one in the copy, before anything is in it."""
    if changes.namespace_key(copy, name) is not None:
        return
    found = wreck.keys(ns)
    if not found:
        return
    newest = max(found, key=lambda row: row[2])
    copy.execute(
        "INSERT INTO namespace(name, created_at, key) VALUES(?,?,?)", (name, now(), newest[0])
    )
    made = changes.namespace_key(copy, name)
    copy.executemany(
        f"INSERT INTO data_key VALUES({','.join('?' * len(newest))})",
        [(row[0], made, *row[2:]) for row in found],
    )


def _told(path: Path, target: Path, wreck: Wreck, saved: int, twice: int) -> list[str]:
    lost = wreck.missing + twice
    told = [f"{saved} memories were salvaged into {target.name}, {lost} could not be read."]
    if wreck.unlinked:
        told.append(f"Of {wreck.unlinked} of them the links to others could not be read.")
    if wreck.locked:
        told.append("Some of those are sealed, and their keys cannot be had.")
    if wreck.renamed:
        names = ", ".join(wreck.renamed.values())
        told.append(f"Names of namespaces were lost; their memories are now in: {names}.")
    told.append(
        f"{path.name} was left untouched. To use the copy, move {path.name} away, together with"
        f" {path.name}-wal and {path.name}-shm if they are there, and give the copy its name."
    )
    return told
