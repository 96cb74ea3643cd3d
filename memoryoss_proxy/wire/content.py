# SPDX-License-Identifier: AGPL-3.0-only
"""The content of one message: a string or an array of typed parts, in all three wire forms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from memoryoss_proxy.wire.conversation import (
    BLOCK_START,
    Place,
    as_text,
    has_block,
    without_blocks,
)
from memoryoss_proxy.wire.errors import MalformedRequestError
from memoryoss_proxy.wire.spans import Node

REMINDER_START: Final = "<system-reminder>"
REMINDER_END: Final = "</system-reminder>"
"""What coding agents put around texts of theirs in a user's message."""


@dataclass(frozen=True, slots=True)
class Content:
    """Content that was read: its parts (a string is one part), and the texts among them."""

    parts: tuple[Mapping[str, Any], ...]
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Words:
    """A user's content: their own texts, those that their client added, what counts for keys, and
    where a block goes (``None`` if one is there)."""

    own: tuple[str, ...]
    added: tuple[str, ...]
    counted: list[Any]
    place: Place | None


def read_content(value: Any, where: str, text_types: Mapping[str, str]) -> Content:
    """Read the value of ``content``; ``None`` is no content.

    ``text_types`` gives for each type of text part the name of the member that has the text; the
    first one is what a string stands for.

    Raises:
        MalformedRequestError: a part is no object, has no type, or its text is no string.
    """
    if value is None:
        return Content((), ())
    if isinstance(value, str):
        first, member = next(iter(text_types.items()))
        return Content(({"type": first, member: value},), (value,))
    if not isinstance(value, list):
        raise MalformedRequestError(f"{where} must be a string or an array.", field=where)
    texts: list[str] = []
    for index, part in enumerate(value):
        if not isinstance(part, dict) or not isinstance(kind := part.get("type"), str):
            raise MalformedRequestError(
                f"{where}[{index}] must be an object with a type.", field=where
            )
        if (name := text_types.get(kind)) is not None:
            text = part.get(name)
            if not isinstance(text, str):
                raise MalformedRequestError(
                    f"{where}[{index}].{name} must be a string.", field=where
                )
            texts.append(text)
    return Content(tuple(value), tuple(texts))


def read_words(node: Node | None, content: Content, new_part: str, text_type: str) -> Words:
    """What of a user's content are words, and where a block of ours goes.

    ``node`` is the place of the content in the body, ``new_part`` the beginning of a text part of
    the wire form, up to its text.
    """
    own: list[str] = []
    added: list[str] = []
    for text in content.texts:
        text = without_blocks(text)
        (added if _is_reminder(text) else own).append(text)
    place = None
    if node is not None and not any(map(has_block, content.texts)):
        place = _place(node, new_part)
    return Words(tuple(own), tuple(added), list(_counted(content, text_type)), place)


def read_call_input(value: Any) -> str:
    """The input of a tool call as text; a missing one is an empty object."""
    return "{}" if value is None else as_text(value)


def _place(node: Node, new_part: str) -> Place | None:
    if isinstance(node.value, str):
        return Place(node.end - 1, r"\n\n", "")
    if node.items:
        return Place(node.items[-1].end, "," + new_part, '"}')
    return None


def _counted(content: Content, text_type: str) -> Iterator[Mapping[str, Any]]:
    for part in content.parts:
        text = part.get("text") if part["type"] == text_type else None
        if not isinstance(text, str) or BLOCK_START not in text:
            yield part
        elif (words := without_blocks(text)).strip():
            yield {**part, "text": words}


def _is_reminder(text: str) -> bool:
    text = text.strip()
    return text.startswith(REMINDER_START) and text.endswith(REMINDER_END)
