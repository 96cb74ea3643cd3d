# SPDX-License-Identifier: AGPL-3.0-only
"""Data keys wrapped by Vault: what it answers is used or refused, never guessed at."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from memoryoss_mcp.config import Encryption
from memoryoss_mcp.errors import VaultError
from memoryoss_mcp.vault.providers import KeyProvider, open_provider
from tests.vault.transit_server import TransitServer


@pytest.fixture
def server() -> Iterator[TransitServer]:
    with TransitServer() as running:
        yield running


def provider(server: TransitServer, **more: str) -> KeyProvider:
    settings = Encryption(provider="vault", vault_address=server.address, vault_token=server.token)
    return open_provider(settings, Path("unused"), more)


def test_the_first_key_makes_the_wrapping_key_and_opens_again(server: TransitServer) -> None:
    made = provider(server).new_key(b"place")
    assert set(server.keys) == {"memoryoss"}
    assert len(made.secret) == 32
    assert made.secret not in made.wrapped
    assert provider(server).unwrap(made.wrapped, b"place") == made.secret
    assert provider(server).new_key(b"place").secret != made.secret


def test_an_existing_key_is_wrapped_and_opens_again(server: TransitServer) -> None:
    wrapped = provider(server).wrap(bytes(range(32)), b"place")
    assert provider(server).unwrap(wrapped, b"place") == bytes(range(32))


def test_a_wrapped_key_opens_in_its_place_only(server: TransitServer) -> None:
    made = provider(server).new_key(b"place")
    with pytest.raises(VaultError, match="authentication failed"):
        provider(server).unwrap(made.wrapped, b"another place")


def test_keys_open_after_a_rotation_in_vault_until_it_forbids_it(server: TransitServer) -> None:
    made = provider(server).new_key(b"place")
    server.rotate("memoryoss")
    assert provider(server).unwrap(made.wrapped, b"place") == made.secret
    server.keys["memoryoss"].min_decryption_version = 2
    with pytest.raises(VaultError, match="too old"):
        provider(server).unwrap(made.wrapped, b"place")


def test_a_wrong_token_is_refused_and_not_told(server: TransitServer) -> None:
    settings = Encryption("vault", vault_address=server.address, vault_token="not-the-token")
    with pytest.raises(VaultError, match=r"403.*permission denied") as caught:
        open_provider(settings, Path()).new_key(b"")
    assert "not-the-token" not in str(caught.value)


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("sealed", "503.*Vault is sealed"),
        ("garbled", "not one of its Transit engine"),
        ("redirects", "307"),
    ],
)
def test_what_is_no_answer_opens_nothing(server: TransitServer, state: str, said: str) -> None:
    made = provider(server).new_key(b"place")
    setattr(server, state, True)
    with pytest.raises(VaultError, match=said):
        provider(server).unwrap(made.wrapped, b"place")
    with pytest.raises(VaultError, match=said):
        provider(server).new_key(b"place")


def test_an_engine_that_is_not_mounted_is_not_made(server: TransitServer) -> None:
    server.mounted = False
    with pytest.raises(VaultError, match=r"404.*secrets enable transit"):
        provider(server).new_key(b"place")
    assert server.keys == {}


def test_nobody_at_the_address_is_an_error_with_the_address() -> None:
    with TransitServer() as gone:
        opened = provider(gone)
    with pytest.raises(VaultError, match="cannot be reached"):
        opened.new_key(b"place")


def test_keys_are_not_sent_in_clear_to_other_machines() -> None:
    settings = Encryption("vault", vault_address="http://vault.example", vault_token="t")
    with pytest.raises(VaultError, match="not encrypted"):
        open_provider(settings, Path())


@pytest.mark.parametrize("missing", ["VAULT_ADDR", "VAULT_TOKEN"])
def test_what_is_missing_is_named(missing: str) -> None:
    environ = {"VAULT_ADDR": "https://vault.example", "VAULT_TOKEN": "t"}
    del environ[missing]
    with pytest.raises(VaultError, match=missing):
        open_provider(Encryption("vault"), Path(), environ)


def test_the_variables_of_vaults_own_tools_are_used(server: TransitServer) -> None:
    environ = {
        "VAULT_ADDR": server.address,
        "VAULT_TOKEN": server.token,
        "VAULT_NAMESPACE": "team",
    }
    open_provider(Encryption("vault"), Path(), environ).new_key(b"")
    assert set(server.namespaces) == {"team"}


def test_kms_is_refused_and_not_replaced_by_another() -> None:
    with pytest.raises(VaultError, match=r"not supported.*nothing was encrypted"):
        open_provider(Encryption("aws_kms"), Path())
