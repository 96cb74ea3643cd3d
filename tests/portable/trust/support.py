# SPDX-License-Identifier: AGPL-3.0-only
"""Installations with a memory file and a folder of keys, and digests to sign."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from memoryoss_mcp.portable.trust.fabric import Fabric
from memoryoss_mcp.store.store import Store
from tests.store import support

AT = "2026-03-13T00:00:00Z"


def digest(text: str) -> str:
    """The SHA-256 of a text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


SUBJECT = f"passport:{digest('what the line says is signed')}"
CONTENT = digest("all of it")


@dataclass(frozen=True)
class Place:
    """One installation."""

    store: Store
    keys: Path
    fabric: Fabric

    def again(self, secret: str | None = None) -> Fabric:
        """The same as another program that opens it sees it."""
        return Fabric(self.store, self.keys, secret)


@contextlib.contextmanager
def installed(folder: Path, secret: str | None = None) -> Iterator[Place]:
    """An installation in a folder of its own."""
    with support.opened(folder / "data" / "memoryoss.db") as store:
        yield Place(store, folder / "keys", Fabric(store, folder / "keys", secret))
