# SPDX-License-Identifier: AGPL-3.0-only
"""Keys from passphrases."""

from __future__ import annotations

import hashlib
import unicodedata

import pytest

from memoryoss_mcp.errors import VaultError
from memoryoss_mcp.vault.passphrase import check_passphrase, derive_key

SALT = bytes(range(16))


def test_the_key_is_that_of_scrypt() -> None:
    key = derive_key("correct horse", SALT, cost=14)
    assert key == hashlib.scrypt(
        b"correct horse", salt=SALT, n=1 << 14, r=8, p=1, dklen=32, maxmem=1 << 26
    )


def test_composed_and_decomposed_letters_are_the_same_passphrase() -> None:
    composed, decomposed = (unicodedata.normalize(form, "Schlüßel-é") for form in ("NFC", "NFD"))
    assert composed != decomposed
    assert derive_key(composed, SALT, cost=14) == derive_key(decomposed, SALT, cost=14)


@pytest.mark.parametrize("cost", [0, 13, 23, 255])
def test_costs_that_protect_nothing_or_stop_the_program_are_refused(cost: int) -> None:
    with pytest.raises(VaultError, match=str(cost)):
        derive_key("passphrase", SALT, cost)


def test_a_short_passphrase_is_refused() -> None:
    assert check_passphrase("eight ch") == "eight ch"
    with pytest.raises(VaultError):
        check_passphrase("seven c")
