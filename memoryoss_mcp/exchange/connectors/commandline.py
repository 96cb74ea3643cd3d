# SPDX-License-Identifier: AGPL-3.0-only
"""A shell command line as simple commands, each word with its place. Tolerant: what cannot be
parsed is read as if a quotation mark were a letter."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from memoryoss_mcp.text.stopwords import word_set

SETTING: Final = re.compile(r"(?P<name>[A-Za-z_]\w*)\+?=")
"""A variable that is set."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word as it is written, with its quotes, and where it begins."""

    text: str
    start: int

    @property
    def plain(self) -> str:
        """Without its quotes."""
        return re.sub(r"""["'\\]""", "", self.text)


def simple_commands(text: str) -> list[tuple[list[Word], bool]]:
    """The simple commands: their words, and whether their output goes into the next."""
    found: list[tuple[list[Word], bool]] = []
    words: list[Word] = []
    for token in _TOKEN.finditer(text):
        if token["word"] is not None:
            words.append(Word(token["word"], token.start()))
        elif token["operator"] is not None:
            found.append((words, token["operator"] in ("|", "|&")))
            words = []
    return [*found, (words, False)]


def unwrapped(words: Sequence[Word]) -> list[Word]:
    """The words without variables set for them and without what only runs them (``sudo``)."""
    rest = list(words)
    while rest and (SETTING.match(rest[0].text) or rest[0].plain in _WRAPPERS):
        wrapper = rest[0].plain in _WRAPPERS
        rest = rest[1:]
        while wrapper and rest and rest[0].text.startswith("-"):
            rest = rest[2 if rest[0].text in _VALUED else 1 :]
    return rest


def program_of(word: Word) -> str:
    """The name of the program that a word stands for, without its folder, in lower case."""
    return re.split(r"[/\\]", word.plain)[-1].lower().removesuffix(".exe")


_TOKEN: Final = re.compile(
    r"""(?P<operator>\|&|&&|\|\||[;|()\n]|(?<![<>])&(?!>))"""
    r"""|(?P<redirection>&?[<>]+&?)"""
    r"""|(?P<word>(?:\$\([^()\n]*\)|`[^`\n]*`|"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s;|&()<>"'\\`]"""
    r"""|["'`\\])+)""",
    re.DOTALL,
)
_VALUED: Final = frozenset(("-u", "-n", "-g"))
_WRAPPERS: Final = word_set(
    "sudo doas env nohup time nice ionice command exec eval export xargs watch then do else if "
    "while until ! setsid builtin winpty { } $ %"
)
