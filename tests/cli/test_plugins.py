# SPDX-License-Identifier: AGPL-3.0-only
"""``serve`` and ``dev`` hand over to the distribution that brings them, or say how to get it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.support import ROOT, Cli, Result

PLUGIN = """
import json

def serve(arguments):
    print(json.dumps(arguments))
    return 7

def dev(arguments):
    raise SystemExit(3)
"""
WITHOUT = """
import pathlib, sys
from memoryoss_mcp.cli import main
sys.path[:] = [place for place in sys.path if not list(pathlib.Path(place).glob("*.dist-info"))]
main()
"""
"""The program where nothing is installed that could bring a command."""


@pytest.fixture
def plugin(tmp_path: Path) -> dict[str, str]:
    """An installed distribution with both commands; the environment in which it is found."""
    folder = tmp_path / "packages"
    described = folder / "other_proxy-1.0.dist-info"
    described.mkdir(parents=True)
    (folder / "other_proxy.py").write_text(PLUGIN)
    (described / "METADATA").write_text("Metadata-Version: 2.1\nName: other-proxy\nVersion: 1.0\n")
    points = "[memoryoss.plugins]\nserve = other_proxy:serve\ndev = other_proxy:dev\n"
    (described / "entry_points.txt").write_text(points)
    return {"PYTHONPATH": f"{folder}{os.pathsep}{ROOT}"}


def test_the_plugin_gets_the_arguments_and_gives_the_exit_code(
    cli: Cli, plugin: dict[str, str]
) -> None:
    options = ("--port", "8001", "-c", "some.toml", "--workers=2", "--", "-x")
    result = cli("serve", *options, environment=plugin)
    assert result.code == 7, result
    given = json.loads(result.out)
    assert given[:4] == ["--config", "some.toml", "--data-dir", str(cli.data_dir)]
    assert [part for part in given[4:] if part != "--"] == ["--port", "8001", "--workers=2", "-x"]
    assert not cli.data_dir.exists()


def test_no_option_is_swallowed(cli: Cli, plugin: dict[str, str]) -> None:
    result = cli("-v", "serve", "--json", "--namespace", "n", "-v", environment=plugin)
    given = json.loads(result.out)
    assert given[2:] == ["--namespace", "n", "--json", "--verbose"]


def test_a_plugin_may_end_the_process_itself(cli: Cli, plugin: dict[str, str]) -> None:
    assert cli("dev", environment=plugin).code == 3


def test_help_needs_no_plugin(cli: Cli, plugin: dict[str, str]) -> None:
    helped = cli("serve", "--help", environment=plugin)
    assert helped.code == 0
    assert "usage: memoryoss serve" in helped.out


def test_what_other_commands_do_not_know_is_still_refused(cli: Cli) -> None:
    result = cli("list", "--port", "8001", "--json")
    assert (result.code, result.error["code"]) == (2, "usage")


def without(cli: Cli, *arguments: str) -> Result:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, *arguments],
        capture_output=True,
        cwd=cli.folder,
        env=cli.environment,
        timeout=120,
        check=False,
    )
    return Result(done.returncode, done.stdout.decode("utf-8"), done.stderr.decode("utf-8"))


@pytest.mark.parametrize("command", ["serve", "dev"])
def test_without_the_plugin_it_is_said_how_to_get_it(cli: Cli, command: str) -> None:
    result = without(cli, command, "--port", "8001")
    assert (result.code, result.out) == (1, "")
    assert f"'memoryoss {command}'" in result.err
    assert "pip install memoryoss-proxy" in result.err
    told = without(cli, command, "--json")
    assert (told.code, told.error["code"]) == (1, "plugin_missing")
    assert without(cli, "--help").code == 0


def test_a_plugin_that_cannot_be_loaded_is_told(cli: Cli, plugin: dict[str, str]) -> None:
    (cli.folder / "packages" / "other_proxy.py").write_text("import no_such_part\n")
    result = cli("serve", "--json", environment=plugin)
    assert (result.code, result.error["code"]) == (1, "plugin_broken")
    assert "no_such_part" in result.error["message"]
