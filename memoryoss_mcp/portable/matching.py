# SPDX-License-Identifier: AGPL-3.0-only
"""Which memories of two artifacts are the same ones, and which of their fields differ: by their
ids, and those that are left by their contents.

Of a memory only digests are kept, about 300 bytes, while both artifacts go by once.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from struct import Struct
from typing import Final

from memoryoss_mcp.portable import lines
from memoryoss_mcp.portable.artifact import Artifact
from memoryoss_mcp.portable.integrity import entries
from memoryoss_mcp.portable.tally import PREVIEWS

FIELDS: Final = tuple(lines.Entry.model_fields)
"""What is compared of a memory, its id first."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Where one memory is on both sides; the changed fields are bits in the order of FIELDS."""

    left: int
    right: int
    fields: int


@dataclass(slots=True)
class Matched:
    """Where the memories are that differ; places are numbers in the order of each artifact.
    ``duplicates`` are memories whose content was there before, left and right; the previews are
    the first places of contents that only one side has."""

    unchanged: int
    changed: list[Pair]
    added: list[int]
    removed: list[int]
    field_counts: Counter[str]
    duplicates: tuple[int, int]
    shared_contents: int
    added_preview: list[int]
    removed_preview: list[int]

    def left_places(self, listed: int) -> set[int]:
        """What has to be read of the left artifact to list so many memories of each sort."""
        changed = (pair.left for pair in self.changed[:listed])
        return {*changed, *self.removed[:listed], *self.removed_preview}

    def right_places(self, listed: int) -> set[int]:
        """The same of the right one."""
        changed = (pair.right for pair in self.changed[:listed])
        return {*changed, *self.added[:listed], *self.added_preview}


def match(left: Artifact, right: Artifact) -> Matched:
    """Match the memories of two artifacts.

    Raises:
        MalformedError: a field of one is missing or of a wrong type.
    """
    old, new = _Side(left), _Side(right)
    index, left_over = dict[bytes, bytes](), list[bytes]()
    for key, record in old.records():
        if index.setdefault(key, record) is not record:
            left_over.append(record)
    pairs, unmatched = list[Pair](), list[bytes]()
    unchanged = 0
    for key, record in new.records():
        other = index.pop(key, None)
        if other is None:
            unmatched.append(record)
        elif pair := _compared(other, record):
            pairs.append(pair)
        else:
            unchanged += 1
    left_over += index.values()
    by_content: dict[bytes, list[bytes]] = {}
    for record in sorted(left_over, reverse=True):
        by_content.setdefault(_content(record), []).append(record)
    added = []
    for record in unmatched:
        same = by_content.get(_content(record))
        if not same:
            added.append(_place(record))
        elif pair := _compared(same.pop(), record):
            pairs.append(pair)
        else:  # the second of two that are the same in everything
            unchanged += 1
    removed = sorted(_place(record) for same in by_content.values() for record in same)
    pairs.sort(key=lambda pair: pair.right)
    return Matched(
        unchanged=unchanged,
        changed=pairs,
        added=added,
        removed=removed,
        field_counts=_field_counts(pairs),
        duplicates=(old.duplicates, new.duplicates),
        shared_contents=len(old.contents.keys() & new.contents.keys()),
        added_preview=_first(new.contents, old.contents),
        removed_preview=_first(old.contents, new.contents),
    )


_PLACE: Final = Struct(">I")
_CONTENT: Final = 16
"""Bytes of a digest of a content."""
_FIELD: Final = 8
"""Bytes of a digest of another field."""
_RECORD: Final = Struct(f">I{_CONTENT}s{len(FIELDS) * _FIELD}s")


class _Side:
    """The memories of one artifact, each as a record: its place, the digest of its content, those
    of all its fields. ``contents`` are the places where each content is first."""

    def __init__(self, artifact: Artifact) -> None:
        self._artifact = artifact
        self.contents: dict[bytes, int] = {}
        self.duplicates = 0

    def records(self) -> Iterator[tuple[bytes, bytes]]:
        """The ids and the records, in order."""
        for place, entry in enumerate(entries(self._artifact)):
            content = hashlib.sha256(entry.content.encode()).digest()[:_CONTENT]
            first = self.contents.setdefault(content, place)
            self.duplicates += first != place
            yield entry.id.bytes, _RECORD.pack(place, content, _digests(entry))


def _digests(entry: lines.Entry) -> bytes:
    """A digest of each field. Python's own are keyed for texts: nobody can make two that are the
    same, and a record lives no longer than the process."""
    return _DIGESTS.pack(*(hash(repr(getattr(entry, name))) for name in FIELDS))


_DIGESTS: Final = Struct(f">{len(FIELDS)}q")


def _place(record: bytes) -> int:
    place: int = _PLACE.unpack_from(record)[0]
    return place


def _content(record: bytes) -> bytes:
    return record[_PLACE.size : _PLACE.size + _CONTENT]


def _compared(old: bytes, new: bytes) -> Pair | None:
    """Two records of one memory, unless they are the same."""
    start = _PLACE.size + _CONTENT
    if old[_PLACE.size :] == new[_PLACE.size :]:
        return None
    fields = 0
    for number in range(len(FIELDS)):
        at = start + number * _FIELD
        fields |= (old[at : at + _FIELD] != new[at : at + _FIELD]) << number
    return Pair(_place(old), _place(new), fields)


def changed_names(fields: int) -> Iterator[str]:
    """The fields that bits stand for."""
    return (name for number, name in enumerate(FIELDS) if fields >> number & 1)


def _field_counts(pairs: Iterable[Pair]) -> Counter[str]:
    counts = Counter[str]()
    for fields, count in Counter(pair.fields for pair in pairs).items():
        for name in changed_names(fields):
            counts[name] += count
    return counts


def _first(here: dict[bytes, int], there: dict[bytes, int]) -> list[int]:
    """The places of the first contents that are not there too."""
    found = (place for content, place in here.items() if content not in there)
    return [place for place, _ in zip(found, range(PREVIEWS), strict=False)]
