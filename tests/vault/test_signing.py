# SPDX-License-Identifier: AGPL-3.0-only
"""Signatures hold for one key, one kind of message and one message."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import x25519
from hypothesis import given
from hypothesis import strategies as st

from memoryoss_mcp.errors import VaultError
from memoryoss_mcp.vault.signing import Signer, key_id, verify


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    return Signer.load(tmp_path_factory.mktemp("keys") / "signing.key")


@given(st.binary(max_size=200), st.text(max_size=20), st.data())
def test_a_signature_is_for_one_message_of_one_kind(
    signer: Signer, message: bytes, domain: str, data: st.DataObject
) -> None:
    signature = signer.sign(domain, message)
    assert len(signature) == 64
    assert verify(signer.public_key, domain, message, signature)
    assert not verify(signer.public_key, domain + "x", message, signature)
    assert not verify(signer.public_key, domain, message + b"x", signature)
    place = data.draw(st.integers(0, 511))
    altered = bytearray(signature)
    altered[place // 8] ^= 1 << place % 8
    assert not verify(signer.public_key, domain, message, bytes(altered))


@given(st.text(min_size=1, max_size=5), st.binary(min_size=1, max_size=5))
def test_kind_and_message_do_not_run_together(signer: Signer, domain: str, message: bytes) -> None:
    moved = domain.encode()[-1:] + message
    shorter = domain[:-1]
    assert not verify(signer.public_key, shorter, moved, signer.sign(domain, message))


def test_the_key_is_made_once_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "signing.key"
    with ThreadPoolExecutor(8) as pool:
        found = {signer.public_key for signer in pool.map(Signer.load, [path] * 16)}
    assert len(found) == 1
    [public] = found
    assert Signer.load(path).public_key == public
    assert len(key_id(public)) == 16
    assert [file.name for file in path.parent.iterdir()] == ["signing.key"]
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_further_keys_are_made_where_their_public_key_says_and_read_again(tmp_path: Path) -> None:
    made = Signer.make(lambda public_key: tmp_path / "more" / f"{public_key.hex()[:8]}.key")
    [path] = (tmp_path / "more").iterdir()
    assert path.name == f"{made.public_key.hex()[:8]}.key"
    assert Signer.read(path).public_key == made.public_key
    with pytest.raises(VaultError, match="cannot be used"):
        Signer.read(tmp_path / "none.key")
    assert not (tmp_path / "none.key").exists()


def test_what_is_no_key_is_refused_and_left(tmp_path: Path) -> None:
    path = tmp_path / "signing.key"
    path.write_text("not a key", "utf-8")
    path.chmod(0o600)
    with pytest.raises(VaultError, match="no key file"):
        Signer.load(path)
    assert path.read_text("utf-8") == "not a key"
    other = x25519.X25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.write_bytes(other)
    with pytest.raises(VaultError, match="not an Ed25519 key"):
        Signer.load(path)


def test_nonsense_verifies_nothing(signer: Signer) -> None:
    assert not verify(b"short", "domain", b"", b"")
    assert not verify(bytes(32), "domain", b"", bytes(64))
