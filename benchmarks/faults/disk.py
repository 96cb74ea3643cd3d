# SPDX-License-Identifier: AGPL-3.0-only
"""No room and no permission: a clear error, no partial record, and service again afterwards.

The children work on the bare store. A full disk is a small tmpfs in a mount namespace of the
child's own, and apart from that a limit on the size of files. Permissions are those of an ordinary
user: a child that runs as root gives up its privileges first.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from benchmarks.faults.child import say
from benchmarks.faults.memories import FILE, StoreKeeper
from benchmarks.faults.process import allowed, ask
from benchmarks.faults.witness import CHANGES, Witness
from memoryoss_mcp.errors import MemoryOSSError, StoreFullError, StoreReadOnlyError

ROOM: Final = 2 << 20
_CODE: Final = StoreReadOnlyError.code
MOST: Final = 5_000
"""Memories that no disk of :data:`ROOM` holds."""


@dataclass
class Disk:
    """What was tried, how the disk was filled, which error codes came, and broken promises."""

    way: str
    codes: dict[str, str] = field(default_factory=dict)
    stored: int = 0
    problems: list[str] = field(default_factory=list)


# How a disk is filled -------------------------------------------------------------------------


def _tmpfs(folder: Path) -> list[str]:
    """A command prefix that mounts a tmpfs there, seen by the command only."""
    script = f'mount -t tmpfs -o size={2 * ROOM} none "$0" && exec "$@"'
    return ["unshare", "-rm", "sh", "-c", script, str(folder)]


def ways() -> tuple[str, ...]:
    """The ways to fill a disk that this system allows."""
    found = []
    with tempfile.TemporaryDirectory(prefix="faults-") as name:
        if allowed(*_tmpfs(Path(name)), "true"):
            found.append("tmpfs")
    if sys.platform != "win32":
        found.append("file size limit")
    return tuple(found)


def full(folder: Path, way: str) -> Disk:
    """Fill a disk in one of the :func:`ways`, then make room again."""
    folder.mkdir(parents=True, exist_ok=True)
    prefix = _tmpfs(folder) if way == "tmpfs" else []
    job = {"in": "disk", "do": "fill_up", "folder": str(folder), "way": way}
    return Disk(way, **ask(job, prefix=prefix))


def permissions_matter() -> bool:
    """Whether the system keeps anybody from writing: Windows has other rules, and where root
    cannot give up its privileges nothing is forbidden to it."""
    return sys.platform != "win32" and (sys.platform == "linux" or os.geteuid() != 0)


def forbidden(folder: Path) -> Disk:
    """Take the permission to write away, from file, folder and both, before and after opening."""
    folder.mkdir(parents=True, exist_ok=True)
    return Disk(**ask({"in": "disk", "do": "lock_out", "folder": str(folder)}))


# In the child ---------------------------------------------------------------------------------


def _limit(size: int | None) -> None:
    """The most that a file may measure; ``None`` lifts the limit."""
    if sys.platform == "win32":
        raise AssertionError("Windows has no such limit")
    import resource

    ceiling = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (ceiling if size is None else size, ceiling))


def fill_up(job: Mapping[str, Any]) -> None:
    """Store until there is no room, try everything, make room, try everything again."""
    folder = Path(job["folder"])
    witness, ballast = Witness(folder / "data"), folder / "ballast"
    on_tmpfs = job["way"] == "tmpfs"
    code = StoreFullError.code
    if on_tmpfs:
        ballast.write_bytes(bytes(ROOM))
    with witness.opened() as keeper:
        witness.attempt("room", keeper, "store", None)
        if not on_tmpfs:
            _limit(ROOM)
        while len(witness.state) < MOST and witness.attempt("full", keeper, "store", code):
            pass
        for verb in ("update", "forget", "store", "update", "store"):
            witness.attempt("full", keeper, verb, code)
        witness.check("full", keeper)
    if len(witness.state) >= MOST:
        witness.problems.append("the disk was never full")
    with witness.opened() as keeper:  # closing has emptied the log: there may be a little room
        witness.check("full, opened anew", keeper)
        while len(witness.state) < MOST and witness.attempt("still full", keeper, "store", code):
            pass
    if on_tmpfs:
        _take_the_rest(folder / "rest")
    else:
        _limit(20_000)
    new = folder / "new"
    witness.refused("full, first start", lambda: StoreKeeper(new), code)
    left = [path.name for path in new.rglob("*")] if new.exists() else []
    if left:
        witness.problems.append(f"a first start without room left {', '.join(left)}")
    if on_tmpfs:
        ballast.unlink()
        (folder / "rest").unlink()
    else:
        _limit(None)
    witness.serves_again("room again")
    say({"codes": witness.codes, "stored": len(witness.state), "problems": witness.problems})


def _take_the_rest(path: Path) -> None:
    """Fill what is left of the disk."""
    with path.open("wb", buffering=0) as rest:
        try:
            while True:
                rest.write(bytes(4_096))
        except OSError:
            return


def lock_out(job: Mapping[str, Any]) -> None:
    """Take permissions away and give them back, to an ordinary user, whom they concern."""
    way = _become_ordinary()
    codes: dict[str, str] = {}
    problems: list[str] = []
    stored = 0
    for witness in _lock_out(Path(job["folder"])):
        codes |= witness.codes
        problems += witness.problems
        stored += len(witness.state)
    say({"way": way, "codes": codes, "stored": stored, "problems": problems})


def _become_ordinary() -> str:
    """Give up what makes root exempt from permissions: all capabilities (Linux, capset(2)). It
    goes on owning its files, so that what is imported later can still be read."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "as this user"
    import ctypes

    header = (ctypes.c_uint32 * 2)(0x20080522, 0)  # the third version of the interface; this thread
    none = (ctypes.c_uint32 * 6)()
    if ctypes.CDLL(None, use_errno=True).capset(header, none):
        raise OSError(ctypes.get_errno(), "capset")
    return "as root without its privileges"


def _lock_out(folder: Path) -> Iterator[Witness]:
    """Each case has a file of its own, with twenty memories."""
    cases: tuple[tuple[str, int, int], ...] = (
        ("read-only file", 0o444, 0o755),
        ("read-only folder", 0o644, 0o555),
        ("read-only both", 0o444, 0o555),
        ("no access", 0o000, 0o755),
    )
    for name, file_mode, folder_mode in cases:
        witness = _prepared(folder / name)
        with _modes(witness.folder, file_mode, folder_mode):
            try:
                with witness.opened() as keeper:
                    witness.check(name, keeper)
                    for verb in CHANGES:
                        witness.attempt(name, keeper, verb, _CODE)
            except MemoryOSSError as error:
                witness.codes[f"{name}, open"] = error.code
                if error.code != _CODE:
                    witness.problems.append(f"{name}, open: {error.code}: {error}")
        witness.serves_again(f"{name}, lifted")
        yield witness
    name = "lost while open"
    witness = _prepared(folder / name)
    with witness.opened() as keeper:
        witness.attempt("before the loss", keeper, "store", None)
        with _modes(witness.folder, 0o444, 0o555):
            for verb in (*CHANGES, "store"):
                witness.attempt(name, keeper, verb, _CODE)
        witness.attempt("given back while open", keeper, "store", None)
        witness.check("given back while open", keeper)
    witness.serves_again(f"{name}, lifted")
    yield witness
    witness, parent = Witness(folder / "locked" / "data"), folder / "locked"
    parent.mkdir()
    parent.chmod(0o555)
    witness.refused("no new folder", lambda: StoreKeeper(witness.folder), _CODE)
    parent.chmod(0o755)
    if list(parent.iterdir()):
        witness.problems.append("a refused first start left something")
    yield witness


def _prepared(folder: Path) -> Witness:
    witness = Witness(folder)
    with witness.opened() as keeper:
        for _ in range(20):
            witness.attempt("allowed", keeper, "store", None)
    return witness


@contextmanager
def _modes(folder: Path, file_mode: int, folder_mode: int) -> Iterator[None]:
    """Permissions of the file and its folder, given back at the end."""
    (folder / FILE).chmod(file_mode)
    folder.chmod(folder_mode)
    try:
        yield
    finally:
        folder.chmod(0o755)
        (folder / FILE).chmod(0o644)
