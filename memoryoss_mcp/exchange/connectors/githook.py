# SPDX-License-Identifier: AGPL-3.0-only
"""The post-commit hook of a git repository: a marked block in a file that may have been there
before, put in and taken out again byte for byte."""

from __future__ import annotations

import os
import re
import shlex
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final

from memoryoss_mcp.errors import MemoryOSSError
from memoryoss_mcp.exchange.connectors.commits import git
from memoryoss_mcp.store.drafts import beside, discard, place

HOOK: Final = "post-commit"

_BEGIN: Final = b"# >>> memoryoss"
_END: Final = b"# <<< memoryoss"
_OURS: Final = b"#!/bin/sh\n"
_MADE: Final = " (the file too)"
"""In the mark of a block whose file is ours as well."""
_BLOCK: Final = re.compile(
    rb"^" + _BEGIN + rb"(?P<made>[^\n]*)\n(?:.*\n)*?" + _END + rb"[^\n]*(?P<line_end>\n?)",
    re.MULTILINE,
)
_SHELL: Final = re.compile(rb"#![ \t]*\S*?(?:/|env[ \t]+)(?:ba|da|z|k|a)?sh(?:[ \t][^\n]*)?\r?")

_LINES: Final = """# Offers every commit for review, in the background.
if command -v memoryoss >/dev/null 2>&1 &&
  [ ! -d "$(git rev-parse --git-path rebase-merge)" ] &&
  [ ! -d "$(git rev-parse --git-path rebase-apply)" ]; then
  (@CALL@ --commit "$(git rev-parse HEAD)" </dev/null >/dev/null 2>&1 &)
fi
"""


class HookError(MemoryOSSError):
    """The hook cannot be put in or taken out here. Nothing was changed."""

    code: ClassVar[str] = "hook_refused"


@dataclass(frozen=True, slots=True)
class Placed:
    """What was done to the file of a hook: ``made``, ``added``, ``renewed``, ``unchanged``,
    ``removed`` (the block), ``deleted`` (the file, which was ours) or ``absent``."""

    path: Path
    done: str


def script(options: Sequence[str] = ()) -> str:
    """A whole hook. ``options`` are global options of the program."""
    return (_OURS + _block(options, _MADE) + b"\n").decode()


def install(folder: Path, options: Sequence[str] = ()) -> Placed:
    """Put the hook into the repository around a folder, beside what its file does already.

    Raises:
        GitError: there is no repository, or no git.
        HookError: the file is not one that a block of shell can be added to; nothing was changed.
    """
    path = _path(folder)
    if not path.exists() and not path.is_symlink():
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, script(options).encode(), 0o755)
        return Placed(path, "made")
    before = _read(path)
    if found := _BLOCK.search(before):
        made = _MADE if _MADE.encode() in found["made"] else ""
        block = _block(options, made) + found["line_end"]
        after = before[: found.start()] + block + before[found.end() :]
        if after == before:
            return Placed(path, "unchanged")
        _write(path, after, stat.S_IMODE(path.stat().st_mode))
        return Placed(path, "renewed")
    first = before.partition(b"\n")[0]
    if first.startswith(b"#!") and not _SHELL.fullmatch(first):
        raise _refused(path, "is no shell script", options)
    if b"\0" in before:
        raise _refused(path, "is no text", options)
    if b"\r\n" in before:
        raise _refused(path, "has the line ends of Windows", options)
    if os.name == "posix" and not os.access(path, os.X_OK):
        raise _refused(path, "is not executable, so git does not run it", options)
    _write(path, _with_block(before, _block(options, "")), stat.S_IMODE(path.stat().st_mode))
    return Placed(path, "added")


def uninstall(folder: Path) -> Placed:
    """Take the hook out of the repository around a folder: its file is then as it was before.

    Raises:
        GitError: there is no repository, or no git.
        HookError: the file cannot be read or written; nothing was changed.
    """
    path = _path(folder)
    if not path.exists():
        return Placed(path, "absent")
    before = _read(path)
    found = _BLOCK.search(before)
    if found is None:
        return Placed(path, "absent")
    start, end = found.span()
    if not found["line_end"] and start:
        start -= 1  # The line end that the only line before it did not have.
    after = before[:start] + before[end:]
    if _MADE.encode() in found["made"] and after == _OURS:
        _change(path, path.unlink)
        return Placed(path, "deleted")
    _write(path, after, stat.S_IMODE(path.stat().st_mode))
    return Placed(path, "removed")


def _block(options: Sequence[str], made: str) -> bytes:
    """The marked lines without the last line end."""
    given = "".join(f" {shlex.quote(option)}" for option in options)
    lines = _LINES.replace("@CALL@", f"memoryoss{given} connector capture --kind editor")
    return b"%b%b >>>\n%b%b <<<" % (_BEGIN, made.encode(), lines.encode(), _END)


def _with_block(before: bytes, block: bytes) -> bytes:
    """A script with the block before its first command, where no ``exit`` can be in its way."""
    if not before.startswith(b"#!"):
        return block + b"\n" + before
    line, line_end, rest = before.partition(b"\n")
    if not line_end:
        return line + b"\n" + block
    return line + b"\n" + block + b"\n" + rest


def _path(folder: Path) -> Path:
    """The file of the hook, which has to be inside the repository's own folder: another place is
    shared with other repositories, or part of the project."""
    if not folder.is_dir():
        raise HookError(f"{folder} is no folder. Nothing was changed.")
    common = folder / git(folder, "rev-parse", "--git-common-dir").rstrip("\n")
    hooks = folder / git(folder, "rev-parse", "--git-path", "hooks").rstrip("\n")
    if not hooks.resolve().is_relative_to(common.resolve()):
        raise HookError(
            f"The hooks of this repository are kept in '{hooks}' (core.hooksPath), which is not "
            "its own. Nothing was changed.",
            hint=f"Add what 'memoryoss connector hook git' prints to '{hooks / HOOK}' yourself.",
        )
    return hooks / HOOK


def _refused(path: Path, why: str, options: Sequence[str]) -> HookError:
    given = "".join(f" {shlex.quote(option)}" for option in options)
    return HookError(
        f"{path} is there already and {why}. Nothing was changed.",
        hint="Let it run 'memoryoss"
        f"{given} connector capture --kind editor --commit HEAD' itself, in the background.",
    )


def _read(path: Path) -> bytes:
    if path.is_symlink() or not path.is_file():
        raise HookError(
            f"{path} is a link or no file, and may belong to others. Nothing was changed.",
            hint="Add what 'memoryoss connector hook git' prints to it yourself.",
        )
    try:
        return path.read_bytes()
    except OSError as error:
        raise HookError(
            f"{path} cannot be read ({error.strerror}). Nothing was changed."
        ) from error


def _change(path: Path, how: Callable[[], None]) -> None:
    try:
        how()
    except OSError as error:
        raise HookError(
            f"{path} cannot be written ({error.strerror}). Nothing was changed."
        ) from error


def _write(path: Path, data: bytes, mode: int) -> None:
    draft = beside(path)

    def replace() -> None:
        draft.write_bytes(data)
        draft.chmod(mode)
        place(draft, path)

    try:
        _change(path, replace)
    finally:
        discard(draft)
