# SPDX-License-Identifier: AGPL-3.0-only
"""An assistant's answer, collected piece by piece from a copy of what is forwarded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import StringIO
from typing import Any, Final

from memoryoss_proxy.wire.conversation import ToolCall, well_formed, without_blocks

LONGEST_TEXT: Final = 512_000
"""Characters of an answer that are kept; and as many of all arguments of its tool calls."""

_COST_OF_A_CALL: Final = 256


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that the provider counted.

    ``input_tokens`` is all of the input in every wire form: what was read from the prompt cache
    (``cached_tokens``) and written to it (``cache_write_tokens``) are parts of it.
    """

    input_tokens: int = 0
    cached_tokens: int = 0
    cache_write_tokens: int = 0
    output_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer. ``finished`` says that the provider completed it: no error, nothing cut off."""

    text: str = field(repr=False)
    tool_calls: tuple[ToolCall, ...]
    finished: bool
    usage: Usage | None


class Collector:
    """Collects an answer within bounded memory. Values of a wrong type are passed over."""

    def __init__(self) -> None:
        self.usage: Usage | None = None
        self._text = StringIO()
        self._paused = False
        self._calls: dict[int, tuple[str, StringIO]] = {}
        self._room_for_text = LONGEST_TEXT
        self._room_for_calls = LONGEST_TEXT
        self._finished = False
        self._failed = False

    def say(self, piece: object) -> None:
        """Add a piece of text."""
        if not isinstance(piece, str) or not piece:
            return
        if self._paused and self._room_for_text < LONGEST_TEXT:
            piece = "\n" + piece
        self._paused = False
        piece = piece[: self._room_for_text]
        self._room_for_text -= len(piece)
        self._text.write(piece)

    def pause(self) -> None:
        """Something else than text came; what is said next begins a new line."""
        self._paused = True

    @property
    def has_text(self) -> bool:
        """Whether anything was said."""
        return self._room_for_text < LONGEST_TEXT

    @property
    def has_calls(self) -> bool:
        """Whether a tool was called."""
        return bool(self._calls)

    @property
    def next_call(self) -> int:
        """An index that no tool call has yet."""
        return max(self._calls, default=-1) + 1

    def call(self, index: int, name: object, arguments: object) -> None:
        """Begin a tool call, or add to the arguments of the one with that index."""
        self.pause()
        if index not in self._calls:
            cost = _COST_OF_A_CALL + (len(name) if isinstance(name, str) else 0)
            if cost > self._room_for_calls:
                return
            self._room_for_calls -= cost
            self._calls[index] = (name if isinstance(name, str) else "", StringIO())
        if isinstance(arguments, str):
            arguments = arguments[: self._room_for_calls]
            self._room_for_calls -= len(arguments)
            self._calls[index][1].write(arguments)

    def finish(self) -> None:
        """The provider said that the answer is complete."""
        self._finished = True

    def fail(self) -> None:
        """The provider said that something went wrong; whatever comes after, it is not complete."""
        self._failed = True

    def reply(self) -> Reply:
        """The answer as far as it has come, without context blocks that it repeats."""
        calls = (
            ToolCall(well_formed(name), well_formed(arguments.getvalue()) or "{}")
            for _, (name, arguments) in sorted(self._calls.items())
        )
        return Reply(
            without_blocks(well_formed(self._text.getvalue())),
            tuple(calls),
            self._finished and not self._failed,
            self.usage,
        )


def parse_object(data: str | bytes) -> Mapping[str, Any]:
    """A JSON object, or an empty one if this is none."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def amount(counts: Mapping[str, Any], *path: str) -> int:
    """A number of tokens inside nested objects, 0 if it is not there."""
    value: Any = counts
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
