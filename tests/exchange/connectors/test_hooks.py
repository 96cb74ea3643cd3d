# SPDX-License-Identifier: AGPL-3.0-only
"""The snippets in real shells: what reaches the program, and that nobody notices when it is not
there. A stand-in records how it is called; ``tests/cli/test_connector.py`` has the real one."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from memoryoss_mcp.exchange.connectors.hooks import SHELLS, START_UP_FILES, snippet

posix = pytest.mark.skipif(os.name != "posix", reason="shells of POSIX systems")

INTERACTIVE = {"bash": ["--norc", "--noprofile", "-i"], "zsh": ["-f", "-i"]}
RECORDER = """#!/bin/sh
{ printf '%s\\n' "$*"; cat; } > "$CALLS/$$.part"
mv "$CALLS/$$.part" "$CALLS/$$.call"
"""


def tools(folder: Path) -> str:
    """A PATH on which there is no ``memoryoss``."""
    found = folder / "tools"
    found.mkdir()
    for name in ("sh", "cat", "mv", "true", "false", "seq", "sleep"):
        target = shutil.which(name)
        if target:
            (found / name).symlink_to(target)
    return str(found)


def play(shell: str, folder: Path, text: str, typed: str, *, recorded: bool) -> str:
    """What an interactive shell writes to standard error (its prompts) while lines are typed."""
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed")
    path = tools(folder)
    if recorded:
        recorder = folder / "bin" / "memoryoss"
        recorder.parent.mkdir()
        recorder.write_text(RECORDER)
        recorder.chmod(0o755)
        path = f"{recorder.parent}{os.pathsep}{path}"
    (folder / "calls").mkdir()
    (folder / "hook").write_text(text)
    done = subprocess.run(
        [program, *INTERACTIVE[shell]],
        input=typed.encode(),
        env={
            "PATH": path,
            "HOME": str(folder),
            "CALLS": str(folder / "calls"),
            "HISTFILE": str(folder / "typed"),
            "HISTCONTROL": "ignorespace",
            "TERM": "dumb",
            "LC_ALL": "C.UTF-8",
            "HOOK": str(folder / "hook"),
        },
        cwd=folder,
        capture_output=True,
        timeout=60,
        check=False,
    )
    return done.stderr.decode()


def calls(folder: Path, number: int) -> list[tuple[str, str]]:
    """The arguments and the input of so many calls, which come in the background."""
    ends = time.monotonic() + 30
    while True:
        files = sorted((folder / "calls").glob("*.call"))
        if len(files) >= number or time.monotonic() > ends:
            read = [file.read_text(encoding="utf-8").partition("\n") for file in files]
            return sorted((given, arguments) for arguments, _, given in read)
        time.sleep(0.02)


def capture(shell: str, status: int, options: Sequence[str] = ()) -> str:
    given = "".join(f"{option} " for option in options)
    return (
        f"{given}connector capture --kind terminal --shell {shell} --command - "
        f"--exit-status {status}"
    )


TYPED = """PS1='<$?>'
. "$HOOK"
seq 1 2 > 'größe' && true
false

 seq 9 9 > private
(exit 7)
exit
"""


@posix
@pytest.mark.parametrize("shell", list(INTERACTIVE))
def test_each_command_is_reported_with_its_exit_status(shell: str, tmp_path: Path) -> None:
    typed = TYPED.replace("$?", "%?") if shell == "zsh" else TYPED
    said = play(shell, tmp_path, snippet(shell), typed, recorded=True)
    expected = [
        ("(exit 7)", capture(shell, 7)),
        ("false", capture(shell, 1)),
        ("seq 1 2 > 'größe' && true", capture(shell, 0)),
    ]
    private = (" seq 9 9 > private", capture(shell, 0))
    found = calls(tmp_path, len(expected) + (shell == "zsh"))
    # zsh tells every line; what begins with a blank is left alone by the program itself.
    assert [call for call in found if call != private and call[0] != '. "$HOOK"'] == expected
    assert "<1>" in said
    assert "<7>" in said


@posix
@pytest.mark.parametrize("shell", list(INTERACTIVE))
def test_a_missing_program_is_not_noticed(shell: str, tmp_path: Path) -> None:
    typed = TYPED.replace("$?", "%?") if shell == "zsh" else TYPED
    said = play(shell, tmp_path, snippet(shell), typed, recorded=False)
    assert "memoryoss" not in said.replace(str(tmp_path), "").replace("__memoryoss", "")
    assert "not found" not in said
    assert "<1>" in said
    assert "<7>" in said


@posix
def test_the_prompt_does_not_wait(tmp_path: Path) -> None:
    slow = RECORDER.replace("mv ", "while [ ! -e released ]; do sleep 0.05; done\nmv ")
    (tmp_path / "slow").mkdir()
    program = tmp_path / "slow" / "memoryoss"
    program.write_text(slow)
    program.chmod(0o755)
    typed = f'. "$HOOK"\nPATH={program.parent}:$PATH\nseq 1 2 3 > /dev/null\n: > released\nexit\n'
    play("bash", tmp_path, snippet("bash"), typed, recorded=False)
    assert ("seq 1 2 3 > /dev/null", capture("bash", 0)) in calls(tmp_path, 2)


@posix
def test_a_prompt_command_of_the_user_goes_on_and_sees_the_exit_status(tmp_path: Path) -> None:
    typed = (
        "PROMPT_COMMAND='echo status=$? >&2'\n"
        '. "$HOOK"\n. "$HOOK"\nset -u\n(exit 5)\n'
        "echo prompt=$PROMPT_COMMAND >&2\nexit\n"
    )
    said = play("bash", tmp_path, snippet("bash"), typed, recorded=True)
    assert "status=5" in said
    [prompt] = [line for line in said.splitlines() if line.startswith("prompt=")]
    assert prompt == "prompt=__memoryoss_prompt; echo status=$? >&2"


@posix
@pytest.mark.parametrize("shell", list(INTERACTIVE))
def test_the_options_of_the_program_reach_it_whole(shell: str, tmp_path: Path) -> None:
    options = ("--data-dir", "/a folder/it's \\ $HOME")
    play(shell, tmp_path, snippet(shell, options), '. "$HOOK"\nfalse\nexit\n', recorded=True)
    assert ("false", capture(shell, 1, options)) in calls(tmp_path, 1)


@posix
def test_fish_reports_commands_too(tmp_path: Path) -> None:
    fish = shutil.which("fish")
    if fish is None:
        pytest.skip("fish is not installed")
    recorder = tmp_path / "memoryoss"
    recorder.write_text(RECORDER)
    recorder.chmod(0o755)
    (tmp_path / "calls").mkdir()
    options = ("--data-dir", "/a folder/it's \\ $HOME")
    # fish is interactive on a terminal only; the event is what it sends there.
    script = f"{snippet('fish', options)}\nfalse\nemit fish_postexec 'seq 1 2'\nsleep 1\n"
    subprocess.run(
        [fish, "--no-config", "-c", script],
        env={
            **os.environ,
            "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}",
            "CALLS": str(tmp_path / "calls"),
            "HOME": str(tmp_path),
        },
        capture_output=True,
        timeout=60,
        check=True,
    )
    [(given, arguments)] = calls(tmp_path, 1)
    assert given == "seq 1 2"
    assert arguments.startswith(capture("fish", 0, options)[:-1])


def test_each_shell_has_a_snippet_and_a_place_for_it() -> None:
    assert set(START_UP_FILES) == set(SHELLS)
    assert all("connector capture --kind terminal" in snippet(shell) for shell in SHELLS)
