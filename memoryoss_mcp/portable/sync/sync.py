# SPDX-License-Identifier: AGPL-3.0-only
"""Folder sync of one installation: export, import, and how things stand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

from memoryoss_mcp.model import Memory
from memoryoss_mcp.portable.spool import Spool
from memoryoss_mcp.portable.sync import chunk as chunks
from memoryoss_mcp.portable.sync import knowledge
from memoryoss_mcp.portable.sync.cipher import Ask, Cipher
from memoryoss_mcp.portable.sync.exporting import Exported, Exporter, open_for_export
from memoryoss_mcp.portable.sync.folder import PLACE, Folder, Problem, ProblemKind, SyncError
from memoryoss_mcp.portable.sync.importing import (
    ChangedMeanwhileError,
    Plan,
    Planner,
    Prepare,
    prepare_all,
)
from memoryoss_mcp.portable.sync.scan import BadChunkError, Scan
from memoryoss_mcp.portable.sync.state import digest_of
from memoryoss_mcp.portable.trust.fabric import Fabric
from memoryoss_mcp.store.store import Store
from memoryoss_mcp.store.types import ForgetReceipt, Progress

ATTEMPTS: Final = 3
"""How often an import is planned when others write to the same memories."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did, or in a dry run would do.

    ``created`` memories are new here, ``replaced`` ones are as another installation left them,
    ``merged`` ones were changed in several places. ``conflicts`` are memories whose content was
    changed in several ways, with the memories that hold the other contents: all wait for a review.
    ``forgotten`` ones were forgotten elsewhere, ``withdrawn`` ones were the other contents of
    conflicts that are over. ``receipt`` is that of their deletion. ``chunks`` counts the chunks of
    the folder that were read, none if there was nothing new.
    """

    namespace: str
    folder: Path
    dry_run: bool
    chunks: int
    created: tuple[UUID, ...]
    replaced: tuple[UUID, ...]
    merged: tuple[UUID, ...]
    conflicts: Mapping[UUID, tuple[UUID, ...]]
    forgotten: tuple[UUID, ...]
    withdrawn: tuple[UUID, ...]
    receipt: ForgetReceipt | None
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class DeviceStatus:
    """The chunks of one installation in a folder: how many, how many of them were not read yet,
    and when the last one was written. ``trusted`` says whether its signatures are good here."""

    device: str
    label: str
    own: bool
    trusted: bool
    chunks: int
    unread: int
    last_at: int


@dataclass(frozen=True, slots=True)
class SyncStatus:
    """How a namespace and a folder stand: memories that were changed or forgotten here since they
    were last exchanged, and the chunks of every installation. ``conflicts`` counts the losing sides
    of conflicts that wait for a review and are not written down yet."""

    namespace: str
    folder: Path
    changed: int
    forgotten: int
    conflicts: int
    devices: tuple[DeviceStatus, ...]
    problems: tuple[Problem, ...]


class Sync:
    """Exchanges the memories of a store through folders. ``prepare`` analyses and embeds memories
    that arrive."""

    def __init__(self, store: Store, fabric: Fabric, prepare: Prepare) -> None:
        self._store = store
        self._fabric = fabric
        self._prepare = prepare

    def export(
        self,
        folder: Path,
        namespace: str,
        *,
        encrypt: bool = False,
        ask: Ask | None = None,
        dry_run: bool = False,
        progress: Progress,
    ) -> Exported:
        """Write what the folder has not into chunks of this installation. They are encrypted if
        the namespace is sealed, if others encrypt it in this folder, or with ``encrypt``; ``ask``
        gives the passphrase.

        Raises:
            InvalidInputError: the folder is none.
            SyncError, TrustError, VaultError: nothing was exported.
        """
        place = Folder(folder, self._fabric)
        device = self._fabric.own_device()
        if device.revocation is not None:
            raise SyncError(
                f"This installation ({device.id}) is revoked. Nothing was exported.",
                hint="See 'memoryoss trust list'.",
            )
        given = None if ask is None else Cipher(ask)
        cipher = open_for_export(self._store, place, namespace, encrypt=encrypt, cipher=given)
        scan = Scan(place, namespace, cipher, progress)
        if any(problem.kind is ProblemKind.LOCKED for problem in place.problems):
            raise SyncError(
                "The passphrase is not that of the chunks in the folder. Nothing was exported.",
                hint="Give the passphrase that the other installations use.",
            )
        exporter = Exporter(self._store, self._fabric, scan, cipher, device.id, progress)
        return exporter.run(dry_run=dry_run)

    def import_(
        self,
        folder: Path,
        namespace: str,
        *,
        ask: Ask | None = None,
        dry_run: bool = False,
        progress: Progress,
    ) -> Imported:
        """Take over what other installations have changed, all of it or nothing.

        Raises:
            InvalidInputError: the folder is none.
            SyncError, VaultError: nothing was imported; there may be nothing to import.
        """
        place = Folder(folder, self._fabric)
        if not place.is_used:
            raise SyncError(
                f"There is nothing of memoryOSS in {folder}. Nothing was imported.",
                hint=f"Give the folder in which {PLACE} is; the first export makes it.",
            )
        if not self._unread(place, namespace):
            for _ in place.of(namespace):
                pass  # what was read before may be damaged since
            return _imported(place, namespace, Plan(), dry_run=dry_run)
        cipher = None if ask is None else Cipher(ask)
        for attempt in range(ATTEMPTS):
            scan, plan = self._planned(place, namespace, cipher, progress)
            if dry_run:
                return _imported(place, namespace, plan, dry_run=True, chunks=len(scan.files))
            try:
                receipt = self._carry_out(namespace, scan, plan, progress)
                break
            except ChangedMeanwhileError:
                if attempt == ATTEMPTS - 1:
                    raise
        self._note_read(place, scan)
        return _imported(
            place, namespace, plan, dry_run=False, chunks=len(scan.files), receipt=receipt
        )

    def status(self, folder: Path, namespace: str, *, progress: Progress) -> SyncStatus:
        """How a namespace and a folder stand. Nothing is written, and nothing decrypted."""
        place = Folder(folder, self._fabric)
        known = knowledge.load(self._store, namespace)
        there: set[UUID] = set()
        changed = Counter[bool]()

        def visit(memory: Memory) -> None:
            before = known.get(memory.id)
            there.add(memory.id)
            changed[before is None or before.digest != digest_of(memory)] += 1
            progress("comparing", len(there), 0)

        self._store.visit(namespace, visit)
        forgotten = sum(key not in there and k.digest is not None for key, k in known.items())
        waiting = sum(len(keys) for keys in knowledge.losers(known).values())
        return SyncStatus(
            namespace=namespace,
            folder=folder,
            changed=changed[True],
            forgotten=forgotten,
            conflicts=waiting,
            devices=self._devices(place, namespace),
            problems=tuple(place.problems),
        )

    def _planned(
        self, place: Folder, namespace: str, cipher: Cipher | None, progress: Progress
    ) -> tuple[Scan, Plan]:
        actor = chunks.device_folder(self._fabric.own_device().id)
        while True:
            scan = Scan(place, namespace, cipher, progress)
            try:
                return scan, Planner(self._store, scan, actor, progress).run()
            except BadChunkError as error:
                place.leave_out(error.file, error.message)

    def _carry_out(
        self, namespace: str, scan: Scan, plan: Plan, progress: Progress
    ) -> ForgetReceipt | None:
        if not plan.known and not plan.forgotten:
            return None
        # What is encrypted is not written anywhere in clear, not even to an unnamed file.
        secret = self._store.is_sealed(namespace) or any(file.header.cipher for file in scan.files)
        entries = Spool(secret=secret)
        prepare_all(plan, self._prepare, entries, progress)
        total = len(plan.after)

        def written(count: int) -> None:
            progress("writing", count, total)

        return self._store.merge(namespace, plan.merger(entries), written).receipt

    def _unread(self, place: Folder, namespace: str) -> bool:
        """Whether the folder has chunks of a namespace that were not read yet."""
        marks = self._store.sync_chunks(place.key)
        return any(f.header.namespace == namespace and f.name not in marks for f in place.files)

    def _note_read(self, place: Folder, scan: Scan) -> None:
        read: dict[str, bytes | None] = dict(scan.digests)
        numbers = {(f.header.device, f.header.number, f.header.namespace) for f in scan.files}
        for file in place.files:
            header = file.header
            if (header.device, header.number, header.namespace) in numbers:
                read.setdefault(file.name, b"")  # an earlier edition of what was read
        marks = self._store.sync_chunks(place.key)
        read |= dict.fromkeys(name for name in marks if name not in place.names)
        if any(marks.get(name, None) != digest for name, digest in read.items()):
            self._store.note_sync(scan.namespace, {}, place.key, read)

    def _devices(self, place: Folder, namespace: str) -> tuple[DeviceStatus, ...]:
        marks = self._store.sync_chunks(place.key)
        standings = {standing.id: standing for standing in self._fabric.identities()}
        trusted = {file.header.device for file, _ in place.of(namespace)}
        found = []
        for device in sorted({file.header.device for file in place.files}):
            files = [
                f
                for f in place.files
                if (f.header.device, f.header.namespace) == (device, namespace)
            ]
            if not files:
                continue
            standing = standings.get(device)
            found.append(
                DeviceStatus(
                    device=device,
                    label=standing.label if standing else "",
                    own=standing is not None and standing.own,
                    trusted=device in trusted,
                    chunks=len({file.header.number for file in files}),
                    unread=sum(file.name not in marks for file in files),
                    last_at=max(file.header.at for file in files),
                )
            )
        return tuple(found)


def _imported(
    place: Folder,
    namespace: str,
    plan: Plan,
    *,
    dry_run: bool,
    chunks: int = 0,
    receipt: ForgetReceipt | None = None,
) -> Imported:
    return Imported(
        namespace=namespace,
        folder=place.path,
        dry_run=dry_run,
        chunks=chunks,
        created=tuple(plan.created),
        replaced=tuple(plan.replaced),
        merged=tuple(plan.merged),
        conflicts=plan.conflicts,
        forgotten=tuple(plan.forgotten),
        withdrawn=tuple(plan.withdrawn),
        receipt=receipt,
        problems=tuple(place.problems),
    )
