# SPDX-License-Identifier: AGPL-3.0-only
"""``memoryoss connector hook``: what makes shells and git send their signals."""

from __future__ import annotations

from typing import Final

from memoryoss_mcp.cli.connector import HOOKS, consent_of
from memoryoss_mcp.cli.session import Reply, Session
from memoryoss_mcp.cli.streams import one_line, write_line
from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.exchange.connectors import githook, hooks
from memoryoss_mcp.exchange.connectors.kinds import KINDS

GIT: Final = "git"


def hook(session: Session) -> Reply | int:
    """Print a hook, or put that of git in place."""
    options = session.options
    name = options.hook
    if name not in HOOKS:
        raise InvalidInputError(
            "A hook needs a name." if name is None else f"There is no hook {name[:40]!r}.",
            field="hook",
            hint=f"Use {', '.join(HOOKS)}.",
        )
    if options.install and options.uninstall:
        raise InvalidInputError("Both --install and --uninstall were given.", field="install")
    if name != GIT and (options.install or options.uninstall):
        raise InvalidInputError(
            "Only the hook of git can be put in place.",
            field="install",
            hint=f"Add the output of 'memoryoss connector hook {name}' to the start-up file.",
        )
    if options.uninstall:
        return _placed(session, name)
    consent_of(session).require(KINDS["editor" if name == GIT else "terminal"])
    if options.install:
        return _placed(session, name)
    if name == GIT:
        text, belongs = githook.script(_global_options(session)), ".git/hooks/post-commit"
    else:
        text = hooks.snippet(name, _global_options(session))
        belongs = hooks.START_UP_FILES[name]
    if session.as_json:
        return Reply({"hook": name, "file": belongs, "text": text}, lambda _: None)
    write_line(text.rstrip("\n"))
    return 0


def _placed(session: Session, name: str) -> Reply:
    options = session.options
    if options.install:
        placed = githook.install(options.install, _global_options(session))
    else:
        placed = githook.uninstall(options.uninstall)
    return Reply(
        {"hook": name, "file": str(placed.path), "done": placed.done},
        lambda console: console.line(
            console.styled(f"{placed.done} ", "good"), one_line(str(placed.path))
        ),
    )


def _global_options(session: Session) -> list[str]:
    """The global options of this run that shall hold in the hook too."""
    options = session.options
    given = (
        ("--config", options.config and options.config.absolute()),
        ("--data-dir", options.data_dir and options.data_dir.absolute()),
        ("--namespace", options.namespace),
    )
    return [part for name, value in given if value for part in (name, str(value))]
