# SPDX-License-Identifier: AGPL-3.0-only
"""``memoryoss export``: everything that is kept, for its owner or for the person it is about."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from memoryoss_mcp.cli.audit import entry_document
from memoryoss_mcp.cli.documents import memory_document
from memoryoss_mcp.cli.files import new_file
from memoryoss_mcp.cli.parser import Commands
from memoryoss_mcp.cli.session import Reply, Session
from memoryoss_mcp.cli.views import namespace_text

if TYPE_CHECKING:
    from memoryoss_mcp.lifecycle.access import Record


def register(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add(
        "export",
        run,
        "FILE [OPTIONS]",
        "Write every memory of a namespace with its earlier versions and its changes.",
        description="One JSON document per line: the memory (archived ones too), what it said "
        "before, and\nthe ledger's entries about it. With --agent or --session only what is of "
        "them. FILE\nmust not exist.",
        kept="Nothing was written.",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="where to write")
    parser.add_argument("--agent", metavar="NAME", help="only what this agent stored")
    parser.add_argument("--session", metavar="NAME", help="only what was stored in this session")


def run(session: Session) -> Reply:
    """Write the file."""
    options = session.options
    target: Path = options.file
    count = archived = 0
    with session.runtime() as runtime, session.progress("exporting") as progress:
        chosen = session.namespace(runtime)
        with new_file(target) as out:
            for record in runtime.export(chosen.name, agent=options.agent, session=options.session):
                out.write(json.dumps(_document(record), ensure_ascii=False) + "\n")
                count += 1
                archived += record.memory.archived
                if count % 500 == 0:
                    progress("exporting", count, 0)
    fields = {
        "file": str(target),
        "namespace": chosen.name,
        "namespace_source": chosen.source,
        "memories": count,
        "archived": archived,
    }
    return Reply(
        fields,
        lambda console: console.line(
            console.styled("exported ", "good"),
            f"{count} memories, {archived} of them archived, to {target}",
            console.styled(f" · namespace {namespace_text(chosen)}", "dim"),
        ),
    )


def _document(record: Record) -> dict[str, object]:
    return {
        "memory": memory_document(record.memory),
        "versions": [memory_document(version.memory) for version in record.versions],
        "changes": [entry_document(entry) for entry in record.changes],
    }
