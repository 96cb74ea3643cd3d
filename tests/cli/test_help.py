# SPDX-License-Identifier: AGPL-3.0-only
"""Every command documents itself, and the page in docs/ says the same."""

from __future__ import annotations

import runpy
import sys
import tomllib
from importlib import metadata

import memoryoss_mcp
from memoryoss_mcp import cli as program
from memoryoss_mcp.cli.app import make_parser
from tests.cli.support import ROOT, Cli

COMMANDS = (
    *("mcp-server", "serve", "dev", "demo", "store", "recall", "update", "forget", "undo", "list"),
    *("inspect", "review", "team", "history", "passport", "bundle", "reader", "trust", "sync"),
    *("contract", "conformance", "import", "adapter", "connector"),
    *("consolidate", "decay", "audit", "export"),
    *("certificate", "seal", "unseal", "keys", "status", "doctor", "migrate"),
    *("migrate-embeddings", "backup", "restore", "models"),
)


def test_the_page_is_what_the_program_says(cli: Cli) -> None:
    generator = runpy.run_path(str(ROOT / "docs" / "generate_cli.py"))
    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert page == generator["page"](), "Run: python docs/generate_cli.py"
    for arguments in ((), ("recall",)):
        assert f"```text\n{cli(*arguments, '--help').out.rstrip()}\n```" in page


def test_every_command_has_help_with_the_global_options() -> None:
    commands = make_parser().commands
    assert tuple(commands) == COMMANDS
    for name, parser in commands.items():
        text = parser.format_help()
        assert f"usage: memoryoss {name}" in text
        for option in ("--config", "--data-dir", "--namespace", "--json", "--verbose", "--version"):
            assert option in text


def test_the_version_is_told(cli: Cli) -> None:
    expected = f"memoryoss {memoryoss_mcp.__version__}\n"
    assert cli("--version").out == expected
    assert cli("recall", "--version").out == expected


def test_the_console_script_is_this_program() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    target = metadata.EntryPoint("memoryoss", project["scripts"]["memoryoss"], "console_scripts")
    assert target.load() is program.main
    assert sys.modules["memoryoss_mcp.cli"] is program
