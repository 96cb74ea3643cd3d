# SPDX-License-Identifier: AGPL-3.0-only
"""What is read from another program's memory: records that can be stored, and what cannot be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from uuid import UUID

from memoryoss_mcp.model import MemoryType, Status


@dataclass(frozen=True, slots=True)
class Found:
    """One memory of another program. Times are nanoseconds since the epoch.

    ``key`` is what its program knows it by: the same record has the same key in every run, and
    another record of the source has another one. ``place`` says where it stands, for messages
    (``line 12``). ``id`` is a memory id that the record already has, if it is one of ours. ``said``
    is what the record itself says, where ``content`` has the name of its subject before that.
    """

    content: str
    key: str
    place: str
    tags: tuple[str, ...] = ()
    created_at: int | None = None
    updated_at: int | None = None
    memory_type: MemoryType = MemoryType.SEMANTIC
    status: Status = Status.ACTIVE
    agent: str | None = None
    session: str | None = None
    id: UUID | None = None
    said: str | None = None


@dataclass(frozen=True, slots=True)
class Skipped:
    """A record that cannot become a memory, and why."""

    place: str
    reason: str


class Source(Protocol):
    """A kind of foreign memory."""

    kind: str
    """Its name on the command line."""
    title: str
    """Its name for people."""

    def recognises(self, path: Path) -> bool:
        """Whether a file or folder is of this kind, by what is in it."""

    def count(self, path: Path) -> int:
        """How many records :meth:`read` will give, found and skipped ones together.

        Raises:
            InvalidInputError: the path cannot be read or is of another kind.
        """

    def read(self, path: Path) -> Iterator[Found | Skipped]:
        """The records one after another, always in the same order; nothing is written.

        Raises:
            InvalidInputError: the path cannot be read or is of another kind.
        """
