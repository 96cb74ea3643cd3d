# SPDX-License-Identifier: AGPL-3.0-only
"""A file system that kills its process at one exact write, sync, truncation or deletion."""

from __future__ import annotations

import itertools
import os
import signal
from typing import Any, Final

import apsw

MOMENTS: Final = ("before", "torn", "after")
"""When in the call: nothing of it done, half of the bytes written, all of it done."""


def die() -> None:
    """``kill -9`` of this process; on Windows ``TerminateProcess``."""
    os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))


class DyingSystem(apsw.VFS):
    """The default file system, as the default of this process, until its ``call``-th change."""

    def __init__(self, call: int, moment: str) -> None:
        self.base = apsw.vfs_names()[0]
        self._last, self._moment = call, moment
        self._calls = itertools.count(1)
        super().__init__("dying", self.base, makedefault=True)

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:  # noqa: N802 - apsw's name
        return _DyingFile(self, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802 - apsw's name
        moment = self.moment()
        if moment == "before":
            die()
        super().xDelete(filename, syncdir)
        if moment:
            die()

    def moment(self) -> str | None:
        """When to die in this call, ``None`` for not at all."""
        return self._moment if next(self._calls) == self._last else None


class _DyingFile(apsw.VFSFile):
    def __init__(self, system: DyingSystem, name: Any, flags: list[int]) -> None:
        self._system = system
        super().__init__(system.base, name, flags)

    def xWrite(self, data: Any, offset: int) -> None:  # noqa: N802 - apsw's name
        moment = self._system.moment()
        if moment == "torn":
            super().xWrite(bytes(data[: len(data) // 2]), offset)
        elif moment != "before":
            super().xWrite(data, offset)
        if moment:
            die()

    def xSync(self, flags: int) -> None:  # noqa: N802 - apsw's name
        moment = self._system.moment()
        if moment == "before":
            die()
        super().xSync(flags)
        if moment:
            die()

    def xTruncate(self, newsize: int) -> None:  # noqa: N802 - apsw's name
        moment = self._system.moment()
        if moment == "before":
            die()
        super().xTruncate(newsize)
        if moment:
            die()
