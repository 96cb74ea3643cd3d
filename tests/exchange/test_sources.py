# SPDX-License-Identifier: AGPL-3.0-only
"""The register of foreign memories: every kind is found by its name, and none by a wrong one."""

from __future__ import annotations

from pathlib import Path

import pytest

from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.exchange.sources import KINDS, MAPPED, detect, find_source


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_found_and_refuses_what_is_not_there(kind: str, tmp_path: Path) -> None:
    source = find_source(kind)
    assert source.kind == kind == find_source(kind.replace("-", "_").upper()).kind
    assert source.title
    missing = tmp_path / "missing"
    assert not source.recognises(missing)
    with pytest.raises(InvalidInputError):
        list(source.read(missing))


def test_what_is_no_kind_is_an_error_that_names_them() -> None:
    with pytest.raises(InvalidInputError, match="basic-memory"):
        find_source("notion")


def test_only_tables_have_columns() -> None:
    for kind in KINDS:
        if kind in MAPPED:
            assert find_source(kind, {"content": "x"}).kind == kind
        else:
            with pytest.raises(InvalidInputError, match="no columns"):
                find_source(kind, {"content": "x"})


def test_the_most_particular_kind_wins(tmp_path: Path) -> None:
    rules = tmp_path / "project"
    rules.mkdir()
    (rules / "CLAUDE.md").write_text("# Rules\n\n- Use tabs.\n", "utf-8")
    assert detect(rules).kind == "agent-files"
    notes = tmp_path / "notes"
    notes.mkdir()
    (notes / "tea.md").write_text("# Tea\n\nTea is hot.\n", "utf-8")
    assert detect(notes).kind == "markdown"
    graph = tmp_path / "memory.jsonl"
    graph.write_text(
        '{"type":"entity","name":"Ann","entityType":"person","observations":["Sings."]}\n', "utf-8"
    )
    assert detect(graph).kind == "mcp-memory"


def test_what_nobody_recognises_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "picture.png"
    file.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(64))
    with pytest.raises(InvalidInputError, match="--from"):
        detect(file)
