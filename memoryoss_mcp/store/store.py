# SPDX-License-Identifier: AGPL-3.0-only
"""The store: one SQLite file behind a small face that is free of SQL."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import apsw

from memoryoss_mcp.errors import StoreClosedError, VaultError
from memoryoss_mcp.model import Change, Memory, now
from memoryoss_mcp.store import (
    changes,
    counting,
    fabric,
    file,
    forgetting,
    intake,
    ledger,
    lexical,
    listing,
    residue,
    rows,
    schema,
    syncing,
    undoing,
    upkeep,
    vectors,
)
from memoryoss_mcp.store.changes import Again, Analyse, Entry, Link, Rule
from memoryoss_mcp.store.connection import (
    close_busy,
    connect,
    fetch_one,
    translated,
    write_transaction,
)
from memoryoss_mcp.store.custodian import Custodian
from memoryoss_mcp.store.forgetting import Chosen
from memoryoss_mcp.store.head import HeadKeeper
from memoryoss_mcp.store.intake import Arrivals, Taken
from memoryoss_mcp.store.ledger import LedgerReport
from memoryoss_mcp.store.reading import Reading
from memoryoss_mcp.store.residue import Erasure, Gone
from memoryoss_mcp.store.sealing import Keys
from memoryoss_mcp.store.types import (
    ForgetReceipt,
    ForgetRequest,
    Stored,
    StoreStatus,
    UndoReceipt,
    UndoRequest,
    Updated,
)
from memoryoss_mcp.store.undoing import Protects
from memoryoss_mcp.store.vectors import EmbeddingModel
from memoryoss_mcp.store.writer import Writer

if TYPE_CHECKING:
    from memoryoss_mcp.store.search import Searcher


class Store(Reading):
    """All memories of one file. Thread-safe; several processes may open the same file.

    ``model`` is (name, revision, dimension) of the embedding model in use. ``analyse`` gives the
    lexical terms of a memory; ``subject`` names who writes, for the ledger, whose head is signed
    with a key in the folder ``signing`` (without one it is not). ``keys`` opens sealed namespaces;
    with ``seal_new`` every namespace that is made is one.

    Raises:
        StoreError: the file is foreign, newer, damaged or cannot be used. It is left untouched.
    """

    def __init__(
        self,
        path: Path,
        *,
        model: tuple[str, str, int],
        analyse: Analyse,
        subject: str,
        signing: Path | None = None,
        keys: Keys | None = None,
        seal_new: bool = False,
        keep_snapshots: int = 3,
        max_forget: int = 10_000,
    ) -> None:
        self.path = path
        self.subject = subject
        self._analyse = analyse
        self._max_forget = max_forget
        self._local = threading.local()
        self._readers: list[apsw.Connection] = []
        self._guard = threading.Lock()
        self._forgetting = threading.Lock()
        self._writer: Writer | None = None
        self._searcher: Searcher | None = None
        self._closed = False
        self.custodian = Custodian(path, self._write, self._reading, keys, subject)
        self._head = HeadKeeper(path, signing) if signing is not None else None
        self._keys = keys
        self._seal_new = seal_new
        file.ensure(path, model)
        connection = self._reader()
        if file.check(connection, path) < schema.SCHEMA_VERSION:
            file.migrate(path, keep_snapshots)
        with translated(path):
            present = vectors.current_model(connection)
        if present is None or (present.name, present.revision, present.dimension) != model:
            present = self._write(lambda c: self._switch_model(c, model))
        self.model: EmbeddingModel = present

    def close(self) -> None:
        """Finish queued writes and release the file. Harmless when closed already."""
        with self._guard:
            self._closed = True
            writer, self._writer = self._writer, None
            searcher, self._searcher = self._searcher, None
            readers, self._readers = self._readers, []
        if writer is not None:
            writer.close()
        if searcher is not None:
            searcher.close()
        for reader in readers:
            close_busy(reader)

    # Writing ------------------------------------------------------------------------------

    def insert(
        self,
        entries: Sequence[Entry],
        link: Link | None = None,
        again: Again = changes.nothing_new,
    ) -> list[Stored]:
        """Store new memories in one transaction, tied by ``link`` to what is known; ``again`` tells
        what becomes of a memory that is said once more. They are durable when this returns."""
        if self._seal_new:
            self.custodian.seal_new({entry.memory.namespace for entry in entries})
        stored: list[Stored] = self._write(
            lambda c: changes.insert(c, self.model, entries, self.subject, link, again)
        )
        return stored

    def update(
        self,
        change: Change,
        vector: bytes | None,
        allow: Callable[[Memory], None] = lambda _: None,
        link: Link | None = None,
    ) -> Updated:
        """Change a memory. ``vector`` belongs to the new content, if that is given; ``allow``
        raises an error, inside the transaction, for a memory that may not be changed; ``link`` may
        tie new content to what is known.

        Raises:
            NotFoundError, ConflictError: nothing was changed.
        """
        updated: Updated = self._write(
            lambda c: changes.update(
                c, self.model, change, self._analyse, vector, self.subject, allow, link
            )
        )
        return updated

    def amend(self, namespace: str, rule: Rule, action: str) -> list[Memory]:
        """Let a rule change the states of memories and add new ones in one transaction; see
        :data:`Rule`. Returns them as they are now."""
        changed: list[Memory] = self._write(
            lambda c: changes.amend(c, self.model, namespace, rule, action, self.subject)
        )
        return changed

    def take(
        self,
        namespace: str,
        arrivals: Arrivals,
        action: str,
        progress: Callable[[int], None],
        *,
        into_empty: bool = False,
    ) -> Taken:
        """Write what arrives from elsewhere, all of it in one transaction or nothing; see
        :func:`memoryoss_mcp.store.intake.take`."""
        if self._seal_new:
            self.custodian.seal_new({namespace})
        taken: Taken = self._write(
            lambda c: intake.take(
                c,
                self.model,
                namespace,
                arrivals,
                self._analyse,
                self.subject,
                action,
                progress,
                into_empty=into_empty,
            )
        )
        return taken

    def merge(
        self, namespace: str, merger: syncing.Merger, progress: Callable[[int], None]
    ) -> syncing.Merged:
        """Carry out what an import of other installations' changes does, in one transaction; see
        :mod:`memoryoss_mcp.store.syncing`."""
        if self._seal_new:
            self.custodian.seal_new({namespace})
        with self._forgetting:
            taken, chosen, gone = self._write(
                lambda c: syncing.merge(
                    c, self.model, namespace, merger, self._analyse, self.subject, progress
                )
            )
            erasure = residue.erase(self.path, gone) if gone else None
        request = syncing.request_for(namespace, merger)
        receipt = forgetting.receipt(request, chosen, erasure) if chosen is not None else None
        return syncing.Merged(taken, receipt)

    def note_sync(
        self,
        namespace: str,
        known: syncing.States,
        folder: str,
        read: syncing.Chunks,
        check: Callable[[Mapping[str, bytes]], None] = lambda _: None,
    ) -> None:
        """See :func:`memoryoss_mcp.store.syncing.note`."""
        self._write(lambda c: syncing.note(c, namespace, known, folder, read, check))

    def forget(self, request: ForgetRequest) -> ForgetReceipt:
        """Delete memories and prove that their bytes are gone. Whatever fails after the deletion is
        told in the receipt.

        Raises:
            EmptySelectorError: the request names nothing.
            LimitExceededError: it names too many at once; nothing was deleted.
        """
        forgetting.check(request)
        if request.dry_run:
            with self._reading() as connection:
                chosen = forgetting.choose(connection, request, self._max_forget)
                folders = syncing.exchanged(connection, request.namespace, chosen)
            return forgetting.receipt(request, chosen, folders=folders)

        def delete(connection: apsw.Connection) -> tuple[Chosen, Gone | None, tuple[str, ...]]:
            chosen, gone = forgetting.delete(
                connection, self.model, request, self._max_forget, self._analyse, self.subject
            )
            return chosen, gone, syncing.exchanged(connection, request.namespace, chosen)

        with self._forgetting:
            chosen, gone, folders = self._write(delete)
            erasure = residue.erase(self.path, gone) if gone else None
        return forgetting.receipt(request, chosen, erasure, folders)

    def undo(self, request: UndoRequest, protects: Protects) -> UndoReceipt:
        """Undo what an origin wrote, except where ``protects`` says no. What follows a deletion
        follows here too.

        Raises:
            EmptySelectorError: the request names nothing.
        """
        undoing.check(request)
        if request.dry_run:
            with self._reading() as connection:
                return undoing.receipt(request, undoing.plan(connection, request, protects))
        with self._forgetting:
            todo, gone = self._write(
                lambda c: undoing.apply(
                    c, self.model, request, protects, self._analyse, self.subject
                )
            )
            erasure = residue.erase(self.path, gone) if gone else None
        return undoing.receipt(request, todo, erasure)

    def keep_certificate(self, certificate_id: UUID, namespace: str, document: str) -> None:
        """Keep the certificate of a deletion."""
        self._write(
            lambda c: c.execute(
                "INSERT INTO certificate VALUES(?,?,?,?)",
                (certificate_id.bytes, now(), namespace, document),
            )
        )

    def edit_registry(self, rule: fabric.Rule) -> tuple[fabric.Edit, ...]:
        """Change the registry of who signs, in one transaction; see
        :func:`memoryoss_mcp.store.fabric.edit`."""
        edits: tuple[fabric.Edit, ...] = self._write(lambda c: fabric.edit(c, rule, self.subject))
        return edits

    def finish_erasures(self) -> Erasure | None:
        """Take up the erasures that a kill interrupted, if any; may rewrite the file."""
        with self._forgetting:
            return residue.finish(self.path)

    def fill_vectors(self, filled: Sequence[tuple[int, str, bytes]]) -> int:
        """Give pending memories (row key, content hash, vector) their vectors."""
        count: int = self._write(lambda c: changes.fill_vectors(c, self.model, filled))
        return count

    def note_read(self, action: str, namespace: str, memory: UUID | None) -> None:
        """Record in the ledger that something is read; durable when this returns."""
        self._write(lambda c: ledger.append(c, action, namespace, self.subject, memory, 0))

    def note_injections(
        self, namespace: str, injected: Mapping[UUID, int], used: Mapping[UUID, int]
    ) -> None:
        """See :func:`memoryoss_mcp.store.counting.note_injections`."""
        self._write(lambda c: counting.note_injections(c, namespace, injected, used))

    def claim_upkeep(self, kind: str, every_ns: int) -> bool:
        """See :func:`memoryoss_mcp.store.upkeep.claim`."""
        claimed: bool = self._write(lambda c: upkeep.claim(c, kind, every_ns))
        return claimed

    def finish_upkeep(self, kind: str, changed: int, error: str | None) -> None:
        """See :func:`memoryoss_mcp.store.upkeep.finish`."""
        self._write(lambda c: upkeep.finish(c, kind, changed, error))

    def remove_empty_namespace(self, name: str) -> None:
        """Take a namespace without memories out of the list. What was in it stays in the ledger."""
        self._write(lambda c: changes.remove_empty_namespace(c, name))

    # The whole file -----------------------------------------------------------------------

    def unmerge(self, namespace: str, memory_id: UUID) -> tuple[Memory, ...]:
        """Undo a consolidation: its sources come back as they were, the merged memory goes.
        Returns the sources.

        Raises:
            NotFoundError: the namespace has no such memory.
            InvalidInputError: it was not made of others.
        """
        restored: tuple[Memory, ...] = self._write(
            lambda c: undoing.unmerge(
                c, self.model, namespace, memory_id, self._analyse, self.subject
            )
        )
        return restored

    def searcher(self) -> Searcher:
        """The index in memory; the first call imports numpy."""
        from memoryoss_mcp.store.search import Searcher  # start-up time: imports numpy

        with self._guard:
            self._check_open()
            if self._searcher is None:
                self._searcher = Searcher(self.path, self._keys)
            return self._searcher

    def status(self) -> StoreStatus:
        """Counts, sizes and versions."""
        wal = Path(f"{self.path}-wal")
        with self._reading() as connection:
            return StoreStatus(
                path=self.path,
                schema_version=connection.pragma("user_version"),
                sqlite_version=apsw.sqlite_lib_version(),
                sqlite_vec_version=fetch_one(connection, "SELECT vec_version()")[0],
                file_bytes=self.path.stat().st_size,
                wal_bytes=wal.stat().st_size if wal.exists() else 0,
                namespaces=listing.namespaces(connection),
                ledger_entries=fetch_one(connection, "SELECT ifnull(max(entry), 0) FROM ledger")[0],
                embedding_model=self.model.name,
                embedding_revision=self.model.revision,
                embedding_dimension=self.model.dimension,
                snapshots=file.snapshots(self.path),
                upkeep=upkeep.runs(connection),
            )

    def ledger_report(self) -> LedgerReport:
        """Whether the audit chain holds."""
        with self._reading() as connection:
            report = ledger.report(connection)
            if self._head is None or report.problem is not None:
                return report
            problem = self._head.problem(connection)
            signed = self._head.read() if problem is None else None
        return replace(report, problem=problem, signed=signed.entry if signed else None)

    def sign_ledger(self) -> int:
        """Sign the present end of the ledger, whatever was signed before. Returns its number.

        Raises:
            VaultError: there is no key to sign with, or the signature cannot be kept.
        """
        if self._head is None:
            raise VaultError("There is no folder of keys to sign with.")
        with self._reading() as connection:
            report = ledger.report(connection)
        try:
            self._head.sign(report.entries, report.head)
        except OSError as error:
            raise VaultError(f"The signature cannot be kept ({error.strerror}).") from error
        return report.entries

    # Inside -------------------------------------------------------------------------------

    def _check_open(self) -> None:
        if self._closed:
            raise StoreClosedError("The memory is closed.")

    def _write(self, operation: Any) -> Any:
        with self._guard:
            self._check_open()
            if self._writer is None:
                self._writer = Writer(self.path, self._after_commit, self._at_end, self._keys)
            writer = self._writer
        return writer.run(operation)

    def _after_commit(self, connection: apsw.Connection) -> None:
        _pack_when_due(connection)
        if self._head is not None:
            self._head.follow(connection)

    def _at_end(self, connection: apsw.Connection) -> None:
        if self._head is not None:
            self._head.follow(connection, closing=True)

    def _reader(self) -> apsw.Connection:
        connection: apsw.Connection | None = getattr(self._local, "connection", None)
        if connection is None or self._closed:
            with self._guard:
                self._check_open()
                connection = connect(self.path, keys=self._keys)
                self._readers.append(connection)
            connection.execute("PRAGMA query_only = ON")
            self._local.connection = connection
        return connection

    @contextlib.contextmanager
    def _reading(self) -> Iterator[apsw.Connection]:
        """This thread's connection inside one read transaction: one state of the file."""
        connection = self._reader()
        with translated(self.path):
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                connection.execute("ROLLBACK")

    def _switch_model(
        self, connection: apsw.Connection, model: tuple[str, str, int]
    ) -> EmbeddingModel:
        chosen = vectors.use_model(connection, *model)
        # A sealed namespace has no entries in the index; it may be locked, too.
        everything = rows.select(connection, "n.key IS NULL")
        vectors.rebuild(connection, chosen, everything)
        seq = fetch_one(connection, "SELECT value FROM setting WHERE name = 'seq'")[0] + 1
        connection.execute("UPDATE setting SET value = ? WHERE name = 'seq'", (seq,))
        connection.execute(
            "UPDATE namespace SET seq = ?, pending = live - (SELECT count(*) FROM vector v"
            " WHERE v.model = ? AND v.number >> ? = ns)",
            (seq, chosen.key, schema.SLOT_BITS),
        )
        return chosen


def _pack_when_due(connection: apsw.Connection) -> None:
    if fetch_one(connection, changes.TO_PACK, (lexical.TAIL_LIMIT,)):
        with write_transaction(connection):
            changes.pack_tails(connection, lexical.TAIL_LIMIT)
