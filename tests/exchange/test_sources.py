# SPDX-License-Identifier: AGPL-3.0-only
"""The register of foreign memories: every kind is found by its name, and none by a wrong one."""

from __future__ import annotations

from pathlib import Path

import pytest

from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.exchange.sources import KINDS, MAPPED, beside, detect, find_source


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


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("lessons.csv", "Lektion;Thema\nTea is hot.;tea\n"),
        ("lessons.jsonl", '{"Lektion": "Tea is hot.", "Thema": "tea"}\n'),
        ("lessons.json", '[{"Lektion": "Tea is hot."}, {"Thema": "tea"}]'),
    ],
)
def test_columns_of_other_names_are_told_of(tmp_path: Path, name: str, text: str) -> None:
    table = tmp_path / name
    table.write_text(text, "utf-8")
    mapped = {"content": "Lektion"}
    with pytest.raises(InvalidInputError, match="Lektion, Thema") as caught:
        detect(table)
    assert "--map content=" in str(caught.value.hint)
    with pytest.raises(InvalidInputError, match=r"no column 'missing'.*Lektion, Thema") as caught:
        detect(table, {"content": "missing"})
    assert caught.value.field == "map"
    kind = detect(table, mapped).kind
    assert list(find_source(kind, mapped).read(table))
    with pytest.raises(InvalidInputError, match=r"no column 'missing'.*Lektion, Thema"):
        list(find_source(kind, {"content": "missing"}).read(table))


def test_a_table_that_cannot_be_read_is_told_of_as_one(tmp_path: Path) -> None:
    table = tmp_path / "lessons.csv"
    table.write_bytes("text\nZoë trinkt Tee.\n".encode("utf-16"))
    with pytest.raises(InvalidInputError, match="not UTF-8"):
        detect(table)


def test_a_first_object_without_content_hides_no_others(tmp_path: Path) -> None:
    file = tmp_path / "notes.jsonl"
    file.write_text('{"version": 2}\n{"text": "Tea is hot."}\n', "utf-8")
    assert detect(file).kind == "jsonl"


def test_other_kinds_in_a_folder_are_found(tmp_path: Path) -> None:
    def others() -> tuple[str, list[str]]:
        source = detect(tmp_path)
        return source.kind, [other.kind for other in beside(tmp_path, source)]

    (tmp_path / "CLAUDE.md").write_text("# Rules\n\n- Use tabs.\n", "utf-8")
    assert others() == ("agent-files", [])
    graph = tmp_path / "memory.jsonl"
    graph.write_text(
        '{"type":"entity","name":"Ann","entityType":"person","observations":["Sings."]}\n', "utf-8"
    )
    assert others() == ("mcp-memory", ["agent-files"])
    (tmp_path / "tea.md").write_text("# Tea\n\nTea is hot.\n", "utf-8")
    assert others() == ("mcp-memory", ["agent-files", "markdown"])
    note = "---\ntitle: Tea\npermalink: tea\n---\n\n- [fact] Tea is hot.\n"
    (tmp_path / "tea.md").write_text(note, "utf-8")
    assert others() == ("mcp-memory", ["basic-memory", "agent-files"])
    assert beside(graph, detect(graph)) == ()
