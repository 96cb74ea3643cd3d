# SPDX-License-Identifier: AGPL-3.0-only
"""``memoryoss trust``: identities, catalogs and signatures from the command line."""

from __future__ import annotations

import json
import os
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
        (("pin",), "operands"),
        (("list", "x"), "operands"),
        (("catalog", "show", "x"), "operands"),
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
