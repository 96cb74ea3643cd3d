# SPDX-License-Identifier: AGPL-3.0-only
"""``forget --certificate`` and ``memoryoss certificate``."""

from __future__ import annotations

import json

from tests.cli.support import Cli

TEXT = "The alarm code of the depot is the birthday of its cat."


def test_a_deletion_is_certified_and_verified_elsewhere(cli: Cli) -> None:
    memory_id = cli.store(TEXT)
    target = cli.folder / "deleted.json"
    receipt = cli.json("forget", memory_id, "--certificate", str(target))
    assert (receipt["deleted"], receipt["clean"]) == ([memory_id], True)
    key = cli("certificate", "key").out.strip()
    elsewhere = Cli(cli.folder / "another" / "data", cli.folder / "another")
    elsewhere.folder.mkdir()
    checked = elsewhere.json("certificate", "verify", str(target), "--key", key)
    assert (checked["valid"], checked["problems"]) == (True, [])
    assert not elsewhere.data_dir.exists()
    assert elsewhere.json("certificate", "verify", str(target), "--content", TEXT)["contains"]
    other = elsewhere.json("certificate", "verify", str(target), "--content", "Not it.", code=1)
    assert other["contains"] is False
    assert "the certificate holds" in cli("certificate", "verify", str(target)).out
    listed = cli.json("certificate", "list")["certificates"]
    assert [entry["certificate"]["deleted_ids"] for entry in listed] == [[memory_id]]
    assert "salts" not in listed[0]


def test_a_forged_certificate_does_not_hold(cli: Cli) -> None:
    target = cli.folder / "deleted.json"
    cli.json("forget", cli.store(TEXT), "--certificate", str(target))
    forged = json.loads(target.read_text("utf-8"))
    forged["certificate"]["deleted_at"] = "2001-01-01T00:00:00Z"
    target.write_text(json.dumps(forged), "utf-8")
    checked = cli.json("certificate", "verify", str(target), code=1)
    assert checked["valid"] is False
    assert "it does not hold" in cli("certificate", "verify", str(target)).out


def test_nothing_is_deleted_when_the_certificate_cannot_be_written(cli: Cli) -> None:
    memory_id = cli.store(TEXT)
    taken = cli.folder / "taken.json"
    taken.write_text("mine", "utf-8")
    for target in (taken, cli.folder / "no" / "folder.json"):
        refused = cli("forget", memory_id, "--certificate", str(target), "--json")
        assert (refused.code, refused.error["code"]) == (1, "export_failed")
    assert taken.read_text("utf-8") == "mine"
    assert cli.json("list")["total"] == 1
    nothing = cli("forget", "--tag", "none", "--yes", "--certificate", str(cli.folder / "new.json"))
    assert nothing.code != 0
    assert not (cli.folder / "new.json").exists()


def test_bad_input_is_an_error(cli: Cli) -> None:
    text = cli.folder / "text.json"
    text.write_text("no certificate", "utf-8")
    for arguments in (
        ("verify",),
        ("list", str(text)),
        ("verify", str(text)),
        ("verify", str(cli.folder / "missing.json")),
        ("verify", str(text), "--key", "xyz"),
    ):
        result = cli("certificate", *arguments, "--json")
        assert (result.code, result.error["code"]) == (2, "invalid_input"), arguments
