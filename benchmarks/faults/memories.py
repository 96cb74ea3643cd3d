# SPDX-License-Identifier: AGPL-3.0-only
"""Memories whose content follows from id and version, and two ways to keep them: the bare store
with a cheap made-up vector (quick enough for a thousand cycles) and the whole runtime."""

from __future__ import annotations

import hashlib
import random
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol
from uuid import UUID

from benchmarks.scratch import scratch_config
from memoryoss_mcp.maintenance import examine as examine_configured
from memoryoss_mcp.model import Change, Draft, Memory
from memoryoss_mcp.recall.query import RecallQuery
from memoryoss_mcp.runtime import Runtime
from memoryoss_mcp.store import doctor, residue, vectors
from memoryoss_mcp.store.changes import Entry, draft_memory
from memoryoss_mcp.store.search import Probe
from memoryoss_mcp.store.store import Store
from memoryoss_mcp.store.types import DoctorReport, Filters, ForgetRequest, ListQuery

FILE: Final = "memoryoss.db"
DIMENSION: Final = 64
MODEL: Final = ("made-up", "1", DIMENSION)
PAGE: Final = 100

_WORDS: Final = (
    *("amber", "basin", "cedar", "delta", "ember", "fjord", "grove", "harbor", "island", "kernel"),
    *("lagoon", "meadow", "nectar", "orchard", "pebble", "quarry", "ridge", "summit", "timber"),
    *("deploys", "replaced", "keeps", "needs", "reads", "writes", "never", "always", "release"),
)


def identifier(key: UUID) -> str:
    """The word by which a memory can be asked for."""
    return f"key-{key.hex[-12:]}"


def text(key: UUID, version: int) -> str:
    """The content of a version of a memory: about 25 words, now and then several pages long."""
    choose = random.Random(f"{key}:{version}")
    count = choose.choice((8, 15, 25, 40, 1_500 if choose.random() < 0.1 else 25))
    words = " ".join(choose.choices(_WORDS, k=count))
    return f"The {identifier(key)} {words} in revision {version}."


def vector(content: str) -> bytes | None:
    """A made-up vector as the store keeps it; every fourth memory has none."""
    data = hashlib.shake_128(content.encode()).digest(DIMENSION + 1)
    if data[-1] % 4 == 0:
        return None
    return struct.pack("<f", 0.01) + data[:DIMENSION]


def analyse(memory: Memory) -> list[str]:
    """Terms: the words of the content, then the tags."""
    return [*memory.content.split(), *memory.tags]


def draft(namespace: str, key: UUID, version: int = 1) -> Draft:
    """The memory of an id."""
    return Draft(text(key, version), namespace, tags=(f"t{key.int % 5}",), id=key)


def entry(namespace: str, key: UUID) -> Entry:
    """The memory of an id, ready for the bare store."""
    memory = draft_memory(draft(namespace, key))
    return Entry(memory, tuple(analyse(memory)), vector(memory.content))


def open_store(path: Path) -> Store:
    """A bare store over made-up vectors; the caller closes it."""
    return Store(path, model=MODEL, analyse=analyse, subject="faults")


def unsound(report: DoctorReport) -> list[str]:
    """What the doctor finds wrong."""
    return [f"{f.check}: {f.message}" for f in report.findings if f.level != "ok"]


class Keeper(Protocol):
    """What the lane does to a file, whichever way it is opened."""

    def insert(self, namespace: str, keys: Sequence[UUID]) -> None: ...
    def update(self, namespace: str, key: UUID, version: int) -> int: ...
    def forget(self, namespace: str, keys: Sequence[UUID]) -> int: ...
    def fill(self) -> None: ...
    def memories(self, namespace: str) -> dict[UUID, Memory]: ...
    def finds(self, namespace: str, key: UUID) -> bool: ...
    def ledger_entries(self) -> int: ...
    def unsound(self) -> list[str]:
        """What the doctor finds wrong, once interrupted erasures are taken up as the next server
        that starts does it."""
        ...

    def close(self) -> None: ...


class StoreKeeper:
    """The bare store."""

    def __init__(self, folder: Path) -> None:
        self.store = open_store(folder / FILE)

    def insert(self, namespace: str, keys: Sequence[UUID]) -> None:
        self.store.insert([entry(namespace, key) for key in keys])

    def update(self, namespace: str, key: UUID, version: int) -> int:
        content = text(key, version)
        return self.store.update(Change(key, namespace, content), vector(content)).version

    def forget(self, namespace: str, keys: Sequence[UUID]) -> int:
        return len(self.store.forget(ForgetRequest(namespace, ids=tuple(keys))).deleted)

    def fill(self) -> None:
        """Give a few memories the vector that they lack."""
        self.store.fill_vectors(
            [
                (number, memory.content_hash or "", struct.pack("<f", 0.01) + b"\x05" * DIMENSION)
                for number, memory in self.store.pending(3)
            ]
        )

    def memories(self, namespace: str) -> dict[UUID, Memory]:
        page = self.store.page(ListQuery(namespace, 100_000))
        return {memory.id: memory for memory in page.memories}

    def finds(self, namespace: str, key: UUID) -> bool:
        """Search by the name of a memory, and by a vector if it has one."""
        encoded = vector(self.store.get(namespace, key).content)
        probe = Probe(
            terms=(identifier(key),),
            vector=vectors.decode([encoded], DIMENSION)[0] if encoded else None,
            model=self.store.model.key,
            filters=Filters(),
            vector_depth=50,
            refined_depth=20,
            lexical_depth=50,
            k1=1.2,
            b=0.3,
        )
        found = self.store.candidates(namespace, probe)
        if found is None:
            return False
        read = self.store.read([int(number) for number in found.numbers])
        return any(memory.id == key for memory in read.values())

    def ledger_entries(self) -> int:
        return self.store.status().ledger_entries

    def unsound(self) -> list[str]:
        self.store.finish_erasures()
        return unsound(doctor.examine(self.store.path, MODEL, analyse))

    def close(self) -> None:
        self.store.close()


class RuntimeKeeper:
    """The whole runtime with the default embedding model."""

    def __init__(self, folder: Path) -> None:
        self.runtime = Runtime.open(scratch_config(folder), client="faults")

    def insert(self, namespace: str, keys: Sequence[UUID]) -> None:
        if len(keys) == 1:
            self.runtime.store(draft(namespace, keys[0]))
        else:
            self.runtime.store_many([draft(namespace, key) for key in keys])

    def update(self, namespace: str, key: UUID, version: int) -> int:
        return self.runtime.update(Change(key, namespace, text(key, version))).version

    def forget(self, namespace: str, keys: Sequence[UUID]) -> int:
        return len(self.runtime.forget(ForgetRequest(namespace, ids=tuple(keys))).deleted)

    def fill(self) -> None:
        """The runtime embeds what it stores; nothing is left to be filled in."""

    def memories(self, namespace: str) -> dict[UUID, Memory]:
        found: dict[UUID, Memory] = {}
        cursor: str | None = None
        while True:
            page = self.runtime.list(ListQuery(namespace, PAGE, cursor))
            found |= {memory.id: memory for memory in page.memories}
            cursor = page.next_cursor
            if cursor is None:
                return found

    def finds(self, namespace: str, key: UUID) -> bool:
        answer = self.runtime.recall(RecallQuery(identifier(key), namespace))
        return any(result.memory.id == key for result in answer.memories)

    def ledger_entries(self) -> int:
        return self.runtime.status().ledger_entries

    def unsound(self) -> list[str]:
        residue.finish(self.runtime.config.store_path)
        return unsound(examine_configured(self.runtime.config))

    def close(self) -> None:
        self.runtime.close()


KEEPERS: Final[dict[str, type[StoreKeeper] | type[RuntimeKeeper]]] = {
    "store": StoreKeeper,
    "runtime": RuntimeKeeper,
}
