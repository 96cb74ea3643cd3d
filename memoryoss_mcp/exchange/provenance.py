# SPDX-License-Identifier: AGPL-3.0-only
"""Where records come from, and the ids that follow from it."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid5

from memoryoss_mcp.model import hash_content

IDS: Final = UUID("6c0f3a52-8f0e-5b7d-9a41-2d7c1be0f9e4")
"""The namespace (RFC 9562) of the ids of imported memories. Never change it."""

DIGITS: Final = 16
"""Hexadecimal digits of a source key."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """The kind of a source and the label of this one (its path, as a rule). ``lane`` is ``import``,
    or ``adapter`` for the artifacts that the published record names so."""

    kind: str
    label: str
    lane: str = "import"

    @property
    def source_key(self) -> str:
        """What is kept with every memory of this source."""
        digest = hashlib.sha256(f"{self.kind}:{self.label}".encode("utf-8", "surrogatepass"))
        return f"{self.lane}:{digest.hexdigest()[:DIGITS]}"

    def id_of(self, key: str) -> UUID:
        """The id of the record with a key, wherever its source lies."""
        return _id(self.kind, key)

    def own_id_of(self, key: str) -> UUID:
        """The id of the record where another source of the kind has the same key."""
        return _id(self.kind, key, self.source_key)

    def worded_id_of(self, key: str, content: str) -> UUID:
        """The id of what a record says now, where its memory must not be changed."""
        return _id(self.kind, key, self.source_key, hash_content(content))


def is_universal(key: str) -> bool:
    """Whether a key is one of a kind everywhere: a UUID or a digest is in it."""
    return _UNIVERSAL.search(key) is not None


_UNIVERSAL: Final = re.compile(r"(?i)[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|[0-9a-f]{32}")


def _id(*parts: str) -> UUID:
    return uuid5(IDS, "\0".join(parts).encode("utf-8", "surrogatepass").decode("utf-8", "replace"))
