# SPDX-License-Identifier: AGPL-3.0-only
"""History files are read as their shells write them."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.exchange.connectors import history
from memoryoss_mcp.exchange.connectors.history import Entry

posix = pytest.mark.skipif(os.name != "posix", reason="shells of POSIX systems")
needs_bash = pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
needs_zsh = pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed")


def read(tmp_path: Path, data: bytes, name: str = "history") -> tuple[str, list[Entry]]:
    path = tmp_path / name
    path.write_bytes(data)
    return history.read(path)


def test_bash_without_stamps(tmp_path: Path) -> None:
    data = "make test\n\ncd größe\r\n#12 no stamp\nlast".encode()
    assert read(tmp_path, data, ".bash_history") == (
        "bash",
        [Entry("make test"), Entry("cd größe"), Entry("#12 no stamp"), Entry("last")],
    )


def test_bash_with_stamps_keeps_commands_of_several_lines_together(tmp_path: Path) -> None:
    data = b"old\n#1700000000\nfor i in 1 2\ndo\n  echo $i\ndone\n#1700000009\nmake\n"
    assert read(tmp_path, data) == (
        "bash",
        [
            Entry("old"),
            Entry("for i in 1 2\ndo\n  echo $i\ndone", 1_700_000_000),
            Entry("make", 1_700_000_009),
        ],
    )


def test_zsh_extended_history(tmp_path: Path) -> None:
    data = (
        b": 1700000000:0;make test\n"
        b": 1700000003:12;for i in 1 2; do\\\n  echo $i\\\ndone\n"
        b": 1700000020:0;echo end\\ \n"
        b"plain\n"
    )
    assert read(tmp_path, data, ".zsh_history") == (
        "zsh",
        [
            Entry("make test", 1_700_000_000),
            Entry("for i in 1 2; do\n  echo $i\ndone", 1_700_000_003),
            Entry("echo end\\", 1_700_000_020),
            Entry("plain"),
        ],
    )


def test_the_bytes_that_zsh_hides_are_read(tmp_path: Path) -> None:
    # zsh writes 0x83 and the byte XOR 32 for each byte of 0x83 to 0xa2, as in "ă" (c4 83).
    data = b": 1700000000:0;echo \xc4\x83\xa3\n"
    assert read(tmp_path, data) == ("zsh", [Entry("echo ă", 1_700_000_000)])


def test_fish_history(tmp_path: Path) -> None:
    data = (
        b"- cmd: make test\n  when: 1700000000\n  paths:\n    - test\n"
        b"- cmd: for i in 1 2\\n  echo C:\\\\new\\nend\n  when: 1700000004\n"
        b"- cmd: last\n"
    )
    assert read(tmp_path, data) == (
        "fish",
        [
            Entry("make test", 1_700_000_000),
            Entry("for i in 1 2\n  echo C:\\new\nend", 1_700_000_004),
            Entry("last"),
        ],
    )


@pytest.mark.parametrize("data", [b"", b"\n\n", b"\xff\xfe\x00", b"- cmd: \n", b": 1:0;\n", b"\\"])
def test_strange_files_are_read_without_an_error(tmp_path: Path, data: bytes) -> None:
    _, entries = read(tmp_path, data)
    assert all(entry.command.strip() for entry in entries)


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="missing"):
        history.read(tmp_path / "missing")


def test_of_a_very_long_file_the_end_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "MOST_BYTES", 20)
    _, entries = read(tmp_path, b"first command\nsecond command\nthird\n")
    assert entries == [Entry("third")]


def test_files_are_found_where_shells_keep_them(tmp_path: Path) -> None:
    assert history.files({}, tmp_path) == []
    for name in (".bash_history", "z/.zsh_history", ".local/share/fish/fish_history"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("make\n")
    found = history.files({"ZDOTDIR": str(tmp_path / "z")}, tmp_path)
    assert [path.name for path in found] == [".bash_history", ".zsh_history", "fish_history"]


@posix
@needs_bash
@pytest.mark.parametrize("stamps", [False, True])
def test_what_bash_writes_is_read(tmp_path: Path, stamps: bool) -> None:
    file = tmp_path / ".bash_history"
    setting = "HISTTIMEFORMAT='%F '\nshopt -s cmdhist lithist\n" if stamps else ""
    script = f"{setting}history -c\nseq 3 |\n  sort -r\nuname -s  # größe\nhistory -w\nexit\n"
    subprocess.run(
        ["bash", "--norc", "-i"],
        input=script.encode(),
        env={**os.environ, "HISTFILE": str(file), "HISTCONTROL": ""},
        capture_output=True,
        timeout=60,
        check=True,
    )
    _, entries = history.read(file)
    commands = [entry.command for entry in entries]
    assert "uname -s  # größe" in commands
    if stamps:
        assert all(entry.at is not None for entry in entries)
        assert "seq 3 |\n  sort -r" in commands


@posix
@needs_zsh
def test_what_zsh_writes_is_read(tmp_path: Path) -> None:
    file = tmp_path / ".zsh_history"
    script = (
        "setopt EXTENDED_HISTORY\nfor i in 1\ndo echo größe ă\\\\\ndone\nuname -s\nfc -W\nexit\n"
    )
    subprocess.run(
        ["zsh", "-f", "-i"],
        input=script.encode(),
        env={**os.environ, "HISTFILE": str(file), "SAVEHIST": "100", "HISTSIZE": "100"},
        capture_output=True,
        timeout=60,
        check=True,
    )
    shell, entries = history.read(file)
    assert shell == "zsh"
    commands = [entry.command for entry in entries]
    assert "uname -s" in commands
    assert "for i in 1\ndo echo größe ă\\\\\ndone" in commands
