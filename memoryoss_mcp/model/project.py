# SPDX-License-Identifier: AGPL-3.0-only
"""Which project a folder belongs to, so that each project has its own memories.

Read from the repository's own files; no program is started.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from memoryoss_mcp.model.namespace import namespace_from

_SECTION = re.compile(r'\s*\[\s*remote\s+"([^"]+)"\s*\]')
_URL = re.compile(r"\s*url\s*=\s*(\S+)")
_REMOTE = re.compile(
    r"(?:[a-z+]+://)?(?:[^@/]+@)?[^/:]+(?::\d+(?=/))?[:/](?P<path>.+?)(?:\.git)?/?$"
)


@dataclass(frozen=True, slots=True)
class Project:
    """A git working tree: its top folder, its remote's URL if it has one, its namespace."""

    top: Path
    remote: str | None
    namespace: str


def find_project(folder: Path) -> Project | None:
    """The git project around ``folder``, or ``None`` outside one.

    The namespace comes from the remote (``owner-repo``, the same in every clone and worktree),
    else from the folder's name and a digest of its path, so that two projects never share one.
    """
    try:
        folder = folder.resolve()
        top = next((f for f in (folder, *folder.parents) if (f / ".git").exists()), None)
        if top is None:
            return None
        remote = _remote_url(_git_folder(top))
    except OSError:
        return None
    if remote is not None and (match := _REMOTE.match(remote)):
        return Project(top, remote, namespace_from(match["path"]))
    digest = hashlib.sha256(str(top).encode("utf-8", "surrogateescape")).hexdigest()[:6]
    return Project(top, remote, namespace_from(f"{top.name}-{digest}"))


def _git_folder(top: Path) -> Path:
    """The folder that holds ``config``: a worktree points to it through two files."""
    git = top / ".git"
    if git.is_file():
        pointed = git.read_text(encoding="utf-8", errors="replace").partition("gitdir:")[2].strip()
        git = (top / pointed).resolve()
    common = git / "commondir"
    if common.is_file():
        git = (git / common.read_text(encoding="utf-8", errors="replace").strip()).resolve()
    return git


def _remote_url(git: Path) -> str | None:
    """The URL of ``origin``, else of the first remote in the repository's configuration."""
    config = git / "config"
    if not config.is_file():
        return None
    urls: dict[str, str] = {}
    remote: str | None = None
    for line in config.read_text(encoding="utf-8", errors="replace").splitlines():
        if line.lstrip().startswith("["):
            section = _SECTION.match(line)
            remote = section[1] if section else None
        elif remote is not None and (url := _URL.match(line)):
            urls.setdefault(remote, url[1])
    return urls.get("origin") or next(iter(urls.values()), None)
