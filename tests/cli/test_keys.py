# SPDX-License-Identifier: AGPL-3.0-only
"""``memoryoss seal``, ``unseal`` and ``keys``."""

from __future__ import annotations

import secrets

from memoryoss_mcp.store.connection import connect
from tests.cli.support import Cli
from tests.store.keeping import canaries
from tests.vault.transit_server import TransitServer


def leaking(cli: Cli, words: list[str]) -> list[str]:
    """The files of the data folder that hold any of some words."""
    files = [path for path in cli.data_dir.rglob("*") if path.is_file()]
    return [
        path.name for path in files if any(word.encode() in path.read_bytes() for word in words)
    ]


def filled(cli: Cli, count: int = 12) -> list[str]:
    """Words that the memories now have in their contents and tags."""
    words = canaries(count)
    cli.load(*({"content": f"The word is {word}.", "tags": [f"t-{word}"]} for word in words))
    return words


def test_a_sealed_namespace_answers_as_before_and_leaves_nothing_on_disk(cli: Cli) -> None:
    words = filled(cli)
    assert leaking(cli, words)
    planned = cli.json("seal", "--dry-run")
    assert (planned["memories"], planned["dry_run"], planned["clean"]) == (12, True, None)
    sealed = cli.json("seal")
    assert (sealed["memories"], sealed["clean"]) == (12, True)
    assert leaking(cli, words) == []
    found = cli.json("recall", words[3])["memories"]
    assert words[3] in found[0]["content"]
    assert cli.json("status")["namespaces"][0]["sealed"] is True
    assert "default (sealed)" in cli("status").out
    assert cli.json("doctor")["findings"]
    again = cli("--json", "seal")
    assert (again.code, again.error["code"]) == (1, "key_state")
    assert cli.json("unseal")["memories"] == 12
    assert leaking(cli, words)


def test_rotation_is_told_and_keeps_everything_readable(cli: Cli) -> None:
    words = filled(cli)
    cli.json("seal")
    [before] = cli.json("keys", "list")["keys"]
    rotated = cli.json("keys", "rotate")
    assert (rotated["memories"], rotated["complete"]) == (12, True)
    old, new = rotated["keys"]
    assert (old["id"], old["current"], new["current"]) == (before["id"], False, True)
    assert old["expires_at"] > old["retired_at"]
    assert words[5] in cli.json("recall", words[5])["memories"][0]["content"]
    assert leaking(cli, words) == []
    assert "retired, goes at" in cli("keys", "list").out
    refused = cli("--json", "keys", "revoke", new["id"])
    assert (refused.code, refused.error["code"]) == (1, "key_state")
    assert cli.json("keys", "revoke", old["id"]) == {"revoked": old["id"]}
    assert cli.json("keys", "resume") == {"rotated": []}
    assert len(cli.json("keys", "list")["keys"]) == 1


def test_without_its_key_a_namespace_is_closed_and_says_so(cli: Cli) -> None:
    words = filled(cli, 2)
    cli.json("seal")
    cli.store("This is in clear.", "--namespace", "other")
    key = cli.folder / "keys" / "master.key"
    away = key.rename(key.with_name("away"))
    closed = cli("--json", "recall", words[0])
    assert (closed.code, closed.error["code"]) == (1, "sealed")
    assert "master.key" in closed.error["message"]
    assert "default" in cli.json("keys", "list")["locked"]
    assert cli.json("recall", "clear", "--namespace", "other")["memories"]
    assert not key.exists()
    away.rename(key)
    assert cli.json("recall", words[0])["memories"]


def test_a_passphrase_takes_over_from_the_key_file(cli: Cli) -> None:
    words = filled(cli, 2)
    cli.json("seal")
    named = {"MEMORYOSS_PASSPHRASE": secrets.token_urlsafe(12)}
    wrapped = cli("--json", "keys", "rewrap", "--local-key", "passphrase", environment=named)
    assert wrapped.document == {"keys": 1, "provider": "local", "local_key": "passphrase"}
    (cli.data_dir / "memoryoss.toml").write_text('[encryption]\nlocal_key = "passphrase"\n')
    (cli.folder / "keys" / "master.key").unlink()
    assert words[0] in cli("recall", words[0], environment=named).out
    wrong = cli("--json", "recall", words[0], environment={"MEMORYOSS_PASSPHRASE": "x" * 12})
    assert "passphrase is wrong" in wrong.error["message"]
    nobody = cli("--json", "recall", words[0])
    assert "MEMORYOSS_PASSPHRASE" in (nobody.error["hint"] or "")


def test_keys_can_be_kept_by_vault(cli: Cli) -> None:
    with TransitServer() as server:
        cli.data_dir.mkdir()
        (cli.data_dir / "memoryoss.toml").write_text(
            f'[encryption]\nprovider = "vault"\nvault_address = "{server.address}"\n'
            "enabled = true\n"
        )
        named = {"VAULT_TOKEN": server.token}
        word = canaries(1)[0]
        assert cli("store", f"The word is {word}.", environment=named).code == 0
        assert leaking(cli, [word]) == []
        assert cli("keys", "rotate", environment=named).code == 0
        assert word in cli("recall", word, environment=named).out
        server.sealed = True
        closed = cli("--json", "recall", word, environment=named)
        assert (closed.code, closed.error["code"]) == (1, "sealed")
        refused = cli("--json", "store", "More.", environment=named)
        assert (refused.code, refused.error["code"]) == (1, "sealed")
    assert "master.key" not in {path.name for path in (cli.folder / "keys").glob("*")}


def test_kms_is_refused_when_a_key_is_needed(cli: Cli) -> None:
    cli.store("A fact.")
    (cli.data_dir / "memoryoss.toml").write_text('[encryption]\nprovider = "aws_kms"\n')
    refused = cli("--json", "seal")
    assert (refused.code, refused.error["code"]) == (1, "sealed")
    assert "not supported" in refused.error["message"]
    assert cli.json("recall", "fact")["memories"]


def test_wrong_arguments_are_refused(cli: Cli) -> None:
    for arguments in (
        ("keys", "revoke"),
        ("keys", "list", "k"),
        ("keys", "rotate", "--provider", "local"),
    ):
        assert cli("--json", *arguments).code == 2
    unsealed = cli("--json", "keys", "rotate")
    assert (unsealed.code, unsealed.error["code"]) == (1, "not_found")


def test_forgetting_in_a_sealed_namespace_is_as_thorough(cli: Cli) -> None:
    words = filled(cli, 3)
    cli.json("seal")
    found = cli.json("recall", words[0])["memories"][0]["id"]
    path = cli.data_dir / "memoryoss.db"
    connection = connect(path)
    [(sealed,)] = connection.execute(
        "SELECT sealed FROM memory WHERE lower(hex(id)) = ?", (found.replace("-", ""),)
    ).fetchall()
    connection.close()
    assert cli.json("forget", found)["clean"]
    assert sealed[-24:] not in path.read_bytes()
