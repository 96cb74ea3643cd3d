# SPDX-License-Identifier: AGPL-3.0-only
"""The stdio MCP server. Only this package imports ``mcp``, and only once it serves."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from memoryoss_mcp import __version__
from memoryoss_mcp.config import Config, Namespaces, load_config
from memoryoss_mcp.errors import MemoryOSSError
from memoryoss_mcp.model import check_namespace

__all__ = ["main", "serve"]

LEVELS = ("debug", "info", "warning", "error")


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve MCP on standard input and output until the client leaves; the exit code.

    0 after service, 2 for a wrong option or configuration. Messages go to stderr.
    """
    options = _parser().parse_args(arguments)
    try:
        config = load_config(options.config, data_dir=options.data_dir)
        if options.namespace is not None:
            fixed = check_namespace(options.namespace, config.limits.max_namespace_length)
            namespaces = Namespaces(default=fixed, aliases=config.namespaces.aliases)
            config = replace(config, namespaces=namespaces)
    except MemoryOSSError as error:
        print(f"memoryoss-mcp: {error.code}: {error}", file=sys.stderr)
        return 2
    return serve(config, log_level=options.log_level or config.logging.level)


def serve(config: Config, *, log_level: str = "info") -> int:
    """Serve one client over this process's standard input and output; takes them over."""
    from memoryoss_mcp.server.lifetime import Lifetime
    from memoryoss_mcp.server.log import configure_logging

    configure_logging(log_level, as_json=config.logging.json)
    lifetime = Lifetime()
    lifetime.watch()
    # Start-up time: --help and --version need none of it.
    from memoryoss_mcp.server.session import run

    return run(config, lifetime)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="memoryoss-mcp",
        description="Serve the memory to one MCP client over standard input and output.",
    )
    parser.add_argument(
        "--data-dir",
        type=Path,
        metavar="DIR",
        help="where memories are kept (else MEMORYOSS_DATA_DIR, else the user data folder)",
    )
    parser.add_argument("-c", "--config", type=Path, metavar="FILE", help="configuration file")
    parser.add_argument(
        "--namespace", metavar="NAME", help="namespace to use when a request names none"
    )
    parser.add_argument("--log-level", choices=LEVELS, help="what is written to stderr")
    parser.add_argument("--version", action="version", version=f"memoryoss-mcp {__version__}")
    return parser
