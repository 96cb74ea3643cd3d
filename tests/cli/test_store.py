# SPDX-License-Identifier: AGPL-3.0-only
"""``memoryoss store``: what was acknowledged is there, and what was refused is not."""

from __future__ import annotations

import contextlib
import json
import secrets
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

from tests.cli.support import Cli


def test_a_stored_memory_is_there_with_all_that_was_said_of_it(cli: Cli) -> None:
    receipt = cli.json(
        *("store", "--tag", "deploy", "--tag", "ops", "--agent", "ann", "--session", "s-1"),
        *("--type", "procedural", "--created-at", "2025-02-03", "--origin", "connector"),
        *("--", "Deploy", "on", "Tuesdays"),
    )
    assert receipt == {
        "stored": True,
        "dry_run": False,
        "namespace_source": "default",
        "id": receipt["id"],
        "namespace": "default",
        "version": 1,
        "created_at": "2025-02-03T00:00:00Z",
        "embedding": "ready",
        "duplicate": False,
        "updates": [],
        "contradicts": [],
        "redacted": [],
    }
    memory = cli.json("inspect", receipt["id"])
    assert memory["content"] == "Deploy on Tuesdays"
    assert memory["tags"] == ["deploy", "ops"]
    assert (memory["agent"], memory["session"]) == ("ann", "s-1")
    assert (memory["memory_type"], memory["origin"]) == ("procedural", "connector")
    assert memory["client"] == "memoryoss-cli"


def test_standard_input_is_stored_as_it_is_but_for_the_last_line_end(cli: Cli) -> None:
    text = "  First line\n\tsecond — ½ 東京 🚢"
    result = cli("store", "-", given=text.encode() + b"\n", environment={"LC_ALL": "C"})
    assert result.code == 0, result
    assert result.out.startswith("stored ")
    listed = cli("list", "--json", environment={"LC_ALL": "C"})
    assert listed.document["memories"][0]["content"] == text


def test_a_secret_is_not_stored_and_that_is_said(cli: Cli) -> None:
    key = "ghp_" + secrets.token_hex(18)
    dry = cli("store", "--dry-run", "the", "key", "is", key)
    assert "1 secret was redacted: github_token" in dry.out
    result = cli("store", "the", "key", "is", key)
    assert "1 secret was redacted: github_token" in result.out
    receipt = cli.json("store", "a", "second", "key", "is", key)
    assert receipt["redacted"] == ["github_token"]
    content = cli.json("inspect", receipt["id"])["content"]
    assert content == "a second key is [redacted:github_token]"
    refused = cli("store", "text", "--tag", key, "--json")
    assert refused.error["code"] == "secret_refused"
    assert key not in refused.out + refused.err


def test_the_secrets_of_a_file_are_counted(cli: Cli) -> None:
    keys = ["ghp_" + secrets.token_hex(18) for _ in range(2)] + ["glpat-" + secrets.token_hex(10)]
    lines = [{"content": f"Account {n} has the token {key}"} for n, key in enumerate(keys)]
    given = "\n".join(json.dumps(line) for line in [*lines, {"content": "A fact"}]).encode()
    counts = {"github_token": 2, "gitlab_token": 1}
    assert cli.json("store", "--file", "-", "--dry-run", given=given)["redacted"] == counts
    told = cli("store", "--file", "-", "--namespace", "other", given=given)
    assert "3 secrets were redacted: github_token, gitlab_token" in told.out
    report = cli.json("store", "--file", "-", given=given)
    assert (report["stored"], report["errors"], report["redacted"]) == (4, [], counts)
    assert not any(key in cli("list").out for key in keys)


def test_lines_with_secrets_are_refused_where_that_is_wished(cli: Cli) -> None:
    cli.data_dir.mkdir()
    (cli.data_dir / "memoryoss.toml").write_text('[screen]\nsecrets = "refuse"\n')
    key = "ghp_" + secrets.token_hex(18)
    lines = [{"content": "A fact"}, {"content": f"The key is {key}"}, {"content": "Another fact"}]
    given = "\n".join(map(json.dumps, lines)).encode()
    for options in (("--dry-run",), ()):
        report = cli.json("store", "--file", "-", *options, given=given, code=1)
        (error,) = report["errors"]
        assert (error["line"], error["code"], error["field"]) == (2, "secret_refused", "content")
        assert (report["valid"], report["redacted"]) == (2, {})
        assert key not in json.dumps(report)
    assert report["stored"] == 2
    told = cli("store", "--file", "-", given=given)
    assert "secret_refused" in told.out
    assert cli.json("list")["total"] == 2


def test_a_dry_run_checks_and_stores_nothing(cli: Cli) -> None:
    assert cli.json("store", "--dry-run", "something")["stored"] is False
    assert cli("store", "--dry-run", "x" * 40_000).code == 2
    assert cli.json("list")["total"] == 0


def test_each_wrong_line_of_a_file_is_told_and_all_others_are_stored(cli: Cli) -> None:
    path = cli.folder / "facts.jsonl"
    good = [json.dumps({"content": f"Fact number {n}"}) for n in range(150)]
    lines = [*good[:70], "{oops", '{"content": "x", "tags": 1}', "", '{"content": " "}', *good[70:]]
    path.write_text("\n".join(lines), encoding="utf-8")
    report = cli.json("store", "--file", str(path), "--tag", "import", code=1)
    assert (report["valid"], report["stored"]) == (150, 150)
    assert [(error["line"], error["field"]) for error in report["errors"]] == [
        (71, "line"),
        (72, "tags"),
        (74, "content"),
    ]
    assert {error["code"] for error in report["errors"]} == {"invalid_input"}
    assert (report["last_line"], report["next_line"], report["stopped"]) == (154, None, None)
    assert [entry["line"] for entry in report["ids"]] == [*range(1, 71), *range(75, 155)]
    assert cli.json("list", "--tag", "import")["total"] == 150


def test_a_file_can_be_resumed_and_repeated(cli: Cli) -> None:
    ids = [f"01890a5d-ac96-774b-bcce-{n:012x}" for n in range(1, 6)]
    lines = [json.dumps({"content": f"Fact {n}", "id": id_}) for n, id_ in enumerate(ids)]
    given = "\n".join(lines).encode()
    dry = cli.json("store", "--file", "-", "--dry-run", given=given)
    assert (dry["valid"], dry["stored"]) == (5, 0)
    tail = cli.json("store", "--file", "-", "--from-line", "4", given=given)
    assert [entry["id"] for entry in tail["ids"]] == ids[3:]
    whole = cli.json("store", "--file", "-", given=given)
    assert [entry["id"] for entry in whole["ids"]] == ids[:3]
    assert whole["existing"] == [4, 5]
    assert cli.json("list")["total"] == 5


def test_a_line_of_any_length_is_refused_without_ending_the_run(cli: Cli) -> None:
    given = b'{"content": "' + b"x" * 3_000_000 + b'"}\n{"content": "short"}\n'
    report = cli.json("store", "--file", "-", given=given, code=1)
    assert [(e["line"], e["code"]) for e in report["errors"]] == [(1, "limit_exceeded")]
    assert report["stored"] == 1


def test_ten_thousand_tags_are_refused(cli: Cli) -> None:
    line = json.dumps({"content": "x", "tags": [f"t{n}" for n in range(10_000)]}).encode()
    report = cli.json("store", "--file", "-", given=line, code=1)
    assert [(e["code"], e["field"]) for e in report["errors"]] == [("limit_exceeded", "tags")]
    assert cli.json("list")["total"] == 0


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot send Ctrl-C to one process")
def test_after_an_interruption_it_says_where_to_go_on(cli: Cli) -> None:
    cli.store("Before")
    process = subprocess.Popen(
        cli.arguments("store", "--file", "-", "--json"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=cli.folder,
        env=cli.environment,
    )
    assert process.stdin is not None
    for number in range(64):
        process.stdin.write(f'{{"content": "Fact {number}"}}\n'.encode())
    process.stdin.flush()
    path = cli.data_dir / "memoryoss.db"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        while connection.execute("SELECT count(*) FROM memory").fetchone() == (1,):
            assert process.poll() is None
            time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    report = json.loads(out)
    assert process.returncode == 130
    assert report["stopped"]["code"] == "interrupted"
    assert (report["stored"], report["last_line"], report["next_line"]) == (64, 64, 65)
    assert cli.json("list")["total"] == 65


def test_people_are_told_the_wrong_lines(cli: Cli) -> None:
    result = cli("store", "--file", "-", given=b'{"content": "a fact"}\n{"content": "\\u0000"}\n')
    assert result.code == 1
    assert "stored 1 memories" in result.out
    assert "NUL" in result.out
    assert result.err == ""
