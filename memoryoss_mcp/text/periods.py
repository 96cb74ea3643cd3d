# SPDX-License-Identifier: AGPL-3.0-only
"""Dates and periods named in a text: where they stand, and which days they are when that is
certain.
"""

import re
from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Final

from memoryoss_mcp.text.stopwords import word_set


@dataclass(frozen=True, slots=True)
class DateRange:
    """Days from ``start`` to before ``end``; ``None`` leaves that side open."""

    start: date | None
    end: date | None


@dataclass(frozen=True, slots=True)
class Period:
    """A date or period at ``start:end`` of the text; ``days`` is ``None`` when not certain."""

    start: int
    end: int
    days: DateRange | None


def find_periods(folded: str, today: date | None) -> list[Period]:
    """Return the periods that a folded text names, in order.

    Weeks begin on Monday. "Last week" is the previous calendar week, "the past 3 days" the three
    days before today and today, "3 days ago" one day, "2 weeks (months, years) ago" that whole
    calendar week (month, year). Without ``today`` relative periods have no days, and a month
    without a year, a bare weekday or ``5/8/2023`` (day or month first?) never has.
    """
    periods = []
    for match in _period().finditer(folded):
        if not _is_meant(folded[: match.start()], match):
            continue
        try:
            days = _days(match, today)
        except (ValueError, OverflowError):
            # 2023-02-31 or "900 years ago" in the year 800: named, but no day of the calendar.
            days = None
        periods.append(Period(match.start(), match.end(), days))
    return periods


def bounded(folded: str, periods: list[Period]) -> tuple[DateRange, ...]:
    """Return the days that a text asks for: its certain periods, with "since" and so on applied."""
    ranges: list[DateRange] = []
    skip = False
    for index, period in enumerate(periods):
        if skip or period.days is None:
            skip = False
            continue
        before = folded[: period.start]
        following = periods[index + 1] if index + 1 < len(periods) else None
        if following is not None and following.days is not None:
            between = folded[period.end : following.start]
            if _TO.fullmatch(between) and (between.strip() in _DASHES or _FROM.search(before)):
                ranges.append(DateRange(period.days.start, following.days.end))
                skip = True
                continue
        ranges.append(_one_sided(before, period.days))
    return tuple(ranges)


def _one_sided(before: str, days: DateRange) -> DateRange:
    if _SINCE.search(before):
        return DateRange(days.start, None)
    if _AFTER.search(before):
        return DateRange(days.end, None)
    if _BEFORE.search(before):
        return DateRange(None, days.start)
    if _UNTIL.search(before):
        return DateRange(None, days.end)
    return days


# --- names

MONTHS: Final = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_MONTH_NUMBERS: Final = {name: number for number, name in enumerate(MONTHS, 1)} | {
    # German, French, Spanish, Italian, Portuguese; accents folded
    **dict.fromkeys(word_set("januar janner janvier enero gennaio janeiro"), 1),
    **dict.fromkeys(word_set("februar fevrier febrero febbraio fevereiro"), 2),
    **dict.fromkeys(word_set("marz mars marzo marco"), 3),
    **dict.fromkeys(word_set("avril abril aprile"), 4),
    **dict.fromkeys(word_set("mai mayo maggio maio"), 5),
    **dict.fromkeys(word_set("juni juin junio giugno junho"), 6),
    **dict.fromkeys(word_set("juli juillet julio luglio julho"), 7),
    **dict.fromkeys(word_set("aout agosto"), 8),
    **dict.fromkeys(word_set("septembre septiembre settembre setembro"), 9),
    **dict.fromkeys(word_set("oktober octobre octubre ottobre outubro"), 10),
    **dict.fromkeys(word_set("novembre noviembre novembro"), 11),
    **dict.fromkeys(word_set("dezember decembre diciembre dicembre dezembro"), 12),
}
_SHORT_MONTHS: Final = {
    **{name[:3]: number for number, name in enumerate(MONTHS, 1)},
    **{"sept": 9, "okt": 10, "dez": 12, "mrz": 3},
}
_AMBIGUOUS_MONTHS: Final = frozenset({"may", "march", "mars", "marco", "enero"})
"""Words of their own: they name a month beside a day or a year, or after "in" and its like."""
_WEEKDAYS: Final = (
    ("monday", "montag"),
    ("tuesday", "dienstag"),
    ("wednesday", "mittwoch"),
    ("thursday", "donnerstag"),
    ("friday", "freitag"),
    ("saturday", "samstag"),
    ("sunday", "sonntag"),
)
_WEEKDAY_NUMBERS: Final = {name: i for i, names in enumerate(_WEEKDAYS) for name in names}
_NUMBERS: Final = {
    **dict.fromkeys(word_set("a an one ein eine einem einer"), 1),
    **dict.fromkeys(word_set("two zwei"), 2),
    **dict.fromkeys(word_set("three drei"), 3),
    **dict.fromkeys(word_set("four vier"), 4),
    **dict.fromkeys(word_set("five funf"), 5),
    **dict.fromkeys(word_set("six sechs"), 6),
    **{"seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12},
}
_UNITS: Final = {
    **dict.fromkeys(word_set("day days tag tage tagen"), "day"),
    **dict.fromkeys(word_set("week weeks woche wochen"), "week"),
    **dict.fromkeys(word_set("month months monat monate monaten"), "month"),
    **dict.fromkeys(word_set("year years jahr jahre jahren"), "year"),
    **dict.fromkeys(word_set("quarter quarters quartal"), "quarter"),
}
_RELATIVE_DAYS: Final = {
    **dict.fromkeys(("today", "tonight", "this morning", "heute", "hoy", "oggi", "hoje"), 0),
    "aujourd'hui": 0,
    **dict.fromkeys(("yesterday", "last night", "gestern", "ayer", "ieri", "ontem"), -1),
    **dict.fromkeys(("the day before yesterday", "vorgestern"), -2),
    "tomorrow": 1,
}


def _any(words: Iterable[str]) -> str:
    return "|".join(sorted(words, key=len, reverse=True))


_MONTH: Final = _any(_MONTH_NUMBERS)
_MONTH_BESIDE: Final = rf"(?:{_MONTH}|(?:{_any(_SHORT_MONTHS)})\b\.?)"
_NUMBER: Final = rf"\d{{1,3}}|{_any(_NUMBERS)}"
_YEAR: Final = r"(?:19|20)\d\d"


@cache
def _period() -> re.Pattern[str]:
    # Start-up time: 7 ms to compile.
    return re.compile(
        r"(?<![\w./:#-])(?:"
        rf"(?P<iso>(?P<iso_y>{_YEAR})[-/](?P<iso_m>\d\d?)(?:[-/](?P<iso_d>\d\d?))?)"
        rf"|(?P<dotted>(?P<dot_d>\d\d?)\.\s?(?P<dot_m>\d\d?)\.\s?(?P<dot_y>{_YEAR}))"
        rf"|(?P<slashed>(?P<sl_1>\d\d?)/(?P<sl_2>\d\d?)/(?P<sl_y>{_YEAR}|\d\d))"
        rf"|(?P<quarter>q(?P<q_n>[1-4])\s?(?P<q_y>{_YEAR})|(?P<q_y2>{_YEAR})\s?q(?P<q_n2>[1-4]))"
        rf"|(?P<day_first>(?P<df_d>[0-3]?\d)(?:st|nd|rd|th|\.)?\s(?:of\s|de\s)?(?P<df_m>{_MONTH_BESIDE})"
        rf"(?:,?\s(?:de\s)?(?P<df_y>{_YEAR}))?)"
        rf"|(?P<month_first>(?P<mf_m>{_MONTH_BESIDE})\s(?:the\s)?(?P<mf_d>[0-3]?\d)(?:st|nd|rd|th)?"
        rf"(?:,?\s(?P<mf_y>{_YEAR}))?)"
        rf"|(?P<month_year>(?P<my_m>{_MONTH_BESIDE}),?\s(?:of\s|de\s)?(?P<my_y>{_YEAR}))"
        rf"|(?P<month>{_MONTH})"
        rf"|(?P<day>{_any(_RELATIVE_DAYS)})"
        rf"|(?P<past>(?:last|past|previous|(?:in\s)?den\sletzten|letzten|letzte)\s(?P<pa_n>{_NUMBER})\s"
        rf"(?P<pa_u>days|weeks|months|years|tage|tagen|wochen|monate|monaten|jahre|jahren))"
        rf"|(?P<calendar>(?P<ca_w>last|past|previous|this|letzte[nrs]?|diese[nrsm]?)\s"
        rf"(?P<ca_u>week|month|year|quarter|woche|monat|jahr|quartal))"
        rf"|(?P<ago>(?P<ag_n>{_NUMBER})\s(?P<ag_u>{_any(_UNITS)})\sago"
        rf"|vor\s(?P<vor_n>{_NUMBER})\s(?P<vor_u>{_any(_UNITS)}))"
        rf"|(?P<weekday>(?:(?P<wd_last>last|letzten)\s)?(?P<wd>{_any(_WEEKDAY_NUMBERS)}))"
        rf"|(?P<year>{_YEAR})"
        r")(?![\w/]|[-.:]\w)"
    )


def _is_meant(before: str, match: re.Match[str]) -> bool:
    """Whether a bare "may" is the month, a bare "2023" the year: the word before it tells."""
    match match.lastgroup:
        case "month":
            return match[0] not in _AMBIGUOUS_MONTHS or _IN.search(before) is not None
        case "year":
            return _IN.search(before) is not None or _TO_YEAR.search(before) is not None
    return True


_IN: Final = re.compile(
    r"\b(?:in|since|until|till|last|this|next|early|late|mid|during|before|by|im|seit|en|em)\s$"
)
_TO_YEAR: Final = re.compile(
    r"\b(?:of|from|after|year|between|jahr|ab|bis|nach|vor|nel|desde|depuis|dans"
    rf"|{_YEAR}\s(?:and|to|through|until|und|bis|[-–—]))\s$"
)
_FROM: Final = re.compile(r"\b(?:from|between|von|zwischen|vom|de|entre)\s$")
_SINCE: Final = re.compile(
    r"\b(?:since|from|starting|starting\son|seit|seit\sdem|ab|desde|depuis)\s$"
)
_AFTER: Final = re.compile(r"\b(?:after|later\sthan|nach|nach\sdem)\s$")
_BEFORE: Final = re.compile(r"\b(?:before|prior\sto|earlier\sthan|vor|vor\sdem)\s$")
_UNTIL: Final = re.compile(r"\b(?:until|till|up\sto|through|by|bis|bis\szum)\s$")
_DASHES: Final = frozenset("-–—")
_TO: Final = re.compile(r"\s?(?:and|to|until|till|through|und|bis|a|e|y|et|[-–—])\s?")


# --- days


def _days(match: re.Match[str], today: date | None) -> DateRange | None:
    """The days of a period; raises ``ValueError`` or ``OverflowError`` for no calendar days."""
    match match.lastgroup:
        case "iso":
            year, month = int(match["iso_y"]), int(match["iso_m"])
            day = match["iso_d"]
            return _day(date(year, month, int(day))) if day else _month(year, month)
        case "dotted":
            return _day(date(int(match["dot_y"]), int(match["dot_m"]), int(match["dot_d"])))
        case "slashed":
            return _slashed(int(match["sl_1"]), int(match["sl_2"]), match["sl_y"])
        case "quarter":
            quarter = int(match["q_n"] or match["q_n2"])
            return _quarter(int(match["q_y"] or match["q_y2"]), quarter)
        case "day_first":
            return _named_day(match["df_d"], match["df_m"], match["df_y"])
        case "month_first":
            return _named_day(match["mf_d"], match["mf_m"], match["mf_y"])
        case "month_year":
            return _month(int(match["my_y"]), _month_number(match["my_m"]))
        case "year":
            return _year(int(match["year"]))
    return None if today is None else _relative_days(match, today)


def _relative_days(match: re.Match[str], today: date) -> DateRange | None:
    match match.lastgroup:
        case "day":
            return _day(today + timedelta(days=_RELATIVE_DAYS[match["day"]]))
        case "past":
            count, unit = _number(match["pa_n"]), _UNITS[match["pa_u"]]
            return DateRange(_back(today, count, unit), today + timedelta(days=1))
        case "calendar":
            back = 0 if match["ca_w"].startswith(("this", "diese")) else 1
            return _calendar(today, back, _UNITS[match["ca_u"]])
        case "ago":
            count = _number(match["ag_n"] or match["vor_n"])
            return _calendar(today, count, _UNITS[match["ag_u"] or match["vor_u"]])
        case "weekday" if match["wd_last"]:
            back = (today.weekday() - _WEEKDAY_NUMBERS[match["wd"]] - 1) % 7 + 1
            return _day(today - timedelta(days=back))
    return None


def _named_day(day: str, month: str, year: str | None) -> DateRange | None:
    return _day(date(int(year), _month_number(month), int(day))) if year else None


def _slashed(first: int, second: int, year: str) -> DateRange | None:
    """Month first (US) or day first (elsewhere): certain only if one of them exceeds 12."""
    if len(year) != 4 or (first <= 12 and second <= 12 and first != second):
        return None
    day, month = max(first, second), min(first, second)
    return _day(date(int(year), month, day))


def _month_number(name: str) -> int:
    name = name.rstrip(".")
    return _MONTH_NUMBERS.get(name) or _SHORT_MONTHS[name]


def _number(word: str) -> int:
    return _NUMBERS.get(word) or int(word)


def _day(day: date) -> DateRange:
    return DateRange(day, day + timedelta(days=1))


def _month(year: int, month: int) -> DateRange:
    return DateRange(date(year, month, 1), date(year + month // 12, month % 12 + 1, 1))


def _quarter(year: int, quarter: int) -> DateRange:
    last = _month(year, 3 * quarter)
    return DateRange(date(year, 3 * quarter - 2, 1), last.end)


def _year(year: int) -> DateRange:
    return DateRange(date(year, 1, 1), date(year + 1, 1, 1))


def _calendar(today: date, back: int, unit: str) -> DateRange:
    """The whole day, week, month, quarter or year that lies ``back`` units before today's."""
    match unit:
        case "day":
            return _day(today - timedelta(days=back))
        case "week":
            monday = today - timedelta(days=today.weekday() + 7 * back)
            return DateRange(monday, monday + timedelta(days=7))
        case "month":
            months = 12 * today.year + today.month - 1 - back
            return _month(months // 12, months % 12 + 1)
        case "quarter":
            quarters = 4 * today.year + (today.month - 1) // 3 - back
            return _quarter(quarters // 4, quarters % 4 + 1)
        case _:
            return _year(today.year - back)


def _back(today: date, count: int, unit: str) -> date:
    """The day ``count`` units before today; the last of the month where that day is missing."""
    match unit:
        case "day" | "week":
            return today - timedelta(days=count * (7 if unit == "week" else 1))
        case _:
            months = 12 * today.year + today.month - 1 - count * (12 if unit == "year" else 1)
            year, month = months // 12, months % 12 + 1
            return date(year, month, min(today.day, monthrange(year, month)[1]))
