# SPDX-License-Identifier: AGPL-3.0-only
"""From a signal to a candidate in the inbox. A dry run takes the same way up to the write."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from memoryoss_mcp.errors import SecretRefusedError
from memoryoss_mcp.exchange.connectors.kinds import Consent
from memoryoss_mcp.exchange.connectors.signal import Signal
from memoryoss_mcp.lifecycle.quarantine import quarantined
from memoryoss_mcp.model import Draft, Limits
from memoryoss_mcp.screen import screen_draft
from memoryoss_mcp.store.types import Stored

Store = Callable[[Draft], Stored]
"""Writes a draft, or finds the memory that says the same."""

Known = Callable[[str, Sequence[str]], Mapping[str, UUID]]
"""Those of some contents that a namespace has as an active memory or a candidate, with its id."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What applies to every signal of one run. ``secrets`` is the policy of ``[screen]``; text that
    nobody has chosen to store is never kept with its secrets, so ``keep`` counts as ``redact``."""

    consent: Consent
    limits: Limits
    namespace: str
    secrets: str = "redact"
    client: str | None = None


@dataclass(frozen=True, slots=True)
class Ingested:
    """What became of a signal, or would (``dry_run``).

    ``id`` is that of the candidate, or of the memory that says the same (``duplicate``); a dry run
    has none for a new one. ``redacted`` are the kinds of the secrets that were left out, ``raw``
    says whether the excerpt was kept.
    """

    signal: Signal
    draft: Draft
    redacted: tuple[str, ...]
    dry_run: bool
    duplicate: bool
    id: UUID | None
    raw: bool

    @property
    def review_key(self) -> str | None:
        """What the inbox calls it; of a dry run and of a memory that was there before: nothing."""
        fresh = self.id is not None and not self.duplicate
        return f"review:{self.id}" if fresh else None


def ingest(
    signal: Signal,
    rules: Rules,
    store: Store,
    known: Known,
    *,
    allow_raw: bool = False,
    dry_run: bool = False,
) -> Ingested:
    """Take a signal in as a candidate.

    ``allow_raw`` keeps the raw excerpt, if the configuration allows it too; without it the excerpt
    is left out.

    Raises:
        ConnectorDisabledError, RawDisabledError: the user has not switched that on.
        InvalidInputError, LimitExceededError, SecretRefusedError: as for every memory.
        Nothing was stored.
    """
    rules.consent.require(signal.kind)
    if allow_raw:
        rules.consent.require_raw()
    else:
        signal = replace(signal, raw=None)
    signal = signal.without_secrets()
    if signal.redacted and rules.secrets == "refuse":
        kinds = ", ".join(dict.fromkeys(signal.redacted))
        raise SecretRefusedError(
            f"The signal holds a secret ({kinds}). Nothing was stored.",
            field="summary",
            hint="Leave it out, or let secrets be redacted ([screen] secrets).",
        )
    draft = signal.draft(rules.namespace, rules.client)
    admitted = screen_draft(draft, rules.limits)
    draft = quarantined(admitted.draft)
    redacted = (*signal.redacted, *admitted.redacted)
    raw = signal.raw is not None and bool(signal.raw.strip())
    if dry_run:
        found = known(draft.namespace, [draft.content]).get(draft.content)
        return Ingested(signal, draft, redacted, True, found is not None, found, raw)
    receipt = store(draft)
    return Ingested(signal, draft, redacted, False, receipt.duplicate, receipt.id, raw)
