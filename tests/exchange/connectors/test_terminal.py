# SPDX-License-Identifier: AGPL-3.0-only
"""Which commands are worth remembering."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memoryoss_mcp.exchange.connectors.marks import FILE_NAME, Marks, digest
from memoryoss_mcp.exchange.connectors.terminal import (
    Captured,
    from_history,
    from_prompt,
    is_long,
    is_worthwhile,
)

LONG = "docker build --tag shop:dev --file deploy/Dockerfile ."


def captured(folder: Path, lines: list[str], marks: Marks, limit: int = 20) -> Captured:
    path = folder / ".bash_history"
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return from_history(path, marks, limit)


def summaries(found: Captured) -> list[str]:
    return [signal.summary for signal in found.signals]


# One command ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command",
    ["ls -la", "cd ~/shop", "sudo ls /root", "git status", "git commit -m 'A change'", "vim a.py",
     "cat a | grep b | less", "X=1", "export X=1", "", "  make test", "# a note",
     "python --version", "make --help", "echo 'make test'", "ls; pwd", "kill %1 && fg",
     "\x1b[A", "x" * 3_000, "| ;"],
)  # fmt: skip
def test_what_everybody_knows_is_not_worthwhile(command: str) -> None:
    assert not is_worthwhile(command)


@pytest.mark.parametrize(
    "command",
    ["make test", "cd api && npm test", "git rebase --onto main topic", "cat a | jq .items",
     "X=1 ./run", "sudo -u db pg_dump shop", "for f in *; do convert $f; done", "python -m shop"],
)  # fmt: skip
def test_what_does_something_of_its_own_is(command: str) -> None:
    assert is_worthwhile(command)


@given(st.text(max_size=80))
def test_any_text_can_be_judged(text: str) -> None:
    assert isinstance(is_worthwhile(text) and is_long(text), bool)


# The history ----------------------------------------------------------------------------------


def test_a_long_command_counts_at_once_and_a_short_one_when_it_came_back(tmp_path: Path) -> None:
    marks = Marks()
    found = captured(tmp_path, ["ls", LONG, "cd x", "make test", "ls", "git push"], marks)
    assert summaries(found) == [f"The command `{LONG}` was run."]
    assert (found.read, found.common, found.seldom) == (6, 4, 1)
    again = ["make test", "make test"]
    lines = ["ls", LONG, "cd x", "make test", "ls", "git push", *again, LONG]
    found = captured(tmp_path, lines, marks)
    assert summaries(found) == ["The command `make test` was run 3 times."]
    assert (found.read, found.seldom, found.before) == (3, 1, 1)
    [signal] = found.signals
    assert signal.evidence == ("bash history", "exit status unknown")
    assert "source_ref:history_bash" in signal.provenance
    assert captured(tmp_path, lines, marks) == Captured()


def test_commands_in_an_order_that_came_before_are_one_signal(tmp_path: Path) -> None:
    order = ["make clean", "make all", "./deploy staging"]
    lines = [*order, "ls", "vi notes", *order, "terraform plan"]
    found = captured(tmp_path, lines, Marks())
    assert summaries(found) == [
        "These commands were run in this order more than once: "
        "`make clean`, then `make all`, then `./deploy staging`."
    ]


def test_an_order_at_the_end_of_the_file_is_found(tmp_path: Path) -> None:
    lines = ["make all", "./deploy", "make other", "make all", "./deploy"]
    marks = Marks()
    assert len(captured(tmp_path, lines, marks).signals) == 1
    assert captured(tmp_path, [*lines, "terraform plan"], marks).signals == ()


def test_what_is_far_apart_in_time_is_no_order(tmp_path: Path) -> None:
    def lines(gap: int) -> list[str]:
        stamps = (0, gap, 100_000, 100_000 + gap)
        typed = ("make all", "./deploy", "make all", "./deploy")
        return [
            line
            for at, command in zip(stamps, typed, strict=True)
            for line in (f"#{1_700_000_000 + at}", command)
        ]

    assert captured(tmp_path, lines(7_200), Marks()).signals == ()
    assert len(captured(tmp_path, lines(60), Marks()).signals) == 1


def test_the_limit_leaves_the_rest_for_the_next_run(tmp_path: Path) -> None:
    lines = [f"docker run --rm --name job{n} image:{n} start" for n in range(7)]
    marks = Marks()
    seen: list[str] = []
    lefts = []
    for _ in range(4):
        found = captured(tmp_path, lines, marks, limit=3)
        seen += summaries(found)
        lefts.append(found.left)
    assert lefts == [4, 1, 0, 0]
    assert seen == [f"The command `{line}` was run." for line in lines]


COMMANDS = st.sampled_from(
    ["ls", "make all", "make test", "./deploy", LONG, "npm start | tee log x"]
)


@given(st.lists(COMMANDS, max_size=40), st.integers(1, 5))
def test_portions_tell_what_one_run_tells(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], limit: int
) -> None:
    folder = tmp_path_factory.mktemp("history")
    whole = summaries(captured(folder, lines, Marks(), 1_000))
    marks = Marks()
    portions: list[str] = []
    read = 0
    while True:
        found = captured(folder, lines, marks, limit)
        assert len(found.signals) <= limit
        portions += summaries(found)
        read += found.read
        if not found.left:
            break
    assert len(set(whole)) == len(whole)
    assert portions == whole
    assert read == len(lines)


def test_secrets_are_gone_before_anything_is_noted(tmp_path: Path) -> None:
    word = "Pw" + secrets.token_hex(6)
    command = f"mysql -u root -p{word} --host db shop"
    marks = Marks()
    [signal] = captured(tmp_path, [command], marks).signals
    assert signal.summary == (
        "The command `mysql -u root -p[redacted:password] --host db shop` was run."
    )
    assert signal.redacted == ("password",)
    marks.save(tmp_path)
    kept = (tmp_path / FILE_NAME).read_text(encoding="utf-8")
    assert digest(signal.summary.split("`")[1]) in kept
    assert digest(command) not in kept
    other = command.replace(word, word[::-1])
    assert captured(tmp_path, [command, other], marks).signals == ()


# The prompt -----------------------------------------------------------------------------------


def test_a_command_counts_when_it_worked(tmp_path: Path) -> None:
    marks = Marks()
    assert from_prompt(LONG, 1, "zsh", marks) == Captured(read=1, failed=1)
    found = from_prompt(LONG, 0, "zsh", marks)
    assert summaries(found) == [f"The command `{LONG}` worked."]
    assert found.signals[0].evidence == ("zsh prompt", "exit status 0")
    assert from_prompt(LONG, 0, "zsh", marks) == Captured(read=1, before=1)


def test_a_short_command_has_to_work_twice(tmp_path: Path) -> None:
    marks = Marks()
    assert from_prompt("make test", 0, "bash", marks) == Captured(read=1, seldom=1)
    assert from_prompt("make test", 2, "bash", marks) == Captured(read=1, failed=1)
    assert summaries(from_prompt("make test\n", 0, "bash", marks)) == [
        "The command `make test` worked."
    ]


@pytest.mark.parametrize("command", ["ls", " make secret-thing --with many words", "git status"])
def test_common_and_private_commands_leave_no_trace(command: str) -> None:
    marks = Marks()
    assert from_prompt(command, 0, "bash", marks) == Captured(read=1, common=1)
    assert marks == Marks()
