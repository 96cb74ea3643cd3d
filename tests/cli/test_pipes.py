# SPDX-License-Identifier: AGPL-3.0-only
"""Output as others read it: closed pipes, other locales, terminals, only what was asked for."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.cli.support import Cli

EVIL = "before \x1b]0;title\x07 \x1b[2J \u009b31m \u202e after"


@pytest.fixture(scope="module")
def evil(tmp_path_factory: pytest.TempPathFactory) -> Cli:
    """A memory whose every text tries to command the terminal."""
    folder = tmp_path_factory.mktemp("evil")
    opened = Cli(folder / "data", folder)
    opened.load({"content": EVIL, "tags": [EVIL], "agent": EVIL, "session": EVIL})
    return opened


def run_and_close(cli: Cli, *arguments: str) -> tuple[int, bytes]:
    """Run a command whose reader goes away at once; exit code and standard error."""
    process = subprocess.Popen(
        cli.arguments(*arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        cwd=cli.folder,
        env=cli.environment,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    said = process.stderr.read()
    process.stderr.close()
    return process.wait(timeout=60), said


@pytest.mark.parametrize(
    "arguments", [("list",), ("list", "--json"), ("recall", "sea"), ("--help",), ("doctor",)]
)
def test_a_reader_that_goes_away_is_no_error(library: Cli, arguments: tuple[str, ...]) -> None:
    assert run_and_close(library, *arguments) == (0, b"")


def test_a_closed_pipe_does_not_hide_the_verdict(library: Cli) -> None:
    code, _ = run_and_close(library, "inspect", "01890a5d-ac96-774b-bcce-b302099a8057", "--json")
    assert code == 1


@pytest.mark.parametrize(
    "command", [("list",), ("recall", "before"), ("recall", "after", "--explain"), ("inspect",)]
)
@pytest.mark.parametrize("as_json", [False, True], ids=["text", "json"])
def test_stored_commands_never_reach_the_terminal(
    evil: Cli, command: tuple[str, ...], as_json: bool
) -> None:
    if command == ("inspect",):
        command = ("inspect", evil.json("list")["memories"][0]["id"])
    result = evil(*command, *(("--json",) if as_json else ()))
    assert result.code == 0
    assert not set(result.out) & set("\x1b\x07\u009b\u202e\r")
    if as_json:
        assert result.document.get("memories", [result.document])[0]["content"] == EVIL
    else:
        assert "␛]0;title␇" in result.out


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals in Python")
def test_on_a_terminal_only_our_own_colours_are_sent(evil: Cli) -> None:
    import pty

    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        evil.arguments("list"),
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
        cwd=evil.folder,
        env=evil.environment | {"TERM": "xterm-256color"},
    )
    os.close(theirs)
    shown = b""
    try:
        while chunk := os.read(ours, 65_536):
            shown += chunk
    except OSError:
        pass  # Linux reports the end of a terminal as an error
    os.close(ours)
    assert process.wait(timeout=60) == 0
    assert b"\x1b[" in shown
    for command in (b"\x1b]", b"\x1b[2J", b"\x07", "\u009b".encode(), "\u202e".encode()):
        assert command not in shown


def test_results_and_messages_do_not_mix(library: Cli) -> None:
    result = library("list", "--json", "-vv")
    assert result.code == 0
    assert result.document["total"] == 13


def test_a_command_loads_only_what_it_needs(library: Cli) -> None:
    def loaded(*arguments: str) -> set[str]:
        done = subprocess.run(
            [sys.executable, "-X", "importtime", *library.arguments(*arguments)[1:]],
            capture_output=True,
            cwd=library.folder,
            env=library.environment,
            text=True,
            encoding="utf-8",
            timeout=60,
            check=True,
        )
        return {
            line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()
        }

    heavy = {"rich", "mcp", "mcp_types", "pydantic", "anyio", "asyncio", "onnxruntime", "numpy"}
    assert not loaded("--help") & (heavy | {"apsw", "logging"})
    assert not loaded("list", "--json") & heavy
    recall = loaded("recall", "sea", "--json")
    assert not recall & {"rich", "mcp", "mcp_types", "pydantic", "anyio", "asyncio"}
    assert {"onnxruntime", "numpy"} <= recall
