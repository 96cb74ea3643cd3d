# SPDX-License-Identifier: AGPL-3.0-only
"""Machines that exchange memories: each has a memory file, a key, and a folder that others copy
from."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from memoryoss_mcp.lifecycle import review
from memoryoss_mcp.model import Change, Memory, ReviewAction
from memoryoss_mcp.portable.sync.exporting import Exported
from memoryoss_mcp.portable.sync.folder import PLACE
from memoryoss_mcp.portable.sync.state import state_of
from memoryoss_mcp.portable.sync.sync import Imported, Sync, SyncStatus
from memoryoss_mcp.portable.trust.fabric import Fabric
from memoryoss_mcp.portable.trust.identity import Kind
from memoryoss_mcp.store.changes import Entry
from memoryoss_mcp.store.store import Store
from memoryoss_mcp.store.types import ForgetRequest
from tests.store import support

SPACE = "default"


def silent(_step: str, _done: int, _total: int) -> None:
    """Progress that nobody watches."""


def prepare(memories: Sequence[Memory]) -> list[Entry]:
    """Memories with their words as terms and a vector that says nothing."""
    return [
        Entry(memory, tuple(support.analyse(memory)), support.encoded(1)) for memory in memories
    ]


@dataclass
class Machine:
    """One installation. ``folder`` is its copy of what is exchanged."""

    store: Store
    fabric: Fabric
    folder: Path
    ask: Callable[[], str] | None = None
    space: str = SPACE
    sync: Sync = field(init=False)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.sync = Sync(self.store, self.fabric, prepare)

    @property
    def device(self) -> str:
        """The id of the installation."""
        return self.fabric.own_device().id

    def say(self, content: str, **more: Any) -> UUID:
        """Store a memory; its id."""
        [stored] = self.store.insert([support.entry(content, self.space, **more)])
        return stored.id

    def reword(self, key: UUID, content: str) -> None:
        """Change the content of a memory."""
        self.store.update(Change(key, self.space, content=content), support.encoded(2))

    def tag(self, key: UUID, *tags: str) -> None:
        """Change the tags of a memory."""
        self.store.update(Change(key, self.space, tags=tags), None)

    def decide(self, key: UUID, action: ReviewAction, target: UUID | None = None) -> None:
        """Decide about a memory as a reviewer does."""
        review.decide(
            self.store, review.Decision(key, self.space, action, "ann", superseded_by=target)
        )

    def forget(self, *keys: UUID) -> None:
        """Forget memories."""
        self.store.forget(ForgetRequest(self.space, ids=keys))

    def use(self, key: UUID) -> None:
        """Put a memory to use, which is no change."""
        self.store.note_injections(self.space, {key: 1}, {key: 1})

    def memories(self) -> dict[UUID, Memory]:
        """Every memory by its id."""
        found: dict[UUID, Memory] = {}
        self.store.visit(self.space, lambda memory: found.setdefault(memory.id, memory) and None)
        return found

    def states(self) -> dict[UUID, dict[str, Any]]:
        """What machines have to agree on."""
        return {key: state_of(memory) for key, memory in self.memories().items()}

    def get(self, key: UUID) -> Memory:
        """One memory."""
        return self.store.get(self.space, key)

    def export(self, **more: Any) -> Exported:
        """Export to the machine's folder."""
        more = {"ask": self.ask, "progress": silent} | more
        return self.sync.export(more.pop("folder", self.folder), self.space, **more)

    def import_(self, **more: Any) -> Imported:
        """Import from the machine's folder."""
        more = {"ask": self.ask, "progress": silent} | more
        return self.sync.import_(more.pop("folder", self.folder), self.space, **more)

    def status(self) -> SyncStatus:
        """How machine and folder stand."""
        return self.sync.status(self.folder, self.space, progress=silent)

    def files(self) -> list[Path]:
        """The chunks in the machine's folder."""
        return sorted((self.folder / PLACE).glob("*/*.chunk"))

    def own_files(self) -> list[Path]:
        """Those that it wrote itself."""
        return [path for path in self.files() if path.parent.name in self.device]

    def reread(self) -> Imported:
        """Import everything once more, as if nothing of it had been read."""
        marks = dict.fromkeys(self.store.sync_chunks(str(self.folder.resolve())))
        self.store.note_sync(self.space, {}, str(self.folder.resolve()), marks)
        return self.import_()


@contextlib.contextmanager
def machines(
    folder: Path, count: int, *, shared: bool = False, strangers: bool = False
) -> Iterator[list[Machine]]:
    """Some machines that know each other, with a folder each or one for all."""
    with contextlib.ExitStack() as stack:
        found = []
        for number in range(count):
            place = folder / f"machine{number}"
            store = stack.enter_context(support.opened(place / "memoryoss.db"))
            exchange = folder / "shared" if shared else place / "exchange"
            found.append(Machine(store, Fabric(store, place / "keys"), exchange))
        if not strangers:
            for machine in found:
                introduce(machine, *found)
        yield found


def introduce(machine: Machine, *others: Machine) -> None:
    """Let a machine know others."""
    for other in others:
        if other is not machine:
            key = other.fabric.own_device().public_key
            assert key is not None
            machine.fabric.register_key(Kind.DEVICE, "another of mine", key)


def copy(source: Machine, target: Machine, *, pick: Callable[[int], bool] = lambda _: True) -> None:
    """Copy chunks from one machine's folder to another's; ``pick`` says which, by their place."""
    for place, path in enumerate(source.files()):
        there = target.folder / path.relative_to(source.folder)
        if pick(place) and not there.exists():
            there.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, there)


def exchange(*found: Machine, rounds: int = 6) -> int:
    """Let everybody export and import everything until nobody has anything to say; the number of
    rounds that it took."""
    for number in range(rounds):
        said = 0
        for machine in found:
            done = machine.export()
            said += done.records + done.forgotten
        for machine in found:
            for other in found:
                copy(other, machine)
        for machine in found:
            machine.import_()
        if not said:
            return number
    raise AssertionError(f"they still have something to say after {rounds} rounds")
