# SPDX-License-Identifier: AGPL-3.0-only
"""The data export of Claude: memories and instructions whole, of conversations what lasts; as a
folder, a zip file, a single file, and as a zip file that means harm."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.exchange.lasting import lasting
from memoryoss_mcp.exchange.record import Found, Skipped
from memoryoss_mcp.exchange.sources import detect
from memoryoss_mcp.exchange.sources.claude_export import ClaudeExport
from memoryoss_mcp.model import MemoryType, Status, parse_time

ACCOUNT, PROJECT = "0d6a7f0e-8f6f-4a58-9a39-0f3f1f6ad001", "0d6a7f0e-8f6f-4a58-9a39-0f3f1f6ad002"
CHAT, MESSAGE = "0d6a7f0e-8f6f-4a58-9a39-0f3f1f6ad003", "0d6a7f0e-8f6f-4a58-9a39-0f3f1f6ad004"
MEMORY = """**Work context**

Ingrid leads the billing team of a ferry company. They use PostgreSQL.

**Preferences**

- Short answers
- Metric units
  and 24-hour times
"""
PARTS: dict[str, Any] = {
    "users.json": [{"uuid": ACCOUNT, "full_name": "Ingrid", "email_address": "i@example.org"}],
    "memories.json": [
        {
            "conversations_memory": MEMORY,
            "project_memories": {PROJECT: "The harbour map is redrawn."},
            "account_uuid": ACCOUNT,
        }
    ],
    "projects.json": [
        {
            "uuid": PROJECT,
            "name": "Harbour Map",
            "description": "Maps of the harbour.",
            "prompt_template": "Answer in Norwegian.",
            "created_at": "2024-03-01T10:00:00.000000+00:00",
            "updated_at": "2024-03-02T10:00:00.000000+00:00",
            "docs": [{"uuid": ACCOUNT, "filename": "tides.txt", "content": "High at six."}],
        }
    ],
    "conversations.json": [
        {
            "uuid": CHAT,
            "name": "Invoices",
            "created_at": "2024-03-01T10:00:00Z",
            "chat_messages": [
                {
                    "uuid": MESSAGE,
                    "sender": "human",
                    "created_at": "2024-03-03T10:00:00Z",
                    "text": "",
                    "content": [
                        {
                            "type": "text",
                            "text": "We have decided to use Adyen for payments. Can you write the "
                            "code for it? I always run the tests with pytest.",
                        },
                        {"type": "tool_use", "name": "x"},
                    ],
                },
                {"uuid": ACCOUNT, "sender": "assistant", "text": "We always use Stripe."},
                {"uuid": PROJECT, "sender": "human", "text": "Please fix that test."},
            ],
        }
    ],
}


def folder(path: Path, parts: dict[str, Any]) -> Path:
    for name, value in parts.items():
        file = path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(value), "utf-8")
    return path


def packed(path: Path, parts: dict[str, Any], inside: str = "") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, value in parts.items():
            file.writestr(inside + name, json.dumps(value))
    return path


def read(path: Path) -> list[Found | Skipped]:
    records = list(ClaudeExport().read(path))
    assert ClaudeExport().count(path) == len(records)
    return records


def test_everything_of_an_export(tmp_path: Path) -> None:
    records = read(folder(tmp_path, PARTS))
    found = {record.content: record for record in records if isinstance(record, Found)}
    assert list(found) == [
        "Maps of the harbour.",
        "Answer in Norwegian.",
        "Ingrid leads the billing team of a ferry company. They use PostgreSQL.",
        "Short answers",
        "Metric units and 24-hour times",
        "The harbour map is redrawn.",
        "We have decided to use Adyen for payments.",
        "I always run the tests with pytest.",
    ]
    assert found["Short answers"].tags == ("claude-memory", "section:preferences")
    assert found["The harbour map is redrawn."].tags == ("claude-memory", "project:harbour-map")
    instructions = found["Answer in Norwegian."]
    assert instructions.memory_type is MemoryType.PROCEDURAL
    assert instructions.created_at == parse_time("2024-03-01T10:00:00Z")
    decision = found["We have decided to use Adyen for payments."]
    assert (decision.status, decision.session, decision.tags) == (
        Status.CANDIDATE,
        CHAT,
        ("conversation",),
    )
    assert decision.created_at == parse_time("2024-03-03T10:00:00Z")
    assert len({record.key for record in found.values()}) == len(found)
    reasons = [record.reason for record in records if isinstance(record, Skipped)]
    assert reasons == [
        "a document of a project, not a memory",
        "not said by the user",
        "nothing lasting said",
    ]


def test_zip_files_and_newer_layouts_are_the_same(tmp_path: Path) -> None:
    whole = read(folder(tmp_path / "folder", PARTS))
    split = {
        "users.json": PARTS["users.json"],
        f"memories/{ACCOUNT}.json": PARTS["memories.json"][0],
        f"projects/{PROJECT}.json": PARTS["projects.json"][0],
        "conversations-000.json": PARTS["conversations.json"],
    }
    for path in (
        packed(tmp_path / "export.zip", PARTS),
        packed(tmp_path / "inside.zip", PARTS, "data-2024/"),
        packed(tmp_path / "split.zip", split),
    ):
        assert detect(path).kind == "claude-export"
        found = [(r.content, r.key) for r in read(path) if isinstance(r, Found)]
        assert found == [(r.content, r.key) for r in whole if isinstance(r, Found)]
    one = tmp_path / "folder" / "conversations.json"
    assert detect(one).kind == "claude-export"
    assert len(read(one)) == 4


def test_memory_that_was_written_anew_has_the_same_keys(tmp_path: Path) -> None:
    before = read(folder(tmp_path / "one", PARTS))
    anew = dict(PARTS["memories.json"][0], conversations_memory=MEMORY.replace("Short", "Long"))
    after = read(folder(tmp_path / "two", PARTS | {"memories.json": [anew]}))
    changed = [
        (old.content, new.content)
        for old, new in zip(before, after, strict=True)
        if isinstance(old, Found) and isinstance(new, Found) and old.content != new.content
    ]
    assert changed == [("Short answers", "Long answers")]
    assert {r.key for r in before if isinstance(r, Found)} == {
        r.key for r in after if isinstance(r, Found)
    }


def test_names_that_lead_out_of_a_zip_file_are_not_read(tmp_path: Path) -> None:
    parts = {
        "../conversations.json": PARTS["conversations.json"],
        "/abs/memories.json": PARTS["memories.json"],
        "a/../../projects.json": PARTS["projects.json"],
    }
    with pytest.raises(InvalidInputError, match="no data export"):
        read(packed(tmp_path / "export.zip", parts))


def test_a_link_out_of_a_folder_is_not_followed(tmp_path: Path) -> None:
    outside = folder(tmp_path / "outside", PARTS)
    inside = tmp_path / "inside"
    inside.mkdir()
    try:
        (inside / "memories.json").symlink_to(outside / "memories.json")
    except OSError:
        pytest.skip("links need a privilege here")
    with pytest.raises(InvalidInputError, match="no data export"):
        read(inside)


def test_a_zip_bomb_is_refused_before_it_unfolds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("memoryoss_mcp.exchange.sources.archive.HARMLESS_BYTES", 1 << 20)
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("conversations.json", b"[" + b" " * (8 << 20) + b"]")
    with pytest.raises(InvalidInputError, match="would unfold"):
        read(path)
    assert not ClaudeExport().recognises(path)


@pytest.mark.parametrize("damage", ["cut", "flipped", "none"])
def test_damaged_files_are_errors(tmp_path: Path, damage: str) -> None:
    path = packed(tmp_path / "export.zip", PARTS)
    data = bytearray(path.read_bytes())
    if damage == "cut":
        data = data[: len(data) // 2]
    elif damage == "flipped":
        with zipfile.ZipFile(path) as file:
            start = file.getinfo("conversations.json").header_offset + 80
        data[start : start + 40] = bytes(40)
    path.write_bytes(data)
    if damage == "none":
        path.unlink()
    with pytest.raises(InvalidInputError):
        read(path)


@pytest.mark.parametrize(
    "text", ["[{", '[{"chat_messages": 5}, 7, null]', "[" * 100_000, '{"a": ', "\ufeff[]"]
)
def test_no_content_breaks_the_reader(tmp_path: Path, text: str) -> None:
    (tmp_path / "conversations.json").write_text(text, "utf-8")
    try:
        records = list(ClaudeExport().read(tmp_path))
    except InvalidInputError:
        return
    assert all(isinstance(record, Skipped) for record in records)


def test_an_element_longer_than_what_is_read_at_once(tmp_path: Path) -> None:
    long = dict(PARTS["conversations.json"][0], name="é" * 300_000)
    records = read(folder(tmp_path, {"conversations.json": [long, long, PARTS["memories.json"]]}))
    assert sum(isinstance(record, Found) for record in records) == 4


@pytest.mark.parametrize(
    "sentence",
    [
        "I prefer tabs over spaces.",
        "We decided to use Kafka for the events.",
        "Always answer in British English.",
        "From now on, commits are signed.",
        "My daughter is called Ada and my birthday is on 3 May.",
        "I am allergic to peanuts.",
        "I work at the harbour office as an engineer.",
        "We only deploy on Tuesdays.",
        "Remember that the staging server is called osprey.",
        "Ich wohne in Hamburg an der Elbe.",
        "Wir haben uns für PostgreSQL entschieden.",
        "Ich bevorzuge kurze Antworten ohne Floskeln.",
        "Je préfère les réponses courtes et claires.",
        "Prefiero respuestas cortas y claras.",
        "Preferisco risposte brevi e chiare.",
        "Prefiro respostas curtas e claras.",
    ],
)
def test_what_lasts_is_found(sentence: str) -> None:
    assert lasting(f"Hello. {sentence} Thanks!") == (sentence,)


@pytest.mark.parametrize(
    "message",
    [
        "Do you prefer tabs?",
        "Maybe we decided to use Kafka, not sure.",
        "I like this answer a lot.",
        "Write a story about a man who always lies.",
        "If I prefer tabs, what changes?",
        "We use this version today.",
        "```\nWe only deploy on Tuesdays.\n```",
        "Never mind.",
        "Können wir immer freitags ausliefern?",
        "I prefer the second option from your list.",
        "We only deploy on Tuesdays. " * 400,
    ],
)
def test_what_passes_is_not(message: str) -> None:
    assert lasting(message) == ()
