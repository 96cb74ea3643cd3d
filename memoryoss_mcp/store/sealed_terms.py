# SPDX-License-Identifier: AGPL-3.0-only
"""The lexical index of a sealed namespace on disk: one sealed entry a memory, no postings (which
are in memory: :mod:`memoryoss_mcp.store.inverted`)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from memoryoss_mcp.errors import StoreDamagedError
from memoryoss_mcp.model import Memory
from memoryoss_mcp.store.vectors import content_flags, label_hash

_HEAD: Final = struct.Struct("<HqqI")


@dataclass(frozen=True, slots=True)
class SealedEntry:
    """What searching needs of a memory and its columns do not say in clear: the flags of its
    content, the hashes of its labels, and its terms with their frequencies."""

    flags: int
    session: int
    agent: int
    terms: str
    frequencies: bytes


def pack(memory: Memory, terms: str, frequencies: bytes) -> bytes:
    """The entry of a memory, to be sealed."""
    head = _HEAD.pack(
        content_flags(memory.content),
        label_hash(memory.session),
        label_hash(memory.agent),
        len(frequencies),
    )
    return head + frequencies + terms.encode()


def unpack(plain: bytes) -> SealedEntry:
    """What :func:`pack` made.

    Raises:
        StoreDamagedError: it is none.
    """
    try:
        flags, session, agent, count = _HEAD.unpack_from(plain)
        ends = _HEAD.size + count
        terms = plain[ends:].decode()
    except (struct.error, UnicodeDecodeError) as error:
        raise StoreDamagedError("An entry of a sealed lexical index is damaged.") from error
    return SealedEntry(flags, session, agent, terms, plain[_HEAD.size : ends])
