# SPDX-License-Identifier: AGPL-3.0-only
"""What a client says reaches the provider, and the other way round, but for what stays here."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memoryoss_proxy.auth import authenticate
from memoryoss_proxy.headers import forward_headers, response_headers
from memoryoss_proxy.tables import KeyMapping
from memoryoss_proxy.upstream import Provider
from tests.proxy.callers import anthropic_key, api_key, bearer, openai_key, random_key, settings

OURS, THEIRS = random_key(), openai_key()
SETTINGS = settings(KeyMapping(OURS, upstream_key=THEIRS))
CALLER = authenticate([bearer(OURS)], Provider.OPENAI, "127.0.0.1", SETTINGS)

KEPT = [
    (b"accept", b"text/event-stream"),
    (b"accept-encoding", b"gzip, zstd"),
    (b"content-type", b"application/json"),
    (b"content-encoding", b"zstd"),
    (b"anthropic-version", b"2023-06-01"),
    (b"anthropic-beta", b"one"),
    (b"anthropic-beta", b"two"),
    (b"openai-organization", b"org"),
    (b"idempotency-key", b"abc"),
    (b"user-agent", b"client/1.0"),
    (b"x-stainless-lang", b"python"),
    (b"x-memoryless", b"stays"),
    (b"traceparent", b"00-1-2-03"),
]


@pytest.mark.parametrize(
    "name",
    [
        "Connection", "Keep-Alive", "Proxy-Authorization", "Proxy-Authenticate", "Proxy-Connection",
        "TE", "Trailer", "Transfer-Encoding", "Upgrade", "Host", "Content-Length", "Expect",
        "Authorization", "X-Api-Key", "Cookie", "Forwarded", "X-Forwarded-For", "X-Forwarded-Host",
        "X-Forwarded-Proto", "X-Real-IP", "X-Memory-Mode", "X-Memory-After", "X-Memory-Bypass",
        "X-Memory-Policy-Confirm", "X-Memory-Anything-New",
    ],
)  # fmt: skip
def test_fields_of_the_connection_of_this_server_and_of_ours_stay_here(name: str) -> None:
    for spelled in (name, name.lower(), name.upper()):
        sent = forward_headers([*KEPT, (spelled.encode(), b"value")], CALLER)
        assert sent == [*KEPT, *CALLER.credentials]


def test_everything_else_goes_on_in_order_with_duplicates() -> None:
    assert forward_headers(KEPT, CALLER) == [*KEPT, bearer(THEIRS)]


def test_what_connection_names_stays_here() -> None:
    headers = [
        (b"Connection", b"close, X-Hop"),
        (b"x-hop", b"1"),
        (b"connection", b"\tX-Other ,,"),
        (b"X-OTHER", b"2"),
        (b"x-end", b"3"),
    ]
    assert forward_headers(headers, CALLER) == [(b"x-end", b"3"), bearer(THEIRS)]
    assert response_headers(headers) == [(b"x-end", b"3")]


def test_a_mapped_key_is_replaced_wherever_it_stands() -> None:
    sent = forward_headers([bearer(OURS), api_key(OURS), (b"cookie", OURS.encode())], CALLER)
    assert sent == [bearer(THEIRS)]


def test_the_sender_may_name_more_to_leave_out() -> None:
    sent = forward_headers(KEPT, CALLER, drop={b"content-encoding"})
    assert sent == [field for field in [*KEPT, bearer(THEIRS)] if field[0] != b"content-encoding"]


def test_answers_lose_only_fields_of_the_connection() -> None:
    kept = [
        (b"content-type", b"text/event-stream; charset=utf-8"),
        (b"content-length", b"12"),
        (b"retry-after", b"7"),
        (b"request-id", b"req_1"),
        (b"anthropic-ratelimit-requests-remaining", b"9"),
        (b"x-ratelimit-limit-tokens", b"1000"),
        (b"openai-processing-ms", b"5"),
        (b"set-cookie", b"a=1"),
        (b"set-cookie", b"b=2"),
    ]
    hops = [(b"Transfer-Encoding", b"chunked"), (b"Keep-Alive", b"timeout=5"), (b"TRAILER", b"x")]
    assert response_headers([*hops, *kept]) == kept


NAMES = st.sampled_from(
    [b"connection", b"Authorization", b"x-api-key", b"X-Memory-Mode", b"host", b"x-a", b"accept"]
) | st.binary(min_size=1, max_size=12)


@given(st.lists(st.tuples(NAMES, st.binary(max_size=30)), max_size=12))
def test_whatever_comes_only_the_callers_credentials_go_up(
    headers: list[tuple[bytes, bytes]],
) -> None:
    sent = forward_headers(headers, CALLER)
    assert [f for f in sent if f[0].lower() in {b"authorization", b"x-api-key"}] == [bearer(THEIRS)]
    assert not any(name.lower().startswith(b"x-memory-") for name, _ in sent)
    rest = iter(headers)
    assert all(field in rest for field in sent[:-1])  # a subsequence: nothing made up, order kept


def test_the_credential_of_the_other_provider_is_left_behind() -> None:
    local = settings(passthrough_auth=True)
    own = anthropic_key()
    headers = [bearer(openai_key()), api_key(own)]
    caller = authenticate(headers, Provider.ANTHROPIC, "::1", local)
    assert forward_headers(headers, caller) == [api_key(own)]
