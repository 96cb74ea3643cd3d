# SPDX-License-Identifier: AGPL-3.0-only
"""Secrets in a text: where keys, tokens, passwords and private keys stand, and the text without
them.

Three readings of a text are put together: keys that their vendors gave a shape of their own
(:mod:`.keys`), secrets that stand where the syntax puts them (:mod:`.blocks`: private keys, web
addresses, headers), and values that something named like a secret is said to have (:mod:`.named`).
Only the secret is replaced; the sentence around it stays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from memoryoss_mcp.screen.secrets.span import MARK, Span


@dataclass(frozen=True, slots=True)
class Secret:
    """One secret of a text: what kind it is and where it stands. Never what it is."""

    kind: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Redacted:
    """A text without its secrets. ``found`` has their places in the text as it was; where there
    are none, ``text`` is the very object that was given."""

    text: str
    found: tuple[Secret, ...] = ()


def redact(text: str) -> Redacted:
    """Replace every secret by ``[redacted:<kind>]``. What is redacted already stays as it is."""
    found = find(text)
    if not found:
        return Redacted(text)
    parts: list[str] = []
    end = 0
    for secret in found:
        parts += (text[end : secret.start], MARK.format(secret.kind))
        end = secret.end
    return Redacted("".join((*parts, text[end:])), found)


def find(text: str) -> tuple[Secret, ...]:
    """The secrets of a text in their order; they do not overlap."""
    # Start-up time: many patterns, needed when the first memory is stored.
    from memoryoss_mcp.screen.secrets import blocks, keys, named

    spans = (*keys.spans(text), *blocks.spans(text), *named.spans(text))
    return tuple(_united(spans)) if spans else ()


def in_words(kinds: Iterable[str]) -> str:
    """What was redacted: ``2 secrets were redacted: github_token, password``."""
    counts = Counter(kinds)
    number = counts.total()
    words = "1 secret was" if number == 1 else f"{number} secrets were"
    return f"{words} redacted: {', '.join(counts)}"


def _united(spans: Iterable[Span]) -> list[Secret]:
    """One secret where spans overlap. The first reading names it: a vendor's shape says more than
    the word before it."""
    ranked = sorted((start, -end, rank, kind) for rank, (start, end, kind) in enumerate(spans))
    united: list[tuple[int, int, int, str]] = []
    for start, negative, rank, kind in ranked:
        end = -negative
        if united and start < united[-1][1]:
            first, last, known, name = united[-1]
            best = (known, name) if known < rank else (rank, kind)
            united[-1] = (first, max(last, end), *best)
        else:
            united.append((start, end, rank, kind))
    return [Secret(kind, start, end) for start, end, _, kind in united]
