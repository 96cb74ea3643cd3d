# SPDX-License-Identifier: AGPL-3.0-only
"""The signed head of the ledger, kept apart from the file: who cuts the end of the chain off, or
writes it anew, cannot do the same to what was signed.

The head follows the commits within :data:`EVERY_S`: what was written after the last head is bound
by the chain alone.
"""

from __future__ import annotations

import hashlib
import json
import logging
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import apsw

from memoryoss_mcp.errors import VaultError
from memoryoss_mcp.model import format_time, now
from memoryoss_mcp.store import drafts
from memoryoss_mcp.store.connection import fetch_one

if TYPE_CHECKING:
    from memoryoss_mcp.vault.signing import Signer

DOMAIN: Final = "ledger-head"
FORMAT: Final = "memoryoss.head.v1"
EVERY_S: Final = 1.0
"""How long a commit waits for its signature at the most, while there are others."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Head:
    """The last entry of a ledger when it was signed: its number and hash."""

    entry: int
    hash: bytes
    at: str


class HeadKeeper:
    """Signs the head of one file's ledger and checks the ledger against it. Thread-safe.

    ``keys`` is the folder of the signing key; the head lies in ``heads`` below it, under a name
    made of the file's path.
    """

    def __init__(self, path: Path, keys: Path) -> None:
        name = hashlib.sha256(str(path.resolve()).encode("utf-8", "surrogateescape")).hexdigest()
        self.path = keys / "heads" / f"{name[:32]}.json"
        self._key = keys / "signing.key"
        self._signer: Signer | None = None
        self._guard = threading.Lock()
        self._signed = 0
        self._due = 0.0
        self._complained = False

    def follow(self, connection: apsw.Connection, *, closing: bool = False) -> None:
        """Sign the present head, at most once in :data:`EVERY_S` before the end."""
        if not closing and time.monotonic() < self._due:
            return
        self._due = time.monotonic() + EVERY_S
        last = fetch_one(connection, "SELECT entry, hash FROM ledger ORDER BY entry DESC LIMIT 1")
        if last is None or last[0] <= self._signed:
            return
        try:
            known = self.read()
            if known is None or known.entry < last[0]:
                self.sign(*last)
            self._signed = last[0]
        except (OSError, VaultError) as error:
            # The memory is stored all the same; 'audit verify' says what is not signed.
            if not self._complained:
                _log.warning("the head of the ledger cannot be signed: %s", error)
            self._complained = True

    def sign(self, entry: int, digest: bytes) -> Head:
        """Sign an entry as the head, whatever was signed before.

        Raises:
            VaultError: there is no key to sign with.
            OSError: the head cannot be written.
        """
        signer, at = self._load(), format_time(now())
        head = {
            "format": FORMAT,
            "entry": entry,
            "hash": digest.hex(),
            "at": at,
            "key": signer.public_key.hex(),
        }
        head["signature"] = signer.sign(DOMAIN, _message(head)).hex()
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = drafts.beside(self.path)
        try:
            draft.write_text(json.dumps(head, indent=1) + "\n", encoding="utf-8")
            draft.replace(self.path)
        finally:
            draft.unlink(missing_ok=True)
        return Head(entry, digest, at)

    def read(self) -> Head | None:
        """The head that was signed last, ``None`` if there is none.

        Raises:
            VaultError: it was not signed with the key of this installation.
        """
        from memoryoss_mcp.vault.signing import verify  # start-up time

        try:
            head = json.loads(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise VaultError(f"The signed head {self.path} cannot be read: {error}.") from error
        try:
            message, signature = _message(head), bytes.fromhex(head["signature"])
            found = Head(head["entry"], bytes.fromhex(head["hash"]), head["at"])
        except (KeyError, TypeError, ValueError):
            raise VaultError(f"The signed head {self.path} is damaged.") from None
        if not verify(self._load().public_key, DOMAIN, message, signature):
            raise VaultError(f"The signature of the head {self.path} is wrong.")
        return found

    def problem(self, connection: apsw.Connection) -> str | None:
        """What the ledger lacks of what was signed, in a sentence; ``None`` if nothing."""
        try:
            head = self.read()
        except VaultError as error:
            return str(error)
        if head is None:
            return None
        last = fetch_one(connection, "SELECT ifnull(max(entry), 0) FROM ledger")[0]
        if last < head.entry:
            return (
                f"{head.entry - last} entries are missing at the end: entry {head.entry} was "
                f"signed on {head.at}"
            )
        row = fetch_one(connection, "SELECT hash FROM ledger WHERE entry = ?", (head.entry,))
        if row is None or row[0] != head.hash:
            return f"entry {head.entry} is not the one that was signed on {head.at}"
        return None

    def _load(self) -> Signer:
        from memoryoss_mcp.vault.signing import Signer  # start-up time: most commands sign nothing

        with self._guard:
            if self._signer is None:
                self._signer = Signer.load(self._key)
            return self._signer


def _message(head: dict[str, Any]) -> bytes:
    signed = {name: head[name] for name in ("format", "entry", "hash", "at", "key")}
    return json.dumps(signed, sort_keys=True, separators=(",", ":")).encode()
