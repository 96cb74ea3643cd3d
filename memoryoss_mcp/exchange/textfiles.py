# SPDX-License-Identifier: AGPL-3.0-only
"""Text files below a folder: found in a fixed order, never through a link that leads out of it."""

from __future__ import annotations

import codecs
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.exchange.record import Skipped

MAX_FILE_BYTES: Final = 4 * 1024 * 1024
"""A larger file is no notes, and taking it apart would last minutes."""

PASSED_OVER: Final = frozenset(
    {
        ".git",
        ".hg",
        ".svn",
        ".mypy_cache",
        ".next",
        ".obsidian",
        ".pytest_cache",
        ".ruff_cache",
        ".tox",
        ".trash",
        ".venv",
        "__pycache__",
        "bower_components",
        "node_modules",
        "site-packages",
        "vendor",
        "venv",
    }
)
"""Folders that hold what others made, or what was thrown away."""


@dataclass(frozen=True, slots=True)
class TextFile:
    """A file and its name within its folder, with ``/`` between the parts."""

    path: Path
    name: str

    def text(self) -> str:
        """What is in it: UTF-8, or UTF-16 with a byte order mark.

        Raises:
            InvalidInputError: the file is no text, too large, or cannot be read.
        """
        try:
            with self.path.open("rb") as file:
                data = file.read(MAX_FILE_BYTES + 1)
        except OSError as error:
            raise InvalidInputError(f"The file cannot be read: {error.strerror}.") from error
        if len(data) > MAX_FILE_BYTES:
            raise InvalidInputError(
                f"The file has more than {MAX_FILE_BYTES // 1024 // 1024} MiB, too much to read."
            )
        wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        try:
            return data.decode("utf-16" if wide else "utf-8-sig")
        except UnicodeDecodeError as error:
            raise InvalidInputError(f"The file is not UTF-8 (byte {error.start}).") from None


def find_files(path: Path, wanted: Callable[[str], bool]) -> Iterator[TextFile | Skipped]:
    """The files below a folder whose names within it are wanted, sorted; or the file at ``path``,
    whatever its name. Of several links to one file the file itself is taken, and a link that leads
    out of the folder is reported.

    Raises:
        InvalidInputError: the path is not there or cannot be read.
    """
    if path.is_file():
        yield TextFile(path, path.name)
        return
    if not path.is_dir():
        raise InvalidInputError(f"There is no file or folder {path}.", field="path")
    root = Path(os.path.realpath(path))
    found: list[TextFile | Skipped] = []
    links: list[TextFile] = []
    for file in _files(path, root):
        if isinstance(file, Skipped):
            found.append(file)
        elif wanted(file.name):
            (links if file.path.is_symlink() else found).append(file)
    seen = {os.path.realpath(file.path) for file in found if isinstance(file, TextFile)}
    for link in sorted(links, key=lambda file: file.name):
        target = Path(os.path.realpath(link.path))
        if not target.is_relative_to(root):
            found.append(Skipped(link.name, "a link that leads out of the folder"))
        elif str(target) not in seen and target.is_file():
            seen.add(str(target))
            found.append(link)
    yield from sorted(found, key=_name)


def read_files(
    path: Path, wanted: Callable[[str], bool]
) -> Iterator[tuple[TextFile, str] | Skipped]:
    """The files that :func:`find_files` finds, with their texts; one that cannot be read is
    reported if others were asked for with it.

    Raises:
        InvalidInputError: there is no such file, or the one that was named cannot be read.
    """
    files = list(find_files(path, wanted))
    if not files:
        raise InvalidInputError(
            f"There is no file of this kind in {path}.",
            field="path",
            hint="Name the file itself if it has another name.",
        )
    for file in files:
        if isinstance(file, Skipped):
            yield file
            continue
        try:
            text = file.text()
        except InvalidInputError as error:
            if path.is_file():
                raise
            yield Skipped(file.name, str(error))
            continue
        yield file, text


def is_markdown(name: str) -> bool:
    """Whether a file is Markdown, by its name."""
    return name.lower().endswith((".md", ".markdown"))


def _name(file: TextFile | Skipped) -> str:
    return file.name if isinstance(file, TextFile) else file.place


def _files(path: Path, root: Path) -> Iterator[TextFile | Skipped]:
    errors: list[OSError] = []
    for folder, folders, names in os.walk(path, onerror=errors.append):
        here = Path(folder)
        # Junctions of Windows are no symbolic links, so that the real path is asked for.
        folders[:] = [
            name
            for name in folders
            if name.lower() not in PASSED_OVER
            and Path(os.path.realpath(here / name)).is_relative_to(root)
        ]
        for name in names:
            yield TextFile(here / name, (here / name).relative_to(path).as_posix())
    for error in errors:
        place = Path(error.filename or path)
        if place == path:
            raise InvalidInputError(f"{path} cannot be read: {error.strerror}.", field="path")
        yield Skipped(
            place.relative_to(path).as_posix(), f"the folder cannot be read: {error.strerror}"
        )
