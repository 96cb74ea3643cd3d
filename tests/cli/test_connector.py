# SPDX-License-Identifier: AGPL-3.0-only
"""``memoryoss connector``: off until it is switched on, and what comes in when it is."""

from __future__ import annotations

import json
import os
import secrets
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cli.support import ROOT, Cli

PROGRAM = (
    sys.executable,
    "-c",
    "from memoryoss_mcp.cli import app, connector\n"
    "app.COMMANDS = tuple(dict.fromkeys((*app.COMMANDS, connector.register)))\n"
    "app.main()\n",
)
LONG = "docker build --tag shop:dev --file deploy/Dockerfile ."
posix = pytest.mark.skipif(os.name != "posix", reason="shells of POSIX systems")
needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


class ConnectorCli(Cli):
    """The program, and the means to let shells and git find it."""

    def arguments(self, *arguments: str) -> list[str]:
        return [*PROGRAM, "--data-dir", str(self.data_dir), *arguments]

    def switch_on(self, *kinds: str, raw: bool = False) -> None:
        """Write a configuration with these kinds on."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        text = f"[connectors]\nenabled = {json.dumps(kinds)}\nraw = {json.dumps(raw)}\n"
        (self.data_dir / "memoryoss.toml").write_text(text, encoding="utf-8")

    def path(self) -> str:
        """A PATH with ``memoryoss`` on it."""
        folder = self.folder / "bin"
        folder.mkdir(exist_ok=True)
        program = folder / "memoryoss"
        program.write_text(f'#!/bin/sh\nexec {shlex.join(PROGRAM)} "$@"\n')
        program.chmod(0o755)
        return f"{folder}{os.pathsep}{os.environ['PATH']}"

    def memories(self) -> list[dict[str, Any]]:
        """All of the namespace that tests use."""
        listed = self.json("list", "--namespace", "shop")["memories"]
        assert isinstance(listed, list)
        return listed

    def wait_for(self, number: int) -> list[dict[str, Any]]:
        """The memories when there are so many; they come in the background."""
        ends = time.monotonic() + 60
        while len(found := self.memories()) < number and time.monotonic() < ends:
            time.sleep(0.2)
        return found


@pytest.fixture
def connected(tmp_path: Path) -> ConnectorCli:
    """The program with three kinds switched on."""
    cli = ConnectorCli(tmp_path / "data", tmp_path)
    cli.switch_on("terminal", "editor", "pull_request")
    return cli


INGEST = ("connector", "ingest", "--kind", "pr", "--summary", "Retries were limited.")


# Consent --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        INGEST,
        (*INGEST, "--dry-run"),
        ("connector", "capture", "--kind", "terminal"),
        ("connector", "capture", "--kind", "editor"),
        ("connector", "hook", "bash"),
        ("connector", "hook", "git", "--install", "."),
    ],
)
def test_everything_is_off_by_default(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    cli = ConnectorCli(tmp_path / "data", tmp_path)
    refused = cli(*arguments, "--json")
    assert (refused.code, refused.error["code"]) == (1, "connector_disabled")
    assert "[connectors]" in refused.error["hint"]
    assert f"'{cli.data_dir / 'memoryoss.toml'}'" in refused.error["hint"]
    assert not (cli.data_dir / "memoryoss.db").exists()


def test_the_list_says_what_is_on(connected: ConnectorCli) -> None:
    listed = connected.json("connector", "list")
    assert len(listed["connectors"]) == 8
    states = {entry["kind"]: entry["enabled"] for entry in listed["connectors"]}
    assert [kind for kind, on in states.items() if on] == ["editor", "terminal", "pull_request"]
    first = listed["connectors"][0]
    assert first["redact_sensitive_by_default"] is True
    assert first["enabled_by_default"] is first["capture_raw_by_default"] is False
    assert listed["raw_allowed"] is False
    shown = connected("connector", "list").out
    assert "pull_request" in shown
    assert "memoryoss.toml" in shown.replace("\n", "")


# Ingest ---------------------------------------------------------------------------------------


def test_a_signal_waits_for_review(connected: ConnectorCli) -> None:
    word = "Pw" + secrets.token_hex(6)
    signal = (
        *INGEST, "--evidence", f"the password was {word} then", "--evidence", "review by Ann",
        "--tag", "Retries", "--tag", "retries", "--source-ref", "shop/pull/12",
        "--namespace", "shop",
    )  # fmt: skip
    told = connected.json(*signal, "--dry-run")
    assert (told["stored"], told["dry_run"], told["id"]) == (False, True, None)
    assert connected.memories() == []
    stored = connected.json(*signal)
    assert (stored["stored"], stored["duplicate"]) == (True, False)
    assert stored["preview"] == told["preview"]
    assert stored["review_key"] == f"review:{stored['id']}"
    assert stored["source"] == "ambient-connector:pull_request"
    assert stored["preview"]["redacted"] == ["password"]
    assert stored["preview"]["evidence_count"] == 2
    assert stored["preview"]["provenance"] == [
        "connector:pull_request", "client:ambient_mesh", "ambient-connector:pull_request"
    ]  # fmt: skip
    [memory] = connected.memories()
    assert memory["content"] == (
        "Pull request signal: Retries were limited. "
        "Evidence: the password was [redacted:password] then | review by Ann"
    )
    assert (memory["status"], memory["origin"]) == ("candidate", "connector")
    assert memory["tags"][-2:] == ["source_ref:shop_pull_12", "Retries"]
    for again in (connected.json(*signal, "--dry-run"), connected.json(*signal)):
        assert (again["duplicate"], again["id"], again["stored"]) == (True, stored["id"], False)
    shown = connected(*signal, "--dry-run").out
    for part in ("Namespace", "Connector", "Source", "Redacted", "Evidence", "Tags", "Preview"):
        assert part in shown
    assert "there already" in shown
    confirmed = connected.json("review", "confirm", "1", "--namespace", "shop")
    assert confirmed["memory"]["id"] == stored["id"]


def test_a_dry_run_finds_what_another_origin_said(connected: ConnectorCli) -> None:
    known = connected.store("Pull request signal: Retries were limited.")
    for dry_run in (("--dry-run",), ()):
        assert connected.json(*INGEST, *dry_run)["id"] == known


def test_raw_excerpts_need_the_configuration_and_the_option(connected: ConnectorCli) -> None:
    raw = (*INGEST, "--raw", "line one", "--namespace", "shop")
    refused = connected(*raw, "--allow-raw", "--json")
    assert (refused.code, refused.error["code"]) == (1, "connector_raw_disabled")
    assert connected.json(*raw)["preview"]["raw"] is False
    connected.switch_on("pull_request", raw=True)
    assert connected.json(*raw, "--allow-raw")["preview"]["raw"] is True
    contents = sorted(memory["content"] for memory in connected.memories())
    assert contents == [
        "Pull request signal: Retries were limited.",
        "Pull request signal: Retries were limited.\n\nRaw excerpt:\nline one",
    ]


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (("ingest", "--summary", "x"), "kind"),
        (("ingest", "--kind", "phone", "--summary", "x"), "connector"),
        (("ingest", "--kind", "pr"), "summary"),
        (("ingest", "--kind", "pr", "--summary", "x", "--commit", "HEAD"), "commit"),
        (("list", "--kind", "pr"), "kind"),
        (("hook",), "hook"),
        (("hook", "tcsh"), "hook"),
        (("hook", "bash", "--install", "."), "install"),
        (("hook", "git", "--install", ".", "--uninstall", "."), "install"),
        (("capture", "--kind", "pr"), "kind"),
        (("capture", "--kind", "terminal", "--commit", "HEAD"), "commit"),
        (("capture", "--kind", "editor", "--history", "file"), "history"),
        (("capture", "--kind", "terminal", "--command", "make"), "exit_status"),
        (("capture", "--kind", "terminal", "--exit-status", "0"), "command"),
        (("capture", "--kind", "terminal", "--history", "missing"), "history"),
        (("capture", "--kind", "terminal", "--limit", "0"), "limit"),
        (("capture", "--kind", "terminal"), "history"),
    ],
)
def test_a_wrong_command_is_an_error(
    connected: ConnectorCli, arguments: tuple[str, ...], field: str
) -> None:
    result = connected("connector", *arguments, "--json")
    assert (result.code, result.error["code"]) == (2, "invalid_input"), result
    assert result.error["field"] == field
    assert not (connected.data_dir / "connectors.json").exists()


# The terminal ---------------------------------------------------------------------------------


def test_a_history_is_captured_once(connected: ConnectorCli) -> None:
    word = "Pw" + secrets.token_hex(6)
    history = connected.folder / ".bash_history"
    history.write_text(f"ls\n{LONG}\nmysql -u root -p{word} --host db shop\nmake test\n")
    capture = ("connector", "capture", "--kind", "terminal", "--namespace", "shop")
    told = connected.json(*capture, "--dry-run")
    assert not (connected.data_dir / "connectors.json").exists()
    done = connected.json(*capture)
    assert [one["preview"] for one in told["signals"]] == [
        one["preview"] for one in done["signals"]
    ]
    assert (done["read"], done["common"], done["seldom"]) == (4, 1, 1)
    contents = sorted(memory["content"] for memory in connected.memories())
    evidence = "Evidence: bash history | exit status unknown"
    assert contents == [
        f"Terminal signal: The command `{LONG}` was run. {evidence}",
        "Terminal signal: The command `mysql -u root -p[redacted:password] --host db shop` "
        f"was run. {evidence}",
    ]
    assert connected.json(*capture)["read"] == 0
    with history.open("a") as file:
        file.write(f"make test\nmake test\n{LONG}\n")
    shown = connected(*capture, "--history", str(history)).out
    assert "`make test` was run 3 times" in shown
    assert "1 offered before" in shown
    assert len(connected.memories()) == 3


def test_a_rejected_command_is_not_offered_again(connected: ConnectorCli) -> None:
    capture = (
        "connector", "capture", "--kind", "terminal", "--command", "-", "--exit-status", "0",
        "--shell", "zsh", "--namespace", "shop",
    )  # fmt: skip
    [signal] = connected.json(*capture, given=LONG.encode())["signals"]
    connected.json("review", "reject", signal["id"], "--namespace", "shop")
    again = connected.json(*capture, given=LONG.encode())
    assert (again["signals"], again["before"]) == ([], 1)


def test_refused_secrets_keep_no_other_signal_from_being_stored(connected: ConnectorCli) -> None:
    with (connected.data_dir / "memoryoss.toml").open("a") as file:
        file.write('[screen]\nsecrets = "refuse"\n')
    word = "Pw" + secrets.token_hex(6)
    history = connected.folder / "history"
    history.write_text(f"mysql -u root -p{word} --host db shop\n{LONG}\n")
    done = connected.json(
        "connector", "capture", "--kind", "terminal", "--history", str(history),
        "--namespace", "shop", code=1,
    )  # fmt: skip
    assert [one["code"] for one in done["refused"]] == ["secret_refused"]
    assert len(connected.memories()) == 1


@posix
def test_the_hook_of_bash_brings_in_what_worked(connected: ConnectorCli) -> None:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("bash is not installed")
    # From a folder of its own, so that the options that the hook was made with have to hold.
    made = connected("connector", "hook", "bash", "--namespace", "shop")
    assert made.code == 0
    (connected.folder / "hook").write_text(made.out)
    typed = (
        '. "$HOME/hook"\nseq 1 2 3 4 5 6\nseq -w 8 2 12\nfalse\nseq -w 8 2 12\n'
        "env DEPLOY_TOKEN=sesame9 seq -s , 8 2 12\nexit\n"
    )
    subprocess.run(
        [bash, "--norc", "-i"],
        input=typed.encode(),
        env=connected.environment
        | {"PATH": connected.path(), "HISTFILE": str(connected.folder / "typed")},
        cwd=connected.folder,
        capture_output=True,
        timeout=120,
        check=False,
    )
    contents = sorted(memory["content"] for memory in connected.wait_for(2))
    evidence = "worked. Evidence: bash prompt | exit status 0"
    assert contents == [
        "Terminal signal: The command `env DEPLOY_TOKEN=[redacted:token] seq -s , 8 2 12` "
        f"{evidence}",
        f"Terminal signal: The command `seq -w 8 2 12` {evidence}",
    ]


def test_a_hook_is_printed_as_it_has_to_stand_in_the_file(connected: ConnectorCli) -> None:
    for shell in ("bash", "zsh", "fish", "git"):
        printed = connected("connector", "hook", shell)
        document = connected.json("connector", "hook", shell)
        assert printed.out == document["text"]
        assert f"--data-dir {connected.data_dir}" in printed.out.replace("'", "")


# Commits --------------------------------------------------------------------------------------


@pytest.fixture
def repository(connected: ConnectorCli, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    for name, value in {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "Ann",
        "GIT_AUTHOR_EMAIL": "ann@shop.example",
        "GIT_COMMITTER_NAME": "Ann",
        "GIT_COMMITTER_EMAIL": "ann@shop.example",
        "PATH": connected.path(),
        "PYTHONPATH": str(ROOT),
        "MEMORYOSS_KEYS_DIR": str(connected.folder / "keys"),
    }.items():
        monkeypatch.setenv(name, value)
    folder = connected.folder / "shop"
    folder.mkdir()
    subprocess.run(["git", "init", "-q", "-b", "main"], cwd=folder, check=True)
    return folder


def commit(folder: Path, message: str) -> None:
    (folder / "retry.py").write_text(message)
    subprocess.run(["git", "add", "-A"], cwd=folder, check=True)
    subprocess.run(["git", "commit", "-q", "-m", message], cwd=folder, check=True)


@posix
@needs_git
def test_the_hook_of_git_brings_in_commits(connected: ConnectorCli, repository: Path) -> None:
    where = ("--namespace", "shop")
    placed = connected.json("connector", "hook", "git", "--install", str(repository), *where)
    assert placed["done"] == "made"
    commit(repository, "Retry three times\n\nMore is a ban.")
    [memory] = connected.wait_for(1)
    assert memory["content"] == (
        "Editor signal: Committed: Retry three times "
        "Evidence: More is a ban. | branch main | changed retry.py"
    )
    assert memory["source_key"] == "ambient-connector:editor"
    assert "connector:editor" in memory["tags"]
    connected.switch_on("terminal")
    removed = connected.json("connector", "hook", "git", "--uninstall", str(repository))
    assert removed["done"] == "deleted"
    assert not (repository / ".git" / "hooks" / "post-commit").exists()


@needs_git
def test_a_change_itself_is_kept_only_when_it_is_allowed(
    connected: ConnectorCli, repository: Path
) -> None:
    commit(repository, "Retry three times")
    inside = ConnectorCli(connected.data_dir, repository)
    capture = ("connector", "capture", "--kind", "editor", "--namespace", "shop")
    assert "+Retry" not in json.dumps(inside.json(*capture, "--dry-run"))
    refused = inside(*capture, "--allow-raw", "--json")
    assert refused.error["code"] == "connector_raw_disabled"
    connected.switch_on("editor", raw=True)
    done = inside.json(*capture, "--allow-raw")
    assert done["signals"][0]["preview"]["raw"] is True
    [memory] = inside.memories()
    assert "+Retry three times" in memory["content"]
    wrong = inside(*capture, "--commit", "nothing", "--json")
    assert (wrong.code, wrong.error["field"]) == (2, "commit")
