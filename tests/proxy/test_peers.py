# SPDX-License-Identifier: AGPL-3.0-only
"""A caller is local if its socket says so, or a configured proxy; never by its own word."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memoryoss_proxy.peers import effective_peer, is_local, parse_network

PROXY = "10.0.0.5"
TRUSTED = (parse_network(PROXY), parse_network("fd00::/8"))


def forwarded(*values: str) -> list[tuple[bytes, bytes]]:
    return [(b"X-Forwarded-For", value.encode()) for value in values]


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"])
def test_a_socket_on_loopback_is_local(peer: str) -> None:
    assert is_local([], peer, ())


@pytest.mark.parametrize(
    "peer",
    [None, "", "testclient", "192.168.1.7", "10.0.0.5", "8.8.8.8", "fe80::1%eth0", "2001:db8::1",
     "0.0.0.0", "::", "::127.0.0.1", "64:ff9b::7f00:1", "::ffff:8.8.8.8", "127.1", "0x7f.0.0.1"],
)  # fmt: skip
def test_no_other_socket_is(peer: str | None) -> None:
    assert not is_local([], peer, ())


@pytest.mark.parametrize("peer", ["192.168.1.7", "10.0.0.9", "169.254.1.1", "8.8.8.8", "fe80::1"])
@pytest.mark.parametrize("trusted", [(), TRUSTED])
@pytest.mark.parametrize("claim", ["127.0.0.1", "::1", "localhost", "127.0.0.1, 127.0.0.1"])
def test_a_forged_claim_is_never_loopback(
    peer: str, trusted: tuple[object, ...], claim: str
) -> None:
    for name in (b"x-forwarded-for", b"X-Real-IP", b"forwarded", b"true-client-ip"):
        headers = [(name, claim.encode())]
        assert effective_peer(headers, peer, trusted) == ip_address(peer)  # type: ignore[arg-type]
        assert not is_local(headers, peer, trusted)  # type: ignore[arg-type]


def test_a_forged_claim_in_front_of_a_configured_proxy_is_never_loopback() -> None:
    headers = forwarded("127.0.0.1, 203.0.113.9")
    assert effective_peer(headers, PROXY, TRUSTED) == ip_address("203.0.113.9")
    assert not is_local(forwarded("127.0.0.1", "203.0.113.9"), PROXY, TRUSTED)


def test_the_right_most_entry_that_is_no_proxy_itself_counts() -> None:
    headers = forwarded("198.51.100.1, 203.0.113.9, fd00::7", "10.0.0.5")
    assert effective_peer(headers, "fd00::1", TRUSTED) == ip_address("203.0.113.9")


def test_a_chain_of_configured_proxies_ends_at_its_first_entry() -> None:
    assert effective_peer(forwarded("fd00::9, 10.0.0.5"), PROXY, TRUSTED) == ip_address("fd00::9")
    here = (parse_network("127.0.0.0/8"),)
    assert is_local(forwarded("127.0.0.1"), "127.0.0.1", here)
    assert not is_local(forwarded("127.0.0.1, 203.0.113.9"), "127.0.0.1", here)


def test_a_configured_proxy_may_write_ports_brackets_and_mapped_addresses() -> None:
    for text, address in [
        ("203.0.113.9:4711", "203.0.113.9"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        (" 203.0.113.9\t", "203.0.113.9"),
    ]:
        assert effective_peer(forwarded(text), "::ffff:10.0.0.5", TRUSTED) == ip_address(address)


@pytest.mark.parametrize(
    "text",
    ["", ",", "unknown", "_hidden", "localhost", "127.0.0.1,", "127.0.0.1, unknown", "127.0.0.1:x",
     "127.0.0.1:", "127.0.0.1:1:2", "[::1", "[::1]x", "[::1]:", "127.1", "2130706433", "127.0.0.01",
     '"127.0.0.1"', "::1]", "127.0.0.1 10.0.0.5", "127.0.0.1:" + "9" * 5000],
)  # fmt: skip
def test_a_malformed_entry_is_nobody(text: str) -> None:
    assert effective_peer(forwarded(text), PROXY, TRUSTED) is None
    assert not is_local(forwarded(text), PROXY, TRUSTED)


@pytest.mark.parametrize("name", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "X-Forwarded-Proto"])
def test_a_reverse_proxy_on_this_machine_that_nobody_configured_speaks_for_nobody(
    name: str,
) -> None:
    assert not is_local([(name.encode(), b"127.0.0.1")], "127.0.0.1", ())


@pytest.mark.parametrize(
    "text", ["0.0.0.0/0", "::/0", "10.0.0.1/8", "example.org", "", "10.0.0.0/33", "::ffff:0:0/90"]
)
def test_networks_that_are_none_or_everybody_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse_network(text)


def test_a_mapped_network_is_the_network_it_maps() -> None:
    assert parse_network("::ffff:10.0.0.0/104") == parse_network("10.0.0.0/8")


@given(
    st.lists(st.text(max_size=20) | st.just("127.0.0.1") | st.just("::1"), max_size=5),
    st.ip_addresses().filter(lambda a: not a.is_loopback and a not in TRUSTED[0]),
)
def test_no_header_makes_a_remote_socket_local(values: list[str], peer: object) -> None:
    headers = [(b"x-forwarded-for", value.encode("utf-8", "replace")) for value in values]
    mapped = getattr(peer, "ipv4_mapped", None)
    if mapped is None or not mapped.is_loopback:
        assert not is_local(headers, str(peer), (parse_network(PROXY),))


@given(st.binary(max_size=40))
def test_whoever_writes_nonsense_behind_a_proxy_gets_no_error_out_of_it(value: bytes) -> None:
    effective_peer([(b"x-forwarded-for", value)], PROXY, TRUSTED)
    assert not is_local([(b"x-forwarded-for", value + b", 203.0.113.9")], PROXY, TRUSTED)
