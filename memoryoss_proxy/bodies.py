# SPDX-License-Identifier: AGPL-3.0-only
"""Request bodies as they arrive."""

from __future__ import annotations

from collections.abc import AsyncIterator

from starlette.types import Receive

from memoryoss_proxy.headers import RawHeaders, values
from memoryoss_proxy.wire.errors import BodyTooLargeError


class ClientGoneError(Exception):
    """The client closed the connection before it had its answer."""


async def read_body(receive: Receive, headers: RawHeaders, limit: int) -> bytes:
    """The whole body of a request.

    Raises:
        BodyTooLargeError: it has more than ``limit`` bytes; the rest was not read.
        ClientGoneError: it did not come whole.
    """
    check_length(headers, limit)
    body = bytearray()
    async for chunk in stream_body(receive, limit):
        body += chunk
    return bytes(body)


def check_length(headers: RawHeaders, limit: int) -> None:
    """Refuse a body that says itself that it is too large.

    Raises:
        BodyTooLargeError: it does.
    """
    for value in values(headers, b"content-length"):
        if value.isdigit() and int(value) > limit:
            raise _too_large(limit)


async def stream_body(receive: Receive, limit: int) -> AsyncIterator[bytes]:
    """The body of a request, piece by piece.

    Raises:
        BodyTooLargeError, ClientGoneError: as in :func:`read_body`.
    """
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        chunk: bytes = message.get("body", b"")
        more = message.get("more_body", False)
        size += len(chunk)
        if size > limit:
            raise _too_large(limit)
        if chunk:
            yield chunk


def _too_large(limit: int) -> BodyTooLargeError:
    return BodyTooLargeError(
        f"The request body is larger than {limit} bytes; nothing was sent to the provider.",
        field="body",
    )
