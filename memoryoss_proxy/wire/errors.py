# SPDX-License-Identifier: AGPL-3.0-only
"""What can be wrong with the body of a request."""

from __future__ import annotations

from memoryoss_mcp.errors import InvalidInputError, LimitExceededError


class MalformedRequestError(InvalidInputError):
    """A request body cannot be read as its wire form. Nothing was sent upstream."""

    code = "malformed_request"


class BodyTooLargeError(LimitExceededError):
    """A request body is larger than allowed once it is decoded. Nothing was sent upstream."""

    code = "body_too_large"
