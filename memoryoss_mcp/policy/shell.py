# SPDX-License-Identifier: AGPL-3.0-only
"""A shell command line as simple commands: words as the shell would make them, with what runs
another command (``sudo``, ``bash -c``, ``ssh``, ``$(…)``) taken apart. Tolerant: what cannot be
parsed is split at spaces."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from memoryoss_mcp.text.stopwords import word_set

LONGEST: Final = 65_536
"""Characters of a script that are looked at: of a longer one the halves at both ends."""
MOST_COMMANDS: Final = 20_000
_DEEPEST: Final = 4


@dataclass(frozen=True, slots=True)
class Command:
    """A simple command: its words, what its output goes into (the program behind the next pipe,
    with its words), and where it begins in the text. ``settings`` are the variables set for it,
    ``document`` what is fed to it in a here-document."""

    words: tuple[str, ...]
    start: int
    text: str
    settings: tuple[str, ...] = ()
    into: tuple[str, ...] = ()
    document: str = ""

    @property
    def program(self) -> str:
        """The name of the program without its folder, lower case."""
        return re.split(r"[/\\]", self.words[0])[-1].lower().removesuffix(".exe")


_HEREDOC: Final = re.compile(r"<<-?[ \t]*['\"]?(\w+)['\"]?[^\n]*\n")
_MOST_DOCUMENTS: Final = 100
_INNER: Final = re.compile(r"\$\(([^()]+)\)|`([^`]+)`")
_SETTING: Final = re.compile(r"[A-Za-z_]\w*=")
_WRAPPERS: Final = word_set(
    "sudo doas env nohup time nice ionice command exec eval xargs watch then do else if while ! "
    "stdbuf setsid builtin and or not unbuffer"
)
_SHELLS: Final = word_set("bash sh zsh dash ksh fish")
_VALUED: Final = frozenset(
    ("-u", "-g", "-n", "-I", "-P", "-L", "--user", "-p", "-i", "-l", "-o", "-F")
)


def simple_commands(script: str) -> Iterator[Command]:
    """The simple commands of a script, those inside others too."""
    parts = [(0, script)]
    if len(script) > LONGEST:
        half = LONGEST // 2
        parts = [(0, script[:half]), (len(script) - half, script[-half:])]
    for offset, part in parts:
        yield from islice(_commands(part, offset, 0), MOST_COMMANDS)


def _commands(script: str, offset: int, depth: int) -> Iterator[Command]:
    if depth > _DEEPEST:
        return
    plain, documents = _documents(script)
    plain = plain.replace("\\\n", "  ")
    pieces = list(_pieces(plain))
    for number, (start, end, piped) in enumerate(pieces):
        text = plain[start:end]
        words = _words(text)
        settings, words = _unwrapped(words)
        into: tuple[str, ...] = ()
        if piped and number + 1 < len(pieces):
            following = pieces[number + 1]
            into = tuple(_unwrapped(_words(plain[following[0] : following[1]]))[1])
        place = offset + start + (len(text) - len(text.lstrip()))
        if words:
            document = "\n".join(documents) if "<<" in text else ""
            yield Command(tuple(words), place, text.strip(), tuple(settings), into, document)
            yield from _nested(words, place, depth)
        for inner in _INNER.finditer(text):
            yield from _commands(inner[1] or inner[2], place, depth + 1)


def _documents(script: str) -> tuple[str, list[str]]:
    """A script with blanks where its here-documents are, and the documents."""
    found: list[str] = []
    at = 0
    for _ in range(_MOST_DOCUMENTS):
        opening = _HEREDOC.search(script, at)
        if opening is None:
            break
        start = opening.end()
        closing = re.compile(rf"^[ \t]*{re.escape(opening[1])}[ \t]*$", re.MULTILINE).search(
            script, start
        )
        at = closing.end() if closing else len(script)
        found.append(script[start : closing.start() if closing else at])
        script = script[:start] + re.sub(r"[^\n]", " ", script[start:at]) + script[at:]
    return script, found


def _nested(words: list[str], place: int, depth: int) -> Iterator[Command]:
    """The commands that a command is given to run: of ``bash -c``, ``ssh``, ``docker exec``."""
    name = re.split(r"[/\\]", words[0])[-1].lower()
    if name in _SHELLS:
        for at, word in enumerate(words[1:], 1):
            if re.fullmatch(r"-\w*c", word) and at + 1 < len(words):
                yield from _commands(words[at + 1], place, depth + 1)
                return
    elif name == "ssh":
        rest = _behind_options(words[1:])
        if len(rest) > 1:
            yield from _commands(" ".join(rest[1:]), place, depth + 1)
    elif name in ("docker", "podman", "kubectl", "oc") and "exec" in words[1:3]:
        rest = words[words.index("exec") + 1 :]
        inner = rest[rest.index("--") + 1 :] if "--" in rest else _behind_options(rest)[1:]
        if inner:
            yield from _commands(shlex.join(inner), place, depth + 1)


def _behind_options(words: list[str]) -> list[str]:
    at = 0
    while at < len(words) and words[at].startswith("-"):
        at += 2 if words[at] in _VALUED else 1
    return words[at:]


def _unwrapped(words: list[str]) -> tuple[list[str], list[str]]:
    """Variables set for a command, and its words without what only runs it."""
    settings: list[str] = []
    while words:
        if _SETTING.match(words[0]):
            settings.append(words[0])
            words = words[1:]
        elif words[0] in _WRAPPERS:
            words = words[1:]
            while words and words[0].startswith("-"):
                words = words[2 if words[0] in _VALUED else 1 :]
        elif words[0] == "timeout":
            words = _behind_options(words[1:])[1:]
        elif words[0] in ("$", "#", "(", "{", "%", ">"):
            if words[0] == "#":
                return settings, []
            words = words[1:]
        else:
            break
    return settings, words


def _pieces(script: str) -> Iterator[tuple[int, int, bool]]:
    """Start and end of each simple command, and whether its output goes into the next: split at
    newlines, ``;``, ``&&``, ``||``, ``|`` and ``&`` outside quotation marks."""
    start, quote, at = 0, "", 0
    while at < len(script):
        char = script[at]
        if char == "\\" and quote != "'":
            at += 2
            continue
        if quote:
            if char == quote:
                quote = ""
        elif char in "\"'":
            # An apostrophe inside a word quotes nothing.
            inside = char == "'" and at > 0 and script[at - 1].isalpha()
            quote = "" if inside or script.find(char, at + 1) < 0 else char
        elif char == "#" and (at == 0 or script[at - 1].isspace()):
            end = script.find("\n", at)
            yield start, at, False
            at = start = len(script) if end < 0 else end
            continue
        elif char in "\n;" or (char in "&|" and script[at - 1 : at] not in (">", "<")):
            double = script[at : at + 2] in ("&&", "||")
            if char == "&" and script[at + 1 : at + 2] == ">":
                at += 1
                continue
            yield start, at, char == "|" and not double
            at += 2 if double else 1
            start = at
            continue
        at += 1
    yield start, len(script), False


def _words(text: str) -> list[str]:
    text = text.strip().strip("()").strip()
    if not text:
        return []
    try:
        return shlex.split(text, comments=False, posix=True)
    except ValueError:
        return text.replace('"', " ").replace("'", " ").split()
