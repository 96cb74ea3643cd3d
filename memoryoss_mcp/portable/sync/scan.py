# SPDX-License-Identifier: AGPL-3.0-only
"""What the chunks of a folder say of the memories of a namespace, without their contents: of each
memory the versions that no other one knows, and whether it is forgotten."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from memoryoss_mcp.model import Memory
from memoryoss_mcp.portable.canonical import DECODER, MalformedError
from memoryoss_mcp.portable.sync import clock as clocks
from memoryoss_mcp.portable.sync.chunk import Chunk
from memoryoss_mcp.portable.sync.cipher import Cipher, WrongPassphraseError
from memoryoss_mcp.portable.sync.clock import Clock
from memoryoss_mcp.portable.sync.folder import File, Folder, ProblemKind, SyncError
from memoryoss_mcp.portable.sync.merge import Version
from memoryoss_mcp.portable.sync.state import memory_in
from memoryoss_mcp.store.types import Progress

Place = tuple[int, int]
"""Where a record is: which chunk of a scan, which line of it."""


@dataclass(frozen=True, slots=True)
class Head:
    """A version that no other one knows, and where its state is."""

    clock: Clock
    digest: bytes
    place: Place


class BadChunkError(MalformedError):
    """A chunk was signed by somebody known, and holds something else than memories."""

    def __init__(self, file: File, message: str) -> None:
        super().__init__(message)
        self.file = file


class Scan:
    """The records of a namespace in a folder.

    ``files`` are the chunks that were read, ``digests`` those of their files by name. ``heads`` are
    the versions of each memory, ``known`` the clock that knows them all. ``holders`` says in which
    chunks there is a state of a memory.
    """

    def __init__(
        self, folder: Folder, namespace: str, cipher: Cipher | None, progress: Progress
    ) -> None:
        self.folder = folder
        self.namespace = namespace
        self.files: list[File] = []
        self.digests: dict[str, bytes] = {}
        self.heads: dict[UUID, list[Head]] = {}
        self.known: dict[UUID, Clock] = {}
        self.forgotten: set[UUID] = set()
        self.holders: dict[UUID, list[int]] = defaultdict(list)
        self._cipher = cipher
        total = sum(file.header.namespace == namespace for file in folder.files)
        for file, chunk in folder.of(namespace):
            self._add(file, chunk)
            progress("reading", len(self.files), max(total, len(self.files)))

    def knows(self, key: UUID) -> Clock:
        """The clock that knows every record of a memory."""
        return self.known.get(key, {})

    def versions(self, heads: Iterable[Head]) -> dict[Place, Version]:
        """The states of some versions, by their places.

        Raises:
            BadChunkError: one of them is no memory.
            SyncError: the folder is another one meanwhile.
        """
        wanted: dict[int, dict[int, Head]] = defaultdict(dict)
        for head in heads:
            wanted[head.place[0]][head.place[1]] = head
        found: dict[Place, Version] = {}
        for number, lines in sorted(wanted.items()):
            file = self.files[number]
            chunk = self.folder.again(file, self.digests[file.name])
            written = chunk.lines(self._cipher)
            for line, head in lines.items():
                memory = self._memory(file, written[line], head.digest)
                found[head.place] = Version(head.clock, memory, head.digest)
        return found

    def _memory(self, file: File, line: bytes, digest: bytes) -> Memory:
        try:
            fields = DECODER.decode(line.decode())
            memory = memory_in(fields["state"], digest, self.namespace)
            if fields["id"] == str(memory.id):
                return memory
        except MalformedError as error:
            raise BadChunkError(file, error.message) from None
        except (KeyError, RecursionError, TypeError, ValueError):
            pass
        raise BadChunkError(file, "It holds something else than a record.")

    def _add(self, file: File, chunk: Chunk) -> None:
        if chunk.header.cipher is not None and self._cipher is None:
            raise SyncError(
                f"{file.path} is encrypted, and there is no passphrase.",
                hint="Set MEMORYOSS_SYNC_PASSPHRASE to that of the folder.",
            )
        try:
            records = list(chunk.outlines(self._cipher))
        except WrongPassphraseError as error:
            self.folder.report(ProblemKind.LOCKED, file, error.message)
            return
        except MalformedError as error:
            self.folder.report(ProblemKind.DAMAGED, file, error.message)
            return
        number = len(self.files)
        self.files.append(file)
        self.digests[file.name] = hashlib.sha256(chunk.data).digest()
        for line, record in enumerate(records):
            key = record.id
            self.known[key] = clocks.joined(self.knows(key), record.clock)
            if record.digest is None:
                self.forgotten.add(key)
                continue
            self.holders[key].append(number)
            head = Head(record.clock, record.digest, (number, line))
            self.heads[key] = clocks.with_version(self.heads.get(key, []), head)
