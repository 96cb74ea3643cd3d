# SPDX-License-Identifier: AGPL-3.0-only
"""Questions about time: the newest state, a date asked for, a period named; a date as terms."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal

from memoryoss_mcp.text.periods import MONTHS, DateRange, bounded, find_periods
from memoryoss_mcp.text.tokens import fold, index_terms

RecencyKind = Literal["latest", "when", "period"]


@dataclass(frozen=True, slots=True)
class Recency:
    """What a query says about time.

    ``kind`` is "period" when it names a date or period, else "latest" when it asks for the present
    or newest state, else "when" when it asks for a date. ``cues`` are the words that said so,
    folded, in that order of kinds; ``ranges`` are the periods whose days are certain.
    """

    kind: RecencyKind
    cues: tuple[str, ...]
    ranges: tuple[DateRange, ...] = ()


def is_time_seeking(query: str, now: datetime | date | None = None) -> Recency | None:
    """Return what ``query`` says about time, ``None`` when it says nothing.

    Relative periods ("last week") are counted from the calendar day of ``now`` in its own time
    zone; without it they are recognised but have no range.
    """
    today = now.date() if isinstance(now, datetime) else now
    text = " ".join(fold(query.replace("\u2019", "'")).split())
    periods = find_periods(text, today)
    # What a period says must not be said twice: "last week" is no question for the last of all.
    rest = text
    for period in reversed(periods):
        rest = f"{rest[: period.start]} . {rest[period.end :]}"
    latest, when = _LATEST.findall(rest), _WHEN.findall(rest)
    kind: RecencyKind
    if periods:
        kind = "period"
    elif latest:
        kind = "latest"
    elif when:
        kind = "when"
    else:
        return None
    named = [text[period.start : period.end] for period in periods]
    return Recency(kind, tuple(dict.fromkeys([*named, *latest, *when])), bounded(text, periods))


def date_terms(day: datetime | date) -> list[str]:
    """Return the index terms of a date, in the analysed form of a question that names it.

    8 May 2023 gives ``2023-05-08``, ``2023-05``, ``2023``, ``may``, ``8``. The weekday is left out:
    a seventh of all memories share it, and "on Monday" rarely means just any Monday.
    """
    return [
        f"{day.year:04d}-{day.month:02d}-{day.day:02d}",
        f"{day.year:04d}-{day.month:02d}",
        f"{day.year:04d}",
        *index_terms(MONTHS[day.month - 1]),
        str(day.day),
    ]


_LATEST: Final = re.compile(
    r"\b(?:latest|newest|most recent(?:ly)?|recent(?:ly)?|current(?:ly)?|right now|as of|now"
    r"|nowadays|these days|at (?:the )?(?:moment|present)|presently|so far|by now|still"
    r"|any ?more|no longer|up[ -]to[ -]date|updated|updates? on|any updates?|lately"
    r"|last(?! names?\b)"
    r"|aktuell(?:e[nmrs]?)?|derzeit(?:ige[nmrs]?)?|momentan|jetzt|zuletzt|neueste[nmrs]?"
    r"|letzte[nmrs]?|inzwischen|mittlerweile|heutzutage|immer noch|nicht mehr|neulich|kurzlich"
    r"|actuel(?:le)?(?:ment|s)?|maintenant|derni(?:ere?)(?:ment|s)?|recemment|en ce moment"
    r"|actualmente|ahora|ultim[oa]s?|recientemente|attual(?:e|mente)|adesso|recentemente"
    r"|atual(?:mente)?|agora)\b"
)
_WHEN: Final = re.compile(
    # "when" is a question before a verb form and after "know"; elsewhere it is a condition.
    r"(?:(?:^|[.?!,;:] ?|\b(?:and|so|exactly) )"
    r"when(?='s\b| (?:did|do|does|was|were|is|are|am|will|has|have|had|should|can|could|would)\b)"
    r"|\b(?:know|remember|recall|tell me|say|said|since|until|about|of) when"
    r"|\b(?:what|which) (?:date|day|week|month|year|time)|\bhow long (?:ago|have|has|since)"
    r"|\bhow recently|\b(?:seit |bis )?wann|\bwie lange (?:schon|her)|\ban welchem tag"
    r"|(?:^|\b(?:depuis|desde|da) )(?:quand|cuando|quando)|\u00bfcuando)\b"
)
