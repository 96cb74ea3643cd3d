# SPDX-License-Identifier: AGPL-3.0-only
"""Namespace names: the isolation boundary between projects, people and tenants."""

from __future__ import annotations

import re
import unicodedata

from memoryoss_mcp.errors import InvalidInputError

DEFAULT_NAMESPACE = "default"

_RUN_OF_OTHERS = re.compile(r"[^\w-]+")


def check_namespace(name: str, max_length: int = 128) -> str:
    """Return ``name`` if it is a namespace name: 1 to 128 bytes of letters, digits, ``-``, ``_``.

    Raises:
        InvalidInputError: any other text. Nothing is guessed or repaired.
    """
    size = len(name.encode("utf-8", "surrogatepass"))
    if not name or size > max_length or not all(c.isalnum() or c in "-_" for c in name):
        shown = name[:40] + ("…" if len(name) > 40 else "")
        raise InvalidInputError(
            f"{shown!r} is not a namespace name.",
            field="namespace",
            hint=f"Use 1 to {max_length} bytes of letters, digits, '-' and '_', "
            "or leave it out for the current project.",
        )
    return name


def namespace_from(text: str) -> str:
    """A valid namespace name made of ``text``: every run of other characters becomes one ``-``."""
    folded = _RUN_OF_OTHERS.sub("-", unicodedata.normalize("NFKC", text)).strip("-").lower()
    kept = "".join(c for c in folded if c.isalnum() or c in "-_")
    while len(kept.encode()) > 128:
        kept = kept[:-1]
    return kept or DEFAULT_NAMESPACE
