# SPDX-License-Identifier: AGPL-3.0-only
"""``memoryoss connector``: signals of other programs, and the hooks that send them."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import UUID

from memoryoss_mcp.cli.documents import Document
from memoryoss_mcp.cli.parser import Commands, whole_number
from memoryoss_mcp.cli.session import CLIENT, Reply, Session
from memoryoss_mcp.cli.streams import one_line
from memoryoss_mcp.cli.views import namespace_text, preview
from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.exchange.connectors.kinds import KINDS, Consent, find_kind
from memoryoss_mcp.model import Status, hash_content

if TYPE_CHECKING:
    from memoryoss_mcp.cli.console import Cell, Console
    from memoryoss_mcp.exchange.connectors.ingest import Ingested, Rules
    from memoryoss_mcp.exchange.connectors.signal import Signal
    from memoryoss_mcp.namespaces import NamespaceChoice
    from memoryoss_mcp.runtime import Runtime

LIST, INGEST, CAPTURE, HOOK = "list", "ingest", "capture", "hook"
HOOKS: Final = ("bash", "zsh", "fish", "git")
LIMIT: Final = 20
"""Signals of one capture, unless told otherwise."""
PREVIEW: Final = 120

_OPTIONS: Final[Mapping[str, frozenset[str]]] = {
    LIST: frozenset(),
    INGEST: frozenset(
        ("kind", "summary", "evidence", "tag", "source_ref", "raw", "allow_raw", "dry_run")
    ),
    CAPTURE: frozenset(
        ("kind", "history", "text", "exit_status", "shell", "limit", "commit", "allow_raw")
    )
    | {"dry_run"},
    HOOK: frozenset(("hook", "install", "uninstall")),
}
"""Which options go with which action."""


def register(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add(
        "connector",
        run,
        "list | ingest --kind K --summary S [OPTIONS] | capture --kind K [OPTIONS] | hook NAME",
        "Take in signals of other programs, for review.",
        description="Every kind is off until [connectors] enabled in the configuration names it. "
        "What comes in\nis a candidate in the inbox ('memoryoss review'), without its secrets.\n\n"
        "list: the kinds, and which are on.\n"
        "ingest: one signal, as a program or a person tells it.\n"
        "capture: of kind terminal, what is new in the history of the shells and worth "
        "remembering, or\none command (--command); of kind editor, a commit of the git repository "
        "here.\n"
        "hook: the lines for the start-up file of bash, zsh or fish that offer each command that "
        "worked;\n'hook git' those of a post-commit hook, or puts them in place.",
        kept="Nothing was stored.",
    )
    parser.add_argument("action", choices=tuple(_OPTIONS), metavar="ACTION", help="see above")
    parser.add_argument("hook", nargs="?", metavar="NAME", help=", ".join(HOOKS))
    parser.add_argument("--kind", metavar="K", help=", ".join(KINDS))
    parser.add_argument(
        "--dry-run", action="store_true", help="check everything, store and note nothing"
    )
    parser.add_argument(
        "--allow-raw",
        action="store_true",
        help="keep the raw excerpt (--raw, or what a commit changed); [connectors] raw has to "
        "allow it",
    )
    signal = parser.add_argument_group("ingest")
    signal.add_argument("--summary", metavar="S", help="what happened, in a sentence")
    signal.add_argument(
        "--evidence", action="append", default=[], metavar="E", help="what shows it; repeat"
    )
    signal.add_argument("--tag", action="append", default=[], metavar="T", help="a tag; repeat")
    signal.add_argument("--source-ref", metavar="R", help="where: a file, a page, a number")
    signal.add_argument("--raw", metavar="TEXT", help="an excerpt as it was found")
    capture = parser.add_argument_group("capture")
    capture.add_argument(
        "--history", type=Path, metavar="FILE", help="a history file (else those of the shells)"
    )
    capture.add_argument(
        "--limit",
        type=whole_number("limit"),
        metavar="N",
        help=f"signals of one run; the next one goes on behind them (default {LIMIT})",
    )
    capture.add_argument(
        "--command",
        dest="text",
        metavar="TEXT",
        help="a command that has just ended; '-' reads it from standard input",
    )
    capture.add_argument(
        "--exit-status", type=whole_number("exit_status"), metavar="N", help="how it ended"
    )
    capture.add_argument("--shell", metavar="NAME", help="the shell that it was typed in")
    capture.add_argument("--commit", metavar="REV", help="the commit (default HEAD)")
    hook = parser.add_argument_group("hook git")
    hook.add_argument("--install", type=Path, metavar="PATH", help="put it into this repository")
    hook.add_argument("--uninstall", type=Path, metavar="PATH", help="take it out of this one")


def run(session: Session) -> Reply | int:
    """List, ingest, capture or hook."""
    options = session.options
    _check_options(options)
    if options.action == LIST:
        return _list(session)
    if options.action == INGEST:
        return _ingest(session)
    if options.action == HOOK:
        from memoryoss_mcp.cli.hooks import hook  # start-up time

        return hook(session)
    from memoryoss_mcp.cli.capture import capture  # start-up time: reads histories and commits

    return capture(session)


def consent_of(session: Session) -> Consent:
    """What the configuration of this run allows."""
    config = session.config
    return Consent(config.connectors, config.path or config.data_dir / "memoryoss.toml")


def rules_of(session: Session, namespace: str) -> Rules:
    """What applies to the signals of this run."""
    from memoryoss_mcp.exchange.connectors.ingest import Rules  # start-up time

    config = session.config
    return Rules(consent_of(session), config.limits, namespace, config.screen.secrets, CLIENT)


def known_in(runtime: Runtime, namespace: str, contents: Sequence[str]) -> dict[str, UUID]:
    """The active memories and candidates that say exactly one of some contents, found without a
    write: for dry runs."""
    hashes = {hash_content(content): content for content in contents}
    return {
        hashes[digest]: memory.id
        for digest, memories in runtime.same_words(namespace, tuple(hashes)).items()
        for memory in memories
        if not memory.archived
        and memory.lineage.superseded_by is None
        and memory.status in {Status.ACTIVE, Status.CANDIDATE}
    }


def signal_document(done: Ingested) -> Document:
    """What became of a signal."""
    from memoryoss_mcp.exchange.connectors.signal import CLIENT_TAG  # start-up time

    kind = done.signal.kind
    return {
        "dry_run": done.dry_run,
        "stored": not done.dry_run and not done.duplicate,
        "duplicate": done.duplicate,
        "id": None if done.id is None else str(done.id),
        "review_key": done.review_key,
        "source": kind.source,
        "preview": {
            "connector": kind.name,
            "source": kind.source,
            "preview": done.draft.content[:PREVIEW],
            "tags": list(done.draft.tags),
            "provenance": [f"connector:{kind.name}", CLIENT_TAG, kind.source],
            "evidence_count": len(done.signal.evidence),
            "redacted": list(done.redacted),
            "raw": done.raw,
        },
    }


def show_signal(console: Console, done: Ingested, chosen: NamespaceChoice) -> None:
    """The candidate, and what became of it."""
    from memoryoss_mcp.screen.secrets import in_words  # start-up time

    rows: list[tuple[str, Cell]] = [
        ("Namespace", namespace_text(chosen)),
        ("Connector", done.signal.kind.name),
        ("Source", done.signal.kind.source),
        ("Redacted", in_words(done.redacted) if done.redacted else "nothing"),
        ("Evidence", str(len(done.signal.evidence))),
        ("Raw excerpt", "kept" if done.raw else "none kept"),
        ("Tags", one_line(", ".join(done.draft.tags))),
        ("Preview", preview(done.draft.content, PREVIEW)),
    ]
    console.pairs(rows)
    show_outcome(console, done)


def show_outcome(console: Console, done: Ingested) -> None:
    """What became of a signal, in a line."""
    if done.duplicate:
        console.line(console.styled("there already ", "warn"), str(done.id))
    elif done.dry_run:
        console.line(console.styled("would wait for review", "warn"), " · nothing was stored")
    else:
        console.line(console.styled("waits for review ", "good"), str(done.id))


def _check_options(options: argparse.Namespace) -> None:
    allowed = _OPTIONS[options.action]
    for name in sorted(frozenset().union(*_OPTIONS.values()) - allowed):
        if getattr(options, name) not in (None, [], False):
            shown = {"text": "--command", "hook": "NAME"}.get(name, f"--{name.replace('_', '-')}")
            raise InvalidInputError(f"{options.action} takes no {shown}.", field=name)
    if "kind" in allowed and not options.kind:
        raise InvalidInputError(
            f"{options.action} needs a kind.", field="kind", hint=f"Use {', '.join(KINDS)}."
        )


def _list(session: Session) -> Reply:
    connectors = session.config.connectors
    fields = {
        "connectors": [
            {
                "kind": kind.name,
                "label": kind.label,
                "description": kind.description,
                "enabled": kind.name in connectors.enabled,
                "enabled_by_default": False,
                "redact_sensitive_by_default": True,
                "capture_raw_by_default": False,
            }
            for kind in KINDS.values()
        ],
        "raw_allowed": connectors.raw,
    }

    def show(console: Console) -> None:
        rows: list[tuple[Cell, ...]] = [
            (
                console.styled(kind.name, "key"),
                console.styled("on", "good")
                if kind.name in connectors.enabled
                else console.styled("off", "dim"),
                kind.description,
            )
            for kind in KINDS.values()
        ]
        console.table(("connector", "", "signals"), rows, wrap=("signals",))
        raw = "may be kept where a signal asks for it" if connectors.raw else "are not kept"
        console.line(
            console.styled(
                f"Secrets are always redacted; raw excerpts {raw}. Kinds are switched on with "
                f"[connectors] enabled in '{consent_of(session).path}'.",
                "dim",
            )
        )

    return Reply(fields, show)


def _ingest(session: Session) -> Reply:
    from memoryoss_mcp.exchange.connectors.signal import Signal  # start-up time

    options = session.options
    kind = find_kind(options.kind)
    consent_of(session).require(kind)
    signal = Signal(
        kind,
        options.summary or "",
        tuple(options.evidence),
        tuple(options.tag),
        options.source_ref,
        options.raw,
    )
    with session.runtime() as runtime:
        chosen = session.namespace(runtime)
        done = take_in(session, runtime, chosen.name, signal)
    fields = {"namespace": chosen.name, "namespace_source": chosen.source}
    return Reply(fields | signal_document(done), lambda console: show_signal(console, done, chosen))


def take_in(session: Session, runtime: Runtime, namespace: str, signal: Signal) -> Ingested:
    """Store a signal as a candidate, or see what would become of it."""
    from memoryoss_mcp.exchange.connectors.ingest import ingest  # start-up time

    return ingest(
        signal,
        rules_of(session, namespace),
        runtime.store,
        lambda name, contents: known_in(runtime, name, contents),
        allow_raw=session.options.allow_raw,
        dry_run=session.options.dry_run,
    )
