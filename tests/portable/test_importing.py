# SPDX-License-Identifier: AGPL-3.0-only
"""What becomes of memories that arrive, told before it is done, and all of it or nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from memoryoss_mcp.errors import InvalidInputError, LimitExceededError
from memoryoss_mcp.model import Draft, Memory, Origin, Status, hash_content, parse_id
from memoryoss_mcp.portable.importing import Imported, IntegrityError, SignatureRefusedError
from memoryoss_mcp.portable.signing import sign_bundle
from memoryoss_mcp.runtime import Runtime
from memoryoss_mcp.store.types import ListQuery
from tests.portable import samples, stores

SPACE = "demo"


def arrive(runtime: Runtime, *memories: dict[str, Any], dry_run: bool = False) -> Imported:
    """Import a passport that nobody signed."""
    artifact = samples.opened(samples.passport(*memories))
    return runtime.import_artifact(artifact, SPACE, dry_run=dry_run)


def signed(runtime: Runtime, *memories: dict[str, Any]) -> Imported:
    """Import a passport that this installation signed."""
    artifact = samples.opened(samples.passport(*memories))
    envelope = stores.sent(sign_bundle(artifact, runtime.fabric))
    return runtime.import_artifact(envelope, SPACE)


def kept(runtime: Runtime) -> list[Memory]:
    return list(runtime.list(ListQuery(SPACE)).memories)


def decisions(imported: Imported) -> list[tuple[str, str | None]]:
    return [
        (item.decision.value, str(item.existing_id) if item.existing_id else None)
        for item in imported.preview.items
    ]


FACT = "The staging database of the billing service listens on port 5433."


def test_a_memory_that_nobody_vouches_for_waits_in_the_inbox(runtime: Runtime) -> None:
    claimed = samples.memory(
        FACT,
        1,
        confidence=1.0,
        evidence_count=40,
        source_key_id="cafe",
        review_events=[samples.review()],
        team_governance={
            "branch": "main",
            "scope": "ops",
            "proposed_by": "mara",
            "proposed_at": "2026-03-01T09:00:00Z",
            "merged_by": "mara",
        },
    )
    imported = arrive(runtime, claimed)
    assert imported.preview.trust.status.value == "unsigned"
    memory = runtime.inspect(imported.imported_ids[0], SPACE)
    assert (memory.status, memory.origin) == (Status.CANDIDATE, Origin.IMPORTED)
    assert (memory.confidence, memory.evidence_count, memory.version) == (0.35, 0, 1)
    assert memory.review_events == ()
    assert memory.team_governance is None
    assert memory.source_key == f"passport:{samples.memory_id(0xA)}"
    assert [item.memory.id for item in runtime.inbox(SPACE).items] == [memory.id]


def test_a_memory_of_somebody_trusted_arrives_as_it_is(runtime: Runtime) -> None:
    told = samples.memory(FACT, 1, confidence=0.9, evidence_count=4, version=7, agent="claude")
    imported = signed(runtime, told | {"review_events": [samples.review()]})
    memory = runtime.inspect(imported.imported_ids[0], SPACE)
    assert (memory.status, memory.version, memory.confidence) == (Status.ACTIVE, 7, 0.9)
    assert [event.actor for event in memory.review_events] == ["mara"]


def test_the_vector_of_an_imported_memory_is_made(runtime: Runtime) -> None:
    arrive(runtime, samples.memory(FACT, 1))
    assert [memory.embedding.value for memory in kept(runtime)] == ["ready"]


def test_a_dry_run_decides_as_the_real_run_and_changes_nothing(runtime: Runtime) -> None:
    runtime.store(Draft(FACT, SPACE))
    before = kept(runtime)
    arriving = (
        samples.memory(FACT, 1, tags=["new"]),
        samples.memory("The billing service is written in Go.", 2),
    )
    planned = arrive(runtime, *arriving, dry_run=True)
    assert planned.imported_ids == ()
    assert kept(runtime) == before
    assert decisions(planned) == decisions(arrive(runtime, *arriving))


def test_the_same_words_are_merged_with_their_tags(runtime: Runtime) -> None:
    known = runtime.store(Draft(FACT, SPACE, tags=("billing",))).id
    imported = arrive(runtime, samples.memory(FACT, 1, tags=["port", "billing"]))
    assert decisions(imported) == [("merge", str(known))]
    assert imported.merged_ids == (known,)
    [memory] = kept(runtime)
    assert memory.tags == ("billing", "port")
    assert memory.version == 2
    again = arrive(runtime, samples.memory(FACT, 1, tags=["port", "billing"]))
    assert decisions(again) == [("duplicate", str(known))]
    assert kept(runtime) == [memory]


def test_evidence_and_lineage_are_merged_when_somebody_vouches(runtime: Runtime) -> None:
    known = runtime.store(Draft(FACT, SPACE)).id
    source = samples.memory("It was 5432 until the move.", 2, status="stale", archived=False)
    arriving = samples.memory(FACT, 1, evidence_count=6, derived_from=[source["id"]])
    signed(runtime, source, arriving | {"review_events": [samples.review()]})
    memory = runtime.inspect(known, SPACE)
    assert memory.evidence_count == 6
    assert [str(key) for key in memory.lineage.derived_from] == [source["id"]]
    assert [event.actor for event in memory.review_events] == ["mara"]


def test_an_id_that_another_text_has_is_no_reason_to_drop_it(runtime: Runtime) -> None:
    key = parse_id(samples.memory_id(1))
    runtime.store(Draft("The office plant is called Ferdinand.", SPACE, id=key))
    imported = arrive(runtime, samples.memory(FACT, 1))
    assert decisions(imported) == [("id_collision", str(key))]
    [new] = imported.imported_ids
    assert new != key
    arrived = runtime.inspect(new, SPACE)
    assert (arrived.content, arrived.status) == (FACT, Status.CANDIDATE)
    assert arrived.lineage.contradicts_with == (key,)
    assert runtime.inspect(key, SPACE).lineage.contradicts_with == (new,)
    assert [item.memory.id for item in runtime.inbox(SPACE).items] == [new]
    again = arrive(runtime, samples.memory(FACT, 1))
    assert [decision for decision, _ in decisions(again)] == ["duplicate"]


def test_a_text_that_says_more_is_kept_beside_what_it_contains(runtime: Runtime) -> None:
    known = runtime.store(Draft(FACT, SPACE)).id
    imported = arrive(runtime, samples.memory(f"{FACT} It needs a tunnel.", 1))
    assert decisions(imported) == [("superset", str(known))]
    assert len(kept(runtime)) == 2
    less = arrive(runtime, samples.memory(FACT.removesuffix(" on port 5433.") + ".", 2))
    assert decisions(less)[0][0] in {"duplicate", "merge"}


def test_a_contradiction_is_kept_for_review_and_weakens_nobody(runtime: Runtime) -> None:
    known = runtime.store(Draft("The billing service uses the read replica.", SPACE)).id
    imported = arrive(
        runtime, samples.memory("The billing service does not use the read replica.", 1)
    )
    assert decisions(imported) == [("conflict", str(known))]
    [new] = imported.imported_ids
    assert runtime.inspect(new, SPACE).lineage.contradicts_with == (known,)
    assert runtime.inspect(known, SPACE).status is Status.ACTIVE
    assert new in {item.memory.id for item in runtime.inbox(SPACE).items}


def test_what_was_archived_here_may_come_again(runtime: Runtime) -> None:
    old = runtime.store(Draft(FACT, SPACE)).id

    def archive(find: Any) -> list[Memory]:
        return [replace(find([old])[old], archived=True)]

    runtime._store.amend(SPACE, archive, "decay")
    imported = arrive(runtime, samples.memory(FACT, 1))
    assert decisions(imported) == [("create", str(old))]


def test_a_forged_hash_is_made_anew_and_told(runtime: Runtime) -> None:
    forged = samples.memory(FACT, 1, content_hash=hash_content("Something else."))
    imported = arrive(runtime, forged)
    assert [str(key) for key in imported.preview.forged] == [samples.memory_id(1)]
    assert kept(runtime)[0].content_hash == hash_content(FACT)


def test_secrets_do_not_enter_with_a_passport(runtime: Runtime) -> None:
    secret = "ghp_" + "a1B2c3D4" * 4 + "e5F6"
    imported = arrive(runtime, samples.memory(f"The token of the bot is {secret}.", 1))
    assert sum(imported.preview.redacted.values()) == 1
    assert secret not in kept(runtime)[0].content
    assert kept(runtime)[0].content_hash == hash_content(kept(runtime)[0].content)


@pytest.mark.parametrize(
    "wrong",
    [
        {"content": "x" * 40_000},
        {"content": "   "},
        {"tags": [f"t{n}" for n in range(60)]},
        {"tags": ["t" * 300]},
        {"agent": "a" * 300},
    ],
    ids=lambda fields: f"{next(iter(fields))}-{len(next(iter(fields.values())))}",
)
def test_one_memory_beyond_the_limits_keeps_all_out(
    runtime: Runtime, wrong: dict[str, Any]
) -> None:
    bad = samples.memory("too much", 2) | wrong
    with pytest.raises((InvalidInputError, LimitExceededError), match=r"memories\[1\]"):
        arrive(runtime, samples.memory(FACT, 1), bad)
    assert kept(runtime) == []


def test_a_document_that_does_not_hold_is_not_imported(runtime: Runtime) -> None:
    document = samples.passport(samples.memory(FACT, 1))
    document["memories"][0]["content"] = "Something else."
    for dry_run in (True, False):
        with pytest.raises(IntegrityError, match="Nothing was imported"):
            runtime.import_artifact(samples.opened(document), SPACE, dry_run=dry_run)
    twice = samples.passport(samples.memory(FACT, 1), samples.memory("Else.", 1))
    with pytest.raises(IntegrityError, match="twice"):
        runtime.import_artifact(samples.opened(twice), SPACE)
    assert kept(runtime) == []


def test_a_signature_that_does_not_hold_is_worse_than_none(runtime: Runtime) -> None:
    document = samples.passport(samples.memory(FACT, 1))
    claimed = samples.envelope(document, signature=samples.claim() | {"value": None})
    with pytest.raises(SignatureRefusedError):
        runtime.import_artifact(samples.opened(claimed), SPACE)
    device = runtime.fabric.own_device().id
    mine = sign_bundle(samples.opened(document), runtime.fabric)
    runtime.fabric.revoke(device, "lost")
    with pytest.raises(SignatureRefusedError):
        runtime.import_artifact(stores.sent(mine), SPACE)
    assert kept(runtime) == []


def test_links_to_memories_of_nobody_do_not_arrive_from_strangers(runtime: Runtime) -> None:
    mine = runtime.store(Draft("The office plant is called Ferdinand.", SPACE)).id
    other = samples.memory("It was 5432 until the move.", 2)
    imported = arrive(
        runtime,
        samples.memory(
            FACT, 1, derived_from=[other["id"], str(mine)], superseded_by=samples.memory_id(99)
        ),
        other,
    )
    memory = runtime.inspect(parse_id(samples.memory_id(1)), SPACE)
    assert [str(key) for key in memory.lineage.derived_from] == [other["id"]]
    assert memory.lineage.superseded_by is None
    assert imported.preview.dangling == 2


def test_the_lane_is_told_by_who_signed(runtime: Runtime, config: Any) -> None:
    runtime.store(Draft(FACT, SPACE, origin=Origin.AGENT, client="claude-code"))
    artifact, _ = runtime.export_passport(SPACE, "all")
    vouched = stores.sent(sign_bundle(artifact, runtime.fabric))
    plain = stores.sent(artifact)
    runtime.import_artifact(vouched, "vouched")
    runtime.import_artifact(plain, "plain")
    [memory] = runtime.list(ListQuery("vouched")).memories
    assert (memory.origin, memory.client) == (Origin.AGENT, "claude-code")
    [memory] = runtime.list(ListQuery("plain")).memories
    assert (memory.origin, memory.client) == (Origin.IMPORTED, None)


def test_an_import_is_undone_by_its_source(runtime: Runtime) -> None:
    from memoryoss_mcp.store.types import UndoRequest

    runtime.store(Draft("The office plant is called Ferdinand.", SPACE))
    imported = arrive(runtime, samples.memory(FACT, 1), samples.memory("Go is used.", 2))
    source = f"passport:{samples.memory_id(0xA)}"
    receipt = runtime.undo(UndoRequest(SPACE, source_key=source))
    assert {undone.id for undone in receipt.deleted} == set(imported.imported_ids)
    assert [memory.content for memory in kept(runtime)] == ["The office plant is called Ferdinand."]
