# SPDX-License-Identifier: AGPL-3.0-only
"""What commands tell of documents that arrive: what is done with each memory, and who vouches."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from memoryoss_mcp.cli.streams import one_line
from memoryoss_mcp.cli.views import counted, preview
from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.model import check_namespace

if TYPE_CHECKING:
    from memoryoss_mcp.cli.console import Cell, Console
    from memoryoss_mcp.cli.session import Session
    from memoryoss_mcp.namespaces import NamespaceChoice
    from memoryoss_mcp.portable.artifact import Artifact
    from memoryoss_mcp.portable.importing import Imported, Preview

SHOWN: Final = 10
"""Memories that people are shown; the JSON document has more."""


def target_namespace(session: Session, artifact: Artifact) -> NamespaceChoice:
    """Where a document goes: ``--namespace``, else the namespace that it is of.

    Raises:
        InvalidInputError: it is no namespace name, or the document is malformed.
    """
    from memoryoss_mcp.namespaces import NamespaceChoice  # start-up time
    from memoryoss_mcp.portable.integrity import typed

    limit = session.config.limits.max_namespace_length
    named = session.options.namespace
    if named is not None:
        return NamespaceChoice(check_namespace(named, limit), "argument")
    return NamespaceChoice(check_namespace(typed(artifact).namespace, limit), "document")


def imported_document(imported: Imported, source: str) -> dict[str, Any]:
    """The outcome of an import, in the published names and more. ``merge_count`` counts all that
    was there already or went into what is there, as the published line does."""
    found = imported.preview
    counts = {decision.value: number for decision, number in sorted(found.counts.items())}
    return {
        "dry_run": imported.dry_run,
        "imported": len(imported.imported_ids),
        "merged": len(imported.merged_ids),
        "namespace_source": source,
        "preview": preview_document(found, counts),
        "imported_ids": [str(key) for key in imported.imported_ids],
        "merged_ids": [str(key) for key in imported.merged_ids],
    }


def preview_document(found: Preview, counts: dict[str, int]) -> dict[str, Any]:
    """What an import does."""
    many = counts.get
    return {
        "target_namespace": found.target_namespace,
        "scope": found.scope,
        "integrity_valid": found.verdict.valid,
        "integrity_form": found.verdict.form,
        "trusted": found.trusted,
        "trust": found.trust.document(),
        "memories": found.verdict.memories,
        "create_count": many("create", 0) + many("superset", 0),
        "merge_count": many("merge", 0) + many("duplicate", 0),
        "conflict_count": many("conflict", 0) + many("id_collision", 0),
        "counts": counts,
        "forged_hashes": [str(key) for key in found.forged],
        "redacted": dict(found.redacted),
        "dangling_links": found.dangling,
        "forgotten_before": [str(key) for key in found.returning],
        "items": [
            {
                "incoming_id": str(item.incoming_id),
                "decision": item.decision.value,
                "reason": item.reason,
                "existing_id": None if item.existing_id is None else str(item.existing_id),
                "preview": item.preview,
                "content_hash": item.content_hash,
            }
            for item in found.items
        ],
        "items_left_out": sum(counts.values()) - len(found.items),
    }


def show_imported(console: Console, imported: Imported) -> None:
    """The outcome of an import for people."""
    found = imported.preview
    noteworthy = [
        item
        for item in found.items
        if item.decision.value != "create" or item.existing_id is not None
    ]
    shown = (noteworthy or found.items)[:SHOWN]
    if shown:
        rows: list[tuple[Cell, ...]] = [
            (
                console.styled(item.decision.value.replace("_", " "), "key"),
                preview(item.preview, 70),
                item.reason,
            )
            for item in shown
        ]
        columns = ("decision", "memory", "why")
        console.table(columns, rows, wrap=("memory", "why"))
        console.blank()
    show_trust(console, found)
    if found.forged:
        number = counted(len(found.forged), "memory", "memories")
        text = f"{number} had a hash that was not that of the text; it was made anew."
        console.line(console.styled("note: ", "warn"), text)
    if found.redacted:
        kinds = ", ".join(f"{number} {kind}" for kind, number in sorted(found.redacted.items()))
        verb = "would be" if imported.dry_run else "were"
        console.line(console.styled("note: ", "warn"), f"secrets {verb} taken out: {kinds}.")
    if found.dangling:
        links = counted(found.dangling, "link leads to a memory", "links lead to memories")
        text = f"{links} not in the document."
        console.line(console.styled("note: ", "warn"), text)
    if found.returning:
        verb = "would come" if imported.dry_run else "came"
        text = f"{counted(len(found.returning), 'memory', 'memories')} forgotten here {verb} again."
        console.line(console.styled("note: ", "warn"), text)
    told = " · ".join(
        f"{decision.value.replace('_', ' ')} {number:,}"
        for decision, number in sorted(found.counts.items())
    )
    done = "would be imported" if imported.dry_run else "imported"
    console.line(
        console.styled(f"{done}: ", "strong" if imported.dry_run else "good"),
        told or "nothing, it is empty",
        console.styled(f" · namespace {found.target_namespace}", "dim"),
    )
    if not imported.dry_run and not found.trusted and imported.imported_ids:
        console.line("They wait in the inbox: see 'memoryoss review'.")


def show_trust(console: Console, found: Preview) -> None:
    """Who vouches for a document, in a line."""
    if found.trusted:
        origin = found.trust.origin.value.replace("_", " ") if found.trust.origin else ""
        signer = (found.trust.signature or {}).get("identity")
        by = f"signed by {signer} ({origin})" if signer else "it is of this memory"
        console.line(
            console.styled("trusted: ", "good"),
            one_line(f"{by}; its memories arrive as they are."),
        )
        return
    console.line(
        console.styled(f"{found.trust.status.value.replace('_', ' ')}: ", "warn"),
        one_line(f"{found.trust.reason} Its memories arrive as candidates."),
    )


def read_sidecar(path: Path | None) -> dict[str, Any] | None:
    """The signature in a file, if one was named.

    Raises:
        InvalidInputError: there is none in it.
    """
    if path is None:
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InvalidInputError(
            f"{path} holds no signature.",
            field="signature",
            hint="Send the file that 'memoryoss trust sign' wrote.",
        ) from error
    # What 'trust sign --json' printed has the signature inside.
    if isinstance(found, dict) and isinstance(found.get("signature"), dict):
        found = found["signature"]
    if not isinstance(found, dict):
        raise InvalidInputError(f"{path} holds no signature.", field="signature")
    return found
