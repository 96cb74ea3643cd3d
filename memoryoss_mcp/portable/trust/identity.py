# SPDX-License-Identifier: AGPL-3.0-only
"""Identities. The id of one is made of its kind and its public key, so that nobody can take over
the id of somebody else; its label is free text and means nothing to anyone but its reader.

The original has no keys: its identities are names, and are known by their form.
"""

from __future__ import annotations

import hashlib
import platform
import re
import shlex
from enum import StrEnum
from typing import Final

from memoryoss_mcp.errors import InvalidInputError

KEY_BYTES: Final = 32
MOST_CHARACTERS: Final = 256
"""Characters of a label, a reason, or an id of the original."""
UNNAMED: Final = "this installation"
"""What an installation is called whose host has no name."""

_KEYED: Final = re.compile(r"(author|device|sync_peer):([0-9a-f]{32})")
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


class Kind(StrEnum):
    """What signs: a person, an installation, or one that exchanges with others."""

    AUTHOR = "author"
    DEVICE = "device"
    SYNC_PEER = "sync_peer"


def fingerprint(public_key: bytes) -> str:
    """The first 32 hexadecimal digits of the SHA-256 of a public key."""
    return hashlib.sha256(public_key).hexdigest()[:32]


def identity_id(kind: Kind, public_key: bytes) -> str:
    """The id of the identity of some kind with a public key (32 bytes)."""
    return f"{kind}:{fingerprint(public_key)}"


def is_keyed(identity: str) -> bool:
    """Whether an id is one that belongs to a key."""
    return _KEYED.fullmatch(identity) is not None


def belongs(identity: str, kind: str, public_key: bytes) -> bool:
    """Whether an id is that of a kind and a public key."""
    return len(public_key) == KEY_BYTES and identity == f"{kind}:{fingerprint(public_key)}"


def host_label() -> str:
    """What this installation is called until somebody names it: the name of its host."""
    try:
        return check_text(platform.node().strip(), "label")
    except InvalidInputError:
        return UNNAMED


def registration(kind: str, label: str, public_key: str) -> str:
    """The command with which somebody else registers an identity."""
    return (
        f"memoryoss trust register --kind {kind} --label {shlex.quote(label)} "
        f"--public-key {public_key}"
    )


def parse_kind(text: str, field: str = "kind") -> Kind:
    """The kind that a text names.

    Raises:
        InvalidInputError: it names none.
    """
    try:
        return Kind(text)
    except ValueError:
        raise InvalidInputError(
            f"{text[:40]!r} is not a kind of identity.", field=field, hint=f"Use {', '.join(Kind)}."
        ) from None


def parse_key(text: str, field: str = "public_key") -> bytes:
    """A public key (32 bytes) written as 64 lower-case hexadecimal digits.

    Raises:
        InvalidInputError: it is not written so.
    """
    if re.fullmatch("[0-9a-f]{64}", text) is None:
        raise InvalidInputError(
            "A public key has 64 lower-case hexadecimal digits.",
            field=field,
            hint="'memoryoss trust whoami' shows that of an installation.",
        )
    return bytes.fromhex(text)


def check_text(text: str, field: str) -> str:
    """A label, a reason or an id of the original: one line that is not empty.

    Raises:
        InvalidInputError: it is empty, too long, or no plain line.
    """
    if not text.strip() or len(text) > MOST_CHARACTERS or _CONTROL.search(text):
        raise InvalidInputError(
            f"The {field.replace('_', ' ')} has to be one line of 1 to {MOST_CHARACTERS} characters"
            " without control characters.",
            field=field,
        )
    return text
