# SPDX-License-Identifier: AGPL-3.0-only
"""What differs between two artifacts: contents as published, and all that contents hide."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from memoryoss_mcp.portable.diff import Difference, bundle_diff, compare
from memoryoss_mcp.portable.view import look
from memoryoss_mcp.portable.wording import Run, runs
from tests.portable.samples import (
    Document,
    claim,
    envelope,
    history,
    memory,
    memory_id,
    opened,
    passport,
    review,
)


def difference(left: Document, right: Document, **settings: Any) -> Difference:
    old, new = opened(left), opened(right)
    return compare(old, new, (look(old, "old.json"), look(new, "new.json")), **settings)


def changes(left: Document, right: Document) -> dict[str, Any]:
    """What changed in the one memory that two artifacts have."""
    [change] = difference(left, right).as_document()["memories"]["changed"]
    found = change["changes"]
    assert isinstance(found, dict)
    return found


def test_the_published_fields_come_first() -> None:
    left = passport(*(memory(f"text {n}", n) for n in range(1, 9)), namespace="one")
    right = passport(memory("text 8", 8), memory("new", 9), namespace="two")
    shown = difference(left, right).as_document()
    assert list(shown)[:7] == [
        "left",
        "right",
        "same_kind",
        "changed_fields",
        "added_preview",
        "removed_preview",
        "shared_preview_count",
    ]
    assert shown["same_kind"] is True
    assert shown["changed_fields"] == ["namespace", "memory_count"]
    assert shown["added_preview"] == ["new"]
    assert shown["removed_preview"] == [f"text {n}" for n in range(1, 6)]
    assert shown["shared_preview_count"] == 1
    assert shown["left"]["source_path"] == "old.json"


def test_an_artifact_does_not_differ_from_itself() -> None:
    document = envelope(passport(memory("a", review_events=[review()])), signature=claim())
    found = difference(document, deepcopy(document))
    assert not found.differs
    assert found.unchanged_count == 1
    assert found.as_document()["artifact_changes"] == {}


def test_changes_that_contents_hide_are_told_field_by_field() -> None:
    before = memory("the same", 1, tags=["a", "b"], confidence=0.5, derived_from=[memory_id(5)])
    after = memory(
        "the same",
        1,
        tags=["b", "c"],
        confidence=0.75,
        status="stale",
        archived=True,
        evidence_count=4,
        superseded_by=memory_id(2),
        derived_from=[memory_id(5), memory_id(6)],
        contradicts_with=[memory_id(7)],
        review_events=[review("ines")],
    )
    found = difference(passport(before), passport(after))
    assert found.changed_fields == ()
    assert changes(passport(before), passport(after)) == {
        "tags": {"added": ["c"], "removed": ["a"]},
        "status": {"from": "active", "to": "stale"},
        "archived": {"from": False, "to": True},
        "confidence": {"from": 0.5, "to": 0.75},
        "evidence_count": {"from": 1, "to": 4},
        "superseded_by": {"from": None, "to": memory_id(2)},
        "derived_from": {"added": [memory_id(6)], "removed": []},
        "contradicts_with": {"added": [memory_id(7)], "removed": []},
        "review_events": {"added": [review("ines")], "removed": []},
    }
    assert found.field_counts["status"] == 1
    assert found.differs


def test_a_changed_text_is_told_word_by_word() -> None:
    left = passport(memory("Deploys happen on Tuesdays after staging."))
    right = passport(memory("Deploys happen on Fridays after staging."))
    wording = changes(left, right)["content"]["wording"]
    assert wording == [
        {"kind": "same", "text": "Deploys happen on "},
        {"kind": "removed", "text": "Tuesdays"},
        {"kind": "added", "text": "Fridays"},
        {"kind": "same", "text": " after staging."},
    ]
    shown = difference(left, right).as_document()
    assert shown["added_preview"] == ["Deploys happen on Fridays after staging."]


def test_tags_in_another_order_are_no_other_tags() -> None:
    found = changes(passport(memory("a", tags=["x", "y"])), passport(memory("a", tags=["y", "x"])))
    assert found == {"tags": {"added": [], "removed": [], "reordered": True}}


def test_the_same_text_under_another_id_is_the_same_memory() -> None:
    found = difference(
        passport(memory("a", 1), memory("b", 2)), passport(memory("b", 7), memory("a", 1))
    )
    [change] = found.changed
    assert change.matched_by == "content"
    assert [field.name for field in change.fields] == ["id"]
    assert (found.unchanged_count, found.added_count, found.removed_count) == (1, 0, 0)


def test_duplicates_are_counted_and_not_lost() -> None:
    twice = [memory("said", 1), memory("said", 2), memory("else", 3)]
    found = difference(passport(*twice), passport(memory("said", 1), memory("else", 3)))
    assert found.duplicates == (1, 0)
    assert (found.removed_count, found.unchanged_count) == (1, 2)
    assert found.removed_preview == ()
    same_id = difference(passport(memory("a", 1), memory("b", 1)), passport(memory("b", 1)))
    assert (same_id.changed_count + same_id.unchanged_count, same_id.removed_count) == (1, 1)


def test_changes_of_envelope_and_signature_are_told() -> None:
    document = passport(memory("a"))
    signed = envelope(document, signature=claim())
    other = envelope(document, signature=claim(value="1" * 64))
    found = difference(envelope(document), signed)
    assert found.changed_fields == ("signature", "trust")
    assert {change.name for change in found.artifact_changes} >= {"signature.signer", "trust"}
    assert [change.name for change in difference(signed, other).artifact_changes] == [
        "signature.value"
    ]
    assert difference(document, signed).changed_fields[:2] == ("artifact_line", "artifact_type")


def test_kinds_can_be_mixed_and_edges_and_events_are_compared() -> None:
    memories = [memory("a", 1, superseded_by=memory_id(2)), memory("b", 2)]
    edge = {"from": memory_id(1), "to": memory_id(2), "kind": "superseded_by"}
    event = {
        "at": "2026-03-01T00:00:00Z",
        "memory_id": memory_id(1),
        "kind": "created",
        "summary": "made",
    }
    mixed = difference(passport(*memories), history(*memories, edges=[edge]))
    assert not mixed.same_kind
    assert mixed.unchanged_count == 2
    assert mixed.added_edges == ()
    found = difference(history(*memories, edges=[edge]), history(*memories, timeline=[event]))
    shown = found.as_document()
    assert shown["edges"] == {"added": [], "removed": [edge]}
    assert shown["events"] == {"added": [event], "removed": []}


def test_lists_are_short_and_counts_are_whole() -> None:
    left = passport(*(memory(f"a {n}", n) for n in range(1, 30)))
    right = passport(
        *(memory(f"a {n}", n, status="stale") for n in range(1, 20)),
        *(memory(f"b {n}", n) for n in range(40, 60)),
    )
    found = difference(left, right, listed=3)
    assert (found.changed_count, found.added_count, found.removed_count) == (19, 20, 10)
    assert (len(found.changed), len(found.added), len(found.removed)) == (3, 3, 3)
    assert found.field_counts["status"] == 19


def test_a_bundle_diff_has_the_published_shape() -> None:
    left = envelope(passport(memory("a", 1, archived=True)))
    right = envelope(passport(memory("a", 1), memory("b", 2)))
    shown = bundle_diff(left=opened(left), right=opened(right))
    assert shown["left"]["visible_count"] == 0
    assert shown["changed_fields"] == ["memory_count", "visible_count"]
    assert shown["added_preview"] == ["b"]
    assert "removed_preview" not in shown
    assert shown["shared_preview_count"] == 1
    assert shown["memories"]["field_counts"] == {"archived": 1}


WORDS = st.lists(st.sampled_from(["red", "blue", "green\n,", ".", "x"]), max_size=40).map(" ".join)
STATUSES = st.sampled_from(["active", "stale", "candidate", "contested"])
MEMORIES = st.dictionaries(
    st.integers(1, 12), st.tuples(st.sampled_from("abcd"), STATUSES), max_size=12
).map(lambda drawn: [memory(text, number, status=state) for number, (text, state) in drawn.items()])


@given(MEMORIES, MEMORIES)
def test_every_memory_is_counted_once_on_each_side(
    left: list[Document], right: list[Document]
) -> None:
    found = difference(passport(*left), passport(*right))
    both = found.unchanged_count + found.changed_count
    assert both + found.removed_count == len(left)
    assert both + found.added_count == len(right)
    assert found.differs is (found.changed_count + found.removed_count + found.added_count > 0)


@given(WORDS, WORDS)
def test_the_pieces_of_two_wordings_are_the_wordings(before: str, after: str) -> None:
    pieces = runs(before, after)
    cut = any("…" in piece.text for piece in pieces)
    if not cut:
        assert "".join(piece.text for piece in pieces if piece.kind != "added") == before
        assert "".join(piece.text for piece in pieces if piece.kind != "removed") == after


def test_long_texts_are_compared_by_lines_and_very_long_ones_as_a_whole() -> None:
    before = [f"line {n} of a long text\n" for n in range(200)]
    after = [f"LINE {n} of a long text\n" if n % 2 else line for n, line in enumerate(before)]
    by_line = runs("".join(before), "".join(after))
    assert Run("added", "LINE 101 of a long text\n") in by_line
    whole = runs("a " * 5_000, "b " * 5_000)
    assert [piece.kind for piece in whole] == ["removed", "added"]
    assert all(len(piece.text) < 1_000 for piece in whole)


def test_what_stays_is_cut_around_a_change() -> None:
    text = "word " * 300
    pieces = runs(f"{text}old{text}", f"{text}new{text}")
    assert [piece.kind for piece in pieces] == ["same", "removed", "added", "same"]
    assert pieces[0].text.startswith("…")
    assert pieces[-1].text.endswith("…")
