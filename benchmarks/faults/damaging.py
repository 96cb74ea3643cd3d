# SPDX-License-Identifier: AGPL-3.0-only
"""A small store, and seeded ways to damage copies of its files."""

from __future__ import annotations

import random
import re
import shutil
from contextlib import closing
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from benchmarks.faults.memories import FILE, StoreKeeper

SPACES: Final = ("one", "two")
MEMORIES: Final = 60
IN_THE_LOG: Final = 12

Case = dict[str, Any]
Versions = dict[str, dict[UUID, int]]


def originals(folder: Path) -> list[Versions]:
    """Two files, ``whole`` and (its last changes still in the log) ``logged``; and all states that
    the second went through, the last being that of both."""
    history: list[Versions] = [{space: {} for space in SPACES}]
    choose = random.Random(MEMORIES)  # the same file every time, but for the times in it

    def new_key() -> UUID:
        return UUID(int=choose.getrandbits(128), version=4)

    def noted(space: str, keys: list[UUID]) -> None:
        last = history[-1]
        history.append(last | {space: last[space] | dict.fromkeys(keys, 1)})

    with closing(StoreKeeper(folder)) as keeper:
        for number in range(MEMORIES // 4):
            space, keys = SPACES[number % 2], [new_key() for _ in range(4)]
            keeper.insert(space, keys)
            noted(space, keys)
        space, key = SPACES[0], next(iter(history[-1][SPACES[0]]))
        keeper.update(space, key, 2)
        history.append(history[-1] | {space: history[-1][space] | {key: 2}})
    del history[:-1]
    with closing(StoreKeeper(folder)) as keeper:
        for number in range(IN_THE_LOG):
            space, key = SPACES[number % 2], new_key()
            keeper.insert(space, [key])
            noted(space, [key])
        (folder / "logged").mkdir()
        for suffix in ("", "-wal"):
            shutil.copy(folder / f"{FILE}{suffix}", folder / "logged")
    (folder / "whole").mkdir()
    shutil.copy(folder / FILE, folder / "whole")
    return history


def cases(folder: Path, count: int, seed: int) -> list[Case]:
    """Seeded damages: half of them flip one to sixteen bytes near each other in the file, the rest
    cut its end off, flip bytes of the log, or of the words that describe the tables."""
    choose = random.Random(seed)
    files = {"file": folder / "whole" / FILE, "log": folder / "logged" / f"{FILE}-wal"}
    data = {name: path.read_bytes() for name, path in files.items()}
    described = [found.start() for found in re.finditer(rb"CREATE (VIRTUAL )?TABLE", data["file"])]
    found: list[Case] = []
    for number in range(count):
        how = ("flip", "cut", "flip", "log", "flip", "schema")[number % 6]
        size = len(data["log" if how == "log" else "file"])
        place = choose.randrange(size)
        if how == "schema":
            place = choose.choice(described) + choose.randrange(200)
        elif how == "cut" and choose.random() < 0.5:
            place -= place % 4_096  # whole pages are missing
        flips = [
            (min(place + choose.randrange(64), size - 1), choose.randrange(1, 256))
            for _ in range(0 if how == "cut" else choose.choice((1, 1, 4, 16)))
        ]
        found.append({"number": number, "how": how, "place": place, "flips": flips})
    return found


def damaged(folder: Path, place: Path, case: Case) -> Path:
    """A damaged copy; the path of its file."""
    source = folder / ("logged" if case["how"] == "log" else "whole")
    shutil.copytree(source, place)
    target = place / (f"{FILE}-wal" if case["how"] == "log" else FILE)
    data = bytearray(target.read_bytes())
    if case["how"] == "cut":
        del data[case["place"] :]
    for offset, mask in case["flips"]:
        data[offset] ^= mask
    target.write_bytes(data)
    return place / FILE
