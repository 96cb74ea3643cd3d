# SPDX-License-Identifier: AGPL-3.0-only
"""Bringing the records of another program into a namespace: what becomes of each, and the run.

A run can be ended at any point and begun again: the id of a memory is made from the key of its
record, so that the next run knows what is there. A dry run is the same run over a target that keeps
nothing (:mod:`.rehearsal`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Final
from uuid import UUID

from memoryoss_mcp.errors import (
    ConflictError,
    InvalidInputError,
    LimitExceededError,
    MemoryOSSError,
    NotFoundError,
)
from memoryoss_mcp.exchange.planning import Decision, Plan, Planner, Target
from memoryoss_mcp.exchange.provenance import Provenance
from memoryoss_mcp.exchange.record import Found, Skipped
from memoryoss_mcp.exchange.shaping import NONE, Admit, Wishes, shaped
from memoryoss_mcp.model import Change, Draft, EmbeddingState, Limits, Memory
from memoryoss_mcp.store.types import Progress, Stored

BATCH: Final = 64
"""Records that are decided and written together: the new ones of a batch are kept all or not."""

PREVIEW: Final = 120
"""Characters of a record that an outcome shows."""


class InterruptedImportError(MemoryOSSError):
    """Ctrl-C was pressed; the batch at hand was finished first."""

    code = "interrupted"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one record (in a dry run, would become). ``reason`` says why it was skipped or
    left as it is; ``others`` are the memories that it is at odds with."""

    place: str
    decision: Decision
    preview: str
    id: UUID | None = None
    reason: str | None = None
    others: tuple[UUID, ...] = ()


@dataclass
class Report:
    """The numbers of a run. ``counts`` has every record that was read and decided once, so that
    what comes in is what goes out. ``reasons`` are those of the skipped ones; ``redacted`` counts
    secrets that were not stored, by kind; ``left_out`` counts tags and labels that could not be
    kept; ``pending`` memories have no vector yet. ``stopped`` says why the run ended early."""

    counts: Counter[Decision] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    redacted: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    pending: int = 0
    stopped: MemoryOSSError | None = None

    @property
    def records(self) -> int:
        """Records that were decided."""
        return self.counts.total()

    @property
    def written(self) -> int:
        """Memories that were stored or changed."""
        return sum(self.counts[decision] for decision in WRITING)


WRITING: Final = (Decision.CREATE, Decision.UPDATE, Decision.MERGE, Decision.CONFLICT)
"""The decisions after which the namespace is another one."""

CHANGING: Final = (Decision.UPDATE, Decision.MERGE)
"""The decisions that change a known memory."""

ATTEMPTS: Final = 3
"""How often a change is tried when others write to the same memory."""


@dataclass(frozen=True, slots=True)
class Importer:
    """Imports into one namespace of a target. ``admit`` checks drafts and redacts their secrets as
    the target does; ``limits`` are those that it checks."""

    target: Target
    admit: Admit
    limits: Limits
    namespace: str
    provenance: Provenance
    wishes: Wishes = NONE

    def run(
        self,
        records: Iterable[Found | Skipped],
        *,
        total: int = 0,
        progress: Progress | None = None,
        observe: Callable[[Outcome], None] | None = None,
        undisturbed: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> Report:
        """Decide and store batch by batch. ``total`` is for ``progress``; ``observe`` gets every
        outcome once it is certain; a batch is written inside of ``undisturbed``.

        Never raises what the file, the source or Ctrl-C brings: ``stopped`` has it, and everything
        that is counted is kept.
        """
        report = Report()
        planner = Planner(self.target, self.namespace, self.provenance, self.limits)
        try:
            for batch in _batches(records):
                with undisturbed():
                    for outcome in self._carry_out(planner, batch, report):
                        report.counts[outcome.decision] += 1
                        if observe is not None:
                            observe(outcome)
                if progress is not None:
                    progress("importing", report.records, max(total, report.records))
        except MemoryOSSError as error:
            report.stopped = error
        except KeyboardInterrupt:
            report.stopped = InterruptedImportError(
                "Interrupted.", hint="Run the same import again: it goes on where it was."
            )
        return report

    def _carry_out(
        self, planner: Planner, batch: Sequence[Found | Skipped], report: Report
    ) -> list[Outcome]:
        """Write what is decided about a batch; the outcomes in its order. If this fails, nothing
        of the batch is counted."""
        outcomes: dict[int, Outcome] = {}
        usable: dict[int, tuple[Found, Draft]] = {}
        redacted: Counter[str] = Counter()
        left_out: Counter[str] = Counter()
        for place, record in enumerate(batch):
            if isinstance(record, Skipped):
                outcomes[place] = _skipped(record.place, record.reason)
                continue
            draft, without = shaped(
                record, self.namespace, self.limits, self.provenance, self.wishes
            )
            try:
                admitted = self.admit(draft)
            except InvalidInputError as error:
                outcomes[place] = _skipped(record.place, self._reason(error))
                continue
            redacted.update(admitted.redacted)
            left_out.update(without)
            usable[place] = record, admitted.draft
        written = self._write(planner.plan(list(usable.values())), report)
        outcomes |= zip(usable, written, strict=True)
        report.redacted.update(redacted)
        report.left_out.update(left_out)
        report.reasons.update(
            outcome.reason
            for outcome in outcomes.values()
            if outcome.decision is Decision.SKIPPED and outcome.reason is not None
        )
        return [outcomes[place] for place in range(len(batch))]

    def _reason(self, error: InvalidInputError) -> str:
        """Why a record cannot be stored, in the same words for all of which that is true."""
        if isinstance(error, LimitExceededError) and error.field == "content":
            return f"longer than {self.limits.max_content_bytes} bytes"
        return error.message.removesuffix("Nothing was stored.").strip(" .")

    def _write(self, plans: Sequence[Plan], report: Report) -> list[Outcome]:
        rescues = [plan.rescue for plan in plans if plan.rescue is not None]
        drafts = [plan.draft for plan in (*plans, *rescues) if plan.draft is not None]
        stored = iter(self._store(drafts))
        failed: dict[UUID, str] = {}
        outcomes = []
        for plan in plans:
            if plan.draft is not None:
                receipt = next(stored)
                if receipt is not None:
                    report.pending += receipt.embedding is EmbeddingState.PENDING
                outcomes.append(_stored(plan, receipt))
                continue
            if plan.change is not None and plan.memory is not None:
                reason = self._change(plan.change, plan.memory)
                if reason is not None:
                    failed[plan.memory.id] = reason
            gone = failed.get(plan.id) if plan.id and plan.decision in CHANGING else None
            outcomes.append(_outcome(plan, Decision.SKIPPED, gone) if gone else _outcome(plan))
        return outcomes

    def _store(self, drafts: Sequence[Draft]) -> list[Stored | None]:
        """Store the new memories of a batch. ``None`` for one whose id another program has taken in
        the meantime: that one has imported the same record."""
        if not drafts:
            return []
        try:
            return list(self.target.store_many(drafts))
        except ConflictError:
            stored: list[Stored | None] = []
            for draft in drafts:
                try:
                    stored += self.target.store_many([draft])
                except ConflictError:
                    stored.append(None)
            return stored

    def _change(self, change: Change, memory: Memory) -> str | None:
        """Change a memory unless somebody did after it was planned; why not, if not. A new tie to
        another memory makes a new version as well and is no reason."""
        for _ in range(ATTEMPTS):
            present = next(iter(self.target.known([memory.id], self.namespace)), None)
            if present is None:
                return "its memory was forgotten meanwhile"
            if (present.content, present.tags) != (memory.content, memory.tags):
                break
            try:
                self.target.update(replace(change, expected_version=present.version))
                return None
            except NotFoundError:
                return "its memory was forgotten meanwhile"
            except ConflictError:
                continue
        return "its memory was changed meanwhile"


def _batches(records: Iterable[Found | Skipped]) -> Iterator[list[Found | Skipped]]:
    """The records in batches. What was read before the source failed is a batch of its own."""
    each = iter(records)
    while True:
        batch: list[Found | Skipped] = []
        try:
            batch += islice(each, BATCH)
        finally:
            if batch:
                yield batch
        if len(batch) < BATCH:
            return


def _stored(plan: Plan, receipt: Stored | None) -> Outcome:
    if receipt is None:
        return _outcome(plan, Decision.EXISTING)
    if receipt.contradicts:
        others = dict.fromkeys((*plan.others, *receipt.contradicts))
        return replace(_outcome(plan, Decision.CONFLICT), others=tuple(others))
    return _outcome(plan)


def _outcome(plan: Plan, decision: Decision | None = None, reason: str | None = None) -> Outcome:
    return Outcome(
        plan.record.place,
        decision or plan.decision,
        _preview(plan.content),
        plan.id,
        reason or plan.reason,
        plan.others,
    )


def _skipped(place: str, reason: str) -> Outcome:
    """A record that cannot be stored. Its words are not shown: they may hold a secret."""
    return Outcome(place, Decision.SKIPPED, "", reason=reason)


def _preview(content: str) -> str:
    line = " ".join(content[: 4 * PREVIEW].split())
    return line if len(line) <= PREVIEW else line[: PREVIEW - 1].rstrip() + "…"
