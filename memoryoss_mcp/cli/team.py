# SPDX-License-Identifier: AGPL-3.0-only
"""``memoryoss team``: propose what a team shall agree on, and see how its branches stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from memoryoss_mcp.cli.documents import document, memory_document
from memoryoss_mcp.cli.parser import Commands
from memoryoss_mcp.cli.review import user_name
from memoryoss_mcp.cli.session import Reply, Session
from memoryoss_mcp.cli.views import namespace_text, preview
from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.model import Draft

if TYPE_CHECKING:
    from memoryoss_mcp.cli.console import Cell, Console
    from memoryoss_mcp.lifecycle.governance import BranchReport
    from memoryoss_mcp.namespaces import NamespaceChoice

REPORT, PROPOSE = "report", "propose"


def register(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add(
        "team",
        run,
        "report | propose TEXT --branch B --scope S [OPTIONS]",
        "Propose what a team agrees on, and see how its branches stand.",
        description="report: governed memories by branch and scope, what waits first.\n"
        "propose: a memory that a team governs. With --review-required it waits in the inbox until "
        "an\nowner who did not propose it confirms it, and only owners may change it later.",
        kept="Nothing was proposed.",
    )
    parser.add_argument("action", choices=(REPORT, PROPOSE), metavar="ACTION", help="see above")
    parser.add_argument("text", nargs="?", metavar="TEXT", help="what is proposed")
    parser.add_argument("--branch", metavar="B", help="the branch that it is for")
    parser.add_argument("--scope", metavar="S", help="what it is about")
    parser.add_argument("--review-required", action="store_true", help="an owner has to confirm it")
    parser.add_argument(
        "--owner", action="append", default=[], metavar="NAME", help="who decides; repeat for more"
    )
    parser.add_argument(
        "--watch", action="append", default=[], metavar="NAME", help="who wants to know; repeat"
    )
    parser.add_argument("--tag", action="append", default=[], metavar="TAG", help="a tag; repeat")
    parser.add_argument("--actor", metavar="NAME", help="who proposes (default: the user's name)")


def run(session: Session) -> Reply:
    """Report or propose."""
    options = session.options
    if options.action == PROPOSE:
        return _propose(session)
    if options.text is not None:
        raise InvalidInputError("report takes no text.", field="text")
    with session.runtime() as runtime:
        chosen = session.namespace(runtime)
        branches = runtime.team_report(chosen.name)
    fields = {
        "namespace": chosen.name,
        "namespace_source": chosen.source,
        "summary": {
            "governed_memories": sum(b.memory_count for b in branches),
            "active_branches": len({b.branch for b in branches}),
            "review_required_scopes": sum(b.review_required for b in branches),
            "pending_review": sum(b.pending_review for b in branches),
            "duplicate_memories": sum(b.duplicate_memories for b in branches),
            "stale_policies": sum(b.stale_policies for b in branches),
            "conflicting_decisions": sum(b.conflicting_decisions for b in branches),
            "watchlist_entries": len({name for b in branches for name in b.watchlist}),
            "owner_count": len({name for b in branches for name in b.owners}),
        },
        "branches": [document(branch) for branch in branches],
    }
    return Reply(fields, lambda console: _show(console, branches, chosen))


def _propose(session: Session) -> Reply:
    from memoryoss_mcp.lifecycle.governance import Proposal  # start-up time

    options = session.options
    for name in ("text", "branch", "scope"):
        if not getattr(options, name):
            raise InvalidInputError(f"A proposal needs a {name}.", field=name)
    with session.runtime() as runtime:
        chosen = session.namespace(runtime)
        memory = runtime.propose(
            Draft(options.text, chosen.name, tags=tuple(options.tag)),
            Proposal(
                branch=options.branch,
                scope=options.scope,
                proposed_by=options.actor or user_name(),
                review_required=options.review_required,
                owners=tuple(options.owner),
                watchlist=tuple(options.watch),
            ),
        )
    words = f"{memory.id} · now {memory.status.value} · {preview(memory.content)}"
    return Reply(
        memory_document(memory) | {"namespace_source": chosen.source},
        lambda console: console.line(console.styled("proposed ", "good"), words),
    )


def _show(console: Console, branches: tuple[BranchReport, ...], chosen: NamespaceChoice) -> None:
    rows: list[tuple[Cell, ...]] = [
        (
            f"{branch.branch} / {branch.scope}",
            str(branch.memory_count),
            console.styled(str(branch.pending_review), "warn" if branch.pending_review else "dim"),
            str(branch.stale_policies),
            str(branch.conflicting_decisions),
            str(branch.duplicate_memories),
            ", ".join(branch.owners),
            ", ".join(branch.watchlist),
        )
        for branch in branches
    ]
    if rows:
        columns = ("branch / scope", "memories", "waiting", "stale", "at odds", "twice", "owners")
        console.table((*columns, "watched by"), rows, wrap=("owners", "watched by"))
    console.line(
        console.styled(f"{len(rows)} branches · namespace {namespace_text(chosen)}", "dim")
    )
