# SPDX-License-Identifier: AGPL-3.0-only
"""Values as other programs write them: times of several units, lists in one text, loose types."""

from __future__ import annotations

import json
from typing import Any, Final

from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.model import parse_time
from memoryoss_mcp.model.clock import MAX_TIMESTAMP

_UNITS: Final = ((1e11, 10**9), (1e14, 10**6), (1e17, 10**3), (9.2e18, 1))
"""Up to which number a time counts seconds, milliseconds, microseconds or nanoseconds, each with
the nanoseconds of one. A time of 1973 or later is told apart by its size."""


def moment(value: object) -> int | None:
    """A time in nanoseconds since the epoch: from a number (also as text) of seconds or smaller
    units, or from an ISO 8601 text. ``None`` for what is no time, and for zero, which programs
    write when they know none."""
    if isinstance(value, str):
        number = _number(value)
        if number is None:
            return _parsed(value)
        value = number
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if not 0 < value < _UNITS[-1][0]:  # nor is NaN
        return None
    unit = next(unit for limit, unit in _UNITS if value < limit)
    nanoseconds = value * unit if isinstance(value, int) else _rounded(value, unit)
    return nanoseconds if nanoseconds <= MAX_TIMESTAMP else None


def phrase(value: object) -> str:
    """A text without the space around it, empty for what is not a text."""
    return value.strip() if isinstance(value, str) else ""


def phrases(value: object) -> tuple[str, ...]:
    """The texts of a list, which may be given as JSON; another text is the only one. None of them
    is empty."""
    if isinstance(value, str):
        listed = document(value) if value.lstrip().startswith("[") else None
        value = listed if isinstance(listed, list) else [value]
    if not isinstance(value, list | tuple):
        return ()
    return tuple(text for item in value if (text := phrase(item)))


def labels(value: object) -> tuple[str, ...]:
    """The same, and a text that is no list holds commas between its labels."""
    return tuple(
        label
        for text in phrases(value)
        for part in (text.split(",") if isinstance(value, str) else [text])
        if (label := part.strip())
    )


def mapping(value: object) -> dict[str, Any]:
    """An object, given as such or as JSON; empty for anything else."""
    if isinstance(value, str):
        value = document(value)
    return value if isinstance(value, dict) else {}


def document(text: str | bytes) -> Any:
    """A JSON text as a value, ``None`` if it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _number(text: str) -> int | float | None:
    try:
        return float(text) if "." in text else int(text)
    except ValueError:
        return None


def _parsed(text: str) -> int | None:
    try:
        return parse_time(text)
    except InvalidInputError:
        return None


def _rounded(value: float, unit: int) -> int:
    """Nanoseconds to the microsecond: a float of seconds holds no more in our time."""
    return round(value * unit / 1_000) * 1_000
