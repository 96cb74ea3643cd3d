# SPDX-License-Identifier: AGPL-3.0-only
"""``memoryoss serve`` and ``memoryoss dev``: commands that another distribution brings.

Such a distribution names, in the entry point group :data:`GROUP`, a function for each of its
commands. It is given the arguments and returns the exit code.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from memoryoss_mcp.cli.parser import Commands
from memoryoss_mcp.cli.session import Session
from memoryoss_mcp.errors import MemoryOSSError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "memoryoss.plugins"
"""The entry point group; the names in it are those of the commands."""

DISTRIBUTION = "memoryoss-proxy"
"""What brings the commands of this module."""

Plugin = Callable[[list[str]], int]


class PluginMissingError(MemoryOSSError):
    """A command is known and what does it is not installed."""

    code = "plugin_missing"


class PluginBrokenError(MemoryOSSError):
    """What does a command is installed and cannot be loaded."""

    code = "plugin_broken"


def register(commands: Commands) -> None:
    """Add the commands."""
    for name, summary, description in (
        (
            "serve",
            "Serve the proxy: memory for clients of OpenAI- and Anthropic-compatible APIs.",
            "A client whose base URL is this proxy gets the memories that matter in each request; "
            "what\nis worth keeping in the answers is kept.",
        ),
        (
            "dev",
            "Serve the proxy over plain HTTP, for trying it out.",
            "Its requests are in the log.",
        ),
    ):
        parser = commands.add(
            name,
            run,
            "[OPTIONS]",
            summary,
            description=f"{description}\n\nThis is a part of {DISTRIBUTION}, which is installed "
            f"apart (pip install {DISTRIBUTION}).\nAll options are handed over to it; "
            f"'{DISTRIBUTION} {name} --help' lists its own.",
        )
        parser.hands_over = True


def run(session: Session) -> int:
    """Hand over to the plugin; its exit code."""
    command: str = session.options.command
    plugin = _load(command)
    return plugin(_arguments(session))


def _load(name: str) -> Plugin:
    """The function that does a command.

    Raises:
        PluginMissingError, PluginBrokenError: there is none.
    """
    entry = _find(name)
    if entry is None:
        raise PluginMissingError(
            f"'memoryoss {name}' is a part of {DISTRIBUTION}, which is not installed.",
            hint=f"Install it beside this program: pip install {DISTRIBUTION}",
        )
    try:
        plugin: Plugin = entry.load()
    except (ImportError, AttributeError) as error:
        raise PluginBrokenError(
            f"'memoryoss {name}' cannot be loaded from {entry.value}: {error}.",
            hint=f"Install it again: pip install --force-reinstall {DISTRIBUTION}",
        ) from error
    return plugin


def _find(name: str) -> EntryPoint | None:
    from importlib.metadata import entry_points  # start-up time: other commands look for none

    return next(iter(entry_points(group=GROUP, name=name)), None)


def _arguments(session: Session) -> list[str]:
    """What was given, without the command: global options first, wherever they stood."""
    options = session.options
    arguments: list[str] = []
    for option, value in (
        ("--config", options.config),
        ("--data-dir", options.data_dir),
        ("--namespace", options.namespace),
    ):
        if value is not None:
            arguments += [option, str(value)]
    if options.json:
        arguments.append("--json")
    return [*arguments, *["--verbose"] * options.verbose, *options.rest]
