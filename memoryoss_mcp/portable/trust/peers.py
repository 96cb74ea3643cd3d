# SPDX-License-Identifier: AGPL-3.0-only
"""Descriptors of those that memories are exchanged with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.portable.canonical import compact, ordered, sha256

SYNC_PEER: Final = "sync_peer"
FIELDS: Final = ("peer_id", "namespace", "endpoint", "device_label")


def descriptor(document: object) -> dict[str, Any]:
    """The descriptor in a document: four texts, none of them empty.

    Raises:
        InvalidInputError: it is none.
    """
    if (
        not isinstance(document, Mapping)
        or document.keys() != set(FIELDS)
        or not all(isinstance(value, str) and value.strip() for value in document.values())
    ):
        raise InvalidInputError(
            f"A descriptor of a peer has the texts {', '.join(FIELDS)}, and nothing else.",
            field="file",
        )
    return {name: document[name] for name in FIELDS}


def digests(peer: Mapping[str, Any]) -> tuple[str, str]:
    """The subject and the content that a signature of a descriptor is for."""
    return f"{SYNC_PEER}:{sha256(compact(descriptor(peer)))}", sha256(ordered(peer))
