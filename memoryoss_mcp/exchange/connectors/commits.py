# SPDX-License-Identifier: AGPL-3.0-only
"""The editor connector for git: what a commit says and where it changed something.

A commit is a signal of the editor, not of a pull request: it is what its author did in the working
tree, before anybody else was asked; that a branch is proposed, and what reviewers say of it, is
another signal and another consent.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from memoryoss_mcp.errors import InvalidInputError, MemoryOSSError
from memoryoss_mcp.exchange.connectors.kinds import KINDS
from memoryoss_mcp.exchange.connectors.signal import Signal

KIND: Final = KINDS["editor"]
MOST_PATHS: Final = 20
LONGEST_BODY: Final = 4_000
LONGEST_DIFF: Final = 8_000
"""Characters of an excerpt."""
TIMEOUT_S: Final = 60


class GitError(MemoryOSSError):
    """git is missing, or it could not do what was asked. Nothing was changed."""

    code = "git_failed"


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit without its trailers (``Signed-off-by:`` and such, which name people)."""

    sha: str
    subject: str
    body: str
    branch: str | None
    paths: tuple[str, ...]
    parents: int


def read_commit(folder: Path, revision: str) -> Commit:
    """A commit of the repository around a folder.

    Raises:
        InvalidInputError: there is no such commit.
        GitError: git is missing or failed.
    """
    if revision.startswith("-"):
        raise InvalidInputError(f"{revision!r} is not a commit.", field="commit")
    try:
        sha = git(folder, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}").strip()
    except GitError as error:
        if error.__cause__ is not None:
            raise
        raise InvalidInputError(
            f"{revision[:80]!r} is not a commit of a repository around {folder}.", field="commit"
        ) from None
    shown = git(folder, "show", "--no-patch", "--format=%P%x00%s%x00%b", sha)
    parents, subject, body = shown.split("\0", 2)
    changed = git(folder, "diff-tree", "--root", "--no-commit-id", "--name-only", "-r", "-z", sha)
    return Commit(
        sha,
        subject.strip(),
        _without_trailers(body),
        _branch(folder),
        tuple(path for path in changed.split("\0") if path),
        len(parents.split()),
    )


def unremarkable(commit: Commit) -> str | None:
    """Why a commit tells nothing, if it does not."""
    if commit.parents > 1:
        return "a merge"
    if commit.subject.startswith(_MEANT_FOR_OTHERS):
        return "meant to be melted into another commit"
    return None if commit.subject else "without a message"


def signal_of(commit: Commit, diff: str | None = None) -> Signal:
    """The signal of a commit. It is the same for one that was amended without a change of message
    and files."""
    evidence = [" ".join(commit.body[:LONGEST_BODY].split())] if commit.body else []
    if commit.branch:
        evidence.append(f"branch {commit.branch}")
    if commit.paths:
        more = len(commit.paths) - MOST_PATHS
        names = ", ".join(commit.paths[:MOST_PATHS])
        evidence.append(f"changed {names}" + (f" and {more} more" if more > 0 else ""))
    return Signal(
        KIND,
        f"Committed: {commit.subject}",
        tuple(evidence),
        tags=(f"git_commit:{commit.sha[:12]}",),
        source_ref=f"git:{commit.sha[:12]}",
        raw=diff,
    )


def read_diff(folder: Path, commit: Commit) -> str:
    """The beginning of what a commit changed, as a patch.

    Raises:
        GitError: git failed.
    """
    patch = git(folder, "show", "--format=", "--patch", *_PLAIN, commit.sha)
    return patch[:LONGEST_DIFF] + ("\n[cut]" if len(patch) > LONGEST_DIFF else "")


def git(folder: Path, *arguments: str) -> str:
    """What git answers to a command that changes nothing.

    Raises:
        GitError: git is missing (then it has a cause), or its exit code was not 0.
    """
    command = ("git", *_SETTINGS, *arguments)
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise GitError(
            f"git could not be run in {folder} ({error}). Nothing was changed.",
            hint="Install git, and make sure that it is on the PATH.",
        ) from error
    if done.returncode != 0:
        said = _text(done.stderr).strip() or f"exit code {done.returncode}"
        raise GitError(f"git {arguments[0]} failed: {said} Nothing was changed.")
    return _text(done.stdout)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _branch(folder: Path) -> str | None:
    try:
        return git(folder, "symbolic-ref", "--quiet", "--short", "HEAD").strip() or None
    except GitError:
        return None  # No branch is checked out.


def _without_trailers(body: str) -> str:
    paragraphs = re.split(r"\n\s*\n", body.strip().replace("\r\n", "\n"))
    while paragraphs and _are_trailers(paragraphs[-1].splitlines()):
        paragraphs.pop()
    return "\n\n".join(paragraphs)


def _are_trailers(lines: Sequence[str]) -> bool:
    return all(_TRAILER.match(line) or line[:1].isspace() for line in lines)


_SETTINGS: Final = tuple(
    part
    for setting in ("core.quotepath=off", "i18n.logOutputEncoding=UTF-8", "log.showSignature=false")
    for part in ("-c", setting)
)
_PLAIN: Final = ("--no-color", "--no-ext-diff", "--no-textconv")
_TRAILER: Final = re.compile(r"[A-Z][A-Za-z]*(?:-[A-Za-z]+)+: \S")
_MEANT_FOR_OTHERS: Final = ("fixup! ", "squash! ", "amend! ")
