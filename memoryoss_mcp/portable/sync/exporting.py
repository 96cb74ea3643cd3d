# SPDX-License-Identifier: AGPL-3.0-only
"""Export: what this installation has that the folder has not, as chunks of its own.

That is every memory that was changed here since it was last exchanged, every one that was forgotten
here, and whatever else the folder does not know. Chunks of this installation that hold what is
forgotten meanwhile, or hold in clear what has to be encrypted now, are written anew.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from memoryoss_mcp.model import Memory, now
from memoryoss_mcp.portable.sync import chunk as chunks
from memoryoss_mcp.portable.sync import clock as clocks
from memoryoss_mcp.portable.sync import knowledge
from memoryoss_mcp.portable.sync.chunk import GONE, Header, Record
from memoryoss_mcp.portable.sync.cipher import Cipher
from memoryoss_mcp.portable.sync.clock import Clock
from memoryoss_mcp.portable.sync.folder import (
    Draft,
    File,
    Folder,
    Problem,
    SyncError,
    first_digest,
    numbered,
)
from memoryoss_mcp.portable.sync.knowledge import Knowledge
from memoryoss_mcp.portable.sync.scan import Scan
from memoryoss_mcp.portable.sync.state import digest_of, printed, same_content, state_of
from memoryoss_mcp.portable.trust.fabric import Fabric
from memoryoss_mcp.store.store import Store
from memoryoss_mcp.store.types import Progress

MOST_RECORDS: Final = 1_000
MOST_BYTES: Final = 4 << 20
"""Records, and bytes of them, after which a chunk ends."""

_BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export wrote, or in a dry run would write.

    ``chunks`` are the new files, ``records`` counts what they say of memories that are there and
    ``forgotten`` of others. ``rewritten`` are earlier chunks of this installation that were written
    anew. ``held_by`` counts the chunks of other installations that hold what is forgotten, until
    they export themselves. ``came_back`` counts memories that are forgotten and there again: they
    are not exported, and the next import forgets them.
    """

    namespace: str
    folder: Path
    device: str
    dry_run: bool
    encrypted: bool
    records: int
    forgotten: int
    chunks: tuple[str, ...]
    rewritten: tuple[str, ...]
    held_by: Mapping[str, int]
    came_back: int
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]


@dataclass
class Selection:
    """What of a namespace is not in the folder: memories to write, and those that are forgotten
    with their clocks. ``known`` is what changes without a record."""

    writes: set[UUID]
    forgotten: dict[UUID, Clock]
    known: dict[UUID, Knowledge]
    came_back: int = 0


def select(
    store: Store, scan: Scan, known: Mapping[UUID, Knowledge], actor: str, progress: Progress
) -> Selection:
    """Compare a namespace with what is known and what the folder has."""
    found = Selection(set(), {}, {})
    there: set[UUID] = set()

    def visit(memory: Memory) -> None:
        key = memory.id
        there.add(key)
        if len(there) % _BATCH == 0:
            progress("comparing", len(there), 0)
        before = known.get(key)
        if key in scan.forgotten or (before is not None and before.digest is None):
            found.came_back += 1
            return
        clock: Clock = before.clock if before else {}
        heads = scan.heads.get(key, ())
        if before is None and not heads:
            found.writes.add(key)
            return
        digest = digest_of(memory)
        for head in heads:
            if head.digest == digest and clocks.covers(head.clock, clock):
                if before is None or before.digest != digest or before.clock != head.clock:
                    found.known[key] = Knowledge(head.clock, digest)
                return
        changed = before is None or before.digest != digest
        waits = before is not None and clocks.parent_of(clock) is not None
        if changed or not (waits or clocks.covers(scan.knows(key), clock)):
            found.writes.add(key)

    store.visit(scan.namespace, visit)
    for key, before in known.items():
        if key in there:
            continue
        if key in scan.forgotten:
            if before.digest is not None:
                clock = clocks.joined(before.clock, scan.knows(key))
                found.known[key] = Knowledge(clock, None)
        elif before.digest is None:
            found.forgotten[key] = before.clock
        else:
            seen = scan.knows(key)
            found.forgotten[key] = clocks.advanced(before.clock, actor, reworded=False, seen=seen)
    return found


class Exporter:
    """One export of a namespace to a folder."""

    def __init__(
        self,
        store: Store,
        fabric: Fabric,
        scan: Scan,
        cipher: Cipher | None,
        device: str,
        progress: Progress,
    ) -> None:
        self._store = store
        self._fabric = fabric
        self._scan = scan
        self._folder = scan.folder
        self._namespace = scan.namespace
        self._cipher = cipher
        self._device = device
        self._progress = progress
        self._drafts: list[Draft] = []
        self._known: dict[UUID, Knowledge] = {}
        self._before = knowledge.load(store, scan.namespace)
        self._marks = store.sync_chunks(scan.folder.key)
        self._written: Counter[bool] = Counter()

    def run(self, *, dry_run: bool) -> Exported:
        """Write what is missing.

        Raises:
            SyncError, TrustError, VaultError: nothing was exported.
        """
        actor = chunks.device_folder(self._device)
        selected = select(self._store, self._scan, self._before, actor, self._progress)
        gone = {
            *self._scan.forgotten,
            *selected.forgotten,
            *(key for key, known in self._before.items() if known.digest is None),
        }
        stale, held_by = self._stale(gone)
        if dry_run:
            records, forgotten = len(selected.writes), len(selected.forgotten)
            rewritten = tuple(file.name for file in stale)
        else:
            rewritten = self._carry_out(selected, gone, stale)
            records, forgotten = self._written[True], self._written[False]
        notes = []
        if (rewritten or held_by) and self._folder.in_git():
            notes.append(
                "The folder is in a git checkout: its history keeps what was taken out of chunks."
            )
        return Exported(
            namespace=self._namespace,
            folder=self._folder.path,
            device=self._device,
            dry_run=dry_run,
            encrypted=self._cipher is not None,
            records=records,
            forgotten=forgotten,
            chunks=tuple(draft.name for draft in self._drafts if draft.name not in rewritten),
            rewritten=rewritten,
            held_by=held_by,
            came_back=selected.came_back,
            problems=tuple(self._folder.problems),
            notes=tuple(notes),
        )

    def _carry_out(
        self, selected: Selection, gone: set[UUID], stale: Sequence[File]
    ) -> tuple[str, ...]:
        try:
            self._write_new(selected)
            rewritten = tuple(self._rewrite(file, gone) for file in stale)
            old: dict[str, bytes | None] = dict.fromkeys(file.name for file in stale)
            known = selected.known | self._known
            self._store.note_sync(
                self._namespace,
                {key: one.known() for key, one in known.items()},
                self._folder.key,
                {**old, **{draft.name: draft.digest for draft in self._drafts}},
                self._check_alone,
            )
            try:
                self._folder.publish(self._drafts)
            except SyncError:
                self._take_back_marks()
                raise
        finally:
            for draft in self._drafts:
                draft.discard()
        for name in (*old, *self._earlier_editions()):
            self._folder.remove(name)
        return rewritten

    def _take_back_marks(self) -> None:
        """Know nothing of chunks that did not get their names."""
        unpublished = {draft.name: None for draft in self._drafts if draft.path.exists()}
        self._store.note_sync(self._namespace, {}, self._folder.key, unpublished)

    def _check_alone(self, marks: Mapping[str, bytes]) -> None:
        if self._own(marks) != self._own(self._marks):
            raise SyncError(
                "Another export to this folder ran meanwhile. Nothing was exported.",
                hint="Export again.",
            )

    def _own(self, names: Mapping[str, bytes]) -> set[str]:
        return {n for n in names if n.startswith(f"{chunks.device_folder(self._device)}/")}

    # New chunks ---------------------------------------------------------------------------

    def _write_new(self, selected: Selection) -> None:
        marked = max(map(numbered, self._own(self._marks)), default=0)
        number = max(self._folder.last_number(self._device), marked)
        previous = self._last_digest(number)
        settings = self._settings()
        waiting: list[bytes] = []
        size = 0
        for group in self._groups(selected):
            room = sum(map(len, group))
            if waiting and (len(waiting) + len(group) > MOST_RECORDS or size + room > MOST_BYTES):
                number += 1
                previous = self._write(number, previous, waiting, settings)
                waiting, size = [], 0
            waiting += group
            size += room
        if waiting:
            self._write(number + 1, previous, waiting, settings)

    def _write(
        self,
        number: int,
        previous: str | None,
        records: Sequence[bytes],
        used: Mapping[str, Any] | None,
    ) -> str:
        header = Header(
            namespace=self._namespace,
            device=self._device,
            public_key=self._public_key(),
            number=number,
            edition=1,
            original=None,
            previous=previous,
            at=now(),
            records=len(records),
            redacted=0,
            cipher=None if self._cipher is None else self._cipher.settings(used),
        )
        data = chunks.written(header, records, self._fabric, self._cipher)
        self._drafts.append(self._folder.draft(self._device, number, data))
        return hashlib.sha256(data).hexdigest()

    def _groups(self, selected: Selection) -> Iterator[list[bytes]]:
        """The records to write, each with the losing sides of a conflict that it ends: whoever
        reads that it is over has to find them."""
        losers = knowledge.losers(self._before)
        todo = sorted({*selected.writes, *selected.forgotten})
        placed: set[UUID] = set()
        for start in range(0, len(todo), _BATCH):
            batch = todo[start : start + _BATCH]
            groups = [[key, *losers.get(key, ())] for key in batch]
            memories = self._store.get_many(
                self._namespace, [key for group in groups for key in group]
            )
            for group in groups:
                lines = [
                    line
                    for key in group
                    if key not in placed
                    and (line := self._record(key, memories.get(key), selected)) is not None
                ]
                placed.update(group)
                if lines:
                    yield lines
            self._progress("writing", start + len(batch), len(todo))

    def _record(self, key: UUID, memory: Memory | None, selected: Selection) -> bytes | None:
        if key in selected.forgotten:
            clock = selected.forgotten[key]
            self._known[key] = Knowledge(clock, None)
            self._written[False] += 1
            return Record(key, clock, b"", None).line()
        if memory is None:
            return None  # forgotten a moment ago: the next export tells
        if key not in selected.writes and self._scan.knows(key):
            return None  # the losing side of a conflict that somebody else has written down
        text, digest = printed(state_of(memory))
        actor = chunks.device_folder(self._device)
        clock = _clock(self._before.get(key), digest, actor, self._scan.knows(key))
        self._known[key] = Knowledge(clock, digest)
        self._written[True] += 1
        return chunks.record_line(key, clock, digest, text)

    # Earlier chunks -----------------------------------------------------------------------

    def _stale(self, gone: set[UUID]) -> tuple[list[File], dict[str, int]]:
        """Own chunks that have to be written anew, and how many others hold what is forgotten."""
        holding = {number for key in gone for number in self._scan.holders.get(key, ())}
        stale, others = [], Counter[str]()
        for number, file in enumerate(self._scan.files):
            own = file.header.device == self._device
            if own and (
                number in holding or (self._cipher is not None and file.header.cipher is None)
            ):
                stale.append(file)
            elif number in holding:
                others[file.header.device] += 1
        return stale, dict(sorted(others.items()))

    def _rewrite(self, file: File, gone: set[UUID]) -> str:
        """Write a chunk of this installation anew, without what is forgotten; its name."""
        chunk = self._folder.again(file, self._scan.digests[file.name])
        lines, redacted = [], chunk.header.redacted
        for record in chunk.records(self._cipher):
            if record.id in gone and record.state is not None:
                record = replace(record, digest=b"", state=None)
                redacted += 1
            lines.append(record.line())
        cipher = self._cipher
        header = replace(
            chunk.header,
            edition=chunk.header.edition + 1,
            original=first_digest(chunk.header, chunk.data),
            at=now(),
            redacted=redacted,
            cipher=None if cipher is None else cipher.settings(self._settings()),
        )
        data = chunks.written(header, lines, self._fabric, cipher)
        draft = self._folder.draft(self._device, header.number, data)
        self._drafts.append(draft)
        return draft.name

    def _earlier_editions(self) -> Iterator[str]:
        """Editions of own chunks that lie there beside a later one, brought back by a copy."""
        latest = {file.header.number: file.header.edition for file in self._own_files()}
        for file in self._folder.files:
            header = file.header
            mine = (header.device, header.namespace) == (self._device, self._namespace)
            if mine and header.edition < latest.get(header.number, 0):
                yield file.name

    def _own_files(self) -> list[File]:
        return [file for file in self._scan.files if file.header.device == self._device]

    def _last_digest(self, number: int) -> str | None:
        """What the next chunk calls the one with this number."""
        for file in self._folder.files:
            if (file.header.device, file.header.number) == (self._device, number):
                return file.header.original or hashlib.sha256(file.path.read_bytes()).hexdigest()
        return GONE if number else None

    def _settings(self) -> Mapping[str, Any] | None:
        """How an earlier chunk of this installation is encrypted."""
        found = [file.header.cipher for file in self._own_files() if file.header.cipher is not None]
        return found[-1] if found else None

    def _public_key(self) -> str:
        key = self._fabric.own_device().public_key
        return "" if key is None else key.hex()


def open_for_export(
    store: Store, folder: Folder, namespace: str, *, encrypt: bool, cipher: Cipher | None
) -> Cipher | None:
    """The cipher that an export has to use, ``None`` if it writes in clear.

    Raises:
        SyncError: it has to encrypt, and there is no passphrase.
    """
    there = any(f.header.cipher and f.header.namespace == namespace for f in folder.files)
    if not (encrypt or there or store.is_sealed(namespace)):
        return None
    if cipher is None:
        why = "is sealed" if store.is_sealed(namespace) else "is encrypted in this folder"
        raise SyncError(
            f"Namespace {namespace!r} {why}, and there is no passphrase. Nothing was exported.",
            hint="Set MEMORYOSS_SYNC_PASSPHRASE, the same on every machine.",
        )
    return cipher


def _clock(before: Knowledge | None, digest: bytes, actor: str, seen: Clock) -> Clock:
    """The clock of a memory as it is exported now."""
    reworded = before is None or not same_content(before.digest or b"", digest)
    return clocks.advanced(before.clock if before else {}, actor, reworded=reworded, seen=seen)
