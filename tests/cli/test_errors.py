# SPDX-License-Identifier: AGPL-3.0-only
"""Bad input gets a stable code and a way out, and nothing is stored, changed or lost."""

from __future__ import annotations

import os
import sys

import pytest

from tests.cli.support import Cli

MISSING = "01890a5d-ac96-774b-bcce-b302099a8057"
TAGS = tuple(part for n in range(1_000) for part in ("--tag", f"t{n}"))

CASES: tuple[tuple[tuple[str, ...], bytes, int, str, str | None], ...] = (
    (("store", "-"), b"", 2, "invalid_input", "content"),
    (("store", "-"), b"\n\n", 2, "invalid_input", "content"),
    (("store", "-"), b"a\0b", 2, "invalid_input", "content"),
    (("store", "-"), b"caf\xe9", 2, "invalid_input", "content"),
    (("store", "-"), b"x" * 32_769, 2, "limit_exceeded", "content"),
    (("store", "-"), "é".encode() * 50_000, 2, "limit_exceeded", "content"),
    (("store", "x" * 32_769), b"", 2, "limit_exceeded", "content"),
    (("store", "x", *TAGS), b"", 2, "limit_exceeded", "tags"),
    (("store", "x", "--tag", "t" * 257), b"", 2, "limit_exceeded", "tags"),
    (("store", "x", "--tag", " "), b"", 2, "invalid_input", "tags"),
    (("store", "x", "--type", "song"), b"", 2, "invalid_input", "type"),
    (("store", "x", "--origin", "moon"), b"", 2, "invalid_input", "origin"),
    (("store", "x", "--created-at", "soon"), b"", 2, "invalid_input", "created_at"),
    (("store", "x", "--namespace", "a b"), b"", 2, "invalid_input", "namespace"),
    (("store", "x", "--namespace", ""), b"", 2, "invalid_input", "namespace"),
    (("store",), b"", 2, "invalid_input", "content"),
    (("store", "x", "--file", "y"), b"", 2, "invalid_input", "content"),
    (("store", "--file", "nowhere.jsonl"), b"", 2, "invalid_input", "file"),
    (("store", "--file", "-", "--from-line", "0"), b"", 2, "invalid_input", "from_line"),
    (("recall", ""), b"", 2, "invalid_input", "query"),
    (("recall", "-"), b"\0", 2, "invalid_input", "query"),
    (("recall", "x", "--limit", "0"), b"", 2, "invalid_input", "limit"),
    (("recall", "x", "--limit", "-1"), b"", 2, "invalid_input", "limit"),
    (("recall", "x", "--limit", "1000000000"), b"", 2, "limit_exceeded", "limit"),
    (("recall", "x", "--limit", "ten"), b"", 2, "invalid_input", "limit"),
    (("recall", "x", "--budget", "0"), b"", 2, "invalid_input", "budget"),
    (("recall", "x", "--cursor", "??"), b"", 2, "invalid_cursor", "cursor"),
    (("recall", "x", "--status", "lost"), b"", 2, "invalid_input", "status"),
    (("list", "--limit", "0"), b"", 2, "invalid_input", "limit"),
    (("list", "--limit", "1000000000"), b"", 2, "limit_exceeded", "limit"),
    (("list", "--cursor", "??"), b"", 2, "invalid_cursor", "cursor"),
    (("inspect", "7"), b"", 2, "invalid_id", "id"),
    (("inspect", MISSING), b"", 1, "not_found", None),
    (("update", "7", "x"), b"", 2, "invalid_id", "id"),
    (("update", MISSING, "x"), b"", 1, "not_found", None),
    (("update", MISSING, "-"), b"\xff", 2, "invalid_input", "content"),
    (("forget", "7"), b"", 2, "invalid_id", "id"),
    (("forget",), b"", 2, "empty_selector", "ids"),
    (("recall",), b"", 2, "usage", None),
    (("dance",), b"", 2, "usage", None),
    (("list", "--colour"), b"", 2, "usage", None),
    (("status", "--config", "nowhere.toml"), b"", 2, "config_invalid", None),
    (("demo", "--keep", "."), b"", 2, "invalid_input", "data_dir"),
)


def name_of(case: object) -> str:
    return " ".join(case)[:40] if isinstance(case, tuple) else ""


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Cli:
    """A memory with one entry that no test of this module may change."""
    folder = tmp_path_factory.mktemp("guarded")
    opened = Cli(folder / "data", folder)
    opened.store("The one memory")
    return opened


@pytest.mark.parametrize(("arguments", "given", "code", "name", "field"), CASES, ids=name_of)
def test_bad_input_has_a_code(
    guarded: Cli, arguments: tuple[str, ...], given: bytes, code: int, name: str, field: str | None
) -> None:
    result = guarded(*arguments, "--json", given=given)
    assert (result.code, result.error["code"], result.error["field"]) == (code, name, field)
    assert result.error["message"]
    assert result.err == ""


def test_after_all_of_it_the_memory_is_as_it_was(guarded: Cli) -> None:
    for arguments, given, _, _, _ in CASES[:3]:
        guarded(*arguments, given=given)
    listed = guarded.json("list")["memories"]
    assert [(memory["content"], memory["version"]) for memory in listed] == [("The one memory", 1)]
    assert guarded.json("doctor")["healthy"] is True


def test_people_are_told_what_was_kept_and_what_to_do(guarded: Cli) -> None:
    result = guarded("store", "x", "--type", "song\x1b[2J")
    assert result.code == 2
    assert result.out == ""
    assert "is not a type" in result.err
    assert "Use episodic, semantic, procedural, working." in result.err
    assert "\x1b" not in result.err
    result = guarded("update", MISSING, "x")
    assert "The memory is unchanged." in result.err


@pytest.mark.skipif(sys.platform == "win32", reason="arguments are always Unicode on Windows")
def test_an_argument_that_is_not_utf8_is_refused(guarded: Cli) -> None:
    for command in ("recall", "store"):
        result = guarded(command, os.fsdecode(b"caf\xe9"), "--json")
        assert (result.code, result.error["code"]) == (2, "invalid_input")


def test_without_a_command_there_is_help_and_no_wizard(guarded: Cli) -> None:
    result = guarded()
    assert (result.code, result.out) == (2, "")
    assert "usage: memoryoss" in result.err


def test_global_options_go_before_or_after_the_command(guarded: Cli) -> None:
    before = guarded("--json", "--namespace", "n", "list").document
    after = guarded("list", "--json", "--namespace", "n").document
    assert before == after
    assert before["namespace"] == "n"
    both = guarded("--namespace", "first", "list", "--namespace", "second", "--json").document
    assert both["namespace"] == "second"


def test_configuration_and_environment_choose_folder_and_namespace(guarded: Cli) -> None:
    file = guarded.folder / "other.toml"
    file.write_text('[namespaces]\ndefault = "from-file"\n', encoding="utf-8")
    status = guarded.json("status", "-c", str(file))
    assert (status["namespace"], status["config"]) == ("from-file", str(file))
    assert status["namespace_source"] == "configuration"
    by_environment = guarded("status", "--json", environment={"MEMORYOSS_NAMESPACE": "from-env"})
    assert by_environment.document["namespace"] == "from-env"
    file.write_text("[namespaces]\ncolour = 1\n", encoding="utf-8")
    wrong = guarded("status", "-c", str(file), "--json")
    assert (wrong.code, wrong.error["code"]) == (2, "config_invalid")
    assert "colour" in wrong.error["message"]
