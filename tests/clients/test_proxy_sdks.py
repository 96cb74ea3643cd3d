# SPDX-License-Identifier: AGPL-3.0-only
"""The official npm SDKs of OpenAI and Anthropic, through the proxy."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.upstream import running_upstream
from tests.proxy.running import running_proxy, settings_for
from tests.proxy.sdk.asking import ANSWER, FACTS, QUESTION

from .conftest import Run

SCRIPT = Path(__file__).with_name("proxy_sdks.mjs")
ASKED = ("chat", "chatStreamed", "response", "responseStreamed", "message", "messageStreamed")


@pytest.mark.parametrize("mode", ["full", "off"])
def test_they_work(run: Run, tmp_path: Path, mode: str) -> None:
    with (
        running_upstream() as upstream,
        running_proxy(tmp_path, upstream, settings_for(upstream)) as proxy,
    ):
        proxy.remember(*FACTS)
        arguments = (proxy.openai_url, proxy.anthropic_url, proxy.key, mode, QUESTION)
        ended = run("node", str(SCRIPT), *arguments)
        assert ended.returncode == 0, ended.stderr
        sent = [request.body for request in upstream.requests]
    seen = json.loads(ended.stdout)
    for name in ASKED:
        assert (ANSWER in seen[name]) == (mode == "full"), name
    blocks = sum(b"<memory_context>" in body for body in sent)
    assert blocks >= len(ASKED) if mode == "full" else not blocks
    assert seen["tool"].startswith("Zürich – ")
    assert seen["claudeTool"] == seen["tool"]
    assert "Sonne ☀" in seen["toolAnswer"]
    assert "Sonne ☀" in seen["claudeToolAnswer"]
    assert seen["blocks"] == ["thinking", "text", "tool_use"]
    assert "(1 image)" in seen["image"]
    assert "gpt-4o" in seen["models"]
    assert seen["embedding"] == 8
    assert seen["file"] == len("größe".encode())
    assert seen["tokens"] > 0
    assert seen["refused"] == [["AuthenticationError", 401], ["AuthenticationError", 401]]
