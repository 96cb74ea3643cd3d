# SPDX-License-Identifier: AGPL-3.0-only
"""The process's standard streams: UTF-8 whatever the locale, safe on a closed pipe, and free of
characters that would command the terminal."""

from __future__ import annotations

import io
import json
import os
import re
import sys
from collections.abc import Callable, Mapping
from typing import IO, Any

from memoryoss_mcp.errors import InvalidInputError, LimitExceededError

# C0 without tab and line feed, DEL and C1; line and paragraph separators; overrides of the writing
# direction (they can make text read as something else); halves of surrogate pairs.
_COMMANDS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_CONTROL_PICTURES = 0x2400


def prepare_streams() -> None:
    """Make standard output and error UTF-8, with escapes for what UTF-8 cannot hold."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def printable(text: str) -> str:
    """``text`` with every character that a terminal would obey made visible instead.

    Tabs and line feeds stay, a carriage return before a line feed goes; control characters become
    their pictures (ESC is ``␛``), all others an escape such as ``\\u202e``.
    """
    return _COMMANDS.sub(_picture, text.replace("\r\n", "\n"))


def one_line(text: str) -> str:
    """The text on one line, safe to print: white space in a row becomes one blank."""
    return printable(" ".join(text.split()))


def _picture(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(_CONTROL_PICTURES + code)
    if code == 0x7F:
        return "\u2421"
    return f"\\u{code:04x}"


def to_json(document: Mapping[str, Any], *, indent: int | None = 2) -> str:
    """The document as JSON text in readable UTF-8, terminal commands as ``\\u`` escapes."""
    text = json.dumps(document, ensure_ascii=False, indent=indent)
    # Outside of strings JSON has none of these characters but line feeds, which stay.
    return _COMMANDS.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def write_line(text: str, stream: IO[str] | None = None) -> None:
    """Write a line to standard output (or ``stream``); a reader that is gone is no error."""
    stream = sys.stdout if stream is None else stream
    try:
        stream.write(text + "\n")
        stream.flush()
    except (BrokenPipeError, ConnectionResetError):
        abandon(stream)


def abandon(stream: IO[str]) -> None:
    """Send the rest of a stream nowhere: its reader is gone (``| head``) and that is its right."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, stream.fileno())
    os.close(nothing)


def flush_streams() -> None:
    """Flush now what the interpreter would flush at exit, where a closed pipe gives a warning."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (BrokenPipeError, ConnectionResetError):
            abandon(stream)


def read_input(limit: int, field: str) -> str:
    """All of standard input as text, without the line ends behind it.

    Raises:
        InvalidInputError: it is a terminal or not UTF-8.
        LimitExceededError: it has more than ``limit`` bytes (and a line end).
    """
    if sys.stdin.isatty():
        raise InvalidInputError(
            "Standard input is a terminal, so there is nothing to read.",
            field=field,
            hint="Pipe the text in, or give it as an argument.",
        )
    room = limit + len("\ufeff".encode()) + len(b"\r\n")
    data = sys.stdin.buffer.read(room + 1)
    text = "" if len(data) > room else decode(data, field, "Standard input").rstrip("\r\n")
    if len(data) > room or len(text.encode()) > limit:
        raise LimitExceededError(
            f"Standard input has more than the {limit} bytes that are allowed.",
            field=field,
            hint="Store its facts one by one, or as lines of JSON with --file.",
        )
    return text


def decode(data: bytes, field: str, name: str) -> str:
    """Bytes as text; a byte order mark at the start is not part of it.

    Raises:
        InvalidInputError: they are not UTF-8.
    """
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInputError(
            f"{name} is not UTF-8 (byte {error.start + 1}).",
            field=field,
            hint="Convert it, for example with iconv.",
        ) from None


def passphrase(variable: str, prompt: str) -> Callable[[], str] | None:
    """Gives a passphrase: that of an environment variable, else what somebody types. ``None`` where
    there is neither."""
    if named := os.environ.get(variable):
        return lambda: named
    return (lambda: _typed(prompt)) if _somebody() else None


def new_passphrase(variable: str) -> str:
    """A passphrase for something new, typed twice.

    Raises:
        InvalidInputError: there is nobody to ask, or the two are not the same.
    """
    if named := os.environ.get(variable):
        return named
    if not _somebody():
        raise InvalidInputError(
            "A passphrase is needed, and there is nobody to ask for it.",
            field="passphrase",
            hint=f"Set {variable}.",
        )
    first = _typed("New passphrase: ")
    if _typed("The same again: ") != first:
        raise InvalidInputError("The two passphrases are not the same.", field="passphrase")
    return first


def _somebody() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()


def _typed(prompt: str) -> str:
    import getpass  # start-up time: few commands ask for one

    return getpass.getpass(prompt)
