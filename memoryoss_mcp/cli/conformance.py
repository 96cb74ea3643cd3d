# SPDX-License-Identifier: AGPL-3.0-only
"""``memoryoss conformance``: what this reader makes of an artifact, for comparison with others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from memoryoss_mcp.cli.parser import Commands
from memoryoss_mcp.cli.session import Reply, Session
from memoryoss_mcp.errors import InvalidInputError

if TYPE_CHECKING:
    from memoryoss_mcp.cli.console import Console
    from memoryoss_mcp.portable.normalize import Normalized

KINDS = ("runtime_contract", "passport", "history", "bundle", "trust_catalog", "sidecar")


def register(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add(
        "conformance",
        run,
        "normalize --kind KIND --input FILE --output FILE [OPTIONS]",
        "Check an artifact of a published line, and write its normalised form.",
        description="The command that the conformance kit compares with other readers. It exits "
        "with 1 where\nan artifact is not valid, and writes nothing then.",
        kept="Nothing was written.",
    )
    parser.add_argument("action", choices=("normalize",), metavar="normalize", help="the action")
    parser.add_argument(
        "--kind", required=True, choices=KINDS, metavar="KIND", help=f"one of {', '.join(KINDS)}"
    )
    parser.add_argument(
        "--input", required=True, type=Path, metavar="FILE", help="the artifact to read"
    )
    parser.add_argument(
        "--output", required=True, type=Path, metavar="FILE", help="where the form is written"
    )
    parser.add_argument(
        "--artifact", type=Path, metavar="FILE", help="what a sidecar signature is for"
    )


def run(session: Session) -> Reply:
    """Read, check, write."""
    from memoryoss_mcp.portable.normalize import normalize  # start-up time: imports pydantic

    options = session.options
    found = normalize(options.kind, options.input, options.artifact)
    if found.valid:
        try:
            options.output.write_bytes(found.text.encode())
        except OSError as error:
            message = f"{options.output} cannot be written ({error.strerror})."
            raise InvalidInputError(message, field="output") from error
    document: dict[str, Any] = {
        "valid": found.valid,
        "form": found.form,
        "errors": sorted({problem.code for problem in found.problems}),
        "signature": found.signature,
    }
    if found.problems:
        document["reason"] = " ".join(problem.message for problem in found.problems)
    return Reply(document, lambda console: _show(console, found), int(not found.valid))


def _show(console: Console, found: Normalized) -> None:
    if found.valid:
        form = {"none": "no digest", "typed": "digest typed", "received": "digest as received"}
        console.line(
            console.styled("valid", "good"), f" · {form[found.form]} · signature {found.signature}"
        )
        return
    console.line(console.styled("not valid", "bad"))
    for problem in found.problems:
        console.line(f"{problem.code}: {problem.message}")
