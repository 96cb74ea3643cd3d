# SPDX-License-Identifier: AGPL-3.0-only
"""Which namespace a request is for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from memoryoss_mcp.config import Config
from memoryoss_mcp.model import check_namespace
from memoryoss_mcp.model.namespace import DEFAULT_NAMESPACE
from memoryoss_mcp.model.project import find_project


@dataclass(frozen=True, slots=True)
class NamespaceChoice:
    """A namespace and why it: ``argument``, ``configuration``, ``project`` or ``default``."""

    name: str
    source: str


def choose_namespace(
    config: Config, argument: str | None = None, folder: Path | None = None
) -> NamespaceChoice:
    """The argument, else the configured namespace, else that of the git project around ``folder``
    (the working folder), else ``default``.

    Raises:
        InvalidInputError: the argument is not a namespace name.
    """
    if argument is not None:
        limit = config.limits.max_namespace_length
        return NamespaceChoice(check_namespace(argument, limit), "argument")
    if config.namespaces.default is not None:
        return NamespaceChoice(config.namespaces.default, "configuration")
    project = find_project(folder or Path.cwd())
    if project is None:
        return NamespaceChoice(DEFAULT_NAMESPACE, "default")
    name = config.namespaces.aliases.get(project.namespace, project.namespace)
    return NamespaceChoice(name, "project")
