# SPDX-License-Identifier: AGPL-3.0-only
"""Errors of our own in the shape that a provider's client library knows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final


def openai(status: int, kind: str, message: str, extra: Mapping[str, Any] | None) -> bytes:
    """The body of an error for OpenAI's clients.

    ``kind`` is its type; an empty one becomes what the provider says with that status. ``extra``
    are further members of the error.
    """
    error = {"message": message, "type": kind or _openai_kind(status)}
    return _body({"error": {"param": None, "code": None, **(extra or {}), **error}})


def anthropic(status: int, kind: str, message: str, extra: Mapping[str, Any] | None) -> bytes:
    """The body of an error for Anthropic's clients; its arguments are those of :func:`openai`."""
    error = {"type": kind or _ANTHROPIC.get(status, "api_error"), "message": message}
    return _body({"type": "error", "error": {**(extra or {}), **error}})


def _openai_kind(status: int) -> str:
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return "rate_limit_error"
    return "server_error" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "invalid_request_error"


def _body(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":"), default=str).encode()


_ANTHROPIC: Final = {
    HTTPStatus.BAD_REQUEST: "invalid_request_error",
    HTTPStatus.UNAUTHORIZED: "authentication_error",
    HTTPStatus.FORBIDDEN: "permission_error",
    HTTPStatus.NOT_FOUND: "not_found_error",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "request_too_large",
    HTTPStatus.TOO_MANY_REQUESTS: "rate_limit_error",
    HTTPStatus.GATEWAY_TIMEOUT: "timeout_error",
    529: "overloaded_error",
}
