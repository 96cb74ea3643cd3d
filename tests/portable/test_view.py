# SPDX-License-Identifier: AGPL-3.0-only
"""What is shown of an artifact: the published fields, the counts, and what is wrong with it."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from memoryoss_mcp.portable.artifact import open_artifact
from memoryoss_mcp.portable.canonical import MalformedError
from memoryoss_mcp.portable.spool import IN_MEMORY
from memoryoss_mcp.portable.view import View, bundle_preview, bundle_validation, look
from tests.portable.samples import (
    Document,
    claim,
    envelope,
    history,
    memory,
    memory_id,
    opened,
    passport,
    rehashed,
    review,
)

PUBLISHED = [
    "source_path",
    "artifact_line",
    "artifact_type",
    "kind",
    "namespace",
    "scope",
    "runtime_contract_id",
    "exported_at",
    "memory_count",
    "visible_count",
    "root_id",
    "reference_uri",
    "attachment_name",
    "integrity",
    "signature",
    "trust",
    "provenance",
    "preview",
]
PREVIEW = [
    "bundle_id",
    "bundle_version",
    "kind",
    "namespace",
    "scope",
    "runtime_contract_id",
    "uri",
    "attachment_name",
    "memory_count",
    "visible_count",
    "integrity_valid",
    "nested_integrity_valid",
    "preview",
]


def seen(document: Document, **settings: Any) -> View:
    return look(opened(document), "a/file.json", **settings)


def codes(view: View) -> set[str]:
    return {problem.code for problem in view.problems}


def warned(view: View) -> set[str]:
    return {problem.code for problem in view.warnings}


def test_a_passport_is_shown_with_the_published_fields_first_and_nulls_printed() -> None:
    shown = seen(passport(memory("Deploys go to staging first."), scope="project")).as_document()
    assert list(shown)[: len(PUBLISHED)] == PUBLISHED
    assert shown["source_path"] == "a/file.json"
    assert shown["artifact_line"] == "memoryoss.passport.v1alpha1"
    assert shown["artifact_type"] == "passport_bundle"
    assert (shown["kind"], shown["scope"], shown["root_id"]) == ("passport", "project", None)
    assert shown["reference_uri"] is shown["attachment_name"] is shown["trust"] is None
    assert shown["integrity"]["envelope_valid"] is True
    assert shown["integrity"]["nested_valid"] is True
    assert shown["integrity"]["form"] == "typed"
    assert shown["signature"] == {
        "scheme": "unsigned",
        "signer": None,
        "signable": False,
        "identity_kind": None,
        "signed_at": None,
        "value_present": False,
        "chain": [],
    }
    assert list(shown["provenance"]) == ["exported_from_namespace", "source_key_ids"]
    assert shown["preview"] == ["Deploys go to staging first."]
    assert shown["valid"] is True
    json.dumps(shown)


def test_a_history_has_a_root_and_no_provenance() -> None:
    document = history(memory("old", 1, superseded_by=memory_id(2)), memory("new", 2))
    shown = seen(document).as_document()
    assert shown["artifact_type"] == "history_bundle"
    assert shown["root_id"] == memory_id(2)
    assert shown["scope"] is shown["provenance"] is None
    assert (shown["edge_count"], shown["event_count"]) == (0, 0)


def test_archived_memories_are_counted_and_not_visible() -> None:
    document = history(memory("a", 1, archived=True), memory("b", 2), memory("c", 3))
    shown = seen(document).as_document()
    assert (shown["memory_count"], shown["visible_count"], shown["archived_count"]) == (3, 2, 1)


def test_previews_are_the_first_five_contents_cut_at_a_hundred_characters() -> None:
    texts = ["x" * 100, "y" * 101, "c", "d", "e", "f"]
    shown = seen(passport(*(memory(text, n) for n, text in enumerate(texts, 1)))).as_document()
    assert shown["preview"] == ["x" * 100, "y" * 100 + "...", "c", "d", "e"]


def test_counts_by_status_type_tag_link_and_time() -> None:
    linked = memory(
        "one",
        1,
        status="stale",
        superseded_by=memory_id(2),
        contradicts_with=[memory_id(77)],
        created_at="2025-11-30T23:00:00Z",
        review_events=[review(), review(action="reject")],
    )
    other = memory(
        "two",
        2,
        memory_type="procedural",
        tags=["deploy", "deploy", "ops"],
        created_at="2026-02-01T00:00:00Z",
        updated_at="2026-02-03T00:00:00Z",
    )
    shown = seen(passport(linked, other)).as_document()
    assert shown["counts"] == {
        "status": {"stale": 1, "active": 1},
        "memory_type": {"semantic": 1, "procedural": 1},
        "tag": {"deploy": 1, "ops": 1},
        "link": {"superseded_by": 1, "contradicts_with": 1},
        "month": {"2025-11": 1, "2026-02": 1},
    }
    assert (shown["linked_count"], shown["outside_link_count"]) == (1, 1)
    assert (shown["reviewed_count"], shown["review_event_count"]) == (1, 2)
    assert shown["span"] == {
        "first_created_at": "2025-11-30T23:00:00Z",
        "last_created_at": "2026-02-01T00:00:00Z",
        "last_updated_at": "2026-03-01T09:00:00Z",
    }


def test_an_empty_passport_is_shown_too() -> None:
    shown = seen(passport()).as_document()
    assert shown["valid"] is True
    assert (shown["memory_count"], shown["preview"]) == (0, [])
    assert set(shown["span"].values()) == {None}


def test_memories_are_listed_when_asked_for() -> None:
    document = passport(memory("a", 1, tags=["t"]), memory("b", 2), memory("c", 3))
    assert "memories" not in seen(document).as_document()
    listed = seen(document, memories=2).as_document()["memories"]
    assert [one["preview"] for one in listed] == ["a", "b"]
    assert listed[0]["tags"] == ["t"]
    assert listed[0]["superseded_by"] is None


def test_a_changed_text_is_a_digest_that_does_not_hold() -> None:
    document = passport(memory("as it was"))
    document["memories"][0]["content"] = "as it is now"
    view = seen(document)
    assert codes(view) == {"integrity_mismatch"}
    assert warned(view) == {"content_hash_mismatch"}
    shown = view.as_document()
    assert (shown["valid"], shown["integrity"]["nested_valid"]) == (False, False)
    assert shown["integrity"]["form"] is None


def test_a_digest_over_the_values_as_they_stand_is_told_apart() -> None:
    document = passport(memory("a"))
    document["memories"][0]["review_events"] = []
    assert seen(rehashed(document)).as_document()["integrity"]["form"] == "received"


def test_an_envelope_that_says_other_things_than_its_payload_is_not_valid() -> None:
    document = rehashed(envelope(passport(memory("a"))) | {"namespace": "elsewhere"})
    view = seen(document)
    assert "metadata_mismatch" in codes(view)
    assert view.as_document()["integrity"]["envelope_valid"] is True
    assert view.as_document()["valid"] is False


def test_an_envelope_of_another_version_is_not_valid() -> None:
    document = rehashed(envelope(passport(memory("a"))) | {"bundle_version": "memoryoss.bundle.v9"})
    view = seen(document)
    assert codes(view) == {"unsupported_version"}
    assert view.as_document()["integrity"]["envelope_valid"] is False


def test_an_unsigned_envelope_has_no_trust_and_no_problem() -> None:
    view = seen(envelope(passport(memory("a"))), decide=lambda _: {"status": "trusted"})
    assert (view.trust, view.problems) == (None, ())


@pytest.mark.parametrize(
    "left",
    [
        claim(value=None),
        claim(value=""),
        {"signer": "device:somebody"},
        {"scheme": "memoryoss.ed25519.v1"},
        {"signed_at": "2026-04-01T12:00:00Z"},
        {"chain": claim()["chain"]},
        {"value": ""},
    ],
)
def test_a_stripped_signature_is_a_problem_and_never_unsigned(left: Document) -> None:
    view = seen(envelope(passport(memory("a")), signature=left), decide=lambda _: None)
    assert codes(view) == {"signature_stripped"}
    assert view.trust is not None
    assert view.trust["status"] == "invalid_signature"
    assert not view.sound


@pytest.mark.parametrize(
    ("signature", "code"),
    [
        (claim(scheme="unsigned"), "signature_inconsistent"),
        (claim() | {"signer": None, "chain": []}, "signature_incomplete"),
        (claim(signed_at=None), "signature_incomplete"),
        (claim(chain=[claim("device:other")["chain"][0]]), "signature_inconsistent"),
    ],
)
def test_a_signature_that_contradicts_itself_is_a_problem(signature: Document, code: str) -> None:
    view = seen(
        envelope(passport(memory("a")), signature=signature), decide=lambda _: {"status": "trusted"}
    )
    assert codes(view) == {code}
    assert view.trust is not None
    assert view.trust["status"] == "invalid_signature"


def test_without_keys_a_signature_is_not_verified_and_not_wrong() -> None:
    document = envelope(passport(memory("a")), signature=claim())
    for decide in (None, lambda _: None):
        view = seen(document, decide=decide)
        assert view.valid
        assert view.sound
        shown = view.as_document()
        assert list(shown["trust"]) == [
            "status",
            "verified",
            "reason",
            "origin",
            "catalog_id",
            "replacement_identity",
        ]
        assert shown["trust"]["status"] == "verification_unavailable"
        assert shown["trust"]["verified"] is False
        assert shown["signature"]["chain"] == ["2026-04-01T12:00:00Z device device:somebody"]


def test_a_decision_is_shown_and_does_not_change_what_is_valid() -> None:
    decision = {"status": "revoked", "verified": False, "reason": "lost", "catalog_id": "team"}
    view = seen(envelope(passport(memory("a")), signature=claim()), decide=lambda _: decision)
    assert view.valid
    assert not view.sound
    shown = view.as_document()["trust"]
    assert (shown["status"], shown["catalog_id"], shown["origin"]) == ("revoked", "team", None)


def test_the_trust_of_a_raw_document_is_null_even_if_somebody_decides() -> None:
    assert seen(passport(memory("a")), decide=lambda _: {"status": "trusted"}).trust is None


def test_what_a_reader_ought_to_know_is_a_warning() -> None:
    flagged = passport(memory("a"))
    flagged["integrity"]["signed"] = True
    assert warned(seen(flagged)) == {"signed_flag"}
    assert seen(flagged).as_document()["signature"]["scheme"] == "unsigned"
    assert warned(seen(passport(memory("a", 1), memory("b", 1)))) == {"repeated_id"}
    rootless = history(memory("a", 1), root_id=memory_id(9))
    assert warned(seen(rootless)) == {"root_missing"}
    strange = passport(memory("a"))
    strange["memories"][0]["mood"] = "good"
    view = seen(strange)
    assert warned(view) == {"unknown_fields"}
    assert "memories[].mood" in view.warnings[0].message
    assert view.valid


def test_what_holds_no_memories_is_refused() -> None:
    contract = {"contract_id": "x", "stable_semantics": []}
    with pytest.raises(MalformedError, match="no memories"):
        seen(contract)
    broken = passport(memory("a"))
    del broken["memories"][0]["version"]
    with pytest.raises(MalformedError, match=r"memories\[0\]\.version"):
        seen(broken)


def test_ties_are_collected_while_they_can_be_drawn() -> None:
    few = [memory("a", 1, superseded_by=memory_id(2)), memory("b", 2)]
    view = seen(passport(*few, *(memory(str(n), n) for n in range(3, 90))))
    assert [one.text for one in view.tally.tied] == ["a", "b"]
    many = [memory(str(n), n, derived_from=[memory_id(n - 1)]) for n in range(2, 60)]
    assert seen(passport(memory("1", 1), *many)).tally.ties == []


def test_a_large_artifact_is_shown_without_being_held(tmp_path: Path) -> None:
    line = json.dumps(memory("said at length. " * 60, 1))
    count = 20_000
    head, tail = json.dumps(passport()).split('"memories": []')
    source = tmp_path / "large.json"
    with source.open("w") as out:
        out.write(f'{head}"memories": [')
        for number in range(1, count + 1):
            comma = "," if number < count else ""
            out.write(line.replace(memory_id(1), memory_id(number)) + comma)
        out.write(f"]{tail}")
    assert source.stat().st_size > 3 * IN_MEMORY
    artifact = open_artifact(source)
    tracemalloc.start()
    try:
        view = look(artifact, "large.json", memories=10)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        artifact.close()
    assert view.tally.memories == count
    assert view.tally.repeated_ids == 0
    assert peak < IN_MEMORY


def test_a_bundle_preview_has_the_published_names() -> None:
    shown = bundle_preview(opened(envelope(passport(memory("a"), memory("b", 2, archived=True)))))
    assert list(shown) == PREVIEW
    assert (shown["memory_count"], shown["visible_count"]) == (2, 1)
    assert shown["integrity_valid"] is shown["nested_integrity_valid"] is True
    of_history = bundle_preview(opened(envelope(history(memory("a")))))
    assert of_history["root_id"] == memory_id(1)
    assert "scope" not in of_history
    assert "preview" not in bundle_preview(opened(envelope(passport())))


def test_a_preview_is_of_envelopes_only() -> None:
    for ask in (bundle_preview, bundle_validation):
        with pytest.raises(MalformedError, match="no envelope"):
            ask(opened(passport(memory("a"))))


def test_a_valid_bundle_has_no_errors_and_says_nothing_of_trust_that_nobody_decides() -> None:
    answer = bundle_validation(opened(envelope(passport(memory("a")))))
    assert list(answer) == ["valid", "preview"]
    assert answer["valid"] is True


def test_validation_tells_every_error() -> None:
    document = envelope(passport(memory("a")), signature=claim(value=None))
    document["namespace"] = "elsewhere"
    document["payload"]["memories"][0]["content"] = "b"
    answer = bundle_validation(opened(document), lambda _: None)
    assert answer["valid"] is False
    assert {problem["code"] for problem in answer["problems"]} == {
        "integrity_mismatch",
        "envelope_mismatch",
        "metadata_mismatch",
        "signature_stripped",
    }
    assert len(answer["errors"]) >= 4
    assert answer["trust"]["status"] == "invalid_signature"


def test_validation_of_a_payload_that_cannot_be_read_has_a_preview_of_zeros() -> None:
    payload = passport(memory("a"))
    payload["memories"][0]["status"] = "asleep"
    answer = bundle_validation(opened(envelope(rehashed(payload))))
    assert answer["valid"] is False
    preview = answer["preview"]
    assert (preview["memory_count"], preview["visible_count"]) == (0, 0)
    assert (preview["integrity_valid"], preview["nested_integrity_valid"]) == (True, False)
    assert "memories[0].status" in answer["errors"][0]


def test_validation_ignores_trust_and_passes_it_on() -> None:
    document = envelope(passport(memory("a")), signature=claim())
    decision = {"status": "unknown_identity", "verified": False, "reason": "new here"}
    answer = bundle_validation(opened(document), lambda _: decision)
    assert (answer["valid"], answer["trust"]) == (True, decision)
    unsigned = bundle_validation(opened(envelope(passport(memory("a")))), lambda _: decision)
    assert unsigned["trust"]["status"] == "unsigned"
