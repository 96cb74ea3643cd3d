# SPDX-License-Identifier: AGPL-3.0-only
from __future__ import annotations

import os
from pathlib import Path

import pytest

from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.exchange.record import Found, Skipped
from memoryoss_mcp.exchange.sources.agent_files import AgentFiles
from memoryoss_mcp.model import MemoryType

from .foreign import read

SOURCE = AgentFiles()


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def found_in(path: Path) -> dict[str, Found]:
    return {record.content: record for record in SOURCE.read(path) if isinstance(record, Found)}


def skipped_in(path: Path) -> list[str]:
    return [record.reason for record in SOURCE.read(path) if isinstance(record, Skipped)]


def test_every_kind_of_file_for_agents_is_found_in_a_tree(tmp_path: Path) -> None:
    names = [
        "CLAUDE.md",
        "CLAUDE.local.md",
        "AGENTS.md",
        "GEMINI.md",
        "MEMORY.md",
        ".cursorrules",
        ".windsurfrules",
        ".cursor/rules/a.mdc",
        ".claude/rules/b.md",
        ".github/copilot-instructions.md",
        ".github/instructions/c.instructions.md",
        "packages/web/AGENTS.md",
    ]
    others = ["README.md", "docs/guide.md", "node_modules/p/CLAUDE.md", ".git/AGENTS.md"]
    for name in [*names, *others]:
        write(tmp_path / name, f"- said in {name}\n")
    assert set(found_in(tmp_path)) == {f"said in {name}" for name in names}
    found, skipped = read(SOURCE, tmp_path)
    assert (len(found), skipped) == (len(names), [])


def test_a_statement_knows_its_file_its_section_and_its_line(tmp_path: Path) -> None:
    write(tmp_path / "CLAUDE.md", "# Shop\n\n## Code style\n\n- Use snake_case\n")
    found = found_in(tmp_path)["Use snake_case"]
    assert found.tags == ("file:CLAUDE.md", "section:code-style")
    assert found.place == "CLAUDE.md:5"
    assert found.memory_type is MemoryType.SEMANTIC


def test_editor_rules_are_rules(tmp_path: Path) -> None:
    write(
        tmp_path / ".cursor" / "rules" / "ts.mdc",
        "---\ndescription: TypeScript\nglobs: *.ts\nalwaysApply: false\n---\n- No any\n",
    )
    found = found_in(tmp_path)["No any"]
    assert found.tags == (
        "file:.cursor/rules/ts.mdc",
        "rule",
        "globs:*.ts",
        "section:typescript",
    )
    assert found.memory_type is MemoryType.PROCEDURAL


def test_imports_are_followed_inside_the_tree_and_read_once(tmp_path: Path) -> None:
    project = tmp_path / "project"
    write(tmp_path / "secret.md", "- secret\n")
    write(
        project / "CLAUDE.md",
        "@AGENTS.md\n@docs/style.md\n\n- See @docs/deep.md for more, mail a@example.org, ask @jo\n"
        "- `@docs/code.md` is not brought in\n\n@../secret.md\n\n@missing.md\n\n@package.json\n",
    )
    write(project / "AGENTS.md", "- for all agents\n")
    write(project / "docs" / "style.md", "- tabs\n- @deep.md\n- @../CLAUDE.md\n")
    write(project / "docs" / "deep.md", "- deep down\n")
    write(project / "docs" / "code.md", "- not read\n")
    write(project / "package.json", "{}\n")
    found = found_in(project)
    assert set(found) == {
        "for all agents",
        "tabs",
        "deep down",
        "See @docs/deep.md for more, mail a@example.org, ask @jo",
        "`@docs/code.md` is not brought in",
    }
    assert found["deep down"].place == "docs/deep.md:1"
    assert skipped_in(project) == [
        "@../secret.md leads out of the folder",
        "@missing.md is not there",
        "@package.json is no Markdown",
    ]


def test_a_long_chain_of_imports_ends(tmp_path: Path) -> None:
    write(tmp_path / "CLAUDE.md", "@1.md\n")
    for number in range(1, 9):
        write(tmp_path / f"{number}.md", f"- at {number}\n\n@{number + 1}.md\n")
    assert list(found_in(tmp_path)) == [f"at {number}" for number in range(1, 6)]
    assert skipped_in(tmp_path) == ["6.md is more than 5 files deep"]


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege there")
def test_a_link_beside_its_target_is_read_once_and_one_that_leads_out_not_at_all(
    tmp_path: Path,
) -> None:
    project = tmp_path / "project"
    write(tmp_path / "other.md", "- theirs\n")
    write(project / "AGENTS.md", "- ours\n")
    (project / "CLAUDE.md").symlink_to(project / "AGENTS.md")
    (project / "GEMINI.md").symlink_to(tmp_path / "other.md")
    write(project / "web" / "CLAUDE.md", "@link.md\n")
    (project / "web" / "link.md").symlink_to(tmp_path / "other.md")
    assert list(found_in(project)) == ["ours"]
    assert skipped_in(project) == [
        "a link that leads out of the folder",
        "@link.md leads out of the folder",
    ]


@pytest.fixture
def memory_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "memory"
    write(
        folder / "MEMORY.md",
        "- [Tests](feedback_tests.md) — no mocks\n- [Topics](topics.md) — more\n- Likes tea\n",
    )
    write(
        folder / "feedback_tests.md",
        "---\nname: No mocks\ndescription: Integration tests use a real database\n"
        "type: feedback\n---\n\nNever mock the database.\n\n**Why:** it broke once.\n",
    )
    write(
        folder / "user_role.md",
        "---\nname: role\ndescription: Aylin writes Go\nmetadata:\n  type: user\n---\n"
        "aylin writes go and is new to React.\n",
    )
    write(folder / "topics.md", "# Topics\n\n- plain topic\n")
    write(folder / "unrelated.md", "- nobody points here\n")
    return folder


def test_a_note_of_the_memory_folder_is_one_memory(memory_folder: Path) -> None:
    found = found_in(memory_folder)
    note = found[
        "Integration tests use a real database\n\nNever mock the database.\n\n"
        "**Why:** it broke once."
    ]
    assert note.tags == ("file:feedback_tests.md", "memory:feedback", "note:no-mocks")
    assert note.memory_type is MemoryType.PROCEDURAL
    assert note.key == "feedback_tests.md"
    assert found["aylin writes go and is new to React."].tags[1] == "memory:user"
    assert {"Likes tea", "plain topic"} <= set(found)
    assert len(found) == 4
    assert skipped_in(memory_folder) == [
        "points to feedback_tests.md, which is read itself",
        "points to topics.md, which is read itself",
    ]


def test_a_long_note_is_told_statement_by_statement(memory_folder: Path) -> None:
    rows = "".join(f"- fact {number} {'x' * 60}\n" for number in range(100))
    write(
        memory_folder / "long.md",
        f"---\nname: long\ndescription: All facts\ntype: project\n---\n{rows}",
    )
    found = [record for record in found_in(memory_folder).values() if "note:long" in record.tags]
    assert len(found) == 101
    assert found[0].content == "All facts"


def test_keys_stay_while_a_statement_stays(tmp_path: Path) -> None:
    path = write(tmp_path / "CLAUDE.md", "# A\n\n- one\n- two\n")
    before = found_in(tmp_path)
    write(path, "# A\n\nIntro.\n\n- two\n- one, changed\n")
    after = found_in(tmp_path)
    assert after["two"].key == before["two"].key
    assert after["one, changed"].key not in {record.key for record in before.values()}


def test_a_single_file_is_read_by_itself(tmp_path: Path) -> None:
    path = write(tmp_path / "CLAUDE.md", "- here\n\n@more.md\n")
    write(tmp_path / "more.md", "- there\n")
    write(tmp_path / "AGENTS.md", "- elsewhere\n")
    assert list(found_in(path)) == ["here", "there"]
    assert SOURCE.count(path) == 2


def test_it_is_recognised_by_names_and_notes(tmp_path: Path, memory_folder: Path) -> None:
    assert SOURCE.recognises(memory_folder)
    assert SOURCE.recognises(memory_folder / "user_role.md")
    assert not SOURCE.recognises(memory_folder / "topics.md")
    other = tmp_path / "other"
    write(other / "README.md", "# Hello\n")
    assert not SOURCE.recognises(other)
    assert not SOURCE.recognises(other / "missing")
    with pytest.raises(InvalidInputError):
        SOURCE.count(other)
