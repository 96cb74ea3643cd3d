# SPDX-License-Identifier: AGPL-3.0-only
"""``memoryoss connector capture``: what a shell's history, a prompt or a commit has to tell."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from memoryoss_mcp.cli.connector import (
    LIMIT,
    consent_of,
    show_outcome,
    show_signal,
    signal_document,
    take_in,
)
from memoryoss_mcp.cli.session import Reply, Session
from memoryoss_mcp.cli.streams import read_input
from memoryoss_mcp.cli.views import namespace_text, preview
from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.exchange.connectors import commits, history, terminal
from memoryoss_mcp.exchange.connectors.kinds import find_kind
from memoryoss_mcp.exchange.connectors.marks import Marks, advancing
from memoryoss_mcp.exchange.connectors.terminal import Captured
from memoryoss_mcp.namespaces import choose_namespace

if TYPE_CHECKING:
    from memoryoss_mcp.cli.console import Console
    from memoryoss_mcp.exchange.connectors.ingest import Ingested
    from memoryoss_mcp.exchange.connectors.signal import Signal

_FOR_TERMINAL = ("history", "text", "exit_status", "shell", "limit")
_FOR_EDITOR = ("commit", "allow_raw")


def capture(session: Session) -> Reply:
    """Capture what is new."""
    options = session.options
    kind = find_kind(options.kind)
    if kind not in (terminal.KIND, commits.KIND):
        raise InvalidInputError(
            f"Nothing captures signals of kind {kind.name} by itself.",
            field="kind",
            hint=f"Send them: memoryoss connector ingest --kind {kind.name} --summary …",
        )
    consent_of(session).require(kind)
    for name in _FOR_EDITOR if kind is terminal.KIND else _FOR_TERMINAL:
        if getattr(options, name) not in (None, False):
            shown = "--command" if name == "text" else f"--{name.replace('_', '-')}"
            raise InvalidInputError(f"capture of kind {kind.name} takes no {shown}.", field=name)
    return _terminal(session) if kind is terminal.KIND else _commit(session)


def _terminal(session: Session) -> Reply:
    options = session.options
    with _marks(session) as marks:
        if options.text is None:
            if options.exit_status is not None or options.shell is not None:
                raise InvalidInputError(
                    "--exit-status and --shell go with --command.", field="command"
                )
            found = _from_files(session, marks)
        else:
            if options.history is not None or options.limit is not None:
                raise InvalidInputError(
                    "--history and --limit do not go with --command.", field="command"
                )
            found = _from_prompt(session, marks)
        done, refused = _stored(session, found.signals)
    return _reply(session, found, done, refused)


def _from_prompt(session: Session, marks: Marks) -> Captured:
    options = session.options
    shell = "shell" if options.shell is None else options.shell
    if options.shell is not None and shell not in history.SHELLS:
        raise InvalidInputError(
            f"{shell[:40]!r} is not a shell that is known.",
            field="shell",
            hint=f"Use {', '.join(history.SHELLS)}, or leave it out.",
        )
    if options.exit_status is None:
        raise InvalidInputError(
            "How the command ended is not said.", field="exit_status", hint="Add --exit-status."
        )
    text = options.text
    if text == "-":
        text = read_input(session.config.limits.max_content_bytes, "command")
    return terminal.from_prompt(text, options.exit_status, shell, marks)


def _from_files(session: Session, marks: Marks) -> Captured:
    options = session.options
    limit = LIMIT if options.limit is None else options.limit
    if limit < 1:
        raise InvalidInputError("limit must be at least 1.", field="limit")
    paths = [options.history] if options.history else history.files(os.environ, Path.home())
    if not paths:
        raise InvalidInputError(
            "No history of bash, zsh or fish is where it usually is.",
            field="history",
            hint="Name the file with --history.",
        )
    whole = Captured()
    for path in paths:
        part = terminal.from_history(path, marks, max(0, limit - len(whole.signals)))
        whole = whole + part
    return whole


def _marks(session: Session) -> AbstractContextManager[Marks]:
    """How far the last run came. A dry run leaves that as it is."""
    folder = session.config.data_dir
    return nullcontext(Marks.load(folder)) if session.options.dry_run else advancing(folder)


def _stored(
    session: Session, signals: tuple[Signal, ...]
) -> tuple[list[Ingested], list[InvalidInputError]]:
    """What became of each signal. One that is refused keeps no other from being stored."""
    done: list[Ingested] = []
    refused: list[InvalidInputError] = []
    if signals:
        with session.runtime() as runtime:
            namespace = session.namespace(runtime).name
            for signal in signals:
                try:
                    done.append(take_in(session, runtime, namespace, signal))
                except InvalidInputError as error:
                    refused.append(error)
    return done, refused


def _reply(
    session: Session, found: Captured, done: list[Ingested], refused: list[InvalidInputError]
) -> Reply:
    chosen = choose_namespace(session.config, session.options.namespace)
    fields = {
        "dry_run": session.options.dry_run,
        "connector": terminal.KIND.name,
        "namespace": chosen.name,
        "namespace_source": chosen.source,
        "read": found.read,
        "common": found.common,
        "seldom": found.seldom,
        "failed": found.failed,
        "before": found.before,
        "left": found.left,
        "signals": [signal_document(one) for one in done],
        "refused": [{"code": error.code, "message": error.message} for error in refused],
    }

    def show(console: Console) -> None:
        for one in done:
            console.line(preview(one.draft.content, 160))
            show_outcome(console, one)
        for error in refused:
            console.line(console.styled("refused: ", "bad"), error.message)
        counts = (
            (found.read, "command read" if found.read == 1 else "commands read"),
            (found.common, "too common, long or private"),
            (found.seldom, "too seldom so far"),
            (found.failed, "failed"),
            (found.before, "offered before"),
            (found.left, "left for the next run"),
        )
        words = [f"{number} {what}" for number, what in counts if number] or ["nothing new"]
        words.append(f"namespace {namespace_text(chosen)}")
        console.line(console.styled(" · ".join(words), "dim"))

    return Reply(fields, show, code=1 if refused else 0)


def _commit(session: Session) -> Reply:
    options = session.options
    folder = Path.cwd()
    if options.allow_raw:
        consent_of(session).require_raw()
    commit = commits.read_commit(folder, options.commit or "HEAD")
    chosen = choose_namespace(session.config, options.namespace)
    fields = {
        "dry_run": options.dry_run,
        "connector": commits.KIND.name,
        "namespace": chosen.name,
        "namespace_source": chosen.source,
        "commit": commit.sha,
    }
    why = commits.unremarkable(commit)
    if why is not None:
        return Reply(
            fields | {"signals": [], "skipped": why},
            lambda console: console.line(
                console.styled("skipped ", "warn"), f"{commit.sha[:12]} is {why}"
            ),
        )
    diff = commits.read_diff(folder, commit) if options.allow_raw else None
    with session.runtime() as runtime:
        done = take_in(session, runtime, chosen.name, commits.signal_of(commit, diff))
    return Reply(
        fields | {"signals": [signal_document(done)], "skipped": None},
        lambda console: show_signal(console, done, chosen),
    )
