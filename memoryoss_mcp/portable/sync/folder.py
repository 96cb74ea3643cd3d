# SPDX-License-Identifier: AGPL-3.0-only
"""The folder: ``memoryoss-sync/FINGERPRINT/NUMBER-DIGEST.chunk``, a folder for each installation.

Whatever lies there was written by others or by nobody knows whom. What cannot be read, is not
signed by somebody known or is not in its place is a problem that is told; the rest goes on.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from memoryoss_mcp.errors import InvalidInputError, MemoryOSSError
from memoryoss_mcp.portable.canonical import MalformedError
from memoryoss_mcp.portable.sync import chunk as chunks
from memoryoss_mcp.portable.sync.chunk import GONE, Chunk, Header
from memoryoss_mcp.portable.trust.decision import TrustStatus
from memoryoss_mcp.portable.trust.fabric import Fabric
from memoryoss_mcp.portable.trust.identity import Kind, registration

PLACE: Final = "memoryoss-sync"
_DEVICE: Final = re.compile("[0-9a-f]{32}")


class SyncError(MemoryOSSError):
    """Memories could not be exchanged. Neither the folder nor the memory was changed."""

    code = "sync_refused"


class ProblemKind(StrEnum):
    """What is wrong with a chunk, or with a row of them."""

    UNKNOWN = "unknown_device"
    REVOKED = "revoked_device"
    DAMAGED = "damaged"
    MISPLACED = "misplaced"
    MISSING = "missing"
    CHAIN = "broken_chain"
    TWICE = "written_twice"
    LOCKED = "locked"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that was found in the folder. ``file`` is its name below the folder of chunks,
    empty where it is about several; ``command`` is what may put it right."""

    kind: ProblemKind
    device: str
    file: str
    message: str
    command: str | None = None


@dataclass(frozen=True, slots=True)
class File:
    """A chunk in its place, by what its name and header claim."""

    name: str
    path: Path
    digits: str
    header: Header


@dataclass(frozen=True, slots=True)
class Draft:
    """A chunk that is written and has not its name yet. ``digest`` is that of the file."""

    name: str
    digest: bytes
    path: Path

    def discard(self) -> None:
        """Remove it, if it is still there."""
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)


class Folder:
    """The chunks that lie in a folder. ``files`` are those with a header, by installation and
    number; ``names`` has every file."""

    def __init__(self, path: Path, fabric: Fabric) -> None:
        if not path.is_dir():
            raise InvalidInputError(
                f"{path} is not a folder.",
                field="folder",
                hint="Make it first, or see whether the drive or checkout is there.",
            )
        self.path = path
        self.key = str(path.resolve())
        self.problems: list[Problem] = []
        self.names: set[str] = set()
        self._place = path / PLACE
        self._fabric = fabric
        self._ignored: set[str] = set()
        self._left_out: set[str] = set()
        self.files: list[File] = list(self._listed())
        self._check_chains()

    @property
    def is_used(self) -> bool:
        """Whether there is a place for chunks in it, with or without any."""
        return self._place.is_dir()

    def of(self, namespace: str) -> Iterator[tuple[File, Chunk]]:
        """The chunks of a namespace that are signed by installations which are known here: of each
        number the latest edition that is sound."""
        numbers: dict[tuple[str, int], list[File]] = defaultdict(list)
        for file in self.files:
            if file.header.namespace == namespace and file.name not in self._left_out:
                numbers[file.header.device, file.header.number].append(file)
        for files in numbers.values():
            sound = 0
            for edition in sorted({file.header.edition for file in files}, reverse=True):
                for file in files:
                    if file.header.edition == edition and (chunk := self._opened(file)) is not None:
                        sound += 1
                        yield file, chunk
                if sound:
                    break
            if sound > 1:
                self.report(
                    ProblemKind.TWICE,
                    files[0],
                    f"There are two chunks {files[0].header.number} of one installation: its "
                    "memory file was restored from a backup, or its key is in use twice. Both "
                    "were read.",
                )

    def again(self, file: File, digest: bytes) -> Chunk:
        """A chunk that :meth:`of` has given, with the digest that its file had then.

        Raises:
            SyncError: it is not there any more as it was.
        """
        try:
            data = file.path.read_bytes()
        except OSError:
            data = b""
        if hashlib.sha256(data).digest() != digest:
            raise SyncError(
                f"{file.path} was changed while it was read. Nothing was imported.",
                hint="Try again when nobody else writes to the folder.",
            )
        return chunks.read(data)

    def draft(self, device: str, number: int, data: bytes) -> Draft:
        """Write a chunk of this installation under a name that nobody reads yet.

        Raises:
            SyncError: the folder cannot be written.
        """
        own = self._place / chunks.device_folder(device)
        draft = Draft(
            f"{own.name}/{chunks.name_of(number, data)}",
            hashlib.sha256(data).digest(),
            own / f".{number:08d}-{secrets.token_hex(8)}.tmp",
        )
        try:
            own.mkdir(parents=True, exist_ok=True)
            with draft.path.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            draft.discard()
            raise _unwritable(own, error) from error
        return draft

    def publish(self, drafts: Sequence[Draft]) -> None:
        """Give drafts the names under which everybody reads them, in their order.

        Raises:
            SyncError: the folder cannot be written.
        """
        for draft in drafts:
            target = self._place / draft.name
            try:
                draft.path.replace(target)
                _settle(target.parent)
            except OSError as error:
                raise _unwritable(target.parent, error) from error

    def remove(self, name: str) -> None:
        """Remove a chunk that a later edition replaces, if it is there."""
        with contextlib.suppress(OSError):
            (self._place / name).unlink(missing_ok=True)

    def report(self, kind: ProblemKind, file: File, message: str) -> None:
        """Note what is wrong with a chunk."""
        self._report(kind, file.header.device, file.name, message)

    def leave_out(self, file: File, message: str) -> None:
        """Read a chunk no more that holds something else than it should."""
        self.report(ProblemKind.DAMAGED, file, message)
        self._left_out.add(file.name)

    def last_number(self, device: str) -> int:
        """The largest number in the folder of an installation, 0 if there is none."""
        own = chunks.device_folder(device)
        found = [numbered(name) for name in self.names if name.startswith(f"{own}/")]
        return max(found, default=0)

    def in_git(self) -> bool:
        """Whether the folder is in a git checkout, whose history keeps what is taken out."""
        return any((place / ".git").exists() for place in Path(self.key, "here").parents)

    def _listed(self) -> Iterator[File]:
        if not self._place.is_dir():
            return
        for folder in sorted(self._place.iterdir()):
            if not _DEVICE.fullmatch(folder.name) or not folder.is_dir():
                continue
            for path in sorted(folder.iterdir()):
                if path.name.startswith("."):
                    continue
                name = f"{folder.name}/{path.name}"
                self.names.add(name)
                found = self._listed_file(folder.name, name, path)
                if found is not None:
                    yield found

    def _listed_file(self, folder: str, name: str, path: Path) -> File | None:
        device, parsed = chunks.device_of(folder), chunks.parse_name(path.name)
        if parsed is None:
            self._report(ProblemKind.MISPLACED, device, name, "It has not the name of a chunk.")
            return None
        try:
            with path.open("rb") as file:
                line, found, _ = file.read(chunks.LONGEST_HEADER).partition(b"\n")
            if not found:
                raise MalformedError("It is not all there.")
            header = chunks.read_header(line)
        except (OSError, MalformedError) as error:
            message = error.message if isinstance(error, MalformedError) else str(error.strerror)
            self._report(ProblemKind.DAMAGED, device, name, message)
            return None
        if (header.device, header.number) != (device, parsed[0]):
            message = f"It is chunk {header.number} of {header.device}, and not what its name says."
            self._report(ProblemKind.MISPLACED, device, name, message)
            return None
        return File(name, path, parsed[1], header)

    def _opened(self, file: File) -> Chunk | None:
        """A chunk, if it is sound and its signer known."""
        device = file.header.device
        if device in self._ignored:
            return None
        try:
            if file.path.stat().st_size > chunks.LARGEST:
                raise MalformedError(f"It has more than {chunks.LARGEST >> 20} MiB.")
            data = file.path.read_bytes()
            if not hashlib.sha256(data).hexdigest().startswith(file.digits):
                raise MalformedError("Its bytes are not those that its name stands for.")
            chunk = chunks.read(data)
        except (OSError, MalformedError) as error:
            message = error.message if isinstance(error, MalformedError) else str(error.strerror)
            self.report(ProblemKind.DAMAGED, file, message)
            return None
        decision = chunks.decide(chunk, self._fabric)
        if decision.verified:
            return chunk
        if decision.status is TrustStatus.UNKNOWN:
            self._ignored.add(device)
            self._report(
                ProblemKind.UNKNOWN,
                device,
                "",
                "Nobody here knows this installation; nothing of it was read. If it is yours:",
                registration(Kind.DEVICE, "NAME", file.header.public_key),
            )
        elif decision.status is TrustStatus.REVOKED:
            self._ignored.add(device)
            self._report(ProblemKind.REVOKED, device, "", decision.reason)
        else:
            self.report(ProblemKind.DAMAGED, file, decision.reason)
        return None

    def _check_chains(self) -> None:
        """Whether chunks are missing, by their numbers and by what they say of those before."""
        devices: dict[str, dict[int, list[File]]] = defaultdict(lambda: defaultdict(list))
        for file in self.files:
            devices[file.header.device][file.header.number].append(file)
        for device, numbers in devices.items():
            own = chunks.device_folder(device)
            there = {numbered(name) for name in self.names if name.startswith(f"{own}/")}
            anew = [n for n, files in numbers.items() for f in files if f.header.previous == GONE]
            first = max(anew, default=1)
            missing = [str(n) for n in range(first, max(numbers)) if n not in there]
            if missing:
                shown = ", ".join(missing[:10]) + (" …" if len(missing) > 10 else "")
                message = f"Chunks are missing: {shown}. Later ones were read all the same."
                self._report(ProblemKind.MISSING, device, "", message)
            for number, files in numbers.items():
                before = numbers.get(number - 1, ())
                if number - 1 in there and not before:
                    continue  # it is there and damaged, which is told
                for file in files:
                    if not _follows(file.header, before):
                        self.report(
                            ProblemKind.CHAIN,
                            file,
                            f"Chunk {number} follows another chunk {number - 1} than is here.",
                        )

    def _report(
        self, kind: ProblemKind, device: str, name: str, message: str, command: str | None = None
    ) -> None:
        problem = Problem(kind, device, name, message, command)
        if problem not in self.problems:
            self.problems.append(problem)


def numbered(name: str) -> int:
    """The number in the name of a chunk, 0 if it is none."""
    parsed = chunks.parse_name(name.rpartition("/")[2])
    return parsed[0] if parsed else 0


def first_digest(header: Header, data: bytes) -> str:
    """What the next chunk calls a chunk: the digest of its first edition."""
    return header.original or hashlib.sha256(data).hexdigest()


def _unwritable(folder: Path, error: OSError) -> SyncError:
    return SyncError(
        f"{folder} cannot be written ({error.strerror}).",
        hint="Export again when it can: what is not there yet is written then.",
    )


def _follows(header: Header, before: Sequence[File]) -> bool:
    if header.number == 1 or header.previous is None:
        return (header.number == 1) == (header.previous is None)
    if header.previous == GONE:
        return True
    starts = {(f.header.original or f.digits)[:12] for f in before}
    return not before or header.previous[:12] in starts


def _settle(folder: Path) -> None:
    """Make the names in a folder durable, where the system has a way to."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
