# SPDX-License-Identifier: AGPL-3.0-only
"""The data export of ChatGPT: saved memories, custom instructions, and what lasts of the
conversations, on the branch that was kept."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.exchange.record import Found, Skipped
from memoryoss_mcp.exchange.sources import detect
from memoryoss_mcp.exchange.sources.chatgpt_export import ChatGPTExport
from memoryoss_mcp.model import MemoryType, Status, parse_time

CHAT = "0d6a7f0e-8f6f-4a58-9a39-0f3f1f6ad003"
AT = 1_709_287_200.25


def node(
    role: str, content: dict[str, Any] | str, parent: str | None, **fields: Any
) -> dict[str, Any]:
    if isinstance(content, str):
        content = {"content_type": "text", "parts": [content]}
    message = {"author": {"role": role}, "content": content, "create_time": AT, "recipient": "all"}
    return {"parent": parent, "message": message | fields, "children": []}


def conversation(**nodes: dict[str, Any]) -> dict[str, Any]:
    return {
        "title": "Ferries",
        "create_time": AT,
        "conversation_id": CHAT,
        "mapping": {"root": {"parent": None, "message": None}} | nodes,
        "current_node": list(nodes)[-1] if nodes else None,
    }


PROFILE = node(
    "user",
    {
        "content_type": "user_editable_context",
        "user_profile": "The user says of himself:\n```I sail ferries.```",
        "user_instructions": "The user wants:\n```Be brief.```",
    },
    "root",
)
SAVED = node(
    "assistant",
    {
        "content_type": "model_editable_context",
        "model_set_context": "1. [2024-05-12]. User sails ferries.\n\n"
        "2. [2024-05-14]. User prefers tea\nto coffee.\n3. User is 42. He is Norse.",
    },
    "root",
)


def export(path: Path, *conversations: Any, **more: Any) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    (path / "conversations.json").write_text(json.dumps(conversations), "utf-8")
    (path / "user.json").write_text(json.dumps({"id": "user-1", "email": "i@example.org"}), "utf-8")
    for name, value in more.items():
        (path / f"{name}.json").write_text(json.dumps(value), "utf-8")
    return path


def read(path: Path) -> list[Found | Skipped]:
    records = list(ChatGPTExport().read(path))
    assert ChatGPTExport().count(path) == len(records)
    return records


def contents(path: Path) -> list[str]:
    return [record.content for record in read(path) if isinstance(record, Found)]


def reasons(path: Path) -> list[str]:
    return [record.reason for record in read(path) if isinstance(record, Skipped)]


def test_saved_memories_as_they_were_shown(tmp_path: Path) -> None:
    path = export(tmp_path, conversation(a=SAVED), conversation(b=SAVED))
    found = [record for record in read(path) if isinstance(record, Found)]
    assert [record.content for record in found] == [
        "User sails ferries.",
        "User prefers tea to coffee.",
        "User is 42. He is Norse.",
    ]
    assert found[0].created_at == parse_time("2024-05-12")
    assert found[2].created_at is None
    assert {record.tags for record in found} == {("chatgpt-memory",)}
    assert reasons(path) == ["the same as before in this export"] * 3


def test_memories_as_they_were_written_down(tmp_path: Path) -> None:
    code = {"content_type": "code", "text": json.dumps({"content": "User has a dog."})}
    path = export(
        tmp_path,
        conversation(
            a=node("assistant", "User has a cat.", "root", recipient="bio"),
            b=node("tool", "Model set context updated.", "a"),
            c=node("assistant", code, "b", recipient="bio"),
            d=node("assistant", "Forget that User has a cat.", "c", recipient="bio"),
        ),
    )
    found = [record for record in read(path) if isinstance(record, Found)]
    assert [record.content for record in found] == ["User has a cat.", "User has a dog."]
    assert {record.session for record in found} == {CHAT}
    assert reasons(path) == ["not said by the user", "an order to forget something"]


def test_custom_instructions_without_the_words_around_them(tmp_path: Path) -> None:
    plain = node(
        "user",
        {"content_type": "user_editable_context", "user_profile": "wrapped"},
        "root",
        metadata={"user_context_message_data": {"about_model_message": "Use metric units."}},
    )
    path = export(tmp_path, conversation(a=PROFILE), conversation(b=PROFILE, c=plain))
    found = {record.content: record for record in read(path) if isinstance(record, Found)}
    assert set(found) == {"I sail ferries.", "Be brief.", "Use metric units."}
    assert found["I sail ferries."].memory_type is MemoryType.SEMANTIC
    assert found["Be brief."].memory_type is MemoryType.PROCEDURAL


def test_what_the_user_said_that_lasts_on_the_branch_that_was_kept(tmp_path: Path) -> None:
    picture = {
        "content_type": "multimodal_text",
        "parts": [{"asset_pointer": "x"}, "We only deploy on Sundays."],
    }
    path = export(
        tmp_path,
        conversation(
            a=node("user", "I prefer tea over coffee. What is on?", "root"),
            b=node("assistant", "We always sail at noon.", "a"),
            given_up=node("user", "I prefer coffee over tea.", "b"),
            c=node("user", picture, "b"),
        ),
    )
    found = [record for record in read(path) if isinstance(record, Found)]
    assert [record.content for record in found] == [
        "I prefer tea over coffee.",
        "We only deploy on Sundays.",
    ]
    assert {record.status for record in found} == {Status.CANDIDATE}
    assert {(record.session, record.tags) for record in found} == {(CHAT, ("conversation",))}
    assert found[0].created_at == parse_time("2024-03-01T10:00:00.25Z")
    assert reasons(path) == ["not said by the user", "on a branch that was given up"]


def test_a_file_of_memories_beside_the_conversations(tmp_path: Path) -> None:
    path = export(
        tmp_path, memories=["User is tall.", {"content": "User sings.", "created_at": AT}, 5]
    )
    assert contents(path) == ["User is tall.", "User sings."]
    assert reasons(path) == ["the content is not a text"]


def test_zip_files_and_split_conversations_are_recognised(tmp_path: Path) -> None:
    talk = conversation(a=node("user", "I prefer tea over coffee.", "root"))
    for names in (["conversations.json"], ["chat/conversations-000.json", "chat/user.json"]):
        path = tmp_path / f"{len(names)}.zip"
        with zipfile.ZipFile(path, "w") as file:
            for name in names:
                file.writestr(name, json.dumps([talk] if "conv" in name else {}))
        assert detect(path).kind == "chatgpt-export"
        assert contents(path) == ["I prefer tea over coffee."]


def test_what_is_no_export_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "user.json").write_text("{}", "utf-8")
    with pytest.raises(InvalidInputError, match="no data export"):
        read(tmp_path)


@pytest.mark.parametrize(
    "value",
    [
        [{"mapping": {"a": {"parent": "a", "message": {"content": None}}}, "current_node": "a"}],
        [{"mapping": []}, None, 3, "x"],
        {"mapping": {"a": {"message": {"author": 3, "content": {"parts": [None, 4]}}}}},
    ],
)
def test_no_shape_breaks_the_reader(tmp_path: Path, value: Any) -> None:
    (tmp_path / "conversations.json").write_text(json.dumps(value), "utf-8")
    assert all(isinstance(record, Skipped) for record in read(tmp_path))
