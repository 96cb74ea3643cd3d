# SPDX-License-Identifier: AGPL-3.0-only
"""Header fields on their way through: which of them belong to a connection and which to a message.

Fields are pairs of bytes, in order, with duplicates, as ASGI and the HTTP client hold them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from memoryoss_proxy.auth import Caller

RawHeaders: TypeAlias = Sequence[tuple[bytes, bytes]]

HOP_BY_HOP: Final = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authentication-info",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
"""Fields of one connection (RFC 9110, 7.6.1), besides those that ``Connection`` names."""

CREDENTIALS: Final = frozenset({b"authorization", b"x-api-key", b"cookie"})
"""What a caller proves itself with here. Cookies were given to it for our host, not upstream's."""

RELAYED: Final = frozenset(
    {
        b"cf-connecting-ip",
        b"forwarded",
        b"true-client-ip",
        b"x-client-ip",
        b"x-cluster-client-ip",
        b"x-forwarded",
        b"x-forwarded-for",
        b"x-forwarded-host",
        b"x-forwarded-port",
        b"x-forwarded-prefix",
        b"x-forwarded-proto",
        b"x-forwarded-server",
        b"x-real-ip",
    }
)
"""Fields in which a reverse proxy says on whose behalf it asks."""

_OURS: Final = b"x-memory-"
_OF_THIS_SERVER: Final = frozenset({b"host", b"content-length", b"expect"})


def values(headers: RawHeaders, name: bytes) -> list[bytes]:
    """The values of all fields of that name (lower case), in order, without surrounding blanks."""
    return [value.strip() for field, value in headers if field.lower() == name]


def forward_headers(
    headers: RawHeaders, caller: Caller, *, drop: Collection[bytes] = ()
) -> list[tuple[bytes, bytes]]:
    """What goes upstream: all fields but those of this connection, of this server and of ours, with
    the credentials of ``caller`` in the place of those that came, at the end.

    ``drop`` names further fields (lower case), such as ``content-encoding`` when the body is sent
    decoded. The HTTP client adds ``Host`` and ``Content-Length``.
    """
    gone = _of_the_connection(headers) | CREDENTIALS | RELAYED | _OF_THIS_SERVER | set(drop)
    kept = [
        (name, value)
        for name, value in headers
        if name.lower() not in gone and not name.lower().startswith(_OURS)
    ]
    return [*kept, *caller.credentials]


def response_headers(headers: RawHeaders) -> list[tuple[bytes, bytes]]:
    """What goes back to the client: all fields but those of the upstream connection."""
    gone = _of_the_connection(headers)
    return [(name, value) for name, value in headers if name.lower() not in gone]


def _of_the_connection(headers: RawHeaders) -> frozenset[bytes]:
    return HOP_BY_HOP | frozenset(_options(values(headers, b"connection")))


def _options(fields: Iterable[bytes]) -> Iterable[bytes]:
    return (option.strip().lower() for field in fields for option in field.split(b","))
