# SPDX-License-Identifier: AGPL-3.0-only
"""A question that memory answers, and where its answer is put."""

from __future__ import annotations

import base64
import json
import struct
import zlib
from typing import Any

from benchmarks.upstream import Recorded
from tests.proxy.running import Proxy

FACTS = (
    "The staging database of the billing service listens on port 6543.",
    "Invoices of the billing service are archived in the bucket invoices-eu-central.",
)
QUESTION = "Which port does the staging database of the billing service listen on? Say port."
ANSWER = "6543"

_NOT_FORWARDED = {b"authorization", b"x-api-key", b"host", b"connection", b"x-memory-mode"}


def document(request: Recorded) -> dict[str, Any]:
    """The JSON that arrived at the provider."""
    read = json.loads(request.body)
    assert isinstance(read, dict)
    return read


def last_user_text(request: Recorded) -> str:
    """All text of the last turn of the user, as it arrived at the provider."""
    body = document(request)
    turns = body["input"] if "input" in body else body["messages"]
    if isinstance(turns, str):
        return turns
    content = [turn for turn in turns if turn.get("role") == "user"][-1]["content"]
    if isinstance(content, str):
        return content
    return "\n".join(part.get("text", "") for part in content)


def check_memory(request: Recorded, mode: str, *, question: str = QUESTION) -> None:
    """Whether the block stands beside the last turn of the user, if the mode lets it, and nowhere
    else."""
    text = last_user_text(request)
    assert text.startswith(question)
    if mode == "off":
        assert text == question
        assert b"memory_context" not in request.body
    else:
        block = text.removeprefix(question).strip()
        assert block.startswith("<memory_context>")
        assert block.endswith("</memory_context>")
        assert ANSWER in block
        assert request.body.count(b"<memory_context>") == 1


def check_untouched(proxy: Proxy, direct: Recorded, proxied: Recorded) -> None:
    """Whether a request came to the provider as it comes without the proxy: method, address and
    body to the byte, and all headers but those of the connection and the credentials."""
    assert (proxied.method, proxied.target) == (direct.method, direct.target)
    assert proxied.body == direct.body
    assert _comparable(proxied) == _comparable(direct)
    sent = b"\n".join(name + value for name, value in proxied.headers) + proxied.body
    assert proxy.key.encode() not in sent
    assert b"x-memory" not in sent


def image() -> bytes:
    """A PNG of one pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    pixel = zlib.compress(b"\0\xff\x7f\x00")
    chunks = ((b"IHDR", header), (b"IDAT", pixel), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(kind, data) for kind, data in chunks)


IMAGE = base64.b64encode(image()).decode()


def _comparable(request: Recorded) -> list[tuple[bytes, bytes]]:
    fields = [(name.lower(), value) for name, value in request.headers]
    return sorted(pair for pair in fields if pair[0] not in _NOT_FORWARDED)
