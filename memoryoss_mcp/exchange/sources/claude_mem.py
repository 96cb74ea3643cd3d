# SPDX-License-Identifier: AGPL-3.0-only
"""The database of claude-mem: what it observed in coding sessions, and the summaries of these."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.exchange.record import Found, Skipped
from memoryoss_mcp.exchange.values import moment, phrase, phrases
from memoryoss_mcp.model import MemoryType
from memoryoss_mcp.store.foreign import ForeignFile, Row, Value, has_tables

FILE: Final = "claude-mem.db"

_OBSERVATIONS, _SUMMARIES, _PROMPTS = "observations", "session_summaries", "user_prompts"
_SESSIONS: Final = "sdk_sessions"
_WHICH: Final = ("id", "memory_session_id", "project", "created_at_epoch")
_REQUIRED: Final = {_OBSERVATIONS: (*_WHICH, "type"), _SUMMARIES: _WHICH}
_COMMON: Final = (*_WHICH, "created_at", "merged_into_project")
_OBSERVATION: Final = (
    *_COMMON,
    *("type", "title", "subtitle", "narrative", "text", "facts", "concepts", "files_modified"),
)
_PARTS: Final = {
    "request": "Request",
    "investigated": "Investigated",
    "learned": "Learned",
    "completed": "Completed",
    "next_steps": "Next steps",
    "notes": "Notes",
}
"""The parts of a summary, and what each is called in the memory."""

_EVENTS: Final = frozenset({"bugfix", "feature", "refactor", "change"})
"""Types of observations that tell what was done; the others tell what is so."""


class ClaudeMem:
    """Reads the database, or the folder that holds it. An observation becomes one memory, and so
    does a summary. Prompts are skipped: they are what was asked for, and what came of it is in the
    observations; so are the raw uses of tools, which are not counted."""

    kind = "claude-mem"
    title = "claude-mem"

    def default_path(self) -> Path:
        """Where claude-mem keeps its database unless it is told otherwise."""
        folder = os.environ.get("CLAUDE_MEM_DATA_DIR")
        return (Path(folder) if folder else Path.home() / ".claude-mem") / FILE

    def recognises(self, path: Path) -> bool:
        """Whether it is a database with the tables of claude-mem."""
        try:
            return has_tables(_file(path), _REQUIRED)
        except InvalidInputError:
            return False

    def count(self, path: Path) -> int:
        """Observations, summaries and prompts."""
        with _open(path) as file:
            return sum(map(file.count, _tables(file)))

    def read(self, path: Path) -> Iterator[Found | Skipped]:
        """Observations, then summaries, then prompts, each in the order in which they were made."""
        with _open(path) as file:
            programs = _programs(file)
            for table, (columns, record) in _tables(file).items():
                for row in file.rows(table, columns):
                    yield record(row, programs)


_Programs = dict[Value, str]
"""The program (claude, cursor, codex …) of each session."""


def _file(path: Path) -> Path:
    if not path.is_dir():
        return path
    if not (path / FILE).is_file():
        raise InvalidInputError(f"{path} holds no {FILE}.", field="path")
    return path / FILE


def _open(path: Path) -> ForeignFile:
    file = ForeignFile(_file(path))
    try:
        for table, columns in _REQUIRED.items():
            file.require(table, columns)
    except BaseException:
        file.close()
        raise
    return file


_Reading = tuple[tuple[str, ...], Callable[[Row, _Programs], Found | Skipped]]


def _tables(file: ForeignFile) -> dict[str, _Reading]:
    """The tables that are read, with their columns and what makes a record of a row."""
    tables: dict[str, _Reading] = {
        _OBSERVATIONS: (_OBSERVATION, _observation),
        _SUMMARIES: ((*_COMMON, *_PARTS), _summary),
    }
    if _PROMPTS in file.tables():
        tables[_PROMPTS] = (("id",), _prompt)
    return tables


def _programs(file: ForeignFile) -> _Programs:
    if _SESSIONS not in file.tables():
        return {}
    rows = file.rows(_SESSIONS, ("memory_session_id", "platform_source"))
    return {row["memory_session_id"]: phrase(row["platform_source"]) for row in rows}


def _observation(row: Row, programs: _Programs) -> Found | Skipped:
    kind = phrase(row["type"])
    title, subtitle = phrase(row["title"]), phrase(row["subtitle"])
    told = phrase(row["narrative"]) or phrase(row["text"])
    facts = [f"- {fact}" for fact in phrases(row["facts"])]
    head = [title, subtitle if subtitle != title else ""]
    parts = ("\n".join(filter(None, head)), told if told != title else "", "\n".join(facts))
    content = "\n\n".join(filter(None, parts))
    if content and (files := phrases(row["files_modified"])):
        content += f"\n\nFiles: {', '.join(files)}"
    return _record("observation", row, programs, content, (kind, *phrases(row["concepts"])))


def _summary(row: Row, programs: _Programs) -> Found | Skipped:
    said = {title: phrase(row[part]) for part, title in _PARTS.items()}
    content = "\n".join(f"{title}: {text}" for title, text in said.items() if text)
    return _record("summary", row, programs, content, ("session-summary",))


def _prompt(row: Row, _: _Programs) -> Skipped:
    return Skipped(f"prompt {row['id']!r}", "is a prompt: what was asked, not what was learned")


def _record(
    sort: str, row: Row, programs: _Programs, content: str, tags: tuple[str, ...]
) -> Found | Skipped:
    place = f"{sort} {row['id']!r}"
    if not content:
        return Skipped(place, "has no text")
    project = phrase(row["merged_into_project"]) or phrase(row["project"])
    made = moment(row["created_at_epoch"]) or moment(row["created_at"])
    event = sort == "summary" or tags[0] in _EVENTS
    return Found(
        content=content,
        # Numbers start anew in every database; with the time they are one record's own.
        key=f"{sort}:{row['id']!r}:{row['created_at_epoch']!r}",
        place=place,
        tags=tuple(dict.fromkeys(filter(None, (*tags, project)))),
        created_at=made,
        memory_type=MemoryType.EPISODIC if event else MemoryType.SEMANTIC,
        agent=programs.get(row["memory_session_id"]) or None,
        session=phrase(row["memory_session_id"]) or None,
    )
