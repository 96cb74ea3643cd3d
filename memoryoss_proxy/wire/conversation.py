# SPDX-License-Identifier: AGPL-3.0-only
"""A request as every wire form gives it: who said what, and where a context block goes.

The client's bytes are never serialised anew. A block is put in beside the user's own words, and
every other byte stays as it came, so that a provider's prompt cache finds the prefix that it knows.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from itertools import dropwhile, takewhile
from typing import Any, Final

from memoryoss_proxy.wire.errors import MalformedRequestError

BLOCK_START: Final = "<memory_context"
BLOCK_END: Final = "</memory_context>"

SEPARATOR: Final = "\n\n"
"""What stands between the user's words and a block in the same string."""

UNCOUNTED_ROLES: Final = frozenset({"system", "developer"})
"""Roles of the client's program. They change from request to request within a conversation."""


@dataclass(frozen=True, slots=True)
class Message:
    """Text of one speaker, our own blocks left out.

    ``role`` is ``system``, ``developer``, ``user``, ``assistant`` or ``tool``. Tool results that
    the wire carries in a user's message are a message of their own here, and so is what the client
    added to the user's words (``system``).
    """

    role: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool that the assistant called, its arguments as text (JSON as a rule)."""

    name: str
    arguments: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a block goes: at a character of the body, between ``before`` and ``after``."""

    at: int
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Turn:
    """A message with words of the user's own.

    ``key`` stands for the conversation up to and including this turn: it is the same in every later
    request that repeats it. ``place`` is ``None`` where the client sent our block along.
    """

    key: str
    text: str = field(repr=False)
    place: Place | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Entry:
    """One message or item of a request, as its wire form reads it.

    ``own`` are the user's or assistant's texts, ``added`` texts that the client put beside the
    user's, ``results`` those of tools. ``counted`` is the JSON value that the turn keys depend on,
    ``None`` for nothing.
    """

    role: str
    own: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    results: tuple[str, ...] = ()
    calls: tuple[ToolCall, ...] = ()
    counted: Any = None
    place: Place | None = None

    @property
    def is_turn(self) -> bool:
        """Whether a user speaks here."""
        return self.role == "user" and any(text.strip() for text in self.own)


@dataclass(frozen=True)
class Conversation:
    """A request that was read.

    ``fresh`` says that the last message is the last turn: nothing of an assistant or a tool follows
    it. ``tool_calls`` are those of the assistant since the last turn; if it has not spoken since,
    those of its last message.
    """

    form: str
    model: str | None
    stream: bool
    turns: tuple[Turn, ...]
    fresh: bool
    tool_calls: tuple[ToolCall, ...]
    raw: bytes = field(repr=False)
    _text: str = field(repr=False)
    _entries: tuple[Entry, ...] = field(repr=False)

    @cached_property
    def messages(self) -> tuple[Message, ...]:
        """All messages that have text, in order, with the system prompt first."""
        return tuple(message for entry in self._entries for message in _spoken(entry))

    def with_blocks(self, blocks: Mapping[int, str]) -> bytes:
        """The body with a block beside the words of each turn that is named by its index.

        Every other byte is the client's. A turn that has a block already gets no second one.
        """
        chosen = [
            (place, blocks[index])
            for index in blocks
            if blocks[index] and (place := self.turns[index].place) is not None
        ]
        if not chosen:
            return self.raw
        pieces: list[str] = []
        done = 0
        for place, block in sorted(chosen, key=lambda pair: pair[0].at):
            pieces += (
                self._text[done : place.at],
                place.before,
                json.dumps(block)[1:-1],
                place.after,
            )
            done = place.at
        pieces.append(self._text[done:])
        return "".join(pieces).encode()


def assemble(
    form: str,
    raw: bytes,
    text: str,
    document: Mapping[str, Any],
    entries: Sequence[Entry],
    *,
    seed: Any = None,
) -> Conversation:
    """Put a conversation together from its entries.

    ``document`` gives the model and whether the answer is streamed; ``seed`` is what precedes the
    entries at the provider and makes their keys differ.

    Raises:
        MalformedRequestError: ``model`` or ``stream`` has the wrong type.
    """
    model = document.get("model")
    if not isinstance(model, str | None):
        raise MalformedRequestError("'model' must be a string.", field="model")
    stream = document.get("stream")
    if not isinstance(stream, bool | None):
        raise MalformedRequestError("'stream' must be true or false.", field="stream")
    turns: list[Turn] = []
    last_turn = last_counted = -1
    chain = blake2b(digest_size=16)
    _count(chain, [form, seed])
    for position, entry in enumerate(entries):
        if entry.role in UNCOUNTED_ROLES:
            continue
        last_counted = position
        if entry.counted is not None:
            _count(chain, entry.counted)
        if entry.is_turn:
            words = well_formed("\n".join(text for text in entry.own if text))
            turns.append(Turn(chain.hexdigest(), words, entry.place))
            last_turn = position
    return Conversation(
        form,
        model,
        bool(stream),
        tuple(turns),
        bool(turns) and last_turn == last_counted,
        tuple(_latest_calls(entries, last_turn)),
        raw,
        text,
        tuple(entries),
    )


def without_blocks(text: str) -> str:
    """A text without our context blocks and what separates them from the words before."""
    if BLOCK_START not in text:
        return text
    kept: list[str] = []
    done = 0
    while (end := text.find(BLOCK_END, done)) >= 0:
        # The nearest one: a block has none inside, but the words before it may speak of blocks.
        start = text.rfind(BLOCK_START, done, end)
        end += len(BLOCK_END)
        kept.append(text[done:end] if start < 0 else text[done:start].removesuffix(SEPARATOR))
        done = end
    kept.append(text[done:])
    return "".join(kept)


def has_block(text: str) -> bool:
    """Whether a text ends with a context block of ours."""
    return text.rstrip().endswith(BLOCK_END) and BLOCK_START in text


def well_formed(text: str) -> str:
    """A text with its surrogates joined to characters, and the lone ones replaced: JSON may have
    them, UTF-8 must not."""
    if text.isascii() or not _has_surrogates(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def as_text(value: Any) -> str:
    """Arguments of a tool as text: a string as it is, everything else as JSON."""
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, ensure_ascii=False)
    except RecursionError:
        raise _too_deep() from None


def _spoken(entry: Entry) -> Iterator[Message]:
    for role, texts in (
        ("tool", entry.results),
        ("system", entry.added),
        (entry.role, entry.own),
    ):
        text = well_formed("\n".join(filter(None, map(without_blocks, texts))))
        if text.strip():
            yield Message(role, text)


def _latest_calls(entries: Sequence[Entry], last_turn: int) -> Iterator[ToolCall]:
    """The calls since the last turn; if the assistant has not spoken since, its last ones."""
    spoken = [entry for entry in entries[last_turn + 1 :] if entry.role == "assistant"]
    if not spoken:
        before = dropwhile(lambda entry: entry.role != "assistant", reversed(entries))
        spoken = list(takewhile(lambda entry: entry.role == "assistant", before))[::-1]
    for entry in spoken:
        for call in entry.calls:
            yield ToolCall(well_formed(call.name), well_formed(call.arguments))


def _count(chain: blake2b, value: Any) -> None:
    """Add a JSON value to a chain, the same whatever the order of its keys and whatever of it is
    marked for the provider's cache."""
    try:
        _update(chain, value, _LEVELS)
    except RecursionError:
        raise _too_deep() from None


def _update(chain: blake2b, value: Any, levels: int) -> None:
    # The long texts of a message lie in its upper levels; there they need no escaping. The small
    # values further down are many, and the encoder is written in C.
    if isinstance(value, str):
        _mark(chain, b"s", value.encode("utf-8", "surrogatepass"))
    elif levels and isinstance(value, dict):
        names = sorted(name for name in value if name != "cache_control")
        chain.update(b"{%d" % len(names))
        for name in names:
            _mark(chain, b"s", name.encode("utf-8", "surrogatepass"))
            _update(chain, value[name], levels - 1)
    elif levels and isinstance(value, list):
        chain.update(b"[%d" % len(value))
        for item in value:
            _update(chain, item, levels - 1)
    else:
        canonical = _CANONICAL.encode(value)
        # Quotes inside a string are escaped, so this can only be a name.
        if '"cache_control":' in canonical:
            canonical = _CANONICAL.encode(_without_cache_control(value))
        _mark(chain, b"j", canonical.encode("utf-8", "surrogatepass"))


def _mark(chain: blake2b, kind: bytes, data: bytes) -> None:
    chain.update(b"%b%d:" % (kind, len(data)))
    chain.update(data)


def _without_cache_control(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: _without_cache_control(item)
            for name, item in value.items()
            if name != "cache_control"
        }
    if isinstance(value, list):
        return [_without_cache_control(item) for item in value]
    return value


def _has_surrogates(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def _too_deep() -> MalformedRequestError:
    return MalformedRequestError("The request body is nested too deeply.")


_LEVELS: Final = 5
"""Down to the texts in the results of tools: message, content, part, content, part."""
_CANONICAL: Final = json.JSONEncoder(
    ensure_ascii=False, check_circular=False, sort_keys=True, separators=(",", ":")
)
