# SPDX-License-Identifier: AGPL-3.0-only
from __future__ import annotations

import os
from pathlib import Path

import pytest

from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.exchange.record import Found, Skipped
from memoryoss_mcp.exchange.sources.markdown_folder import MarkdownFolder
from memoryoss_mcp.exchange.textfiles import MAX_FILE_BYTES
from memoryoss_mcp.model import parse_time

from .foreign import read

SOURCE = MarkdownFolder()


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def found_in(path: Path) -> list[Found]:
    return [record for record in SOURCE.read(path) if isinstance(record, Found)]


def test_a_note_gives_its_tags_its_name_and_its_times(tmp_path: Path) -> None:
    write(
        tmp_path / "Daily" / "Ideen & Pläne.md",
        "---\ntags:\n  - work/shop\n  - '#Q1'\n"
        "created: 2026-03-01T10:00\nupdated: 2026-03-02\n---\n"
        "Ask José about #pricing, not about `#code`.\n\n## Später\n\n- [[Cart]] needs a limit\n",
    )
    first, second = found_in(tmp_path)
    assert first.content == "Ask José about #pricing, not about `#code`."
    assert first.tags == ("work/shop", "Q1", "note:ideen-pläne", "pricing")
    assert second.content == "[[Cart]] needs a limit"
    assert second.tags == ("work/shop", "Q1", "note:ideen-pläne", "section:später")
    assert first.created_at == parse_time("2026-03-01T10:00:00Z")
    assert first.updated_at == parse_time("2026-03-02")
    assert second.place == "Daily/Ideen & Pläne.md:12"


def test_a_single_file_may_have_any_name(tmp_path: Path) -> None:
    path = write(tmp_path / "notes.txt", "- a\n- b\n")
    assert [record.content for record in found_in(path)] == ["a", "b"]
    assert SOURCE.count(path) == 2


def test_files_are_read_in_order_and_others_are_passed_over(tmp_path: Path) -> None:
    for name in ("b.md", "a/z.markdown", "a/.obsidian/x.md", "node_modules/p/README.md", "c.txt"):
        write(tmp_path / name, f"from {name}\n")
    write(tmp_path / "empty.md", "---\ntags: [x]\n---\n")
    assert [record.place for record in SOURCE.read(tmp_path)] == [
        "a/z.markdown:1",
        "b.md:1",
        "empty.md",
    ]
    found, skipped = read(SOURCE, tmp_path)
    assert (len(found), len(skipped)) == (2, 1)


def test_keys_stay_while_a_statement_stays(tmp_path: Path) -> None:
    path = write(tmp_path / "a.md", "# T\n\n- one\n- two\n\n## S\n\n- one\n")
    before = {record.place: record.key for record in found_in(tmp_path)}
    assert len(set(before.values())) == 3
    write(path, "# T\n\nNew text.\n\n- two\n- one\n- three\n\n## S\n\n- one\n")
    after = {record.place: record.key for record in found_in(tmp_path)}
    assert after["a.md:5"] == before["a.md:4"]
    assert after["a.md:6"] == before["a.md:3"]
    assert after["a.md:11"] == before["a.md:8"]
    assert after["a.md:3"] not in before.values()


def test_what_cannot_be_read_is_reported_and_the_rest_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_bytes(b"caf\xe9\n")
    (tmp_path / "b.md").write_bytes(b"x" * (MAX_FILE_BYTES + 1))
    write(tmp_path / "c.md", "- kept\n")
    first, second, third = SOURCE.read(tmp_path)
    assert isinstance(first, Skipped)
    assert "not UTF-8 (byte 3)" in first.reason
    assert isinstance(second, Skipped)
    assert "4 MiB" in second.reason
    assert isinstance(third, Found)
    with pytest.raises(InvalidInputError, match="not UTF-8"):
        SOURCE.count(tmp_path / "a.md")


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege there")
def test_links_are_not_followed_out_of_the_folder(tmp_path: Path) -> None:
    outside = write(tmp_path / "outside" / "secret.md", "- secret\n")
    vault = tmp_path / "vault"
    real = write(vault / "real.md", "- inside\n")
    (vault / "alias.md").symlink_to(real)
    (vault / "escape.md").symlink_to(outside)
    (vault / "folder").symlink_to(outside.parent)
    (vault / "loop").symlink_to(vault)
    assert [(record.place, getattr(record, "content", None)) for record in SOURCE.read(vault)] == [
        ("escape.md", None),
        ("real.md:1", "inside"),
    ]


def test_it_is_recognised_by_its_files(tmp_path: Path) -> None:
    assert not SOURCE.recognises(tmp_path)
    assert not SOURCE.recognises(tmp_path / "missing")
    path = write(tmp_path / "sub" / "a.md", "x")
    assert SOURCE.recognises(tmp_path)
    assert SOURCE.recognises(path)
    assert not SOURCE.recognises(write(tmp_path / "a.json", "{}"))
    for missing in (tmp_path / "missing", tmp_path / "a.md"):
        with pytest.raises(InvalidInputError):
            SOURCE.count(missing)
