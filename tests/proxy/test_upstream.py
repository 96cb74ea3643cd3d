# SPDX-License-Identifier: AGPL-3.0-only
"""Addresses of providers are read as people write them, and each gets its own credentials only."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memoryoss_proxy.upstream import (
    Provider,
    Upstream,
    anthropic_upstream,
    is_oauth,
    openai_upstream,
)
from tests.proxy.callers import (
    anthropic_key,
    anthropic_oauth,
    openai_key,
    openai_oauth,
    random_key,
)


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("https://api.openai.com/v1", "https://api.openai.com/v1"),
        ("https://api.openai.com/v1/", "https://api.openai.com/v1"),
        ("https://API.Example.org:8443/openai/v1", "https://api.example.org:8443/openai/v1"),
        ("http://localhost:11434/v1", "http://localhost:11434/v1"),
        ("http://[::1]:9000/v1", "http://[::1]:9000/v1"),
        ("https://models.example.org", "https://models.example.org"),
        ("https://example.org/v1beta/openai/", "https://example.org/v1beta/openai"),
    ],
)
def test_an_openai_address_is_a_base_url(url: str, base: str) -> None:
    assert openai_upstream(url).base == base


@pytest.mark.parametrize("tail", ["", "/", "/v1", "/v1/", "/v1/messages", "/v1/messages/"])
@pytest.mark.parametrize("root", ["https://api.anthropic.com", "http://127.0.0.1:9000/anthropic"])
def test_an_anthropic_address_is_the_same_with_or_without_its_path(root: str, tail: str) -> None:
    upstream = anthropic_upstream(root + tail)
    assert upstream.base == root + "/v1"
    assert upstream.origin + upstream.prefix == upstream.base
    assert not upstream.origin.endswith("anthropic")


@pytest.mark.parametrize(
    "url",
    ["", "api.openai.com/v1", "ftp://example.org", "https://", "https:///v1", "file:///etc/passwd",
     "https://example.org/v1?key=a", "https://example.org/v1#a", "https://example.org/?",
     "https://user:word@example.org/v1", "https://example.org:port/", "https://example.org:99999",
     "https://example.org/a/../b", "https://example.org//v1", "https://example.org/a b",
     "https://example.org/\n", "https://ex\u00e4mple.org", "https://[::1/v1", " https://a.org"],
)  # fmt: skip
@pytest.mark.parametrize("parse", [openai_upstream, anthropic_upstream])
def test_what_is_no_plain_address_is_refused_without_being_repeated(parse, url: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=r"^it") as caught:
        parse(url)
    assert "word" not in str(caught.value).replace("password", "")


@given(st.text(max_size=40))
def test_no_text_gives_anything_but_an_address_or_that_error(text: str) -> None:
    for url in (text, "https://" + text):
        try:
            upstream = openai_upstream(url)
        except ValueError:
            continue
        assert upstream.base.startswith(("https://", "http://"))
        assert upstream.host
        assert not upstream.base.endswith("/")


OPENAI = openai_upstream("https://api.openai.com/v1")
ANTHROPIC = anthropic_upstream("https://api.anthropic.com")
GATEWAY = openai_upstream("https://gateway.example.org/v1")
ANTHROPIC_GATEWAY = anthropic_upstream("https://gateway.example.org")


@pytest.mark.parametrize(
    ("key", "welcome"),
    [
        (openai_key(), [OPENAI, GATEWAY]),
        (random_key("sk" + "-"), [OPENAI, GATEWAY, ANTHROPIC_GATEWAY]),
        (random_key("sk" + "-") + "T3Blbk" + "FJ" + random_key(), [OPENAI, GATEWAY]),
        (openai_oauth(), [OPENAI, GATEWAY, ANTHROPIC_GATEWAY]),
        (anthropic_key(), [ANTHROPIC, ANTHROPIC_GATEWAY]),
        (anthropic_oauth(), [ANTHROPIC, ANTHROPIC_GATEWAY]),
        (random_key("gsk_"), [GATEWAY, ANTHROPIC_GATEWAY]),
        ("ollama", [GATEWAY, ANTHROPIC_GATEWAY]),
    ],
    ids=["openai", "sk", "marked", "openai-oauth", "anthropic", "anthropic-oauth", "gsk", "other"],
)
def test_each_kind_of_credential_has_its_places(key: str, welcome: list[Upstream]) -> None:
    everywhere = (OPENAI, ANTHROPIC, GATEWAY, ANTHROPIC_GATEWAY)
    assert [upstream for upstream in everywhere if upstream.accepts(key)] == welcome


def test_the_compatible_interface_of_anthropic_takes_keys_of_anthropic() -> None:
    compatible = openai_upstream("https://api.anthropic.com/v1")
    assert compatible.provider is Provider.OPENAI
    assert compatible.accepts(anthropic_key())
    assert not compatible.accepts(openai_key())


def test_a_host_that_only_sounds_like_a_provider_is_none() -> None:
    assert openai_upstream("https://notopenai.com").accepts("anything")
    assert openai_upstream("https://api.openai.com.example.org").accepts("anything")
    assert not openai_upstream("https://eu.api.openai.com/v1").accepts("anything")


def test_whatever_is_foreign_is_not_accepted() -> None:
    for upstream in (OPENAI, ANTHROPIC, GATEWAY, ANTHROPIC_GATEWAY):
        for key in (openai_key(), anthropic_key(), anthropic_oauth()):
            assert not (upstream.is_foreign(key) and upstream.accepts(key))


def test_oauth_tokens_are_told_from_keys() -> None:
    assert is_oauth(openai_oauth())
    assert is_oauth(anthropic_oauth())
    assert not is_oauth(openai_key())
    assert not is_oauth(anthropic_key())
