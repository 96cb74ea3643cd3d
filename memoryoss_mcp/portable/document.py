# SPDX-License-Identifier: AGPL-3.0-only
"""Making documents of the published lines, and writing them to a file.

A document says of itself only what follows from the memories in it: its id is made of its content,
and the time that it states is that of their last change. So the same state of a memory gives the
same bytes, and a second export of an unchanged namespace changes no file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import IO, Any
from uuid import UUID

from memoryoss_mcp.model import Memory, format_time
from memoryoss_mcp.portable import lines
from memoryoss_mcp.portable.artifact import Artifact, values
from memoryoss_mcp.portable.canonical import compact, ordered
from memoryoss_mcp.portable.contract import metadata
from memoryoss_mcp.portable.integrity import (
    Frame,
    declared_frame,
    outer_frame,
    reference,
    split_document,
)
from memoryoss_mcp.portable.records import EXTENSION, Extension, entry_of
from memoryoss_mcp.portable.spool import Spool


class Gathering:
    """The memories of a document while they are collected, and what the document will say of
    them. ``secret`` ones are not put down before somebody writes the document."""

    def __init__(self, *, secret: bool = False) -> None:
        self.memories = Spool(secret=secret)
        self.extension = Extension()
        self.sources: set[str] = set()
        self.changed_at = 0
        self._digest = hashlib.sha256()

    def add(self, memory: Memory) -> None:
        """Take a memory in."""
        line = compact(entry_of(memory))
        self.extension.note(len(self.memories), memory)
        self.memories.append(line)
        self._digest.update(line)
        self.changed_at = max(self.changed_at, memory.updated_at)
        if memory.source_key is not None:
            self.sources.add(memory.source_key)

    def key(self, *parts: str) -> UUID:
        """The id of the document: a UUIDv8 (RFC 9562, section 5.8) of what is in it."""
        digest = self._digest.copy()
        for part in parts:
            digest.update(b"\0" + part.encode())
        return content_id(digest.digest())


def content_id(digest: bytes) -> UUID:
    """The UUIDv8 that is made of a digest (of at least 16 bytes)."""
    value = int.from_bytes(digest[:16], "big")
    value = value & ~(0xF << 76) | 0x8 << 76
    return UUID(int=value & ~(0b11 << 62) | 0b10 << 62)


def passport(gathered: Gathering, scope: lines.Scope, namespace: str) -> Artifact:
    """The passport of some memories."""
    fields = {
        "bundle_version": lines.PASSPORT,
        "passport_id": str(gathered.key(lines.PASSPORT, scope, namespace)),
        "runtime_contract": metadata(),
        "scope": scope,
        "namespace": namespace,
        "exported_at": format_time(gathered.changed_at),
        "provenance": {
            "exported_from_namespace": namespace,
            "source_key_ids": sorted(gathered.sources),
        },
        "memories": [],
    }
    integrity = {
        "algorithm": lines.SHA256,
        "payload_sha256": _digest(fields, lines.Passport.hashed, gathered.memories),
        "signed": False,
    }
    del fields["memories"]
    header = {**fields, "integrity": integrity, "memories": []}
    return _made("passport", header, gathered)


def history(
    gathered: Gathering,
    root: UUID,
    namespace: str,
    edges: Iterable[Mapping[str, Any]],
    timeline: Iterable[Mapping[str, Any]],
) -> Artifact:
    """The history of a memory, with all that it is tied to."""
    fields = {
        "bundle_version": lines.HISTORY,
        "history_id": str(gathered.key(lines.HISTORY, str(root), namespace)),
        "root_id": str(root),
        "runtime_contract": metadata(),
        "namespace": namespace,
        "exported_at": format_time(gathered.changed_at),
        "memories": [],
        "edges": list(edges),
        "timeline": list(timeline),
    }
    integrity = {
        "algorithm": lines.SHA256,
        "payload_sha256": _digest(fields, lines.History.hashed, gathered.memories),
    }
    return _made("history", {**fields, "integrity": integrity}, gathered)


def bundle(document: Artifact, signature: Mapping[str, Any] | None = None) -> Artifact:
    """A passport or history in its envelope. The memories are those of the document."""
    payload = document.document
    kind = document.payload_shape
    scope = payload.get("scope")
    key = payload["passport_id" if kind == "passport" else "history_id"]
    header: dict[str, Any] = {
        "bundle_version": lines.BUNDLE,
        "bundle_id": key,
        "kind": kind,
        "namespace": payload["namespace"],
        "scope": scope,
        "runtime_contract_id": payload["runtime_contract"]["contract_id"],
        "exported_at": payload["exported_at"],
        "reference": reference(kind, key, payload["namespace"], scope),
        "integrity": {"algorithm": lines.SHA256, "payload_sha256": ""},
        "signature": dict(signature or {"scheme": lines.UNSIGNED, "signable": True}),
        "payload": payload,
    }
    if scope is None:
        del header["scope"]
    made = Artifact("bundle", header, document.memories, printed=True)
    header["integrity"]["payload_sha256"] = envelope_digest(made)
    return made


def envelope_digest(artifact: Artifact) -> str:
    """The digest that an envelope must state."""
    frame = outer_frame(artifact.header, artifact.document)
    return frame.sha256(ordered(value) for value in values(artifact.memories))


def write(artifact: Artifact, out: IO[bytes]) -> None:
    """Write a document: an envelope without any white space, others with a line for each memory."""
    for part in printed(artifact):
        out.write(part)


def printed(artifact: Artifact) -> Iterator[bytes]:
    """A document as it is written, piece by piece."""
    if artifact.shape != "bundle":
        frame = split_document(compact, artifact.header)
        yield from _on_lines(frame, artifact.memories)
        return
    head = {name: value for name, value in artifact.header.items() if name != "payload"}
    inner = split_document(ordered, artifact.document)
    frame = Frame(compact(head)[:-1] + b',"payload":' + inner.before, inner.behind + b"}")
    yield from frame.parts(ordered(value) for value in values(artifact.memories))


def _on_lines(frame: Frame, memories: Iterable[bytes]) -> Iterator[bytes]:
    yield frame.before
    place = -1
    for place, memory in enumerate(memories):
        yield (b",\n" if place else b"\n") + memory
    yield (b"\n" if place >= 0 else b"") + frame.behind + b"\n"


def _digest(fields: Mapping[str, Any], hashed: Iterable[str], memories: Spool) -> str:
    return declared_frame(fields, hashed).sha256(memories)


def _made(shape: lines.Kind, header: dict[str, Any], gathered: Gathering) -> Artifact:
    if more := gathered.extension.document():
        header[EXTENSION] = more
    return Artifact(shape, header, gathered.memories, printed=True)
