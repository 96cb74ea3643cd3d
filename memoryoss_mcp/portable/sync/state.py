# SPDX-License-Identifier: AGPL-3.0-only
"""The state of a memory: what installations have to agree on.

It is the entry of the published lines without what follows from the rest (hash, namespace), and
what the lines have no field for. How often a memory was put to use is no part of it.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from pydantic import ValidationError

from memoryoss_mcp.model import Memory, Origin, hash_content
from memoryoss_mcp.portable.canonical import MalformedError, ordered
from memoryoss_mcp.portable.lines import Entry
from memoryoss_mcp.portable.records import entry_of, memory_of

_FOLLOWS: Final = ("original_namespace", "content_hash")
_SETS: Final = ("derived_from", "contradicts_with")
_MARK: Final = 32
"""Bytes of a digest before those that are of the content alone."""


def state_of(memory: Memory) -> dict[str, Any]:
    """The state of a memory: plain JSON values."""
    entry = entry_of(memory)
    for name in _FOLLOWS:
        entry.pop(name, None)
    for name in _SETS:
        if name in entry:
            entry[name] = sorted(entry[name])
    found: dict[str, Any] = {"memory": entry, "origin": memory.origin.value}
    if memory.client is not None:
        found["client"] = memory.client
    if memory.lineage.updates:
        found["updates"] = sorted(map(str, memory.lineage.updates))
    return found


def digest_of(memory: Memory) -> bytes:
    """The digest of a memory's state; its end is a digest of the content alone."""
    return state_digest(state_of(memory))


def state_digest(state: dict[str, Any]) -> bytes:
    """The digest of a state.

    Raises:
        MalformedError: it is none.
    """
    return printed(state)[1]


def printed(state: dict[str, Any]) -> tuple[bytes, bytes]:
    """A state as it is written, and its digest.

    Raises:
        MalformedError: it is none.
    """
    try:
        text = ordered(state)
        content = state["memory"]["content"].encode()
        return text, text_digest(text) + hashlib.sha256(content).digest()[:16]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise MalformedError("A record has no state.") from error


def text_digest(text: bytes) -> bytes:
    """The beginning of the digest of a state, from the state as it is written."""
    return hashlib.sha256(text).digest()


def same_content(one: bytes, other: bytes) -> bool:
    """Whether two digests are of states with the same content."""
    return one[_MARK:] == other[_MARK:]


def memory_in(state: dict[str, Any], digest: bytes, namespace: str) -> Memory:
    """A state with some digest as a memory of a namespace.

    Raises:
        MalformedError: it is no state, or not one that this program writes.
    """
    try:
        memory = memory_of(Entry.model_validate(state["memory"]), namespace)
        updates = tuple(sorted(UUID(key) for key in state.get("updates", ())))
        memory = replace(
            memory,
            origin=Origin(state["origin"]),
            client=state.get("client"),
            content_hash=hash_content(memory.content),
            lineage=replace(memory.lineage, updates=updates),
        )
        if isinstance(memory.client, str | None) and digest_of(memory) == digest:
            return memory
    except (AttributeError, KeyError, TypeError, ValueError, ValidationError) as error:
        raise MalformedError("A record holds no memory.") from error
    raise MalformedError("A record holds a memory in another form than this program writes.")
