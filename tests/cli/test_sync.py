# SPDX-License-Identifier: AGPL-3.0-only
"""``memoryoss sync``: two machines and a folder."""

from __future__ import annotations

import platform
import secrets
import shlex
from pathlib import Path

import pytest

from tests.cli.support import Cli


@pytest.fixture
def machines(tmp_path: Path) -> tuple[Cli, Cli, str]:
    """Two programs with memories and keys of their own, and a folder that both can reach."""
    folder = tmp_path / "shared"
    folder.mkdir()
    found = []
    for name in ("here", "there"):
        place = tmp_path / name
        place.mkdir()
        found.append(Cli(place / "data", place))
    return found[0], found[1], str(folder)


def introduce(cli: Cli, folder: str) -> None:
    """Let a program know the machines that wrote to a folder, as it is told to."""
    for problem in cli.json("sync", "status", folder, code=1)["problems"]:
        assert problem["kind"] == "unknown_device"
        key = problem["command"].split("--public-key ")[1].split()[0]
        cli.json(
            "trust", "register", "--kind", "device", "--label", "my other machine",
            "--public-key", key,
        )  # fmt: skip


def test_two_machines_exchange_memories(machines: tuple[Cli, Cli, str]) -> None:
    here, there, folder = machines
    key = here.store("The port is 8000.")
    assert here.json("sync", "export", folder, "--dry-run")["records"] == 1
    exported = here.json("sync", "export", folder)
    assert (exported["records"], len(exported["chunks"])) == (1, 1)
    refused = there.json("sync", "import", folder, code=1)
    assert (refused["created"], refused["problems"][0]["kind"]) == ([], "unknown_device")
    introduce(there, folder)
    assert there.json("sync", "import", folder, "--dry-run")["created"] == [key]
    assert there.json("sync", "import", folder)["created"] == [key]
    there.json("update", key, "The port is 8001.")
    here.json("update", key, "The port is 8002.")
    there.json("sync", "export", folder)
    introduce(here, folder)
    status = here.json("sync", "status", folder)
    assert status["changed"] == 1
    assert {d["label"] for d in status["devices"] if not d["own"]} == {"my other machine"}
    shown = here("sync", "import", folder)
    assert (shown.code, "1 in conflict" in shown.out) == (0, True), shown
    assert here.json("review")["summary"]["contested"] == 2
    here.json("sync", "export", folder)
    there.json("sync", "import", folder)
    assert there.json("review")["summary"]["contested"] == 2
    told = here.json("forget", key, "--yes")
    assert told["notes"] == [
        f"Some may still be in {Path(folder).resolve()}: 'memoryoss sync export' takes it out, "
        "on each machine."
    ]
    assert here.json("sync", "export", folder)["forgotten"] == 1
    gone = there.json("sync", "import", folder)
    assert (gone["forgotten"], gone["receipt"]["clean"]) == ([key], True)
    for action in ("export", "import", "status"):
        assert there("sync", action, folder).code == 0


def test_sealed_memories_need_a_passphrase(machines: tuple[Cli, Cli, str]) -> None:
    here, _, folder = machines
    word = "canary" + secrets.token_hex(8)
    here.store(f"Sealed: {word}.")
    here.json("sync", "export", folder)
    here.json("seal")
    refused = here("sync", "export", folder, "--json")
    assert (refused.code, refused.error["code"]) == (1, "sync_refused")
    assert "MEMORYOSS_SYNC_PASSPHRASE" in str(refused.error["hint"])
    given = {"MEMORYOSS_SYNC_PASSPHRASE": secrets.token_hex(12)}
    shown = here("sync", "export", folder, environment=given)
    assert (shown.code, "encrypted" in shown.out) == (0, True), shown
    assert "1 earlier file written anew" in shown.out
    [chunk] = Path(folder).rglob("*.chunk")
    assert word.encode() not in chunk.read_bytes()


def test_the_status_calls_machines_by_their_names(machines: tuple[Cli, Cli, str]) -> None:
    here, there, folder = machines
    here.store("The port is 8000.")
    here.json("sync", "export", folder)
    command = here.json("trust", "whoami")["command"]
    host = platform.node() or "this installation"
    there.json(*shlex.split(command)[1:])
    [device] = there.json("sync", "status", folder)["devices"]
    assert (device["label"], device["own"]) == (host, False)
    here.json("trust", "label", device["device"], "laptop")
    assert "laptop (this" in here("sync", "status", folder).out
    assert "(this" not in there("sync", "status", folder).out


def test_damage_is_told_at_each_import(machines: tuple[Cli, Cli, str]) -> None:
    here, there, folder = machines
    here.store("The port is 8000.")
    here.json("sync", "export", folder)
    introduce(there, folder)
    there.json("sync", "import", folder)
    assert there("sync", "import", folder).code == 0
    [chunk] = Path(folder).rglob("*.chunk")
    chunk.write_bytes(chunk.read_bytes().replace(b"8000", b"9000"))
    for action in ("import", "status"):
        shown = there("sync", action, folder)
        assert shown.code == 1
        assert f"damaged: {chunk.parent.name}/{chunk.name}" in "".join(shown.out.split("\n"))


def test_a_mistyped_folder_is_an_error(machines: tuple[Cli, Cli, str]) -> None:
    here, _, folder = machines
    refused = here("sync", "import", folder, "--json")
    assert (refused.code, refused.error["code"]) == (1, "sync_refused")
    assert "nothing of memoryOSS" in refused.error["message"]
    assert "memoryoss-sync" in refused.error["hint"]


def test_bad_input_is_an_error(machines: tuple[Cli, Cli, str]) -> None:
    here, _, folder = machines
    for arguments in (("sync", "export"), ("sync", "swap", folder)):
        assert here(*arguments, "--json").code == 2
    missing = here("sync", "import", f"{folder}/none", "--json")
    assert (missing.code, missing.error["field"]) == (2, "folder")
