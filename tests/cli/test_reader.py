# SPDX-License-Identifier: AGPL-3.0-only
"""``memoryoss reader``: artifacts of anybody are looked into, and nothing else happens."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.support import Cli
from tests.cli.test_streams import commands
from tests.portable.samples import (
    HOSTILE,
    Document,
    claim,
    data,
    envelope,
    history,
    memory,
    memory_id,
    passport,
    review,
)


def kept(folder: Path, document: Document, name: str = "artifact.json") -> str:
    path = folder / name
    path.write_bytes(data(document))
    return str(path)


def tree(folder: Path) -> dict[str, tuple[int, int]]:
    """Everything in a folder, with its size and its time."""
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in folder.rglob("*")}


def test_a_passport_is_opened_as_text_json_and_page(cli: Cli, tmp_path: Path) -> None:
    path = kept(tmp_path, passport(memory("The port is 8000.", tags=["net"]), scope="project"))
    text = cli("reader", "open", path)
    assert text.code == 0
    for words in ("Passport of demo · project", "valid", "unsigned", "The port is 8000.", "net"):
        assert words in text.out
    shown = cli.json("reader", "open", path)
    assert (shown["artifact_type"], shown["memory_count"]) == ("passport_bundle", 1)
    assert shown["source_path"] == path
    assert cli("reader", "open", path, "--format", " JSON ").document == shown
    page = cli("reader", "open", path, "--format", "Html")
    assert page.out.startswith("<!doctype html>")
    assert "The port is 8000." in page.out


def test_nothing_is_needed_and_nothing_is_made(cli: Cli, tmp_path: Path) -> None:
    outside = tmp_path / "artifacts"
    outside.mkdir()
    left = kept(outside, envelope(passport(memory("a")), signature=claim()), "left.json")
    right = kept(outside, history(memory("a"), memory("b", 2)), "right.json")
    broken = tmp_path / "memoryoss.toml"
    broken.write_text("this is = no configuration [")
    home = tmp_path / "home"
    home.mkdir()
    home.chmod(0o500)
    environment = {
        "HOME": str(home),
        "XDG_DATA_HOME": str(home / "data"),
        "MEMORYOSS_CONFIG": str(broken),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    before = tree(tmp_path)
    for form in ("text", "json", "html"):
        opened = cli("reader", "open", left, "--format", form, environment=environment)
        assert opened.code == 0, opened
        compared = cli("reader", "diff", left, right, "--format", form, environment=environment)
        assert compared.code == 0, compared
    assert not cli.data_dir.exists()
    assert tree(tmp_path) == before


def test_a_difference_tells_words_states_and_links(cli: Cli, tmp_path: Path) -> None:
    left = kept(tmp_path, passport(memory("It runs on port 80.", 1, tags=["old"])), "left.json")
    changed = memory(
        "It runs on port 81.", 1, tags=["new"], status="stale", superseded_by=memory_id(2)
    )
    right = kept(tmp_path, passport(changed, memory("More.", 2)), "right.json")
    text = cli("reader", "diff", left, right)
    assert text.code == 0
    for words in ("1 added", "1 changed", "[-80-]{+81+}", "-old", "+new", "active → stale"):
        assert words in text.out
    shown = cli.json("reader", "diff", left, right)
    assert shown["added_preview"] == ["It runs on port 81.", "More."]
    assert set(shown["memories"]["changed"][0]["changes"]) >= {"content", "tags", "status"}
    page = cli("reader", "diff", left, right, "--format", "html")
    assert "<del>80</del>" in page.out
    assert "Nothing differs" in cli("reader", "diff", left, left).out


def test_what_does_not_hold_is_shown_and_fails_only_when_asked(cli: Cli, tmp_path: Path) -> None:
    document = passport(memory("as it was"))
    document["memories"][0]["content"] = "as it is"
    path = kept(tmp_path, document)
    shown = cli("reader", "open", path)
    assert shown.code == 0
    assert "not valid" in shown.out
    assert "integrity mismatch" in shown.out
    assert cli("reader", "open", path, "--strict").code == 1
    assert cli.json("reader", "open", path, "--strict", code=1)["valid"] is False
    good = kept(tmp_path, passport(memory("a")), "good.json")
    assert cli("reader", "open", good, "--strict").code == 0
    assert cli("reader", "diff", good, path, "--strict").code == 1


def test_a_stripped_signature_is_never_called_unsigned(cli: Cli, tmp_path: Path) -> None:
    path = kept(tmp_path, envelope(passport(memory("a")), signature=claim(value=None)))
    shown = cli("reader", "open", path)
    assert "signature stripped" in shown.out
    assert "unsigned" not in shown.out
    assert cli.json("reader", "open", path)["trust"]["status"] == "invalid_signature"


def test_a_signature_that_nobody_can_check_is_said_to_be_so(cli: Cli, tmp_path: Path) -> None:
    path = kept(tmp_path, envelope(passport(memory("a")), signature=claim()))
    assert cli.json("reader", "open", path, "--strict")["trust"]["verified"] is False


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{}", b'{"a": 1', b"\xff\xfe", b'{"a":1,"a":2}', b"no json", b"[" * 5_000],
)
def test_what_is_no_artifact_fails_with_its_name(cli: Cli, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "thing.json"
    path.write_bytes(content)
    failed = cli("reader", "open", str(path), "--json")
    assert (failed.code, failed.error["code"]) == (1, "malformed_document")
    assert str(path) in failed.error["message"]
    good = kept(tmp_path, passport(memory("a")), "good.json")
    assert str(path) in cli("reader", "diff", good, str(path), "--json").error["message"]


def test_a_field_of_a_wrong_type_is_named(cli: Cli, tmp_path: Path) -> None:
    document = passport(memory("a"))
    document["memories"][0]["superseded_by"] = "\x1b[2J<script>"
    failed = cli("reader", "open", kept(tmp_path, document))
    assert failed.code == 1
    assert "memories[0].superseded_by" in failed.err
    assert commands(failed.err) == []


def test_wrong_commands_are_refused(cli: Cli, tmp_path: Path) -> None:
    path = kept(tmp_path, passport(memory("a")))
    for arguments, field in (
        (("open", path, "--format", "pdf"), "format"),
        (("open", path, path), "paths"),
        (("diff", path), "paths"),
        (("open", path, "--format", "html"), "format"),
        (("open", path, "--memories", "-1"), "memories"),
        (("open", str(tmp_path / "absent.json")), "file"),
    ):
        refused = cli("reader", *arguments, "--json")
        assert (refused.code, refused.error["field"]) == (2, field), arguments


@pytest.mark.parametrize("form", ["text", "json", "html"])
def test_nothing_in_an_artifact_commands_the_terminal(cli: Cli, tmp_path: Path, form: str) -> None:
    everything = " ".join(HOSTILE)
    entry = memory(
        everything,
        tags=list(HOSTILE),
        agent=everything,
        review_events=[review(everything)],
    )
    hostile = passport(
        entry,
        namespace=everything,
        bundle_version=everything,
        provenance={"exported_from_namespace": everything, "source_key_ids": list(HOSTILE)},
    )
    signature = claim(everything, scheme=everything, value=None)
    left = kept(tmp_path, envelope(hostile, signature=signature), "left.json")
    right = kept(tmp_path, passport(memory("plain")), "right.json")
    for arguments in (
        ("open", left, "--memories", "5"),
        ("diff", left, right),
        ("diff", right, left),
    ):
        shown = cli("reader", *arguments, "--format", form)
        assert shown.code == 0, shown
        assert commands(shown.out) == []
        if form == "html":
            assert "<script" not in shown.out
            assert "<img" not in shown.out


def test_a_file_is_written_when_named_and_never_over_another(cli: Cli, tmp_path: Path) -> None:
    path = kept(tmp_path, passport(memory("The port is 8000.")))
    for form, words in (("html", "<!doctype html>"), ("text", "Passport of demo"), ("json", "{")):
        target = tmp_path / f"out.{form}"
        written = cli("reader", "open", path, "--format", form, "-o", str(target))
        assert (written.code, str(target.name) in written.out) == (0, True)
        assert words in target.read_text(encoding="utf-8")
        assert "The port is 8000." in target.read_text(encoding="utf-8")
    assert json.loads((tmp_path / "out.json").read_text())["memory_count"] == 1
    again = cli("reader", "open", path, "--format", "html", "-o", str(tmp_path / "out.text"))
    assert again.code == 1
    assert "Passport of demo" in (tmp_path / "out.text").read_text(encoding="utf-8")


def test_what_this_installation_signed_is_trusted_here_and_not_elsewhere(
    cli: Cli, tmp_path: Path
) -> None:
    cli.store("The port is 8000.")
    path = str(tmp_path / "signed.json")
    cli.json("bundle", "export", "--scope", "all", "-o", path)
    before = tree(cli.data_dir)
    here = cli.json("reader", "open", path, "--strict")
    assert (here["trust"]["status"], here["trust"]["verified"]) == ("trusted", True)
    assert tree(cli.data_dir) == before
    stranger = Cli(tmp_path / "other" / "data", tmp_path / "other")
    stranger.folder.mkdir()
    there = stranger.json("reader", "open", path)
    assert (there["valid"], there["trust"]["verified"]) == (True, False)
    assert there["trust"]["status"] == "unknown_identity"
    assert list(stranger.folder.iterdir()) == []


def test_a_signed_bundle_that_was_changed_is_not_trusted(cli: Cli, tmp_path: Path) -> None:
    cli.store("The port is 8000.")
    path = tmp_path / "signed.json"
    cli.json("bundle", "export", "--scope", "all", "-o", str(path))
    path.write_bytes(path.read_bytes().replace(b"8000", b"9000"))
    shown = cli.json("reader", "open", str(path), "--strict", code=1)
    assert (shown["valid"], shown["trust"]["status"]) == (False, "invalid_signature")
