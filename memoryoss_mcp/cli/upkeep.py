# SPDX-License-Identifier: AGPL-3.0-only
"""``memoryoss consolidate`` and ``memoryoss decay``: fewer copies, and what nobody uses goes."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from memoryoss_mcp.cli.documents import document, memory_document
from memoryoss_mcp.cli.parser import Commands, memory_id, whole_number
from memoryoss_mcp.cli.session import Reply, Session
from memoryoss_mcp.cli.views import namespace_text, preview
from memoryoss_mcp.errors import InvalidInputError

if TYPE_CHECKING:
    from memoryoss_mcp.cli.console import Cell, Console
    from memoryoss_mcp.lifecycle.consolidation import Consolidation
    from memoryoss_mcp.lifecycle.decay import Sweep
    from memoryoss_mcp.model import Memory
    from memoryoss_mcp.namespaces import NamespaceChoice

SHOWN = 20
"""Clusters or memories that a listing shows; the JSON document has them all."""


def register(commands: Commands) -> None:
    """Add the commands."""
    merge = commands.add(
        "consolidate",
        run_consolidate,
        "[OPTIONS]",
        "Merge memories that say the same into one that keeps its sources.",
        description="Only memories that agree in every number, name, time and denial are merged. "
        "No text is\nchanged: the merged memory has the words of the source that says most, and "
        "the sources\nstay, archived. --undo takes a merged memory apart again.",
        kept="What was merged before the error stays merged; each merger is whole.",
    )
    merge.add_argument("--threshold", type=_share, metavar="X", help="least cosine (0.5 to 1)")
    merge.add_argument(
        "--max-clusters", type=whole_number("max-clusters"), metavar="N", help="mergers at the most"
    )
    merge.add_argument("--undo", type=memory_id, metavar="ID", help="take this merged memory apart")
    merge.add_argument("--dry-run", action="store_true", help="only show what would be merged")
    age = commands.add(
        "decay",
        run_decay,
        "[OPTIONS]",
        "Let memories that nobody uses turn stale, and archive what stays unused.",
        description="First an idle memory turns stale; if it stays idle for as long again it is "
        "archived.\nArchived memories answer no questions and are never deleted: --restore brings "
        "them back.",
        kept="What had decayed before the error stays so; each batch is whole.",
    )
    age.add_argument("--after-days", type=whole_number("after-days"), metavar="N", help="idle days")
    age.add_argument(
        "--restore", nargs="+", type=memory_id, metavar="ID", help="bring archived memories back"
    )
    age.add_argument("--dry-run", action="store_true", help="only show what would decay")


def _share(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no number") from None


def run_consolidate(session: Session) -> Reply:
    """Merge, or take a merger apart."""
    options = session.options
    with session.runtime() as runtime:
        chosen = session.namespace(runtime)
        if options.undo is not None:
            if options.dry_run:
                raise InvalidInputError("--undo has no dry run.", field="dry_run")
            restored = runtime.unmerge(options.undo, chosen.name)
            return _restored(restored, "took apart", chosen)
        with session.progress("consolidating") as progress:
            done = runtime.consolidate(
                chosen.name,
                threshold=options.threshold,
                max_clusters=options.max_clusters,
                dry_run=options.dry_run,
                progress=progress,
            )
    fields = {
        "namespace": done.namespace,
        "namespace_source": chosen.source,
        "dry_run": done.dry_run,
        "groups": [
            {
                "kept": str(cluster.kept.id),
                "preview": preview(cluster.kept.content),
                "merged": [str(memory.id) for memory in cluster.merged],
                "avg_similarity": round(cluster.similarity, 4),
                "derived_id": None if cluster.derived is None else str(cluster.derived),
                "source_ids": [str(cluster.kept.id), *(str(m.id) for m in cluster.merged)],
            }
            for cluster in done.clusters
        ],
        "total_merged": done.merged,
        "derived_created": 0 if done.dry_run else len(done.clusters),
        "active_before": done.memories_before,
        "active_after": done.memories_after,
        "more": done.more,
        "skipped": done.skipped,
    }
    return Reply(fields, lambda console: _show_clusters(console, done, chosen))


def _show_clusters(console: Console, done: Consolidation, chosen: NamespaceChoice) -> None:
    for cluster in done.clusters[:SHOWN]:
        console.line(
            console.styled(f"{cluster.similarity:.3f} ", "key"), preview(cluster.kept.content)
        )
        for memory in cluster.merged:
            console.line(console.styled("with ", "dim"), preview(memory.content), indent=6)
    if len(done.clusters) > SHOWN:
        console.line(console.styled(f"and {len(done.clusters) - SHOWN} more", "dim"))
    verb = "would merge" if done.dry_run else "merged"
    console.line(
        console.styled(f"{verb} {done.merged} memories into {len(done.clusters)}", "good"),
        console.styled(
            f" · {done.memories_before} before, {done.memories_after} after · "
            f"namespace {namespace_text(chosen)}",
            "dim",
        ),
    )
    if done.more:
        console.line(f"{done.more} more clusters: repeat, or raise --max-clusters")
    if done.skipped:
        console.line(f"{done.skipped} clusters changed meanwhile and were left alone")


def run_decay(session: Session) -> Reply:
    """Let memories decay, or bring some back."""
    options = session.options
    with session.runtime() as runtime:
        chosen = session.namespace(runtime)
        if options.restore:
            if options.dry_run:
                raise InvalidInputError("--restore has no dry run.", field="dry_run")
            return _restored(runtime.unarchive(options.restore, chosen.name), "restored", chosen)
        with session.progress("decay") as progress:
            done = runtime.decay(
                chosen.name,
                after_days=options.after_days,
                dry_run=options.dry_run,
                progress=progress,
            )
    fields = document(done) | {"namespace_source": chosen.source}
    fields["decayed"] = [
        {
            "id": str(one.memory.id),
            "preview": preview(one.memory.content),
            "becomes": "archived" if one.archived else "stale",
            "reason": one.reason.value,
            "idle_days": one.idle_days,
        }
        for one in done.decayed
    ]
    return Reply(fields, lambda console: _show_sweep(console, done, chosen))


def _show_sweep(console: Console, done: Sweep, chosen: NamespaceChoice) -> None:
    rows: list[tuple[Cell, ...]] = [
        (
            str(one.memory.id),
            console.styled("archived" if one.archived else "stale", "warn"),
            one.reason.value.replace("_", " "),
            f"{one.idle_days}",
            preview(one.memory.content),
        )
        for one in done.decayed[:SHOWN]
    ]
    if rows:
        columns = ("id", "becomes", "because", "idle days", "memory")
        console.table(columns, rows, wrap=("memory",), right=("idle days",))
    if len(done.decayed) > SHOWN:
        console.line(console.styled(f"and {len(done.decayed) - SHOWN} more", "dim"))
    archived = sum(one.archived for one in done.decayed)
    verb = "would turn" if done.dry_run else "turned"
    console.line(
        console.styled(
            f"{verb} {len(done.decayed) - archived} stale and {archived} archived", "good"
        ),
        console.styled(f" · {done.seen} seen · namespace {namespace_text(chosen)}", "dim"),
    )


def _restored(memories: tuple[Memory, ...], verb: str, chosen: NamespaceChoice) -> Reply:
    def show(console: Console) -> None:
        for memory in memories:
            words = f"{memory.id} · {memory.status.value} · {preview(memory.content)}"
            console.line(console.styled(f"{verb} ", "good"), words)

    records = [memory_document(memory) for memory in memories]
    return Reply({"namespace": chosen.name, "restored": records}, show)
