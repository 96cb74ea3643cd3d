# SPDX-License-Identifier: AGPL-3.0-only
"""JSON as the published lines hash it: compact, UTF-8, strings and numbers printed the way that the
original's serialiser prints them.

There are two orders. Passports and histories are hashed in the declared order of their fields, the
envelope with its keys sorted at every level. Neither is RFC 8785: a whole float keeps its ``.0``,
and keys are sorted by code points.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from memoryoss_mcp.errors import InvalidInputError

DEEPEST: Final = 128
"""Levels of nesting that a document may have."""

_EXPONENT: Final = re.compile(r"[:,\[]-?\d(?:\.\d+)?e[-+]\d|^-?\d(?:\.\d+)?e[-+]\d")
"""A float as the standard library prints it with an exponent, which the lines print in another way.
That a text inside a string looks so too only costs time."""


class MalformedError(InvalidInputError):
    """A document is no JSON that may be exchanged. ``code`` says what is wrong with it."""

    code = "malformed_document"


class Written(float):
    """A number of a document that :func:`float_text` would print in another way. ``text`` is how it
    is written; only :func:`as_written` prints it so."""

    __slots__ = ("text",)
    text: str


def compact(value: Any) -> bytes:
    """A value as compact JSON, keys in the order that they have."""
    return _print(value, sort=False)


def ordered(value: Any) -> bytes:
    """A value as compact JSON, keys sorted by their code points at every level."""
    return _print(value, sort=True)


def as_written(value: Any, *, sort: bool = False) -> bytes:
    """A value as compact JSON, its numbers as they were written."""
    return "".join(_parts(value, sort=sort, written=True)).encode()


def sha256(data: bytes) -> str:
    """The digest as the lines write it: lower-case hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def loads(text: str | bytes) -> Any:
    """Read JSON that may be exchanged: no key twice, no NaN, no half surrogates, not too deep.

    Raises:
        MalformedError: it is not.
    """
    try:
        if isinstance(text, bytes):
            text = text.decode()
        value = DECODER.decode(text)
    except UnicodeDecodeError as error:
        raise MalformedError("It is not UTF-8.") from error
    except (json.JSONDecodeError, RecursionError) as error:
        raise MalformedError(
            f"It is not JSON: {getattr(error, 'msg', 'nested too deeply')}."
        ) from error
    check(value)
    return value


def check(value: Any, depth: int = 0) -> None:
    """Refuse what is nested too deeply and texts that are not Unicode.

    Raises:
        MalformedError: there is such a thing in a value.
    """
    if isinstance(value, str):
        if not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError:
                raise MalformedError("A text holds half of a surrogate pair.") from None
    elif isinstance(value, dict | list):
        if depth >= DEEPEST:
            raise MalformedError(f"It is nested deeper than {DEEPEST} levels.")
        if isinstance(value, dict):
            for key in value:
                check(key)
            value = value.values()
        for part in value:
            check(part, depth + 1)


def float_text(number: float) -> str:
    """The shortest decimal that reads back as ``number``, as the lines print it: always with a
    point or an exponent, in plain notation from 1e-5 up to 1e16.

    Raises:
        ValueError: it is not finite.
    """
    if not math.isfinite(number):
        raise ValueError("JSON has no such number")
    sign = "-" if math.copysign(1.0, number) < 0 else ""
    mantissa, _, exponent = repr(abs(number)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    fraction = "" if fraction == "0" else fraction
    digits = (whole + fraction).lstrip("0")
    power = int(exponent or 0) - len(fraction)
    if not digits:
        return f"{sign}0.0"
    kept = digits.rstrip("0")
    power += len(digits) - len(kept)
    point = len(kept) + power
    if power >= 0 and point <= 16:
        return f"{sign}{kept}{'0' * power}.0"
    if 0 < point <= 16:
        return f"{sign}{kept[:point]}.{kept[point:]}"
    if -5 < point <= 0:
        return f"{sign}0.{'0' * -point}{kept}"
    rest = f".{kept[1:]}" if kept[1:] else ""
    return f"{sign}{kept[0]}{rest}e{'+' if point > 0 else ''}{point - 1}"


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object of some pairs.

    Raises:
        MalformedError: a key is there twice.
    """
    found = dict(pairs)
    if len(found) != len(pairs):
        raise MalformedError("A key is there twice.")
    return found


def _constant(name: str) -> Any:
    raise MalformedError(f"{name} is no JSON number.")


def _float(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise MalformedError("A number is too large.")
    if float_text(value) == text:
        return value
    written = Written(value)
    written.text = text
    return written


def _integer(text: str) -> int | float:
    """A whole number; one that the original would read as a float, as it would."""
    if text == "-0" or len(text) > 20:
        return _float(text)
    value = int(text)
    return value if -(2**63) <= value < 2**64 else _float(text)


DECODER: Final = json.JSONDecoder(
    object_pairs_hook=unique,
    parse_constant=_constant,
    parse_float=_float,
    parse_int=_integer,
)
"""Reads as :func:`loads` does, without its last check."""

_COMPACT: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)
_ORDERED: Final = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), allow_nan=False, sort_keys=True
)


def _print(value: Any, *, sort: bool) -> bytes:
    text = (_ORDERED if sort else _COMPACT).encode(value)
    if _EXPONENT.search(text):
        text = "".join(_parts(value, sort=sort, written=False))
    return text.encode()


def _parts(value: Any, *, sort: bool, written: bool) -> list[str]:
    if written and isinstance(value, Written):
        return [value.text]
    if isinstance(value, float):
        return [float_text(value)]
    if isinstance(value, Mapping):
        parts = ["{"]
        for key in sorted(value) if sort else value:
            parts += [",", _COMPACT.encode(key), ":"]
            parts += _parts(value[key], sort=sort, written=written)
        return [*parts[:1], *parts[2:], "}"]
    if isinstance(value, Sequence) and not isinstance(value, str):
        parts = ["["]
        for part in value:
            parts += [",", *_parts(part, sort=sort, written=written)]
        return [*parts[:1], *parts[2:], "]"]
    return [_COMPACT.encode(value)]
