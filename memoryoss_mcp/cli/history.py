# SPDX-License-Identifier: AGPL-3.0-only
"""``memoryoss history``: what happened to one memory, to which others it is tied, and copies of
that."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from memoryoss_mcp.cli.arrivals import read_sidecar, show_trust, target_namespace
from memoryoss_mcp.cli.audit import entry_document
from memoryoss_mcp.cli.documents import document, memory_document
from memoryoss_mcp.cli.files import new_binary_file, stamp
from memoryoss_mcp.cli.parser import Commands, memory_id
from memoryoss_mcp.cli.passport import note_sealed
from memoryoss_mcp.cli.session import Reply, Session
from memoryoss_mcp.cli.streams import one_line
from memoryoss_mcp.cli.views import brief_time, counted, preview
from memoryoss_mcp.errors import InvalidInputError

if TYPE_CHECKING:
    from memoryoss_mcp.cli.console import Cell, Console
    from memoryoss_mcp.lifecycle.history import History
    from memoryoss_mcp.model import Memory
    from memoryoss_mcp.portable.replaying import Replay

_ACTIONS = ("show", "export", "replay", "branch")

_TIES = {
    "replaces": "replaces",
    "replaced_by": "replaced by",
    "made_of": "made of",
    "made_into": "made into",
    "contradicts": "contradicts",
    "updates": "says anew",
}


def register(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add(
        "history",
        run,
        "[show] ID | export ID | replay FILE | branch ID --target-namespace NAME [OPTIONS]",
        "What happened to a memory and to which others it is tied; a copy of all of it.",
        description="show: from what was recorded: the ledger, the decisions of reviewers, the "
        "links between\nmemories.\n"
        "export: memoryoss.history.v1alpha1, the memory with all that it is tied to. The same "
        "state always\ngives the same bytes.\n"
        "replay: such a file, or the bundle of one, into a namespace that holds nothing: "
        "--namespace, or the\none that it is of.\n"
        "branch: a copy under new ids in a namespace that holds nothing.",
        kept="Nothing was changed or written.",
    )
    parser.add_argument(
        "words", nargs="+", metavar="ACTION ID", help="see above; without an action: show"
    )
    parser.add_argument("--target-namespace", metavar="NAME", help="where a branch goes")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="where to write")
    parser.add_argument(
        "--signature", type=Path, metavar="FILE", help="a signature that stands beside FILE"
    )
    parser.add_argument("--dry-run", action="store_true", help="only show what would be done")


def run(session: Session) -> Reply:
    """Show, export, replay or branch."""
    words = session.options.words
    action, *rest = words if words[0] in _ACTIONS else ("show", *words)
    if len(rest) != 1:
        what = "FILE" if action == "replay" else "ID"
        raise InvalidInputError(f"history {action} takes one {what}.", field="id")
    if action == "replay":
        return _replay(session, Path(rest[0]))
    key = memory_id(rest[0])
    if action == "export":
        return _export(session, key)
    return _branch(session, key) if action == "branch" else _tell(session, key)


def _tell(session: Session, key: UUID) -> Reply:
    """Everything that was recorded about the memory."""
    with session.runtime() as runtime:
        chosen = session.namespace(runtime)
        history = runtime.history(key, chosen.name)
    fields = {
        "memory": memory_document(history.memory),
        "changes": [entry_document(entry) for entry in history.changes],
        "versions": [
            memory_document(version.memory) | {"ended_by_entry": version.entry}
            for version in history.versions
        ],
        "decisions": [document(event) for event in history.decisions],
        "replaced_by": history.replaced_by and memory_document(history.replaced_by),
    }
    for tie in ("replaces", "made_of", "made_into", "contradicts", "updates"):
        fields[tie] = [memory_document(memory) for memory in getattr(history, tie)]
    return Reply(fields, lambda console: _show(console, history))


def _export(session: Session, key: UUID) -> Reply:
    from memoryoss_mcp.portable.document import write  # start-up time

    options = session.options
    with session.runtime() as runtime:
        chosen = session.namespace(runtime)
        sealed = runtime.is_sealed(chosen.name)
        artifact = runtime.export_history(key, chosen.name)
    with closing(artifact):
        target = options.output or Path(f"memoryoss-history-{chosen.name}-{key}-{stamp()}.json")
        if not options.dry_run:
            with new_binary_file(target) as out:
                write(artifact, out)
    found = artifact.document
    fields = {
        "dry_run": options.dry_run,
        "file": None if options.dry_run else str(target),
        "namespace": chosen.name,
        "namespace_source": chosen.source,
        "from_sealed": sealed,
        "history_id": found["history_id"],
        "root_id": found["root_id"],
        "payload_sha256": found["integrity"]["payload_sha256"],
        "memories": len(artifact.memories),
        "edges": len(found["edges"]),
        "events": len(found["timeline"]),
    }
    told = ", ".join(
        (
            counted(len(artifact.memories), "memory", "memories"),
            counted(len(found["edges"]), "tie", "ties"),
            counted(len(found["timeline"]), "event", "events"),
        )
    )
    verb, where = ("would export ", "") if options.dry_run else ("exported ", f" to {target}")

    def show(console: Console) -> None:
        console.line(console.styled(verb, "good"), f"{told}{where}")
        note_sealed(console, sealed=sealed)

    return Reply(fields, show)


def _replay(session: Session, path: Path) -> Reply:
    from memoryoss_mcp.portable.artifact import open_artifact  # start-up time

    options = session.options
    sidecar = read_sidecar(options.signature)
    with (
        closing(open_artifact(path)) as artifact,
        session.runtime() as runtime,
        session.progress("looking through") as progress,
    ):
        chosen = target_namespace(session, artifact)
        replay = runtime.replay(
            artifact, chosen.name, sidecar=sidecar, dry_run=options.dry_run, progress=progress
        )
    return Reply(
        replay_document(replay, chosen.source), lambda console: show_replay(console, replay)
    )


def _branch(session: Session, key: UUID) -> Reply:
    options = session.options
    if options.target_namespace is None:
        raise InvalidInputError("Name the --target-namespace.", field="target_namespace")
    with session.runtime() as runtime, session.progress("looking through") as progress:
        chosen = session.namespace(runtime)
        replay = runtime.branch(
            key,
            chosen.name,
            options.target_namespace,
            dry_run=options.dry_run,
            progress=progress,
        )
    return Reply(replay_document(replay, "argument"), lambda console: show_replay(console, replay))


def replay_document(replay: Replay, source: str) -> dict[str, Any]:
    """The outcome of a replay, in the published names and more."""
    imported = replay.imported
    ids = imported.imported_ids if imported else ()
    return {
        "dry_run": replay.dry_run,
        "imported": len(ids),
        "namespace_source": source,
        "preview": {
            "target_namespace": replay.target_namespace,
            "root_id": str(replay.root_id),
            "integrity_valid": replay.integrity_valid,
            "can_replay": replay.can_replay,
            "create_count": replay.create_count,
            "visible_count": replay.visible_count,
            "blocked_reason": replay.blocked_reason,
            "trusted": bool(imported and imported.preview.trusted),
            "trust": imported.preview.trust.document() if imported else None,
        },
        "imported_ids": [str(key) for key in ids],
    }


def show_replay(console: Console, replay: Replay) -> None:
    """The outcome of a replay for people."""
    if replay.blocked_reason is not None:
        console.line(console.styled("blocked: ", "bad"), replay.blocked_reason)
        return
    if replay.imported is not None:
        show_trust(console, replay.imported.preview)
    verb = "would replay " if replay.dry_run else "replayed "
    console.line(
        console.styled(verb, "strong" if replay.dry_run else "good"),
        f"{counted(replay.create_count, 'memory', 'memories')}, "
        f"{replay.visible_count} of them not archived",
        console.styled(f" · namespace {replay.target_namespace}", "dim"),
    )


def _show(console: Console, history: History) -> None:
    console.block(history.memory.content, indent=0)
    console.blank()
    rows: list[tuple[Cell, ...]] = [
        (
            brief_time(entry.at),
            console.styled(entry.action, "key"),
            f"version {entry.version}",
            one_line(entry.subject),
        )
        for entry in history.changes
    ]
    console.table(("at", "change", "", "by"), rows, wrap=("by",))
    wordings = [v.memory for v in history.versions]
    following = [*wordings[1:], history.memory]
    for before, after in zip(wordings, following, strict=False):
        if before.content != after.content:
            console.line(
                console.styled(f"version {before.version} said ", "key"), preview(before.content)
            )
    for event in history.decisions:
        console.line(
            console.styled(f"{event.action.value} ", "key"),
            f"by {one_line(event.actor)} · {brief_time(event.at)} · {event.via}",
        )
    for tie, words in _TIES.items():
        found = getattr(history, tie)
        for memory in found if isinstance(found, tuple) else (found,):
            if memory is not None:
                console.line(console.styled(f"{words} ", "key"), _tied(memory))


def _tied(memory: Memory) -> str:
    return f"{memory.id} · {memory.status.value} · {preview(memory.content)}"
