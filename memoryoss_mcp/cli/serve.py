# SPDX-License-Identifier: AGPL-3.0-only
"""``memoryoss mcp-server``: serve one MCP client over standard input and output."""

from __future__ import annotations

from dataclasses import replace

from memoryoss_mcp.cli.parser import Commands
from memoryoss_mcp.cli.session import Session

COMMAND = "mcp-server"


def register(commands: Commands) -> None:
    """Add the command."""
    commands.add(
        COMMAND,
        run,
        "[OPTIONS]",
        "Serve one MCP client over standard input and output.",
        description="This is what an MCP client starts; the program 'memoryoss-mcp' does the same. "
        "Standard\noutput carries the protocol only: messages go to standard error, with --json "
        "one JSON\nobject a line.",
    )


def run(session: Session) -> int:
    """Serve until the client leaves."""
    from memoryoss_mcp.server import serve  # start-up time: other commands need no server

    config = session.config_with_namespace
    if session.options.json:
        config = replace(config, logging=replace(config.logging, json=True))
    level = "debug" if session.options.verbose else config.logging.level
    return serve(config, log_level=level)
