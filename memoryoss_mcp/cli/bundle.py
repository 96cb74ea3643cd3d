# SPDX-License-Identifier: AGPL-3.0-only
"""``memoryoss bundle``: a passport or a history in an envelope that says who vouches for it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memoryoss_mcp.cli.arrivals import imported_document, show_imported, target_namespace
from memoryoss_mcp.cli.files import new_binary_file
from memoryoss_mcp.cli.history import replay_document, show_replay
from memoryoss_mcp.cli.parser import Commands, memory_id
from memoryoss_mcp.cli.passport import (
    add_selection,
    export_fields,
    note_sealed,
    redactions,
    show_export,
)
from memoryoss_mcp.cli.session import Reply, Session
from memoryoss_mcp.cli.streams import one_line
from memoryoss_mcp.cli.views import counted
from memoryoss_mcp.errors import InvalidInputError

if TYPE_CHECKING:
    from memoryoss_mcp.cli.console import Console
    from memoryoss_mcp.namespaces import NamespaceChoice
    from memoryoss_mcp.portable.artifact import Artifact
    from memoryoss_mcp.portable.selection import Report
    from memoryoss_mcp.runtime import Runtime

ACTIONS = ("export", "import", "preview", "validate", "diff")


def register(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add(
        "bundle",
        run,
        "export | import FILE | preview FILE | validate FILE | diff LEFT RIGHT [OPTIONS]",
        "A passport or a history in an envelope that says who vouches for it.",
        description="export: memoryoss.bundle.v1alpha1, signed with the key of this installation.\n"
        "import: a passport is imported, a history replayed into an empty namespace: --namespace, "
        "or the\none that it is of.\n"
        "preview, validate, diff: what is in it, whether it holds and who signed it, what differs. "
        "For\npeople, 'memoryoss reader' shows more.",
        kept="Nothing was imported or written.",
    )
    parser.add_argument("action", choices=ACTIONS, metavar="ACTION", help="see above")
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="what to read")
    parser.add_argument(
        "--kind", choices=("passport", "history"), default="passport", help="what to export"
    )
    parser.add_argument("--id", type=memory_id, metavar="ID", help="the memory of a history")
    add_selection(parser)
    parser.add_argument("--unsigned", action="store_true", help="export without a signature")
    parser.add_argument(
        "--identity",
        metavar="ID",
        help="who signs, if not this installation: see 'memoryoss trust'",
    )
    parser.add_argument(
        "--legacy",
        action="store_true",
        help="sign as the original does (it needs its secret and --identity)",
    )
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="where to write")
    parser.add_argument("--dry-run", action="store_true", help="only show what would be done")


def run(session: Session) -> Reply:
    """What was asked for."""
    options = session.options
    wanted = {"export": 0, "diff": 2}.get(options.action, 1)
    if len(options.files) != wanted:
        raise InvalidInputError(
            f"{options.action} takes {('no file', 'one file', 'two files')[wanted]}.", field="file"
        )
    if options.action == "export":
        return _export(session)
    if options.action == "import":
        return _import(session)
    if options.action == "diff":
        return _diff(session)
    return _look(session)


def _export(session: Session) -> Reply:
    from memoryoss_mcp.portable.document import bundle, write  # start-up time
    from memoryoss_mcp.portable.signing import sign_bundle

    options = session.options
    if (options.kind == "history") != (options.id is not None):
        raise InvalidInputError(
            "A history is that of a memory: --kind history --id ID.", field="id"
        )
    with session.runtime() as runtime:
        chosen = session.namespace(runtime)
        sealed = runtime.is_sealed(chosen.name)
        inner, report = _inner(session, runtime, chosen)
        with closing(inner):
            if options.unsigned or options.dry_run:
                envelope = bundle(inner)
            else:
                envelope = sign_bundle(
                    inner, runtime.fabric, options.identity, legacy=options.legacy
                )
            target = options.output or Path(envelope.header["reference"]["attachment_name"])
            if not options.dry_run:
                with new_binary_file(target) as out:
                    write(envelope, out)
    signature = envelope.header["signature"]
    fields: dict[str, Any] = {
        "dry_run": options.dry_run,
        "file": None if options.dry_run else str(target),
        "namespace": chosen.name,
        "namespace_source": chosen.source,
        "from_sealed": sealed,
        "bundle_id": envelope.header["bundle_id"],
        "kind": options.kind,
        "uri": envelope.header["reference"]["uri"],
        "signer": signature.get("signer"),
        "scheme": signature["scheme"],
        "envelope_sha256": envelope.header["integrity"]["payload_sha256"],
    }
    if report is not None:
        fields |= export_fields(inner, report)
    else:
        fields["memories"] = len(inner.memories)
    written = None if options.dry_run else target

    def show(console: Console) -> None:
        if report is not None:
            show_export(console, inner, report, chosen, written, sealed=sealed)
        else:
            verb = "would export" if written is None else "exported"
            where = "" if written is None else f" to {written}"
            told = f"{counted(fields['memories'], 'memory', 'memories')}{where}"
            console.line(console.styled(f"{verb} ", "good"), told)
            note_sealed(console, sealed=fields["from_sealed"])
        if written is not None:
            signer = signature.get("signer")
            by = f"signed by {signer}" if signer else "not signed"
            console.line(console.styled(by, "dim"))

    return Reply(fields, show)


def _inner(
    session: Session, runtime: Runtime, chosen: NamespaceChoice
) -> tuple[Artifact, Report | None]:
    from memoryoss_mcp.portable.selection import parse_scope  # start-up time

    options = session.options
    if options.kind == "history":
        return runtime.export_history(options.id, chosen.name), None
    with session.progress("exporting") as progress:
        return runtime.export_passport(
            chosen.name,
            parse_scope(options.scope or "project"),
            redactions=redactions(options.redact),
            progress=progress,
        )


def _import(session: Session) -> Reply:
    from memoryoss_mcp.portable.artifact import open_artifact  # start-up time

    options = session.options
    with (
        closing(open_artifact(options.files[0])) as artifact,
        session.runtime() as runtime,
        session.progress("looking through") as progress,
    ):
        chosen = target_namespace(session, artifact)
        if artifact.payload_shape == "history":
            replay = runtime.replay(
                artifact, chosen.name, dry_run=options.dry_run, progress=progress
            )
            return Reply(
                replay_document(replay, chosen.source),
                lambda console: show_replay(console, replay),
            )
        imported = runtime.import_artifact(
            artifact, chosen.name, dry_run=options.dry_run, progress=progress
        )
    return Reply(
        imported_document(imported, chosen.source),
        lambda console: show_imported(console, imported),
    )


def _look(session: Session) -> Reply:
    """What is in a bundle, or whether it holds."""
    from memoryoss_mcp.portable.artifact import open_artifact  # start-up time
    from memoryoss_mcp.portable.signing import onlooker
    from memoryoss_mcp.portable.view import bundle_preview, bundle_validation

    options = session.options
    with closing(open_artifact(options.files[0])) as artifact:
        if options.action == "preview":
            found = bundle_preview(artifact)
            return Reply(found, lambda console: _show_preview(console, found))
        onlook = onlooker(session.config)
        answer = bundle_validation(artifact, lambda one: onlook(one).document())
    return Reply(
        answer, lambda console: _show_validation(console, answer), 0 if answer["valid"] else 1
    )


def _diff(session: Session) -> Reply:
    from memoryoss_mcp.portable.artifact import open_artifact  # start-up time
    from memoryoss_mcp.portable.diff import bundle_diff

    left, right = session.options.files
    with closing(open_artifact(left)) as one, closing(open_artifact(right)) as other:
        found = bundle_diff(one, other)
    return Reply(found, lambda console: _show_diff(console, found))


def _show_preview(console: Console, found: Mapping[str, Any]) -> None:
    previews = found.get("preview", ())
    words = {True: "yes", False: "no"}
    console.pairs(
        [
            (name.replace("_", " "), words[value] if isinstance(value, bool) else str(value))
            for name, value in found.items()
            if name != "preview"
        ]
    )
    for text in previews:
        console.line(console.styled("- ", "dim"), one_line(text))


def _show_validation(console: Console, answer: Mapping[str, Any]) -> None:
    _show_preview(console, answer["preview"])
    for message in answer.get("errors", ()):
        console.line(console.styled("wrong: ", "bad"), one_line(message))
    if trust := answer.get("trust"):
        style = "good" if trust["verified"] else "warn"
        told = f"{trust['status'].replace('_', ' ')}: "
        console.line(console.styled(told, style), one_line(trust["reason"]))
    valid = answer["valid"]
    console.line(console.styled("valid" if valid else "not valid", "good" if valid else "bad"))


def _show_diff(console: Console, found: Mapping[str, Any]) -> None:
    changed = found.get("changed_fields", ())
    console.line(console.styled("differ in: ", "key"), ", ".join(changed) or "nothing of the head")
    for name, sign in (("added_preview", "+ "), ("removed_preview", "- ")):
        for text in found.get(name, ()):
            console.line(console.styled(sign, "good" if sign == "+ " else "bad"), one_line(text))
    shared = counted(found["shared_preview_count"], "memory is", "memories are")
    console.line(f"{shared} in both.")
    console.line("'memoryoss reader diff' shows what changed in them.")
