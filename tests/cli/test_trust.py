# SPDX-License-Identifier: AGPL-3.0-only
"""``memoryoss trust``: identities, catalogs and signatures from the command line."""

from __future__ import annotations

import json
import os
import platform
import shlex
from pathlib import Path
from typing import Any

import pytest

from tests.cli.support import Cli

PEER = {
    "peer_id": "peer-1",
    "namespace": "demo",
    "endpoint": "https://peer.example/sync",
    "device_label": "Laptop",
}


@pytest.fixture
def other(tmp_path: Path) -> Cli:
    """Another installation."""
    folder = tmp_path / "other"
    folder.mkdir()
    return Cli(folder / "data", folder)


def identity(cli: Cli, label: str, kind: str = "author") -> str:
    """A new identity; its id."""
    made = cli.json("trust", "register", "--kind", kind, "--label", label)
    assert isinstance(made["identity"]["id"], str)
    return made["identity"]["id"]


def listed(cli: Cli) -> dict[str, dict[str, Any]]:
    """The identities that are known, by id."""
    return {one["id"]: one for one in cli.json("trust", "list")["identities"]}


def written(path: Path, document: object) -> str:
    path.write_text(json.dumps(document), "utf-8")
    return str(path)


def test_listing_and_verifying_make_no_memory_file_and_no_key(cli: Cli) -> None:
    assert cli.json("trust", "list")["summary"]["identities"] == 0
    peer = written(cli.folder / "peer.json", PEER)
    checked = cli.json("trust", "verify", "sync_peer", peer, code=1)
    assert checked["trust"]["status"] == "unsigned"
    assert not cli.data_dir.exists()
    assert not (cli.folder / "keys").exists()


def test_one_shows_who_one_is_and_the_other_machine_takes_it(cli: Cli, other: Cli) -> None:
    assert "trust whoami" in cli("trust", "list").out
    shown = cli.json("trust", "whoami")
    device = shown["identity"]
    assert device["own"] is True
    assert device["label"] == (platform.node() or "this installation")
    assert not cli.data_dir.exists()  # a key is made, and nothing else
    text = cli("trust", "whoami").out
    assert device["id"] in text
    assert device["public_key"] in text
    assert f"{device['label']} (this installation)" in text
    assert shown["command"] in text.splitlines()[-1]  # on one line, to be copied
    program, *command = shlex.split(shown["command"])
    assert program == "memoryoss"
    added = other.json(*command)["identity"]
    assert (added["id"], added["own"]) == (device["id"], False)
    assert listed(other)[device["id"]]["label"] == device["label"]
    rows = [row for row in other("trust", "list").out.splitlines() if device["id"] in row]
    assert len(rows) == 1
    assert "this installation" not in rows[0]


def test_an_identity_gets_another_label(cli: Cli, other: Cli) -> None:
    device, ann = cli.json("trust", "whoami")["identity"]["id"], identity(cli, "Ann")
    named = cli("trust", "label", device, "Ann's laptop")
    assert f"{device} · Ann's laptop (this installation)" in named.out
    assert cli.json("trust", "label", ann, "Ann B.")["identity"]["label"] == "Ann B."
    assert "Ann's laptop (this installation)" in cli("trust", "list").out
    command = cli.json("trust", "whoami")["command"]
    assert other.json(*shlex.split(command)[1:])["identity"]["label"] == "Ann's laptop"
    assert other.json("trust", "label", device, "hers")["identity"]["label"] == "hers"
    for wrong, code in (((device, "a\nb"), 2), (("author:" + "b" * 32, "x"), 1)):
        assert cli("trust", "label", *wrong).code == code


def test_a_label_does_not_vouch_for_what_a_catalog_says(cli: Cli, other: Cli) -> None:
    ann, file = identity(cli, "Ann"), str(cli.folder / "team.json")
    exported = cli("trust", "catalog", "export", file)
    device = cli.json("trust", "whoami")["identity"]["id"]
    assert f"signed by {device}" in exported.out
    assert "2 identities" in exported.out
    other.json("trust", "catalog", "import", file, "--accept", device)
    refused = other("trust", "label", ann, "her", "--json")
    assert (refused.code, refused.error["code"]) == (1, "trust_refused")
    assert listed(other)[ann]["source"] == "catalog"
    hint = refused.error["hint"]
    made = other.json(*shlex.split(hint[hint.index("memoryoss trust") :])[1:])["identity"]
    assert (made["id"], made["label"], made["source"]) == (ann, "her", "local")


def test_without_a_file_the_signature_is_printed(cli: Cli) -> None:
    peer = written(cli.folder / "peer.json", PEER)
    printed = cli("trust", "sign", "sync_peer", peer)
    assert printed.code == 0
    sidecar = written(cli.folder / "peer.signature.json", json.loads(printed.out))
    verified = cli.json("trust", "verify", "sync_peer", peer, "--signature", sidecar)
    assert verified["trust"]["verified"] is True


def test_what_helps_against_a_refusal_is_said(cli: Cli, other: Cli) -> None:
    first, second = str(cli.folder / "first.json"), str(cli.folder / "second.json")
    device = cli.json("trust", "whoami")["identity"]["id"]
    cli.json("trust", "catalog", "export", first)
    cli.json("trust", "catalog", "export", second)
    refused = other("trust", "catalog", "import", second, "--json")
    assert f"--accept {device}" in refused.error["hint"]
    other.json("trust", "catalog", "import", second, "--accept", device)
    assert "--accept" not in other("trust", "catalog", "import", first, "--json").error["hint"]
    other.json("trust", "revoke", device, "--reason", "sold it")
    for arguments in ((), ("--accept", device)):
        hint = other("trust", "catalog", "import", second, *arguments, "--json").error["hint"]
        assert f"trust restore {device}" in hint
        assert "--accept" not in hint
    shown = other("trust", "catalog", "import", second, "--dry-run")
    assert f"trust restore {device}" in " ".join(shown.out.split())
    other.json("trust", "restore", device)
    other.json("trust", "catalog", "import", second)


def test_a_key_is_taken_out_of_a_catalog(cli: Cli, other: Cli) -> None:
    device = cli.json("trust", "whoami")["identity"]
    alone, several = str(cli.folder / "alone.json"), str(cli.folder / "several.json")
    cli.json("trust", "catalog", "export", alone)
    made = other.json("trust", "register", "--public-key", alone)["identity"]
    assert (made["id"], made["label"]) == (device["id"], device["label"])
    ann = identity(cli, "Ann")
    cli.json("trust", "catalog", "export", several)
    which = other("trust", "register", "--public-key", several, "--json")
    assert (which.code, which.error["field"]) == (2, "public_key")
    assert f"{ann} (Ann)" in which.error["message"]
    assert device["id"] in which.error["message"]
    assert other.json("trust", "register", ann, "--public-key", several)["identity"]["id"] == ann
    unknown = other("trust", "register", "author:" + "c" * 32, "--public-key", several, "--json")
    assert (unknown.code, unknown.error["field"]) == (2, "public_key")
    key = device["public_key"]
    another = ("trust", "register", ann, "--kind", "author", "--label", "A", "--public-key", key)
    assert other(*another, "--json").error["field"] == "operands"
    none = written(cli.folder / "none.json", {"identities": []})
    missing = other("trust", "register", "--public-key", none, "--json")
    assert (missing.code, missing.error["field"]) == (2, "public_key")


def test_one_is_counted_as_one(cli: Cli) -> None:
    file = cli.folder / "alone.json"
    assert "1 identity to" in cli("trust", "catalog", "export", str(file)).out
    assert "1 identity, 0 revoked, 0 catalogs" in cli("trust", "list").out


@pytest.mark.parametrize(
    ("arguments", "usage"),
    [
        (("catalog", "list"), "memoryoss trust catalog export|import FILE"),
        (("catalog", "show", "x"), "memoryoss trust catalog export|import FILE"),
        (("catalog", "export"), "memoryoss trust catalog export|import FILE"),
        (("pin",), "memoryoss trust pin ID"),
        (("label", "x"), "memoryoss trust label ID TEXT"),
        (("list", "x"), "memoryoss trust list"),
        (("revoke",), "memoryoss trust revoke ID --reason TEXT [--replacement ID]"),
    ],
)
def test_how_an_action_is_written_is_shown(
    cli: Cli, arguments: tuple[str, ...], usage: str
) -> None:
    refused = cli("trust", *arguments, "--json")
    assert (refused.code, refused.error["code"]) == (2, "usage")
    assert f"Usage: {usage}\n" in refused.error["hint"]


def test_a_descriptor_is_signed_here_and_verified_there(cli: Cli, other: Cli) -> None:
    peer, sidecar = written(cli.folder / "peer.json", PEER), cli.folder / "peer.signature.json"
    ann = identity(cli, "Ann")
    signed = cli.json("trust", "sign", "sync_peer", peer, "--identity", ann, "-o", str(sidecar))
    assert signed["trust"]["verified"] is True
    assert signed["signature"] == json.loads(sidecar.read_text("utf-8"))
    assert signed["subject"].startswith("sync_peer:0865ce6b")
    verify = ("trust", "verify", "sync_peer", peer, "--signature", str(sidecar))
    assert other.json(*verify, code=1)["trust"]["status"] == "unknown_identity"
    key = listed(cli)[ann]["public_key"]
    added = other.json(
        "trust", "register", "--kind", "author", "--label", "Ann", "--public-key", key
    )
    assert (added["identity"]["id"], added["identity"]["own"]) == (ann, False)
    assert other.json(*verify)["trust"]["origin"] == "local_registry"
    assert "trusted" in other(*verify).out
    other.json("trust", "revoke", ann, "--reason", "left the team")
    revoked = other(*verify)
    assert revoked.code == 1
    assert "left the team" in revoked.out
    other.json("trust", "restore", ann)
    other.json("trust", "pin", ann)
    assert other.json(*verify)["trust"]["origin"] == "local_pin"
    assert other.json("trust", "unpin", ann)["removed"] is True
    written(cli.folder / "peer.json", PEER | {"endpoint": "https://elsewhere.example"})
    assert other.json(*verify, code=1)["trust"]["status"] == "invalid_signature"


def test_a_catalog_travels(cli: Cli, other: Cli) -> None:
    ann = identity(cli, "Ann")
    file = cli.folder / "team.json"
    exported = cli.json("trust", "catalog", "export", str(file), "--catalog-id", "team")
    assert exported["catalog"] == json.loads(file.read_text("utf-8"))
    signer = exported["catalog"]["signature"]["identity"]
    shown = other.json("trust", "catalog", "import", str(file), "--dry-run", code=1)["import"]
    assert "vouched" in shown["refusal"]
    assert not other.data_dir.exists()
    refused = other("trust", "catalog", "import", str(file), "--json")
    assert (refused.code, refused.error["code"]) == (1, "trust_refused")
    done = other.json("trust", "catalog", "import", str(file), "--accept", signer)["import"]
    assert done["imported_identities"] == 2
    assert listed(other)[ann]["source_catalog"] == "team"
    again = other("trust", "catalog", "import", str(file))
    assert "imported" in again.out
    assert "keep" in again.out
    assert cli("trust", "catalog", "export", str(file)).code == 1  # never over a file
    table = other("trust", "list").out
    assert "Ann" in table
    assert "imported catalog" in table


def test_a_key_comes_from_digits_a_file_or_an_entry(cli: Cli, other: Cli) -> None:
    ann = identity(cli, "Ann")
    entry = listed(cli)[ann]
    digits = cli.folder / "ann.key"
    digits.write_text(entry["public_key"] + "\n", "utf-8")
    given = written(cli.folder / "ann.json", entry)
    for value in (str(digits), entry["public_key"]):
        made = other.json(
            "trust", "register", "--kind", "author", "--label", "A", "--public-key", value
        )
        assert made["identity"]["id"] == ann
    made = other.json("trust", "register", "--public-key", given)
    assert (made["identity"]["id"], made["identity"]["label"]) == (ann, "Ann")


def test_names_of_the_original_are_registered_without_a_key(cli: Cli) -> None:
    made = cli.json("trust", "register", "author:alice", "--kind", "author", "--label", "Alice")
    assert "public_key" not in made["identity"]
    assert cli("trust", "pin", "author:alice").code == 1


def test_what_is_wrong_is_said_and_changes_nothing(cli: Cli) -> None:
    unknown = "author:" + "a" * 32
    text = cli.folder / "text.json"
    text.write_text("no json", "utf-8")
    twice = cli.folder / "twice.json"
    twice.write_text('{"catalog_id": "a", "catalog_id": "b"}', "utf-8")
    for arguments, field in (
        (("revoke", unknown), "reason"),
        (("register",), "kind"),
        (("register", "--kind", "author", "--label", "A", "--public-key", "abc"), "public_key"),
        (("sign", "poem", str(text)), "operands"),
        (("verify", "sync_peer", str(cli.folder / "none")), "file"),
        (("catalog", "import", str(text)), None),
        (("catalog", "import", str(twice)), None),
    ):
        result = cli("trust", *arguments, "--json")
        assert (result.code, result.error["field"]) == (2, field), arguments
    for arguments in (("pin", unknown), ("restore", unknown)):
        result = cli("trust", *arguments, "--json")
        assert (result.code, result.error["code"]) == (1, "not_found")
    assert cli.json("trust", "list")["summary"]["identities"] == 0


def test_a_label_cannot_command_the_terminal(cli: Cli) -> None:
    key = os.urandom(32).hex()
    refused = cli(
        "trust", "register", "--kind", "author", "--label", "a\x1b[2J", "--public-key", key
    )
    assert refused.code == 2
    assert "\x1b" not in refused.err
