# SPDX-License-Identifier: AGPL-3.0-only
"""Work on the file of a configuration as a whole, also where it cannot be opened: check, repair,
migrate, back up, restore."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from memoryoss_mcp.config import Config
from memoryoss_mcp.embed import find_model
from memoryoss_mcp.errors import StoreError, VaultError
from memoryoss_mcp.lifecycle.keys import LazyRing
from memoryoss_mcp.recall import checkup
from memoryoss_mcp.recall.indexing import document_terms
from memoryoss_mcp.runtime import UNUSABLE, Runtime
from memoryoss_mcp.store import backup, doctor, file
from memoryoss_mcp.store.backup import Ask, Backup, Restored
from memoryoss_mcp.store.types import DoctorReport, MigrationPlan, Progress
from memoryoss_mcp.vault import keyfile
from memoryoss_mcp.vault.providers import KEY_FILE


def examine(
    config: Config, *, repair: bool = False, progress: Progress | None = None
) -> DoctorReport:
    """Check the memory file of a configuration, even one that cannot be opened; ``repair`` rebuilds
    what is derived and salvages a damaged file into a new one beside it."""
    return doctor.examine(
        config.store_path,
        _model(config),
        document_terms,
        repair=repair,
        progress=progress,
        keys=LazyRing(config),
    )


def check_up(
    config: Config, *, repair: bool = False, progress: Progress | None = None
) -> DoctorReport:
    """:func:`examine`, then look whether the model's files are whole, whether memories wait for
    their vectors (``repair`` makes them), and whether a memory can be stored, recalled and
    forgotten. The trial memory has a namespace of its own and leaves two ledger entries."""
    report = examine(config, repair=repair, progress=progress)
    model = checkup.check_model(config, find_model(config.embeddings.model))
    if not config.store_path.exists():
        return DoctorReport((*report.findings, model))
    reason = UNUSABLE
    if report.healthy:
        try:
            with Runtime.open(config, client="doctor") as runtime:
                return runtime.checked(report, repair=repair, progress=progress or _silent)
        except StoreError as error:
            reason = str(error)
    return DoctorReport((*report.findings, model, checkup.skipped(reason)))


def _silent(_step: str, _done: int, _total: int) -> None:
    """Progress that nobody watches."""


def migrate(config: Config, *, dry_run: bool = False) -> MigrationPlan:
    """Bring the memory file of a configuration to the present schema, after a snapshot."""
    if dry_run:
        return file.plan(config.store_path)
    return file.migrate(config.store_path, config.storage.keep_snapshots)


def back_up(
    config: Config,
    target: Path,
    *,
    progress: Progress | None = None,
    passphrase: str | None = None,
    include_key: bool = False,
) -> Backup:
    """Write a compressed copy of the memory file of a configuration to ``target`` (or, if that is a
    folder, to a new name in it), verified, while others may write. With a ``passphrase`` it is
    encrypted, and may hold the key that wraps the keys of sealed namespaces.

    Raises:
        StoreError, VaultError: no backup was written.
    """
    if include_key and passphrase is None:
        raise VaultError(
            "A key beside what it opens protects nothing: it goes into an encrypted backup only.",
            hint="Give --passphrase too.",
        )
    key = _master_key(config) if include_key else None
    if not config.store_path.exists():
        raise StoreError(f"There are no memories at {config.store_path} to back up.")
    if target.is_dir():
        stamp = time.strftime("%Y%m%dT%H%M%S")
        suffix = backup.SUFFIX if passphrase is None else backup.SEALED_SUFFIX
        target = target / f"{config.store_path.stem}-{stamp}{suffix}"
    return backup.create(config.store_path, target, progress or _silent, passphrase, key)


def _master_key(config: Config) -> bytes:
    path = config.keys_dir / KEY_FILE
    try:
        return keyfile.read(path)
    except OSError as error:
        raise VaultError(
            f"There is no key to include: {path} cannot be read ({error.strerror}).",
            hint="Only the local key file can be included; leave --include-key out.",
        ) from error


def verify_backup(
    config: Config,
    source: Path,
    *,
    progress: Progress | None = None,
    ask: Ask | None = None,
) -> tuple[Backup, DoctorReport]:
    """Unpack a backup into a temporary folder and check everything in it.

    Raises:
        StoreError: it cannot be unpacked.
    """
    with tempfile.TemporaryDirectory(prefix="memoryoss-") as scratch:
        return backup.verify(
            source,
            Path(scratch),
            _model(config),
            document_terms,
            progress or _silent,
            LazyRing(config),
            ask,
        )


def restore(
    config: Config,
    source: Path,
    *,
    force: bool = False,
    dry_run: bool = False,
    progress: Progress | None = None,
    ask: Ask | None = None,
) -> Restored:
    """Put a backup in the place of the memory file of a configuration, whole or not at all; see
    :func:`memoryoss_mcp.store.backup.restore`. Its ledger is signed as it is."""
    restored = backup.restore(
        source,
        config.store_path,
        _model(config),
        document_terms,
        progress or _silent,
        keys=LazyRing(config),
        ask=ask,
        put_key=lambda key: _put_key(config, key, force=force, dry_run=dry_run),
        force=force,
        dry_run=dry_run,
    )
    if not dry_run:
        with Runtime.open(config, client="restore") as runtime:
            runtime.sign_ledger()
    return restored


def _put_key(config: Config, key: bytes, *, force: bool, dry_run: bool) -> None:
    keyfile.install(config.keys_dir / KEY_FILE, key, force=force, dry_run=dry_run)


def _model(config: Config) -> tuple[str, str, int]:
    spec = find_model(config.embeddings.model)
    return spec.name, spec.revision, spec.dimension
