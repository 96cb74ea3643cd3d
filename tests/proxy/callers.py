# SPDX-License-Identifier: AGPL-3.0-only
"""Callers of the proxy: keys made at run time, and settings that know some of them."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

from memoryoss_proxy.settings import Settings
from memoryoss_proxy.tables import Auth, KeyMapping, Proxy


def random_key(prefix: str = "") -> str:
    """A key that nobody has seen before."""
    return prefix + secrets.token_hex(20)


def openai_key() -> str:
    return random_key("sk" + "-proj-")


def anthropic_key() -> str:
    return random_key("sk" + "-ant-api03-")


def anthropic_oauth() -> str:
    return random_key("sk" + "-ant-oat01-")


def openai_oauth() -> str:
    return random_key("ey" + "J")


def bearer(key: str) -> tuple[bytes, bytes]:
    return b"authorization", b"Bearer " + key.encode()


def api_key(key: str) -> tuple[bytes, bytes]:
    return b"x-api-key", key.encode()


def settings(*mappings: KeyMapping, auth: Auth | None = None, **proxy: Any) -> Settings:
    """Settings with these mappings and these keys of ``[proxy]``; no file, no environment."""
    return Settings(
        keys_dir=Path("keys"),
        auth=auth or Auth(),
        proxy=Proxy(enabled=True, key_mapping=mappings, **proxy),
    )
