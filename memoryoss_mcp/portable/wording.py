# SPDX-License-Identifier: AGPL-3.0-only
"""Where two wordings of a text differ: word by word, line by line when they are long, and as a
whole when they are very long. For people to look at; nothing else depends on it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final, Literal

RunKind = Literal["same", "removed", "added"]

MOST_PARTS: Final = 300
"""Words or lines that are compared with each other; the work grows with their product."""
LONGEST_RUN: Final = 600
"""Characters of a run that are shown."""
CONTEXT: Final = 60
"""Characters of what is the same that are shown on each side of a change."""

_WORDS: Final = re.compile(r"\w+|\s+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Run:
    """A piece of a text that is in both wordings, or in one of them."""

    kind: RunKind
    text: str


def runs(before: str, after: str) -> tuple[Run, ...]:
    """The pieces that lead from one wording to the other, long ones cut with "…" ."""
    return tuple(_cut(list(_joined(_runs(before, after)))))


def _runs(before: str, after: str) -> Iterator[Run]:
    for split in (_WORDS.findall, _lines):
        old, new = split(before), split(after)
        head = _shared(old, new)
        tail = _shared(old[head:][::-1], new[head:][::-1])
        old_end, new_end = len(old) - tail, len(new) - tail
        if old_end - head <= MOST_PARTS and new_end - head <= MOST_PARTS:
            yield Run("same", "".join(old[:head]))
            yield from _compared(old[head:old_end], new[head:new_end])
            yield Run("same", "".join(old[old_end:]))
            return
    yield Run("removed", before)
    yield Run("added", after)


def _compared(old: Sequence[str], new: Sequence[str]) -> Iterator[Run]:
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    for kind, old_start, old_end, new_start, new_end in matcher.get_opcodes():
        if kind == "equal":
            yield Run("same", "".join(old[old_start:old_end]))
            continue
        yield Run("removed", "".join(old[old_start:old_end]))
        yield Run("added", "".join(new[new_start:new_end]))


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def _shared(one: Sequence[str], other: Sequence[str]) -> int:
    """How many parts both have at their beginning."""
    count = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        count += 1
    return count


def _joined(pieces: Iterator[Run]) -> Iterator[Run]:
    """The runs without empty ones, those of the same kind as one. A blank between two changes
    belongs to both: a changed phrase reads better than changed words."""
    removed = added = same = ""
    for piece in pieces:
        if piece.kind == "same":
            same += piece.text
            continue
        if same.strip() or not (removed or added):
            yield from _present(removed, added, same)
            removed = added = ""
        else:
            removed, added = removed + same, added + same
        same = ""
        if piece.kind == "removed":
            removed += piece.text
        else:
            added += piece.text
    yield from _present(removed, added, same)


def _present(removed: str, added: str, same: str) -> Iterator[Run]:
    if removed:
        yield Run("removed", removed)
    if added:
        yield Run("added", added)
    if same:
        yield Run("same", same)


def _cut(pieces: list[Run]) -> Iterator[Run]:
    for place, piece in enumerate(pieces):
        if piece.kind != "same":
            text = piece.text
            yield Run(piece.kind, text if len(text) <= LONGEST_RUN else text[:LONGEST_RUN] + "…")
            continue
        head = piece.text[:CONTEXT] if place else ""
        tail = piece.text[-CONTEXT:] if place < len(pieces) - 1 else ""
        if len(piece.text) <= len(head) + len(tail) + 1:
            yield piece
        else:
            yield Run("same", f"{head}…{tail}")
