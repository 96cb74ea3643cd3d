# SPDX-License-Identifier: AGPL-3.0-only
"""Commits as signals, and the hook that sends them, in real repositories."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.exchange.connectors.commits import (
    GitError,
    read_commit,
    read_diff,
    signal_of,
    unremarkable,
)
from memoryoss_mcp.exchange.connectors.githook import HookError, install, script, uninstall

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
posix = pytest.mark.skipif(os.name != "posix", reason="modes and links of POSIX systems")


@pytest.fixture(autouse=True)
def plain_git(monkeypatch: pytest.MonkeyPatch) -> None:
    """git as if nobody had configured it."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    for name, value in {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "Ann",
        "GIT_AUTHOR_EMAIL": "ann@shop.example",
        "GIT_COMMITTER_NAME": "Ann",
        "GIT_COMMITTER_EMAIL": "ann@shop.example",
    }.items():
        monkeypatch.setenv(name, value)


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, check=True)
    return done.stdout.decode()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    return folder


def commit(folder: Path, message: str, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        with (folder / name).open("a", encoding="utf-8") as file:
            file.write(f"{message}\n")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--allow-empty", "-m", message)


# The signal -----------------------------------------------------------------------------------


def test_a_commit_tells_its_message_its_branch_and_its_files(repository: Path) -> None:
    message = (
        "Retry three times at most\n\nThe gateway bans clients\nthat go on.\n\n"
        "Signed-off-by: Ann <ann@shop.example>\nCo-authored-by: Bob <bob@shop.example>"
    )
    commit(repository, message, "src/größe.py", "a b.txt")
    read = read_commit(repository, "HEAD")
    signal = signal_of(read)
    assert signal.content == (
        "Editor signal: Committed: Retry three times at most "
        "Evidence: The gateway bans clients that go on. | branch main "
        "| changed a b.txt, src/größe.py"
    )
    short = git(repository, "rev-parse", "HEAD")[:12]
    assert f"git_commit:{short}" in signal.tags
    assert f"source_ref:git_{short}" in signal.provenance
    assert "Retry three times" in read_diff(repository, read)


def test_an_amended_commit_says_the_same(repository: Path) -> None:
    commit(repository, "First", "a")
    before = signal_of(read_commit(repository, "HEAD"))
    (repository / "a").write_text("other\n")
    git(repository, "commit", "-qa", "--amend", "--no-edit")
    after = signal_of(read_commit(repository, "HEAD"))
    assert before.tags != after.tags
    assert before.content == after.content


def test_many_files_are_counted(repository: Path) -> None:
    commit(repository, "All", *(f"file{n:02}" for n in range(25)))
    assert "file19 and 5 more" in signal_of(read_commit(repository, "HEAD")).content


def test_merges_and_fixups_tell_nothing(repository: Path) -> None:
    commit(repository, "First", "a")
    git(repository, "checkout", "-qb", "topic")
    commit(repository, "fixup! First", "b")
    assert unremarkable(read_commit(repository, "HEAD")) is not None
    git(repository, "checkout", "-q", "main")
    git(repository, "merge", "-q", "--no-ff", "-m", "Merge topic", "topic")
    assert unremarkable(read_commit(repository, "HEAD")) == "a merge"
    assert unremarkable(read_commit(repository, "HEAD~1")) is None


def test_without_a_branch_none_is_named(repository: Path) -> None:
    commit(repository, "First", "a")
    git(repository, "checkout", "-q", "--detach")
    assert read_commit(repository, "HEAD").branch is None


@pytest.mark.parametrize("revision", ["nothing", "--all", "HEAD:a", ""])
def test_what_is_no_commit_is_an_error(repository: Path, revision: str) -> None:
    commit(repository, "First", "a")
    with pytest.raises(InvalidInputError):
        read_commit(repository, revision)


def test_a_long_change_is_cut(repository: Path) -> None:
    commit(repository, "Long " + "x" * 20_000, "a")
    diff = read_diff(repository, read_commit(repository, "HEAD"))
    assert len(diff) < 9_000
    assert diff.endswith("[cut]")


def test_without_git_the_error_says_so(
    repository: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GitError, match="could not be run"):
        read_commit(repository, "HEAD")


# The hook -------------------------------------------------------------------------------------


def hook_of(repository: Path) -> Path:
    return repository / ".git" / "hooks" / "post-commit"


def test_the_hook_is_made_and_taken_away(repository: Path) -> None:
    placed = install(repository)
    assert (placed.done, placed.path.resolve()) == ("made", hook_of(repository).resolve())
    assert hook_of(repository).read_text() == script()
    if os.name == "posix":
        assert os.access(hook_of(repository), os.X_OK)
    assert install(repository).done == "unchanged"
    assert install(repository, ("--namespace", "shop")).done == "renewed"
    assert "--namespace shop" in hook_of(repository).read_text()
    assert uninstall(repository).done == "deleted"
    assert not hook_of(repository).exists()
    assert uninstall(repository).done == "absent"


HOOKS = st.one_of(
    st.just(b""),
    st.builds(
        lambda shebang, lines, end: shebang + b"\n".join(lines) + end,
        st.sampled_from([b"", b"#!/bin/sh\n", b"#!/bin/sh", b"#!/usr/bin/env bash\n"]),
        st.lists(st.sampled_from([b"", b"echo done", b"exit 0", "# größe".encode(), b"\xff"])),
        st.sampled_from([b"", b"\n"]),
    ),
)


@given(before=HOOKS)
def test_a_hook_that_was_there_comes_back_byte_for_byte(
    tmp_path_factory: pytest.TempPathFactory, before: bytes
) -> None:
    folder = tmp_path_factory.mktemp("repository")
    git(folder, "init", "-q")
    hook_of(folder).parent.mkdir(exist_ok=True)
    hook_of(folder).write_bytes(before)
    hook_of(folder).chmod(0o750)
    try:
        placed = install(folder)
    except HookError:  # "#!/bin/sh" without a line end, and more behind it: another program
        assert hook_of(folder).read_bytes() == before
        return
    assert placed.done == "added"
    assert b"connector capture --kind editor" in hook_of(folder).read_bytes()
    assert install(folder).done == "unchanged"
    assert install(folder, ("--namespace", "shop")).done == "renewed"
    assert uninstall(folder).done == "removed"
    assert hook_of(folder).read_bytes() == before
    if os.name == "posix":
        assert stat.S_IMODE(hook_of(folder).stat().st_mode) == 0o750


@posix
@pytest.mark.parametrize(
    ("before", "mode"),
    [
        (b"#!/usr/bin/env python3\nprint()\n", 0o755),
        (b"#!/usr/bin/fish\n", 0o755),
        (b"\x7fELF\0\0", 0o755),
        (b"#!/bin/sh\r\nexit\r\n", 0o755),
        (b"#!/bin/sh\nexit\n", 0o644),
    ],
)
def test_what_git_does_not_run_as_a_script_of_a_shell_is_left_alone(
    repository: Path, before: bytes, mode: int
) -> None:
    hook_of(repository).parent.mkdir(exist_ok=True)
    hook_of(repository).write_bytes(before)
    hook_of(repository).chmod(mode)
    with pytest.raises(HookError, match="Nothing was changed") as caught:
        install(repository)
    assert "connector capture --kind editor" in str(caught.value)
    assert uninstall(repository).done == "absent"
    assert hook_of(repository).read_bytes() == before


@posix
def test_a_link_is_left_alone(repository: Path, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.write_bytes(b"#!/bin/sh\n")
    shared.chmod(0o755)
    hook_of(repository).parent.mkdir(exist_ok=True)
    hook_of(repository).symlink_to(shared)
    with pytest.raises(HookError):
        install(repository)
    assert shared.read_bytes() == b"#!/bin/sh\n"
    assert hook_of(repository).is_symlink()


def test_hooks_that_are_shared_with_others_are_left_alone(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "hooks").mkdir()
    git(repository, "config", "core.hooksPath", str(tmp_path / "hooks"))
    with pytest.raises(HookError, match=r"core\.hooksPath") as caught:
        install(repository)
    assert f"'{tmp_path / 'hooks'}'" in str(caught.value)
    assert list((tmp_path / "hooks").iterdir()) == []


def test_a_linked_work_tree_uses_the_hook_of_its_repository(
    repository: Path, tmp_path: Path
) -> None:
    commit(repository, "First", "a")
    git(repository, "worktree", "add", "-q", str(tmp_path / "linked"))
    placed = install(tmp_path / "linked")
    assert placed.path.resolve() == hook_of(repository).resolve()
    assert uninstall(repository).done == "deleted"


def test_outside_of_a_repository_there_is_no_hook(tmp_path: Path) -> None:
    with pytest.raises(GitError):
        install(tmp_path)
    with pytest.raises(HookError, match="no folder"):
        install(tmp_path / "missing")


def test_a_folder_inside_of_the_repository_will_do(repository: Path) -> None:
    (repository / "src").mkdir()
    assert install(repository / "src").path.resolve() == hook_of(repository).resolve()
    assert uninstall(repository / "src").done == "deleted"


@posix
def test_a_commit_works_without_the_program_and_with_a_hook_that_ends_early(
    repository: Path,
) -> None:
    hook_of(repository).parent.mkdir(exist_ok=True)
    hook_of(repository).write_bytes(b"#!/bin/sh\necho theirs > ran\nexit 3\n")
    hook_of(repository).chmod(0o755)
    install(repository)
    commit(repository, "First", "a")
    assert (repository / "ran").read_text() == "theirs\n"
    assert "memoryoss" not in git(repository, "status", "--short")
