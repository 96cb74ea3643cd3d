# SPDX-License-Identifier: AGPL-3.0-only
"""From arguments to an exit code: run the command, print its reply or its error."""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Sequence

from memoryoss_mcp.cli import (
    adapter,
    audit,
    backup,
    browse,
    bundle,
    certificate,
    conformance,
    connector,
    contract,
    demo,
    export,
    forget,
    health,
    history,
    importing,
    keys,
    models,
    passport,
    plugins,
    reader,
    recall,
    review,
    serve,
    store,
    sync,
    team,
    trust,
    undo,
    update,
    upkeep,
)
from memoryoss_mcp.cli.parser import Parser, UsageError, build_parser
from memoryoss_mcp.cli.session import INTERRUPTED, Reply, Session
from memoryoss_mcp.cli.streams import (
    flush_streams,
    prepare_streams,
    printable,
    to_json,
    write_line,
)
from memoryoss_mcp.errors import (
    ConfigError,
    ConflictError,
    InvalidInputError,
    KeyStateError,
    MemoryOSSError,
    NotAnOwnerError,
    NotFoundError,
)

DONE, FAILED, WRONG = 0, 1, 2
"""Exit codes: done; it failed or the answer is no; the command is wrong."""

UNKNOWN_MODEL = "model_unknown"
"""The code of a wrong model name; its class comes with more imports than a start can afford."""

REFUSALS = (
    InvalidInputError,
    ConfigError,
    ConflictError,
    KeyStateError,
    NotAnOwnerError,
    NotFoundError,
)
"""Errors after which the memory is surely as it was."""

COMMANDS = (
    serve.register,
    plugins.register,
    demo.register,
    store.register,
    recall.register,
    update.register,
    forget.register,
    undo.register,
    browse.register,
    review.register,
    team.register,
    history.register,
    passport.register,
    bundle.register,
    reader.register,
    trust.register,
    sync.register,
    contract.register,
    conformance.register,
    importing.register,
    adapter.register,
    connector.register,
    upkeep.register,
    audit.register,
    export.register,
    certificate.register,
    keys.register,
    health.register,
    backup.register,
    models.register,
)


def make_parser() -> Parser:
    """The parser of the whole command line."""
    return build_parser(COMMANDS)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code. Without ``arguments`` those of this process are taken, and
    the process ends here."""
    prepare_streams()
    code = _run(sys.argv[1:] if arguments is None else list(arguments))
    flush_streams()
    if arguments is None:
        # The memory is closed and everything is written. To take the interpreter apart, with numpy
        # and the model in it, would cost a recall another fifth of its time (50 of 400 ms of CPU).
        os._exit(code)
    return code


def _run(arguments: Sequence[str]) -> int:
    # Known before parsing, so that a wrong command line is answered in the form asked for.
    given = arguments[: arguments.index("--")] if "--" in arguments else arguments
    as_json, verbose, kept = "--json" in given, 0, ""
    try:
        parser = make_parser()
        options = parser.parse_args(arguments)
        verbose = options.verbose
        if options.command is None:
            write_line(parser.format_help().rstrip(), sys.stderr)
            return WRONG
        as_json = options.json and options.command != serve.COMMAND  # whose output is protocol
        kept = options.kept
        _log(verbose)
        _check_texts(options)
        reply: Reply | int = options.run(Session(options, as_json))
        return reply if isinstance(reply, int) else _print(reply, as_json)
    except SystemExit as leaving:  # --help and --version
        return int(leaving.code or DONE)
    except UsageError as error:
        hint = f"Usage: {error.usage.removeprefix('usage: ')}\n{error.hint}"
        return _fail(WRONG, error.code, error.message, hint, None, as_json)
    except MemoryOSSError as error:
        wrong = isinstance(error, InvalidInputError | ConfigError) or error.code == UNKNOWN_MODEL
        code = WRONG if wrong else FAILED
        message = error.message
        if isinstance(error, REFUSALS) and "nothing was" not in message.lower():
            message = f"{message} {kept}".rstrip()
        field = getattr(error, "field", None)
        return _fail(code, error.code, message, error.hint, field, as_json)
    except KeyboardInterrupt:
        message = "Interrupted. What was reported as stored, changed or forgotten stays so."
        return _fail(INTERRUPTED, "interrupted", message, None, None, as_json)
    except Exception as error:  # noqa: BLE001 - the border: people get a sentence, not a traceback
        if verbose:
            write_line(printable(traceback.format_exc()), sys.stderr)
        message = f"Internal error: {type(error).__name__}: {error}"
        hint = "Run it again with -v and report what it prints."
        return _fail(FAILED, "internal", message, hint, None, as_json)


def _check_texts(options: argparse.Namespace) -> None:
    """Refuse arguments that are not text: bytes that are not UTF-8 arrive as lone surrogates."""
    for name, value in vars(options).items():
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str) and any(
                "\ud800" <= character <= "\udfff" for character in text
            ):
                raise InvalidInputError(
                    f"The argument {name} is not UTF-8.", field=name, hint="Send it as UTF-8."
                )


def _print(reply: Reply, as_json: bool) -> int:
    if as_json:
        write_line(to_json(reply.document))
    else:
        from memoryoss_mcp.cli.console import Console  # start-up time: imports rich

        reply.show(Console())
    return reply.code


def _fail(
    code: int, name: str, message: str, hint: str | None, field: str | None, as_json: bool
) -> int:
    if as_json:
        error = {"code": name, "message": message, "hint": hint, "field": field}
        write_line(to_json({"error": error}))
        return code
    lines = [f"memoryoss: {message}"]
    if hint:
        lines += [f"  {line}" for line in hint.splitlines()]
    write_line(printable("\n".join(lines)), sys.stderr)
    return code


def _log(verbose: int) -> None:
    """Send warnings (and with ``-v`` more) to standard error, safe to print."""
    import logging  # start-up time: --help needs none

    class Printable(logging.Formatter):
        def format(self, record: logging.LogRecord) -> str:
            return printable(super().format(record))

    handler = logging.StreamHandler()
    handler.setFormatter(Printable("%(levelname)s: %(message)s"))
    level = (logging.WARNING, logging.INFO, logging.DEBUG)[min(verbose, 2)]
    logging.basicConfig(level=level, handlers=[handler])
