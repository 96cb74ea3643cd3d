# SPDX-License-Identifier: AGPL-3.0-only
"""Mapped keys stand for what the operator said; own credentials go to their own provider only."""

from __future__ import annotations

import re
import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memoryoss_proxy.auth import Caller, CallerKind, authenticate, authenticate_api
from memoryoss_proxy.errors import AuthenticationError
from memoryoss_proxy.settings import Settings
from memoryoss_proxy.tables import ApiKey, Auth, KeyMapping
from memoryoss_proxy.upstream import Provider
from tests.proxy.callers import (
    anthropic_key,
    anthropic_oauth,
    api_key,
    bearer,
    openai_key,
    openai_oauth,
    random_key,
    settings,
)

OPENAI, ANTHROPIC = Provider.OPENAI, Provider.ANTHROPIC
HERE, THERE = "127.0.0.1", "203.0.113.9"

TEAM = KeyMapping(
    random_key("mo_"),
    upstream_key=openai_key(),
    anthropic_upstream_key=anthropic_key(),
    namespace="team",
)
PLAIN = KeyMapping(random_key("mo_"))
OPERATOR = {"upstream_api_key": openai_key(), "anthropic_api_key": anthropic_key()}
BOTH = settings(TEAM, PLAIN, **OPERATOR)
OPEN = settings(TEAM, passthrough_auth=True, **OPERATOR)
GATEWAYS = settings(
    passthrough_auth=True,
    upstream_url="http://127.0.0.1:9000/v1",
    anthropic_upstream_url="http://127.0.0.1:9000/anthropic",
)


def call(
    *headers: tuple[bytes, bytes],
    provider: Provider = OPENAI,
    peer: str | None = HERE,
    under: Settings = BOTH,
) -> Caller:
    return authenticate(headers, provider, peer, under)


def refused(
    *headers: tuple[bytes, bytes],
    provider: Provider = OPENAI,
    peer: str | None = HERE,
    under: Settings = BOTH,
) -> AuthenticationError:
    with pytest.raises(AuthenticationError) as caught:
        call(*headers, provider=provider, peer=peer, under=under)
    assert caught.value.code == "unauthenticated"
    assert caught.value.hint
    for _, value in headers:
        token = value.split()[-1].decode("latin-1") if value.split() else ""
        assert len(token) < 8 or token not in str(caught.value)
    return caught.value


# Mapped keys ----------------------------------------------------------------------------------


def test_a_mapped_key_stands_for_its_namespace_and_its_keys() -> None:
    caller = call(bearer(TEAM.proxy_key), peer=THERE)
    assert (caller.kind, caller.namespace) == (CallerKind.MAPPED, "team")
    assert caller.credentials == (bearer(TEAM.upstream_key or ""),)
    assert caller.may_use_operator_key
    assert not caller.oauth


@pytest.mark.parametrize("header", [bearer, api_key])
def test_callers_of_anthropic_may_use_either_header(header) -> None:  # type: ignore[no-untyped-def]
    caller = call(header(TEAM.proxy_key), provider=ANTHROPIC)
    assert caller.credentials == (api_key(TEAM.anthropic_upstream_key or ""),)


def test_without_a_key_of_its_own_a_mapping_spends_the_operators() -> None:
    assert call(bearer(PLAIN.proxy_key)).credentials == (bearer(OPERATOR["upstream_api_key"]),)
    caller = call(bearer(PLAIN.proxy_key), provider=ANTHROPIC)
    assert caller.credentials == (api_key(OPERATOR["anthropic_api_key"]),)
    assert caller.namespace == "default"


def test_another_providers_key_is_never_used() -> None:
    only_openai = settings(
        KeyMapping(PLAIN.proxy_key, upstream_key=openai_key()), upstream_api_key=openai_key()
    )
    error = refused(bearer(PLAIN.proxy_key), provider=ANTHROPIC, under=only_openai)
    assert "Anthropic" in str(error)
    assert "anthropic_api_key" in str(error)
    only_anthropic = settings(PLAIN, anthropic_api_key=anthropic_key())
    error = refused(bearer(PLAIN.proxy_key), provider=OPENAI, under=only_anthropic)
    assert "OpenAI" in str(error)


def test_an_operators_oauth_token_goes_to_anthropic_as_a_bearer() -> None:
    token = anthropic_oauth()
    caller = call(
        bearer(PLAIN.proxy_key), provider=ANTHROPIC, under=settings(PLAIN, anthropic_api_key=token)
    )
    assert caller.credentials == (bearer(token),)
    assert caller.oauth


def test_a_mapped_key_counts_beside_another_credential_and_neither_goes_up() -> None:
    for headers in (
        (api_key(TEAM.proxy_key), bearer(anthropic_oauth())),
        (bearer(TEAM.proxy_key), api_key(anthropic_key())),
        (bearer(TEAM.proxy_key), api_key(TEAM.proxy_key)),
    ):
        caller = call(*headers, provider=ANTHROPIC, under=OPEN)
        assert caller.kind is CallerKind.MAPPED
        assert caller.credentials == (api_key(TEAM.anthropic_upstream_key or ""),)


def test_two_different_mapped_keys_are_refused() -> None:
    refused(bearer(TEAM.proxy_key), api_key(PLAIN.proxy_key))


@pytest.mark.parametrize("scheme", [b"Bearer ", b"bearer ", b"BEARER   "])
def test_the_scheme_is_read_in_any_case(scheme: bytes) -> None:
    header = (b"Authorization", scheme + TEAM.proxy_key.encode() + b" ")
    assert call(header).namespace == "team"


def test_a_key_that_only_begins_right_is_another_key() -> None:
    for token in (TEAM.proxy_key[:-1], TEAM.proxy_key + "0", TEAM.proxy_key.upper()):
        refused(bearer(token))


# Nobody we know -------------------------------------------------------------------------------


@pytest.mark.parametrize("under", [BOTH, OPEN])
@pytest.mark.parametrize(
    "headers",
    [
        [],
        [(b"authorization", b"")],
        [(b"authorization", b"Bearer")],
        [(b"authorization", b"Bearer   ")],
        [(b"x-api-key", b"  ")],
        [(b"authorization", b"Basic " + b"dXNlcjp3b3Jk")],
        [(b"authorization", secrets.token_hex(20).encode())],
        [(b"authorization", b"Bearer one two")],
        [(b"authorization", "Bearer kéy".encode())],
        [(b"x-api-key", b"k\xffy")],
        [(b"x-api-key", b"a\x00b")],
        [bearer("a" * 20), bearer("a" * 20)],
        [api_key("a" * 20), api_key("b" * 20)],
        [(b"cookie", b"key=" + TEAM.proxy_key.encode())],
    ],
)
@pytest.mark.parametrize("provider", list(Provider))
def test_whoever_shows_no_key_is_refused(
    headers: list[tuple[bytes, bytes]], provider: Provider, under: Settings
) -> None:
    refused(*headers, provider=provider, under=under)


def test_empty_headers_beside_a_key_do_no_harm() -> None:
    assert call(bearer(TEAM.proxy_key), (b"x-api-key", b"")).namespace == "team"
    assert call((b"authorization", b"Bearer "), api_key(TEAM.proxy_key)).namespace == "team"


def test_an_unknown_key_is_refused_unless_passing_through_is_allowed() -> None:
    refused(bearer(openai_key()))
    assert call(bearer(openai_key()), under=OPEN).kind is CallerKind.PASSTHROUGH


# Passing through ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("provider", "header"),
    [
        (OPENAI, bearer(openai_key())),
        (OPENAI, bearer(openai_oauth())),
        (ANTHROPIC, api_key(anthropic_key())),
        (ANTHROPIC, bearer(anthropic_oauth())),
        (ANTHROPIC, bearer(anthropic_key())),
    ],
)
def test_an_own_credential_goes_up_unchanged(
    provider: Provider, header: tuple[bytes, bytes]
) -> None:
    caller = call(header, provider=provider, under=OPEN)
    assert caller.credentials == (header,)
    assert not caller.may_use_operator_key
    assert caller.namespace == "default"


@pytest.mark.parametrize(
    ("provider", "header"),
    [
        (OPENAI, bearer(anthropic_key())),
        (OPENAI, bearer(anthropic_oauth())),
        (OPENAI, api_key(openai_key())),
        (ANTHROPIC, api_key(openai_key())),
        (ANTHROPIC, bearer(openai_key())),
        (ANTHROPIC, bearer(openai_oauth())),
    ],
)
@pytest.mark.parametrize("under", [OPEN, GATEWAYS])
def test_a_credential_of_the_other_provider_goes_nowhere(
    provider: Provider, header: tuple[bytes, bytes], under: Settings
) -> None:
    if under is GATEWAYS and header[1].startswith(b"Bearer eyJ"):
        return  # other hosts than the providers' own have tokens of that form, too
    refused(header, provider=provider, under=under)


def test_both_headers_of_anthropic_go_up_as_they_came_unless_one_is_foreign() -> None:
    key, token = anthropic_key(), anthropic_oauth()
    both = call(bearer(token), api_key(key), provider=ANTHROPIC, under=OPEN)
    assert set(both.credentials) == {bearer(token), api_key(key)}
    assert both.oauth
    one = call(bearer(openai_key()), api_key(key), provider=ANTHROPIC, under=OPEN)
    assert one.credentials == (api_key(key),)


def test_a_placeholder_goes_to_a_local_model_but_not_to_a_provider() -> None:
    assert call(bearer("ollama"), under=GATEWAYS).credentials == (bearer("ollama"),)
    refused(bearer("ollama"), under=OPEN)


def test_only_this_machine_passes_through_unless_the_operator_says_otherwise() -> None:
    everyone = settings(passthrough_auth=True, passthrough_local_only=False)
    key = openai_key()
    for peer in (THERE, "192.168.1.7", "10.0.0.9", None, "nonsense"):
        refused(bearer(key), peer=peer, under=OPEN)
        assert call(bearer(key), peer=peer, under=everyone).credentials == (bearer(key),)
    for peer in (HERE, "::1", "::ffff:127.0.0.1"):
        assert call(bearer(key), peer=peer, under=OPEN).kind is CallerKind.PASSTHROUGH


def test_a_forged_address_does_not_pass_through_with_and_without_a_proxy() -> None:
    behind = settings(passthrough_auth=True, trusted_proxies=("10.0.0.5", "127.0.0.1"))
    key, claim = bearer(openai_key()), (b"X-Forwarded-For", b"127.0.0.1")
    for under in (OPEN, behind):
        refused(key, claim, peer=THERE, under=under)
        refused(key, claim, peer="192.168.1.7", under=under)
        refused(key, (b"X-Forwarded-For", b"127.0.0.1, 203.0.113.9"), peer=HERE, under=under)
    refused(key, claim, peer=HERE, under=OPEN)  # somebody relays, and nobody said who may
    assert call(key, claim, peer=HERE, under=behind).kind is CallerKind.PASSTHROUGH
    assert call(key, claim, peer="10.0.0.5", under=behind).kind is CallerKind.PASSTHROUGH


def test_nobody_spends_the_operators_key_by_passing_through_unless_that_is_wished_for() -> None:
    spending = settings(passthrough_auth=True, passthrough_uses_operator_key=True, **OPERATOR)
    for headers in ([], [bearer("placeholder")], [bearer(anthropic_key())]):
        refused(*headers, under=OPEN)
        caller = call(*headers, under=spending)
        assert caller.credentials == (bearer(OPERATOR["upstream_api_key"]),)
        assert caller.may_use_operator_key
    own = openai_key()
    assert call(bearer(own), under=spending).credentials == (bearer(own),)


def test_without_a_key_of_that_provider_there_is_nothing_to_spend() -> None:
    spending = settings(
        passthrough_auth=True, passthrough_uses_operator_key=True, upstream_api_key=openai_key()
    )
    refused(provider=ANTHROPIC, under=spending)


def test_a_key_of_the_memory_api_is_not_sent_to_a_provider() -> None:
    entry = ApiKey(random_key("sk" + "-"), role="admin")
    under = settings(passthrough_auth=True, auth=Auth(api_keys=(entry,)))
    assert "memory API" in str(refused(bearer(entry.key), under=under))


def test_passing_through_leads_to_its_own_namespace_and_to_no_mapped_one() -> None:
    assert call(bearer(openai_key()), under=OPEN).namespace == "default"
    named = settings(TEAM, passthrough_auth=True, passthrough_namespace="guests")
    assert call(bearer(openai_key()), under=named).namespace == "guests"


# Names and allowances -------------------------------------------------------------------------


def test_each_mapped_key_has_its_allowance_and_its_name() -> None:
    team, plain = call(bearer(TEAM.proxy_key)), call(bearer(PLAIN.proxy_key))
    assert team.rate_key != plain.rate_key
    assert team.client != plain.client
    assert team == call(bearer(TEAM.proxy_key), peer=THERE)
    assert re.fullmatch(r"key-[0-9a-f]{12}", team.client)


def test_another_credential_is_no_other_allowance_but_another_name() -> None:
    one, two = (call(bearer(openai_key()), under=OPEN) for _ in range(2))
    assert one.rate_key == two.rate_key
    assert one.client != two.client
    assert call(bearer(openai_key()), peer="127.0.0.2", under=OPEN).rate_key != one.rate_key


def test_callers_with_oauth_keep_their_name_when_their_token_changes() -> None:
    names = {
        call(bearer(anthropic_oauth()), provider=ANTHROPIC, under=OPEN).client for _ in range(3)
    }
    assert names == {"anthropic-oauth"}


def test_no_representation_holds_a_secret() -> None:
    spending = settings(TEAM, passthrough_auth=True, passthrough_uses_operator_key=True, **OPERATOR)
    own = openai_key()
    shown = "".join(
        repr(call(*headers, under=spending)) + repr(spending)
        for headers in ([bearer(own)], [bearer(TEAM.proxy_key)], [])
    )
    for secret in (own, TEAM.proxy_key, TEAM.upstream_key, *OPERATOR.values()):
        assert secret is not None
        assert secret not in shown
        assert secret[10:20] not in shown


# Our own endpoints ----------------------------------------------------------------------------


def test_our_own_endpoints_take_keys_of_the_memory_api_only() -> None:
    reader, admin = ApiKey(random_key(), "reader", "team"), ApiKey(random_key(), "admin")
    under = settings(TEAM, auth=Auth(api_keys=(reader, admin)))
    assert authenticate_api([bearer(reader.key)], under) is reader
    assert authenticate_api([api_key(admin.key)], under) is admin
    for headers in ([], [bearer(TEAM.proxy_key)], [bearer(reader.key + "x")]):
        with pytest.raises(AuthenticationError):
            authenticate_api(headers, under)


# Whatever comes -------------------------------------------------------------------------------

FIELDS = st.tuples(
    st.sampled_from([b"authorization", b"Authorization", b"X-API-Key", b"x-forwarded-for", b"x"]),
    st.binary(max_size=40)
    | st.binary(max_size=20).map(lambda tail: b"Bearer " + tail)
    | st.sampled_from([bearer(TEAM.proxy_key)[1], TEAM.proxy_key.encode(), b"127.0.0.1"]),
)


@given(
    st.lists(FIELDS, max_size=5),
    st.sampled_from(list(Provider)),
    st.sampled_from([HERE, THERE, None, "::1"]) | st.text(max_size=10),
    st.sampled_from([BOTH, OPEN, GATEWAYS]),
)
def test_hostile_headers_give_a_caller_or_the_documented_error(
    headers: list[tuple[bytes, bytes]], provider: Provider, peer: str | None, under: Settings
) -> None:
    try:
        caller = authenticate(headers, provider, peer, under)
    except AuthenticationError:
        return
    sent = b"".join(value for _, value in caller.credentials)
    if TEAM in under.proxy.key_mapping:
        assert TEAM.proxy_key.encode() not in sent
    if caller.kind is CallerKind.PASSTHROUGH:
        assert peer in (HERE, "::1")
        assert all(any(value in said for _, said in headers) for _, value in caller.credentials)
    else:
        assert TEAM.proxy_key.encode() in b" ".join(value for _, value in headers)
