# SPDX-License-Identifier: AGPL-3.0-only
"""The composition root: opens everything, wires it, and is the one object that a face holds."""

from __future__ import annotations

import builtins
import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self
from uuid import UUID

from memoryoss_mcp.config import Config
from memoryoss_mcp.embed import find_model
from memoryoss_mcp.errors import MemoryOSSError, NotFoundError
from memoryoss_mcp.lifecycle import governance, upkeep
from memoryoss_mcp.lifecycle.governance import Proposal
from memoryoss_mcp.lifecycle.keys import Keys, LazyRing, finish_rotations
from memoryoss_mcp.lifecycle.quarantine import quarantined, said_again
from memoryoss_mcp.lifecycle.upkeep import Upkeep
from memoryoss_mcp.model import Change, Draft, Memory, Origin, check_namespace, now
from memoryoss_mcp.namespaces import NamespaceChoice, choose_namespace
from memoryoss_mcp.portability import Portability
from memoryoss_mcp.recall import checkup
from memoryoss_mcp.recall.encoder import Encoder, Warmer, fill_pending
from memoryoss_mcp.recall.engine import Engine
from memoryoss_mcp.recall.indexing import document_terms
from memoryoss_mcp.recall.query import RecallQuery
from memoryoss_mcp.recall.result import Explanation, RecallResult
from memoryoss_mcp.screen import Admitted, screen_change, screen_draft
from memoryoss_mcp.services import silent
from memoryoss_mcp.store import doctor
from memoryoss_mcp.store.changes import Entry, draft_memory
from memoryoss_mcp.store.store import Store
from memoryoss_mcp.store.types import (
    DoctorReport,
    ForgetReceipt,
    ForgetRequest,
    Progress,
    Stored,
    UndoReceipt,
    UndoRequest,
    Updated,
)

if TYPE_CHECKING:
    from memoryoss_mcp.lifecycle.certificate import Certificate
    from memoryoss_mcp.lifecycle.relations import Relations
    from memoryoss_mcp.policy.firewall import Firewall
    from memoryoss_mcp.vault.signing import Signer

_log = logging.getLogger("memoryoss")

UNUSABLE = "the file has to be put right first."

STORE_BATCH = 64
"""Memories of ``store_many`` that are embedded and committed together."""


class Runtime(Portability):
    """The memory of one data folder. Thread-safe; several processes may open the same folder.

    Open it with :meth:`open`, close it with :meth:`close` or a ``with`` block.
    """

    def __init__(
        self, config: Config, store: Store, encoder: Encoder, client: str | None, ring: LazyRing
    ) -> None:
        self.config = config
        self.client = client
        self.keys = Keys(config, store)
        self._ring = ring
        self._store = store
        self._encoder = encoder
        self._engine = Engine(config, store, encoder, self.trust)
        self._warmer: Warmer | None = None
        self._upkeep: Upkeep | None = None
        self._guard = threading.Lock()
        self._untied: deque[tuple[str, UUID]] = deque()

    @classmethod
    def open(
        cls,
        config: Config,
        *,
        client: str | None = None,
        warm: bool = False,
        ask: Callable[[], str] | None = None,
    ) -> Self:
        """Open (or make) the memory of ``config.data_dir``; loads neither numpy nor a model.

        ``client`` is kept with what is stored. ``warm`` starts :meth:`warm` at once; without it
        the model is loaded when it is first needed. ``ask`` gives the passphrase of sealed
        namespaces when one is met and the environment has it not.

        Raises:
            StoreError: the file cannot be used; it was left untouched.
            ModelError: the configuration names an unknown model.
        """
        spec = find_model(config.embeddings.model)
        ring = LazyRing(config, ask)
        store = Store(
            config.store_path,
            model=(spec.name, spec.revision, spec.dimension),
            analyse=document_terms,
            subject=client or "library",
            signing=config.keys_dir,
            keys=ring,
            seal_new=config.encryption.enabled,
            keep_snapshots=config.storage.keep_snapshots,
            max_forget=config.limits.max_forget,
        )
        encoder = Encoder(spec, config.models_dir, config.embeddings.threads)
        runtime = cls(config, store, encoder, client, ring)
        if warm:
            runtime.warm()
        return runtime

    # Readiness ----------------------------------------------------------------------------

    @property
    def ready(self) -> bool:
        """Whether recall searches by meaning as well as by words."""
        return self._encoder.ready

    @property
    def model_error(self) -> str | None:
        """Why the model could not be loaded, if that was tried."""
        return str(self._encoder.error) if self._encoder.error else None

    def warm(self) -> None:
        """Load model and index in the background. Until then recall answers by words and says so,
        and what is stored gets its vector later."""
        # Here, because numpy breaks when two threads are the first to import it: the caller's next
        # call and the one that loads the model.
        import numpy  # noqa: F401

        with self._guard:
            if self._warmer is None:
                name = self.namespace().name
                self._warmer = Warmer(self._encoder, self._store, name, self._catch_up)
                wished = upkeep.tasks(self.config, self._decay_all, self._consolidate_all)
                self._upkeep = Upkeep(self._store, wished) if wished else None

    @cached_property
    def firewall(self) -> Firewall:
        """The policy firewall: what the policies of a namespace say of a request to act."""
        from memoryoss_mcp.policy.firewall import Firewall  # start-up time: faces without it

        return Firewall(self._store, self.trust)

    def wait_until_ready(self, timeout: float | None = None) -> bool:
        """Wait for :meth:`warm` (or load now). ``False`` after ``timeout`` seconds or if there is
        no model."""
        if self._warmer is None:
            self._encoder.load()
        elif not self._warmer.wait(timeout):
            return False
        return self.ready

    def close(self) -> None:
        """Finish queued writes and release the file. Harmless when closed already."""
        if self._upkeep is not None:
            self._upkeep.close()
        if self._warmer is not None:
            self._warmer.close()
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    # Namespaces ---------------------------------------------------------------------------

    def namespace(
        self, argument: str | None = None, *, folder: Path | None = None
    ) -> NamespaceChoice:
        """The namespace of a request: the argument, else the configured one, else that of the git
        project around ``folder`` (the working folder), else ``default``.

        Raises:
            InvalidInputError: the argument is not a namespace name.
        """
        return choose_namespace(self.config, argument, folder)

    # The four verbs -----------------------------------------------------------------------

    def store(self, draft: Draft) -> Stored:
        """Store one memory; it is durable when this returns. If the namespace has an active memory
        of exactly these words, that one's receipt is returned (``duplicate``), unless the draft
        brings a time or an id of its own.

        Raises:
            InvalidInputError, LimitExceededError, ConflictError, StoreError: nothing was stored.
        """
        admitted = self._admitted(draft)
        entries, embedded = self._prepared([admitted.draft])
        relations = self._relations(entries, ())
        [receipt] = self._write(entries, relations, embedded=embedded)
        return replace(receipt, redacted=admitted.redacted)

    def store_many(
        self, drafts: Sequence[Draft], *, progress: Progress | None = None
    ) -> tuple[Stored, ...]:
        """Store many memories, all checked before the first is written.

        Batches are committed one by one: after an error the receipts so far are lost to the
        caller, but what they stood for is kept.

        Raises:
            InvalidInputError, LimitExceededError: nothing was stored.
            StoreError: the file failed in the middle.
        """
        admitted = [self._admitted(draft) for draft in drafts]
        stored: list[Stored] = []
        writing: Future[builtins.list[Stored]] | None = None
        before: builtins.list[Entry] = []
        # One batch is written while the next is embedded.
        with ThreadPoolExecutor(1, "memoryoss-batch") as pool:
            for start in range(0, len(admitted), STORE_BATCH):
                batch = admitted[start : start + STORE_BATCH]
                entries, embedded = self._prepared([part.draft for part in batch])
                relations = self._relations(entries, before)
                stored += writing.result() if writing else ()
                if progress is not None:
                    progress("storing", len(stored), len(admitted))
                writing = pool.submit(self._write, entries, relations, embedded=embedded)
                before = entries
            stored += writing.result() if writing else ()
        if progress is not None:
            progress("storing", len(admitted), len(admitted))
        return tuple(
            replace(receipt, redacted=part.redacted) if part.redacted else receipt
            for receipt, part in zip(stored, admitted, strict=True)
        )

    def recall(self, query: RecallQuery) -> RecallResult:
        """Find the memories that answer a question.

        Raises:
            InvalidInputError, LimitExceededError, InvalidCursorError: the query is wrong.
        """
        self._settle()
        self._note_read("recall", query.namespace)
        return self._engine.recall(query)

    def recall_many(self, queries: Sequence[RecallQuery]) -> tuple[RecallResult, ...]:
        """Answer several questions, in order."""
        return tuple(self.recall(query) for query in queries)

    def explain(self, query: RecallQuery) -> Explanation:
        """:meth:`recall` with every number it used, what the policies say of the query, and the
        state of the task that it is about."""
        from memoryoss_mcp.context.explained import with_context  # start-up time: seldom needed

        self._settle()
        self._note_read("recall", query.namespace)
        explanation = self._engine.explain(query)
        least_score = self.config.recall.min_recall_score
        return with_context(explanation, query, self.firewall, least_score)

    def update(self, change: Change) -> Updated:
        """Change a memory.

        Raises:
            NotFoundError, ConflictError, InvalidInputError, LimitExceededError: nothing changed.
            NotAnOwnerError: the team that governs it has others decide; nothing changed.
        """
        admitted = screen_change(change, self.config.limits, self.config.screen.secrets)
        change = admitted.change
        vector = link = None
        if change.content is not None:
            self._settle()
            changed = draft_memory(Draft(change.content, change.namespace, id=change.id))
            encoded = self._encoder.vectors([changed])
            vector = encoded[0] if encoded else None
            if vector is not None:
                link = self._relations([Entry(changed, (), vector)], ()).link
        updated = self._store.update(
            change, vector, lambda memory: governance.check_change(memory, change.actor), link
        )
        self._look_for_pending(change.content is not None and vector is None)
        return replace(updated, redacted=admitted.redacted)

    def forget(self, request: ForgetRequest) -> ForgetReceipt:
        """Delete memories for good, or list what would be deleted (``dry_run``).

        Raises:
            EmptySelectorError: the request names nothing.
            LimitExceededError: it names too many; nothing was deleted.
        """
        check_namespace(request.namespace, self.config.limits.max_namespace_length)
        return self._store.forget(request)

    def forget_certified(self, request: ForgetRequest) -> tuple[ForgetReceipt, Certificate]:
        """:meth:`forget`, and a signed certificate of it, which is kept.

        Raises:
            EmptySelectorError, LimitExceededError: nothing was deleted.
            NotFoundError: nothing matches; nothing was deleted.
            VaultError: there is no key to sign with; nothing was deleted.
        """
        from memoryoss_mcp.lifecycle import certificate  # start-up time: seldom needed

        signer = self._signer()
        planned = self.forget(replace(request, dry_run=True))
        if not planned.deleted:
            raise NotFoundError("No memory matches; there is nothing to certify.")
        receipt = self._store.forget(replace(request, dry_run=False, certified=True))
        made = certificate.make(receipt, self._store.ledger_end(), signer, self._store.subject)
        self._store.keep_certificate(made.id, receipt.namespace, made.kept())
        return receipt, made

    def _signer(self) -> Signer:
        from memoryoss_mcp.vault.signing import Signer  # start-up time: most commands sign nothing

        return Signer.load(self.config.keys_dir / "signing.key")

    def undo(self, request: UndoRequest) -> UndoReceipt:
        """Take back what one origin wrote, in one transaction, or show what that would be
        (``dry_run``).

        Raises:
            EmptySelectorError: the request names nothing.
        """
        check_namespace(request.namespace, self.config.limits.max_namespace_length)
        receipt = self._store.undo(request, _is_protected)
        if receipt.reverted and not request.dry_run:
            self._settle()
            self._fill_pending()
        return receipt

    # The whole memory --------------------------------------------------------------------

    def propose(self, draft: Draft, proposal: Proposal) -> Memory:
        """Store a memory that a team governs. Returns it as it was stored.

        Raises:
            InvalidInputError, LimitExceededError: nothing was stored.
        """
        entries, embedded = self._prepared([self._admitted(draft).draft])
        [entry] = entries
        memory = governance.governed(entry.memory, proposal, now())
        entries = [replace(entry, memory=memory, distinct=True)]
        [receipt] = self._write(entries, self._relations(entries, ()), embedded=embedded)
        return self._store.get(receipt.namespace, receipt.id)

    def doctor(self, *, repair: bool = False, progress: Progress | None = None) -> DoctorReport:
        """Check the file, the model and the way from store to recall to forget (see
        :func:`memoryoss_mcp.maintenance.check_up`, which also works when the file cannot be
        opened)."""
        spec = self._encoder.spec
        report = doctor.examine(
            self.config.store_path,
            (spec.name, spec.revision, spec.dimension),
            document_terms,
            repair=repair,
            progress=progress,
            keys=self._ring,
        )
        return self.checked(report, repair=repair, progress=progress or silent)

    def embed_pending(self, progress: Progress | None = None) -> int:
        """Give every memory without a vector of the present model one, batch by batch; ended in the
        middle, the rest is found again. Returns how many got theirs.

        Raises:
            MemoryOSSError: the model cannot be loaded; nothing was changed.
        """
        if self._encoder.load() is None and self._encoder.error is not None:
            raise self._encoder.error
        whole = sum(space.pending for space in self._store.status().namespaces)
        done = 0
        report = progress or silent
        report("embedding", done, whole)
        while filled := fill_pending(self._encoder, self._store):
            done += filled
            report("embedding", done, max(whole, done))
        return done

    # Inside -------------------------------------------------------------------------------

    def checked(self, report: DoctorReport, *, repair: bool, progress: Progress) -> DoctorReport:
        """A report of the file and what there is to say of the work with it."""
        findings = [*report.findings, checkup.check_model(self.config, self._encoder.spec)]
        if report.healthy:
            findings += checkup.check_work(
                self.config, self._store, self._encoder, repair=repair, progress=progress
            )
        else:
            findings.append(checkup.skipped(UNUSABLE))
        return DoctorReport(tuple(findings))

    def _decay_all(self, namespace: str) -> int:
        swept = self.decay(namespace)
        return len(swept.decayed)

    def _consolidate_all(self, namespace: str) -> int:
        return self.consolidate(namespace).merged

    def _catch_up(self, stop: Callable[[], bool]) -> None:
        """What was left undone: rotations of keys, and the ties of memories that were stored before
        the model was there."""
        finish_rotations(self.keys, stop)
        while self._untied and self._encoder.ready and not stop():
            try:
                while fill_pending(self._encoder, self._store):
                    pass
                self._tie(*self._untied.popleft())
            except MemoryOSSError as error:
                _log.warning("new memories could not be compared with the others: %s", error)
                return

    def _tie(self, namespace: str, memory_id: UUID) -> None:
        from memoryoss_mcp.lifecycle.relations import tie  # start-up time: who only reads

        try:
            memory = self._store.get(namespace, memory_id)
        except NotFoundError:
            return  # forgotten meanwhile
        encoded = self._encoder.vectors([memory])
        tie(self._store, Entry(memory, (), encoded[0] if encoded else None))

    def _settle(self) -> None:
        """Without a warmer the model is loaded on demand; with one nobody waits for it."""
        if self._warmer is None:
            self._encoder.load()

    def _prepared(self, drafts: builtins.list[Draft]) -> tuple[builtins.list[Entry], bool]:
        """Analysed and, if the model is there (second part), embedded."""
        self._settle()
        memories = [draft_memory(draft) for draft in drafts]
        encoded = self._encoder.vectors(memories)
        entries = [
            Entry(
                memory,
                tuple(document_terms(memory)),
                encoded[index] if encoded else None,
                # What has a time or an id of its own is a statement of its own.
                distinct=draft.id is not None
                or (draft.created_at is not None and draft.origin is not Origin.EXTRACTED),
            )
            for index, (draft, memory) in enumerate(zip(drafts, memories, strict=True))
        ]
        return entries, encoded is not None

    def _admitted(self, draft: Draft) -> Admitted:
        admitted = screen_draft(draft, self.config.limits, self.config.screen.secrets)
        return replace(admitted, draft=quarantined(admitted.draft))

    def _relations(self, entries: Sequence[Entry], before: Sequence[Entry]) -> Relations:
        from memoryoss_mcp.lifecycle.relations import Relations  # start-up time: who only reads

        return Relations(self._store, entries, before)

    def _write(
        self, entries: builtins.list[Entry], relations: Relations, *, embedded: bool
    ) -> builtins.list[Stored]:
        stored = self._store.insert(entries, relations.link, said_again)
        if not embedded:
            self._untied.extend((one.namespace, one.id) for one in stored if not one.duplicate)
        self._look_for_pending(not embedded)
        return stored

    def _fill_pending(self) -> None:
        """Give memories that lost their vectors new ones: here, or where the warmer works."""
        if self._warmer is not None:
            self._warmer.wake()
        else:
            while fill_pending(self._encoder, self._store):
                pass

    def _look_for_pending(self, pending: bool) -> None:
        if pending and self._warmer is not None:
            self._warmer.wake()


def _is_protected(memory: Memory) -> bool:
    return memory.team_governance is not None and memory.team_governance.review_required
