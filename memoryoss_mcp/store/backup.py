# SPDX-License-Identifier: AGPL-3.0-only
"""Backups: the whole file as one compressed copy, made while others write, put back in one step.

A backup is the database itself as a Zstandard frame with its checksum, so that any ``zstd -d``
opens it too. It holds what was in the file, also what is forgotten later. With a passphrase the
frame is in an envelope (:mod:`memoryoss_mcp.vault.envelope`), and the key that wraps the keys of
sealed namespaces may stand before it, in a skippable frame (RFC 8878, section 3.1.2).
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import json
import os
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

import zstandard

from memoryoss_mcp.errors import (
    StoreBusyError,
    StoreDamagedError,
    StoreError,
    StoreForeignError,
    StoreNewerError,
    VaultError,
)
from memoryoss_mcp.store import doctor, drafts, file
from memoryoss_mcp.store.changes import Analyse
from memoryoss_mcp.store.connection import connect, fetch_one, translated
from memoryoss_mcp.store.sealing import Keys
from memoryoss_mcp.store.types import DoctorReport, Progress

SUFFIX: Final = ".db.zst"
SEALED_SUFFIX: Final = ".db.zst.sealed"
LEVEL: Final = 6
_BLOCK: Final = 1 << 20
_PARTS: Final = ("", "-wal", "-shm")


class BackupError(StoreError):
    """A backup could not be written. There is none under its name, and nothing was changed."""

    code = "backup_failed"


class BackupDamagedError(StoreError):
    """A file is no backup, or not a sound one. Nothing was changed."""

    code = "backup_damaged"


class StoreExistsError(StoreError):
    """There are memories where a backup should be put. Nothing was changed."""

    code = "store_exists"


class BackupSealedError(StoreError):
    """A backup is encrypted, and there is no passphrase. Nothing was changed."""

    code = "backup_sealed"


Ask = Callable[[], str]
"""Gives a passphrase when one is needed."""

PutKey = Callable[[bytes], None]
"""Puts the key of a backup in its place, or refuses."""

_SKIPPABLE: Final = 0x184D2A50
ENVELOPE_DAMAGED: Final = "envelope_damaged"


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup holds. ``bytes`` is its size, ``database_bytes`` that of the file in it, and
    ``sha256`` the digest of the latter. ``encrypted`` tells whether it needs a passphrase,
    ``key_included`` whether the key of sealed namespaces is in it."""

    path: Path
    bytes: int
    database_bytes: int
    sha256: str
    schema_version: int
    memories: int
    ledger_entries: int
    encrypted: bool = False
    key_included: bool = False


@dataclass(frozen=True, slots=True)
class Restored:
    """What was (in a dry run: would be) put in place, and where the replaced file is kept."""

    backup: Backup
    path: Path
    replaced: Path | None
    dry_run: bool


def create(
    path: Path,
    target: Path,
    progress: Progress,
    passphrase: str | None = None,
    key: bytes | None = None,
) -> Backup:
    """Write a backup of the file at ``path``; others may go on writing. What was written is read
    back and compared before it gets its name. ``key`` goes into an encrypted one only.

    Raises:
        BackupError: the target exists or cannot be written.
        StoreError: the file cannot be read, or is damaged.
    """
    if target.exists():
        raise BackupError(f"{target} exists already.", hint="Choose another name.")
    copy, draft = drafts.beside(target), drafts.beside(target)
    try:
        with _as_backup_error(target):
            with contextlib.closing(connect(path)) as source, translated(path):
                source.execute("VACUUM INTO ?", (str(copy),))
            if os.name == "posix":
                copy.chmod(0o600)
            digest = _compress(copy, draft, progress, passphrase, key)
            size, found = copy.stat().st_size, hashlib.sha256()
            with _reading(draft, None if passphrase is None else lambda: passphrase) as packed:
                for block in _decompressed(packed, size, "checking", progress):
                    found.update(block)
            if found.hexdigest() != digest or packed.key != key:
                raise BackupError(f"What was written to {target} is not what was read.")
            described = _describe(copy, draft, digest)
            drafts.place(draft, target)
    finally:
        drafts.discard(copy)
        drafts.discard(draft)
    return Backup(target, *described, passphrase is not None, key is not None)


def verify(
    source: Path,
    scratch: Path,
    model: tuple[str, str, int],
    analyse: Analyse,
    progress: Progress,
    keys: Keys | None = None,
    ask: Ask | None = None,
) -> tuple[Backup, DoctorReport]:
    """Unpack a backup into the folder ``scratch`` and check everything in it, as the doctor does.

    Raises:
        BackupDamagedError: it cannot be unpacked.
    """
    copy = scratch / "memoryoss.db"
    try:
        described, _ = _unpack(source, copy, progress, ask)
        return described, doctor.examine(copy, model, analyse, progress=progress, keys=keys)
    finally:
        drafts.discard(copy)


def restore(
    source: Path,
    path: Path,
    model: tuple[str, str, int],
    analyse: Analyse,
    progress: Progress,
    *,
    keys: Keys | None = None,
    ask: Ask | None = None,
    put_key: PutKey = lambda _: None,
    force: bool = False,
    dry_run: bool = False,
) -> Restored:
    """Put a backup in the place of the file, whole or not at all. It is unpacked beside its place
    and examined first. With ``force`` a file that is there is kept under another name. A key that
    is in it is given to ``put_key`` before, which may refuse.

    Raises:
        BackupDamagedError: the backup is not sound.
        StoreNewerError: a newer release wrote it.
        StoreExistsError: there is a file, and ``force`` was not given.
        StoreBusyError: another program has that file open.
    """
    occupied = any(Path(f"{path}{part}").exists() for part in _PARTS[:2])
    if occupied and not force and not dry_run:
        raise StoreExistsError(
            f"{path} has memories already; nothing was changed.",
            hint="Restore with --force (it keeps the present file under another name), or into "
            "another --data-dir.",
        )
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = drafts.beside(path)
    try:
        described, key = _unpack(source, draft, progress, ask)
        report = doctor.examine(draft, model, analyse, progress=progress, keys=keys)
        wrong = [finding for finding in report.findings if finding.level == "error"]
        if wrong:
            raise BackupDamagedError(f"{source} is not sound: {wrong[0].message}")
        if key is not None:
            put_key(key)
        replaced = _name_for_replaced(path) if occupied else None
        if dry_run:
            return Restored(described, path, replaced, True)
        with contextlib.closing(connect(draft)) as connection, translated(draft):
            connection.execute("PRAGMA journal_mode = WAL")
        if replaced is not None:
            _move_away(path, replaced)
        try:
            drafts.place(draft, path)
        except OSError as error:
            if replaced is not None:
                _move(replaced, path)
            raise BackupError(f"{path} cannot be written ({error.strerror}).") from error
    finally:
        drafts.discard(draft)
    return Restored(described, path, replaced, False)


@contextlib.contextmanager
def _as_backup_error(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise BackupError(f"{target} cannot be written ({reason}).") from error


def _compress(
    copy: Path, draft: Path, progress: Progress, passphrase: str | None, key: bytes | None
) -> str:
    """Compress a file, and encrypt it if wished. Returns the SHA-256 of what was in it."""
    size, digest = copy.stat().st_size, hashlib.sha256()

    def packed() -> Iterator[bytes]:
        if key is not None:
            yield _key_frame(key)
        packer = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True).compressobj(size=size)
        done = 0
        with copy.open("rb") as source:
            while block := source.read(_BLOCK):
                digest.update(block)
                yield packer.compress(block)
                done += len(block)
                progress("packing", done, size)
        yield packer.flush()

    blocks = packed()
    if passphrase is not None:
        from memoryoss_mcp.vault import envelope  # start-up time: loads cryptography

        blocks = envelope.seal(blocks, passphrase)
    with _private(draft) as out:
        for block in blocks:
            out.write(block)
        out.flush()
        os.fsync(out.fileno())
    return digest.hexdigest()


def _key_frame(key: bytes) -> bytes:
    payload = json.dumps({"name": "master.key", "key": base64.b64encode(key).decode()}).encode()
    return struct.pack("<II", _SKIPPABLE, len(payload)) + payload


def _private(path: Path) -> IO[bytes]:
    """A new file that only its owner can read."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    return os.fdopen(os.open(path, flags, 0o600), "wb")


@dataclass
class _Packed:
    """A backup being read: the Zstandard frame, and what stood before it."""

    stream: io.BufferedReader
    encrypted: bool
    key: bytes | None = None


class _Blocks(io.RawIOBase):
    """Blocks as a stream."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, target: Any) -> int:
        while not self._rest:
            block = next(self._blocks, None)
            if block is None:
                return 0
            self._rest = memoryview(block)
        count = min(len(target), len(self._rest))
        target[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


@contextlib.contextmanager
def _reading(source: Path, ask: Ask | None) -> Iterator[_Packed]:
    """A backup opened for reading, at the beginning of its Zstandard frame.

    Raises:
        BackupSealedError: it needs a passphrase, and nobody has one.
        VaultError: the passphrase is wrong.
    """
    from memoryoss_mcp.vault import envelope  # start-up time: loads cryptography

    with source.open("rb") as file_:
        encrypted = envelope.is_sealed(file_.read(8))
        file_.seek(0)
        if not encrypted:
            yield _with_key(_Packed(file_, False))
            return
        if ask is None:
            raise BackupSealedError(
                f"{source} is encrypted, and there is no passphrase.",
                hint="Set MEMORYOSS_BACKUP_PASSPHRASE.",
            )
        blocks = envelope.opened(file_, ask())
        yield _with_key(_Packed(io.BufferedReader(_Blocks(blocks), _BLOCK), True))


def _with_key(packed: _Packed) -> _Packed:
    start = packed.stream.peek(8)[:8]
    if len(start) == 8 and struct.unpack("<I", start[:4])[0] == _SKIPPABLE:
        packed.stream.read(4)
        (length,) = struct.unpack("<I", packed.stream.read(4))
        try:
            packed.key = base64.b64decode(json.loads(packed.stream.read(length))["key"])
        except (KeyError, TypeError, ValueError) as error:
            raise zstandard.ZstdError("its first frame holds no key") from error
    return packed


def _decompressed(packed: _Packed, size: int, step: str, progress: Progress) -> Iterator[bytes]:
    done = 0
    with zstandard.ZstdDecompressor().stream_reader(packed.stream, closefd=False) as unpacked:
        while block := unpacked.read(_BLOCK):
            yield block
            done += len(block)
            progress(step, done, size)
    if done != size:
        raise zstandard.ZstdError(f"{done} bytes where {size} are announced")
    if packed.stream.read(1):  # also: the last chunk of an envelope is read, and so checked
        raise zstandard.ZstdError("something follows its end")


def _unpack(
    source: Path, target: Path, progress: Progress, ask: Ask | None
) -> tuple[Backup, bytes | None]:
    """Unpack a backup into a new file. Returns also the key in it."""
    try:
        with _reading(source, ask) as packed:
            size = zstandard.frame_content_size(packed.stream.peek(32)[:32])
            if size <= 0:
                raise zstandard.ZstdError("the size of the content is not announced")
            digest = hashlib.sha256()
            with _private(target) as out:
                for block in _decompressed(packed, size, "unpacking", progress):
                    digest.update(block)
                    out.write(block)
                out.flush()
                os.fsync(out.fileno())
        described = _describe(target, source, digest.hexdigest())
    except StoreNewerError as error:
        raise StoreNewerError(
            f"{source} was written by a newer release; nothing was changed.", hint=error.hint
        ) from error
    except VaultError as error:
        if error.code != ENVELOPE_DAMAGED:
            raise
        raise BackupDamagedError(f"{source} is no sound backup: {error.message}") from error
    except (OSError, zstandard.ZstdError, StoreDamagedError, StoreForeignError) as error:
        reason = (isinstance(error, OSError) and error.strerror) or str(error)
        raise BackupDamagedError(f"{source} is no sound backup: {reason}") from error
    return Backup(source, *described, packed.encrypted, packed.key is not None), packed.key


def _describe(database: Path, packed: Path, digest: str) -> tuple[int, int, str, int, int, int]:
    with contextlib.closing(connect(database)) as connection, translated(database):
        file.check(connection, database)
        memories = fetch_one(connection, "SELECT count(*) FROM memory")[0]
        entries = fetch_one(connection, "SELECT ifnull(max(entry), 0) FROM ledger")[0]
        version = connection.pragma("user_version")
    sizes = packed.stat().st_size, database.stat().st_size
    return (*sizes, digest, int(version), memories, entries)


def _name_for_replaced(path: Path) -> Path:
    stamp = time.strftime("%Y%m%dT%H%M%S")
    return path.with_name(f"{path.stem}-replaced-{stamp}-{os.getpid()}{path.suffix}")


def _move_away(path: Path, replaced: Path) -> None:
    """Move the file to another name, with its log if it cannot be emptied (it may be damaged: that
    is when one restores).

    Raises:
        StoreBusyError: another program has it open. It stays where it is.
    """
    if path.exists():
        try:
            with contextlib.closing(connect(path)) as connection, translated(path):
                connection.set_busy_timeout(500)
                # Only the last connection may leave the WAL mode; it empties and removes the log.
                connection.execute("PRAGMA journal_mode = DELETE")
        except StoreBusyError:
            raise StoreBusyError(
                f"Another program has {path} open; nothing was changed.",
                hint="End the clients that use it, then restore again.",
            ) from None
        except StoreError:
            pass  # it cannot be read: it is moved as it is, and its log with it
    _move(path, replaced)


def _move(path: Path, target: Path) -> None:
    for part in _PARTS:
        if Path(f"{path}{part}").exists():
            Path(f"{path}{part}").replace(f"{target}{part}")
