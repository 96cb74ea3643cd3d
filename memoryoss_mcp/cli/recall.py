# SPDX-License-Identifier: AGPL-3.0-only
"""``memoryoss recall``: ask the memory, and see how the answer came about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from memoryoss_mcp.cli.documents import explanation_document, recall_document
from memoryoss_mcp.cli.filters import add_filters, read_filters
from memoryoss_mcp.cli.parser import Commands, whole_number
from memoryoss_mcp.cli.session import Reply, Session
from memoryoss_mcp.cli.streams import read_input
from memoryoss_mcp.cli.views import namespace_text, particulars, show_trust
from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.recall.query import RecallQuery
from memoryoss_mcp.recall.result import Decision, Explanation, Mode, RecalledMemory, RecallResult

if TYPE_CHECKING:
    from memoryoss_mcp.cli.console import Console
    from memoryoss_mcp.namespaces import NamespaceChoice

DEFAULT_LIMIT = 10

_DECISIONS = {
    Decision.INJECT: ("answered", "good"),
    Decision.NEED_MORE_EVIDENCE: ("unsure", "warn"),
    Decision.ABSTAIN: ("nothing stored answers this", "warn"),
}

_VERDICTS = {"allow": "good", "warn": "warn", "require_confirmation": "warn", "block": "bad"}
_SECTIONS = {
    "fact": "facts",
    "constraint": "constraints",
    "recent action": "recent_actions",
}


def register(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add(
        "recall",
        run,
        "QUERY… [OPTIONS]",
        "Find memories by meaning, by word and by identifier.",
        description="The words of the query are joined by blanks; '-' reads it from standard "
        "input.\nResults come best first, with a score from 0 to 1 and an estimate of how sure "
        "the\nanswer is.",
    )
    parser.add_argument("query", nargs="+", metavar="QUERY", help="question, keywords, identifiers")
    parser.add_argument(
        "-n",
        "--limit",
        type=whole_number("limit"),
        default=DEFAULT_LIMIT,
        metavar="N",
        help=f"results of one page (default {DEFAULT_LIMIT})",
    )
    parser.add_argument("--cursor", metavar="CURSOR", help="the page after this one")
    parser.add_argument(
        "--budget",
        type=whole_number("budget"),
        metavar="TOKENS",
        help="most tokens of all summaries and evidence together",
    )
    parser.add_argument(
        "--explain", action="store_true", help="show how the query was read and every score made"
    )
    add_filters(parser)


def run(session: Session) -> Reply:
    """Answer the question."""
    options = session.options
    text = " ".join(options.query)
    if text == "-":
        text = read_input(session.config.limits.max_content_bytes, "query")
    if options.budget is not None and options.budget < 1:
        raise InvalidInputError("budget must be at least 1 token.", field="budget")
    with session.runtime() as runtime:
        choice = session.namespace(runtime)
        query = RecallQuery(
            text=text,
            namespace=choice.name,
            limit=options.limit,
            filters=read_filters(options),
            cursor=options.cursor,
            budget_tokens=options.budget,
        )
        if not options.explain:
            result = runtime.recall(query)
            return Reply(
                recall_document(result, choice), lambda console: _show(console, result, choice)
            )
        explanation = runtime.explain(query)

    def show(console: Console) -> None:
        show_plan(console, explanation)
        _show(console, explanation.result, choice, explanation)
        show_policies(console, explanation)
        show_task(console, explanation)
        show_timings(console, explanation)

    document = recall_document(explanation.result, choice)
    features = {name: round(n, 6) for name, n in explanation.result.gate.features.items()}
    working = explanation_document(explanation) | {"features": features}
    return Reply(document | {"explanation": working}, show)


def _show(
    console: Console,
    result: RecallResult,
    choice: NamespaceChoice,
    explanation: Explanation | None = None,
) -> None:
    for rank, found in enumerate(result.memories, 1):
        show_found(console, rank, found, explained=explanation is not None)
    if result.memories:
        console.blank()
    verdict, style = _DECISIONS[result.gate.decision]
    searched = "meaning and words" if result.mode is Mode.HYBRID else "words only"
    console.line(
        console.styled(verdict, style),
        console.styled(
            f" · confidence {result.gate.confidence:.2f} · {result.considered} considered by "
            f"{searched} · namespace {namespace_text(choice)}",
            "dim",
        ),
    )
    if explanation is not None and result.gate.reasons:
        made_of = ", ".join(f"{name} {n:.2f}" for name, n in result.gate.features.items())
        because = ", ".join(result.gate.reasons) + (f" ({made_of})" if made_of else "")
        console.line(console.styled(f"because: {because}", "dim"))
    for note in result.notes:
        console.line(console.styled("note: ", "warn"), note)
    if result.next_cursor is not None:
        console.line(console.styled(f"more: repeat with --cursor {result.next_cursor}", "dim"))


def show_found(console: Console, rank: int, found: RecalledMemory, *, explained: bool) -> None:
    """One result: its score, what it says, where it is from and, if wanted, how it was scored."""
    console.line(
        console.styled(f"{rank:>2} ", "strong"),
        console.bar(found.score, width=8),
        console.styled("  low trust" if found.low_trust else "", "warn"),
    )
    if found.summary:
        console.block(found.summary, indent=4)
    else:
        console.line(console.styled("beyond the budget", "dim"), indent=4)
    for sentence in found.evidence:
        console.line(console.styled("› ", "key"), sentence, indent=4)
    console.line(console.styled(particulars(found.memory), "dim"), indent=4)
    if explained:
        show_parts(console, found)


def show_parts(console: Console, found: RecalledMemory) -> None:
    """The numbers that a score was made of, as bars, and the words for why it was found."""
    console.bars(found.parts, indent=4)
    if found.trust is not None:
        show_trust(console, found.trust, indent=4)
    if found.provenance:
        console.line(console.styled(f"found by: {', '.join(found.provenance)}", "dim"), indent=4)


def show_plan(console: Console, explanation: Explanation) -> None:
    """How the query was read: terms, identifiers, kinds, task, time, weights of the channels."""
    console.title("The query")
    if explanation.terms:
        console.line(console.styled("terms and how rare they are here (idf)", "dim"), indent=2)
        console.bars(dict(explanation.terms), indent=4)
    known = [
        ("identifiers", ", ".join(explanation.identifiers)),
        ("kinds", ", ".join(explanation.kinds)),
        ("task", explanation.task or ""),
        ("time", explanation.time or ""),
        ("weights", ", ".join(f"{name} {w:.2f}" for name, w in explanation.weights.items())),
    ]
    console.pairs([(name, value) for name, value in known if value], indent=2)
    console.title("The results")


def show_policies(console: Console, explanation: Explanation) -> None:
    """How the stored policies judge what the query asks to do, if that is risky."""
    verdict = explanation.policy_firewall
    if verdict is None or not verdict["active"]:
        return
    console.title("The policies")
    decision = verdict["decision"]
    console.line(
        console.styled(decision, _VERDICTS[decision]),
        console.styled(f" · {', '.join(verdict['risky_actions'])}", "dim"),
        indent=2,
    )
    for reason in verdict["reasons"]:
        console.block(reason, indent=2)
    for policy in verdict["matched_policies"]:
        told = f"{policy['decision']} · {', '.join(policy['action_classes'])}"
        console.line(console.styled(f"{told} · {policy['memory_id']}", "dim"), indent=2)


def show_task(console: Console, explanation: Explanation) -> None:
    """What is known for the task, sorted as a prompt would have it."""
    state = explanation.task_state
    if state is None:
        return
    console.title(f"The task ({state['kind']})")
    rows = [("goal", state["goal"])]
    for name, section in _SECTIONS.items():
        rows += [(name, entry["summary"]) for entry in state[section]]
    rows += [("open question", question) for question in state["open_questions"]]
    console.pairs(rows, indent=2)
    for decision in state["decisions"]:
        console.line(console.styled(decision, "dim"), indent=2)


def show_timings(console: Console, explanation: Explanation) -> None:
    """How long each step took."""
    total = sum(explanation.timings.values())
    console.title(f"The time ({total:.1f} ms)")
    console.bars(explanation.timings, indent=2)
