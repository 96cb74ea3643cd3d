# SPDX-License-Identifier: AGPL-3.0-only
"""A record of another program as a draft. Its words are taken or left as they are; tags and labels
that break a rule here are left out and counted, for they are no reason to lose a memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from memoryoss_mcp.exchange.provenance import Provenance
from memoryoss_mcp.exchange.record import Found
from memoryoss_mcp.model import Draft, Limits, Origin, Status
from memoryoss_mcp.screen import Admitted
from memoryoss_mcp.screen.secrets import find

Admit = Callable[[Draft], Admitted]
"""Checks a draft as the target does: :func:`memoryoss_mcp.screen.screen_draft`, configured."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the caller wants of every record: tags beside its own, a status instead of its own, the
    name of the program that imports."""

    tags: tuple[str, ...] = ()
    status: Status | None = None
    client: str | None = None


NONE: Final = Wishes()


def shaped(
    record: Found, namespace: str, limits: Limits, provenance: Provenance, wishes: Wishes
) -> tuple[Draft, tuple[str, ...]]:
    """The draft of a record, without an id, and what was left out: ``tag``, ``agent``,
    ``session``, each as often as that was."""
    tags, left_out = _fitting([*wishes.tags, *record.tags], limits)
    draft = Draft(
        content=record.content,
        namespace=namespace,
        tags=tags,
        agent=_label(record.agent, limits),
        session=_label(record.session, limits),
        memory_type=record.memory_type,
        origin=Origin.IMPORTED,
        client=wishes.client,
        source_key=provenance.source_key,
        created_at=record.created_at,
        status=wishes.status or record.status,
    )
    for name in ("agent", "session"):
        if getattr(record, name) and getattr(draft, name) is None:
            left_out.append(name)
    return draft, tuple(left_out)


def _fitting(tags: Sequence[str], limits: Limits) -> tuple[tuple[str, ...], list[str]]:
    """The tags that can be kept, and ``tag`` for each of the others."""
    distinct = dict.fromkeys(tag.strip() for tag in tags)
    usable = [tag for tag in distinct if _is_fit(tag, limits.max_tag_length)]
    kept = usable[: limits.max_tags]
    return tuple(kept), ["tag"] * (sum(map(bool, distinct)) - len(kept))


def _label(label: str | None, limits: Limits) -> str | None:
    return label if label is not None and _is_fit(label, limits.max_label_length) else None


def _is_fit(text: str, longest: int) -> bool:
    size = len(text.encode("utf-8", "replace"))
    well_formed = "\0" not in text and not any("\ud800" <= char <= "\udfff" for char in text)
    return bool(text.strip()) and size <= longest and well_formed and not find(text)
