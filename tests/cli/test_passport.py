# SPDX-License-Identifier: AGPL-3.0-only
"""``memoryoss passport``, ``bundle``, ``history`` and ``contract`` as a person uses them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.support import Cli


@pytest.fixture
def other(cli: Cli, tmp_path: Path) -> tuple[str, ...]:
    """The options for another memory of the same person."""
    return ("--data-dir", str(tmp_path / "other"))


def filled(cli: Cli) -> str:
    cli.json("store", "Deploys go out on Thursdays.", "--tag", "deploy")
    cli.json("store", "Tabs, not spaces.", "--tag", "preference")
    cli.json("store", "The agent noted this.", "--agent", "claude")
    return cli.store("The port is 8443.")


def test_a_passport_says_what_it_leaves_out_and_why(cli: Cli, tmp_path: Path) -> None:
    filled(cli)
    target = tmp_path / "p.json"
    told = cli.json("passport", "export", "-o", str(target))
    assert told["memories"] == 2
    assert told["left_out"] == {"has_agent_or_session": 1, "personal_tag": 1}
    assert len(told["left_out_examples"]["personal_tag"]) == 1
    document = json.loads(target.read_text(encoding="utf-8"))
    assert document["integrity"]["payload_sha256"] == told["payload_sha256"]
    assert {memory["content"] for memory in document["memories"]} == {
        "Deploys go out on Thursdays.",
        "The port is 8443.",
    }
    shown = cli("passport", "export", "--dry-run").out
    assert "personal, because an agent or a session stored it" in shown
    assert "--scope all" in shown
    assert "would export 2 memories" in shown


def test_the_same_memories_give_the_same_file(cli: Cli, tmp_path: Path) -> None:
    filled(cli)
    one, two = tmp_path / "one.json", tmp_path / "two.json"
    for target in (one, two):
        cli.json("passport", "export", "--scope", "all", "-o", str(target))
    assert one.read_bytes() == two.read_bytes()
    taken = cli("passport", "export", "-o", str(one), "--json")
    assert taken.error["code"] == "export_failed"


def test_it_is_said_that_what_was_sealed_leaves_in_clear(cli: Cli, tmp_path: Path) -> None:
    key = cli.store("The door code is in the safe.")
    cli.json("seal")
    told = cli.json("passport", "export", "-o", str(tmp_path / "p.json"))
    assert (told["memories"], told["from_sealed"]) == (1, True)
    for command in (
        ("passport", "export", "--dry-run"),
        ("bundle", "export", "--dry-run"),
        ("history", "export", key, "--dry-run"),
    ):
        assert "the file is in clear" in cli(*command).out


def test_a_dry_run_makes_no_key_and_no_file(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli.store("The port is 8443.")
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    told = cli.json("bundle", "export", "--scope", "all", "--dry-run")
    assert (told["memories"], told["file"]) == (1, None)
    assert list(work.iterdir()) == []


def test_what_was_forgotten_and_comes_again_is_told(cli: Cli, tmp_path: Path) -> None:
    key = cli.store("The port is 8443.")
    target = str(tmp_path / "b.json")
    cli.json("bundle", "export", "-o", target)
    cli.json("forget", key)
    told = cli.json("bundle", "import", target, "--dry-run")
    assert told["preview"]["forgotten_before"] == [key]
    assert "1 memory forgotten here came again" in cli("bundle", "import", target).out


def test_what_shall_not_leave_is_taken_out(cli: Cli, tmp_path: Path) -> None:
    cli.json(
        "store", "The logs are in /home/mara/logs/app.", "--agent", "claude", "--session", "s1"
    )
    target = tmp_path / "p.json"
    told = cli.json("passport", "export", "--scope", "all", "--redact", "all", "-o", str(target))
    assert told["redacted"] == {"home_folder": 1, "label": 2}
    [memory] = json.loads(target.read_text(encoding="utf-8"))["memories"]
    assert memory["content"] == "The logs are in ~/logs/app."
    assert "agent" not in memory
    assert "session" not in memory
    wrong = cli("passport", "export", "--redact", "everything", "--json")
    assert (wrong.code, wrong.error["field"]) == (2, "redact")
    wrong = cli("passport", "export", "--scope", "mine", "--json")
    assert (wrong.code, wrong.error["field"]) == (2, "scope")


def test_a_passport_without_a_signature_arrives_for_review(
    cli: Cli, other: tuple[str, ...], tmp_path: Path
) -> None:
    filled(cli)
    target = str(tmp_path / "p.json")
    cli.json("passport", "export", "--scope", "all", "-o", target)
    planned = cli.json("passport", "import", target, "--dry-run", *other)
    assert planned["preview"]["create_count"] == 4
    assert cli.json("list", *other)["total"] == 0
    shown = cli("passport", "import", target, *other).out
    assert "unsigned" in shown
    assert "memoryoss review" in shown
    assert {memory["status"] for memory in cli.json("list", *other)["memories"]} == {"candidate"}
    again = cli.json("passport", "import", target, *other)
    assert again["preview"]["counts"] == {"duplicate": 4}


def test_a_passport_goes_where_it_is_from_unless_told_otherwise(
    cli: Cli, other: tuple[str, ...], tmp_path: Path
) -> None:
    cli.json("store", "The port is 8443.", "--namespace", "billing")
    target = str(tmp_path / "p.json")
    cli.json("passport", "export", "--namespace", "billing", "-o", target)
    told = cli.json("passport", "import", target, *other)
    assert told["preview"]["target_namespace"] == "billing"
    assert told["namespace_source"] == "document"
    told = cli.json("passport", "import", target, "--namespace", "elsewhere", *other)
    assert told["preview"]["target_namespace"] == "elsewhere"
    assert cli.json("list", "--namespace", "billing", *other)["total"] == 1
    document = json.loads(Path(target).read_text(encoding="utf-8"))
    Path(target).write_text(json.dumps(document | {"namespace": 7}), encoding="utf-8")
    wrong = cli("passport", "import", target, *other, "--json")
    assert (wrong.code, wrong.error["code"]) == (2, "malformed_document")


def test_a_signature_beside_a_passport_is_enough(
    cli: Cli, other: tuple[str, ...], tmp_path: Path
) -> None:
    filled(cli)
    target, signature = str(tmp_path / "p.json"), str(tmp_path / "p.sig.json")
    cli.json("passport", "export", "--scope", "all", "-o", target)
    cli.json("trust", "sign", "passport", target, "-o", signature)
    assert cli.json("trust", "verify", "passport", target, "--signature", signature)["trust"][
        "verified"
    ]
    told = cli.json("passport", "import", target, "--signature", signature, *other)
    assert told["preview"]["trusted"]
    assert {memory["status"] for memory in cli.json("list", *other)["memories"]} == {"active"}
    unsigned = cli("trust", "verify", "passport", target, "--json")
    assert unsigned.code == 1


def test_a_signed_bundle_arrives_as_it_is(cli: Cli, other: tuple[str, ...], tmp_path: Path) -> None:
    filled(cli)
    target = str(tmp_path / "b.json")
    made = cli.json("bundle", "export", "--scope", "all", "-o", target)
    assert made["scheme"] == "memoryoss.ed25519.v1"
    assert made["signer"].startswith("device:")
    preview = cli.json("bundle", "preview", target)
    assert (preview["kind"], preview["memory_count"]) == ("passport", 4)
    valid = cli.json("bundle", "validate", target)
    assert (valid["valid"], valid["trust"]["status"]) == (True, "trusted")
    told = cli.json("bundle", "import", target, *other)
    assert told["preview"]["trusted"]
    before = {memory["id"]: memory for memory in cli.json("list")["memories"]}
    after = {memory["id"]: memory for memory in cli.json("list", *other)["memories"]}
    for key, memory in before.items():
        for field in ("content", "tags", "status", "origin", "client", "created_at", "version"):
            assert after[key][field] == memory[field], field


def test_a_changed_bundle_is_refused(cli: Cli, other: tuple[str, ...], tmp_path: Path) -> None:
    filled(cli)
    target = tmp_path / "b.json"
    cli.json("bundle", "export", "--scope", "all", "-o", str(target))
    target.write_bytes(target.read_bytes().replace(b"8443", b"9443"))
    answer = cli("bundle", "validate", str(target), "--json")
    assert answer.code == 1
    refused = cli("bundle", "import", str(target), *other, "--json")
    assert (refused.code, refused.error["code"]) == (2, "integrity_failed")
    assert cli.json("list", *other)["total"] == 0


def test_two_bundles_are_compared(cli: Cli, tmp_path: Path) -> None:
    key = filled(cli)
    one, two = str(tmp_path / "one.json"), str(tmp_path / "two.json")
    cli.json("bundle", "export", "--scope", "all", "-o", one)
    cli.json("update", key, "The port is 9443.")
    cli.json("bundle", "export", "--scope", "all", "--unsigned", "-o", two)
    found = cli.json("bundle", "diff", one, two)
    assert found["shared_preview_count"] == 3
    assert found["added_preview"] == ["The port is 9443."]
    assert found["removed_preview"] == ["The port is 8443."]
    assert "+ The port is 9443." in cli("bundle", "diff", one, two).out


def test_a_history_is_exported_replayed_and_branched(
    cli: Cli, other: tuple[str, ...], tmp_path: Path
) -> None:
    old = cli.store("The port is 8000.")
    new = cli.store("The port is 8443.")
    cli.json("review", "supersede", old, "--by", new, "--actor", "mara")
    target = str(tmp_path / "h.json")
    told = cli.json("history", "export", old, "-o", target)
    assert (told["memories"], told["edges"]) == (2, 1)
    again = str(tmp_path / "h2.json")
    cli.json("history", "export", old, "-o", again)
    assert Path(again).read_bytes() == Path(target).read_bytes()

    blocked = cli.json("history", "replay", target, "--dry-run")
    assert not blocked["preview"]["can_replay"]
    assert "not empty" in blocked["preview"]["blocked_reason"]
    refused = cli("history", "replay", target, "--json")
    assert (refused.code, refused.error["code"]) == (2, "replay_blocked")

    replayed = cli.json("history", "replay", target, *other)
    assert sorted(replayed["imported_ids"]) == sorted([old, new])
    assert cli.json("history", old, *other)["replaced_by"]["id"] == new

    branched = cli.json("history", "branch", old, "--target-namespace", "branch")
    assert branched["preview"]["create_count"] == 2
    assert not set(branched["imported_ids"]) & {old, new}
    memories = cli.json("list", "--namespace", "branch")["memories"]
    assert {memory["content"] for memory in memories} == {
        "The port is 8000.",
        "The port is 8443.",
    }
    assert all(memory["source_key"].startswith("branch:") for memory in memories)
    there = cli("history", "branch", old, "--target-namespace", "branch", "--json")
    assert there.error["code"] == "replay_blocked"


def test_a_history_bundle_goes_into_an_empty_namespace(cli: Cli, tmp_path: Path) -> None:
    key = cli.store("The port is 8000.")
    target = str(tmp_path / "h.json")
    made = cli.json("bundle", "export", "--kind", "history", "--id", key, "-o", target)
    assert made["memories"] == 1
    done = cli.json("bundle", "import", target, "--namespace", "elsewhere")
    assert done["imported_ids"] == [key]
    wrong = cli("passport", "import", target, "--json")
    assert (wrong.code, wrong.error["code"]) == (2, "invalid_input")


@pytest.mark.parametrize(
    "arguments",
    [
        ("passport", "import"),
        ("passport", "import", "missing.json"),
        ("passport", "export", "file.json"),
        ("bundle", "export", "--kind", "history"),
        ("bundle", "export", "--id", "0196f000-0000-7000-8000-000000000001"),
        ("bundle", "validate"),
        ("bundle", "diff", "one.json"),
        ("history", "export"),
        ("history", "replay", "missing.json"),
        ("history", "branch", "0196f000-0000-7000-8000-000000000001"),
        ("history", "export", "no-id"),
        ("trust", "sign", "essay", "file.json"),
    ],
    ids=lambda arguments: " ".join(arguments),
)
def test_what_cannot_be_done_is_said_and_leaves_nothing(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    answer = cli(*arguments, "--json")
    assert answer.code == 2
    assert answer.error["message"]
    assert list(work.iterdir()) == []


def test_the_contract_is_the_published_document(cli: Cli) -> None:
    from memoryoss_mcp.portable.lines import RuntimeContract

    document = cli.json("contract")
    assert RuntimeContract.model_validate(document).written() == document
    assert [part["name"] for part in document["stable_semantics"]] == [
        "namespace_scope",
        "provenance",
        "supersede",
        "merge",
        "portable_export",
    ]
    assert [part["kind"] for part in document["object_model"]] == [
        "project_memory",
        "user_memory",
        "team_memory",
        "evidence",
        "policy",
        "provenance",
        "merge",
        "supersede",
        "branch",
        "replay",
    ]
    assert "namespace_isolation" in cli("contract").out
