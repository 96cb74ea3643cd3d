# SPDX-License-Identifier: AGPL-3.0-only
"""A copy of a reply, read while the reply itself goes to the client untouched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from memoryoss_proxy.headers import RawHeaders, values
from memoryoss_proxy.wire import Form
from memoryoss_proxy.wire.encoding import ReplyDecoder
from memoryoss_proxy.wire.reply import Reply
from memoryoss_proxy.wire.sse import Decoder

MOST_BYTES: Final = 10 * 1024 * 1024
"""Decoded bytes of an unstreamed answer that are read; a larger one is forwarded unread."""
MOST_STREAMED: Final = 256 * 1024 * 1024


class ReplyCopy:
    """What an answer says, and what it cost. Feeding it never fails."""

    def __init__(self, form: Form, headers: RawHeaders) -> None:
        encodings = values(headers, b"content-encoding")
        encoding = b",".join(encodings).decode("latin-1") or None
        kinds = b",".join(values(headers, b"content-type")).lower()
        self._whole = bytearray()
        self._read: Callable[[], Reply]
        if kinds.startswith(b"text/event-stream"):
            self._plain = ReplyDecoder(encoding, MOST_STREAMED)
            self._events: Decoder | None = Decoder(form.EVENT_LIMIT)
            self._reader = form.ReplyReader()
            self._read = lambda: self._reader.reply
        else:
            self._plain = ReplyDecoder(encoding, MOST_BYTES)
            self._events = None
            self._read = lambda: form.reply(bytes(self._whole))

    def feed(self, chunk: bytes) -> None:
        """Take the next piece as it came from the provider."""
        plain = self._plain.feed(chunk)
        if self._events is None:
            self._whole += plain
            return
        for event in self._events.feed(plain):
            self._reader.feed(event)

    def reply(self) -> Reply | None:
        """The answer, ``None`` if it could not be read."""
        return None if self._plain.failed else self._read()
