# SPDX-License-Identifier: AGPL-3.0-only
"""What differs between two artifacts, whatever kinds they are.

Every memory is compared in all of its fields; the few that are shown are read a second time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

from memoryoss_mcp.portable import lines
from memoryoss_mcp.portable.artifact import Artifact
from memoryoss_mcp.portable.canonical import compact
from memoryoss_mcp.portable.integrity import entries
from memoryoss_mcp.portable.matching import Pair, changed_names, match
from memoryoss_mcp.portable.tally import Listed, preview
from memoryoss_mcp.portable.view import View, look
from memoryoss_mcp.portable.wording import Run, runs

LISTED: Final = 200
"""Memories of each sort that are listed when nobody says how many."""

LISTS: Final = frozenset({"tags", "derived_from", "contradicts_with", "review_events"})

_ARTIFACT_FIELDS: Final = (
    "artifact_line",
    "artifact_type",
    "kind",
    "namespace",
    "scope",
    "runtime_contract_id",
    "memory_count",
    "root_id",
    "signature",
)
_BUNDLE_FIELDS: Final = (
    "kind",
    "namespace",
    "scope",
    "runtime_contract_id",
    "memory_count",
    "visible_count",
)


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field that differs: its values before and after, as JSON. Of lists what was ``added`` and
    ``removed``, of contents the ``wording``."""

    name: str
    before: Any = None
    after: Any = None
    added: tuple[Any, ...] = ()
    removed: tuple[Any, ...] = ()
    wording: tuple[Run, ...] = ()

    @property
    def reordered(self) -> bool:
        """Whether a list has the same parts in another order."""
        return self.name in LISTS and not self.added and not self.removed

    def document(self) -> dict[str, Any]:
        """The change as JSON."""
        if self.name in LISTS:
            shown = {"added": list(self.added), "removed": list(self.removed)}
            return shown | ({"reordered": True} if self.reordered else {})
        shown = {"from": self.before, "to": self.after}
        if self.name == "content":
            shown["wording"] = [{"kind": run.kind, "text": run.text} for run in self.wording]
        return shown


@dataclass(frozen=True, slots=True)
class MemoryChange:
    """A memory that is in both artifacts and differs. ``matched_by`` says how the two were found to
    be one."""

    before: Listed
    after: Listed
    matched_by: Literal["id", "content"]
    fields: tuple[FieldChange, ...]

    def document(self) -> dict[str, Any]:
        """The change as JSON."""
        return {
            "id": str(self.after.entry.id),
            "matched_by": self.matched_by,
            "preview": preview(self.after.text),
            "fields": [field.name for field in self.fields],
            "changes": {field.name: field.document() for field in self.fields},
        }


@dataclass(frozen=True, slots=True)
class Difference:
    """Two artifacts and what differs. Counts are of all memories, lists of the first ones.

    ``artifact_changes`` are fields of the documents themselves; ``duplicates`` memories whose
    content was in the same artifact before, left and right; the previews are those of the original,
    which compares contents only.
    """

    left: View
    right: View
    changed_fields: tuple[str, ...]
    artifact_changes: tuple[FieldChange, ...]
    added_preview: tuple[str, ...]
    removed_preview: tuple[str, ...]
    shared_preview_count: int
    unchanged_count: int
    changed_count: int
    added_count: int
    removed_count: int
    field_counts: Counter[str]
    duplicates: tuple[int, int]
    changed: tuple[MemoryChange, ...]
    added: tuple[Listed, ...]
    removed: tuple[Listed, ...]
    added_edges: tuple[dict[str, Any], ...]
    removed_edges: tuple[dict[str, Any], ...]
    added_events: tuple[dict[str, Any], ...]
    removed_events: tuple[dict[str, Any], ...]

    @property
    def same_kind(self) -> bool:
        """Whether both are passports, or both histories."""
        return self.left.kind == self.right.kind

    @property
    def differs(self) -> bool:
        """Whether anything does."""
        memories = self.changed_count or self.added_count or self.removed_count
        edges = self.added_edges or self.removed_edges
        events = self.added_events or self.removed_events
        return bool(self.artifact_changes or memories or edges or events)

    def as_document(self) -> dict[str, Any]:
        """All of it for a program: the published fields first."""
        return {
            "left": self.left.as_document(),
            "right": self.right.as_document(),
            "same_kind": self.same_kind,
            "changed_fields": list(self.changed_fields),
            "added_preview": list(self.added_preview),
            "removed_preview": list(self.removed_preview),
            "shared_preview_count": self.shared_preview_count,
            "differs": self.differs,
            "artifact_changes": {one.name: one.document() for one in self.artifact_changes},
            "memories": {
                "unchanged_count": self.unchanged_count,
                "changed_count": self.changed_count,
                "added_count": self.added_count,
                "removed_count": self.removed_count,
                "field_counts": dict(self.field_counts.most_common()),
                "duplicates": dict(zip(("left", "right"), self.duplicates, strict=True)),
                "changed": [change.document() for change in self.changed],
                "added": [listed.document() for listed in self.added],
                "removed": [listed.document() for listed in self.removed],
            },
            "edges": {"added": list(self.added_edges), "removed": list(self.removed_edges)},
            "events": {"added": list(self.added_events), "removed": list(self.removed_events)},
        }


def compare(
    left: Artifact, right: Artifact, views: tuple[View, View], *, listed: int = LISTED
) -> Difference:
    """Compare two artifacts whose ``views`` are known. At most ``listed`` memories of each sort
    (changed, added, removed) are listed.

    Raises:
        MalformedError: a field of one is missing or of a wrong type.
    """
    before, after = views
    matched = match(left, right)
    old = _fetch(left, matched.left_places(listed))
    new = _fetch(right, matched.right_places(listed))
    return Difference(
        left=before,
        right=after,
        changed_fields=tuple(_changed_fields(before, after)),
        artifact_changes=tuple(_artifact_changes(before, after)),
        added_preview=tuple(preview(new[place].content) for place in matched.added_preview),
        removed_preview=tuple(preview(old[place].content) for place in matched.removed_preview),
        shared_preview_count=matched.shared_contents,
        unchanged_count=matched.unchanged,
        changed_count=len(matched.changed),
        added_count=len(matched.added),
        removed_count=len(matched.removed),
        field_counts=matched.field_counts,
        duplicates=matched.duplicates,
        changed=tuple(
            _memory_change(old[pair.left], new[pair.right], pair)
            for pair in matched.changed[:listed]
        ),
        added=tuple(Listed.of(new[place]) for place in matched.added[:listed]),
        removed=tuple(Listed.of(old[place]) for place in matched.removed[:listed]),
        added_edges=_only(after, before, "edges"),
        removed_edges=_only(before, after, "edges"),
        added_events=_only(after, before, "timeline"),
        removed_events=_only(before, after, "timeline"),
    )


def bundle_diff(left: Artifact, right: Artifact) -> dict[str, Any]:
    """What differs between two envelopes: the published fields, lists left out where they are
    empty, and the counts and changes of memories beside them.

    Raises:
        MalformedError: one is no envelope, or a field is missing or of a wrong type.
    """
    found = compare(left, right, (look(left, "left"), look(right, "right")))
    document = found.as_document()
    before, after = found.left.bundle_preview, found.right.bundle_preview
    fields = {
        "same_kind": found.same_kind,
        "left": before,
        "right": after,
        "changed_fields": [name for name in _BUNDLE_FIELDS if before.get(name) != after.get(name)],
        "added_preview": document["added_preview"],
        "removed_preview": document["removed_preview"],
        "shared_preview_count": found.shared_preview_count,
    }
    shown = {name: value for name, value in fields.items() if value != []}
    return shown | {
        name: document[name]
        for name in ("differs", "artifact_changes", "memories", "edges", "events")
    }


def _fetch(artifact: Artifact, places: set[int]) -> dict[int, lines.Entry]:
    if not places:
        return {}
    last = max(places)
    found = {}
    for place, entry in enumerate(entries(artifact)):
        if place in places:
            found[place] = entry
        if place == last:
            break
    return found


def _memory_change(old: lines.Entry, new: lines.Entry, pair: Pair) -> MemoryChange:
    before, after = old.model_dump(mode="json"), new.model_dump(mode="json")
    fields = tuple(_field_change(name, before, after) for name in changed_names(pair.fields))
    matched: Literal["id", "content"] = "id" if old.id == new.id else "content"
    return MemoryChange(Listed.of(old), Listed.of(new), matched, fields)


def _field_change(name: str, old: dict[str, Any], new: dict[str, Any]) -> FieldChange:
    before, after = old.get(name), new.get(name)
    if name in LISTS:
        gone, come = list(before or ()), list(after or ())
        for one in list(gone):
            if one in come:
                gone.remove(one)
                come.remove(one)
        return FieldChange(name, added=tuple(come), removed=tuple(gone))
    if name == "content":
        wording = runs(old["content"], new["content"])
        return FieldChange(name, preview(old["content"]), preview(new["content"]), wording=wording)
    return FieldChange(name, before, after)


def _changed_fields(left: View, right: View) -> Iterator[str]:
    before, after = left.published, right.published
    yield from (name for name in _ARTIFACT_FIELDS if before[name] != after[name])
    if _status(left) != _status(right):
        yield "trust"


def _status(view: View) -> str | None:
    return None if view.trust is None else view.trust.get("status")


def _artifact_changes(left: View, right: View) -> Iterator[FieldChange]:
    """All that differs of the documents beside their memories, not only what the original tells."""
    before, after = _flat(left), _flat(right)
    for name in before | after:
        if before.get(name) != after.get(name):
            yield FieldChange(name, before.get(name), after.get(name))


def _flat(view: View) -> dict[str, Any]:
    fields = view.published
    for name in ("source_path", "preview"):
        del fields[name]
    trust = fields.pop("trust")
    for name in ("integrity", "signature", "provenance"):
        part = fields.pop(name) or {}
        fields |= {f"{name}.{key}": value for key, value in part.items()}
    key = view.document
    if view.head is not None:
        signature = view.head.signature.written()
        fields |= {f"signature.{name}": value for name, value in signature.items()}
    return fields | {
        "trust": trust and trust["status"],
        "valid": view.valid,
        "problems": [problem.code for problem in view.problems],
        "id": str(key.passport_id if isinstance(key, lines.Passport) else key.history_id),
        "contract_version": key.runtime_contract.version,
        "event_count": len(key.timeline) if isinstance(key, lines.History) else None,
    }


def _parts(view: View, name: str) -> dict[bytes, dict[str, Any]]:
    """The edges or the events of a history."""
    written = (part.written() for part in getattr(view.document, name, ()))
    return {compact(part): part for part in written}


def _only(one: View, other: View, name: str) -> tuple[dict[str, Any], ...]:
    """Those of one history that the other has not; nothing if one of them is none."""
    if one.kind != "history" or other.kind != "history":
        return ()
    there = _parts(other, name)
    return tuple(part for key, part in _parts(one, name).items() if key not in there)
