# SPDX-License-Identifier: AGPL-3.0-only
"""Requests to the proxy, and whether it refused one as the provider's clients expect."""

from __future__ import annotations

import httpx2

from benchmarks.upstream.shapes import CHAT, MESSAGES, RESPONSES
from tests.proxy.running import Proxy

PATHS = [CHAT, RESPONSES, MESSAGES]
"""Paths whose requests are read."""
OTHER = "/v1/images/generations"
"""A path whose requests are not."""

MIB = 1024 * 1024

KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    502: "upstream_error",
    504: "upstream_error",
}
"""What the clients of Anthropic find as the type of an error."""


def check_refused(answer: httpx2.Response, path: str, status: int) -> None:
    """Whether an error of the proxy's own has the shape that the provider's clients know."""
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    error = body["error"]
    assert error["message"]
    if path == MESSAGES:
        assert body["type"] == "error"
        assert error["type"] == KINDS[status]
    else:
        assert error["type"]


def request_head(proxy: Proxy, url: str, length: int, *more: str) -> bytes:
    """The beginning of a request on a plain socket."""
    path = url.removeprefix(proxy.url)
    lines = [
        f"POST {path} HTTP/1.1",
        "host: 127.0.0.1",
        f"authorization: Bearer {proxy.key}",
        "content-type: application/json",
        f"content-length: {length}",
        *more,
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
