# SPDX-License-Identifier: AGPL-3.0-only
"""Paths of the proxy and where they lead."""

from __future__ import annotations

from typing import Final
from urllib.parse import unquote_to_bytes

from memoryoss_mcp.errors import InvalidInputError, NotFoundError
from memoryoss_proxy.upstream import Provider

# Some clients append /v1/messages to a base URL that ends with /v1 already.
_PREFIXES: Final = (
    (b"/proxy/anthropic/v1/v1/", Provider.ANTHROPIC),
    (b"/proxy/anthropic/v1/", Provider.ANTHROPIC),
    (b"/proxy/v1/", Provider.OPENAI),
)


def destination(raw_path: bytes) -> tuple[Provider, str]:
    """The provider that a path is for, and its path there, beginning with ``/v1/``, as it was
    encoded.

    Raises:
        NotFoundError: it is for none.
        InvalidInputError: it could lead out of the provider's published paths.
    """
    for prefix, provider in _PREFIXES:
        if raw_path.startswith(prefix):
            rest = raw_path[len(prefix) :]
            _check(rest)
            return provider, "/v1/" + rest.decode("ascii")
    raise NotFoundError(
        "There is nothing at this path.",
        hint="Use /proxy/v1/… for OpenAI-compatible and /proxy/anthropic/v1/… for Anthropic "
        "requests.",
    )


def _check(rest: bytes) -> None:
    decoded = unquote_to_bytes(rest)
    parts = decoded.replace(b"\\", b"/").split(b"/")
    plain = all(0x21 <= byte <= 0x7E for byte in rest)
    if not plain or min(decoded, default=0x20) < 0x20 or any(p in {b".", b".."} for p in parts):
        raise InvalidInputError("This path cannot be sent on.", field="path")
    if b"" in parts[:-1]:
        raise InvalidInputError("This path has an empty part.", field="path")
