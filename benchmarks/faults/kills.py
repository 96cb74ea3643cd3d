# SPDX-License-Identifier: AGPL-3.0-only
"""The kill -9 matrix: a child writes, the parent kills it, the file is examined; again and again.

A kill falls at a random moment, right after the n-th acknowledgement, or (exactly, in the child
itself) before, inside or after the k-th change of a file. What was acknowledged must be there, and
what was under way must be there whole or not at all.
"""

from __future__ import annotations

import random
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from unittest import mock
from uuid import UUID

from benchmarks.faults.dying import MOMENTS
from benchmarks.faults.memories import FILE, KEEPERS, MODEL, Keeper, StoreKeeper, analyse, text
from benchmarks.faults.memories import unsound as wrong
from benchmarks.faults.process import Child
from benchmarks.faults.writing import FIRST, STEPS, space
from memoryoss_mcp.errors import MemoryOSSError
from memoryoss_mcp.model import new_id
from memoryoss_mcp.store import doctor, file, schema
from memoryoss_mcp.store.connection import connect, fetch_one

CREATION: Final = 60
MIGRATION: Final = 120
WRITING: Final = 1_000
"""Changes of files, about: to make a file, to migrate one, to store or update 25 times."""

THREADS: Final = 3
CYCLES_PER_FILE: Final = 25
AFTERWARDS: Final = "afterwards"
"""Where the new write after each kill goes."""

Versions = dict[UUID, int]
Report = Callable[[str], None]


@dataclass
class Kills:
    """What was counted. ``problems`` are broken promises, each with its cycle; ``snapshots`` are
    those that a kill left in their place without being whole; ``drafts`` are files of a first
    start that was killed: harmless, but they stay."""

    cycles: Counter[str] = field(default_factory=Counter)
    acknowledged: int = 0
    under_way: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    snapshots: list[str] = field(default_factory=list)
    drafts: int = 0
    seconds: float = 0.0


@dataclass
class Chain:
    """One file over many cycles, and what was acknowledged about it, by namespace."""

    folder: Path
    kind: str
    state: dict[str, Versions] = field(default_factory=dict)
    cycles: int = 0


def _when(choose: random.Random, calls: int, seconds: float) -> dict[str, Any]:
    """When to kill: half of the kills at one of the first ``calls`` changes of a file, a quarter
    right after an acknowledgement, the rest some time before ``seconds`` have passed."""
    how = choose.choice(("call", "call", "acknowledgement", "time"))
    if how == "call":
        call = choose.choice((choose.randint(1, calls), round(calls ** choose.random())))
        return {"how": how, "dying": {"call": call, "moment": choose.choice(MOMENTS)}}
    if how == "acknowledgement":
        return {"how": how, "after": choose.randint(1, 12)}
    return {"how": how, "seconds": choose.uniform(0, seconds)}


def _heard(child: Child, job: Mapping[str, Any], when: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Give the child its job, kill it as agreed; all that it said."""
    child.tell({**job, "dying": when.get("dying")})
    timer = threading.Timer(when.get("seconds", 3_600.0), child.kill)
    timer.start()
    try:
        said, done = [], 0
        for line in child.lines():
            said.append(line)
            done += bool(line.get("done"))
            if done == when.get("after", -1):
                child.kill()
        return said
    finally:
        timer.cancel()


def _applied(state: Versions, verb: str, keys: list[UUID]) -> Versions:
    if verb == "forget":
        return {key: version for key, version in state.items() if key not in keys}
    if verb == "update":
        return state | {keys[0]: state[keys[0]] + 1}
    return state | dict.fromkeys(keys, 1)  # nothing, when vectors were filled in


def _replay(chain: Chain, said: list[dict[str, Any]], kills: Kills) -> dict[str, list[Versions]]:
    """What each namespace may hold now: the acknowledged state, or that and what was under way."""
    open_changes: dict[str, tuple[str, list[UUID]]] = {}
    for line in said:
        if "verb" not in line:
            continue
        namespace, keys = space(line["thread"]), [UUID(key) for key in line["keys"]]
        if not line["done"]:
            open_changes[namespace] = (line["verb"], keys)
            continue
        del open_changes[namespace]
        kills.acknowledged += max(1, len(keys))
        state = chain.state.get(namespace, {})
        chain.state[namespace] = _applied(state, line["verb"], keys)
    possible = {namespace: [state] for namespace, state in chain.state.items()}
    for namespace, (verb, keys) in open_changes.items():
        kills.under_way[verb] += 1
        before = chain.state.setdefault(namespace, {})
        possible[namespace] = [before, _applied(before, verb, keys)]
    return possible


def _examine(keeper: Keeper, chain: Chain, possible: Mapping[str, list[Versions]]) -> Iterator[str]:
    """Everything that is wrong with the file after a kill; takes over the state it has."""
    yield from keeper.unsound()
    newest = 0
    for namespace, states in possible.items():
        found = keeper.memories(namespace)
        versions = {key: memory.version for key, memory in found.items()}
        newest = max([newest, *(memory.sequence for memory in found.values())])
        if versions not in states:
            gone, strange = (
                len(states[0].items() - versions.items()),
                len(versions.items() - states[-1].items()),
            )
            yield (
                f"{namespace}: neither the acknowledged state ({gone} of it missing)"
                f" nor that with all that was under way ({strange} beyond it)"
            )
        altered = [
            key for key, memory in found.items() if memory.content != text(key, memory.version)
        ]
        if altered:
            yield f"{namespace}: {len(altered)} memories have another content"
        chain.state[namespace] = versions
    key, entries = new_id(), keeper.ledger_entries()
    keeper.insert(AFTERWARDS, [key])
    chain.state.setdefault(AFTERWARDS, {})[key] = 1
    written = keeper.memories(AFTERWARDS).get(key)
    if written is None or written.sequence <= newest:
        yield "a new write is not there, or did not advance the sequence"
    if keeper.ledger_entries() != entries + 1:
        yield "a new write did not advance the ledger by one"
    if not keeper.finds(AFTERWARDS, key):
        yield "a new write is not found"


def _cycle(chain: Chain, child: Child, choose: random.Random, fresh: bool, kills: Kills) -> None:
    seconds = 0.04 if fresh else 0.8 if chain.kind == "runtime" else 0.15
    when = _when(choose, CREATION if fresh else WRITING, seconds)
    job = {
        "in": "writing",
        "do": "write",
        "kind": chain.kind,
        "folder": str(chain.folder),
        "threads": choose.choice((1, THREADS)),
        "seed": choose.random(),
    }
    said = _heard(child, job, when)
    name = f"{'creation' if fresh else chain.kind}, {when['how']}"
    kills.cycles[name] += 1
    found = [] if child.killed() else [f"the child failed: {child.ended()}"]
    try:
        possible = _replay(chain, said, kills)
        possible.setdefault(AFTERWARDS, [chain.state.get(AFTERWARDS, {})])
        with closing(KEEPERS[chain.kind](chain.folder)) as keeper:
            found += _examine(keeper, chain, possible)
    except MemoryOSSError as error:
        found.append(f"{error.code}: {error}")
    kills.drafts += len(list(chain.folder.glob(f"{FILE}.new-*")))
    kills.problems += [f"{name} {when}: {problem}" for problem in found]
    if found:
        chain.cycles = CYCLES_PER_FILE  # what is broken once is not counted again


def _state_of(path: Path) -> tuple[int, int]:
    """Schema version, and how many contents the first step has copied (-1: no table)."""
    with closing(connect(path)) as connection:
        copied = fetch_one(connection, "SELECT 1 FROM sqlite_schema WHERE name = 'said'")
        count = fetch_one(connection, "SELECT count(*) FROM said")[0] if copied else -1
        return int(connection.pragma("user_version")), count


def _migration_problems(path: Path, expected: Versions, kills: Kills) -> Iterator[str]:
    count = len(expected)
    before = _state_of(path)
    if before not in {(FIRST, -1), (STEPS[-1].version, count)}:
        yield f"half migrated: schema {before[0]}, {before[1]} of {count} contents copied"
    for saved in file.snapshots(path):
        found = wrong(doctor.examine(saved, MODEL, analyse))
        if found:
            kills.snapshots.append(f"{saved.name}, {saved.stat().st_size} bytes: {found[0]}")
    with mock.patch.object(schema, "SCHEMA_VERSION", STEPS[-1].version):  # the later release
        file.migrate(path, 3, STEPS)
        if _state_of(path) != (STEPS[-1].version, count):
            yield "the migration could not be finished"
        with closing(StoreKeeper(path.parent)) as keeper:
            chain = Chain(path.parent, "store")
            states: dict[str, list[Versions]] = {space(0): [expected], AFTERWARDS: [{}]}
            yield from _examine(keeper, chain, states)


def _migration(
    base: Path, expected: Versions, folder: Path, child: Child, choose: random.Random, kills: Kills
) -> None:
    folder.mkdir()
    path = folder / FILE
    shutil.copy(base, path)
    how = choose.choice(("call", "call", "time"))
    when: dict[str, Any] = {"how": how, "seconds": choose.uniform(0, 0.05)}
    if how == "call":
        dying = {"call": choose.randint(1, MIGRATION), "moment": choose.choice(MOMENTS)}
        when = {"how": how, "dying": dying}
    said = _heard(child, {"in": "writing", "do": "migrate", "path": str(path)}, when)
    name = f"migration, {how}"
    kills.cycles[name] += 1
    found = []
    if not child.killed() and {"migrated": True} not in said:
        found.append(f"the child failed: {child.ended()}")
    try:
        found += _migration_problems(path, expected, kills)
    except MemoryOSSError as error:
        found.append(f"{error.code}: {error}")
    kills.problems += [f"{name} {when}: {problem}" for problem in found]
    shutil.rmtree(folder)


def _older_file(folder: Path) -> tuple[Path, Versions]:
    """A file to be migrated, and what is in it."""
    expected = {new_id(): 1 for _ in range(40)}
    with closing(StoreKeeper(folder)) as keeper:
        keeper.insert(space(0), list(expected))
    return folder / FILE, expected


def migrations(folder: Path, cycles: int, *, seed: int = 1) -> Kills:
    """Kill ``cycles`` migrations, and nothing else."""
    kills, choose = Kills(), random.Random(seed)
    base, expected = _older_file(folder / "base")
    for cycle in range(cycles):
        with Child() as child:
            _migration(base, expected, folder / f"cycle-{cycle}", child, choose, kills)
    return kills


def run(folder: Path, cycles: int, *, seed: int = 1, report: Report | None = None) -> Kills:
    """Kill a child ``cycles`` times. Every tenth kill falls into the first creation of a file,
    every tenth into a migration, every twentieth into the whole runtime with its model."""
    kills, choose, started = Kills(), random.Random(seed), time.perf_counter()
    chains: dict[str, Chain] = {}
    base, expected = _older_file(folder / "base")
    waiting = Child()
    try:
        for cycle in range(cycles):
            child, waiting = waiting, Child()  # the next one imports while this one works
            with child:
                place = folder / f"cycle-{cycle}"
                if cycle % 10 == 4:
                    _migration(base, expected, place, child, choose, kills)
                elif cycle % 10 == 9:
                    _cycle(Chain(place, "store"), child, choose, True, kills)
                    shutil.rmtree(place, ignore_errors=True)
                else:
                    kind = "runtime" if cycle % 20 == 6 else "store"
                    chain = chains.get(kind)
                    if chain is None or chain.cycles >= CYCLES_PER_FILE:
                        if chain is not None:
                            shutil.rmtree(chain.folder)
                        chain = chains[kind] = Chain(place, kind)
                    chain.cycles += 1
                    _cycle(chain, child, choose, False, kills)
            if report and (cycle + 1) % 25 == 0:
                report(f"kills: {cycle + 1:,} of {cycles:,}, {len(kills.problems)} problems")
    finally:
        with waiting:
            waiting.kill()
    kills.seconds = time.perf_counter() - started
    return kills
