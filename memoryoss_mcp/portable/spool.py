# SPDX-License-Identifier: AGPL-3.0-only
"""A long list of byte strings that is gone through several times: kept in memory while it is small
and in an unnamed file when it is large."""

from __future__ import annotations

import contextlib
import struct
import tempfile
import weakref
from collections.abc import Iterator
from typing import Final, Self

from memoryoss_mcp.errors import MemoryOSSError

IN_MEMORY: Final = 8 << 20
"""Bytes that are kept in memory."""

_LENGTH: Final = struct.Struct(">I")
_AHEAD: Final = 1 << 18
"""Bytes that are read at once."""


class NoRoomError(MemoryOSSError):
    """There is no room for temporary files. Nothing was changed."""

    code = "no_room"


class Spool:
    """Byte strings in the order in which they were added. Close it, or leave it to the garbage
    collector. What is ``secret`` is never on disk, however large it is."""

    def __init__(self, *, secret: bool = False) -> None:
        # Closed by close(), by __exit__ or with the last reference: it outlives this block. One of
        # size 0 never becomes a file.
        size = 0 if secret else IN_MEMORY
        self._file = tempfile.SpooledTemporaryFile(max_size=size)  # noqa: SIM115
        weakref.finalize(self, self._file.close)
        self._count = 0

    def append(self, part: bytes) -> None:
        """Add one at the end. Not while somebody goes through them.

        Raises:
            NoRoomError: there is no room for it.
        """
        try:
            self._file.write(_LENGTH.pack(len(part)))
            self._file.write(part)
        except OSError as error:
            raise NoRoomError(
                f"There is no room for temporary files ({error.strerror}). Nothing was changed.",
                hint=f"Free some in {tempfile.gettempdir()}, or set TMPDIR to another folder.",
            ) from error
        self._count += 1

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[bytes]:
        place, block = 0, memoryview(b"")
        for _ in range(self._count):
            size = _LENGTH.size
            if len(block) < size or len(block) < size + _LENGTH.unpack_from(block)[0]:
                block = self._read(place, size)
                size += _LENGTH.unpack_from(block)[0]
                if len(block) < size:
                    block = self._read(place, size)
            else:
                size += _LENGTH.unpack_from(block)[0]
            yield bytes(block[_LENGTH.size : size])
            block, place = block[size:], place + size

    def close(self) -> None:
        """Give the room back."""
        with contextlib.suppress(OSError):  # what was not written yet has no room
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _read(self, place: int, least: int) -> memoryview:
        # Several may go through it at once: nobody relies on where the last one stopped.
        self._file.seek(place)
        return memoryview(self._file.read(max(_AHEAD, least)))
