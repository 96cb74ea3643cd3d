# SPDX-License-Identifier: AGPL-3.0-only
"""``memoryoss backup`` and ``restore``: everything comes back, and nothing is lost on the way."""

from __future__ import annotations

import contextlib
import secrets
import sqlite3
import threading
from dataclasses import replace
from pathlib import Path

import pytest
import zstandard

from memoryoss_mcp.config import load_config
from memoryoss_mcp.errors import StoreBusyError, StoreNewerError
from memoryoss_mcp.maintenance import back_up, examine, restore, verify_backup
from memoryoss_mcp.model import Draft
from memoryoss_mcp.runtime import Runtime
from memoryoss_mcp.store import schema
from memoryoss_mcp.store.types import ListQuery
from tests.cli.support import Cli


def ids(cli: Cli) -> set[str]:
    return {memory["id"] for memory in cli.json("list")["memories"]}


@pytest.fixture
def saved(cli: Cli) -> Path:
    """A backup of three memories, in the folder of the program."""
    for text in ("One.", "Two.", "Three."):
        cli.store(text)
    target = cli.folder / "memories.db.zst"
    made = cli.json("backup", str(target))
    assert (made["memories"], made["ledger_entries"]) == (3, 3)
    return target


def test_what_was_backed_up_comes_back(cli: Cli, saved: Path) -> None:
    before = ids(cli)
    assert "sound 3 memories" in cli("backup", "verify", str(saved)).out
    assert cli.json("backup", "verify", str(saved))["sound"] is True
    other = replace(cli, data_dir=cli.folder / "elsewhere")
    assert "restored 3 memories" in other("restore", str(saved)).out
    assert ids(other) == before
    assert other.json("recall", "two")["memories"][0]["content"] == "Two."
    assert other.json("doctor")["healthy"] is True
    assert other.json("audit", "verify")["entries"] >= 3
    assert saved.stat().st_mode & 0o077 == 0 or saved.drive


def test_a_folder_gets_a_new_name(cli: Cli, saved: Path) -> None:
    made = cli.json("backup", str(cli.folder))
    assert made["path"].endswith(".db.zst")
    assert made["path"] != str(saved)
    taken = cli("backup", str(saved), "--json")
    assert (taken.code, taken.error["code"]) == (1, "backup_failed")


def test_memories_that_are_there_are_neither_lost_nor_merged(cli: Cli, saved: Path) -> None:
    old = ids(cli)
    new = cli.store("Four.")
    refused = cli("restore", str(saved), "--json")
    assert (refused.code, refused.error["code"]) == (1, "store_exists")
    planned = cli.json("restore", str(saved), "--dry-run")
    assert planned["dry_run"] is True
    assert new in ids(cli)
    done = cli.json("restore", str(saved), "--force")
    assert ids(cli) == old
    kept = Path(done["replaced"])
    assert kept.is_file()
    again = cli("restore", str(saved), "--force")
    assert "is kept as memoryoss-replaced-" in again.out
    forgotten = cli("forget", next(iter(old)), "--json")  # the copy has it too, and is the user's
    assert forgotten.code == 1
    assert any(kept.name in note for note in forgotten.document["notes"])
    kept.replace(cli.data_dir / "memoryoss.db")
    assert new in ids(cli)


def test_a_backup_that_is_not_whole_changes_nothing(cli: Cli, saved: Path) -> None:
    before = ids(cli)
    whole = saved.read_bytes()
    middle = len(whole) // 2
    other = cli.folder / "other.db"
    with contextlib.closing(sqlite3.connect(other)) as connection, connection:
        connection.execute("CREATE TABLE recipe(name)")
    broken = {
        "database": zstandard.ZstdCompressor().compress(other.read_bytes()),
        "cut": whole[:-100],
        "flipped": whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :],
        "empty": b"",
        "text": b"these are no memories",
        "foreign": zstandard.ZstdCompressor().compress(b"not a database" * 1_000),
    }
    for name, content in broken.items():
        source = cli.folder / f"{name}.db.zst"
        source.write_bytes(content)
        for command in (("backup", "verify"), ("restore", "--force")):
            result = cli(*command, str(source), "--json")
            assert (result.code, result.error["code"]) == (1, "backup_damaged"), (name, command)
    missing = cli("restore", str(cli.folder / "nothing"), "--force", "--json")
    assert missing.error["code"] == "backup_damaged"
    assert ids(cli) == before
    assert [path.name for path in cli.data_dir.glob("*new-*")] == []


def test_a_damaged_file_is_replaced_and_kept(cli: Cli, saved: Path) -> None:
    before = ids(cli)
    path = cli.data_dir / "memoryoss.db"
    path.write_bytes(b"\0" * 40_000)
    done = cli.json("restore", str(saved), "--force")
    assert ids(cli) == before
    assert Path(done["replaced"]).read_bytes() == b"\0" * 40_000


def test_a_backup_is_one_state_while_others_write(tmp_path: Path) -> None:
    config = load_config(data_dir=tmp_path / "data", environ={})
    stop = threading.Event()
    with Runtime.open(config) as runtime:
        runtime.store(Draft("The first.", "p"))

        def write() -> None:
            number = 0
            while not stop.is_set():
                runtime.store_many([Draft(f"Fact {number} {n}.", "p") for n in range(5)])
                number += 1

        writer = threading.Thread(target=write)
        writer.start()
        try:
            made = [back_up(config, tmp_path / f"{n}.db.zst") for n in range(4)]
        finally:
            stop.set()
            writer.join()
        with pytest.raises(StoreBusyError):
            restore(config, made[0].path, force=True)
        assert runtime.list(ListQuery("p", 1)).total >= made[-1].memories
    for one in made:
        described, report = verify_backup(config, one.path)
        assert report.healthy, report
        assert described == one
        assert one.memories == one.ledger_entries
        assert one.memories % 5 == 1  # whole batches
    restore(config, made[0].path, force=True)
    assert examine(config).healthy


def test_a_backup_of_a_newer_release_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = load_config(data_dir=tmp_path / "data", environ={})
    with Runtime.open(config) as runtime:
        runtime.store(Draft("The first.", "p"))
    target = tmp_path / "one.db.zst"
    back_up(config, target)
    monkeypatch.setattr(schema, "SCHEMA_VERSION", schema.SCHEMA_VERSION - 1)
    with pytest.raises(StoreNewerError, match=r"one\.db\.zst was written by a newer release"):
        restore(config, target, force=True)


def test_wrong_arguments_are_refused(cli: Cli) -> None:
    nothing = cli("backup", str(cli.folder / "x.db.zst"), "--json")
    assert (nothing.code, nothing.error["code"]) == (1, "store_error")
    for arguments in (("backup", "verify"), ("backup", "a", "b")):
        assert cli(*arguments, "--json").error["code"] == "invalid_input"


def test_an_encrypted_backup_opens_with_its_passphrase_only(cli: Cli) -> None:
    cli.store("The canary sings in the aviary.")
    target, named = cli.folder / "kept", {"MEMORYOSS_BACKUP_PASSPHRASE": secrets.token_urlsafe(12)}
    made = cli("--json", "backup", str(target), "--passphrase", environment=named).document
    assert (made["encrypted"], made["key_included"], made["memories"]) == (True, False, 1)
    assert b"canary" not in target.read_bytes()
    assert zstandard_magic() not in target.read_bytes()[:64]
    checked = cli("--json", "backup", "verify", str(target), environment=named).document
    assert (checked["sound"], checked["encrypted"]) == (True, True)
    nobody = cli("--json", "backup", "verify", str(target))
    assert (nobody.code, nobody.error["code"]) == (1, "backup_sealed")
    other = {"MEMORYOSS_BACKUP_PASSPHRASE": "x" * 12}
    wrong = cli("--json", "restore", str(target), "--force", environment=other)
    assert (wrong.code, wrong.error["code"]) == (1, "vault_error")
    data = target.read_bytes()
    (cli.folder / "cut").write_bytes(data[:-1])
    cut = cli("--json", "backup", "verify", str(cli.folder / "cut"), environment=named)
    assert (cut.code, cut.error["code"]) == (1, "backup_damaged")
    elsewhere = Cli(cli.folder / "elsewhere", cli.folder)
    assert elsewhere("restore", str(target), environment=named).code == 0
    assert "canary" in elsewhere.json("recall", "canary")["memories"][0]["content"]


def zstandard_magic() -> bytes:
    return b"\x28\xb5\x2f\xfd"


def test_the_key_of_sealed_namespaces_goes_along_if_wished(cli: Cli, tmp_path: Path) -> None:
    cli.store("The canary sings in the aviary.")
    cli.json("seal")
    target, named = cli.folder / "kept", {"MEMORYOSS_BACKUP_PASSPHRASE": secrets.token_urlsafe(12)}
    alone = cli("--json", "backup", str(target), "--include-key")
    assert (alone.code, alone.error["code"]) == (1, "vault_error")
    plain = cli.json("backup", str(cli.folder / "plain"))
    assert plain["key_included"] is False
    arguments = ("--json", "backup", str(target), "--passphrase", "--include-key")
    assert cli(*arguments, environment=named).document["key_included"] is True
    key = (cli.folder / "keys" / "master.key").read_bytes()
    other = Cli(tmp_path / "other" / "data", tmp_path / "other")
    other.folder.mkdir()
    assert other("restore", str(cli.folder / "plain")).code == 0
    assert other("--json", "recall", "canary").error["code"] == "sealed"
    assert other("restore", str(target), "--force", environment=named).code == 0
    assert (other.folder / "keys" / "master.key").read_bytes() == key
    assert "canary" in other.json("recall", "canary")["memories"][0]["content"]
    third = Cli(tmp_path / "third" / "data", tmp_path / "third")
    third.folder.mkdir()
    third.store("Another memory.")
    third.json("seal")
    present = (third.folder / "keys" / "master.key").read_bytes()
    refused = third("--json", "restore", str(target), environment=named)
    assert refused.code == 1
    assert (third.folder / "keys" / "master.key").read_bytes() == present
    assert third("restore", str(target), "--force", environment=named).code == 0
    kept = list((third.folder / "keys").glob("master.key.replaced-*"))
    assert [path.read_bytes() for path in kept] == [present]
