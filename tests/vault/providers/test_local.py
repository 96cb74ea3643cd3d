# SPDX-License-Identifier: AGPL-3.0-only
"""Data keys wrapped on this machine: by a key file, a passphrase, or the system's key store."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memoryoss_mcp.config import Encryption
from memoryoss_mcp.errors import VaultError
from memoryoss_mcp.vault.providers import open_provider
from memoryoss_mcp.vault.providers.local import KeyFile, OsKeyring, Passphrase


class SystemStore:
    """What the package ``keyring`` gives: passwords by service and user."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}
        self.broken = False

    def get_password(self, service: str, user: str) -> str | None:
        if self.broken:
            raise RuntimeError("the key store is locked")
        return self.kept.get((service, user))

    def set_password(self, service: str, user: str, password: str) -> None:
        self.kept[service, user] = password


def cheap(text: str) -> Passphrase:
    """A passphrase provider whose keys are derived fast."""
    return Passphrase(lambda: text, cost=14)


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=40), st.data())
def test_a_key_opens_in_its_place_and_untouched_only(
    tmp_path_factory: pytest.TempPathFactory, key: bytes, place: bytes, data: st.DataObject
) -> None:
    provider = KeyFile(tmp_path_factory.getbasetemp() / "one" / "master.key")
    wrapped = provider.wrap(key, place)
    assert provider.unwrap(wrapped, place) == key
    with pytest.raises(VaultError):
        provider.unwrap(wrapped, place + b"!")
    at = data.draw(st.integers(0, len(wrapped) - 1))
    flipped = wrapped[:at] + bytes((wrapped[at] ^ 1,)) + wrapped[at + 1 :]
    with pytest.raises(VaultError):
        provider.unwrap(flipped, place)


def test_the_key_file_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "master.key"
    made = KeyFile(path).new_key(b"place")
    assert KeyFile(path).unwrap(made.wrapped, b"place") == made.secret
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        path.chmod(0o644)
        with pytest.raises(VaultError, match="read by others"):
            KeyFile(path).unwrap(made.wrapped, b"place")


def test_a_lost_key_file_is_not_made_anew_to_open_something(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    made = KeyFile(path).new_key(b"place")
    path.unlink()
    with pytest.raises(VaultError, match="cannot be read"):
        KeyFile(path).unwrap(made.wrapped, b"place")
    assert not path.exists()
    KeyFile(path).new_key(b"")
    with pytest.raises(VaultError, match="another one"):
        KeyFile(path).unwrap(made.wrapped, b"place")


def test_a_key_file_of_another_length_is_not_used(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    path.write_bytes(b"short")
    path.chmod(0o600)
    with pytest.raises(VaultError, match="32 bytes"):
        KeyFile(path).new_key(b"")


def test_a_passphrase_opens_what_it_wrapped_anywhere() -> None:
    first, second = cheap("correct horse"), cheap("correct horse")
    one, two = first.new_key(b"a"), first.new_key(b"b")
    assert second.unwrap(one.wrapped, b"a") == one.secret
    assert second.unwrap(two.wrapped, b"b") == two.secret
    with pytest.raises(VaultError, match="passphrase is wrong"):
        cheap("battery staple").unwrap(one.wrapped, b"a")


def test_a_short_passphrase_wraps_nothing() -> None:
    with pytest.raises(VaultError, match="at least 8"):
        cheap("short").new_key(b"")


def test_the_passphrase_is_from_the_environment_or_asked_for(tmp_path: Path) -> None:
    settings = Encryption(local_key="passphrase")
    named = {"MEMORYOSS_PASSPHRASE": "correct horse"}
    made = open_provider(settings, tmp_path, named).new_key(b"")
    asked = open_provider(settings, tmp_path, {}, lambda: "correct horse")
    assert asked.unwrap(made.wrapped, b"") == made.secret
    with pytest.raises(VaultError, match="MEMORYOSS_PASSPHRASE"):
        open_provider(settings, tmp_path, {}).unwrap(made.wrapped, b"")


def test_the_key_store_of_the_system_keeps_one_key_for_a_folder(tmp_path: Path) -> None:
    store = SystemStore()
    made = OsKeyring(tmp_path, store).new_key(b"place")
    assert OsKeyring(tmp_path, store).unwrap(made.wrapped, b"place") == made.secret
    assert len(store.kept) == 1
    with pytest.raises(VaultError, match="does not have the key"):
        OsKeyring(tmp_path / "other", store).unwrap(made.wrapped, b"place")
    store.broken = True
    with pytest.raises(VaultError, match="locked"):
        OsKeyring(tmp_path, store).unwrap(made.wrapped, b"place")


def test_what_another_kind_wrapped_is_refused(tmp_path: Path) -> None:
    made = cheap("correct horse").new_key(b"")
    with pytest.raises(VaultError, match="local-file"):
        KeyFile(tmp_path / "master.key").unwrap(made.wrapped, b"")
