# SPDX-License-Identifier: AGPL-3.0-only
"""What a runtime does on its own, in the background."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from memoryoss_mcp.config import load_config
from memoryoss_mcp.maintenance import examine
from memoryoss_mcp.model import Change, Draft
from memoryoss_mcp.runtime import Runtime
from memoryoss_mcp.store import residue
from memoryoss_mcp.store.types import ForgetRequest

PATIENCE_S = 60.0


def test_a_server_that_starts_finishes_the_erasure_that_a_kill_interrupted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = load_config(data_dir=tmp_path, environ={})
    secret = b"The first wording names the vault at Quellenhof."
    with Runtime.open(config) as runtime:
        stored = runtime.store(Draft(secret.decode(), "project"))
        runtime.update(Change(stored.id, "project", content="The second wording names nothing."))
        monkeypatch.setattr(residue, "_UNDER_WAY_NS", 0)  # a minute passes
        with monkeypatch.context() as killed:
            killed.setattr(residue, "erase", lambda *_: None)
            killed.setattr("memoryoss_mcp.store.forgetting.receipt", lambda *_: None)
            runtime.forget(ForgetRequest("project", ids=(stored.id,)))
    assert not examine(config).healthy
    with Runtime.open(config, warm=True):
        deadline = time.monotonic() + PATIENCE_S
        while not examine(config).healthy and time.monotonic() < deadline:
            time.sleep(0.05)
    assert examine(config).healthy
    assert secret not in config.store_path.read_bytes()
