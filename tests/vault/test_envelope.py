# SPDX-License-Identifier: AGPL-3.0-only
"""Streams encrypted with a passphrase: whole and untouched, or refused."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memoryoss_mcp.errors import VaultError
from memoryoss_mcp.vault.envelope import EnvelopeDamagedError, is_sealed, opened, seal

PASSPHRASE = "correct horse"
CHUNK = 64
CHEAP = 14
HEAD = 52


def sealed(data: bytes, chunk: int = CHUNK) -> bytes:
    """The stream of some data, made fast."""
    blocks = (data[start : start + 50] for start in range(0, len(data), 50))
    return b"".join(seal(blocks, PASSPHRASE, cost=CHEAP, chunk=chunk))


def unsealed(stream: bytes, passphrase: str = PASSPHRASE) -> bytes:
    return b"".join(opened(io.BytesIO(stream), passphrase))


@pytest.mark.parametrize("size", [0, 1, 63, 64, 65, 128, 129, 1_000])
def test_what_was_sealed_opens_again(size: int) -> None:
    data = bytes(n % 251 for n in range(size))
    stream = sealed(data)
    assert is_sealed(stream)
    assert unsealed(stream) == data
    assert size < 32 or data[:32] not in stream


def test_a_wrong_passphrase_is_told_from_damage() -> None:
    with pytest.raises(VaultError, match="passphrase is wrong") as caught:
        unsealed(sealed(b"something"), "battery staple")
    assert not isinstance(caught.value, EnvelopeDamagedError)


def test_a_short_passphrase_seals_nothing() -> None:
    with pytest.raises(VaultError, match="at least 8"):
        b"".join(seal([b"x"], "short", cost=CHEAP))


STREAM = sealed(bytes(200))


@settings(max_examples=60)
@given(st.integers(HEAD, len(STREAM) - 1), st.integers(1, 255))
def test_a_changed_byte_is_noticed(place: int, change: int) -> None:
    changed = STREAM[:place] + bytes((STREAM[place] ^ change,)) + STREAM[place + 1 :]
    with pytest.raises(EnvelopeDamagedError):
        unsealed(changed)


@pytest.mark.parametrize("length", [0, 10, HEAD, HEAD + 1, HEAD + 80, HEAD + 160, len(STREAM) - 1])
def test_a_cut_is_noticed_also_between_chunks(length: int) -> None:
    with pytest.raises(EnvelopeDamagedError):
        unsealed(STREAM[:length])


def test_other_orders_and_additions_are_noticed() -> None:
    size = CHUNK + 16
    chunks = [STREAM[HEAD + n * size : HEAD + (n + 1) * size] for n in range(4)]
    for order in ((1, 0, 2, 3), (0, 2, 3), (0, 1, 2, 3, 3), (3,)):
        with pytest.raises(EnvelopeDamagedError):
            unsealed(STREAM[:HEAD] + b"".join(chunks[n] for n in order))
    with pytest.raises(EnvelopeDamagedError):
        unsealed(STREAM + b"more")


def test_a_header_that_asks_for_too_much_is_refused() -> None:
    forged = STREAM[: HEAD - 4] + b"\xff" * 4 + STREAM[HEAD:]
    with pytest.raises(EnvelopeDamagedError):
        unsealed(forged)
    costly = STREAM[:8] + b"\x28" + STREAM[9:]
    with pytest.raises(VaultError, match="cost"):
        unsealed(costly)
