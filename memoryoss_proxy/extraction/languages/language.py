# SPDX-License-Identifier: AGPL-3.0-only
"""What the extractor has to know of a language: patterns over flattened text (lower case, without
accents)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

WORD: Final = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True, eq=False)
class Language:
    """The wording of one language. Patterns marked *start* are matched at the start of a clause,
    the others are searched in it."""

    name: str
    words: frozenset[str]
    """Little words that tell the language."""
    filler: re.Pattern[str]
    """*start*: words before a statement that are no part of it."""
    asks: re.Pattern[str]
    """*start*: a question or a request for something to be done now."""
    material: re.Pattern[str]
    """*start*: a request to work on a text, which follows."""
    unreal: re.Pattern[str]
    """What is supposed, considered, imagined or not sure."""
    passing: re.Pattern[str]
    """What holds for the moment, is going on or is announced for soon."""
    general: re.Pattern[str]
    """What is said of everybody."""
    mocking: re.Pattern[str]
    """*start*: what irony begins with; a preference beside it means the opposite."""
    unresolved: re.Pattern[str]
    """*start*: a pronoun in place of a subject that was named before."""
    deictic: re.Pattern[str]
    """What points at something at hand, and makes an order one for now."""
    own: re.Pattern[str]
    """Speaker, team and project."""
    decided: re.Pattern[str]
    ever: re.Pattern[str]
    """Always, never, only, every."""
    every: re.Pattern[str]
    """*start*: all of a kind."""
    together: re.Pattern[str]
    """*start*: a proposal to do something together now; a decision at the most."""
    standing: re.Pattern[str]
    """From now on, by convention, as a rule."""
    ordered: re.Pattern[str]
    """*start*: an order that holds always."""
    taste: re.Pattern[str]
    """What somebody likes, hates, prefers."""
    wish: re.Pattern[str]
    """What somebody wants or orders; a preference only with ``manner``."""
    manner: re.Pattern[str]
    """How answers and texts are to look."""
    lasting: re.Pattern[str]
    """What makes a wish hold for more than the answer that comes next."""
    trouble: re.Pattern[str]
    cause: re.Pattern[str]
    found: re.Pattern[str]
    """A cause that is said to be the one."""
    cure: re.Pattern[str]
    done: re.Pattern[str]
    """*reply*: a change that is reported as made."""
    limit: re.Pattern[str]
    """What must, may not, is at most."""
    habit: re.Pattern[str]
    """What speaker or team do, have, use, are."""
    role: re.Pattern[str]
    """Who owns, leads, is called."""
    state: re.Pattern[str]
    """Where or what something is: a fact if it names something exactly."""
    body: re.Pattern[str]
    """Diet, health, family."""


def anywhere(*patterns: str) -> re.Pattern[str]:
    """One of ``patterns``, as whole words."""
    return re.compile(r"\b(?:" + "|".join(patterns) + r")(?!\w)")


def raw(*patterns: str) -> re.Pattern[str]:
    """One of ``patterns`` as they are."""
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns))
