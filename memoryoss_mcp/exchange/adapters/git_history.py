# SPDX-License-Identifier: AGPL-3.0-only
"""``git_history``: the commits of a repository, one candidate each."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Final

from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.exchange.adapters import provenance_tags
from memoryoss_mcp.exchange.record import Found, Skipped
from memoryoss_mcp.model import Limits, Memory, MemoryType, Status, parse_time

SHORT: Final = 12
"""Hexadecimal digits of a commit id in tags and keys."""

RECORD, FIELD = "\x1e", "\x1f"
"""What ends a commit, and what stands between its parts, in a history that is sent as text."""


class GitHistory:
    """Commits, newest first, each with its whole message but for signatures."""

    kind = "git_history"
    client = "git"
    memory_type = MemoryType.EPISODIC
    status = Status.CANDIDATE
    extension = "txt"
    content_type = "text/plain"
    exports = False

    def read(
        self, path: Path, label: str | None = None, *, limit: int | None = None
    ) -> Iterator[Found | Skipped]:
        """The commits that led to what is checked out; how many older ones ``limit`` leaves out is
        reported.

        Raises:
            InvalidInputError: git is missing, or there is no repository with commits.
        """
        total = _count(path)
        return self._read(path, label or path.resolve().name, total, limit)

    def parse(
        self, text: str, label: str, *, limit: int | None = None
    ) -> Iterator[Found | Skipped]:
        """The commits in a text: id, subject and body with U+001F between them, U+001E after each,
        as ``git log --format=%H%x1f%s%x1f%b%x1e`` prints them."""
        commits = [commit for commit in text.split(RECORD) if commit.strip()]
        kept = len(commits) if limit is None else limit
        for number, commit in enumerate(commits[:kept], 1):
            name, subject, body = (*commit.split(FIELD, 2), "", "")[:3]
            message = f"{subject.strip()}\n\n{body}"
            yield self._commit(name.strip(), None, message, label, f"record {number}")
        if len(commits) > kept:
            yield _beyond(len(commits) - kept, kept)

    def render(self, memories: Iterable[Memory], namespace: str) -> str:
        """A history is only read.

        Raises:
            InvalidInputError: always.
        """
        raise InvalidInputError(
            "Memories cannot be exported as a git history: commits are made by git alone.",
            field="kind",
            hint="Use claude_project or cursor_rules.",
        )

    def _read(
        self, path: Path, label: str, total: int, limit: int | None
    ) -> Iterator[Found | Skipped]:
        maximum = [] if limit is None else [f"--max-count={limit}"]
        command = _git(
            path, "log", *maximum, "--encoding=UTF-8", "--format=tformat:" + _FORMAT, "-z"
        )
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=_environment()
        ) as process:
            assert process.stdout is not None
            try:
                for entry in _entries(process.stdout):
                    name, time, message = (*entry.split(FIELD, 2), "", "")[:3]
                    place = f"commit {name[:SHORT]}"
                    yield self._commit(name, time, message, label, place)
                code = process.wait()
            finally:
                process.kill()
        if code:
            raise InvalidInputError(
                f"git log ended with code {code} before the history was read to its end.",
                field="path",
                hint="Check the repository with git fsck.",
            )
        if limit is not None and total > limit:
            yield _beyond(total - limit, limit)

    def _commit(
        self, name: str, time: str | None, message: str, label: str, place: str
    ) -> Found | Skipped:
        if not _NAME.fullmatch(name):
            return Skipped(place, "it does not begin with the id of a commit")
        content = _without_signatures(message)
        if not content:
            return Skipped(place, "a commit without a message")
        size = len(content.encode("utf-8", "surrogatepass"))
        most = Limits().max_content_bytes
        if size > most:
            return Skipped(place, f"a message of {size:,} bytes; a memory has at most {most:,}")
        short = name.lower()[:SHORT]
        return Found(
            content=content,
            key=f"commit:{short}",
            place=place,
            tags=(
                *provenance_tags(self.kind, self.client, label),
                self.kind,
                f"git_commit:{short}",
            ),
            created_at=parse_time(time) if time else None,
            memory_type=self.memory_type,
            status=self.status,
            agent=f"adapter/{self.kind}",
            session=label,
        )


_FORMAT: Final = "%H%x1f%aI%x1f%B"
_NAME = re.compile(r"[0-9A-Fa-f]{12,64}")
_SIGNATURE = re.compile(
    r"(?:[\w-]+-by|Change-Id|git-svn-id|Gerrit-[\w-]+):[ \t]+\S.*", re.IGNORECASE
)
"""Trailers that say who handled a commit; others ("Fixes: #12") are part of what it says."""
_BLOCK: Final = 1 << 16


def _count(path: Path) -> int:
    try:
        done = subprocess.run(
            _git(path, "rev-list", "--count", "HEAD"),
            capture_output=True,
            check=False,
            env=_environment(),
        )
    except OSError as error:
        raise InvalidInputError(
            "git could not be started.", field="path", hint="Install git and try again."
        ) from error
    if done.returncode:
        why = done.stderr.decode("utf-8", "replace").strip().partition("\n")[0]
        raise InvalidInputError(
            f"{path} has no history that git can read ({why[:300]}).",
            field="path",
            hint="Name the folder of a repository that has at least one commit.",
        )
    return int(done.stdout)


def _git(path: Path, *arguments: str) -> list[str]:
    """A command that reads only, and runs no program that the repository's settings name."""
    safe = ("-c", "log.showSignature=false", "-c", "core.fsmonitor=false", "--no-pager")
    return ["git", "-C", str(path), *safe, *arguments]


def _environment() -> dict[str, str]:
    return os.environ | {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}


def _entries(stream: IO[bytes]) -> Iterator[str]:
    """The parts of a stream that end in NUL, which no message can hold."""
    rest = b""
    while block := stream.read(_BLOCK):
        *entries, rest = (rest + block).split(b"\0")
        yield from (entry.decode("utf-8", "replace") for entry in entries)
    if rest.strip():
        yield rest.decode("utf-8", "replace")


def _without_signatures(message: str) -> str:
    lines = message.replace("\r\n", "\n").strip().split("\n")
    while lines and (not lines[-1].strip() or _SIGNATURE.fullmatch(lines[-1].strip())):
        lines.pop()
    return "\n".join(lines)


def _beyond(more: int, limit: int) -> Skipped:
    commits = "1 older commit is" if more == 1 else f"{more:,} older commits are"
    return Skipped(f"after commit {limit:,}", f"{commits} above the limit of {limit:,}")
