# SPDX-License-Identifier: AGPL-3.0-only
"""What of a turn its speaker said: without our own context block, without tool results and other
marked-up material, code, logs and quotations.

Nothing is cut out. What is not the speaker's is overwritten by a filler of the same length, so that
every span of the result is a span of the turn, and evidence is verbatim by construction.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from memoryoss_mcp.text.sentences import sentence_spans
from memoryoss_mcp.text.tokens import fold

MOST_CHARACTERS: Final = 16_000
"""Characters of a turn that are read; the rest is no conversation any more but a document."""

OWN_BLOCK: Final = "memory_context"
"""The element in which memories are put into a prompt."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence as it was written; ``flat`` is the same, character by character, in lower case and
    without accents and quotations."""

    start: int
    end: int
    text: str
    flat: str


def without_own_block(text: str) -> str:
    """``text`` without what we put into it."""
    masked = _mask_elements(text, own_only=True)
    return re.sub(f"{_GAP}+", " ", masked)


def sentences(text: str) -> Iterator[list[Sentence]]:
    """The sentences of a turn, one list for each passage in which nothing foreign stands."""
    text = text[:MOST_CHARACTERS]
    spoken = _mask_lines(_mask_fences(_mask_elements(text)))
    flat = _QUOTED.sub(_blanked, flattened(spoken))
    for passage in _PASSAGE.finditer(spoken):
        start = passage.start()
        found = [
            Sentence(start + a, start + b, text[start + a : start + b], flat[start + a : start + b])
            for a, b in sentence_spans(passage[0])
        ]
        if found:
            yield found


def flattened(text: str) -> str:
    """``text`` in lower case and without the accents of Latin letters, of the same length."""
    return text.translate(_FLAT)


_GAP: Final = "\x00"
_MOST_UNCLOSED: Final = 32
"""Names of elements after which a text is taken for no markup at all."""
_PASSAGE: Final = re.compile(r"[^\x00]+")
_FLAT: Final = {
    **{
        code: folded
        for code in range(0x41, 0x180)
        if len(folded := fold(chr(code))) == 1 and folded != chr(code)
    },
    **dict.fromkeys(map(ord, "\u2019\u2018\u02bc\u00b4"), "'"),
    ord("\u00df"): "s",
    ord("\u00a0"): " ",
    ord("\u202f"): " ",
}
_TAG: Final = re.compile(r"<(/?)([A-Za-z][\w:.-]{0,60})(?:\s[^<>]{0,400})?(/?)>")
_UNCLOSED: Final = re.compile(r"<memory_context\b", re.IGNORECASE)
_FENCE: Final = re.compile(r"^[ \t>*-]*(`{3,}|~{3,})[^\n]*$", re.MULTILINE)
_NOT_SPOKEN: Final = re.compile(
    r"^[ \t]*(?:[>\u2500-\u257f]"  # quoted, drawn
    r"|[\[(]?\d{4}-\d\d-\d\d[T ]\d\d:\d\d|[\[(]?\d\d:\d\d:\d\d"  # logs
    r"|\[?(?:FATAL|ERROR|WARN(?:ING)?|INFO|DEBUG|TRACE|CRITICAL|NOTICE)\b\]?[ :\t]"
    r"|at [\w.$<>]+\(|File \"|Traceback \(|Caused by: |\w+(?:Error|Exception): "
    r"|\$ \S|PS [A-Z]:\\"  # terminals
    r"|[+-](?![ \d-])\S|@@ |diff --git|index [0-9a-f]{7}"  # differences
    r"|[{}\[\]();]+[ \t]*$|(?:def|class) \w+.*:[ \t]*$|(?:import|const|let|var|function|return"
    r"|public|private|SELECT|INSERT|UPDATE|CREATE|package|using|export)\b.*[;{(][ \t]*$"  # code
    r").*$",
    re.MULTILINE,
)
_QUOTED: Final = re.compile(
    r'"[^"\x00]{0,2000}"|\u201c[^\u201d\x00]{0,2000}\u201d|\u201e[^\u201c\u201d\x00]{0,2000}[\u201c\u201d]'
    r"|\u00ab[^\u00bb\x00]{0,2000}\u00bb|\u300c[^\u300d\x00]{0,2000}\u300d"
    r"|(?<![\w'])'[^'\n\x00]{3,300}'(?!\w)"
)


def _blanked(match: re.Match[str]) -> str:
    """A quotation of several words says what somebody else says; a single one is a name."""
    inner = match[0][1:-1].strip()
    return match[0] if " " not in inner else match[0][0] + " " * (len(match[0]) - 2) + match[0][-1]


def _gap(text: str, start: int, end: int) -> str:
    return text[:start] + _GAP * (end - start) + text[end:]


def _mask_elements(text: str, own_only: bool = False) -> str:
    """Overwrite every element (``<name …>…</name>``): results of tools, reminders, markup. One of
    ours that is not closed reaches to the end."""
    at = 0
    unclosed: set[str] = set()
    closing: list[tuple[int, int]] = []
    for tag in _TAG.finditer(text):
        name = tag[2].lower()
        if tag.start() < at or tag[1] or tag[3] or name in unclosed:
            continue
        if own_only and name != OWN_BLOCK:
            continue
        end = _closing(text, tag.end(), tag[2])
        if end < 0:
            unclosed.add(name)
            if len(unclosed) > _MOST_UNCLOSED:
                break
            continue
        closing.append((tag.start(), end))
        at = end
    for start, end in closing:
        text = _gap(text, start, end)
    left = _UNCLOSED.search(text)
    return _gap(text, left.start(), len(text)) if left else text


def _closing(text: str, start: int, name: str) -> int:
    """Where the element that was opened before ``start`` ends, with those of its name inside it;
    -1 if it is not closed."""
    depth = 1
    for tag in re.compile(rf"<(/?){re.escape(name)}\b[^<>]{{0,400}}>", re.I).finditer(text, start):
        depth += -1 if tag[1] else 1
        if depth == 0:
            return tag.end()
    return -1


def _mask_fences(text: str) -> str:
    """Overwrite fenced code; a fence that is not closed reaches to the end."""
    opened: re.Match[str] | None = None
    spans: list[tuple[int, int]] = []
    for fence in _FENCE.finditer(text):
        if opened is None:
            opened = fence
        elif fence[1].startswith(opened[1]):
            spans.append((opened.start(), fence.end()))
            opened = None
    if opened is not None:
        spans.append((opened.start(), len(text)))
    for start, end in spans:
        text = _gap(text, start, end)
    return text


def _mask_lines(text: str) -> str:
    return _NOT_SPOKEN.sub(lambda line: _GAP * len(line[0]), text)
