# SPDX-License-Identifier: AGPL-3.0-only
"""A store under adverse conditions, and one who remembers what it must hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final
from uuid import UUID

from benchmarks.faults.memories import StoreKeeper, text
from memoryoss_mcp.errors import MemoryOSSError
from memoryoss_mcp.model import new_id

SPACE: Final = "disk"
CHANGES: Final = ("store", "update", "forget")


class Witness:
    """Does things to a store and keeps what it must hold; collects what is wrong."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state: dict[UUID, int] = {}
        self.codes: dict[str, str] = {}
        self.problems: list[str] = []

    @contextmanager
    def opened(self) -> Iterator[StoreKeeper]:
        with closing(StoreKeeper(self.folder)) as keeper:
            yield keeper

    def attempt(self, name: str, keeper: StoreKeeper, verb: str, expected: str | None) -> bool:
        """One change. If it fails it must fail with the expected code and leave all as it was;
        without an expected code it must not fail."""
        key = new_id() if verb == "store" else next(iter(self.state))
        after = dict(self.state)
        try:
            if verb == "store":
                after[key] = 1
                keeper.insert(SPACE, [key])
            elif verb == "update":
                after[key] += 1
                keeper.update(SPACE, key, after[key])
            else:
                del after[key]
                keeper.forget(SPACE, [key])
        except MemoryOSSError as error:
            if error.code != expected:
                self.problems.append(f"{name}, {verb}: {error.code}: {error}")
            self.codes[f"{name}, {verb}"] = error.code
            self.check(f"{name}, after a refused {verb}", keeper)
            return False
        self.codes.setdefault(f"{name}, {verb}", "done")
        self.state = after
        return True

    def check(self, name: str, keeper: StoreKeeper) -> None:
        """The store holds exactly what it must."""
        try:
            found = keeper.memories(SPACE)
        except MemoryOSSError as error:
            self.problems.append(f"{name}: reading failed: {error.code}: {error}")
            return
        versions = {key: memory.version for key, memory in found.items()}
        if versions != self.state:
            missing, added = self.state.keys() - found.keys(), found.keys() - self.state.keys()
            self.problems.append(
                f"{name}: {len(missing)} memories are gone, {len(added)} are there that no call"
                " acknowledged, or versions differ"
            )
            self.state = versions
        if any(memory.content != text(key, memory.version) for key, memory in found.items()):
            self.problems.append(f"{name}: a memory has another content")

    def refused(self, name: str, call: Callable[[], object], expected: str) -> None:
        """A call that must fail with a code."""
        try:
            call()
        except MemoryOSSError as error:
            self.codes[name] = error.code
            if error.code != expected:
                self.problems.append(f"{name}: {error.code}: {error}")
        else:
            self.problems.append(f"{name}: it did not fail")

    def serves_again(self, name: str) -> None:
        """All verbs work, nothing is lost, everything is in step."""
        with self.opened() as keeper:
            self.check(name, keeper)
            for verb in CHANGES:
                self.attempt(name, keeper, verb, None)
            self.check(name, keeper)
            self.problems += [f"{name}: {problem}" for problem in keeper.unsound()]
