# SPDX-License-Identifier: AGPL-3.0-only
"""Local providers: a key file, a passphrase, or the key store of the operating system.

A wrapped key is ``version (1) | kind (1) | salt and cost (17, a passphrase's only) | nonce (12) |
AES-256-GCM ciphertext and tag``; what stands before the nonce, and the context, are associated
data.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from memoryoss_mcp.errors import VaultError
from memoryoss_mcp.vault import keyfile
from memoryoss_mcp.vault.passphrase import COST, SALT_BYTES, check_passphrase, derive_key
from memoryoss_mcp.vault.providers import KEY_FILE, DataKey

PASSPHRASE_VARIABLE: Final = "MEMORYOSS_PASSPHRASE"
KEYRING_SERVICE: Final = "memoryoss"

_VERSION: Final = 1
_NONCE: Final = 12
_KEY_BYTES: Final = 32


class _Local:
    """Wraps with AES-256-GCM; a kind says where the wrapping key is from."""

    kind: int
    name: str

    def new_key(self, context: bytes) -> DataKey:
        secret = os.urandom(_KEY_BYTES)
        return DataKey(secret, self.wrap(secret, context))

    def wrap(self, key: bytes, context: bytes) -> bytes:
        head, master = self._for_wrapping()
        nonce = os.urandom(_NONCE)
        return head + nonce + AESGCM(master).encrypt(nonce, key, head + context)

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        if wrapped[:2] != bytes((_VERSION, self.kind)):
            raise VaultError(f"A wrapped key was not made by the provider {self.name!r}.")
        head, master = self._for_unwrapping(wrapped)
        nonce = wrapped[len(head) : len(head) + _NONCE]
        try:
            return AESGCM(master).decrypt(nonce, wrapped[len(head) + _NONCE :], head + context)
        except (InvalidTag, ValueError) as error:
            raise VaultError(self._refusal()) from error

    def _for_wrapping(self) -> tuple[bytes, bytes]:
        """What a wrapped key begins with, and the key that wraps."""
        raise NotImplementedError

    def _for_unwrapping(self, wrapped: bytes) -> tuple[bytes, bytes]:
        """What a wrapped key begins with, and the key that unwraps it."""
        raise NotImplementedError

    def _refusal(self) -> str:
        return f"The {self.name} key does not open a data key: it is another one."

    def _head(self) -> bytes:
        return bytes((_VERSION, self.kind))


class KeyFile(_Local):
    """A key in a file that only its owner can read, outside the data folder. It is made when
    something is wrapped for the first time, never when something is to be opened."""

    kind = 1
    name = "local-file"

    def __init__(self, path: Path) -> None:
        self.path = path

    def _for_wrapping(self) -> tuple[bytes, bytes]:
        return self._head(), _whole(
            keyfile.read_or_make(self.path, lambda: os.urandom(_KEY_BYTES)), str(self.path)
        )

    def _for_unwrapping(self, wrapped: bytes) -> tuple[bytes, bytes]:
        try:
            return self._head(), _whole(keyfile.read(self.path), str(self.path))
        except OSError as error:
            raise VaultError(
                f"The key file {self.path} cannot be read ({error.strerror}).",
                hint="Put it back: without it nobody can open what is sealed.",
            ) from error


class Passphrase(_Local):
    """A key made of a passphrase. Salt and cost are part of every wrapped key, so that each opens
    by itself; those that were made together share them, because to derive a key takes a third of a
    second."""

    kind = 2
    name = "local-passphrase"

    def __init__(self, ask: Callable[[], str], cost: int = COST) -> None:
        self._ask = ask
        self._cost = cost
        self._text: str | None = None
        self._salt: bytes | None = None
        self._derived: dict[bytes, bytes] = {}

    def _for_wrapping(self) -> tuple[bytes, bytes]:
        check_passphrase(self._passphrase())
        if self._salt is None:
            self._salt = bytes((self._cost,)) + os.urandom(SALT_BYTES)
        return self._head() + self._salt, self._key(self._salt)

    def _for_unwrapping(self, wrapped: bytes) -> tuple[bytes, bytes]:
        salt = wrapped[2 : 3 + SALT_BYTES]
        if len(salt) != 1 + SALT_BYTES:
            raise VaultError("A wrapped key is damaged.")
        key = self._key(salt)
        self._salt = self._salt or salt
        return wrapped[: 3 + SALT_BYTES], key

    def _key(self, salt: bytes) -> bytes:
        if salt not in self._derived:
            self._derived[salt] = derive_key(self._passphrase(), salt[1:], salt[0])
        return self._derived[salt]

    def _passphrase(self) -> str:
        if self._text is None:
            self._text = self._ask()
        return self._text

    def _refusal(self) -> str:
        return "The passphrase is wrong."


class OsKeyring(_Local):
    """A key in the key store of the operating system, through the package ``keyring``."""

    kind = 3
    name = "local-keyring"

    def __init__(self, keys_dir: Path, store: Any = None) -> None:
        self._store = store if store is not None else _keyring()
        self._user = hashlib.sha256(str(keys_dir).encode()).hexdigest()[:16]

    def _for_wrapping(self) -> tuple[bytes, bytes]:
        with _as_vault_error():
            kept = self._store.get_password(KEYRING_SERVICE, self._user)
            if kept is None:
                made = os.urandom(_KEY_BYTES).hex()
                self._store.set_password(KEYRING_SERVICE, self._user, made)
                kept = self._store.get_password(KEYRING_SERVICE, self._user)
            if kept is None:
                raise VaultError("The operating system's key store did not keep a key.")
        return self._head(), _from_hex(kept)

    def _for_unwrapping(self, wrapped: bytes) -> tuple[bytes, bytes]:
        with _as_vault_error():
            kept = self._store.get_password(KEYRING_SERVICE, self._user)
        if kept is None:
            raise VaultError("The operating system's key store does not have the key (any more).")
        return self._head(), _from_hex(kept)


def open_local(
    source: str, keys_dir: Path, environ: Mapping[str, str], ask: Callable[[], str] | None
) -> KeyFile | Passphrase | OsKeyring:
    """The local provider whose key is from ``source``: file, passphrase or keyring.

    Raises:
        VaultError: it cannot be used here.
    """
    if source == "passphrase":
        return Passphrase(lambda: _passphrase(environ, ask))
    if source == "keyring":
        return OsKeyring(keys_dir)
    return KeyFile(keys_dir / KEY_FILE)


def _passphrase(environ: Mapping[str, str], ask: Callable[[], str] | None) -> str:
    if named := environ.get(PASSPHRASE_VARIABLE):
        return named
    if ask is None:
        raise VaultError(
            "A passphrase is needed, and there is nobody to ask for it.",
            hint=f"Set {PASSPHRASE_VARIABLE}.",
        )
    return ask()


def _whole(key: bytes, source: str) -> bytes:
    if len(key) != _KEY_BYTES:
        raise VaultError(f"The key in {source} is not {_KEY_BYTES} bytes long; it was not used.")
    return key


def _from_hex(text: str) -> bytes:
    try:
        return _whole(bytes.fromhex(text), "the operating system's key store")
    except ValueError as error:
        raise VaultError("The key in the operating system's key store is damaged.") from error


def _keyring() -> Any:
    try:
        return importlib.import_module("keyring")  # an extra
    except ImportError as error:
        raise VaultError(
            "The package keyring is not installed.",
            hint="Run 'pip install memoryoss-mcp[keyring]'.",
        ) from error


@contextlib.contextmanager
def _as_vault_error() -> Iterator[None]:
    try:
        yield
    except VaultError:
        raise
    except Exception as error:  # every system's key store has errors of its own
        raise VaultError(f"The operating system's key store cannot be used: {error}") from error
