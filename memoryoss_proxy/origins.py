# SPDX-License-Identifier: AGPL-3.0-only
"""Requests that a web page made in a browser on this machine.

A caller who is let in for being on this machine must not be a page of some other site: one that
posts to the loopback address, or one whose name was bound to it (DNS rebinding).
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from memoryoss_proxy.headers import RawHeaders, values
from memoryoss_proxy.refusals import ForbiddenError


def check_local_caller(headers: RawHeaders, host: str) -> None:
    """Refuse a request whose ``Host`` is not an address or name of this machine, or whose
    ``Origin`` is another site. ``host`` is the configured one.

    Raises:
        ForbiddenError: it is a page's.
    """
    for value in values(headers, b"host"):
        name = _name(b"//" + value)
        if not (_is_address(name) or name in {"localhost", host.lower()}):
            raise ForbiddenError(
                "The Host of the request is no name of this machine.",
                hint="Use 127.0.0.1 or localhost, or a proxy_key of [[proxy.key_mapping]].",
            )
    for value in values(headers, b"origin"):
        name = _name(value)
        if not (name == "localhost" or name == host.lower() or _is_loopback(name)):
            raise ForbiddenError(
                "Pages of other sites may not use this proxy.",
                hint="Give the page's server a proxy_key of [[proxy.key_mapping]].",
            )


def _name(origin: bytes) -> str:
    try:
        return (urlsplit(origin.decode("latin-1")).hostname or "").lower()
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _is_loopback(name: str) -> bool:
    return _is_address(name) and ipaddress.ip_address(name).is_loopback
