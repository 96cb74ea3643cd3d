# SPDX-License-Identifier: AGPL-3.0-only
"""The file itself: made whole or not at all, checked before use, migrated with a snapshot."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import apsw

from memoryoss_mcp.errors import (
    StoreDamagedError,
    StoreError,
    StoreForeignError,
    StoreNewerError,
    StoreReadOnlyError,
)
from memoryoss_mcp.model import now
from memoryoss_mcp.store import description, drafts, schema, trust, vectors
from memoryoss_mcp.store.connection import (
    APPLICATION_ID,
    check_sqlite,
    connect,
    fetch_one,
    has_log,
    leave_log,
    translated,
    write_transaction,
)
from memoryoss_mcp.store.types import MigrationPlan


@dataclass(frozen=True, slots=True)
class Migration:
    """One step: brings a file to ``version`` from the version before, in one transaction."""

    version: int
    description: str
    apply: Callable[[apsw.Connection], None]


def _index_states(connection: apsw.Connection) -> None:
    connection.execute(schema.REVIEW_INDEX)
    connection.execute(schema.SUPERSEDED_INDEX)


def _keep_trust(connection: apsw.Connection) -> None:
    connection.execute(schema.TRUST_TABLES)
    connection.execute(schema.LEDGER_INDEX)
    for column in schema.SEALED_COLUMNS:
        connection.execute(column)
    trust.rebuild(connection)


def _keep_fabric(connection: apsw.Connection) -> None:
    connection.execute(schema.FABRIC_TABLES)


MIGRATIONS: tuple[Migration, ...] = (
    Migration(2, "indexes of what waits for review and of what was superseded", _index_states),
    Migration(3, "earlier versions, reputations of sources, centroids of namespaces", _keep_trust),
    Migration(4, "identities that sign, catalogs of them, and what was synchronised", _keep_fabric),
)
"""Steps after the first released schema, in order."""


def ensure(path: Path, model: tuple[str, str, int]) -> None:
    """Make the file if there is none: built beside its place, then moved there in one step, so
    that a crash or a second process never sees half a file."""
    check_sqlite()
    drafts.sweep(path)
    try:
        orphaned = has_log(path)  # before the file: another process may be making both
        if path.exists():
            return
        if not orphaned:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise StoreReadOnlyError(
            f"The data folder {path.parent} cannot be used ({error.strerror}).",
            hint="Choose another with --data-dir or MEMORYOSS_DATA_DIR.",
        ) from error
    if orphaned:
        raise StoreDamagedError(
            f"{path} is missing, but its log {path.name}-wal is there; it was left untouched.",
            hint="Put the file back, or move the log away to start anew.",
        )
    draft = drafts.beside(path)
    try:
        create(draft, model)
        with contextlib.suppress(FileExistsError):
            _place(draft, path)
    finally:
        drafts.discard(draft)


def create(path: Path, model: tuple[str, str, int]) -> None:
    """Make a file without memories. It is not whole before this returns: see :func:`ensure`."""
    connection = connect(path, create=True)
    try:
        with translated(path):
            connection.execute("PRAGMA auto_vacuum = NONE")
            with write_transaction(connection):
                connection.execute(schema.TABLES)
                connection.execute(schema.REVIEW_INDEX)
                connection.execute(schema.SUPERSEDED_INDEX)
                connection.execute(schema.TRUST_TABLES)
                connection.execute(schema.LEDGER_INDEX)
                connection.execute(schema.FABRIC_TABLES)
                for column in schema.SEALED_COLUMNS:
                    connection.execute(column)
                connection.execute(
                    "INSERT INTO setting VALUES('seq', 0), ('created_at', ?)", (now(),)
                )
                key = vectors.use_model(connection, *model)
                connection.execute(schema.vector_index_table(key.dimension))
                description.sign(connection)
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {schema.SCHEMA_VERSION}")
            connection.execute("PRAGMA journal_mode = WAL")
    finally:
        connection.close(True)
    if os.name == "posix":
        path.chmod(0o600)


def _place(draft: Path, path: Path) -> None:
    """Give the finished file its name unless another process was first."""
    if os.name == "nt":
        draft.rename(path)  # refuses to replace on Windows
        return
    try:
        os.link(draft, path)
    except FileExistsError:
        raise
    except OSError:
        # File systems without hard links: the gap between check and rename is microseconds.
        if path.exists():
            raise FileExistsError(path) from None
        draft.rename(path)


def check(connection: apsw.Connection, path: Path) -> int:
    """Refuse what is not ours, damaged, or newer than this release. Returns the schema version.

    Raises:
        StoreError: ``StoreDamagedError``, ``StoreForeignError`` or ``StoreNewerError``. Closing the
            connection leaves the file as it is, and its log too.
    """
    try:
        return _version(connection, path)
    except StoreError:
        leave_log(connection, path)
        raise


def _version(connection: apsw.Connection, path: Path) -> int:
    if path.stat().st_size == 0:
        raise StoreDamagedError(
            f"{path} is empty: its content was lost. It was left untouched.",
            hint="Restore a backup or a snapshot, or move the file away to start anew.",
        )
    with translated(path):
        application = connection.pragma("application_id")
        version = connection.pragma("user_version")
        tables = fetch_one(connection, "SELECT count(*) FROM sqlite_schema")
    if application != APPLICATION_ID:
        raise StoreForeignError(
            f"{path} is an SQLite database, but not a memory file; it was left untouched.",
            hint="Choose another --data-dir.",
        )
    if not isinstance(version, int) or version < 1 or tables == (0,):
        raise StoreDamagedError(f"{path} has no readable schema version; it was left untouched.")
    if version > schema.SCHEMA_VERSION:
        raise StoreNewerError(
            f"{path} was written by a newer release (schema {version}, this one knows "
            f"{schema.SCHEMA_VERSION}); it was left untouched.",
            hint="Update memoryoss-mcp.",
        )
    with translated(path):
        intact = description.is_intact(connection)
    if not intact:
        raise StoreDamagedError(
            f"The description of the tables in {path} is damaged; the file was left untouched.",
            hint="Run 'memoryoss doctor --repair': it salvages into a new file beside it.",
        )
    return version


def plan(path: Path, migrations: Sequence[Migration] | None = None) -> MigrationPlan:
    """What a migration would do."""
    steps = MIGRATIONS if migrations is None else migrations
    connection = connect(path)
    try:
        current = check(connection, path)
    finally:
        connection.close(True)
    todo = tuple(step for step in steps if step.version > current)
    target = todo[-1].version if todo else current
    return MigrationPlan(current, target, tuple(step.description for step in todo), False)


def migrate(path: Path, keep: int, migrations: Sequence[Migration] | None = None) -> MigrationPlan:
    """Bring a file to the present schema; a snapshot is taken first, all steps are one
    transaction. Returns what was done (nothing, for a file that is up to date)."""
    steps = MIGRATIONS if migrations is None else migrations
    planned = plan(path, steps)
    if not planned.steps:
        return planned
    saved = snapshot(path, planned.current)
    connection = connect(path)
    try:
        with translated(path), write_transaction(connection):
            current = connection.pragma("user_version")
            for step in steps:
                if step.version > current:
                    step.apply(connection)
                    connection.execute(f"PRAGMA user_version = {step.version}")
            description.sign(connection)
    finally:
        connection.close(True)
    _drop_old_snapshots(path, keep)
    return MigrationPlan(planned.current, planned.target, planned.steps, True, saved)


def snapshot(path: Path, version: int) -> Path:
    """A verified copy of the file in ``snapshots/``, taken while others may write."""
    folder = path.parent / "snapshots"
    folder.mkdir(mode=0o700, exist_ok=True)
    target = folder / f"{path.stem}-v{version}-{time.strftime('%Y%m%dT%H%M%S')}-{os.getpid()}.db"
    draft = drafts.beside(target)
    try:
        with contextlib.closing(connect(path)) as connection, translated(target):
            connection.execute("VACUUM INTO ?", (str(draft),))
        with contextlib.closing(connect(draft)) as copy, translated(target):
            verdict = fetch_one(copy, "PRAGMA quick_check(1)")
        if verdict != ("ok",):
            raise StoreError(
                f"The snapshot of {path} could not be verified; nothing was changed.",
                hint="Run 'memoryoss doctor'.",
            )
        try:
            drafts.place(draft, target)
        except OSError as error:
            raise StoreError(
                f"The snapshot of {path} could not be kept ({error.strerror}); nothing was changed."
            ) from error
    finally:
        drafts.discard(draft)
    return target


def snapshots(path: Path) -> tuple[Path, ...]:
    """The snapshots that we own, oldest first."""
    return tuple(sorted((path.parent / "snapshots").glob(f"{path.stem}-v*.db")))


def _drop_old_snapshots(path: Path, keep: int) -> None:
    for old in snapshots(path)[:-keep]:
        old.unlink(missing_ok=True)
