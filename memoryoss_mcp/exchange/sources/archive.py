# SPDX-License-Identifier: AGPL-3.0-only
"""The files of a data export: a folder, a zip file, or one of its files alone. Nothing is unpacked
to disk, no name leads out of it, and no file may unfold to more than it can have been."""

from __future__ import annotations

import contextlib
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final, Protocol

from memoryoss_mcp.errors import InvalidInputError

MOST_FILES: Final = 100_000
MOST_BYTES: Final = 1 << 33
"""Bytes of one file, unpacked (8 GiB)."""
HARMLESS_BYTES: Final = 1 << 26
"""Bytes (64 MiB) up to which it does not matter how far a file unfolds."""
MOST_RATIO: Final = 200
"""How many times its packed size a larger file may have. Text unfolds 3 to 20 times."""


class Archive(Protocol):
    """The files of an export by their names, with ``/`` between folders."""

    def names(self) -> list[str]:
        """The names, sorted."""

    def open(self, name: str) -> contextlib.AbstractContextManager[IO[bytes]]:
        """One file.

        Raises:
            InvalidInputError: it cannot be read.
        """


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Archive]:
    """The files of an export.

    Raises:
        InvalidInputError: it cannot be read, or is a zip file that is not what it seems.
    """
    try:
        if path.is_dir():
            yield _Folder(path)
        elif zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as file:
                yield _Zip(file, path.name)
        elif path.is_file():
            yield _Single(path)
        else:
            raise InvalidInputError(f"There is no {path}.", field="path")
    except OSError as error:
        raise InvalidInputError(
            f"{path} cannot be read: {error.strerror or error}.", field="path"
        ) from error
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise InvalidInputError(
            f"{path} is damaged, or packed in a way that cannot be read ({error}).", field="path"
        ) from error


class _Folder:
    def __init__(self, path: Path) -> None:
        self._path = path.resolve()

    def names(self) -> list[str]:
        found = []
        for file in self._path.rglob("*.json"):
            if file.is_file() and file.resolve().is_relative_to(self._path):
                found.append(file.relative_to(self._path).as_posix())
            if len(found) > MOST_FILES:
                raise _too_many(self._path.name)
        return sorted(found)

    def open(self, name: str) -> contextlib.AbstractContextManager[IO[bytes]]:
        return (self._path / name).open("rb")


class _Single:
    def __init__(self, path: Path) -> None:
        self._path = path

    def names(self) -> list[str]:
        return [self._path.name]

    def open(self, _name: str) -> contextlib.AbstractContextManager[IO[bytes]]:
        return self._path.open("rb")


class _Zip:
    def __init__(self, file: zipfile.ZipFile, name: str) -> None:
        self._file = file
        if len(file.infolist()) > MOST_FILES:
            raise _too_many(name)

    def names(self) -> list[str]:
        names = (info.filename for info in self._file.infolist() if not info.is_dir())
        return sorted(name for name in names if _is_inside(name) and name.endswith(".json"))

    def open(self, name: str) -> contextlib.AbstractContextManager[IO[bytes]]:
        info = self._file.getinfo(name)
        if info.flag_bits & 1:
            raise InvalidInputError(
                f"{name} is encrypted.", field="path", hint="Unpack it, and import the folder."
            )
        # The size that is claimed is where reading ends, so that it need not be counted again.
        unfolds = info.file_size > MOST_RATIO * max(info.compress_size, 1)
        if info.file_size > MOST_BYTES or (info.file_size > HARMLESS_BYTES and unfolds):
            raise InvalidInputError(
                f"{name} would unfold from {info.compress_size} to {info.file_size} bytes, as no "
                "export does.",
                field="path",
                hint="If you trust it, unpack it, and import the folder.",
            )
        return self._file.open(info)


def _is_inside(name: str) -> bool:
    parts = name.replace("\\", "/").split("/")
    return bool(parts[0]) and ".." not in parts and ":" not in parts[0]


def _too_many(name: str) -> InvalidInputError:
    return InvalidInputError(f"{name} has more than {MOST_FILES} files.", field="path")
