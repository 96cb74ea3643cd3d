# SPDX-License-Identifier: AGPL-3.0-only
"""Clocks of memories: version vectors (Parker et al., 1983).

A clock has a counter for every actor that ever changed the memory; an actor is an installation, by
the fingerprint of its key. Three kinds of counters stand in it:

- ``ACTOR``: changes by the actor.
- ``=ACTOR``: the last of these changes after which the content was another one. A change of tags or
  status beside a change of the content is so told from two changes of the content.
- ``~ID``: the memory is the losing side of a conflict about the memory ID; see
  :mod:`memoryoss_mcp.portable.sync.merge`.
"""

from __future__ import annotations

import secrets
import sys
from collections.abc import Iterable, Mapping
from typing import Any, Final, Protocol, TypeVar
from uuid import UUID

from memoryoss_mcp.portable.canonical import MalformedError, ordered

Clock = Mapping[str, int]

CONTENT: Final = "="
DERIVED: Final = "~"
MOST_COUNTERS: Final = 10_000
LONGEST_NAME: Final = 64
_LARGEST: Final = 2**53
"""Below it, every JSON reader reads whole numbers exactly."""


class Clocked(Protocol):
    """What has a clock and the digest of a state."""

    @property
    def clock(self) -> Clock: ...

    @property
    def digest(self) -> bytes: ...


_Any = TypeVar("_Any", bound=Clocked)


def covers(later: Clock, earlier: Clock) -> bool:
    """Whether one clock knows everything that another knows."""
    return all(later.get(name, 0) >= count for name, count in earlier.items())


def joined(one: Clock, other: Clock) -> Clock:
    """The clock that knows what both know."""
    if covers(one, other):
        return one
    if covers(other, one):
        return other
    return {name: max(one.get(name, 0), other.get(name, 0)) for name in (*one, *other)}


def advanced(clock: Clock, actor: str, *, reworded: bool, seen: Clock) -> Clock:
    """The clock after a change by ``actor``. ``seen`` is what others have of the memory: where it
    has changes of the actor that ``clock`` does not know (its file comes from a backup, or its key
    is in use twice), the change is that of a new actor, so that neither hides the other."""
    if seen.get(actor, 0) > clock.get(actor, 0):
        actor = f"{actor}.{secrets.token_hex(8)}"
    count = clock.get(actor, 0) + 1
    return {**clock, actor: count, **({f"{CONTENT}{actor}": count} if reworded else {})}


def rewords(later: Clock, earlier: Clock) -> bool:
    """Whether the content of one version was made in knowledge of that of another."""
    mine, others = _content(later), _content(earlier)
    return mine != others and covers(mine, others)


def derived(parent: UUID) -> Clock:
    """The clock of a losing side of a conflict about a memory, as long as nobody has changed it."""
    return {f"{DERIVED}{parent.hex}": 1}


def parent_of(clock: Clock) -> UUID | None:
    """The memory whose conflict has a memory with such a clock as its losing side; ``None`` once
    it was changed or written down, or if it is no such memory."""
    if len(clock) != 1:
        return None
    (name,) = clock
    return UUID(hex=name[len(DERIVED) :]) if name.startswith(DERIVED) else None


def maximal(versions: Iterable[_Any]) -> list[_Any]:
    """The versions that no other one knows. Two with one clock and different states (an actor has
    counted twice) are both kept."""
    kept: list[_Any] = []
    for version in versions:
        kept = with_version(kept, version)
    return kept


def with_version(kept: list[_Any], new: _Any) -> list[_Any]:
    """Versions none of which knows another, and one more."""
    for known in kept:
        if covers(known.clock, new.clock) and (
            known.digest == new.digest or not covers(new.clock, known.clock)
        ):
            return kept
    rest = [v for v in kept if not covers(new.clock, v.clock) or covers(v.clock, new.clock)]
    return [*rest, new]


def text_of(clock: Clock) -> str:
    """A clock as text, the same for the same clock."""
    return ordered(dict(clock)).decode()


def read(value: Any) -> Clock:
    """A clock as it was written.

    Raises:
        MalformedError: it is none.
    """
    if (
        not isinstance(value, dict)
        or not 0 < len(value) <= MOST_COUNTERS
        or not all(type(count) is int and 0 < count < _LARGEST for count in value.values())
        or not all(0 < len(name) <= LONGEST_NAME for name in value)
    ):
        raise MalformedError("A record has no clock.")
    if any(name.startswith(DERIVED) and not _is_derived(name) for name in value):
        raise MalformedError("A clock names a conflict that there cannot be.")
    return {sys.intern(name): count for name, count in value.items()}


def _is_derived(name: str) -> bool:
    try:
        return UUID(hex=name[len(DERIVED) :]).hex == name[len(DERIVED) :]
    except ValueError:
        return False


def _content(clock: Clock) -> Clock:
    return {name: count for name, count in clock.items() if name.startswith(CONTENT)}
