# SPDX-License-Identifier: AGPL-3.0-only
"""HTML that is safe by construction: whatever is not made by :func:`tag` is text, and every text is
escaped, its invisible characters made visible."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from html import escape
from typing import Final


class Markup(str):
    """HTML made here; everything else is text."""

    __slots__ = ()


Child = Markup | str | None
"""What stands in an element; ``None`` is nothing."""

_INVISIBLE: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe"
    "\uffff\ud800-\udfff\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""Controls, overrides of the writing direction, what takes no room, and halves of surrogates."""
_EMOJI: Final = re.compile("[\u200d\u203c-\u3299\ufe0f\U0001f000-\U0001faff]")
_JOINED: Final = re.compile("[\u0600-\u0dff]")
"""Arabic to Sinhala: scripts whose spelling needs the joiner and the non-joiner."""
_VOID: Final = frozenset({"meta", "rect", "circle", "path", "line", "br"})


def tag(element: str, /, *children: Child, **attributes: str | float | None) -> Markup:
    """An element. An underscore in the name of an attribute is a hyphen, one at its end is
    dropped; ``None`` leaves it out."""
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{plain(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if element in _VOID and not children:
        return Markup(f"<{element}{given}/>")
    return Markup(f"<{element}{given}>{joined(children)}</{element}>")


def joined(children: Iterable[Child]) -> Markup:
    """Several pieces one behind the other."""
    return Markup("".join(_shown(child) for child in children if child is not None))


def plain(text: str) -> Markup:
    """Text for where no element can stand: titles and the values of attributes."""
    return Markup(escape(visible(text)))


def visible(text: str) -> str:
    """The text with what cannot be seen written out, as in ``[U+202E]``."""
    return _split(text, lambda code: f"[{code}]", str)


def _shown(child: Markup | str) -> str:
    if isinstance(child, Markup):
        return child
    return _split(child, lambda code: f'<span class="unseen">{code}</span>', escape)


def _split(text: str, unseen: Callable[[str], str], seen: Callable[[str], str]) -> str:
    text = text.replace("\r\n", "\n")
    parts, place = [], 0
    for match in _INVISIBLE.finditer(text):
        if _belongs(text, match.start()):
            continue
        parts += [seen(text[place : match.start()]), unseen(f"U+{ord(match[0]):04X}")]
        place = match.end()
    return "".join([*parts, seen(text[place:])])


def _belongs(text: str, place: int) -> bool:
    """Whether an invisible character does what it is for: a joiner between two emoji or between
    letters of a script that needs it, one selector behind a character that is drawn."""
    before, after = text[place - 1 : place] if place else "", text[place + 1 : place + 2]
    character = text[place]
    if character == "\u200d" and _EMOJI.match(before) and _EMOJI.match(after):
        return before != "\u200d" != after
    if character in "\u200c\u200d":
        return bool(_JOINED.match(before) and _JOINED.match(after))
    if character in "\ufe0e\ufe0f":
        return bool(_EMOJI.match(before) or before in tuple("#*0123456789©®")) and (
            before not in tuple("\ufe0f\u200d")
        )
    return False
