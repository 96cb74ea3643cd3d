# SPDX-License-Identifier: AGPL-3.0-only
"""Key providers: who wraps the data keys of sealed namespaces, so that the file holds none that
could be used."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from memoryoss_mcp.errors import VaultError

if TYPE_CHECKING:
    from memoryoss_mcp.config import Encryption


KEY_FILE = "master.key"
"""The key of the local provider, in the folder of keys."""


@dataclass(frozen=True, slots=True)
class DataKey:
    """A new data key (256 bits), and as its provider wraps it."""

    secret: bytes = field(repr=False)
    wrapped: bytes


class KeyProvider(Protocol):
    """Wraps data keys. ``context`` is associated data: a wrapped key opens with the same only."""

    @property
    def name(self) -> str:
        """What the provider is called in the file."""

    def new_key(self, context: bytes) -> DataKey:
        """A new data key.

        Raises:
            VaultError: the provider cannot be used.
        """

    def wrap(self, key: bytes, context: bytes) -> bytes:
        """An existing data key, wrapped.

        Raises:
            VaultError: the provider cannot be used.
        """

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """The data key that was wrapped.

        Raises:
            VaultError: the provider cannot be used, is another one, or the key or its context is
                not what was wrapped.
        """


def open_provider(
    settings: Encryption,
    keys_dir: Path,
    environ: Mapping[str, str] | None = None,
    ask: Callable[[], str] | None = None,
) -> KeyProvider:
    """The provider of a configuration. ``ask`` gives a passphrase that the environment has not.

    Raises:
        VaultError: it is not supported, or something that it needs is missing.
    """
    environ = os.environ if environ is None else environ
    if settings.provider == "vault":
        from memoryoss_mcp.vault.providers.transit import Transit  # start-up time: loads HTTP

        return Transit.of(settings, environ)
    if settings.provider != "local":
        raise VaultError(
            f"The key provider {settings.provider!r} is not supported; nothing was encrypted with "
            "another one instead.",
            hint="Set [encryption] provider to local or vault.",
        )
    from memoryoss_mcp.vault.providers import local  # start-up time: loads cryptography

    return local.open_local(settings.local_key, keys_dir, environ, ask)
