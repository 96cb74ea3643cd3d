# SPDX-License-Identifier: AGPL-3.0-only
"""Memory ids: UUIDv7, so that byte order is creation order."""

from __future__ import annotations

import os
import re
import threading
import time
from uuid import UUID

from memoryoss_mcp.errors import InvalidIdError

_UUID = re.compile(
    r"(?:urn:uuid:)?\{?([0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12})\}?", re.IGNORECASE | re.ASCII
)
"""Stricter than ``uuid.UUID``, which takes whatever ``int`` takes: ``0x``, ``_``, other digits."""

_lock = threading.Lock()
_last = 0


def new_id() -> UUID:
    """A UUIDv7 (RFC 9562, section 5.7), strictly increasing within this process.

    48 bits of Unix milliseconds, then 12 bits of sub-millisecond time (method 3 of section 6.2),
    bumped when two calls fall into the same tick, then 62 random bits.
    """
    global _last
    nanoseconds = time.time_ns()
    milliseconds, remainder = divmod(nanoseconds, 1_000_000)
    tick = (milliseconds << 12) | (remainder * 4096 // 1_000_000)
    with _lock:
        tick = max(tick, _last + 1)
        _last = tick
    value = (tick >> 12) << 80 | 0x7 << 76 | (tick & 0xFFF) << 64 | 0b10 << 62
    return UUID(int=value | int.from_bytes(os.urandom(8), "big") >> 2)


def parse_id(text: str) -> UUID:
    """Read an id in any of the usual UUID spellings (hyphenated, plain, braced, urn, upper case).

    Raises:
        InvalidIdError: the text is not a UUID.
    """
    match = _UUID.fullmatch(text.strip())
    if match is None:
        shown = text[:48] + ("…" if len(text) > 48 else "")
        raise InvalidIdError(
            f"{shown!r} is not a memory id.",
            field="id",
            hint="Send the id exactly as recall or list returned it, for example "
            "01890a5d-ac96-774b-bcce-b302099a8057.",
        )
    return UUID(match[1])
