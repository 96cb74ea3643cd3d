# SPDX-License-Identifier: AGPL-3.0-only
"""Consolidation merges what says the same, loses nothing and can be undone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from memoryoss_mcp.errors import InvalidInputError, NotFoundError
from memoryoss_mcp.model import Draft, Memory, MemoryType, Origin, Status, new_id
from memoryoss_mcp.recall.query import RecallQuery
from memoryoss_mcp.runtime import Runtime
from memoryoss_mcp.store.types import ListQuery
from memoryoss_mcp.text.statements import says_all

SPACE = "project"
SAME = (
    "The deploy script lives in tools/deploy.sh.",
    "The deploy script lives in tools/deploy.sh",
    "Deploy script lives in tools/deploy.sh.",
)


def stored(runtime: Runtime, *texts: str, **more: object) -> list[Memory]:
    """Memories of these words, also where they repeat others'."""
    drafts = [
        Draft(text, SPACE, id=new_id(), **more)  # type: ignore[arg-type]
        for text in texts
    ]
    return [runtime.inspect(receipt.id, SPACE) for receipt in runtime.store_many(drafts)]


def every(runtime: Runtime) -> dict[str, Memory]:
    found = {}
    for status in (False, True):
        filters = replace(ListQuery(SPACE).filters, include_archived=status)
        page = runtime.list(ListQuery(SPACE, 100, filters=filters))
        found |= {str(memory.id): memory for memory in page.memories}
    return found


def substance(memory: Memory) -> Memory:
    return replace(memory, version=0, updated_at=0, sequence=0)


def test_what_says_the_same_becomes_one_memory_that_keeps_its_sources(runtime: Runtime) -> None:
    sources = stored(runtime, *SAME, tags=("ops",)) + stored(runtime, SAME[0], tags=("deploy",))
    other = stored(runtime, "The office is in Graz.")
    done = runtime.consolidate(SPACE)
    [cluster] = done.clusters
    assert (done.memories_before, done.memories_after, done.merged) == (5, 2, 4)
    assert cluster.derived is not None
    made = runtime.inspect(cluster.derived, SPACE)
    assert made.content in SAME
    assert set(made.lineage.derived_from) == {memory.id for memory in sources}
    assert made.tags == ("deploy", "ops")
    assert (made.status, made.evidence_count, made.session) == (Status.ACTIVE, 4, None)
    for memory in sources:
        after = runtime.inspect(memory.id, SPACE)
        assert after.content == memory.content
        assert (after.archived, after.status) == (True, Status.STALE)
        assert after.lineage.superseded_by == made.id
    found = runtime.recall(RecallQuery("where is the deploy script", SPACE)).memories
    assert [one.memory.id for one in found][:1] == [made.id]
    assert not {one.memory.id for one in found} & {memory.id for memory in sources}
    assert runtime.inspect(other[0].id, SPACE) == other[0]
    assert runtime.doctor().healthy


def test_a_dry_run_tells_the_same_and_changes_nothing(runtime: Runtime) -> None:
    stored(runtime, *SAME)
    before = every(runtime)
    planned = runtime.consolidate(SPACE, dry_run=True)
    assert every(runtime) == before
    done = runtime.consolidate(SPACE)
    assert [c.kept.id for c in planned.clusters] == [c.kept.id for c in done.clusters]
    assert planned.memories_after == done.memories_after


def test_an_undone_merger_leaves_everything_as_it_was(runtime: Runtime) -> None:
    stored(runtime, *SAME, tags=("ops",))
    before = {key: substance(memory) for key, memory in every(runtime).items()}
    [cluster] = runtime.consolidate(SPACE).clusters
    assert cluster.derived is not None
    restored = runtime.unmerge(cluster.derived, SPACE)
    assert len(restored) == 3
    assert {key: substance(memory) for key, memory in every(runtime).items()} == before
    assert runtime.doctor().healthy
    with pytest.raises(NotFoundError):
        runtime.unmerge(cluster.derived, SPACE)
    with pytest.raises(InvalidInputError):
        runtime.unmerge(restored[0].id, SPACE)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The API listens on port 8000.", "The API listens on port 8001."),
        ("The cache is used in staging.", "The cache is not used in staging."),
        ("Reports go to Ada Lovelace.", "Reports go to Grace Hopper."),
        ("See config/app.toml for limits.", "See config/api.toml for limits."),
        ("The review is on Monday at noon.", "The review is on Tuesday at noon."),
        ("The red lamp marks a failed build.", "The blue lamp marks a failed build."),
        ("Releases need two approvals.", "Releases no longer need two approvals."),
    ],
)
def test_what_differs_in_one_thing_is_never_merged(runtime: Runtime, one: str, other: str) -> None:
    stored(runtime, one, other)
    assert runtime.consolidate(SPACE, threshold=0.5).clusters == ()
    assert not says_all(one, other)


@pytest.mark.parametrize(
    "more",
    [
        {"status": Status.CANDIDATE, "origin": Origin.EXTRACTED},
        {"origin": Origin.TOOL},
        {"memory_type": MemoryType.PROCEDURAL},
    ],
)
def test_what_counts_otherwise_is_not_merged(runtime: Runtime, more: dict[str, object]) -> None:
    stored(runtime, SAME[0])
    stored(runtime, SAME[1], **more)
    assert runtime.consolidate(SPACE).clusters == ()


def test_what_changed_meanwhile_is_left_alone(runtime: Runtime) -> None:
    from memoryoss_mcp.lifecycle import consolidation
    from memoryoss_mcp.model import Change
    from memoryoss_mcp.recall.indexing import document_terms

    first, *_ = stored(runtime, *SAME)

    def progress(step: str, _done: int, _total: int) -> None:
        if step == "merging" and runtime.inspect(first.id, SPACE).version == 1:
            runtime.update(Change(first.id, SPACE, tags=("touched",)))

    done = consolidation.consolidate(runtime._store, SPACE, document_terms, progress=progress)
    assert (done.clusters, done.skipped) == ((), 1)
    assert not any(memory.archived for memory in every(runtime).values())


def test_bad_values_are_refused(runtime: Runtime) -> None:
    for threshold, clusters in ((0.4, 1), (1.1, 1), (0.9, 0)):
        with pytest.raises(InvalidInputError):
            runtime.consolidate(SPACE, threshold=threshold, max_clusters=clusters)
    assert runtime.consolidate("empty").clusters == ()


def test_more_clusters_than_wanted_are_told(runtime: Runtime) -> None:
    for place in ("cellar", "attic", "garden"):
        stored(runtime, f"The spare key is in the {place}.", f"Spare key is in the {place}.")
    done = runtime.consolidate(SPACE, max_clusters=1)
    assert (len(done.clusters), done.more) == (1, 2)
