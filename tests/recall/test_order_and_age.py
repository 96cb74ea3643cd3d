# SPDX-License-Identifier: AGPL-3.0-only
"""What is explained is what was done, and age alone keeps nothing from being used."""

from __future__ import annotations

import pytest

from benchmarks.workload import (
    NAMESPACE,
    VectorSource,
    embed_documents,
    fill,
    load_embedder,
    make_workload,
    open_store,
)
from memoryoss_mcp.config import Config
from memoryoss_mcp.model import Draft, now
from memoryoss_mcp.recall.query import RecallQuery
from memoryoss_mcp.recall.result import Decision
from memoryoss_mcp.runtime import Runtime
from memoryoss_mcp.screen.injectable import withheld

_DAY_NS = 86_400 * 10**9


@pytest.mark.parametrize("size", [1_000, 20_000])
def test_explain_and_recall_give_the_same_order(config: Config, size: int) -> None:
    workload = make_workload()
    config.store_path.parent.mkdir(parents=True)
    real = embed_documents(workload, load_embedder(config), 500)
    store = open_store(config)
    try:
        fill(store, workload, size, VectorSource(real))
    finally:
        store.close()
    with Runtime.open(config) as runtime:
        for question in workload.questions[:25]:
            query = RecallQuery(question, NAMESPACE)
            recalled, explained = runtime.recall(query), runtime.explain(query).result
            assert [(m.memory.id, m.score) for m in recalled.memories] == [
                (m.memory.id, m.score) for m in explained.memories
            ]
            assert recalled.gate == explained.gate


def test_a_memory_of_sixty_days_in_a_store_of_a_megabyte_can_be_injected(runtime: Runtime) -> None:
    filler = [Draft(f"Note {n}: {text}", "default") for n, text in enumerate(_texts(400))]
    runtime.store_many(filler)
    told = "The payment service retries a failed webhook five times."
    old = runtime.store(Draft(told, "default", created_at=now() - 60 * _DAY_NS))
    found = runtime.recall(
        RecallQuery("How often is a failed webhook retried by the payment service?", "default")
    )
    assert found.memories[0].memory.id == old.id
    assert found.gate.decision is Decision.INJECT
    assert withheld(found.memories[0].memory) is None
    assert runtime.status().file_bytes + runtime.status().wal_bytes > 1 << 20


def _texts(count: int) -> list[str]:
    return list(make_workload().documents(count))
