# SPDX-License-Identifier: AGPL-3.0-only
"""The context blocks that were sent, so that a conversation gets the same bytes again.

A client repeats a conversation with every request, without our blocks. They are put in again
where they were, to the byte: only then does the provider's prompt cache know the prefix. They are
held in memory only, since they are made of memories, which may be forgotten.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

MOST_BYTES: Final = 64 * 1024 * 1024
MOST_BLOCKS: Final = 20_000

SAME_REQUEST_SECS: Final = 3_600.0
"""How long the same words at the same place count as the same request, made again; after that
they begin another conversation, for which memories are looked for anew."""

Scope = tuple[str, int | None]
"""A namespace, and from when on memories count (nanoseconds), if not all do."""


@dataclass(frozen=True, slots=True)
class SentBlock:
    """A block as it was sent, and of which memories it is made."""

    text: str = field(repr=False)
    memories: tuple[UUID, ...]
    tokens: int
    at: float


class SentBlocks:
    """Blocks by the turns beside which they stand. Thread-safe; the oldest are dropped first."""

    def __init__(
        self,
        *,
        most_bytes: int = MOST_BYTES,
        most_blocks: int = MOST_BLOCKS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most_bytes = most_bytes
        self._most_blocks = most_blocks
        self._clock = clock
        self._bytes = 0
        self._blocks: OrderedDict[tuple[Scope, str], SentBlock] = OrderedDict()
        self._guard = threading.Lock()

    def find(self, scope: Scope, keys: Iterable[str]) -> dict[str, SentBlock]:
        """Those of some turns that had a block."""
        found = {}
        with self._guard:
            for key in keys:
                block = self._blocks.get((scope, key))
                if block is not None:
                    self._blocks.move_to_end((scope, key))
                    found[key] = block
        return found

    def is_recent(self, block: SentBlock) -> bool:
        """Whether a turn with this block that is the last one is the same request again."""
        return self._clock() - block.at < SAME_REQUEST_SECS

    def add(
        self, scope: Scope, key: str, text: str, memories: tuple[UUID, ...], tokens: int
    ) -> SentBlock:
        """Keep a block. Of two for the same turn the first counts: it may be on its way already."""
        with self._guard:
            known = self._blocks.get((scope, key))
            if known is not None and self.is_recent(known):
                return known
            block = SentBlock(text, memories, tokens, self._clock())
            if known is not None:
                self._bytes -= len(known.text)
            self._blocks[scope, key] = block
            self._blocks.move_to_end((scope, key))
            self._bytes += len(text)
            while len(self._blocks) > self._most_blocks or self._bytes > self._most_bytes:
                _, oldest = self._blocks.popitem(last=False)
                self._bytes -= len(oldest.text)
            return block

    def drop(self, scope: Scope, blocks: Mapping[str, SentBlock]) -> None:
        """Forget some blocks, because a memory in them was forgotten."""
        with self._guard:
            for key in blocks:
                gone = self._blocks.pop((scope, key), None)
                if gone is not None:
                    self._bytes -= len(gone.text)

    def __len__(self) -> int:
        """How many are held."""
        return len(self._blocks)
