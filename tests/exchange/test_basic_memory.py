# SPDX-License-Identifier: AGPL-3.0-only
from __future__ import annotations

import json
from pathlib import Path

import pytest

from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.exchange.record import Found
from memoryoss_mcp.exchange.sources.basic_memory import BasicMemory
from memoryoss_mcp.exchange.statements import slug_of

from .foreign import PEERS, read

PEER = PEERS / "basic-memory"
NOTES = PEER / "notes"
SOURCE = BasicMemory()
PARSED = json.loads((PEER / "parsed.json").read_text(encoding="utf-8"))


def found_in(path: Path) -> list[Found]:
    return [record for record in SOURCE.read(path) if isinstance(record, Found)]


@pytest.fixture
def note(tmp_path: Path) -> Path:
    path = tmp_path / "a.md"
    path.write_text(
        "---\ntitle: Cart\ntype: component\npermalink: main/cart\ntags: [shop]\nowner: Aylin\n"
        "created: 2026-01-02\n---\n# Cart\n",
        encoding="utf-8",
    )
    return path


@pytest.mark.parametrize("name", PARSED)
def test_every_observation_that_the_peer_makes_out_is_there(name: str) -> None:
    found = [record for record in found_in(NOTES) if record.place.startswith(f"{name}:")]
    for observation in PARSED[name]["observations"]:
        category = observation["category"]
        matching = [
            record
            for record in found
            if observation["content"] in record.content
            and {tag.rstrip(",.") for tag in observation["tags"]} <= set(record.tags)
            and (category in (None, "Note") or f"category:{slug_of(category)}" in record.tags)
        ]
        assert matching, observation


@pytest.mark.parametrize("name", PARSED)
def test_every_relation_that_the_peer_makes_out_is_there(name: str) -> None:
    found = [record for record in found_in(NOTES) if record.place.startswith(f"{name}:")]
    for relation in PARSED[name]["relations"]:
        matching = [
            record
            for record in found
            if f"[[{relation['target']}]]" in record.content
            and f"relation:{slug_of(relation['type'])}" in record.tags
        ]
        assert matching, relation
    told = [tag for record in found for tag in record.tags if tag.startswith("relation:")]
    assert len(told) == len(PARSED[name]["relations"])


def test_an_observation_names_its_subject_and_a_relation_both_ends() -> None:
    contents = {record.content: record for record in found_in(NOTES)}
    ids = contents[
        "Order Service: Ids are UUIDv7 so that `ORDER BY id` is chronological (agreed 2026-02-11)"
    ]
    assert ids.tags == (
        "backend",
        "orders",
        "note:order-service",
        "type:component",
        "category:decision",
    )
    assert ids.place == "services/Order Service.md:16"
    runbook = "[[Runbook for a stuck queue]]"
    assert f'Order Service documented_in {runbook} (section "replay")' in contents
    assert "Order Service is owned by [[Checkout Team]]" in contents
    assert "Kaffee im Büro: Aylin trinkt Espresso ohne Zucker #kaffee" in contents
    assert "kaffee" in contents["Kaffee im Büro: Aylin trinkt Espresso ohne Zucker #kaffee"].tags


def test_prose_tables_code_and_tasks_of_the_notes_are_kept() -> None:
    contents = [record.content for record in found_in(NOTES)]
    assert "Takes orders from the web shop and hands them to the warehouse." in contents
    assert any("`order_line`" in content and "| thing |" in content for content in contents)
    assert any("- [not] an observation, this is code" in content for content in contents)
    assert "[ ] rehearse once per quarter" in contents
    assert any("3. Replay the dead letters:" in content for content in contents)


def test_nothing_is_skipped_in_what_the_peer_wrote_and_the_count_is_right() -> None:
    found, skipped = read(SOURCE, NOTES)
    assert skipped == []
    assert len(found) > 50


def test_clock_times_and_task_marks_are_no_categories(note: Path) -> None:
    with note.open("a", encoding="utf-8") as file:
        file.write("- [00:12] opened\n- [x] done\n- [X] done too\n- [tip] real\n")
    found = found_in(note)
    assert [record.content for record in found] == [
        "[00:12] opened",
        "[x] done",
        "[X] done too",
        "Cart: real",
    ]
    categories = [tag for record in found for tag in record.tags if tag.startswith("category:")]
    assert categories == ["category:tip"]


def test_what_an_observation_says_itself_is_known(note: Path) -> None:
    with note.open("a", encoding="utf-8") as more:
        more.write("\n- [state] ok\n- uses [[Redis]]\n\nIt is old.\n")
    assert [(record.content, record.said) for record in found_in(note)] == [
        ("Cart: ok", "ok"),
        ("Cart uses [[Redis]]", None),
        ("It is old.", None),
    ]


def test_fields_of_the_note_are_kept(note: Path) -> None:
    with note.open("a", encoding="utf-8") as file:
        file.write("- [limit] 200 lines\n")
    (found,) = found_in(note)
    assert found.tags == (
        "shop", "note:cart", "type:component", "owner:Aylin", "category:limit",
    )  # fmt: skip
    assert found.created_at is not None


def test_keys_stay_when_a_note_is_moved_and_other_lines_change(note: Path) -> None:
    note.write_text(
        note.read_text(encoding="utf-8") + "- [a] one\n- [b] two\n- [b] two\n", encoding="utf-8"
    )
    before = [record.key for record in found_in(note)]
    text = note.read_text(encoding="utf-8").replace("- [a] one", "- [c] new\n- [a] changed")
    note.unlink()
    moved = note.parent / "sub" / "b.md"
    moved.parent.mkdir()
    moved.write_text(text, encoding="utf-8")
    after = [record.key for record in found_in(moved.parent)]
    assert len(set(before)) == 3
    assert after[2:] == before[1:]


def test_it_is_recognised_by_its_notes(tmp_path: Path) -> None:
    assert SOURCE.recognises(NOTES)
    assert SOURCE.recognises(NOTES / "services" / "Order Service.md")
    (tmp_path / "a.md").write_text("# Only Markdown\n", encoding="utf-8")
    assert not SOURCE.recognises(tmp_path)
    assert not SOURCE.recognises(tmp_path / "missing")
    with pytest.raises(InvalidInputError):
        SOURCE.count(tmp_path / "missing")
