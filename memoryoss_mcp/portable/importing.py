# SPDX-License-Identifier: AGPL-3.0-only
"""Passports, histories and bundles into a store: looked through as a whole first, then written in
one transaction or not at all.

Who signed a document decides what of it counts. Signed by somebody trusted, its memories arrive as
they are. Otherwise they arrive as candidates of the imported lane: what they say of themselves
(confidence, evidence, decisions, governance) is no more than a claim, and stays outside; and so do
their ties to memories that are not theirs.
"""

from __future__ import annotations

import pickle
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal
from uuid import UUID

from memoryoss_mcp.errors import ConflictError, InvalidInputError, MemoryOSSError
from memoryoss_mcp.model import (
    Draft,
    Lineage,
    Memory,
    Origin,
    Status,
    hash_content,
    now,
    parse_id,
)
from memoryoss_mcp.portable.artifact import Artifact
from memoryoss_mcp.portable.carrying import Arriving, Homes, at_home
from memoryoss_mcp.portable.document import content_id
from memoryoss_mcp.portable.exporting import linked
from memoryoss_mcp.portable.integrity import Verdict, entries, verify
from memoryoss_mcp.portable.planning import Decision, Planned, Planner, Prepare, same_state
from memoryoss_mcp.portable.records import (
    EXTENSION,
    Extension,
    by_place,
    memory_of,
    read_extension,
)
from memoryoss_mcp.portable.spool import Spool
from memoryoss_mcp.portable.trust.decision import TrustDecision, TrustStatus
from memoryoss_mcp.portable.trust.signature import ED25519
from memoryoss_mcp.store.store import Store
from memoryoss_mcp.store.types import Progress

BATCH: Final = 64
"""Memories that are embedded and compared together."""
SHOWN: Final = 1_000
"""Items that a preview names; all are counted."""
MOST_WRONG: Final = 20
"""Memories with something wrong that an error names."""
PREVIEW: Final = 96
"""Characters of a preview, as the line has it."""
CLAIMED: Final = 0.35
"""The confidence that a memory may claim for itself when nobody trusted vouches for it."""

Screen = Callable[[Draft], tuple[str, tuple[str, ...]]]
"""Checks the limits of a memory: its content without secrets, and the kinds of those."""
Mode = Literal["import", "replay", "branch"]


class IntegrityError(InvalidInputError):
    """A document is not what it says. Nothing was imported."""

    code = "integrity_failed"


class SignatureRefusedError(MemoryOSSError):
    """A document claims a signature that does not hold, or is of somebody revoked. Nothing was
    imported."""

    code = "signature_refused"


@dataclass(frozen=True, slots=True)
class Item:
    """What is done with one memory of a document."""

    incoming_id: UUID
    decision: Decision
    reason: str
    existing_id: UUID | None
    preview: str
    content_hash: str


@dataclass
class Preview:
    """What an import does, or would do. ``items`` are the first of them; ``counts`` has all.
    ``forged`` are memories whose hash was not that of their content, ``redacted`` the kinds of
    secrets that were taken out, ``dangling`` links to memories that are not in the document,
    ``returning`` memories that were forgotten here and come again."""

    target_namespace: str
    scope: str | None
    trust: TrustDecision
    verdict: Verdict
    counts: Counter[Decision] = field(default_factory=Counter)
    items: list[Item] = field(default_factory=list)
    forged: list[UUID] = field(default_factory=list)
    redacted: Counter[str] = field(default_factory=Counter)
    dangling: int = 0
    returning: list[UUID] = field(default_factory=list)

    @property
    def trusted(self) -> bool:
        """Whether memories arrive as they are."""
        return self.trust.verified


@dataclass(frozen=True, slots=True)
class Imported:
    """The outcome of an import. ``imported_ids`` are the memories that are new in the store."""

    dry_run: bool
    preview: Preview
    imported_ids: tuple[UUID, ...] = ()
    merged_ids: tuple[UUID, ...] = ()


class Importer:
    """Brings documents into a namespace of a store."""

    def __init__(self, store: Store, prepare: Prepare, screen: Screen) -> None:
        self._store = store
        self._prepare = prepare
        self._screen = screen

    def run(
        self,
        artifact: Artifact,
        namespace: str,
        decide: Callable[[Artifact], TrustDecision],
        *,
        mode: Mode = "import",
        dry_run: bool,
        progress: Progress,
    ) -> Imported:
        """Import a document, or say what that would do.

        Raises:
            MalformedError, IntegrityError: the document is wrong.
            SignatureRefusedError: it is signed, and that does not hold.
            InvalidInputError, LimitExceededError: a memory of it may not be stored.
            ConflictError: the namespace was changed meanwhile. Nothing was imported in any case.
        """
        verdict = checked(artifact)
        trust = decide(artifact)
        if trust.status in {TrustStatus.INVALID, TrustStatus.REVOKED}:
            raise SignatureRefusedError(
                f"{trust.reason.rstrip('.')}. Nothing was imported.",
                hint="Get it again from whom you trust; 'memoryoss reader open' shows it.",
            )
        scope = artifact.document.get("scope")
        preview = Preview(namespace, scope, trust, verdict)
        is_empty = not self._store.holds(namespace)
        planner = Planner(
            self._store, namespace, self._prepare, is_empty=is_empty, trusted=preview.trusted
        )
        with Spool(secret=self._store.is_sealed(namespace)) as plan:
            homes: Homes = {}
            self._look_through(artifact, preview, planner, mode, plan, homes, progress)
            self._settle_mergers(preview, plan, homes)
            if dry_run:
                return Imported(True, preview)
            arriving = Arriving(plan, homes, _source(artifact), trusted=preview.trusted)

            def report(done: int) -> None:
                progress("importing", done, len(plan))

            try:
                self._store.take(namespace, arriving, mode, report, into_empty=mode != "import")
            except ConflictError as error:
                raise ConflictError(
                    f"The namespace was changed meanwhile: {error.message}",
                    hint="Import it again.",
                ) from error
            except BaseException:
                arriving.stop()  # Ctrl-C: the writer is at work on it
                raise
            progress("importing", len(plan), len(plan))
        return Imported(False, preview, tuple(arriving.created), tuple(arriving.merged))

    def _look_through(
        self,
        artifact: Artifact,
        preview: Preview,
        planner: Planner,
        mode: Mode,
        plan: Spool,
        homes: Homes,
        progress: Progress,
    ) -> None:
        wrong: list[str] = []
        arriving = _Reader(artifact, preview, mode)
        batch: list[Memory] = []
        total = preview.verdict.memories
        for number, memory in enumerate(arriving):
            try:
                content, kinds = self._screen(_draft(memory))
            except InvalidInputError as error:
                wrong.append(f"memories[{number}]: {error.message}")
                if len(wrong) == MOST_WRONG:
                    break
                continue
            if kinds:
                preview.redacted.update(kinds)
                memory = replace(memory, content=content, content_hash=hash_content(content))
            batch.append(memory)
            if len(batch) == BATCH:
                self._decide(batch, preview, planner, plan, homes)
                progress("looking through", number + 1, total)
                batch = []
        if wrong:
            raise InvalidInputError(
                "Some memories of it may not be stored. Nothing was imported. " + " ".join(wrong),
                field="file",
                hint="Correct the document, or raise [limits] if they are right.",
            )
        self._decide(batch, preview, planner, plan, homes)

    def _decide(
        self,
        batch: Sequence[Memory],
        preview: Preview,
        planner: Planner,
        plan: Spool,
        homes: Homes,
    ) -> None:
        if not batch:
            return
        space = preview.target_namespace
        forgotten = self._store.forgotten(space, [memory.id for memory in batch])
        for memory, planned in zip(batch, planner.plan(batch), strict=True):
            if memory.id in forgotten and planned.decision is Decision.CREATE:
                preview.returning.append(memory.id)
            if planned.home != memory.id:
                homes[memory.id] = planned.home
            preview.counts[planned.decision] += 1
            if len(preview.items) < SHOWN:
                preview.items.append(
                    Item(
                        memory.id,
                        planned.decision,
                        planned.reason,
                        planned.existing,
                        _shortened(memory.content),
                        memory.content_hash or "",
                    )
                )
            if planned.decision is not Decision.DUPLICATE:
                plan.append(pickle.dumps(planned, pickle.HIGHEST_PROTOCOL))

    def _settle_mergers(self, preview: Preview, plan: Spool, homes: Homes) -> None:
        """Take back the mergers that bring nothing, now that it is known where links lead."""
        if not (homes and preview.counts[Decision.MERGE]):
            return
        needless: set[UUID] = set()
        for line in plan:
            planned: Planned = pickle.loads(line)  # it was written by this process
            memory = planned.entry.memory
            if (
                planned.decision is not Decision.MERGE
                or planned.existing is None
                or memory.lineage == Lineage()
            ):
                continue
            known = self._store.get_many(preview.target_namespace, [planned.existing])
            if all(same_state(one, at_home(memory, homes)) for one in known.values()):
                needless.add(memory.id)
        preview.counts[Decision.MERGE] -= len(needless)
        preview.counts[Decision.DUPLICATE] += len(needless)
        preview.counts += Counter()  # without what there is none of
        preview.items = [
            replace(item, decision=Decision.DUPLICATE, reason="the same is there")
            if item.incoming_id in needless
            else item
            for item in preview.items
        ]


def _source(artifact: Artifact) -> str:
    """What memories say of where they are from that nobody trusted vouches for."""
    kind = artifact.payload_shape
    return f"{kind}:{parse_id(artifact.document[f'{kind}_id'])}"


class _Reader:
    """The memories of a document as they shall arrive."""

    def __init__(self, artifact: Artifact, preview: Preview, mode: Mode) -> None:
        self._artifact = artifact
        self._preview = preview
        self._mode = mode
        document = artifact.document
        self._source = _source(artifact)
        self._from = document["namespace"]
        self._inside: set[UUID] = set()
        for entry in entries(artifact):
            if entry.id in self._inside:
                raise IntegrityError(f"Memory {entry.id} is there twice. Nothing was imported.")
            self._inside.add(entry.id)
        # Nobody vouches for an extension that no trusted signature covers.
        signature = preview.trust.signature or {}
        covered = artifact.shape == "bundle" or signature.get("scheme") == ED25519
        trusted = preview.trusted and covered
        self._extension = read_extension(document.get(EXTENSION)) if trusted else Extension()
        self._origins = by_place(self._extension.origins)
        self._clients = by_place(self._extension.clients)

    def __iter__(self) -> Iterator[Memory]:
        preview = self._preview
        for place, entry in enumerate(entries(self._artifact)):
            memory = memory_of(entry, preview.target_namespace)
            if entry.content_hash not in (None, memory.content_hash):
                preview.forged.append(entry.id)
            preview.dangling += sum(key not in self._inside for key in linked(memory))
            memory = self._own(place, memory) if preview.trusted else self._foreign(memory)
            yield self._branched(memory) if self._mode == "branch" else memory

    def _own(self, place: int, memory: Memory) -> Memory:
        updates = self._extension.updates.get(memory.id, ())
        return replace(
            memory,
            origin=self._origins.get(place, Origin.IMPORTED),
            client=self._clients.get(place),
            lineage=replace(memory.lineage, updates=updates),
        )

    def _foreign(self, memory: Memory) -> Memory:
        at = now()
        lineage = memory.lineage
        status = Status.CANDIDATE if memory.status is Status.ACTIVE else memory.status
        inside = self._inside
        replacement = lineage.superseded_by if lineage.superseded_by in inside else None
        return replace(
            memory,
            status=status,
            version=1,
            source_key=self._source,
            confidence=min(CLAIMED, CLAIMED if memory.confidence is None else memory.confidence),
            evidence_count=0,
            last_verified_at=None,
            created_at=min(memory.created_at, at),
            updated_at=min(max(memory.updated_at, memory.created_at), at),
            lineage=Lineage(
                replacement,
                tuple(key for key in lineage.derived_from if key in inside),
                tuple(key for key in lineage.contradicts_with if key in inside),
            ),
            review_events=(),
            team_governance=None,
        )

    def _branched(self, memory: Memory) -> Memory:
        """A memory under an id of its own that says which one it was made of."""
        lineage = memory.lineage
        return replace(
            memory,
            id=self._branch_id(memory.id),
            source_key=f"branch:{self._from}:{memory.id}",
            lineage=Lineage(
                self._branch_id(lineage.superseded_by) if lineage.superseded_by else None,
                tuple(sorted(map(self._branch_id, lineage.derived_from))),
                tuple(sorted(map(self._branch_id, lineage.contradicts_with))),
                tuple(sorted(map(self._branch_id, lineage.updates))),
            ),
            review_events=tuple(
                replace(event, superseded_by=self._branch_id(event.superseded_by))
                if event.superseded_by
                else event
                for event in memory.review_events
            ),
        )

    def _branch_id(self, key: UUID) -> UUID:
        if key not in self._inside:
            return key
        name = f"branch {self._preview.target_namespace}".encode()
        return content_id(bytes.fromhex(hash_content(name.hex() + key.hex)))


def checked(artifact: Artifact) -> Verdict:
    """The verdict about a document whose digests hold.

    Raises:
        MalformedError, IntegrityError: they do not.
    """
    verdict = verify(artifact)
    if not verdict.valid:
        problems = " ".join(problem.message for problem in verdict.problems)
        raise IntegrityError(
            f"{problems} Nothing was imported.",
            field="file",
            hint="Get the document again; 'memoryoss reader open' shows what is in it.",
        )
    return verdict


def _draft(memory: Memory) -> Draft:
    return Draft(
        memory.content,
        memory.namespace,
        tags=memory.tags,
        agent=memory.agent,
        session=memory.session,
        client=memory.client,
        source_key=memory.source_key,
        confidence=memory.confidence,
    )


def _shortened(text: str) -> str:
    return text if len(text) <= PREVIEW else f"{text[:PREVIEW]}..."
