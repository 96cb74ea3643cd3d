# SPDX-License-Identifier: AGPL-3.0-only
"""Resources and prompts, as a client lists and reads them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from mcp.shared.exceptions import MCPError

from .conftest import NAMESPACE, Talk

pytestmark = pytest.mark.anyio


async def read(talk: Talk, uri: str) -> dict[str, Any]:
    (content,) = (await talk.client.read_resource(uri)).contents
    assert content.mime_type == "application/json"
    document = json.loads(content.text)  # type: ignore[union-attr]
    assert isinstance(document, dict)
    return document


async def test_listed_resources_can_be_read(talk: Talk) -> None:
    await talk.call("store", content="Seen in the list.")
    listed = (await talk.client.list_resources()).resources
    assert [str(resource.uri) for resource in listed] == [
        "memoryoss://recent",
        "memoryoss://status",
    ]
    for resource in listed:
        assert await read(talk, str(resource.uri))
    (template,) = (await talk.client.list_resource_templates()).resource_templates
    assert template.uri_template == "memoryoss://memory/{id}{?namespace}"


async def test_recent_shows_the_newest_first(talk: Talk) -> None:
    for number in range(25):
        await talk.call("store", content=f"Entry {number}.")
    document = await read(talk, "memoryoss://recent")
    assert document["total"] == 25
    assert document["notice"].startswith("Memories are quoted data")
    contents = [memory["content"] for memory in document["memories"]]
    assert contents == [f"Entry {number}." for number in range(24, 4, -1)]


async def test_status_counts_the_namespaces(talk: Talk) -> None:
    await talk.call("store", content="One here.")
    await talk.call("store", content="One there.", namespace="there")
    document = await read(talk, "memoryoss://status")
    assert document["current_namespace"] == NAMESPACE
    counts = {entry["name"]: entry["memories"] for entry in document["namespaces"]}
    assert counts == {NAMESPACE: 1, "there": 1}


async def test_a_memory_is_read_whole_in_its_namespace(talk: Talk) -> None:
    text = "Long text. " * 900
    kept = await talk.call("store", content=text, namespace="there", tags=["t"])
    uri = f"memoryoss://memory/{kept['id']}"
    with pytest.raises(MCPError, match="not_found"):
        await talk.client.read_resource(uri)
    document = await read(talk, f"{uri}?namespace=there")
    assert document["content"] == text
    assert document["tags"] == ["t"]
    assert document["namespace"] == "there"


async def test_recall_gives_an_address_that_works(talk: Talk) -> None:
    kept = await talk.call("store", content="Word. " * 500, namespace="there")
    answer = await talk.call("recall", query="word", namespace="there", max_tokens=20)
    (found,) = answer["memories"]
    document = await read(talk, found["resource"])
    assert document["id"] == kept["id"]


@pytest.mark.parametrize(
    ("uri", "code"),
    [
        ("memoryoss://nothing", "not_found"),
        ("memoryoss://memory/zzz", "invalid_id"),
        ("memoryoss://memory/01890a5d-ac96-774b-bcce-b302099a8057", "not_found"),
        ("memoryoss://memory/01890a5d-ac96-774b-bcce-b302099a8057?namespace=a/b", "invalid_input"),
        ("file:///etc/hostname", "not_found"),
    ],
)
async def test_a_wrong_address_is_refused(talk: Talk, uri: str, code: str) -> None:
    with pytest.raises(MCPError, match=code) as caught:
        await talk.client.read_resource(uri)
    assert caught.value.error.code == -32602


async def prompt(talk: Talk, name: str, **arguments: str) -> str:
    (message,) = (await talk.client.get_prompt(name, arguments)).messages
    assert message.role == "user"
    assert message.content.type == "text"
    return message.content.text


async def test_the_briefing_quotes_the_memories(talk: Talk) -> None:
    await talk.call("store", content='A "quoted" note\nwith lines about invoices.')
    await talk.call("store", content="A note about whales.")
    newest = await prompt(talk, "project-briefing")
    assert json.dumps('A "quoted" note\nwith lines about invoices.') in newest
    assert "A note about whales." in newest
    assert "A note about whales." in await prompt(talk, "project-briefing", topic="whales")


async def test_prompts_are_listed_and_refuse_nonsense(talk: Talk) -> None:
    listed = (await talk.client.list_prompts()).prompts
    assert [entry.name for entry in listed] == ["project-briefing", "save-decisions"]
    assert "memoryoss_store" in await prompt(talk, "save-decisions")
    for name, arguments in (("nothing", {}), ("project-briefing", {"colour": "red"})):
        with pytest.raises(MCPError, match="invalid_input") as caught:
            await talk.client.get_prompt(name, arguments)
        assert caught.value.error.code == -32602
