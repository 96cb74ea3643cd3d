# SPDX-License-Identifier: AGPL-3.0-only
"""``cursor_rules``: rules of the Cursor editor, ``.mdc`` files and the older ``.cursorrules``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from memoryoss_mcp.exchange.adapters import provenance_tags
from memoryoss_mcp.exchange.adapters.artifact import (
    limited,
    parse_artifact,
    read_artifact,
    render_artifact,
)
from memoryoss_mcp.exchange.frontmatter import FrontMatter, text_of, texts_of
from memoryoss_mcp.exchange.markdown import Document, Left, Statement
from memoryoss_mcp.exchange.record import Found, Skipped
from memoryoss_mcp.exchange.statements import section_tags
from memoryoss_mcp.model import Memory, MemoryType, Status

DESCRIPTION: Final = "What memoryOSS remembers in the namespace"
"""Begins the description of the files that :meth:`CursorRules.render` writes."""

EVERYWHERE: Final = "**/*"
"""The pattern of files that a rule without one is for."""


class CursorRules:
    """Markdown with a front matter that says which files the rules are for."""

    kind = "cursor_rules"
    client = "cursor"
    memory_type = MemoryType.PROCEDURAL
    status = Status.ACTIVE
    extension = "mdc"
    content_type = "text/markdown"
    exports = True

    def read(
        self, path: Path, label: str | None = None, *, limit: int | None = None
    ) -> Iterator[Found | Skipped]:
        """The rules in a file, or in all files of rules in a folder."""
        pattern = self._pattern(label or path.resolve().name)
        return read_artifact(path, is_rules, pattern, shape_rules, limit)

    def parse(
        self, text: str, label: str, *, limit: int | None = None
    ) -> Iterator[Found | Skipped]:
        """The rules in the text of a file."""
        return limited(parse_artifact(text, label, self._pattern(label), shape_rules), limit)

    def render(self, memories: Iterable[Memory], namespace: str) -> str:
        """A file of rules. It is for the files that all its rules are for, else for all files."""
        kept = list(memories)
        head = [
            "---",
            f"description: {DESCRIPTION} {namespace}",
            f"globs: {_shared_globs(kept)}",
            "alwaysApply: false",
            "---",
            "",
        ]
        return render_artifact(kept, namespace, self.kind, "\n".join([*head, ""]), "Project rules")

    def _pattern(self, label: str) -> Found:
        return Found(
            content="",
            key="",
            place="",
            tags=(*provenance_tags(self.kind, self.client, label), "rule"),
            memory_type=self.memory_type,
            status=self.status,
            agent=f"adapter/{self.kind}",
            session=label,
        )


def is_rules(name: str) -> bool:
    """Whether a file holds rules, by its name within a folder."""
    last = name.rpartition("/")[2].lower()
    return last.endswith(".mdc") or last == ".cursorrules"


def shape_rules(document: Document, pattern: Found) -> tuple[Document, Found]:
    """Each line of a paragraph as its own rule where each is a sentence; tags for the files that
    the rules are for."""
    parts = tuple(rule for part in document.parts for rule in _rules(part))
    tags = dict.fromkeys((*pattern.tags, *rule_tags(document.front)))
    return Document(document.front, parts), replace(pattern, tags=tuple(tags))


def rule_tags(front: FrontMatter) -> tuple[str, ...]:
    """What the front matter of a rule says, as tags: ``globs:<pattern>``, ``always_apply`` and the
    description, which says when the rule is wanted, as a section."""
    globs = (glob for glob in texts_of(front, "globs") if glob != EVERYWHERE)
    always = ("always_apply",) if (text_of(front, "alwaysApply") or "").lower() == "true" else ()
    description = text_of(front, "description")
    about = () if description is None or description.startswith(DESCRIPTION) else [description]
    return (*(f"globs:{glob}" for glob in globs), *always, *section_tags(about))


def _rules(part: Statement | Left) -> Iterator[Statement | Left]:
    lines = part.text.split("\n") if isinstance(part, Statement) else []
    if (
        isinstance(part, Statement)
        and part.kind == "paragraph"
        and all(line.rstrip().endswith((".", "!", "?")) for line in lines)
    ):
        for number, line in enumerate(lines):
            yield replace(part, text=line.strip(), line=part.line + number)
    else:
        yield part


def _shared_globs(memories: Iterable[Memory]) -> str:
    globs = {tuple(tag for tag in memory.tags if tag.startswith("globs:")) for memory in memories}
    shared = next(iter(globs)) if len(globs) == 1 else ()
    return ",".join(tag.partition(":")[2] for tag in shared) or EVERYWHERE
