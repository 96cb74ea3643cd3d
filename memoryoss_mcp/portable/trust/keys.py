# SPDX-License-Identifier: AGPL-3.0-only
"""The keys of this installation's own identities, each in a file in the folder of keys."""

from __future__ import annotations

from pathlib import Path

from memoryoss_mcp.errors import VaultError
from memoryoss_mcp.portable.trust.identity import Kind, belongs, fingerprint, identity_id, is_keyed
from memoryoss_mcp.vault.signing import Signer

DEVICE_FILE = "signing.key"
"""The key of the installation, with which it signs everything else too."""


class OwnKeys:
    """The keys in a folder; without a folder there are none. Only :meth:`device` and :meth:`make`
    write anything."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._device: Signer | None = None

    def device(self) -> Signer:
        """The key of this installation, which is made if it is not there.

        Raises:
            VaultError: it cannot be used.
        """
        if self._device is None:
            self._device = Signer.load(self._place() / DEVICE_FILE)
        return self._device

    def device_id(self) -> str | None:
        """The identity of this installation; ``None`` as long as it has no key."""
        if self._device is None and (
            self._folder is None or not (self._folder / DEVICE_FILE).exists()
        ):
            return None
        return identity_id(Kind.DEVICE, self.device().public_key)

    def device_since(self) -> int:
        """When the key of this installation was made (nanoseconds since the epoch)."""
        return (self._place() / DEVICE_FILE).stat().st_mtime_ns

    def make(self) -> Signer:
        """A new key, for another identity.

        Raises:
            VaultError: its file cannot be made.
        """
        return Signer.make(lambda public_key: self._file(fingerprint(public_key)))

    def has(self, identity: str) -> bool:
        """Whether an identity is one of this installation."""
        if self._folder is None or not is_keyed(identity):
            return False
        return identity == self.device_id() or self._file(identity.partition(":")[2]).exists()

    def signer(self, identity: str) -> Signer:
        """The key of an identity that :meth:`has` knows.

        Raises:
            VaultError: its file cannot be used, or holds another key.
        """
        if identity == self.device_id():
            return self.device()
        kind, _, digits = identity.partition(":")
        signer = Signer.read(self._file(digits))
        if not belongs(identity, kind, signer.public_key):
            raise VaultError(f"{self._file(digits)} holds another key; it was left untouched.")
        return signer

    def _file(self, digits: str) -> Path:
        return self._place() / "identities" / f"{digits}.key"

    def _place(self) -> Path:
        if self._folder is None:
            raise VaultError("There is no folder of keys to sign with.")
        return self._folder
