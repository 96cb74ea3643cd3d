# SPDX-License-Identifier: AGPL-3.0-only
"""``memoryoss contract``: what this memory guarantees, as the published document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from memoryoss_mcp.cli.parser import Commands
from memoryoss_mcp.cli.session import Reply, Session

if TYPE_CHECKING:
    from memoryoss_mcp.cli.console import Console


def register(commands: Commands) -> None:
    """Add the command."""
    commands.add(
        "contract",
        run,
        "[OPTIONS]",
        "Show what this memory guarantees, and what it does not yet.",
        description="With --json the document memoryoss.runtime.v1alpha1.",
    )


def run(_session: Session) -> Reply:
    """Show the contract."""
    from memoryoss_mcp.portable.contract import contract  # start-up time: imports pydantic

    document = contract()
    return Reply(document, lambda console: _show(console, document))


def _show(console: Console, document: dict[str, Any]) -> None:
    console.line(console.styled(document["contract_id"], "strong"), f" · {document['version']}")
    console.title("Guaranteed")
    for part in (*document["stable_semantics"], *document["guarantees"]):
        told = part.get("guarantee") or part["description"]
        console.line(console.styled(part["name"], "key"), f": {told}")
    console.title("What there is")
    console.table(
        ("object", "support", "what it is"),
        [(p["kind"], p["support_level"], p["description"]) for p in document["object_model"]],
        wrap=("what it is",),
    )
    console.title("Not yet")
    for part in document["known_gaps"]:
        console.line(console.styled(part["area"], "key"), f": {part['note']}")
