# SPDX-License-Identifier: AGPL-3.0-only
"""The parser of arguments: global options before or after the command, one register for commands,
errors as exceptions, and values that are checked like everywhere else."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from memoryoss_mcp import __version__
from memoryoss_mcp.cli.session import Reply, Session
from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.model import parse_id, parse_time

Run = Callable[[Session], Reply | int]
"""A command: its reply, or its exit code when it has said everything itself."""

HELP_WIDTH = 90
"""Columns of help texts, the same everywhere so that docs/cli.md can be compared with them."""

_Choice = TypeVar("_Choice", bound=StrEnum)


class UsageError(Exception):
    """The arguments do not form a command. ``usage`` is how it is written."""

    code = "usage"

    def __init__(self, message: str, usage: str, command: str) -> None:
        super().__init__(message)
        self.message = message
        self.usage = usage
        self.hint = f"See '{command} --help'."


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """Help texts that are the same in every Python release and every window."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=28, width=HELP_WIDTH)

    def _format_action_invocation(self, action: argparse.Action) -> str:
        # Python 3.13 writes "-c, --config FILE" where older ones write "-c FILE, --config FILE".
        if not action.option_strings or action.nargs == 0:
            return super()._format_action_invocation(action)
        metavar = self._format_args(action, action.dest.upper())
        return f"{', '.join(action.option_strings)} {metavar}"


class Parser(argparse.ArgumentParser):
    """An argument parser that raises :class:`UsageError` where argparse ends the process.

    ``commands`` are the parsers of its commands by name, in the order of the help text. A parser
    that ``hands_over`` leaves what it does not know, in its order, in the option ``rest``.
    """

    hands_over = False

    def __init__(self, **settings: Any) -> None:
        super().__init__(formatter_class=_Formatter, allow_abbrev=False, add_help=False, **settings)
        self.commands: dict[str, Parser] = {}

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """The options, and what is not known of the arguments."""
        options, rest = super().parse_known_args(args, namespace)
        if self.hands_over:
            options.rest, rest = rest, []
        return options, rest

    def error(self, message: str) -> NoReturn:
        """Raise what is wrong with the arguments."""
        raise UsageError(message, self.format_usage().strip(), self.prog)


class Commands:
    """The register of commands; a module adds its own with :meth:`add`."""

    def __init__(self, parser: Parser) -> None:
        self._known = parser.commands
        self._commands = parser.add_subparsers(
            title="commands", metavar="COMMAND", dest="command", parser_class=Parser
        )

    def add(
        self,
        name: str,
        run: Run,
        usage: str,
        summary: str,
        *,
        description: str = "",
        kept: str = "",
    ) -> Parser:
        """A command ``memoryoss NAME``, written as ``usage`` says. ``kept`` is true of the memory
        whenever the command is refused."""
        parser: Parser = self._commands.add_parser(
            name,
            prog=f"memoryoss {name}",
            usage=f"memoryoss {name} {usage}",
            help=summary[0].lower() + summary[1:].rstrip("."),
            description=f"{summary}\n\n{description}".rstrip(),
        )
        parser.set_defaults(run=run, kept=kept)
        self._known[name] = parser
        return parser


def build_parser(registrars: Sequence[Callable[[Commands], None]]) -> Parser:
    """The whole command line; ``registrars`` add the commands."""
    parser = Parser(
        prog="memoryoss",
        usage="memoryoss [GLOBAL OPTIONS] COMMAND …",
        description="Long-term memory for AI agents: one SQLite file on this machine.",
        epilog="Exit codes: 0 done; 1 it failed or the answer is no; 2 the command is wrong.",
    )
    commands = Commands(parser)
    for register in registrars:
        register(commands)
    add_global_options(parser, top=True)
    for command in parser.commands.values():
        add_global_options(command, top=False)
    return parser


def add_global_options(parser: argparse.ArgumentParser, *, top: bool) -> None:
    """The options that every command knows. Those after the command win over those before it,
    which is why only the top parser has defaults."""
    group = parser.add_argument_group("global options")

    def default(value: Any) -> Any:
        return value if top else argparse.SUPPRESS

    group.add_argument(
        "-c",
        "--config",
        type=Path,
        metavar="FILE",
        default=default(None),
        help="configuration file (else MEMORYOSS_CONFIG, else memoryoss.toml in the data folder)",
    )
    group.add_argument(
        "--data-dir",
        type=Path,
        metavar="DIR",
        default=default(None),
        help="where memories are kept (else MEMORYOSS_DATA_DIR, else the user data folder)",
    )
    group.add_argument(
        "--namespace",
        metavar="NAME",
        default=default(None),
        help="which memories (else MEMORYOSS_NAMESPACE, else those of the git project around the "
        "working folder, else 'default')",
    )
    group.add_argument(
        "--json",
        action="store_true",
        default=default(False),
        help="print one JSON document instead of text",
    )
    group.add_argument(
        "-v",
        "--verbose",
        action="count",
        default=default(0),
        help="more messages on standard error; twice for all of them",
    )
    group.add_argument("--version", action="version", version=f"memoryoss {__version__}")
    group.add_argument("-h", "--help", action="help", help="show this help and exit")


# Values. They raise InvalidInputError, which argparse lets pass, so that a wrong value has the
# same code and field here as everywhere else.


def whole_number(field: str) -> Callable[[str], int]:
    """A converter to ``int`` for the argument called ``field``."""

    def convert(text: str) -> int:
        try:
            return int(text)
        except ValueError:
            raise InvalidInputError(f"{_shown(text)} is not a whole number.", field=field) from None

    return convert


def choice(kind: type[_Choice], field: str) -> Callable[[str], _Choice]:
    """A converter to a member of ``kind``."""

    def convert(text: str) -> _Choice:
        try:
            return kind(text)
        except ValueError:
            raise InvalidInputError(
                f"{_shown(text)} is not a {field}.",
                field=field,
                hint=f"Use {', '.join(kind)}.",
            ) from None

    return convert


def moment(field: str) -> Callable[[str], int]:
    """A converter to a timestamp."""
    return lambda text: parse_time(text, field=field)


memory_id = parse_id
"""A converter to a memory id."""


def _shown(text: str) -> str:
    return repr(text[:40] + ("…" if len(text) > 40 else ""))
