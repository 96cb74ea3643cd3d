# SPDX-License-Identifier: AGPL-3.0-only
"""Which turns of conversations were extracted already, so that only what is new is read, also after
a restart.

A turn is known by its key, which stands for the conversation up to and including it. Keys are
digests in hexadecimal; nothing else is kept.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from pathlib import Path
from threading import Lock
from typing import Final

from memoryoss_proxy.slots import write_whole

MOST_TURNS: Final = 50_000


class SeenTurns:
    """The turns that were seen last, up to a number. Safe to share among threads.

    The file is one line for each key, appended to and now and then written anew. Lines that hold no
    key, such as the torn last one after a crash, are passed over. A disk that refuses is no error:
    the keys are in memory and are written with the next ones. Of several processes each knows its
    own turns and those that were in the file when it began.
    """

    def __init__(self, path: Path | None, most: int = MOST_TURNS) -> None:
        """Without a ``path``, or if it cannot be read, nothing is known at the beginning."""
        self._path = path
        self._most = most
        self._seen: OrderedDict[str, bool] = OrderedDict()
        """By last use. Whether the key may be written."""
        self._unwritten: list[str] = []
        self._lock = Lock()
        self._file_lock = Lock()
        self._lines = 0
        self._torn = False
        if path is not None:
            with contextlib.suppress(OSError):
                self._load(path)

    def first_new(self, keys: Sequence[str], *, namespace: str = "") -> int:
        """The index of the first turn of a conversation that was not seen, ``len(keys)`` if all
        were. A key that was seen stands for all before it. What one namespace has seen is new to
        every other."""
        with self._lock:
            for index in range(len(keys) - 1, -1, -1):
                key = _scoped(keys[index], namespace)
                if key in self._seen:
                    self._seen.move_to_end(key)
                    return index + 1
        return 0

    def add(self, keys: Iterable[str], *, namespace: str = "", durable: bool = True) -> None:
        """Remember turns; without ``durable`` until the process ends and nowhere but in memory.

        Raises:
            ValueError: a key is not hexadecimal. None was added.
        """
        scoped = [_scoped(key, namespace) for key in keys]
        with self._lock:
            for key in scoped:
                written = self._seen.get(key, False)
                self._seen[key] = written or durable
                self._seen.move_to_end(key)
                if durable and not written and self._path is not None:
                    self._unwritten.append(key)
            while len(self._seen) > self._most:
                self._seen.popitem(last=False)
        if self._path is not None:
            self._write(self._path)

    def __len__(self) -> int:
        """How many turns are remembered."""
        return len(self._seen)

    def _load(self, path: Path) -> None:
        data = path.read_bytes()
        lines = data.decode("ascii", "replace").splitlines()
        if data and not data.endswith(b"\n"):
            self._torn = True
            lines.pop()
        self._lines = len(lines)
        for key in lines:
            if _STORED.fullmatch(key):
                self._seen[key] = True
                self._seen.move_to_end(key)
        while len(self._seen) > self._most:
            self._seen.popitem(last=False)

    def _write(self, path: Path) -> None:
        """Append what is not in the file; write it anew when half of its lines are of no use."""
        with self._file_lock:
            with self._lock:
                keys, self._unwritten = self._unwritten[-self._most :], []
                whole = self._lines + len(keys) > 2 * self._most
                kept = [key for key, durable in self._seen.items() if durable] if whole else keys
            if not keys:
                return
            text = "".join(key + "\n" for key in kept).encode()
            try:
                path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                if whole:
                    write_whole(path, text)
                    self._lines = 0
                else:
                    _append(path, b"\n" + text if self._torn else text)
                self._lines += len(kept)
                self._torn = False
            except OSError:
                self._torn = True
                with self._lock:
                    self._unwritten[:0] = keys


def _scoped(key: str, namespace: str) -> str:
    """The key of a turn within a namespace.

    Raises:
        ValueError: it is not hexadecimal, so that it might hold what somebody said.
    """
    if not _KEY.fullmatch(key):
        raise ValueError("The key of a turn is not hexadecimal.")
    digest = blake2b(key.encode(), digest_size=16, person=b"memoryoss turn")
    digest.update(b"\0" + namespace.encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _append(path: Path, data: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
    handle = os.open(path, flags, 0o600)
    try:
        # One call, so that lines of several processes do not mix.
        if os.write(handle, data) != len(data):
            raise OSError("The disk took a part only.")
    finally:
        os.close(handle)


_KEY: Final = re.compile(r"[0-9a-f]{8,128}")
_STORED: Final = re.compile(r"[0-9a-f]{32}")
