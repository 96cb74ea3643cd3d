# SPDX-License-Identifier: AGPL-3.0-only
"""``memoryoss adapter``: the files of other clients in and out."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.cli.inside import Inside
from tests.cli.test_import import counts, inside, one_line

__all__ = ["inside"]

RULES = """---
description: How we write Python
globs: **/*.py
alwaysApply: false
---

# Python

- Use `snake_case` for functions.
- Never catch a bare exception.
"""


@pytest.fixture
def rules(tmp_path: Path) -> str:
    path = tmp_path / "python.mdc"
    path.write_text(RULES, "utf-8")
    return str(path)


def bring(inside: Inside, path: str, *options: str, kind: str = "cursor_rules") -> dict[str, Any]:
    """Import, after a dry run that has to decide the same."""
    arguments = ("adapter", "import", "--kind", kind, path, *options)
    planned = inside.json(*arguments, "--dry-run")
    done = inside.json(*arguments)
    assert (planned["decisions"], planned["outcomes"]) == (done["decisions"], done["outcomes"])
    return done


def test_rules_come_in_with_their_provenance(inside: Inside, rules: str) -> None:
    done = bring(inside, rules)
    assert counts(done) == {"create": 2}
    memory = inside.contents()["Use `snake_case` for functions."]
    assert {"adapter:cursor_rules", "client:cursor", "rule", "source_ref:python-mdc"} <= set(
        memory["tags"]
    )
    assert memory["agent"] == "adapter/cursor_rules"
    assert memory["session"] == "python.mdc"
    assert memory["memory_type"] == "procedural"
    assert re.fullmatch(r"adapter:[0-9a-f]{16}", memory["source_key"])
    assert counts(bring(inside, rules)) == {"existing": 2}
    assert counts(bring(inside, rules, kind="cursor-rules")) == {"existing": 2}


def test_a_dry_run_shows_create_merge_and_conflict(inside: Inside, tmp_path: Path) -> None:
    inside.json("store", "The cache is enabled in production.")
    inside.json("store", "Tests run before every commit.")
    file = tmp_path / "CLAUDE.md"
    file.write_text(
        "# Project\n\n- The cache is not enabled in production.\n"
        "- Tests run before every commit.\n- Errors are logged as JSON.\n",
        "utf-8",
    )
    arguments = ("adapter", "import", "--kind", "claude_project", str(file))
    shown = inside(*arguments, "--dry-run").out
    for words in ("create", "merge", "conflict", "Errors are logged as JSON."):
        assert words in shown
    assert counts(bring(inside, str(file), kind="claude_project")) == {
        "create": 1,
        "merge": 1,
        "conflict": 1,
    }


@pytest.mark.parametrize("kind", ["claude_project", "cursor_rules"])
def test_what_was_exported_comes_back_as_what_it_was(
    inside: Inside, tmp_path: Path, kind: str
) -> None:
    inside.json("store", "Use `snake_case` for\nfunctions.", "--tag", "style")
    inside.json("store", "Ann prefers tea.", "--type", "episodic")
    told = inside.json("adapter", "export", "--kind", kind, "-o", "out.txt")
    assert told["exported"] == 2
    before = inside.contents()
    other = Inside(tmp_path / "other", tmp_path, inside.capsys)
    assert counts(bring(other, "out.txt", kind=kind)) == {"create": 2}
    after = other.contents()
    for field in ("id", "tags", "status", "memory_type"):
        assert {words: memory[field] for words, memory in after.items()} == {
            words: memory[field] for words, memory in before.items()
        }
    assert {memory["origin"] for memory in after.values()} == {"imported"}
    assert counts(bring(inside, "out.txt", kind=kind)) == {"existing": 2}


def test_words_that_were_changed_in_an_exported_file_wait_for_a_person(
    inside: Inside, tmp_path: Path
) -> None:
    inside.json("store", "Deploy needs two approvals.")
    inside("adapter", "export", "--kind", "claude_project", "-o", "CLAUDE.md")
    file = tmp_path / "CLAUDE.md"
    file.write_text(file.read_text("utf-8").replace("two approvals", "no approval"), "utf-8")
    assert counts(bring(inside, str(file), kind="claude_project")) == {"conflict": 1}
    kept = inside.contents()
    assert kept["Deploy needs two approvals."]["status"] == "active"
    assert kept["Deploy needs no approval."]["status"] == "candidate"


def test_it_is_said_which_memory_an_edited_item_waits_beside(
    inside: Inside, tmp_path: Path
) -> None:
    memory = inside.json("store", "Deploy needs two approvals.")["id"]
    inside("adapter", "export", "--kind", "claude_project", "-o", "CLAUDE.md")
    file = tmp_path / "CLAUDE.md"
    file.write_text(file.read_text("utf-8").replace("two approvals", "no approval"), "utf-8")
    arguments = ("adapter", "import", "--kind", "claude_project", "CLAUDE.md")
    planned = one_line(inside(*arguments, "--dry-run").out)
    assert "would leave 1 for review" in planned
    assert "would wait in review beside" in planned
    done = inside(*arguments).out
    assert "left 1 for review ('memoryoss review') · 1 record of claude_project" in one_line(done)
    assert "waits in review beside" in one_line(done)
    assert memory in done
    assert "Deploy needs two approvals." in done
    assert ".." not in done
    assert "memoryoss undo --data-dir" in one_line(done)
    assert "--source-key adapter:" in one_line(done)


@pytest.mark.parametrize("kind", ["claude_project", "cursor_rules"])
def test_what_nobody_confirmed_is_exported_only_when_it_is_asked_for(
    inside: Inside, tmp_path: Path, kind: str
) -> None:
    inside.json("store", "Ann prefers tea.")
    notes = tmp_path / "notes.jsonl"
    notes.write_text(
        '{"text": "Ben prefers coffee."}\n{"text": "Cem sings.", "status": "candidate"}\n', "utf-8"
    )
    inside.json("import", str(notes))
    arguments = ("adapter", "export", "--kind", kind)
    told = inside.json(*arguments, "-o", "some.txt")
    assert told["exported"] == 1
    assert told["left_out"] == {"unconfirmed": 1, "candidate": 1}
    text = (tmp_path / "some.txt").read_text("utf-8")
    assert "Ann prefers tea." in text
    assert "Ben" not in text
    assert "Cem" not in text
    shown = one_line(inside(*arguments, "--dry-run").out)
    assert "1 memory would be exported" in shown
    assert "2 left out: candidate 1, unconfirmed 1" in shown
    assert "--unconfirmed" in shown
    told = inside.json(*arguments, "--unconfirmed", "-o", "all.txt")
    assert (told["exported"], told["left_out"]) == (3, {})
    assert counts(bring(inside, "all.txt", kind=kind)) == {"existing": 3}

    ben = inside.contents()["Ben prefers coffee."]["id"]
    inside.json("review", "confirm", ben)
    told = inside.json(*arguments, "--dry-run")
    assert (told["exported"], told["left_out"]) == (2, {"candidate": 1})


def test_an_export_of_nothing_says_what_was_left_out(inside: Inside, rules: str) -> None:
    inside.json("adapter", "import", "--kind", "cursor_rules", rules)
    refused = inside("adapter", "export", "--kind", "cursor_rules", "-o", "out.mdc")
    assert refused.code == 2
    assert "2 left out: unconfirmed 2" in one_line(refused.err)
    assert "--unconfirmed" in one_line(refused.err)
    assert not (inside.folder / "out.mdc").exists()


def test_secrets_do_not_leave_with_an_export(inside: Inside, tmp_path: Path) -> None:
    key = "AKIA" + "QZ7KX2MV4LTN3W5R"
    inside.data_dir.mkdir()
    configuration = inside.data_dir / "memoryoss.toml"
    configuration.write_text('[screen]\nsecrets = "keep"\n', "utf-8")
    inside.json("store", f"The bucket is read with {key}.", "--tag", "s3")
    configuration.unlink()
    assert key in str(inside.contents())
    told = inside.json("adapter", "export", "--kind", "claude_project", "-o", "CLAUDE.md")
    assert sum(told["redacted"].values()) == 1
    assert key not in (tmp_path / "CLAUDE.md").read_text("utf-8")
    shown = inside("adapter", "export", "--kind", "claude_project", "--dry-run").out
    assert key not in shown
    assert "1 secret was redacted" in one_line(shown)
    # The item says what its memory says, which keeps its words.
    assert counts(bring(inside, "CLAUDE.md", kind="claude_project")) == {"existing": 1}
    assert key in str(inside.contents())


def test_an_export_of_a_sealed_namespace_says_that_it_is_in_clear_text(inside: Inside) -> None:
    inside.json("store", "Ann prefers tea.")
    arguments = ("adapter", "export", "--kind", "claude_project", "--dry-run")
    assert inside.json(*arguments)["from_sealed"] is False
    assert "clear text" not in one_line(inside(*arguments).out)
    inside.json("seal")
    assert inside.json(*arguments)["from_sealed"] is True
    assert "is sealed, this file is not" in one_line(inside(*arguments).out)


def test_an_export_has_a_name_of_its_own_and_overwrites_nothing(
    inside: Inside, tmp_path: Path
) -> None:
    inside.json("store", "Ann prefers tea.")
    planned = inside.json("adapter", "export", "--kind", "cursor_rules", "--dry-run")
    assert re.fullmatch(r"memoryoss-cursor_rules-imports-\d{8}-\d{6}\.mdc", planned["file"])
    assert planned["dry_run"] is True
    assert not list(tmp_path.glob("*.mdc"))
    told = inside.json("adapter", "export", "--kind", "cursor_rules")
    assert "Ann prefers tea." in (tmp_path / told["file"]).read_text("utf-8")
    (tmp_path / "mine.md").write_text("mine", "utf-8")
    refused = inside("adapter", "export", "--kind", "claude_project", "-o", "mine.md")
    assert refused.code == 1
    assert (tmp_path / "mine.md").read_text("utf-8") == "mine"


def test_the_newest_commits_of_a_repository(inside: Inside, tmp_path: Path) -> None:
    folder = tmp_path / "repository"
    folder.mkdir()
    who = ("-c", "user.name=Ann", "-c", "user.email=ann@example.org")
    subprocess.run(("git", "init", "-q", str(folder)), check=True)
    for number in range(26):
        message = f"Move boat {number} to the shed"
        command = ("git", "-C", str(folder), *who, "commit", "-q", "--allow-empty", "-m", message)
        subprocess.run(command, check=True)
    done = bring(inside, str(folder), kind="git_history")
    assert counts(done) == {"create": 24, "skipped": 1}
    assert "limit" in str(done["skipped"])
    kept = inside.contents()
    assert "Move boat 25 to the shed" in str(list(kept))
    assert {memory["status"] for memory in kept.values()} == {"candidate"}
    assert counts(bring(inside, str(folder), "--limit", "30", kind="git_history")) == {
        "create": 2,
        "existing": 24,
    }


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (("import", "x.md"), "kind"),
        (("import", "--kind", "notion", "x.md"), "kind"),
        (("import", "--kind", "claude_project"), "path"),
        (("import", "--kind", "claude_project", "missing.md"), "path"),
        (("export", "--kind", "claude_project", "x.md"), "path"),
        (("export", "--kind", "claude_project"), "namespace"),
        (("export", "--kind", "git_history"), "kind"),
    ],
)
def test_wrong_arguments_write_nothing(
    inside: Inside, arguments: tuple[str, ...], field: str
) -> None:
    result = inside("adapter", *arguments, "--json")
    assert result.code == 2
    assert result.error["field"] == field
