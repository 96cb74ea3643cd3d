# SPDX-License-Identifier: AGPL-3.0-only
"""The data export of ChatGPT: what it was told to remember, custom instructions, and of
conversations only what the user said that lasts.

An export has no list of saved memories. They stand in the conversations: where the model wrote one
down, and where all of them were shown to it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.exchange.elements import elements_in
from memoryoss_mcp.exchange.record import Found, Skipped
from memoryoss_mcp.exchange.sources.archive import Archive, opened
from memoryoss_mcp.exchange.sources.claude_export import from_message
from memoryoss_mcp.exchange.sources.columns import Columns
from memoryoss_mcp.exchange.values import document, mapping, moment, phrase
from memoryoss_mcp.model import MemoryType

TOOL: Final = "chatgpt"
MEMORY_TOOL: Final = "bio"
"""To whom the model writes what it shall remember."""


class ChatGPTExport:
    """Reads the zip file, the folder it was unpacked to, or a file of conversations. They are read
    one by one, whatever the size of the file."""

    kind = "chatgpt-export"
    title = "ChatGPT data export"

    def recognises(self, path: Path) -> bool:
        """Whether the conversations are trees of messages."""
        try:
            with opened(path) as archive:
                names = [name for name in archive.names() if _CONVERSATIONS.search(name)]
                return any("mapping" in _first(archive, name) for name in names)
        except InvalidInputError:
            return False

    def count(self, path: Path) -> int:
        """Memories, instructions and messages."""
        return sum(1 for _ in self.read(path))

    def read(self, path: Path) -> Iterator[Found | Skipped]:
        """Memories of their own file, if there is one, then the conversations in their order. What
        is shown to the model again and again is given once.

        Raises:
            InvalidInputError: there are no conversations and no memories, or they cannot be read.
        """
        with opened(path) as archive:
            names = archive.names()
            memories = [name for name in names if _MEMORIES.search(name)]
            conversations = [name for name in names if _CONVERSATIONS.search(name)]
            if not memories and not conversations:
                raise InvalidInputError(f"{path} holds no data export of ChatGPT.", field="path")
            known: set[str] = set()
            for name in memories:
                with archive.open(name) as file:
                    for number, value in enumerate(elements_in(file, name), 1):
                        yield from _once(_memory(value, f"{name}: {number}"), known)
            for name in conversations:
                with archive.open(name) as file:
                    for number, value in enumerate(elements_in(file, name), 1):
                        for record in _conversation(mapping(value), f"{name}: {number}"):
                            yield from _once(record, known)


_CONVERSATIONS: Final = re.compile(r"(?:^|/)conversations(?:[-_]\d+)?\.json$")
_MEMORIES: Final = re.compile(r"(?:^|/)(?:saved_)?memor(?:y|ies)\.json$")
_SHOWN: Final = re.compile(
    r"^\s*\d{1,4}\.\s*(?:\[(\d{4}-\d\d-\d\d)\]\.?\s*)?(.+?)(?=^\s*\d{1,4}\.\s|\Z)",
    re.MULTILINE | re.DOTALL,
)
"""``3. [2024-05-14]. What is remembered.``, several of them in a row."""
_QUOTED: Final = re.compile(r"```(?:\w*\n)?(.*?)```", re.DOTALL)


def _first(archive: Archive, name: str) -> dict[str, Any]:
    with archive.open(name) as file:
        return mapping(next(elements_in(file, name), None))


def _once(record: Found | Skipped, known: set[str]) -> Iterator[Found | Skipped]:
    """A record; one that was given before only as that it was."""
    if isinstance(record, Found) and record.key in known:
        yield Skipped(record.place, "the same as before in this export")
        return
    if isinstance(record, Found):
        known.add(record.key)
    yield record


def _memory(value: Any, place: str) -> Found | Skipped:
    record = value if isinstance(value, dict) else {"content": value}
    found = Columns().read(record, place)
    if isinstance(found, Skipped):
        return found
    return replace(found, tags=(*found.tags, "chatgpt-memory"), agent=TOOL)


def _conversation(value: Mapping[str, Any], place: str) -> Iterator[Found | Skipped]:
    conversation = phrase(value.get("conversation_id")) or phrase(value.get("id")) or place
    nodes = mapping(value.get("mapping"))
    current = _branch(nodes, value.get("current_node"))
    number = 0
    for name, node in nodes.items():
        message = mapping(mapping(node).get("message"))
        if not message:
            continue
        number += 1
        where = f"{place}, message {number}"
        said_at = moment(message.get("create_time")) or moment(value.get("create_time"))
        if current and name not in current:
            yield Skipped(where, "on a branch that was given up")
            continue
        yield from _message(message, where, str(name), conversation, said_at)


def _branch(nodes: Mapping[str, Any], leaf: Any) -> set[str]:
    """The nodes from the root to a leaf; empty where that is not known."""
    branch: set[str] = set()
    name = leaf if isinstance(leaf, str) else None
    while name is not None and name in nodes and name not in branch:
        branch.add(name)
        parent = mapping(nodes[name]).get("parent")
        name = parent if isinstance(parent, str) else None
    return branch


def _message(
    message: Mapping[str, Any], place: str, name: str, conversation: str, said_at: int | None
) -> Iterator[Found | Skipped]:
    content = mapping(message.get("content"))
    form = content.get("content_type")
    role = mapping(message.get("author")).get("role")
    if form == "user_editable_context":
        yield from _instructions(message, content, place)
    elif form == "model_editable_context":
        yield from _shown(phrase(content.get("model_set_context")), place)
    elif message.get("recipient") == MEMORY_TOOL:
        yield _written(_text_of(content), place, name, conversation, said_at)
    elif role == "user" and form in {"text", "multimodal_text"}:
        yield from from_message(_text_of(content), place, name, conversation, said_at, TOOL)
    else:
        yield Skipped(place, "not said by the user")


def _instructions(
    message: Mapping[str, Any], content: Mapping[str, Any], place: str
) -> Iterator[Found | Skipped]:
    """Custom instructions: about the user, and how to answer. In the content they are wrapped in
    words to the model; what the user wrote is quoted there."""
    plain = mapping(mapping(message.get("metadata")).get("user_context_message_data"))
    count = 0
    for name, field, memory_type in (
        ("about_user_message", "user_profile", MemoryType.SEMANTIC),
        ("about_model_message", "user_instructions", MemoryType.PROCEDURAL),
    ):
        wrapped = phrase(content.get(field))
        quoted = _QUOTED.search(wrapped)
        if text := phrase(plain.get(name)) or (quoted[1].strip() if quoted else ""):
            count += 1
            yield Found(
                content=text,
                key=f"instructions:{name}:{_digest(text)}",
                place=place,
                tags=("custom-instructions",),
                memory_type=memory_type,
                agent=TOOL,
            )
    if not count:
        yield Skipped(place, "empty custom instructions")


def _shown(text: str, place: str) -> Iterator[Found | Skipped]:
    """Saved memories as they were shown to the model, with the days on which they were saved."""
    count = 0
    for match in _SHOWN.finditer(text):
        if content := " ".join(match[2].split()):
            count += 1
            yield _saved(content, place, moment(match[1]))
    if not count:
        yield Skipped(place, "an empty list of memories")


def _written(
    text: str, place: str, name: str, conversation: str, said_at: int | None
) -> Found | Skipped:
    """What the model wrote down to remember."""
    value = document(text) if text.startswith("{") else None
    text = phrase(mapping(value).get("content")) if value is not None else text
    if not text:
        return Skipped(place, "an empty memory")
    if _FORGETTING.match(text):
        return Skipped(place, "an order to forget something")
    return replace(_saved(text, place, said_at), session=conversation)


_FORGETTING: Final = re.compile(r"(?i)(?:forget|delete|remove)\b")


def _saved(content: str, place: str, created_at: int | None) -> Found:
    return Found(
        content=content,
        key=f"memory:{_digest(content)}",
        place=place,
        tags=("chatgpt-memory",),
        created_at=created_at,
        agent=TOOL,
    )


def _text_of(content: Mapping[str, Any]) -> str:
    if isinstance(content.get("text"), str):
        return phrase(content["text"])
    parts = content.get("parts")
    return "\n".join(filter(None, map(phrase, parts))) if isinstance(parts, list) else ""


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32]
