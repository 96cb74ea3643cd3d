# SPDX-License-Identifier: AGPL-3.0-only
"""``claude_project``: the instructions and knowledge files of a Claude project."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from memoryoss_mcp.exchange.adapters import provenance_tags
from memoryoss_mcp.exchange.adapters.artifact import (
    limited,
    parse_artifact,
    read_artifact,
    render_artifact,
)
from memoryoss_mcp.exchange.markdown import Document
from memoryoss_mcp.exchange.record import Found, Skipped
from memoryoss_mcp.exchange.statements import front_tags
from memoryoss_mcp.exchange.textfiles import is_markdown
from memoryoss_mcp.model import Memory, MemoryType, Status


class ClaudeProject:
    """Markdown with a title and list items."""

    kind = "claude_project"
    client = "claude"
    memory_type = MemoryType.SEMANTIC
    status = Status.ACTIVE
    extension = "md"
    content_type = "text/markdown"
    exports = True

    def read(
        self, path: Path, label: str | None = None, *, limit: int | None = None
    ) -> Iterator[Found | Skipped]:
        """The memories in a file or in the Markdown files of a folder."""
        pattern = self._pattern(label or path.resolve().name)
        return read_artifact(path, is_markdown, pattern, _shape, limit)

    def parse(
        self, text: str, label: str, *, limit: int | None = None
    ) -> Iterator[Found | Skipped]:
        """The memories in the text of a file."""
        return limited(parse_artifact(text, label, self._pattern(label), _shape), limit)

    def render(self, memories: Iterable[Memory], namespace: str) -> str:
        """A project knowledge file with these memories."""
        return render_artifact(memories, namespace, self.kind, "", "Project memory")

    def _pattern(self, label: str) -> Found:
        return Found(
            content="",
            key="",
            place="",
            tags=provenance_tags(self.kind, self.client, label),
            memory_type=self.memory_type,
            status=self.status,
            agent=f"adapter/{self.kind}",
            session=label,
        )


def _shape(document: Document, pattern: Found) -> tuple[Document, Found]:
    tags = dict.fromkeys((*pattern.tags, *front_tags(document.front)))
    return document, replace(pattern, tags=tuple(tags))
