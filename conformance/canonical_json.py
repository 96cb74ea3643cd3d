# SPDX-License-Identifier: AGPL-3.0-only
"""JSON as the published lines need it: values are kept as they are written, what two readers could
understand differently is refused, and everything is printed in one way only."""

from __future__ import annotations

import hashlib
import json
import math
import re
from dataclasses import dataclass
from typing import Any

MAX_DEPTH = 128
"""Levels of objects and lists."""


class Malformed(Exception):  # noqa: N818 - a verdict, not a fault
    """The document cannot be read. ``reason`` is one of README.md, ``where`` the place in it."""

    def __init__(self, reason: str, where: str = "") -> None:
        super().__init__(f"{reason} at {where}" if where else reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Number:
    """A number as it is written in the document."""

    text: str


def read_json(data: bytes) -> Any:
    """The document, its numbers as :class:`Number`."""
    if data.startswith(b"\xef\xbb\xbf"):
        raise Malformed("bom")
    try:
        value = json.loads(
            data.decode(),
            object_pairs_hook=_object,
            parse_int=Number,
            parse_float=Number,
            parse_constant=_constant,
        )
    except UnicodeDecodeError:
        raise Malformed("encoding") from None
    except RecursionError:
        raise Malformed("nesting") from None
    except json.JSONDecodeError:
        raise Malformed("syntax") from None
    _check(value, 1)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise Malformed("duplicate_key")
    return fields


def _constant(_name: str) -> Any:
    raise Malformed("syntax")


def _check(value: Any, depth: int) -> None:
    if isinstance(value, dict | list):
        if depth > MAX_DEPTH:
            raise Malformed("nesting")
        for item in [*value, *value.values()] if isinstance(value, dict) else value:
            _check(item, depth + 1)
    elif isinstance(value, str) and any("\ud800" <= char <= "\udfff" for char in value):
        raise Malformed("surrogate")
    elif isinstance(value, Number) and math.isinf(float(value.text)):
        raise Malformed("number_range")


_ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r"}
_ESCAPES |= {"\t": "\\t"}
_ESCAPED = re.compile(r'["\\\x00-\x1f]')


def print_string(text: str) -> str:
    """In quotes; only quotes, backslashes and U+0000 to U+001F are escaped."""

    def escape(match: re.Match[str]) -> str:
        return _ESCAPES.get(match[0]) or f"\\u{ord(match[0]):04x}"

    return f'"{_ESCAPED.sub(escape, text)}"'


def print_float(value: float) -> str:
    """The shortest digits that read back the same, always with a point or an exponent."""
    if value == 0:
        return "-0.0" if math.copysign(1, value) < 0 else "0.0"
    sign = "-" if value < 0 else ""
    mantissa, _, exponent = repr(abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    point = len(digits) + int(exponent or 0) - len(fraction)  # where it stands in the digits
    digits = digits.rstrip("0")
    if not -5 < point <= 16:
        tail = f".{digits[1:]}" if digits[1:] else ""
        return f"{sign}{digits[0]}{tail}e{'+' if point > 0 else ''}{point - 1}"
    if point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    digits = digits.ljust(point, "0")
    return f"{sign}{digits[:point]}.{digits[point:] or '0'}"


def print_scalar(value: Any) -> str:
    """Anything but an object or a list."""
    if isinstance(value, str):
        return print_string(value)
    if isinstance(value, Number):
        return value.text
    if isinstance(value, float):
        return print_float(value)
    return json.dumps(value)


def compact(value: Any) -> str:
    """Without any space, keys in the order of the value."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{print_string(k)}:{compact(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(compact, value)) + "]"
    return print_scalar(value)


def pretty(value: Any, indent: str = "\n") -> str:
    """Two spaces a level; what is empty stays on its line."""
    deeper = indent + "  "
    if isinstance(value, dict) and value:
        lines = (f"{print_string(key)}: {pretty(item, deeper)}" for key, item in value.items())
        return "{" + deeper + f",{deeper}".join(lines) + indent + "}"
    if isinstance(value, list) and value:
        return "[" + deeper + f",{deeper}".join(pretty(v, deeper) for v in value) + indent + "]"
    return compact(value)


def ordered(value: Any) -> Any:
    """Keys in the order of their code points, at every level."""
    if isinstance(value, dict):
        return {key: ordered(value[key]) for key in sorted(value)}
    return [ordered(item) for item in value] if isinstance(value, list) else value


def reprinted(value: Any) -> Any:
    """Numbers as the original prints them: whole ones that fit into 64 bits as they are, all others
    as floats."""
    if isinstance(value, dict):
        return {key: reprinted(item) for key, item in value.items()}
    if isinstance(value, list):
        return [reprinted(item) for item in value]
    if not isinstance(value, Number):
        return value
    if value.text != "-0" and re.fullmatch("-?[0-9]{1,20}", value.text):
        number = int(value.text)
        if -(2**63) <= number < 2**64:
            return number
    return float(value.text)


_BETWEEN = re.compile(r'("(?:[^"\\]|\\.)*")|[ \t\n\r]+')


def is_exact(data: bytes, value: Any) -> bool:
    """Whether a document is printed as it is here, white space between values aside."""
    return _BETWEEN.sub(r"\1", data.decode()) == compact(reprinted(value))


def sha256(value: Any) -> str:
    """Lower-case hex of the compact form."""
    return hashlib.sha256(compact(value).encode()).hexdigest()
