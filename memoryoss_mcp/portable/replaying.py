# SPDX-License-Identifier: AGPL-3.0-only
"""Histories put back: as they were, into an empty namespace, or as a branch with ids of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.portable.artifact import Artifact
from memoryoss_mcp.portable.importing import Imported, Importer, Mode
from memoryoss_mcp.portable.integrity import entries, verify
from memoryoss_mcp.portable.trust.decision import TrustDecision
from memoryoss_mcp.store.store import Store
from memoryoss_mcp.store.types import Progress


class ReplayBlockedError(InvalidInputError):
    """A history cannot be replayed there. Nothing was changed."""

    code = "replay_blocked"


@dataclass(frozen=True, slots=True)
class Replay:
    """What a replay does, or would do. ``blocked_reason`` says why it cannot be; ``visible_count``
    are the memories that are not archived."""

    dry_run: bool
    target_namespace: str
    root_id: UUID
    integrity_valid: bool
    create_count: int
    visible_count: int
    blocked_reason: str | None = None
    imported: Imported | None = None

    @property
    def can_replay(self) -> bool:
        """Whether nothing is in the way."""
        return self.blocked_reason is None


def replay(
    store: Store,
    importer: Importer,
    artifact: Artifact,
    namespace: str,
    decide: Callable[[Artifact], TrustDecision],
    *,
    mode: Mode = "replay",
    dry_run: bool,
    progress: Progress,
) -> Replay:
    """Put a history into a namespace that holds nothing, or say what that would do.

    Raises:
        MalformedError: it is no history.
        ReplayBlockedError: it cannot be (a dry run tells it instead). Nothing was changed.
    """
    if artifact.payload_shape != "history":
        raise InvalidInputError(
            "It is no history.",
            field="file",
            hint="Send the file that 'memoryoss history export' wrote; a passport is imported.",
        )
    verdict = verify(artifact)
    reason = None
    if not verdict.valid:
        reason = " ".join(problem.message for problem in verdict.problems)
    elif store.holds(namespace):
        reason = f"Namespace {namespace!r} is not empty."
    root = UUID(artifact.document["root_id"])
    if reason is None and all(entry.id != root for entry in entries(artifact)):
        reason = f"Its root {root} is not among its memories."
    visible = verdict.memories - verdict.archived
    if reason is not None:
        if not dry_run:
            raise ReplayBlockedError(
                f"{reason} Nothing was replayed.", hint="Name a namespace that holds nothing."
            )
        return Replay(True, namespace, root, verdict.valid, 0, visible, reason)
    imported = importer.run(
        artifact, namespace, decide, mode=mode, dry_run=dry_run, progress=progress
    )
    return Replay(dry_run, namespace, root, True, verdict.memories, visible, imported=imported)
