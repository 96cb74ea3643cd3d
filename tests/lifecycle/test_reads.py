# SPDX-License-Identifier: AGPL-3.0-only
"""Which reads the ledger records is a matter of policy; by default none, and nothing is written."""

from __future__ import annotations

from dataclasses import replace

import pytest

from memoryoss_mcp.config import Audit, Config
from memoryoss_mcp.model import Draft
from memoryoss_mcp.recall.query import RecallQuery
from memoryoss_mcp.runtime import Runtime
from memoryoss_mcp.store.types import ListQuery

READS = ["recall", "recall", "inspect", "list", "export"]


def read_everything(runtime: Runtime, namespace: str) -> None:
    stored = runtime.list(ListQuery(namespace)).memories[0].id
    before = len(list(runtime.ledger_entries()))
    runtime.recall(RecallQuery("fact", namespace))
    runtime.explain(RecallQuery("fact", namespace))
    runtime.inspect(stored, namespace)
    runtime.list(ListQuery(namespace))
    list(runtime.export(namespace))
    new = list(runtime.ledger_entries())[before:]
    assert {entry.namespace for entry in new} <= {namespace}
    assert [entry.action for entry in new] in ([], READS)
    assert not new or new[2].memory == stored


@pytest.mark.parametrize(
    ("policy", "clear", "sealed"), [("off", 0, 0), ("sealed", 0, 6), ("all", 6, 6)]
)
def test_reads_are_recorded_as_the_policy_says(
    config: Config, policy: str, clear: int, sealed: int
) -> None:
    with Runtime.open(replace(config, audit=Audit(reads=policy)), client="tests") as runtime:
        for namespace in ("clear", "sealed"):
            runtime.store(Draft("A fact.", namespace))
        runtime.keys.seal("sealed", lambda *_: None)
        before = len(list(runtime.ledger_entries()))
        read_everything(runtime, "clear")
        middle = len(list(runtime.ledger_entries()))
        read_everything(runtime, "sealed")
        after = len(list(runtime.ledger_entries()))
        assert (middle - before, after - middle) == (clear, sealed)
        assert runtime.audit().problem is None
