# SPDX-License-Identifier: AGPL-3.0-only
"""The command line: ``memoryoss-proxy serve | dev | check | status``."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from memoryoss_mcp import __version__
from memoryoss_mcp.config import Config, load_config
from memoryoss_mcp.errors import ConfigError, InvalidInputError, MemoryOSSError
from memoryoss_mcp.namespaces import choose_namespace
from memoryoss_proxy.settings import Settings, load_settings
from memoryoss_proxy.tables import Tls
from memoryoss_proxy.upstream import Provider


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command. 0 if it succeeded, 1 if not, 2 if the arguments are wrong."""
    options = _parser().parse_args(arguments)
    try:
        config = load_config(options.config, data_dir=options.data_dir)
        settings = _in_namespace(load_settings(config), config, options.namespace)
        return int(options.run(config, settings, options))
    except BrokenPipeError:  # whoever read has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except MemoryOSSError as error:
        print(f"memoryoss-proxy: {error}", file=sys.stderr)
        return 2 if isinstance(error, ConfigError | InvalidInputError) else 1


def _in_namespace(settings: Settings, config: Config, argument: str | None) -> Settings:
    """Callers without a mapped key get the namespace that the command line would use here."""
    if argument is None and settings.proxy.passthrough_namespace is not None:
        return settings
    chosen = choose_namespace(config, argument)
    return replace(settings, proxy=replace(settings.proxy, passthrough_namespace=chosen.name))


def serve(arguments: Sequence[str]) -> int:
    """``memoryoss serve``."""
    return main(["serve", *arguments])


def dev(arguments: Sequence[str]) -> int:
    """``memoryoss dev``."""
    return main(["dev", *arguments])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="memoryoss-proxy",
        description="Long-term memory in front of OpenAI- and Anthropic-compatible APIs.",
    )
    parser.add_argument("--version", action="version", version=f"memoryoss-proxy {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for name, run, text in (
        ("serve", _serve, "start the proxy"),
        ("dev", _dev, "start the proxy without TLS, with more in the log"),
        ("check", _check, "check the configuration and say what it means"),
        ("status", _status, "show what memory cost and saved, by day and client"),
    ):
        command = commands.add_parser(name, help=text, description=text.capitalize() + ".")
        command.add_argument("-c", "--config", type=Path, help="the configuration file")
        command.add_argument("--data-dir", type=Path, help="the folder of the memory")
        command.add_argument(
            "--namespace",
            help="for callers whose key is not mapped (default: as memoryoss uses in this folder)",
        )
        if name in {"serve", "dev"}:
            command.add_argument("-v", "--verbose", action="store_true", help="log more")
            command.add_argument("--host", help="address to listen on")
            command.add_argument("--port", type=int, help="port to listen on (0: any free one)")
        if name == "status":
            command.add_argument("--days", type=_days, default=14, help="how many days (14)")
        if name in {"check", "status"}:
            command.add_argument("--json", action="store_true", help="print JSON")
        command.set_defaults(run=run)
    return parser


def _days(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError("a number of days, 1 or more")
    return int(text)


def _listening(settings: Settings, options: argparse.Namespace) -> Settings:
    server = settings.server
    if options.host is not None:
        server = replace(server, host=options.host)
    if options.port:
        server = replace(server, port=options.port)
    return replace(settings, server=server)


def _serve(config: Config, settings: Settings, options: argparse.Namespace) -> int:
    from memoryoss_proxy.serving import run

    if options.verbose:
        config = _verbose(config)
    return run(config, _listening(settings, options), any_port=options.port == 0)


def _verbose(config: Config) -> Config:
    return replace(config, logging=replace(config.logging, level="debug"))


def _dev(config: Config, settings: Settings, options: argparse.Namespace) -> int:
    from memoryoss_proxy.serving import run

    settings = replace(_listening(settings, options), tls=Tls(enabled=False))
    return run(_verbose(config), settings, any_port=options.port == 0)


def _check(config: Config, settings: Settings, options: argparse.Namespace) -> int:
    found = _described(config, settings)
    if options.json:
        print(json.dumps(found, indent=2))
        return 0
    for name, value in found.items():
        print(f"{name.replace('_', ' '):24} {value}")
    return 0


def _described(config: Config, settings: Settings) -> dict[str, Any]:
    """What the configuration means, without a secret."""
    from memoryoss_proxy.extracting import extraction_by
    from memoryoss_proxy.serving import address

    proxy, server = settings.proxy, settings.server
    base = address(settings, server.port)
    return {
        "configuration": str(config.path) if config.path else "defaults",
        "memory": str(config.store_path),
        "openai_base_url": f"{base}/proxy/v1",
        "anthropic_base_url": f"{base}/proxy/anthropic",
        "openai_upstream": settings.openai.base,
        "anthropic_upstream": settings.anthropic.base,
        "openai_key": settings.operator_keys_from.get(Provider.OPENAI, "none"),
        "anthropic_key": settings.operator_keys_from.get(Provider.ANTHROPIC, "none"),
        "namespace": settings.passthrough_namespace,
        "mapped_keys": len(proxy.key_mapping),
        "own_keys_of_callers": (
            "refused"
            if not settings.passes_through
            else "from this machine"
            if proxy.passthrough_local_only
            else "from anywhere"
        ),
        "memory_mode": settings.default_mode.kind.value,
        "extraction": extraction_by(settings),
        "firewall": "on" if proxy.firewall else "off",
        "enabled": proxy.enabled,
    }


def _status(config: Config, _: Settings, options: argparse.Namespace) -> int:
    from memoryoss_proxy.status import show

    return show(config, options.days, as_json=options.json)


if __name__ == "__main__":
    sys.exit(main())
