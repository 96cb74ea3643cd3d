# SPDX-License-Identifier: AGPL-3.0-only
"""A place in a text, and the mark that stands where a secret was."""

from __future__ import annotations

import re
from typing import Final

Span = tuple[int, int, str]
"""Start, end and kind of a secret."""

MARK: Final = "[redacted:{}]"
MARK_START: Final = "[redacted:"


def marks(text: str) -> list[tuple[int, int]]:
    """Where secrets were redacted before."""
    if MARK_START not in text:
        return []
    return [match.span() for match in re.finditer(r"\[redacted:[a-z0-9_]+\]", text)]
