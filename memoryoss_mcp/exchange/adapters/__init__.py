# SPDX-License-Identifier: AGPL-3.0-only
"""Artifacts of other clients, in and out: project instructions, editor rules, a git history."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final, Protocol

from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.exchange.record import Found, Skipped
from memoryoss_mcp.model import Limits, Memory, MemoryType, Status, hash_content
from memoryoss_mcp.screen.secrets import redact

ADAPTER_KINDS: Final = ("claude_project", "cursor_rules", "git_history")
"""What ``--kind`` may be; a hyphen does for an underscore."""


class Adapter(Protocol):
    """A kind of artifact that another client reads or writes."""

    kind: str
    """Its name on the command line, with underscores."""
    client: str
    """The client, as in the tag ``client:<name>``."""
    memory_type: MemoryType
    """What an imported memory is, where the artifact does not say so itself."""
    status: Status
    """Where an imported memory stands, where the artifact does not say so itself."""
    extension: str
    """Of an exported file, without the dot."""
    content_type: str
    exports: bool
    """Whether :meth:`render` can be called."""

    def read(
        self, path: Path, label: str | None = None, *, limit: int | None = None
    ) -> Iterator[Found | Skipped]:
        """The memories in a file, a folder or a repository; nothing is written.

        ``label`` names the source in tags and session (default: the name of the file or folder).
        Of more than ``limit`` records the rest is reported as one :class:`Skipped`.

        Raises:
            InvalidInputError: the path cannot be read or is of another kind.
        """

    def parse(
        self, text: str, label: str, *, limit: int | None = None
    ) -> Iterator[Found | Skipped]:
        """The same for an artifact that was sent as text."""

    def render(self, memories: Iterable[Memory], namespace: str) -> str:
        """The artifact that holds these memories, oldest first, each with its id, tags, status and
        type: :meth:`parse` gives them back. The caller leaves out what :func:`left_out` says, and
        secrets (:func:`without_secrets`).

        Raises:
            InvalidInputError: this kind cannot be exported, or there are no memories.
        """


def find_adapter(kind: str) -> Adapter:
    """The adapter of a kind.

    Raises:
        InvalidInputError: there is no such kind.
    """
    # start-up time: the names of the kinds are needed for --help, a Markdown parser is not
    from memoryoss_mcp.exchange.adapters.claude_project import ClaudeProject
    from memoryoss_mcp.exchange.adapters.cursor_rules import CursorRules
    from memoryoss_mcp.exchange.adapters.git_history import GitHistory

    adapters: tuple[Adapter, ...] = (ClaudeProject(), CursorRules(), GitHistory())
    for adapter in adapters:
        if adapter.kind == kind.strip().lower().replace("-", "_"):
            return adapter
    raise InvalidInputError(
        f"{kind[:40]!r} is not a kind of adapter.",
        field="kind",
        hint=f"Use one of: {', '.join(ADAPTER_KINDS)}.",
    )


def left_out(memory: Memory, *, unconfirmed: bool = False) -> str | None:
    """Why a memory does not belong into an artifact, in stable words; ``None`` if it does. A client
    follows an artifact as instructions, so what may not be put into a prompt unasked stays out,
    unless ``unconfirmed`` memories are wanted too. Archived, superseded and contested ones never
    belong into it."""
    # start-up time: many patterns, needed for an export only
    from memoryoss_mcp.screen.injectable import withheld

    why = withheld(memory)
    return None if unconfirmed and why not in _NEVER else why


def without_secrets(memory: Memory, found: Counter[str]) -> Memory:
    """A memory as it may leave: its secrets redacted, and without tags that hold one. ``found``
    counts them by kind."""
    content = redact(memory.content)
    tags = {tag: redact(tag) for tag in memory.tags}
    for text in (content, *tags.values()):
        found.update(secret.kind for secret in text.found)
    return replace(
        memory,
        content=content.text,
        content_hash=hash_content(content.text),
        tags=tuple(tag for tag, text in tags.items() if not text.found),
    )


def source_key(kind: str, label: str) -> str:
    """The source key of everything that an adapter takes from one source."""
    return "adapter:" + hashlib.sha256(f"{kind}:{label}".encode()).hexdigest()[:16]


def provenance_tags(kind: str, client: str, label: str) -> tuple[str, ...]:
    """The tags that say where an imported memory is from."""
    slug = _OTHERS.sub("-", label.lower()).strip("-")
    reference = f"source_ref:{slug}"[: Limits().max_tag_length].rstrip("-")
    tags = (f"adapter:{kind}", f"client:{client}", reference)
    return tags if slug else tags[:2]


_NEVER: Final = ("archived", "superseded", Status.CONTESTED.value)
_OTHERS = re.compile(r"[^a-z0-9]+")
