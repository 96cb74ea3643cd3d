# SPDX-License-Identifier: AGPL-3.0-only
"""Damaged files: bytes flipped, and ends cut off, at seeded places of copies of a small store.

Whoever uses such a file gets a right answer or an error, never a crash and never a new, empty
store; and the doctor's repair brings back everything that can still be read.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import apsw

from benchmarks.faults.child import say
from benchmarks.faults.damaging import SPACES, Case, Versions, cases, damaged, originals
from benchmarks.faults.memories import FILE, MODEL, StoreKeeper, analyse, open_store, text, unsound
from benchmarks.faults.process import Child, ChildError
from memoryoss_mcp.errors import MemoryOSSError, NotFoundError
from memoryoss_mcp.model import new_id
from memoryoss_mcp.store import doctor
from memoryoss_mcp.store.types import ListQuery

_ROW: Final = "SELECT * FROM memory WHERE number = ?"


@dataclass
class Damage:
    """What came of the cases: ``refused`` at opening, ``told`` by an error later, ``right`` answers
    only; and what the repair did. ``lists_short`` are damages that hid memories from a caller and
    that only the doctor tells, ``unsaved`` repairs that left undamaged memories behind."""

    outcomes: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    crashes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    lists_short: list[str] = field(default_factory=list)
    unsaved: list[str] = field(default_factory=list)


# The child ------------------------------------------------------------------------------------


def _tried(call: Callable[[], Any], result: dict[str, Any]) -> Any:
    """The answer, ``None`` for an error; what is no error of ours is noted as raw."""
    try:
        return call()
    except MemoryOSSError as error:
        result["codes"].append(error.code)
    except Exception as error:  # noqa: BLE001 - a caller must never meet one: that is the finding
        result["raw"].append(f"{type(error).__name__}: {error}")
    return None


def use(job: Mapping[str, Any]) -> None:
    """Use and repair one damaged copy after the other, and say what was seen."""
    folder = Path(job["folder"])
    history = [
        {space: {UUID(key): version for key, version in part.items()} for space, part in s.items()}
        for s in job["history"]
    ]
    with closing(apsw.Connection(str(folder / "whole" / FILE))) as connection:
        rows = {row[0]: row for row in connection.execute("SELECT * FROM memory")}
    for case in job["cases"]:
        say({"case": case["number"]})
        place = folder / f"case-{case['number']}"
        allowed = history if case["how"] == "log" else history[-1:]
        result: dict[str, Any] = {"codes": [], "raw": [], "wrong": []}
        path = damaged(folder, place / "used", case)
        before = path.read_bytes()
        keeper = _tried(partial(StoreKeeper, path.parent), result)
        if keeper is None:
            result["refused"] = True
            if not path.exists() or path.read_bytes() != before:
                result["wrong"].append("a refused file was changed")
        else:
            with closing(keeper):
                _look(keeper, allowed, result)
        undamaged = _undamaged(damaged(folder, place / "read", case), rows)
        _repair(damaged(folder, place / "repaired", case), undamaged, result)
        shutil.rmtree(place)
        say({"case": case["number"], "result": result})


def _look(keeper: StoreKeeper, allowed: list[Versions], result: dict[str, Any]) -> None:
    """List, get, search and write."""
    known = allowed[-1]
    listed: Versions = {}
    for space in SPACES:
        page = _tried(partial(keeper.memories, space), result)
        if page is not None:
            listed[space] = {key: memory.version for key, memory in page.items()}
            if any(m.content != text(m.id, m.version) for m in page.values()):
                result["wrong"].append("a listed memory has another content")
        for key, version in known[space].items():
            try:
                memory = keeper.store.get(space, key)
            except NotFoundError:
                continue
            except MemoryOSSError as error:
                result["codes"].append(error.code)
                continue
            if memory.content != text(key, memory.version):
                result["wrong"].append("a memory has another content")
            elif memory.version != version and len(allowed) == 1:
                result["wrong"].append("a memory has another version")
    result["short"] = bool(listed) and not any(
        all(part == state[space] for space, part in listed.items()) for state in allowed
    )
    _tried(lambda: keeper.finds(SPACES[0], next(iter(known[SPACES[0]]))), result)
    _tried(lambda: keeper.store.page(ListQuery(SPACES[1], 5)), result)
    _tried(lambda: keeper.insert(SPACES[1], [new_id()]), result)


def _undamaged(path: Path, rows: Mapping[int, Any]) -> set[UUID]:
    """The memories whose rows are as they were, each read by its key, in the mode in which SQLite
    also reads files that end too early."""
    found: set[UUID] = set()
    with closing(apsw.Connection(str(path))) as connection:
        for number, row in rows.items():
            with suppress(apsw.Error, UnicodeDecodeError):
                connection.execute("PRAGMA writable_schema = ON")
                if connection.execute(_ROW, (number,)).fetchone() == row:
                    found.add(UUID(bytes=row[2]))
    return found


def _repair(path: Path, undamaged: set[UUID], result: dict[str, Any]) -> None:
    """What the doctor says, and whether its repair keeps all that is undamaged."""
    before = path.read_bytes()
    report = _tried(lambda: doctor.examine(path, MODEL, analyse), result)
    result["doctor"] = unsound(report) if report else []
    if report is None or report.healthy:
        return
    repaired = _tried(lambda: doctor.examine(path, MODEL, analyse, repair=True), result)
    if repaired is None:
        return
    copies = sorted(path.parent.glob(f"{path.stem}-salvaged-*.db"))
    result["repair"] = "salvaged" if copies else "rebuilt" if repaired.healthy else "given up"
    if copies and path.read_bytes() != before:
        result["wrong"].append("the salvage changed the damaged file")
    if not copies and not repaired.healthy:
        if undamaged and any(f.repairable for f in report.findings):
            result["unsaved"] = len(undamaged)
        return
    with closing(open_store(copies[-1] if copies else path)) as store:
        found = {
            memory.id: memory
            for space in SPACES
            for memory in store.page(ListQuery(space, 10_000)).memories
        }
    result["unsaved"] = len(undamaged - found.keys())
    if any(memory.content != text(key, memory.version) for key, memory in found.items()):
        result["wrong"].append("the repair brought back another content")
    after = doctor.examine(copies[-1] if copies else path, MODEL, analyse)
    if copies and not after.healthy:
        result["wrong"].append(f"the salvaged file is unsound: {unsound(after)[0]}")


# The parent -----------------------------------------------------------------------------------


def run(
    folder: Path, count: int, *, seed: int = 1, report: Callable[[str], None] | None = None
) -> Damage:
    """Damage a store ``count`` times."""
    history = originals(folder)
    return inflict(folder, history, cases(folder, count, seed), report)


def inflict(
    folder: Path,
    history: list[Versions],
    damages: list[Case],
    report: Callable[[str], None] | None = None,
) -> Damage:
    """Have children use and repair one damaged copy of the originals for each case."""
    damage, todo = Damage(), list(damages)
    past = [
        {space: {key.hex: v for key, v in part.items()} for space, part in state.items()}
        for state in history
    ]
    while todo:
        with Child() as child:
            job = {"in": "damage", "do": "use", "folder": str(folder), "history": past}
            child.tell(job | {"cases": todo})
            at: int | None = None
            for line in child.lines():
                at = line["case"]
                if "result" in line:
                    case, at = todo.pop(0), None
                    _count(damage, case, line["result"])
                    if report and case["number"] % 50 == 49:
                        report(f"damage: {case['number'] + 1:,} of {len(damages):,}")
            if at is not None:
                damage.outcomes["crashed"] += 1
                damage.crashes.append(f"{todo.pop(0)}: {child.ended()}")
            elif todo:
                raise ChildError(f"between two cases: {child.ended()}")
    return damage


def _count(damage: Damage, case: Case, result: Mapping[str, Any]) -> None:
    name = f"{case['how']}: "
    short, codes = result.get("short", False), result["codes"]
    if result.get("refused"):
        damage.outcomes[name + "refused"] += 1
    elif codes:
        damage.outcomes[name + "told"] += 1
    else:
        damage.outcomes[name + ("short" if short else "right")] += 1
    damage.codes.update(set(codes))
    if "repair" in result:
        damage.outcomes[name + result["repair"]] += 1
    elif result["doctor"]:
        damage.outcomes[name + "beyond repair"] += 1
    if result.get("unsaved"):
        said = f"{result['unsaved']} undamaged memories were left behind ({result['repair']})"
        damage.unsaved.append(f"{case}: {said}")
    problems = [*result["wrong"], *(f"not one of our errors: {raw}" for raw in result["raw"])]
    if short and not codes:
        if result["doctor"]:
            damage.lists_short.append(f"{case}: {result['doctor'][0]}")
        else:
            problems.append("memories are missing, and nobody says so")
    damage.problems += [f"{case}: {problem}" for problem in problems]
