# SPDX-License-Identifier: AGPL-3.0-only
"""The terminal connector: which of the commands that people run are worth remembering.

Commands that everybody knows by heart (``ls``, ``git status``) are not. Of the others, a long
command is worth it at once, a short one when it came back, and several in the same order when they
came in that order before. Whether a command of a history file worked is unknown; one that a prompt
reports has to have worked. Secrets are gone before anything is compared, counted or kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from memoryoss_mcp.exchange.connectors import arguments, history
from memoryoss_mcp.exchange.connectors.commandline import (
    Word,
    program_of,
    simple_commands,
    unwrapped,
)
from memoryoss_mcp.exchange.connectors.kinds import KINDS
from memoryoss_mcp.exchange.connectors.marks import Marks
from memoryoss_mcp.exchange.connectors.signal import Signal
from memoryoss_mcp.screen.secrets import redact
from memoryoss_mcp.text.stopwords import word_set

KIND: Final = KINDS["terminal"]
REPEATS: Final = 3
"""So often a short command has to come."""
WORKED: Final = 2
"""So often a short command has to have worked."""
LONG_WORDS: Final = 5
"""Words that make a command a long one."""
LONGEST: Final = 2_000
"""Characters; what is longer was pasted."""
LONGEST_SEQUENCE: Final = 4
GAP_S: Final = 3_600
"""What is further apart in time is no sequence."""


@dataclass(frozen=True, slots=True)
class Captured:
    """What one run has found: signals, and how many commands were read (``read``), are too common
    or too long or private (``common``), have come too seldom yet (``seldom``), have failed
    (``failed``) or were a signal before (``before``). ``left`` of them wait for the next run."""

    signals: tuple[Signal, ...] = ()
    read: int = 0
    common: int = 0
    seldom: int = 0
    failed: int = 0
    before: int = 0
    left: int = 0

    def __add__(self, other: Captured) -> Captured:
        """Both together."""
        return Captured(
            self.signals + other.signals,
            self.read + other.read,
            self.common + other.common,
            self.seldom + other.seldom,
            self.failed + other.failed,
            self.before + other.before,
            self.left + other.left,
        )


@dataclass(frozen=True, slots=True)
class _Command:
    """A command of a history file without its secrets. ``number`` is its place in the file."""

    text: str
    at: int | None
    number: int
    redacted: tuple[str, ...]


def from_prompt(command: str, exit_status: int, shell: str, marks: Marks) -> Captured:
    """What a command that has just ended is worth. ``marks`` is brought up to date."""
    if not is_worthwhile(command):
        return Captured(read=1, common=1)
    if exit_status != 0:
        return Captured(read=1, failed=1)
    text, kinds = _without_secrets(command.strip())
    if marks.is_offered(text):
        return Captured(read=1, before=1)
    if not is_long(command) and marks.count(text) < WORKED:
        return Captured(read=1, seldom=1)
    marks.offer(text)
    signal = Signal(
        KIND,
        f"The command `{text}` worked.",
        (f"{shell} prompt", "exit status 0"),
        source_ref=f"prompt/{shell}",
        redacted=kinds,
    )
    return Captured((signal,), read=1)


def from_history(path: Path, marks: Marks, limit: int) -> Captured:
    """What is worth remembering of the part of a history file that was not read before, at most
    ``limit`` signals. ``marks`` is brought up to date: the next run goes on behind the last signal.

    Raises:
        InvalidInputError: the file cannot be read.
    """
    shell, entries = history.read(path)
    texts: list[str] = []
    commands: list[_Command] = []
    for number, entry in enumerate(entries):
        text, kinds = _without_secrets(entry.command.strip())
        texts.append(text)
        if is_worthwhile(entry.command):
            commands.append(_Command(text, entry.at, number, kinds))
    start = marks.start_of(path, texts)
    captured = _worth(commands, (start, len(texts)), shell, marks, limit)
    read_to = len(texts) - captured.left
    marks.ended(path, texts[:read_to])
    new = max(0, read_to - start)
    fresh = sum(start <= command.number < read_to for command in commands)
    return replace(captured, read=new, common=new - fresh)


def _worth(
    commands: Sequence[_Command], new: tuple[int, int], shell: str, marks: Marks, limit: int
) -> Captured:
    """The signals of the commands between two places of the file; those before tell what came
    back."""
    start, end = new
    signals: list[Signal] = []
    seldom = before = 0
    seen: Counter[str] = Counter()
    orders: dict[tuple[str, ...], int] = {}
    run = 0
    for at, command in enumerate(commands):
        seen[command.text] += 1
        length = _repeated(commands, at, orders)
        # A sequence is told when it is over, so that it is told whole.
        run, ended = length, 0 if length > run else run
        if command.number < start:
            continue
        if ended > 1 and len(signals) < limit:
            _tell_sequence(commands[at - ended : at], shell, marks, signals)
        if len(signals) >= limit:
            left = end - command.number
            return Captured(tuple(signals), seldom=seldom, before=before, left=left)
        if marks.is_offered(command.text):
            before += 1
        elif is_long(command.text) or seen[command.text] >= REPEATS:
            marks.offer(command.text)
            signals.append(_single(command, seen[command.text], shell))
        else:
            seldom += 1
    left = 0
    if run > 1 and commands[-1].number >= start:
        if len(signals) < limit:
            _tell_sequence(commands[-run:], shell, marks, signals)
        else:
            left = end - commands[-1].number
    return Captured(tuple(signals), seldom=seldom, before=before, left=left)


def _repeated(commands: Sequence[_Command], at: int, orders: dict[tuple[str, ...], int]) -> int:
    """How many commands up to this one came in the same order before; 0 or at least 2."""
    longest = 0
    for length in range(2, LONGEST_SEQUENCE + 1):
        first = at - length + 1
        if first < 0 or _far_apart(commands[first], commands[first + 1]):
            break
        order = tuple(command.text for command in commands[first : at + 1])
        if len(set(order)) < length:
            break
        if orders.setdefault(order, at) <= at - length:
            longest = length
    return longest


def _far_apart(one: _Command, following: _Command) -> bool:
    return one.at is not None and following.at is not None and following.at - one.at > GAP_S


def _tell_sequence(
    commands: Sequence[_Command], shell: str, marks: Marks, signals: list[Signal]
) -> None:
    """The signal of a sequence. Its commands are told with it."""
    texts = [command.text for command in commands]
    if not marks.offer("\n".join(texts)):
        return
    for text in texts:
        marks.offer(text)
    summary = f"These commands were run in this order more than once: {_listed(texts)}."
    kinds = tuple(kind for command in commands for kind in command.redacted)
    signals.append(_signal(summary, shell, kinds))


def _single(command: _Command, times: int, shell: str) -> Signal:
    often = "was run" if times == 1 else f"was run {times} times"
    return _signal(f"The command `{command.text}` {often}.", shell, command.redacted)


def _signal(summary: str, shell: str, kinds: tuple[str, ...]) -> Signal:
    evidence = (f"{shell} history", "exit status unknown")
    return Signal(KIND, summary, evidence, source_ref=f"history/{shell}", redacted=kinds)


def _listed(texts: Sequence[str]) -> str:
    return ", then ".join(f"`{text}`" for text in texts)


def _without_secrets(command: str) -> tuple[str, tuple[str, ...]]:
    text, kinds = arguments.without_secrets(command)
    redacted = redact(text)
    return redacted.text, (*kinds, *(secret.kind for secret in redacted.found))


def is_worthwhile(command: str) -> bool:
    """Whether a command as it was typed may be worth remembering. A blank before it means that it
    is private, as in the shells themselves."""
    if command[:1].isspace() or command.lstrip().startswith("#") or len(command) > LONGEST:
        return False
    if any(char < " " and char not in "\t\n" for char in command):
        return False
    return any(not _is_common(words) for words in _programs(command))


def is_long(command: str) -> bool:
    """Whether a command has enough parts to be hard to remember."""
    uncommon = sum(not _is_common(words) for words in _programs(command))
    return uncommon > 1 or len(command.split()) >= LONG_WORDS


def _programs(command: str) -> list[list[Word]]:
    """The simple commands that run a program, without what only runs them."""
    parts = [unwrapped(words) for words, _ in simple_commands(command)]
    return [words for words in parts if words]


def _is_common(words: Sequence[Word]) -> bool:
    program = program_of(words[0])
    rest = [word.plain for word in words[1:]]
    if program == "git":
        return next((word for word in rest if not word.startswith("-")), "") in _COMMON_GIT
    asks = len(rest) == 1 and rest[0] in _ASKS
    return program in _COMMON or asks or not any(map(str.isalnum, program))


_ASKS: Final = frozenset(("--version", "-V", "--help", "-h", "version", "help"))
_COMMON: Final = word_set(
    "ls ll la l dir tree cd pwd pushd popd clear cls reset exit logout history fc h man info help "
    "tldr which whereis type where command whoami id who w uptime date cal echo printf true false "
    "sleep cat bat tac less more most head tail wc file stat touch mkdir rmdir rm cp mv ln vi vim "
    "nvim nano emacs micro code subl open xdg-open start top htop btop ps kill killall pkill fg bg "
    "jobs wait df du free uname hostname export unset set alias unalias source . eval read grep "
    "egrep fgrep rg ag sort uniq cut tr tee su sudo tmux screen done fi esac for case function "
    "test [ [[ return break continue local memoryoss"
)
_COMMON_GIT: Final = frozenset(
    (
        "", "status", "st", "log", "diff", "show", "add", "commit", "branch", "checkout", "switch",
        "restore", "stash", "fetch", "pull", "push", "blame", "help",
    )
)  # fmt: skip
