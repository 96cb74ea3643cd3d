# SPDX-License-Identifier: AGPL-3.0-only
"""The data export of Claude: its memories, the instructions of projects, and of conversations only
what the user said that lasts."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.exchange.elements import elements_in
from memoryoss_mcp.exchange.lasting import lasting
from memoryoss_mcp.exchange.record import Found, Skipped
from memoryoss_mcp.exchange.sources.archive import Archive, opened
from memoryoss_mcp.exchange.statements import slug_of
from memoryoss_mcp.exchange.values import mapping, moment, phrase
from memoryoss_mcp.model import MemoryType, Status

TOOL: Final = "claude"


class ClaudeExport:
    """Reads the zip file, the folder it was unpacked to, or one of its files. Conversations are
    read one by one, whatever the size of the file."""

    kind = "claude-export"
    title = "Claude data export"

    def recognises(self, path: Path) -> bool:
        """Whether a part has the shape that Claude gives it."""
        try:
            with opened(path) as archive:
                return any(_is_ours(archive, name) for name in archive.names())
        except InvalidInputError:
            return False

    def count(self, path: Path) -> int:
        """Memories, instructions and messages."""
        return sum(1 for _ in self.read(path))

    def read(self, path: Path) -> Iterator[Found | Skipped]:
        """Memories, then projects, then conversations.

        Raises:
            InvalidInputError: there is none of these, or one cannot be read.
        """
        with opened(path) as archive:
            parts = {name: part for name in archive.names() if (part := _part(name)) is not None}
            if not parts:
                raise InvalidInputError(f"{path} holds no data export of Claude.", field="path")
            projects: dict[str, str] = {}
            for wanted in ("projects", "memories", "conversations"):
                for name in sorted(name for name, part in parts.items() if part == wanted):
                    with archive.open(name) as file:
                        for number, value in enumerate(elements_in(file, name), 1):
                            place = f"{name}: {number}"
                            yield from _READERS[wanted](mapping(value), place, projects)


def _part(name: str) -> str | None:
    """What a file holds, by its name or that of its folder."""
    match = _NAME.search(name)
    return match[1] or match[2] if match else None


_NAME: Final = re.compile(
    r"(?:^|/)(?:(memories|projects|conversations)(?:-\d+)?\.json"
    r"|(memories|projects|conversations)/[^/]+\.json)$"
)


def _is_ours(archive: Archive, name: str) -> bool:
    part = _part(name)
    if part is None:
        return False
    with archive.open(name) as file:
        first = mapping(next(elements_in(file, name), None))
    if part == "memories":
        return "conversations_memory" in first or "project_memories" in first
    return "chat_messages" in first if part == "conversations" else "prompt_template" in first


def _memories(
    value: Mapping[str, Any], place: str, projects: dict[str, str]
) -> Iterator[Found | Skipped]:
    """What Claude remembers of its user, and beside each project."""
    account = phrase(value.get("account_uuid")) or "account"
    spaces = [("", phrase(value.get("conversations_memory")))]
    spaces += [
        (str(key), phrase(text)) for key, text in mapping(value.get("project_memories")).items()
    ]
    for project, text in spaces:
        tags = ("claude-memory", *_project_tags(project, projects))
        named: dict[str, int] = {}
        for section, statement in _paragraphs(text):
            slug = slug_of(section)
            named[slug] = named.get(slug, 0) + 1
            yield Found(
                content=statement,
                key=f"memory:{account}:{project}:{slug}:{named[slug]}",
                place=f"{place}, {section or 'beginning'}",
                tags=(*tags, f"section:{slug}") if slug else tags,
                agent=TOOL,
            )


def _projects(
    value: Mapping[str, Any], place: str, projects: dict[str, str]
) -> Iterator[Found | Skipped]:
    """What a project is about, and what it tells Claude to do. Its documents are files of its
    user, not memories."""
    identity, name = phrase(value.get("uuid")), phrase(value.get("name"))
    if identity and name:
        projects[identity] = name
    times = moment(value.get("created_at")), moment(value.get("updated_at"))
    for field, memory_type in (
        ("description", MemoryType.SEMANTIC),
        ("prompt_template", MemoryType.PROCEDURAL),
    ):
        if text := phrase(value.get(field)):
            yield Found(
                content=text,
                key=f"project:{identity or name}:{field}",
                place=f"{place}, {field}",
                tags=("claude-project", *_project_tags(identity, projects)),
                created_at=times[0],
                updated_at=times[1],
                memory_type=memory_type,
                agent=TOOL,
            )
    for document in _list(value.get("docs")):
        name = phrase(mapping(document).get("filename")) or "without a name"
        yield Skipped(f"{place}, {name}", "a document of a project, not a memory")


def _conversations(
    value: Mapping[str, Any], place: str, _projects: dict[str, str]
) -> Iterator[Found | Skipped]:
    """What the user said that lasts, each sentence as a candidate."""
    conversation = phrase(value.get("uuid")) or place
    for number, entry in enumerate(_list(value.get("chat_messages")), 1):
        message = mapping(entry)
        where = f"{place}, message {number}"
        if message.get("sender") != "human":
            yield Skipped(where, "not said by the user")
            continue
        text = phrase(message.get("text")) or _text_of(message.get("content"))
        said_at = moment(message.get("created_at")) or moment(value.get("created_at"))
        identity = phrase(message.get("uuid")) or f"{conversation}:{number}"
        yield from from_message(text, where, identity, conversation, said_at, TOOL)


def from_message(
    text: str, place: str, key: str, conversation: str, said_at: int | None, agent: str
) -> Iterator[Found | Skipped]:
    """The lasting statements of a message as candidates, or that it has none."""
    sentences = lasting(text)
    if not sentences:
        yield Skipped(place, "nothing lasting said")
    for sentence in sentences:
        digest = hashlib.sha256(sentence.encode("utf-8", "replace")).hexdigest()[:16]
        yield Found(
            content=sentence,
            key=f"message:{key}:{digest}",
            place=place,
            tags=("conversation",),
            created_at=said_at,
            status=Status.CANDIDATE,
            agent=agent,
            session=conversation,
        )


def _text_of(content: Any) -> str:
    """The text blocks of a message."""
    texts = map(mapping, _list(content))
    return "\n".join(phrase(block.get("text")) for block in texts if block.get("type") == "text")


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _paragraphs(text: str) -> Iterator[tuple[str, str]]:
    """The paragraphs and list items of a memory, each with the heading above it."""
    section = ""
    for block in re.split(r"\n\s*\n", text):
        lines = block.strip().splitlines()
        while lines and (heading := _HEADING.fullmatch(lines[0].strip())):
            section = (heading[1] or heading[2]).strip(" :*")
            lines = lines[1:]
        statement: list[str] = []
        for line in lines:
            if (item := _ITEM.match(line)) and statement:
                yield section, " ".join(statement)
                statement = []
            statement.append(line[item.end() :].strip() if item else line.strip())
        if any(statement):
            yield section, " ".join(statement)


_HEADING: Final = re.compile(r"#{1,6}\s+(.+)|(?:\*\*|__)([^*_]+)(?:\*\*|__):?")
_ITEM: Final = re.compile(r"\s*(?:[-*+•]|\d{1,3}[.)])\s+")


def _project_tags(project: str, projects: Mapping[str, str]) -> tuple[str, ...]:
    slug = slug_of(projects.get(project, project))
    return (f"project:{slug}",) if slug else ()


_READERS: Final = {
    "memories": _memories,
    "projects": _projects,
    "conversations": _conversations,
}
