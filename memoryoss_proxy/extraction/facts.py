# SPDX-License-Identifier: AGPL-3.0-only
"""Facts out of an exchange: what goes in, what comes out, and what no fact may be."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Final, Literal, Protocol

from memoryoss_mcp.errors import MemoryOSSError
from memoryoss_mcp.screen.injection import attacks, orders

MOST_FACTS: Final = 5
"""Facts of one exchange at the most."""
LONGEST_FACT: Final = 600
"""Characters of a fact; what is longer states more than one thing."""

Speaker = Literal["user", "assistant"]
Kind = Literal["decision", "convention", "preference", "fix", "constraint", "fact"]


@dataclass(frozen=True, slots=True)
class Fact:
    """One statement that is understood without the conversation. ``evidence`` are the speaker's own
    words, as they stand in the new part of the exchange."""

    content: str
    tags: tuple[str, ...]
    evidence: str
    speaker: Speaker


@dataclass(frozen=True, slots=True)
class Exchange:
    """A finished exchange: the messages as ``(role, text)`` and the reply to them.

    Only messages from index ``new_from`` on, and the reply, are read for facts. What stands before
    was read with earlier requests and is context. Roles other than ``user`` and ``assistant`` (the
    results of tools, system prompts) are never read for facts.
    """

    messages: tuple[tuple[str, str], ...]
    reply: str
    new_from: int = 0

    def new_turns(self) -> tuple[tuple[Speaker, str], ...]:
        """Speaker and text of what is new: messages in order, then the reply."""
        turns: list[tuple[Speaker, str]] = []
        for role, text in self.messages[max(self.new_from, 0) :]:
            if role == "user":
                turns.append(("user", text))
            elif role == "assistant":
                turns.append(("assistant", text))
        if self.reply:
            turns.append(("assistant", self.reply))
        return tuple(turns)


class Extractor(Protocol):
    """What finds facts. Synchronous: a face calls it in a worker thread."""

    def extract(self, exchange: Exchange) -> tuple[Fact, ...]:
        """At most :data:`MOST_FACTS` facts, best first.

        Raises:
            ExtractionError: the extractor could not be asked; nothing was extracted.
        """


class ExtractionError(MemoryOSSError):
    """Facts could not be extracted. Nothing was stored. ``status`` is that of the answer, if there
    was one."""

    code: ClassVar[str] = "extraction_failed"

    def __init__(self, message: str, *, status: int | None = None, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.status = status


_FOR_THE_READER: Final = frozenset(
    {
        "addresses_reader",
        "claims_authority",
        "condition",
        "encoded_text",
        "invisible_characters",
        "markup",
        "reveals",
        "unreadable",
    }
)


def is_harmless(text: str, speaker: Speaker) -> bool:
    """Whether a text may become a fact. Attacks never may. An assistant's words may have been put
    into its mouth by what it read, so they may not speak to a reader either."""
    if attacks(text):
        return False
    return speaker == "user" or _FOR_THE_READER.isdisjoint(orders(text))


def distinct(facts: Iterable[Fact]) -> tuple[Fact, ...]:
    """The first :data:`MOST_FACTS` of ``facts``, each content once; no more are asked for."""
    seen: dict[str, Fact] = {}
    for fact in facts:
        seen.setdefault(" ".join(fact.content.casefold().split()).rstrip(".!"), fact)
        if len(seen) == MOST_FACTS:
            break
    return tuple(seen.values())
