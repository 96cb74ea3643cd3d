# SPDX-License-Identifier: AGPL-3.0-only
"""Where a path leads, and that none leads elsewhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memoryoss_mcp.errors import InvalidInputError, NotFoundError
from memoryoss_proxy.paths import destination
from memoryoss_proxy.upstream import Provider


@pytest.mark.parametrize(
    ("path", "provider", "rest"),
    [
        (b"/proxy/v1/chat/completions", Provider.OPENAI, "/v1/chat/completions"),
        (b"/proxy/v1/files/file%2D1/content", Provider.OPENAI, "/v1/files/file%2D1/content"),
        (b"/proxy/anthropic/v1/messages", Provider.ANTHROPIC, "/v1/messages"),
        (b"/proxy/anthropic/v1/v1/messages", Provider.ANTHROPIC, "/v1/messages"),
        (b"/proxy/v1/models/", Provider.OPENAI, "/v1/models/"),
    ],
)
def test_a_path_of_a_provider(path: bytes, provider: Provider, rest: str) -> None:
    assert destination(path) == (provider, rest)


@pytest.mark.parametrize(
    "path", [b"/proxy", b"/proxy/", b"/proxy/v2/x", b"/proxy/anthropic/", b"/"]
)
def test_a_path_of_nobody(path: bytes) -> None:
    with pytest.raises(NotFoundError):
        destination(path)


@pytest.mark.parametrize(
    "rest",
    [
        b"../admin",
        b"a/../../x",
        b"%2e%2e/x",
        b"a/%2e./x",
        b"a//b",
        b"..%5cx",
        b"a%00b",
        b"a%0d%0ab",
    ],
)
def test_a_path_that_leads_out(rest: bytes) -> None:
    with pytest.raises(InvalidInputError):
        destination(b"/proxy/v1/" + rest)


@given(st.binary(max_size=40))
def test_no_path_leads_out_of_v1(rest: bytes) -> None:
    try:
        _, path = destination(b"/proxy/v1/" + rest)
    except InvalidInputError:
        return
    assert path.startswith("/v1/")
    assert ".." not in path.split("/")
