# SPDX-License-Identifier: AGPL-3.0-only
"""Positions inside JSON text, so that something can be put in without writing the rest anew.

Every value is parsed once by the C scanner of :mod:`json`. Only the few objects and arrays that a
:data:`Shape` names are walked here member by member; for those each child comes with its start and
end in the decoded text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple, TypeAlias

from memoryoss_proxy.wire.errors import MalformedRequestError

Shape: TypeAlias = "Mapping[str, Shape] | list[Shape] | None"
"""What to walk: a mapping stands for an object and names the members to walk further, a list of
one for an array and its items, ``None`` for a value that is taken whole. A value of another kind
than its shape is taken whole too."""


class Node(NamedTuple):
    """A value and where its text is: ``text[start:end]``.

    ``members`` is given for a walked object (of a repeated name the last one, as parsers do),
    ``items`` for a walked array.
    """

    value: Any
    start: int
    end: int
    members: dict[str, Node] | None = None
    items: list[Node] | None = None


def parse(raw: bytes, shape: Shape) -> tuple[str, Node]:
    """The decoded text of a JSON document and its root.

    Floating-point values that are whole numbers become ``int``, so that ``1.0`` and ``1`` are the
    same value.

    Raises:
        MalformedRequestError: it is not UTF-8, not JSON, or nested too deeply.
    """
    try:
        text = raw.decode("utf-8")
        at = _after_space(text, 1 if text.startswith("\ufeff") else 0)
        root = _scan(text, at, shape)
        if (rest := _after_space(text, root.end)) != len(text):
            raise json.JSONDecodeError("Extra data", text, rest)
    except UnicodeDecodeError as error:
        raise MalformedRequestError(
            f"The request body is not UTF-8 (byte {error.start + 1}).",
            hint="Send JSON encoded as UTF-8.",
        ) from None
    except json.JSONDecodeError as error:
        raise MalformedRequestError(
            f"The request body is not JSON ({error.msg}, line {error.lineno}, "
            f"column {error.colno})."
        ) from None
    except ValueError:  # an integer with more digits than the interpreter converts
        raise MalformedRequestError("The request body has a number that is too long.") from None
    except RecursionError:
        raise MalformedRequestError("The request body is nested too deeply.") from None
    return text, root


def _scan(text: str, at: int, shape: Shape) -> Node:
    if shape is not None:
        opening = text[at : at + 1]
        if opening == "{" and isinstance(shape, Mapping):
            return _scan_object(text, at, shape)
        if opening == "[" and isinstance(shape, list):
            return _scan_array(text, at, shape[0])
    value, end = _decode(text, at)
    return Node(value, at, end)


def _scan_object(text: str, start: int, shape: Mapping[str, Shape]) -> Node:
    members: dict[str, Node] = {}
    at = _after_space(text, start + 1)
    if text[at : at + 1] == "}":
        return Node({}, start, at + 1, members)
    while True:
        if text[at : at + 1] != '"':
            raise json.JSONDecodeError("Expecting a name in double quotes", text, at)
        name, at = _decode(text, at)
        at = _after_space(text, at)
        if text[at : at + 1] != ":":
            raise json.JSONDecodeError("Expecting ':'", text, at)
        child = _scan(text, _after_space(text, at + 1), shape.get(name))
        members[name] = child
        at = _after_space(text, child.end)
        mark = text[at : at + 1]
        if mark == "}":
            value = {name: child.value for name, child in members.items()}
            return Node(value, start, at + 1, members)
        if mark != ",":
            raise json.JSONDecodeError("Expecting ',' or '}'", text, at)
        at = _after_space(text, at + 1)


def _scan_array(text: str, start: int, shape: Shape) -> Node:
    items: list[Node] = []
    at = _after_space(text, start + 1)
    if text[at : at + 1] == "]":
        return Node([], start, at + 1, None, items)
    while True:
        child = _scan(text, at, shape)
        items.append(child)
        at = _after_space(text, child.end)
        mark = text[at : at + 1]
        if mark == "]":
            return Node([child.value for child in items], start, at + 1, None, items)
        if mark != ",":
            raise json.JSONDecodeError("Expecting ',' or ']'", text, at)
        at = _after_space(text, at + 1)


def _after_space(text: str, at: int) -> int:
    # Most JSON on the wire is compact.
    if text[at : at + 1] in _SPACES:
        match = _SPACE.match(text, at)
        assert match is not None  # it matches nothing, too
        return match.end()
    return at


def _number(digits: str) -> float | int:
    number = float(digits)
    return int(number) if number.is_integer() else number


_SPACES: Final = frozenset(" \t\n\r")
_SPACE: Final = re.compile(r"[ \t\n\r]*")
_decode: Final = json.JSONDecoder(parse_float=_number).raw_decode
