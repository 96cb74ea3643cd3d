# SPDX-License-Identifier: AGPL-3.0-only
"""The id of an identity follows from its kind and key; names of the original are told apart."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.portable.trust.identity import (
    Kind,
    belongs,
    check_text,
    identity_id,
    is_keyed,
    parse_key,
    parse_kind,
)

KEYS = st.binary(min_size=32, max_size=32)


@given(st.sampled_from(Kind), KEYS)
def test_an_id_is_the_kind_and_the_start_of_the_digest_of_the_key(kind: Kind, key: bytes) -> None:
    made = identity_id(kind, key)
    assert made == f"{kind.value}:{hashlib.sha256(key).hexdigest()[:32]}"
    assert is_keyed(made)
    assert belongs(made, kind, key)


@given(st.sampled_from(Kind), KEYS, KEYS)
def test_an_id_belongs_to_no_other_key_and_kind(kind: Kind, key: bytes, other: bytes) -> None:
    made = identity_id(kind, key)
    assert belongs(made, kind, other) == (key == other)
    assert not any(belongs(made, wrong, key) for wrong in Kind if wrong is not kind)
    assert not belongs(made, kind, key[:-1])


@pytest.mark.parametrize(
    "name",
    [
        "",
        "author:alice",
        "device:local-runtime",
        "sync:peer-1",
        "author:" + "g" * 32,
        "author:" + "A" * 32,
        "nobody:" + "a" * 32,
        "author:" + "a" * 33,
        "author:" + "a" * 32 + "\n",
    ],
)
def test_names_of_the_original_belong_to_no_key(name: str) -> None:
    assert not is_keyed(name)


def test_what_is_typed_is_checked() -> None:
    assert parse_kind("sync_peer") is Kind.SYNC_PEER
    assert parse_key("ab" * 32) == bytes([0xAB] * 32)
    assert check_text("Zoë's laptop", "label") == "Zoë's laptop"
    with pytest.raises(InvalidInputError, match="Use author, device"):
        parse_kind("person")
    for wrong in ("", "ab" * 31, "AB" * 32, "zz" * 32, " " + "ab" * 32):
        with pytest.raises(InvalidInputError, match="64 lower-case"):
            parse_key(wrong)
    for wrong in ("", "  ", "two\nlines", "esc\x1b[2J", "x" * 257, "half \ud800"):
        with pytest.raises(InvalidInputError, match="one line"):
            check_text(wrong, "label")
