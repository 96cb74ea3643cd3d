# SPDX-License-Identifier: AGPL-3.0-only
"""What a runtime offers to memories that leave and arrive: passports, histories, bundles, and who
signs them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any
from uuid import UUID

from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.model import Draft, Memory, check_namespace
from memoryoss_mcp.recall.encoder import Encoder
from memoryoss_mcp.recall.indexing import document_terms
from memoryoss_mcp.screen import screen_draft
from memoryoss_mcp.services import Services, silent
from memoryoss_mcp.store.changes import Entry
from memoryoss_mcp.store.types import Progress

if TYPE_CHECKING:
    # Start-up time: a server that only recalls needs no models of documents.
    from memoryoss_mcp.exchange.rehearsal import Rehearsal
    from memoryoss_mcp.portable.artifact import Artifact
    from memoryoss_mcp.portable.importing import Imported, Importer
    from memoryoss_mcp.portable.lines import Scope
    from memoryoss_mcp.portable.replaying import Replay
    from memoryoss_mcp.portable.selection import Report
    from memoryoss_mcp.portable.sync.sync import Sync
    from memoryoss_mcp.portable.trust.decision import TrustDecision
    from memoryoss_mcp.portable.trust.fabric import Fabric


class Portability(Services):
    """The services for memories that travel."""

    _encoder: Encoder

    def export_passport(
        self,
        namespace: str,
        scope: Scope = "project",
        *,
        redactions: Sequence[str] = (),
        progress: Progress | None = None,
    ) -> tuple[Artifact, Report]:
        """The passport of a namespace, and what was left out and why. Close the artifact."""
        from memoryoss_mcp.portable.exporting import export_passport  # start-up time

        check_namespace(namespace, self.config.limits.max_namespace_length)
        self._note_read("export", namespace)
        return export_passport(self._store, namespace, scope, redactions, progress or silent)

    def export_history(self, memory_id: UUID, namespace: str) -> Artifact:
        """The history of a memory with all that it is tied to. Close the artifact.

        Raises:
            NotFoundError: the namespace has no such memory.
        """
        from memoryoss_mcp.portable.exporting import export_history  # start-up time

        check_namespace(namespace, self.config.limits.max_namespace_length)
        self._note_read("export", namespace)
        return export_history(self._store, namespace, memory_id)

    def import_artifact(
        self,
        artifact: Artifact,
        namespace: str,
        *,
        sidecar: Mapping[str, Any] | None = None,
        dry_run: bool = False,
        progress: Progress | None = None,
    ) -> Imported:
        """Import a passport, alone or in its envelope; see :mod:`.portable.importing`.

        Raises:
            InvalidInputError, MemoryOSSError: nothing was imported.
        """
        if artifact.payload_shape != "passport":
            raise InvalidInputError(
                "It is no passport.",
                field="file",
                hint="A history is replayed: 'memoryoss history replay'.",
            )
        self._check_arrival(namespace)
        return self._importer().run(
            artifact,
            namespace,
            self.decider(sidecar),
            dry_run=dry_run,
            progress=progress or silent,
        )

    def replay(
        self,
        artifact: Artifact,
        namespace: str,
        *,
        sidecar: Mapping[str, Any] | None = None,
        dry_run: bool = False,
        progress: Progress | None = None,
    ) -> Replay:
        """Put a history into an empty namespace, as it was.

        Raises:
            InvalidInputError, MemoryOSSError: nothing was replayed.
        """
        from memoryoss_mcp.portable.replaying import replay  # start-up time

        self._check_arrival(namespace)
        return replay(
            self._store,
            self._importer(),
            artifact,
            namespace,
            self.decider(sidecar),
            dry_run=dry_run,
            progress=progress or silent,
        )

    def branch(
        self,
        memory_id: UUID,
        namespace: str,
        target: str,
        *,
        dry_run: bool = False,
        progress: Progress | None = None,
    ) -> Replay:
        """Copy a memory with all that it is tied to into an empty namespace, under new ids.

        Raises:
            NotFoundError, InvalidInputError: nothing was copied.
        """
        from memoryoss_mcp.portable.document import bundle  # start-up time
        from memoryoss_mcp.portable.replaying import replay
        from memoryoss_mcp.portable.trust.decision import (
            TrustDecision,
            TrustOrigin,
            TrustStatus,
        )

        self._check_arrival(target)
        # What never left need not be signed to be what it is.
        own = TrustDecision(TrustStatus.TRUSTED, "It is of this memory.", TrustOrigin.LOCAL)
        artifact = self.export_history(memory_id, namespace)
        try:
            return replay(
                self._store,
                self._importer(),
                bundle(artifact),
                target,
                lambda _artifact: own,
                mode="branch",
                dry_run=dry_run,
                progress=progress or silent,
            )
        finally:
            artifact.close()

    @cached_property
    def fabric(self) -> Fabric:
        """Who may sign, who is trusted, and the registry of both."""
        from memoryoss_mcp.portable.trust.fabric import Fabric  # start-up time

        config = self.config
        return Fabric(self._store, config.keys_dir, config.trust.audit_hmac_secret)

    @cached_property
    def sync(self) -> Sync:
        """Exchanges memories with other machines through folders."""
        from memoryoss_mcp.portable.sync.sync import Sync  # start-up time

        return Sync(self._store, self.fabric, self.prepared)

    def decider(
        self, sidecar: Mapping[str, Any] | None = None
    ) -> Callable[[Artifact], TrustDecision]:
        """Decides about the signature of an artifact, or about one that stands beside it."""
        from memoryoss_mcp.portable.signing import decide  # start-up time

        return lambda artifact: decide(artifact, self.fabric, sidecar)

    def rehearsal(self) -> Rehearsal:
        """A stand-in for this memory that takes drafts and changes and keeps nothing: for dry
        runs."""
        from memoryoss_mcp.exchange.rehearsal import Rehearsal  # start-up time

        self._settle()
        return Rehearsal(self._store, self._encoder)

    def prepared(self, memories: Sequence[Memory]) -> list[Entry]:
        """Memories that arrive from elsewhere, analysed and, if the model is there, embedded."""
        self._settle()
        encoded = self._encoder.vectors(memories)
        return [
            Entry(memory, tuple(document_terms(memory)), encoded[place] if encoded else None)
            for place, memory in enumerate(memories)
        ]

    def _importer(self) -> Importer:
        from memoryoss_mcp.portable.importing import Importer  # start-up time

        return Importer(self._store, self.prepared, self._screened)

    def _screened(self, draft: Draft) -> tuple[str, tuple[str, ...]]:
        admitted = screen_draft(draft, self.config.limits, self.config.screen.secrets)
        return admitted.draft.content, admitted.redacted

    def _check_arrival(self, namespace: str) -> None:
        check_namespace(namespace, self.config.limits.max_namespace_length)

    def _settle(self) -> None:
        """See to it that the model is there, if somebody has to wait for it."""
        raise NotImplementedError
