# SPDX-License-Identifier: AGPL-3.0-only
"""The history files of shells: bash (with and without time stamps), zsh (plain and extended) and
fish, each read as its shell writes it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from memoryoss_mcp.errors import InvalidInputError

SHELLS: Final = ("bash", "zsh", "fish")
MOST_BYTES: Final = 16 * 1024 * 1024
"""Of a larger file the end is read."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A command as it was typed, and when, in seconds since the epoch, where the shell noted it."""

    command: str
    at: int | None = None


def files(environ: Mapping[str, str], home: Path) -> list[Path]:
    """The history files that are where the shells keep them unless told otherwise."""
    zsh = Path(environ.get("ZDOTDIR") or home)
    data = Path(environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    usual = (
        home / ".bash_history",
        zsh / ".zsh_history",
        zsh / ".zhistory",
        data / "fish" / "fish_history",
    )
    return [path for path in usual if path.is_file()]


def read(path: Path) -> tuple[str, list[Entry]]:
    """Which shell wrote a history file, and its commands, oldest first.

    Raises:
        InvalidInputError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - MOST_BYTES))
            data = file.read()
    except OSError as error:
        raise InvalidInputError(
            f"{path} cannot be read: {error.strerror}.",
            field="history",
            hint="Name the history file of a shell with --history.",
        ) from error
    if size > MOST_BYTES:
        data = data.partition(b"\n")[2]
    shell = _shell_of(path, data)
    parsed = {"bash": _bash, "zsh": _zsh, "fish": _fish}[shell](data)
    return shell, [entry for entry in parsed if entry.command.strip()]


def _shell_of(path: Path, data: bytes) -> str:
    if re.search(rb"^- cmd: ", data, re.MULTILINE):
        return "fish"
    if re.search(rb"^: \d+:\d+;", data, re.MULTILINE):
        return "zsh"
    return "zsh" if re.search(r"zsh|zhist", path.name) else "bash"


def _bash(data: bytes) -> Iterator[Entry]:
    """A line is a command; behind a time stamp, all lines up to the next one are."""
    lines: list[str] = []
    at: int | None = None
    for line in _text(data).split("\n"):
        if stamp := _STAMP.fullmatch(line):
            yield Entry("\n".join(lines), at)
            lines, at = [], int(stamp[1])
        elif at is None:
            yield Entry(line)
        else:
            lines.append(line)
    yield Entry("\n".join(lines).rstrip("\n"), at)


def _zsh(data: bytes) -> Iterator[Entry]:
    """A backslash at the end of a line stands before a line break of the command; ``: time:took;``
    precedes it where the history is extended."""
    parts: list[str] = []
    for line in _text(_unmetafied(data)).split("\n"):
        if line.endswith("\\"):
            parts.append(line[:-1])
            continue
        # A blank keeps a backslash that ends a command from being read as that.
        if line.endswith(" ") and line.rstrip(" ").endswith("\\"):
            line = line[:-1]
        command = "\n".join((*parts, line))
        parts = []
        extended = _EXTENDED.match(command)
        if extended:
            yield Entry(command[extended.end() :], int(extended[1]))
        else:
            yield Entry(command)
    if parts:
        yield Entry("\n".join(parts))


def _fish(data: bytes) -> Iterator[Entry]:
    """Blocks of ``- cmd:`` and ``when:``; line breaks and backslashes are escaped."""
    command: str | None = None
    at: int | None = None
    for line in _text(data).split("\n"):
        if line.startswith("- cmd: "):
            if command is not None:
                yield Entry(command, at)
            command = _ESCAPED.sub(lambda m: "\n" if m[1] == "n" else m[1], line[len("- cmd: ") :])
            at = None
        elif when := _WHEN.fullmatch(line):
            at = int(when[1])
    if command is not None:
        yield Entry(command, at)


def _unmetafied(data: bytes) -> bytes:
    """zsh writes some bytes as 0x83 and the byte with its sixth bit turned."""
    if _META not in data:
        return data
    return re.sub(rb"\x83(.)", lambda match: bytes((match[1][0] ^ 32,)), data, flags=re.DOTALL)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace").replace("\r\n", "\n")


_META: Final = b"\x83"
_STAMP: Final = re.compile(r"#(\d{9,11})")
_EXTENDED: Final = re.compile(r": (\d{1,12}):\d+;")
_ESCAPED: Final = re.compile(r"\\(\\|n)")
_WHEN: Final = re.compile(r"  when: (\d{1,12})")
