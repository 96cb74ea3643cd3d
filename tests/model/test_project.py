# SPDX-License-Identifier: AGPL-3.0-only
"""Each git project has its own namespace, the same in every clone, worktree and subfolder."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from memoryoss_mcp.model import check_namespace
from memoryoss_mcp.model.project import find_project

GIT = shutil.which("git")


def repository(top: Path, remote: str | None = None, *, name: str = "origin") -> Path:
    """A repository as git lays it out, as far as detection reads it."""
    git = top / ".git"
    git.mkdir(parents=True)
    (git / "HEAD").write_text("ref: refs/heads/main\n")
    lines = ["[core]", "\tbare = false"]
    if remote is not None:
        lines += [f'[remote "{name}"]', f"\turl = {remote}", "\tfetch = +refs/heads/*"]
    lines += ['[branch "main"]', "\tremote = origin"]
    (git / "config").write_text("\n".join(lines) + "\n")
    return top


def namespace(folder: Path) -> str:
    project = find_project(folder)
    assert project is not None
    return check_namespace(project.namespace)


def git(folder: Path, *arguments: str) -> None:
    assert GIT is not None
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(
        [GIT, *identity, "-c", "protocol.file.allow=always", *arguments],
        cwd=folder,
        check=True,
        capture_output=True,
    )


def test_a_folder_outside_git_is_no_project(tmp_path: Path) -> None:
    assert find_project(tmp_path) is None
    assert find_project(tmp_path / "missing") is None


@pytest.mark.parametrize(
    "remote",
    [
        "https://example.org/Owner/My-Repo.git",
        "https://example.org/Owner/My-Repo",
        "https://example.org/Owner/My-Repo/",
        "https://someone@example.org/Owner/My-Repo.git",
        "http://example.org:8080/Owner/My-Repo.git",
        "git@example.org:Owner/My-Repo.git",
        "ssh://git@example.org/Owner/My-Repo.git",
        "ssh://git@example.org:2222/Owner/My-Repo.git",
        "git://example.org/Owner/My-Repo.git",
        "git+ssh://git@example.org/Owner/My-Repo.git",
        "example.org:Owner/My-Repo.git",
    ],
)
def test_every_form_of_one_remote_is_one_namespace(tmp_path: Path, remote: str) -> None:
    assert namespace(repository(tmp_path / "clone", remote)) == "owner-my-repo"


def test_clones_in_different_places_share_their_memories(tmp_path: Path) -> None:
    remote = "https://example.org/owner/repo.git"
    one = repository(tmp_path / "a" / "work", remote)
    other = repository(tmp_path / "b" / "checkout", remote)
    assert namespace(one) == namespace(other)


def test_a_subfolder_belongs_to_its_project(tmp_path: Path) -> None:
    top = repository(tmp_path / "clone", "https://example.org/owner/repo.git")
    deep = top / "src" / "package"
    deep.mkdir(parents=True)
    project = find_project(deep)
    assert project is not None
    assert project.top == top.resolve()
    assert project.namespace == "owner-repo"


def test_without_a_remote_two_projects_of_one_name_stay_apart(tmp_path: Path) -> None:
    one, other = repository(tmp_path / "a" / "app"), repository(tmp_path / "b" / "app")
    assert namespace(one).startswith("app-")
    assert namespace(other).startswith("app-")
    assert namespace(one) != namespace(other)
    assert namespace(one) == namespace(one)


def test_origin_counts_before_other_remotes(tmp_path: Path) -> None:
    top = repository(tmp_path / "clone", "https://example.org/fork/repo.git", name="aaa")
    assert namespace(top) == "fork-repo"
    with (top / ".git" / "config").open("a") as config:
        config.write('[remote "origin"]\n\turl = https://example.org/owner/repo.git\n')
    assert namespace(top) == "owner-repo"


@pytest.mark.parametrize("config", ["", "[remote\nurl=", "\x00\xff", '[remote "x"]\nurl =\n'])
def test_a_broken_configuration_is_a_project_without_remote(tmp_path: Path, config: str) -> None:
    top = repository(tmp_path / "app")
    (top / ".git" / "config").write_bytes(config.encode("latin-1"))
    assert namespace(top).startswith("app-")


@pytest.mark.parametrize("pointer", ["", "gitdir:", "gitdir: /nowhere/at/all", "nonsense"])
def test_a_broken_pointer_is_a_project_without_remote(tmp_path: Path, pointer: str) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / ".git").write_text(pointer)
    assert namespace(tmp_path / "app").startswith("app-")


def test_odd_folder_names_make_names_too(tmp_path: Path) -> None:
    assert namespace(repository(tmp_path / "My Äpp (v2)"))
    assert namespace(repository(tmp_path / ("x" * 200)))


@pytest.mark.skipif(GIT is None, reason="git is not installed")
def test_a_real_worktree_shares_the_namespace_of_its_repository(tmp_path: Path) -> None:
    top = tmp_path / "main"
    top.mkdir()
    git(top, "init", "-q")
    git(top, "remote", "add", "origin", "git@example.org:owner/repo.git")
    git(top, "commit", "-q", "--allow-empty", "-m", "first")
    git(top, "worktree", "add", "-q", str(tmp_path / "elsewhere"))
    assert namespace(top) == namespace(tmp_path / "elsewhere") == "owner-repo"
    project = find_project(tmp_path / "elsewhere")
    assert project is not None
    assert project.top == (tmp_path / "elsewhere").resolve()


@pytest.mark.skipif(GIT is None, reason="git is not installed")
def test_a_real_submodule_is_a_project_of_its_own(tmp_path: Path) -> None:
    library, top = tmp_path / "library", tmp_path / "main"
    for folder in (library, top):
        folder.mkdir()
        git(folder, "init", "-q")
        git(folder, "commit", "-q", "--allow-empty", "-m", "first")
    git(top, "remote", "add", "origin", "https://example.org/owner/app.git")
    git(top, "submodule", "add", "-q", str(library), "vendor/library")
    inner = top / "vendor" / "library"
    git(inner, "remote", "set-url", "origin", "https://example.org/owner/library.git")
    assert namespace(top) == "owner-app"
    assert namespace(inner) == "owner-library"
