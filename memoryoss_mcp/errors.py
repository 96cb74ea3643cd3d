# SPDX-License-Identifier: AGPL-3.0-only
"""One error tree. Every error has a stable ``code`` and says what to do next."""

from __future__ import annotations

from typing import ClassVar


class MemoryOSSError(Exception):
    """Base of all errors that a caller may see.

    ``code`` is stable across releases; the message is for people (and models) and may change.
    ``hint`` says what to send or do instead.
    """

    code: ClassVar[str] = "internal"

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}" if self.hint else self.message


class ConfigError(MemoryOSSError):
    """The configuration file, an environment variable or an option is wrong."""

    code = "config_invalid"


class InvalidInputError(MemoryOSSError):
    """A value breaks a rule of the interface. ``field`` names the argument."""

    code = "invalid_input"

    def __init__(self, message: str, *, field: str | None = None, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.field = field


class LimitExceededError(InvalidInputError):
    """A value is larger than a configured limit. Nothing was stored."""

    code = "limit_exceeded"


class SecretRefusedError(InvalidInputError):
    """A value holds a key, a token or a password, and the configuration refuses those."""

    code = "secret_refused"


class InvalidIdError(InvalidInputError):
    """A memory id is not a UUID."""

    code = "invalid_id"


class InvalidCursorError(InvalidInputError):
    """A paging cursor was not made by this query."""

    code = "invalid_cursor"


class EmptySelectorError(InvalidInputError):
    """A forget request names nothing. It never means everything."""

    code = "empty_selector"


class NotFoundError(MemoryOSSError):
    """No memory has that id in that namespace."""

    code = "not_found"


class ConflictError(MemoryOSSError):
    """The memory changed since the caller read it. Nothing was written."""

    code = "version_conflict"


class NotAnOwnerError(MemoryOSSError):
    """Somebody else has to agree to this. Nothing was changed."""

    code = "not_an_owner"


class StoreError(MemoryOSSError):
    """The memory file could not be used."""

    code = "store_error"


class StoreNewerError(StoreError):
    """The file was written by a newer release; it is left untouched."""

    code = "store_newer"


class StoreDamagedError(StoreError):
    """The file, or a record in it, is damaged; it is left untouched."""

    code = "store_damaged"


class StoreForeignError(StoreError):
    """The file is a database, but not one of ours; it is left untouched."""

    code = "store_foreign"


class StoreFullError(StoreError):
    """No space is left. Nothing of the write was kept."""

    code = "store_full"


class StoreReadOnlyError(StoreError):
    """The file or its folder cannot be written. Nothing of the write was kept."""

    code = "store_read_only"


class StoreBusyError(StoreError):
    """Another process held the file too long. Nothing of the write was kept."""

    code = "store_busy"


class StoreClosedError(StoreError):
    """The store was used after it was closed."""

    code = "store_closed"


class SealedError(MemoryOSSError):
    """A namespace is sealed and its key cannot be had. Nothing was read or changed."""

    code = "sealed"


class KeyStateError(MemoryOSSError):
    """A namespace is sealed already, or is not, or a key is still in use. Nothing was changed."""

    code = "key_state"


class VaultError(MemoryOSSError):
    """A key could not be used. Nothing was encrypted, decrypted or signed with it."""

    code = "vault_error"
