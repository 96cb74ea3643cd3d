# SPDX-License-Identifier: AGPL-3.0-only
"""What every command gets (options, configuration, runtime, progress) and what it gives back."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from memoryoss_mcp.cli.streams import passphrase
from memoryoss_mcp.config import Config, load_config
from memoryoss_mcp.model import check_namespace
from memoryoss_mcp.store.types import Progress

if TYPE_CHECKING:
    from memoryoss_mcp.cli.console import Console
    from memoryoss_mcp.namespaces import NamespaceChoice
    from memoryoss_mcp.runtime import Runtime

CLIENT = "memoryoss-cli"
"""Kept with what this command line stores."""

INTERRUPTED = 130
"""The exit code that shells give a command that was ended with Ctrl-C."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a command answers: ``document`` for machines, ``show`` for people, the exit code."""

    document: Mapping[str, Any]
    show: Callable[[Console], None]
    code: int = 0


@dataclass
class Session:
    """One run of the command line."""

    options: argparse.Namespace
    as_json: bool

    @cached_property
    def config(self) -> Config:
        """The configuration of this run, read once.

        Raises:
            ConfigError: the file or an environment variable is wrong.
        """
        return load_config(self.options.config, data_dir=self.options.data_dir)

    @property
    def config_with_namespace(self) -> Config:
        """The same with ``--namespace`` as the default of every request.

        Raises:
            InvalidInputError: it is not a namespace name.
        """
        name, config = self.options.namespace, self.config
        if name is None:
            return config
        fixed = check_namespace(name, config.limits.max_namespace_length)
        return replace(config, namespaces=replace(config.namespaces, default=fixed))

    @contextmanager
    def runtime(self) -> Iterator[Runtime]:
        """The opened memory; closed behind the block."""
        from memoryoss_mcp.runtime import Runtime  # start-up time: --help needs no database

        with Runtime.open(self.config, client=CLIENT, ask=self.ask()) as runtime:
            yield runtime

    @staticmethod
    def ask() -> Callable[[], str] | None:
        """Gives the passphrase of sealed namespaces, where there is one or somebody to ask."""
        return passphrase("MEMORYOSS_PASSPHRASE", "Passphrase of the sealed namespaces: ")

    def namespace(self, runtime: Runtime) -> NamespaceChoice:
        """``--namespace``, else the configured one, else the project's, else ``default``."""
        return runtime.namespace(self.options.namespace)

    @contextmanager
    def progress(self, title: str, *, in_bytes: bool = False) -> Iterator[Progress]:
        """A bar on standard error while the block runs, if a person is watching."""
        if self.as_json or not sys.stderr.isatty():
            yield _unseen
            return
        from memoryoss_mcp.cli.console import progress_bar  # start-up time: imports rich

        with progress_bar(title, in_bytes=in_bytes) as report:
            yield report


def _unseen(_step: str, _done: int, _total: int) -> None:
    """Progress that nobody watches."""
