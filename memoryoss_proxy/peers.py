# SPDX-License-Identifier: AGPL-3.0-only
"""Who is at the other end: the socket's peer, or whom a configured reverse proxy speaks for."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import TypeAlias

from memoryoss_proxy.headers import RELAYED, RawHeaders, values

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network


def effective_peer(
    headers: RawHeaders, peer: str | None, trusted: Sequence[Network]
) -> Address | None:
    """The address that asks; ``None`` if nobody can tell, which is never taken as loopback.

    ``peer`` is the socket's peer (host without port). Only if it is in ``trusted`` does
    ``X-Forwarded-For`` count, read from the right: the first entry that is not trusted itself; if
    all are, the left-most. A malformed entry on the way ends the search with ``None``. A peer on
    loopback that is not trusted, but says that it asks for somebody else, is a reverse proxy which
    nobody configured: ``None``.
    """
    address = _address(peer or "")
    if address is None:
        return None
    hops = values(headers, b"x-forwarded-for")
    if not hops or not _within(address, trusted):
        relayed = any(name.lower() in RELAYED for name, _ in headers)
        return None if address.is_loopback and relayed else address
    for entry in reversed(b",".join(hops).split(b",")):
        named = _entry(entry)
        if named is None:
            return None
        address = named
        if not _within(named, trusted):
            break
    return address


def is_local(headers: RawHeaders, peer: str | None, trusted: Sequence[Network]) -> bool:
    """Whether the caller is on this machine."""
    address = effective_peer(headers, peer, trusted)
    return address is not None and address.is_loopback


def parse_network(text: str) -> Network:
    """An address or a CIDR block.

    Raises:
        ValueError: it is neither, has bits behind its prefix, or holds every address.
    """
    network = ip_network(text)
    if isinstance(network, IPv6Network) and network.network_address.ipv4_mapped is not None:
        bits = network.prefixlen - 96
        if bits < 0:
            raise ValueError("the block is wider than the mapped addresses are")
        network = ip_network(f"{network.network_address.ipv4_mapped}/{bits}")
    if network.prefixlen == 0:
        raise ValueError("everybody would be believed")
    return network


def _within(address: Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)


def _entry(entry: bytes) -> Address | None:
    """An entry of ``X-Forwarded-For``: an address, perhaps with brackets or a port."""
    text = entry.decode("latin-1").strip()
    if text.startswith("["):
        inner, closed, rest = text[1:].partition("]")
        return _address(inner) if closed and (not rest or _is_port(rest)) else None
    host, colon, port = text.partition(":")
    if colon and ":" not in port:
        return _address(host) if _is_port(colon + port) else None
    return _address(text)


def _is_port(text: str) -> bool:
    digits = text[1:]
    return text[0] == ":" and digits.isascii() and digits.isdigit() and len(digits) <= 5


def _address(text: str) -> Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        return address.ipv4_mapped or IPv6Address(int(address))  # without a zone
    return address
