# SPDX-License-Identifier: AGPL-3.0-only
"""What a foreign memory holds, in numbers, before anything of it is imported."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from memoryoss_mcp.exchange.junk import junk
from memoryoss_mcp.exchange.likeness import Words, near_duplicates, related
from memoryoss_mcp.exchange.record import Found, Skipped
from memoryoss_mcp.model import DAY, Limits, now
from memoryoss_mcp.screen.injection import attacks
from memoryoss_mcp.screen.secrets import find, redact
from memoryoss_mcp.store.types import Progress
from memoryoss_mcp.text.cues import LOOKED_AT, speaks_of_the_past
from memoryoss_mcp.text.statements import Relation, compare, is_statement
from memoryoss_mcp.text.tokens import fold, index_terms

EXAMPLES: Final = 5
"""Examples of each kind of finding."""
PREVIEW: Final = 100
"""Characters of an example."""
OLD: Final = 365 * DAY
"""From this age on, what speaks of the past or of times relative to its day is taken for stale."""
LONGEST_COMPARED: Final = 4_000
"""Characters of a text by which it is compared with others."""
REPORT_EVERY: Final = 500


@dataclass(frozen=True, slots=True)
class Example:
    """A record that was found out: where it stands, its beginning without secrets, and the kind of
    the finding or the place of the record that it repeats or is outdated by."""

    place: str
    preview: str
    detail: str


@dataclass(frozen=True, slots=True)
class Audit:
    """The numbers. Of ``findings``, by name, a record may be in several:

    ``duplicates`` repeat an earlier record word for word, ``near_duplicates`` nearly so; ``junk``
    is not worth keeping; ``secrets`` hold keys or passwords; ``stale`` speak of what is over or
    long ago; ``outdated`` are replaced or contradicted by a later record; ``injection`` gives
    orders to its reader; ``oversize`` is longer than a memory may be.

    ``kinds`` are the kinds of a finding (of secrets, each occurrence). ``sound`` records are in no
    finding. ``unreadable`` ones could not become a memory, by reason.
    """

    records: int
    sound: int
    findings: dict[str, int]
    kinds: dict[str, dict[str, int]]
    examples: dict[str, tuple[Example, ...]]
    unreadable: dict[str, int]
    oldest_at: int | None = None
    newest_at: int | None = None

    @property
    def score(self) -> int:
        """Health, 0 to 100: the share of sound records among all, rounded down."""
        return 100 * self.sound // self.records if self.records else 100

    @property
    def summary(self) -> str:
        """One line for people."""
        found = [f"{count:,} {_IN_WORDS[name]}" for name, count in self.findings.items() if count]
        unread = sum(self.unreadable.values())
        if unread:
            found.append(f"{unread:,} more cannot be read")
        told = "; ".join(found) or "nothing found"
        records = "record" if self.records == 1 else "records"
        are = "is" if self.sound == 1 else "are"
        return f"{self.sound:,} of {self.records:,} {records} {are} sound ({self.score} %): {told}"


DUPLICATES, NEAR, JUNK, SECRETS = "duplicates", "near_duplicates", "junk", "secrets"
STALE, OUTDATED, INJECTION, OVERSIZE = "stale", "outdated", "injection", "oversize"

_IN_WORDS: Final = {
    DUPLICATES: "repeated word for word",
    NEAR: "nearly repeated",
    JUNK: "not worth keeping",
    SECRETS: "with secrets",
    STALE: "stale",
    OUTDATED: "replaced or contradicted later",
    INJECTION: "with orders to their reader",
    OVERSIZE: "too long",
}


_RELATIVE: Final = re.compile(
    r"\b(?:today|tonight|tomorrow|yesterday|(?:this|next|last) (?:week(?:end)?|month|quarter"
    r"|sprint|year|monday|tuesday|wednesday|thursday|friday|saturday|sunday)"
    r"|in (?:a|two|three|\d+) (?:days?|weeks?|months?)|right now|at the moment"
    r"|heute|gestern|ubermorgen|(?:diese|nachste|letzte|kommende)[nmrs]? (?:woche|monat|quartal"
    r"|jahr|montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag)|im moment"
    r"|aujourd'hui|demain|hier|(?:cette|la) semaine(?: prochaine)?|(?:le )?mois prochain"
    r"|l'annee prochaine|hoy|ayer|(?:la )?proxima semana|(?:el )?proximo (?:mes|ano)|esta semana"
    r"|oggi|domani|ieri|(?:la )?prossima settimana|(?:il )?prossimo (?:mese|anno)"
    r"|hoje|amanha|ontem|(?:na |a )?semana que vem|proximo mes)\b"
)
"""Times that are others on each day, in folded text."""


def audit(
    records: Iterable[Found | Skipped],
    limits: Limits,
    *,
    total: int = 0,
    progress: Progress | None = None,
    at: int | None = None,
) -> Audit:
    """Read all records and judge them. ``at`` is the present (nanoseconds); ``total`` is for
    ``progress``. Takes time in proportion to the records; of each, its beginning (4,000 characters)
    and its distinct words are held in memory."""
    reading = _Reading(limits, now() if at is None else at)
    for count, record in enumerate(records, 1):
        reading.take(record)
        if progress is not None and count % REPORT_EVERY == 0:
            progress("reading", count, max(total, count))
    if progress is not None:
        progress("comparing", reading.count, reading.count)
    reading.compare()
    return reading.result()


class _Reading:
    def __init__(self, limits: Limits, at: int) -> None:
        self._limits = limits
        self._now = at
        self._found: dict[str, set[int]] = {name: set() for name in _IN_WORDS}
        self._kinds: dict[str, Counter[str]] = {}
        self._examples: dict[str, list[Example]] = {name: [] for name in _IN_WORDS}
        self._unreadable: Counter[str] = Counter()
        self._texts: list[str] = []
        self._places: list[str] = []
        self._times: list[int | None] = []
        self._words: list[Words] = []
        self._first: dict[int, int] = {}

    @property
    def count(self) -> int:
        """Records that were read, those that cannot become a memory too."""
        return len(self._texts) + self._unreadable.total()

    def take(self, record: Found | Skipped) -> None:
        """Judge a record by itself."""
        if isinstance(record, Skipped):
            self._unreadable[record.reason] += 1
            return
        content = record.content
        number = len(self._texts)
        self._texts.append(content[:LONGEST_COMPARED])
        self._places.append(record.place)
        said_at = record.updated_at or record.created_at
        self._times.append(said_at)
        secrets = find(content)
        for secret in secrets:
            self._count(SECRETS, secret.kind)
        if secrets:
            self._note(SECRETS, number, ", ".join(dict.fromkeys(s.kind for s in secrets)))
        if reasons := attacks(content):
            self._count(INJECTION, reasons[0])
            self._note(INJECTION, number, reasons[0])
        size = len(content.encode("utf-8", "replace"))
        if size > self._limits.max_content_bytes:
            self._note(OVERSIZE, number, f"{size:,} bytes")
        said = record.said
        kind = junk(content) if said is None else junk(said, has_subject=True)
        if kind is not None:
            self._count(JUNK, kind)
            self._note(JUNK, number, kind)
        elif said_at is not None and (why := self._stale(content, said_at)) is not None:
            self._count(STALE, why)
            self._note(STALE, number, why)
        first = self._first.setdefault(hash(content), number)
        repeats = first != number
        if repeats:
            self._note(DUPLICATES, number, self._places[first])
        skipped = repeats or kind is not None
        self._words.append(frozenset() if skipped else frozenset(index_terms(self._texts[-1])))

    def compare(self) -> None:
        """Judge the records by each other."""
        for number, other in near_duplicates(self._words):
            self._note(NEAR, number, self._places[other])
        single = [
            words if is_statement(text) else frozenset()
            for words, text in zip(self._words, self._texts, strict=True)
        ]
        for number, other in related(single):
            self._compare(*self._in_time(other, number))

    def _compare(self, older: int, newer: int) -> None:
        if older in self._found[OUTDATED] or newer in self._found[NEAR]:
            return
        relation = compare(self._texts[older], self._texts[newer]).relation
        if relation in (Relation.UPDATE, Relation.CONTRADICTION):
            self._count(OUTDATED, relation.value)
            self._note(OUTDATED, older, self._places[newer])
        elif relation is Relation.DUPLICATE:
            self._note(NEAR, newer, self._places[older])

    def _in_time(self, one: int, other: int) -> tuple[int, int]:
        """Two records, the older first; in the order of the source where that is not known."""
        times = self._times[one], self._times[other]
        if times[0] is not None and times[1] is not None and times[1] < times[0]:
            return other, one
        return one, other

    def _stale(self, content: str, said_at: int) -> str | None:
        if self._now - said_at < OLD:
            return None
        if speaks_of_the_past(content):
            return "of_the_past"
        start = " ".join(fold(content[:LOOKED_AT]).split())
        return "relative_time" if _RELATIVE.search(start) else None

    def result(self) -> Audit:
        records = len(self._texts)
        found = set().union(*self._found.values())
        known = [moment for moment in self._times if moment is not None]
        return Audit(
            records=records,
            sound=records - len(found),
            findings={name: len(numbers) for name, numbers in self._found.items()},
            kinds={name: dict(kinds.most_common()) for name, kinds in self._kinds.items()},
            examples={name: tuple(kept) for name, kept in self._examples.items() if kept},
            unreadable=dict(self._unreadable.most_common()),
            oldest_at=min(known, default=None),
            newest_at=max(known, default=None),
        )

    def _count(self, finding: str, kind: str) -> None:
        self._kinds.setdefault(finding, Counter())[kind] += 1

    def _note(self, finding: str, number: int, detail: str) -> None:
        self._found[finding].add(number)
        kept = self._examples[finding]
        if len(kept) < EXAMPLES:
            # Redacted before it is cut: half of a key has no longer the shape of one.
            line = " ".join(redact(self._texts[number]).text[: 4 * PREVIEW].split())
            preview = line if len(line) <= PREVIEW else line[: PREVIEW - 1].rstrip() + "…"
            kept.append(Example(self._places[number], preview, detail))
