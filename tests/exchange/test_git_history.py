# SPDX-License-Identifier: AGPL-3.0-only
from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.exchange.adapters import find_adapter
from memoryoss_mcp.exchange.record import Found, Skipped
from memoryoss_mcp.model import Memory, MemoryType, Status, new_id, parse_time

ADAPTER = find_adapter("git_history")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    path = tmp_path / "My Shop"
    path.mkdir()
    git(path, "init", "--quiet")
    return path


def git(path: Path, *arguments: str, text: str | None = None) -> str:
    environment = os.environ | {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "A",
        "GIT_AUTHOR_EMAIL": "a@example.org",
        "GIT_COMMITTER_NAME": "A",
        "GIT_COMMITTER_EMAIL": "a@example.org",
        "GIT_AUTHOR_DATE": "2026-01-02T03:04:05+01:00",
        "GIT_COMMITTER_DATE": "2026-02-02T03:04:05Z",
    }
    return subprocess.run(
        ["git", "-C", str(path), *arguments],
        input=text,
        text=True,
        encoding="utf-8",
        capture_output=True,
        check=True,
        env=environment,
    ).stdout.strip()


def commit(path: Path, message: str) -> str:
    git(
        path, "commit", "--quiet", "--allow-empty", "--allow-empty-message", "--cleanup=verbatim",
        "--file=-", text=message,
    )  # fmt: skip
    return git(path, "rev-parse", "HEAD")


def test_commits_become_candidates_newest_first(repository: Path) -> None:
    commit(repository, "feat(cart): keep snake_case_ids\n\nThe API needs `order_id`.\n")
    newest = commit(repository, "Überschrift — 日本語\n")
    first, second = ADAPTER.read(repository)
    assert isinstance(first, Found)
    assert isinstance(second, Found)
    assert first.content == "Überschrift — 日本語"
    assert second.content == "feat(cart): keep snake_case_ids\n\nThe API needs `order_id`."
    assert first.tags == (
        "adapter:git_history",
        "client:git",
        "source_ref:my-shop",
        "git_history",
        f"git_commit:{newest[:12]}",
    )
    assert (first.memory_type, first.status) == (MemoryType.EPISODIC, Status.CANDIDATE)
    assert (first.agent, first.session) == ("adapter/git_history", "My Shop")
    assert first.created_at == parse_time("2026-01-02T02:04:05Z")
    assert first.key != second.key
    assert first.place == f"commit {newest[:12]}"


def test_messages_may_hold_what_separates_other_formats(repository: Path) -> None:
    message = "odd \x1e \x1f subject\n\n- a\n\x1e\n--END--\n\tindented  code"
    commit(repository, message)
    (found,) = ADAPTER.read(repository)
    assert isinstance(found, Found)
    assert found.content == message


def test_signatures_at_the_end_are_left_out(repository: Path) -> None:
    commit(
        repository,
        "Fix rounding\n\nReviewed-by: nobody in this line of prose stays\n\nFixes: #12\n"
        "Signed-off-by: A <a@example.org>\nCo-Authored-By: B <b@example.org>\n",
    )
    (found,) = ADAPTER.read(repository)
    assert isinstance(found, Found)
    assert found.content == (
        "Fix rounding\n\nReviewed-by: nobody in this line of prose stays\n\nFixes: #12"
    )


def test_all_commits_are_read_and_a_limit_is_said(repository: Path) -> None:
    for number in range(30):
        commit(repository, f"change {number}")
    assert len(list(ADAPTER.read(repository))) == 30
    *found, last = ADAPTER.read(repository, limit=25)
    assert len(found) == 25
    assert isinstance(last, Skipped)
    assert "5 older commits are above the limit of 25" in last.reason
    assert len(list(ADAPTER.read(repository, limit=30))) == 30


def test_a_commit_without_words_and_one_with_too_many_are_reported(repository: Path) -> None:
    commit(repository, "")
    commit(repository, "x" * 40_000)
    reasons = [record.reason for record in ADAPTER.read(repository) if isinstance(record, Skipped)]
    assert len(reasons) == 2
    assert "40,000 bytes" in reasons[0]
    assert "without a message" in reasons[1]


def test_settings_of_the_repository_start_no_program(repository: Path, tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch '{marker}'\n", encoding="utf-8")
    program.chmod(0o755)
    commit(repository, "signed")
    raw = git(repository, "cat-file", "commit", "HEAD")
    head, _, body = raw.partition("\n\n")
    signature = "gpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----"
    name = git(
        repository, "hash-object", "-t", "commit", "-w", "--stdin",
        text=f"{head}\n{signature}\n\n{body}\n",
    )  # fmt: skip
    git(repository, "update-ref", "HEAD", name)
    for key in ("gpg.program", "core.fsmonitor", "core.pager"):
        git(repository, "config", key, str(program))
    git(repository, "config", "log.showSignature", "true")
    (found,) = ADAPTER.read(repository)
    assert isinstance(found, Found)
    assert found.content == "signed"
    assert not marker.exists()


@pytest.mark.parametrize("name", ["empty", "missing", "file"])
def test_what_is_no_history_is_an_error(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    if name == "file":
        path.write_text("x", encoding="utf-8")
    if name == "empty":
        path.mkdir()
        git(path, "init", "--quiet")
    with pytest.raises(InvalidInputError, match="no history"):
        ADAPTER.read(path)


def test_a_missing_git_is_said(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(repository))
    with pytest.raises(InvalidInputError, match="git could not be started"):
        ADAPTER.read(repository)


def test_a_history_that_is_sent_as_text_is_read() -> None:
    name = "0123456789abcdef" * 2 + "01234567"
    text = (
        f"{name}\x1fSubject\x1fBody_text\n\x1e\n{name[::-1]}\x1fOnly a subject\x1f\x1enonsense\x1e"
    )
    first, second, third = ADAPTER.parse(text, "shop")
    assert isinstance(first, Found)
    assert isinstance(second, Found)
    assert first.content == "Subject\n\nBody_text"
    assert second.content == "Only a subject"
    assert first.tags[-1] == f"git_commit:{name[:12]}"
    assert isinstance(third, Skipped)
    assert len(list(ADAPTER.parse(text, "shop", limit=1))) == 2


def test_memories_are_not_written_as_a_history() -> None:
    with pytest.raises(InvalidInputError, match="cannot be exported"):
        ADAPTER.render([Memory(new_id(), "shop", "a", 1, 1)], "shop")
