# SPDX-License-Identifier: AGPL-3.0-only
"""Ctrl-C, made to wait while a batch is stored, so that what is reported as stored is exact."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Self


class Interrupt:
    """Handles Ctrl-C inside of a ``with`` block. A second one does not wait."""

    def __init__(self) -> None:
        self._storing = self._pressed = False

    def __enter__(self) -> Self:
        self._usual = signal.signal(signal.SIGINT, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGINT, self._usual)

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """Let Ctrl-C wait until the end of the block."""
        self._storing = True
        try:
            yield
        finally:
            self._storing = False
        if self._pressed:
            raise KeyboardInterrupt

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        if self._storing and not self._pressed:
            self._pressed = True
            return
        raise KeyboardInterrupt
