# SPDX-License-Identifier: AGPL-3.0-only
"""``memoryoss reader``: look into an artifact, or at the difference between two, wherever they come
from. No memory is opened and none is made; nothing is written but the file that ``-o`` names."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memoryoss_mcp.cli.artifact_views import show_difference, show_view
from memoryoss_mcp.cli.files import new_file
from memoryoss_mcp.cli.parser import Commands, whole_number
from memoryoss_mcp.cli.session import Reply, Session
from memoryoss_mcp.cli.streams import one_line, to_json, write_line
from memoryoss_mcp.errors import InvalidInputError, MemoryOSSError

if TYPE_CHECKING:
    from memoryoss_mcp.cli.console import Console
    from memoryoss_mcp.portable.artifact import Artifact
    from memoryoss_mcp.portable.view import Decide, Trust

OPEN, DIFF = "open", "diff"
TEXT, JSON, HTML = "text", "json", "html"

_IN_A_PAGE = 200
_IN_A_TEXT = 20


class UnreadableArtifactError(MemoryOSSError):
    """A file is no artifact that can be read."""

    code = "malformed_document"


def register(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add(
        "reader",
        run,
        "open PATH | diff LEFT RIGHT [OPTIONS]",
        "Look into a passport, a history or a bundle, or compare two of them.",
        description="open: what it holds, whether its digests hold, who signed it.\n"
        "diff: which memories were added, removed or changed, and in what.\n"
        "Neither opens a memory, needs a configuration or writes anything but FILE.",
        kept="Nothing was written.",
    )
    parser.add_argument("action", choices=(OPEN, DIFF), metavar="ACTION", help="see above")
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="the artifact")
    parser.add_argument(
        "--format",
        type=_format,
        metavar="FORMAT",
        help="text (default), json, or html: one page for a browser",
    )
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="write it here; must not exist"
    )
    parser.add_argument(
        "--memories",
        type=whole_number("memories"),
        metavar="N",
        help="list so many memories (default: 200 in a page or a difference, else 0)",
    )
    parser.add_argument(
        "--strict",
        action="store_true",
        help="exit with 1 when an artifact is not valid, or its signature speaks against it",
    )


def run(session: Session) -> Reply | int:
    """Open or compare."""
    options = session.options
    form = _chosen(options, session.as_json)
    count = options.memories
    if count is not None and count < 0:
        raise InvalidInputError("--memories is not negative.", field="memories")
    wanted = 1 if options.action == OPEN else 2
    if len(options.paths) != wanted:
        raise InvalidInputError(
            f"{options.action} takes {('one path', 'two paths')[wanted - 1]}.", field="paths"
        )
    with contextlib.ExitStack() as stack:
        artifacts = [_opened(path, stack) for path in options.paths]
        decide = _decider(session)
        if options.action == OPEN:
            shown = _view(artifacts[0], options.paths[0], form, count, decide)
        else:
            shown = _difference(artifacts, options.paths, form, count, decide)
    code = 1 if options.strict and not shown.sound else 0
    if options.output is not None:
        return _written(shown, form, options.output, code)
    if form == HTML:
        write_line(shown.page().rstrip())
        return code
    if form == JSON and not session.as_json:
        write_line(to_json(shown.document()))
        return code
    return Reply(shown.document(), shown.show, code)


@dataclass(frozen=True, slots=True)
class _Shown:
    """What was found, in every form."""

    document: Callable[[], Mapping[str, Any]]
    page: Callable[[], str]
    show: Callable[[Console], None]
    sound: bool


def _decider(session: Session) -> Decide:
    """Decides like the memory of this configuration, if there is one. Whatever is wrong with it is
    a reason why a signature cannot be verified, and none not to read."""

    def decide(artifact: Artifact) -> Trust:
        from memoryoss_mcp.portable.signing import onlooker  # start-up time: many imports

        try:
            return onlooker(session.config)(artifact).document()
        except MemoryOSSError as error:
            status = "verification_unavailable"
            return {"status": status, "verified": False, "reason": error.message}

    return decide


def _view(artifact: Artifact, path: Path, form: str, count: int | None, decide: Decide) -> _Shown:
    from memoryoss_mcp.portable.page import page  # start-up time: imports pydantic
    from memoryoss_mcp.portable.view import look  # start-up time: imports pydantic

    listed = count if count is not None else (_IN_A_PAGE if form == HTML else 0)
    with _named(path):
        view = look(artifact, str(path), decide=decide, memories=listed)
    return _Shown(
        view.as_document,
        lambda: page(view),
        lambda console: show_view(console, view),
        view.sound,
    )


def _difference(
    artifacts: Sequence[Artifact],
    paths: Sequence[Path],
    form: str,
    count: int | None,
    decide: Decide,
) -> _Shown:
    from memoryoss_mcp.portable.diff import LISTED, compare  # start-up time: imports pydantic
    from memoryoss_mcp.portable.page import diff_page  # start-up time: imports pydantic
    from memoryoss_mcp.portable.view import look  # start-up time: imports pydantic

    left, right = artifacts
    views = []
    for artifact, path in zip(artifacts, paths, strict=True):
        with _named(path):
            views.append(look(artifact, str(path), decide=decide))
    listed = count if count is not None else (_IN_A_TEXT if form == TEXT else LISTED)
    found = compare(left, right, (views[0], views[1]), listed=listed)
    return _Shown(
        found.as_document,
        lambda: diff_page(found),
        lambda console: show_difference(console, found),
        found.left.sound and found.right.sound,
    )


def _format(text: str) -> str:
    name = text.strip().lower()
    if name not in (TEXT, JSON, HTML):
        raise InvalidInputError(
            f"{one_line(text)[:40]!r} is not a format.",
            field="format",
            hint="Use text, json or html.",
        )
    return name


def _chosen(options: argparse.Namespace, as_json: bool) -> str:
    form: str | None = options.format
    if as_json and form not in (None, JSON):
        raise InvalidInputError(
            f"--json and --format {form} are two answers.", field="format", hint="Give one of them."
        )
    return JSON if as_json else form or TEXT


def _opened(path: Path, stack: contextlib.ExitStack) -> Artifact:
    from memoryoss_mcp.portable.artifact import open_artifact  # start-up time

    with _named(path):
        artifact = open_artifact(path)
    stack.callback(artifact.close)
    return artifact


@contextlib.contextmanager
def _named(path: Path) -> Iterator[None]:
    """Says which file it is that cannot be read as an artifact."""
    from memoryoss_mcp.portable.canonical import MalformedError  # start-up time

    try:
        yield
    except MalformedError as error:
        raise UnreadableArtifactError(
            f"{path} is not an artifact that can be read. {error.message}", hint=error.hint
        ) from error


def _written(shown: _Shown, form: str, target: Path, code: int) -> Reply:
    with new_file(target) as out:
        if form == TEXT:
            from memoryoss_mcp.cli.console import Console as Printer  # start-up time: rich

            shown.show(Printer(out))
        else:
            out.write(shown.page() if form == HTML else to_json(shown.document()) + "\n")
    fields = {"file": str(target), "format": form, "sound": shown.sound}

    def show(console: Console) -> None:
        console.line(console.styled("written ", "good"), str(target))

    return Reply(fields, show, code)
