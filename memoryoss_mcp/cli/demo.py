# SPDX-License-Identifier: AGPL-3.0-only
"""``memoryoss demo``: a project's memory across two sessions, through the real server."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from memoryoss_mcp.cli.parser import Commands
from memoryoss_mcp.cli.session import Session
from memoryoss_mcp.cli.streams import to_json, write_line
from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.model import check_namespace

if TYPE_CHECKING:
    from memoryoss_mcp.cli.console import Console
    from memoryoss_mcp.cli.transcript import Transcript

COMMAND = "demo"


def register(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add(
        COMMAND,
        run,
        "[--keep DIR] [OPTIONS]",
        "See it work: a project's memory across two sessions, through the real server.",
        description="Starts the MCP server as a client does, stores a made-up project's memories, "
        "ends the\nserver, starts it again and asks. Your own memories are not touched: it uses "
        "a folder\nof its own. Exit code 1: a step did not do what it says.",
    )
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="use this folder and leave the memories there"
    )


def run(session: Session) -> int:
    """Run it; 0 if every step did what it says."""
    # Start-up time: other commands need neither event loop nor client.
    import anyio

    from memoryoss_mcp.cli import story
    from memoryoss_mcp.cli.script import play
    from memoryoss_mcp.cli.transcript import Transcript

    options = session.options
    if options.data_dir is not None:
        raise InvalidInputError(
            "The demonstration does not run on your memories.",
            field="data_dir",
            hint="Leave --data-dir out, or name a folder for it with --keep.",
        )
    namespace = check_namespace(options.namespace or story.NAMESPACE)
    with _folder(options.keep) as folder:
        console = None if session.as_json else _console()
        transcript = Transcript(console)
        if console is not None:
            console.line(console.styled("memoryOSS demonstration", "title"))
            console.line(console.styled(f"memories of a made-up project in {folder}", "dim"))
        server = ["mcp-server", "--data-dir", str(folder), "--namespace", namespace]
        if options.config is not None:
            server += ["--config", str(options.config.absolute())]
        anyio.run(play, transcript, server, folder, _environment())
    document = transcript.document() | {
        "namespace": namespace,
        "data_dir": str(folder) if options.keep else None,
    }
    if session.as_json:
        write_line(to_json(document))
    elif console is not None:
        _conclude(console, transcript, folder if options.keep else None, namespace)
    return 0 if transcript.holds else 1


def _console() -> Console:
    from memoryoss_mcp.cli.console import Console  # start-up time: imports rich

    return Console()


def _environment() -> dict[str, str]:
    """What the server needs beyond what clients give it: where Python finds this very package."""
    path = os.environ.get("PYTHONPATH")
    return {"PYTHONPATH": path} if path else {}


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is None:
        import tempfile  # start-up time: only the demonstration needs it

        # Windows may keep a file of the ended server open a moment longer.
        with tempfile.TemporaryDirectory(
            prefix="memoryoss-demo-", ignore_cleanup_errors=True
        ) as name:
            yield Path(name)
        return
    folder = keep.expanduser().absolute()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InvalidInputError(
            f"{folder} is not an empty folder; it was left as it is.",
            field="keep",
            hint="Name a folder that is empty or not there yet.",
        )
    yield folder


def _conclude(console: Console, transcript: Transcript, kept: Path | None, namespace: str) -> None:
    failed = [step for step in transcript.steps if not step.holds]
    console.blank()
    verdict = f"{len(transcript.steps) - len(failed)} of {len(transcript.steps)} steps did what "
    console.line(
        console.styled(verdict + "they say", "bad" if failed else "good"),
        console.styled(f" · {transcript.seconds:.1f} s", "dim"),
    )
    for step in failed:
        console.line(console.styled("✗ ", "bad"), step.claim)
    if kept is not None:
        console.line(f"Look around: memoryoss list --data-dir {kept} --namespace {namespace}")
    if not failed:
        console.line("Give it to your agent: its MCP server is the command 'memoryoss mcp-server'.")
