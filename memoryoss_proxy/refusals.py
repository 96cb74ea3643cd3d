# SPDX-License-Identifier: AGPL-3.0-only
"""Answers of the proxy's own, in the shape that the provider's clients know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from starlette.types import Send

from memoryoss_mcp.errors import (
    InvalidInputError,
    LimitExceededError,
    MemoryOSSError,
    NotFoundError,
)
from memoryoss_proxy.errors import AuthenticationError, RateLimitedError
from memoryoss_proxy.preparing import PolicyUnknownError
from memoryoss_proxy.transport import UpstreamError
from memoryoss_proxy.upstream import Provider
from memoryoss_proxy.wire import FORMS, Form
from memoryoss_proxy.wire.errors import BodyTooLargeError

Fields = list[tuple[bytes, bytes]]

FIREWALL_ERROR: Final = "policy_firewall_error"


class ForbiddenError(MemoryOSSError):
    """The request comes from where none may come from. Nothing was sent upstream."""

    code = "forbidden"


def status_of(error: MemoryOSSError) -> int:
    """The status of an error of ours on HTTP."""
    match error:
        case UpstreamError():
            return error.status
        case AuthenticationError():
            return 401
        case ForbiddenError():
            return 403
        case NotFoundError():
            return 404
        case BodyTooLargeError():
            return 413
        case RateLimitedError():
            return 429
        case LimitExceededError() | InvalidInputError():
            return 400
        case PolicyUnknownError():
            return 503
        case _:
            return 500


def shape(provider: Provider | None, form: Form | None) -> Form:
    """The wire form in which an error is told."""
    if form is not None:
        return form
    return FORMS["anthropic" if provider is Provider.ANTHROPIC else "openai_chat"]


async def refuse(
    send: Send,
    form: Form,
    error: MemoryOSSError,
    fields: Fields,
) -> int:
    """Answer with an error; ``fields`` are further headers. Returns the status."""
    status = status_of(error)
    extra: dict[str, Any] = {"code": error.code}
    if isinstance(error, RateLimitedError):
        extra["retry_after_ms"] = error.retry_after_ms
        fields = [*fields, (b"retry-after", str(error.retry_after_secs).encode())]
    kind = "upstream_error" if isinstance(error, UpstreamError) else ""
    message = str(error) if status != 500 else "Internal error of the proxy."
    await answer(send, status, form.error(status, kind, message, extra), fields)
    return status


async def refuse_action(
    send: Send, form: Form, status: int, verdict: Mapping[str, Any], message: str, fields: Fields
) -> None:
    """Answer that a policy stands against a request."""
    extra = {"policy_firewall": dict(verdict)}
    await answer(send, status, form.error(status, FIREWALL_ERROR, message, extra), fields)


async def answer(send: Send, status: int, body: bytes, fields: Fields) -> None:
    """Send a whole JSON answer."""
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        *fields,
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
