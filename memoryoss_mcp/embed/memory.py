# SPDX-License-Identifier: AGPL-3.0-only
"""Give freed memory back to the operating system."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from functools import cache


def release_free_memory() -> None:
    """Return the heap's free pages (half a millisecond). glibc keeps what a list of long texts
    needed, 15 MB, for ever otherwise; other systems need no help."""
    trim = _malloc_trim()
    if trim is not None:
        trim(0)


@cache
def _malloc_trim() -> Callable[[int], int] | None:
    if not sys.platform.startswith("linux"):
        return None
    return getattr(ctypes.CDLL(None), "malloc_trim", None)  # musl has none
