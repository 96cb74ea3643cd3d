# SPDX-License-Identifier: AGPL-3.0-only
"""JSON and Server-Sent Events as the providers write them."""

from __future__ import annotations

import json
from typing import Any

DONE = b"data: [DONE]\n\n"
"""The end of a stream of OpenAI's."""


def encode(value: Any) -> bytes:
    """JSON without blanks, in UTF-8."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def unnamed(value: Any) -> bytes:
    """An event without a name."""
    return b"data: " + encode(value) + b"\n\n"


def named(value: dict[str, Any]) -> bytes:
    """An event that is named by its type."""
    return b"event: " + str(value["type"]).encode() + b"\n" + unnamed(value)
