# SPDX-License-Identifier: AGPL-3.0-only
"""The wire forms of the providers: pure functions over JSON and bytes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol

from memoryoss_proxy.wire import anthropic, openai_chat, openai_responses
from memoryoss_proxy.wire.conversation import Conversation
from memoryoss_proxy.wire.reply import Reply
from memoryoss_proxy.wire.sse import Event

__all__ = ["FORMS", "Form", "Reader", "form_of"]


class Reader(Protocol):
    """Reads an answer from the events of its stream."""

    def feed(self, event: Event) -> None:
        """Take the next event. What cannot be read is passed over."""

    @property
    def reply(self) -> Reply:
        """The answer as far as it has come."""


class Form(Protocol):
    """What each module of a wire form gives."""

    @property
    def NAME(self) -> str:  # noqa: N802
        """Its name, which a conversation carries as ``form``."""

    @property
    def EVENT_LIMIT(self) -> int:  # noqa: N802
        """The bytes of data in one event of its streams that a decoder should take."""

    def read(self, raw: bytes) -> Conversation:
        """Read the body of a request, or raise a ``MalformedRequestError``."""

    def reply(self, body: bytes) -> Reply:
        """Read a whole answer."""

    def ReplyReader(self) -> Reader:  # noqa: N802
        """A new reader for a streamed answer."""

    def error(self, status: int, kind: str, message: str, extra: Mapping[str, Any] | None) -> bytes:
        """The body of an error in the provider's shape."""


FORMS: Final[Mapping[str, Form]] = {
    form.NAME: form for form in (openai_chat, openai_responses, anthropic)
}
"""The wire forms by name."""


def form_of(path: str) -> Form | None:
    """The wire form of a provider's path such as ``/v1/chat/completions``, if it has one."""
    return _PATHS.get(path.rstrip("/"))


_PATHS: Final[Mapping[str, Form]] = {
    "/v1/chat/completions": openai_chat,
    "/v1/responses": openai_responses,
    "/v1/messages": anthropic,
    "/v1/messages/count_tokens": anthropic,
}
