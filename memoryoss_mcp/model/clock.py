# SPDX-License-Identifier: AGPL-3.0-only
"""Time. A timestamp is an ``int``: nanoseconds since 1970-01-01T00:00:00Z.

Published artifacts carry up to nine fractional digits, which ``datetime`` would lose.
"""

from __future__ import annotations

import re
import time
from datetime import UTC, date, datetime, timedelta

from memoryoss_mcp.errors import InvalidInputError

NANOSECONDS = 1_000_000_000
DAY = 86_400 * NANOSECONDS
MIN_TIMESTAMP, MAX_TIMESTAMP = -(2**63), 2**63 - 1

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RFC3339 = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})"
    r"(?:[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9})\d*)?)?\s*([Zz]|[+-]\d{2}:?\d{2})?)?"
)


def now() -> int:
    """The present time in nanoseconds since the epoch."""
    return time.time_ns()


def format_time(timestamp: int) -> str:
    """RFC 3339 in UTC with ``Z``; a fraction has 3, 6 or 9 digits, the fewest that lose nothing."""
    seconds, fraction = divmod(timestamp, NANOSECONDS)
    text = (_EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")
    if fraction:
        digits = f"{fraction:09d}"
        while digits.endswith("000"):
            digits = digits[:-3]
        text += "." + digits
    return text + "Z"


def parse_time(text: str, *, field: str = "time") -> int:
    """Read RFC 3339, or its date-only and offset-less forms (taken as UTC).

    Raises:
        InvalidInputError: not such a time, or outside the years 1678 to 2261.
    """
    match = _RFC3339.fullmatch(text.strip())
    try:
        if match is None:
            raise ValueError
        year, month, day, hour, minute, second, fraction, offset = match.groups()
        moment = datetime(int(year), int(month), int(day), tzinfo=UTC)
        seconds = int((moment - _EPOCH).total_seconds())
        if hour is not None:
            if int(hour) > 23 or int(minute) > 59 or int(second or 0) > 60:
                raise ValueError
            seconds += int(hour) * 3600 + int(minute) * 60 + int(second or 0)
        if offset and offset not in "Zz":
            hours, minutes = int(offset[1:3]), int(offset[-2:])
            if hours > 23 or minutes > 59:
                raise ValueError
            seconds -= (-1 if offset[0] == "-" else 1) * (hours * 3600 + minutes * 60)
        timestamp = seconds * NANOSECONDS + int((fraction or "0").ljust(9, "0"))
        if not MIN_TIMESTAMP <= timestamp <= MAX_TIMESTAMP:
            raise ValueError
    except ValueError:
        raise InvalidInputError(
            f"{text[:40]!r} is not a time.",
            field=field,
            hint="Send a date (2026-03-31) or RFC 3339 (2026-03-31T09:00:00Z).",
        ) from None
    return timestamp


def to_datetime(timestamp: int) -> datetime:
    """The timestamp as an aware UTC ``datetime`` (microseconds; finer digits are cut)."""
    return _EPOCH + timedelta(microseconds=timestamp // 1000)


def from_datetime(moment: datetime | date) -> int:
    """A ``datetime`` (naive means UTC) or ``date`` (its midnight, UTC) as a timestamp."""
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
    elif moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    delta = moment - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * NANOSECONDS + delta.microseconds * 1000
