# SPDX-License-Identifier: AGPL-3.0-only
"""What a runtime offers beside the four verbs: looking, deciding, looking after, and the record of
it. Each method checks what it was given and hands it to the floor that does the work."""

from __future__ import annotations

import builtins
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from memoryoss_mcp.config import Config
from memoryoss_mcp.errors import InvalidInputError, LimitExceededError
from memoryoss_mcp.lifecycle import decay, governance, review
from memoryoss_mcp.lifecycle.access import Record, records
from memoryoss_mcp.lifecycle.decay import Sweep
from memoryoss_mcp.lifecycle.governance import BranchReport
from memoryoss_mcp.lifecycle.history import History, history
from memoryoss_mcp.lifecycle.review import Decided, Decision, Inbox
from memoryoss_mcp.lifecycle.trust import assess
from memoryoss_mcp.model import Memory, check_namespace, now
from memoryoss_mcp.model.trust import Trust
from memoryoss_mcp.recall.indexing import document_terms
from memoryoss_mcp.store import file
from memoryoss_mcp.store.ledger import LedgerEntry, LedgerQuery, LedgerReport
from memoryoss_mcp.store.store import Store
from memoryoss_mcp.store.types import ListPage, ListQuery, MigrationPlan, Progress, StoreStatus

if TYPE_CHECKING:
    from memoryoss_mcp.lifecycle.certificate import Certificate
    from memoryoss_mcp.lifecycle.consolidation import Consolidation

LEDGER_BATCH = 1_000
"""Ledger entries that are read at once."""


def silent(_step: str, _done: int, _total: int) -> None:
    """Progress that nobody watches."""


class Services:
    """The services over one store."""

    config: Config
    _store: Store

    def inspect(self, memory_id: UUID, namespace: str) -> Memory:
        """One memory, whole.

        Raises:
            NotFoundError: the namespace has no such memory.
        """
        check_namespace(namespace, self.config.limits.max_namespace_length)
        found = self._store.get(namespace, memory_id)
        self._note_read("inspect", namespace, memory_id)
        return found

    def trust(self, namespace: str, memories: Sequence[Memory]) -> dict[UUID, Trust]:
        """How far some memories of a namespace are to be trusted now."""
        return assess(self._store, namespace, memories, now(), self.config.trust.threshold)

    def list(self, query: ListQuery) -> ListPage:
        """One page of a namespace, newest first."""
        check_namespace(query.namespace, self.config.limits.max_namespace_length)
        self._check_page(query.limit)
        self._note_read("list", query.namespace)
        return self._store.page(query)

    def inbox(self, namespace: str, limit: int = 20) -> Inbox:
        """What waits for a person's decision, first things first.

        Raises:
            InvalidInputError, LimitExceededError: the limit is wrong.
        """
        check_namespace(namespace, self.config.limits.max_namespace_length)
        self._check_page(limit)
        return review.inbox(self._store, namespace, limit)

    def review(self, decision: Decision) -> Decided:
        """Confirm, reject or supersede a memory, whether it waits in the inbox or not.

        Raises:
            InvalidInputError, NotFoundError: nothing was changed.
        """
        check_namespace(decision.namespace, self.config.limits.max_namespace_length)
        return review.decide(self._store, decision)

    def team_report(self, namespace: str) -> tuple[BranchReport, ...]:
        """How the branches of a team stand that governs memories of a namespace."""
        check_namespace(namespace, self.config.limits.max_namespace_length)
        return governance.report(self._store, namespace)

    def consolidate(
        self,
        namespace: str,
        *,
        threshold: float | None = None,
        max_clusters: int | None = None,
        dry_run: bool = False,
        progress: Progress | None = None,
    ) -> Consolidation:
        """Merge memories that say the same; see :func:`consolidation.consolidate`. What is left
        out comes from the configuration.

        Raises:
            InvalidInputError: a value is out of its bounds.
        """
        check_namespace(namespace, self.config.limits.max_namespace_length)
        from memoryoss_mcp.lifecycle import consolidation  # start-up time: seldom needed

        settings = self.config.consolidation
        return consolidation.consolidate(
            self._store,
            namespace,
            document_terms,
            threshold=settings.threshold if threshold is None else threshold,
            max_clusters=settings.max_clusters if max_clusters is None else max_clusters,
            dry_run=dry_run,
            progress=progress or silent,
        )

    def unmerge(self, memory_id: UUID, namespace: str) -> tuple[Memory, ...]:
        """Take a merged memory apart again. Returns its sources.

        Raises:
            NotFoundError, InvalidInputError: nothing was changed.
        """
        check_namespace(namespace, self.config.limits.max_namespace_length)
        return self._store.unmerge(namespace, memory_id)

    def decay(
        self,
        namespace: str,
        *,
        after_days: int | None = None,
        dry_run: bool = False,
        progress: Progress | None = None,
    ) -> Sweep:
        """Let idle memories turn stale, and archive what stays idle.

        Raises:
            InvalidInputError: the number of days is below 1.
        """
        check_namespace(namespace, self.config.limits.max_namespace_length)
        days = self.config.decay.after_days if after_days is None else after_days
        report = progress or silent
        return decay.sweep(
            self._store, namespace, self.trust, days, dry_run=dry_run, progress=report
        )

    def unarchive(self, ids: Sequence[UUID], namespace: str) -> tuple[Memory, ...]:
        """Bring archived memories back.

        Raises:
            NotFoundError, InvalidInputError: nothing was changed.
        """
        check_namespace(namespace, self.config.limits.max_namespace_length)
        return tuple(decay.restore(self._store, namespace, ids))

    def export(
        self, namespace: str, *, agent: str | None = None, session: str | None = None
    ) -> Iterator[Record]:
        """Every memory of a namespace, archived ones too, with all that is known of it."""
        check_namespace(namespace, self.config.limits.max_namespace_length)
        self._note_read("export", namespace)
        return records(self._store, namespace, agent=agent, session=session)

    def history(self, memory_id: UUID, namespace: str) -> History:
        """What was recorded about one memory, and to which others it is tied.

        Raises:
            NotFoundError: the namespace has no such memory.
        """
        check_namespace(namespace, self.config.limits.max_namespace_length)
        return history(self._store, namespace, memory_id)

    def certificates(self, namespace: str, limit: int = 20) -> tuple[Certificate, ...]:
        """The certificates of deletions in a namespace, newest first, without their salts.

        Raises:
            InvalidInputError, LimitExceededError: the limit is wrong.
        """
        check_namespace(namespace, self.config.limits.max_namespace_length)
        self._check_page(limit)
        from memoryoss_mcp.lifecycle import certificate  # start-up time: seldom needed

        found = self._store.certificates(namespace, limit)
        return tuple(certificate.read(text) for _, _, text in found)

    def mark(self) -> tuple[int, bytes]:
        """A mark that is another one after every change of a memory, whichever process made it."""
        return self._store.ledger_end()

    def existing(self, ids: Sequence[UUID], namespace: str) -> frozenset[UUID]:
        """Those of some memories that a namespace (still) has."""
        return frozenset(self._store.get_many(namespace, ids))

    def known(self, ids: Sequence[UUID], namespace: str) -> tuple[Memory, ...]:
        """Those of some memories that a namespace has. Not recorded as a read: for whoever shows
        nothing of them."""
        return tuple(self._store.get_many(namespace, ids).values())

    def same_words(
        self, namespace: str, content_hashes: Sequence[str]
    ) -> dict[str, tuple[Memory, ...]]:
        """The memories of a namespace whose content has one of some hashes (hexadecimal SHA-256),
        by hash, oldest first; archived ones too."""
        check_namespace(namespace, self.config.limits.max_namespace_length)
        return self._store.same_words(namespace, content_hashes)

    def is_sealed(self, namespace: str) -> bool:
        """Whether a namespace is sealed."""
        return self._store.is_sealed(namespace)

    def note_injections(
        self, namespace: str, injected: Mapping[UUID, int], used: Mapping[UUID, int]
    ) -> None:
        """Count how often memories were put into a prompt and how often an answer drew on them.
        Those that are gone meanwhile are passed over."""
        check_namespace(namespace, self.config.limits.max_namespace_length)
        self._store.note_injections(namespace, injected, used)

    def audit(self) -> LedgerReport:
        """Walk the audit ledger and say whether its chain of hashes holds and has all that was
        signed of it."""
        return self._store.ledger_report()

    def sign_ledger(self) -> int:
        """Accept the ledger as it is: sign its present end. Returns the number of that entry.

        Raises:
            VaultError: it could not be signed.
        """
        return self._store.sign_ledger()

    def ledger(self, query: LedgerQuery) -> builtins.list[LedgerEntry]:
        """One page of the audit ledger, newest entries first.

        Raises:
            InvalidInputError, LimitExceededError: the limit is wrong.
        """
        self._check_page(query.limit)
        return self._store.ledger(query)

    def ledger_entries(self) -> Iterator[LedgerEntry]:
        """The whole audit ledger, oldest entries first."""
        last = 0
        while entries := self._store.ledger_from(last, LEDGER_BATCH):
            yield from entries
            last = entries[-1].entry

    def status(self) -> StoreStatus:
        """Counts, sizes and versions."""
        return self._store.status()

    def migrate(self, *, dry_run: bool = False) -> MigrationPlan:
        """Bring the file to the present schema, after a snapshot."""
        if dry_run:
            return file.plan(self.config.store_path)
        return file.migrate(self.config.store_path, self.config.storage.keep_snapshots)

    def _check_page(self, limit: int) -> None:
        if limit < 1:
            raise InvalidInputError("limit must be at least 1.", field="limit")
        if limit > self.config.limits.max_batch:
            raise LimitExceededError(
                f"limit is {limit}; {self.config.limits.max_batch} is the most for one page.",
                field="limit",
                hint="Take the next page with next_cursor.",
            )

    def _note_read(self, action: str, namespace: str, memory: UUID | None = None) -> None:
        policy = self.config.audit.reads
        if policy == "off" or (policy == "sealed" and not self._store.is_sealed(namespace)):
            return
        self._store.note_read(action, namespace, memory)
