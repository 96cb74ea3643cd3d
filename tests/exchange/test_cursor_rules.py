# SPDX-License-Identifier: AGPL-3.0-only
from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memoryoss_mcp.exchange.adapters import find_adapter
from memoryoss_mcp.exchange.record import Found
from memoryoss_mcp.model import Memory, MemoryType, Status, new_id

ADAPTER = find_adapter("cursor-rules")


def rule(content: str, tags: tuple[str, ...] = ("rule",)) -> Memory:
    return Memory(new_id(), "shop", content, 1, 1, tags=tags, memory_type=MemoryType.PROCEDURAL)


def parsed(text: str) -> list[Found]:
    return [found for found in ADAPTER.parse(text, "style.mdc") if isinstance(found, Found)]


def test_an_mdc_file_is_read_with_what_its_front_matter_says() -> None:
    text = (
        "---\ndescription: React components\nglobs: *.tsx,src/**/*.jsx\nalwaysApply: true\n---\n"
        "# Components\n\n- Use `useMemo` for derived_state\n"
    )
    (found,) = parsed(text)
    assert found.content == "Use `useMemo` for derived_state"
    assert found.tags == (
        "adapter:cursor_rules",
        "client:cursor",
        "source_ref:style-mdc",
        "rule",
        "globs:*.tsx",
        "globs:src/**/*.jsx",
        "always_apply",
        "section:react-components",
    )
    assert (found.memory_type, found.status) == (MemoryType.PROCEDURAL, Status.ACTIVE)
    assert (found.agent, found.session) == ("adapter/cursor_rules", "style.mdc")


@pytest.mark.parametrize("globs", ["", " **/*", "\n  - '**/*'"])
def test_rules_for_all_files_have_no_pattern(globs: str) -> None:
    (found,) = parsed(f"---\ndescription:\nglobs:{globs}\nalwaysApply: false\n---\n- a rule\n")
    assert [tag for tag in found.tags if tag.startswith(("globs", "always"))] == []


def test_each_sentence_on_a_line_of_its_own_is_a_rule() -> None:
    found = parsed("You are an expert.\nAlways use types.\nNever use any!\n")
    assert [(one.content, one.place) for one in found] == [
        ("You are an expert.", "style.mdc:1"),
        ("Always use types.", "style.mdc:2"),
        ("Never use any!", "style.mdc:3"),
    ]


def test_wrapped_prose_stays_one_rule() -> None:
    text = "You must never commit\nto main. Always open\na pull request."
    assert [found.content for found in parsed(text)] == [text]


def test_a_written_file_is_one_that_cursor_reads_and_comes_back_the_same() -> None:
    kept = [rule("Use tabs", ("rule", "globs:*.go")), rule("No panics", ("globs:*.go",))]
    text = ADAPTER.render(kept, "shop")
    head, _, body = text[4:].partition("\n---\n")
    assert text.startswith("---\n")
    assert head.split("\n")[1:] == ["globs: *.go", "alwaysApply: false"]
    assert head.startswith("description: ")
    assert "- Use tabs\n" in body
    assert [(one.id, one.content, one.tags) for one in parsed(text)] == [
        (one.id, one.content, one.tags) for one in kept
    ]


def test_rules_for_different_files_are_written_for_all_files() -> None:
    text = ADAPTER.render([rule("a", ("globs:*.go",)), rule("b", ("globs:*.py",))], "shop")
    assert "\nglobs: **/*\n" in text


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])).filter(str.strip), min_size=1))
def test_any_rules_come_back_the_same(contents: list[str]) -> None:
    kept = sorted(map(rule, contents), key=lambda one: one.id)
    found = parsed(ADAPTER.render(kept, "shop"))
    assert [(one.id, one.content, one.memory_type) for one in found] == [
        (one.id, one.content, one.memory_type) for one in kept
    ]


def test_rules_of_a_project_are_found_in_their_places(tmp_path: Path) -> None:
    rules = tmp_path / ".cursor" / "rules" / "deep"
    rules.mkdir(parents=True)
    (rules / "a.mdc").write_text("- nested rule\n", encoding="utf-8")
    (tmp_path / ".cursorrules").write_text("- old rule\n", encoding="utf-8")
    (tmp_path / "README.md").write_text("- no rule\n", encoding="utf-8")
    found = list(ADAPTER.read(tmp_path, "shop"))
    assert [(one.place, one.content) for one in found if isinstance(one, Found)] == [
        (".cursor/rules/deep/a.mdc:1", "nested rule"),
        (".cursorrules:1", "old rule"),
    ]
